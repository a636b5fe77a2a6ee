use std::{
    future::ready,
    sync::{Arc, Mutex},
};

use http::HeaderName;
use proptest::prelude::*;
use serde_json::{Value, json};
use tower_service::Service;

use super::*;
use crate::{Ack, DeliveryCallback, SendId};

const NAME: HeaderName = HeaderName::from_static("x-webhook-secret");
const SECRET: &str = "c4n4ry-0123456789";
const NEXT: &str = "c4n4ry-fedcba9876";

fn keys() -> Keys {
    Keys::new([SECRET, NEXT]).unwrap()
}

fn by_header() -> Access {
    Access::by_header(NAME, keys()).unwrap()
}

fn by_path() -> Access {
    Access::by_path(keys()).unwrap()
}

/// A webhook, and what its sink has stored.
fn webhook(access: Access) -> (Webhook, Arc<Mutex<Vec<Received>>>) {
    let stored = Arc::new(Mutex::new(Vec::new()));
    let sink = stored.clone();
    let webhook = Webhook::new(access, move |received: Received| {
        sink.lock().unwrap().push(received);
        ready(Ok(()))
    });
    (webhook, stored)
}

fn to(path: &str, secrets: &[&str], body: impl Into<String>) -> Request<String> {
    let mut request = Request::post(path).header("content-type", "application/json");
    for secret in secrets {
        request = request.header(NAME, *secret);
    }
    request.body(body.into()).unwrap()
}

async fn post(webhook: &Webhook, body: impl Into<String>) -> u16 {
    webhook.respond(to("/hook", &[SECRET], body)).await.status().as_u16()
}

fn callback(mid: &str, ack: i64) -> Value {
    json!({
        "ok": 1, "mid": mid, "uid": "3941-wa3-44151999999", "botID": 3941, "ack": ack,
        "timestamp": "2024-11-14T14:28:08", "webhookPayload": {"orderId": "ORD-12345"}
    })
}

fn delivered(received: &Received) -> &DeliveryCallback {
    match &received.event {
        Event::Delivery(callback) => callback,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn bytes_go_in_and_bytes_come_out() {
    let (webhook, stored) = webhook(by_header());
    let request = to("/hook", &[SECRET], callback("m", 2).to_string()).map(Bytes::from);
    assert_eq!(webhook.handle(request).await.status(), 200);
    assert_eq!(stored.lock().unwrap().len(), 1);
    let large = to("/hook", &[SECRET], " ".repeat((1 << 20) + 1)).map(Bytes::from);
    assert_eq!(webhook.handle(large).await.status(), 413);
    let wrong: Response<Bytes> = webhook.handle(to("/hook", &[], "").map(Bytes::from)).await;
    assert_eq!(wrong.status(), 401);
    assert!(wrong.body().starts_with(b"{"));
}

#[tokio::test]
async fn e01_a_missing_wrong_doubled_or_empty_secret_is_401_and_reaches_nobody() {
    let (webhook, stored) = webhook(by_header());
    let webhook = webhook.on_failure(|_| panic!("no dead letter of a stranger's"));
    for secrets in [&[][..], &[""], &["wrong"], &[SECRET, SECRET], &[SECRET, NEXT], &["c4n4ry-"]] {
        let answer = webhook.respond(to("/hook", secrets, callback("1", 1).to_string())).await;
        assert_eq!(answer.status(), 401, "{secrets:?}");
        assert_eq!(answer.body(), r#"{"error":"No valid secret","status":"unauthorized"}"#);
        assert_eq!(answer.headers()["content-type"], "application/json");
    }
    assert!(stored.lock().unwrap().is_empty());
}

#[tokio::test]
async fn e02_a_wrong_path_is_answered_like_any_unknown_path() {
    let (webhook, stored) = webhook(by_path());
    let answer = async |path: &str, request: fn(Request<String>) -> Request<String>| {
        let answer = webhook.respond(request(to(path, &[SECRET], "{}"))).await;
        assert!(!answer.body().contains("c4n4ry"));
        (answer.status(), answer.headers().clone(), answer.into_body())
    };
    let unknown = answer("/", |request| request).await;
    assert_eq!(unknown.0, 404);
    for path in ["/robots.txt", "/hook", "/hook/c4n4ry-0123456788", "/hook/c4n4ry-0123456789/x"] {
        assert_eq!(answer(path, |request| request).await, unknown, "{path}");
        let get = |mut request: Request<String>| {
            *request.method_mut() = http::Method::GET;
            request
        };
        assert_eq!(answer(path, get).await, unknown, "{path}");
    }
    assert!(stored.lock().unwrap().is_empty());
    for secret in [SECRET, NEXT] {
        let path = format!("/hook/{secret}");
        assert_eq!(webhook.respond(to(&path, &[], "{}")).await.status(), 200);
    }
}

#[tokio::test]
async fn e03_200_stands_for_stored_and_a_failure_leaves_the_raw_body() {
    let dead = Arc::new(Mutex::new(Vec::new()));
    let letters = dead.clone();
    let webhook = Webhook::new(by_header(), |received: Received| async move {
        match delivered(&received).ack {
            Ack::Sent => Err("canary".into()),
            Ack::Read => panic!("canary"),
            _ => Ok(()),
        }
    })
    .on_failure(move |letter| letters.lock().unwrap().push(letter.body.clone()));
    let bodies = [1, 3, 2].map(|ack| callback("1", ack).to_string());
    for (body, status) in bodies.iter().zip([503, 500, 200]) {
        assert_eq!(post(&webhook, body).await, status);
    }
    assert_eq!(*dead.lock().unwrap(), bodies[..2]);
}

#[tokio::test]
async fn e05_a_repeat_is_known_by_message_and_ack_and_an_event_by_its_bytes() {
    let (webhook, stored) = webhook(by_header());
    let first = callback("1", 2);
    let mut later = first.clone();
    later["timestamp"] = "2024-11-14T14:28:09".into();
    let event = json!({"cmd": "onUserEnable", "ok": 1, "uid": "73-tel-1"}).to_string();
    for body in [&first.to_string(), &later.to_string(), &event, &event] {
        assert_eq!(post(&webhook, body).await, 200);
    }
    assert_eq!(stored.lock().unwrap().len(), 2);
    // Another way to write an event is another one: no field of it is an id.
    assert_eq!(post(&webhook, format!("{event} ")).await, 200);
    assert_eq!(stored.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn e06_every_distinct_callback_is_delivered_and_any_order_is_one_state() {
    let acks = [10, 1, -1, 3, 0, 2, -2];
    for turn in 0..acks.len() {
        let (webhook, stored) = webhook(by_header());
        for ack in acks.iter().cycle().skip(turn).take(2 * acks.len()) {
            assert_eq!(post(&webhook, callback("1", *ack).to_string()).await, 200);
        }
        let stored = stored.lock().unwrap();
        assert_eq!(stored.len(), acks.len());
        let state = stored.iter().map(|received| delivered(received).ack);
        assert_eq!(state.reduce(Ack::merge), Some(Ack::Replied));
    }
}

#[tokio::test]
async fn e06_a_callback_that_tells_more_of_the_same_ack_is_delivered() {
    let (webhook, stored) = webhook(by_header());
    let mut failed = callback("1", -1);
    assert_eq!(post(&webhook, failed.to_string()).await, 200);
    failed["whatsappErrorCode"] = 131_026.into();
    assert_eq!(post(&webhook, failed.to_string()).await, 200);
    failed["webhookPayload"][SendId::FIELD] = "1".into();
    for _ in 0..2 {
        assert_eq!(post(&webhook, failed.to_string()).await, 200);
    }
    assert_eq!(stored.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn e08_an_unknown_ack_and_a_payload_of_another_kind_are_taken() {
    let (webhook, stored) = webhook(by_header());
    for (ack, read) in [(json!(4), Some(Ack::Other(4))), (json!(null), None), (json!([]), None)] {
        let mut body = callback("1", 0);
        body["ack"] = ack;
        assert_eq!(post(&webhook, body.to_string()).await, 200);
        let received = stored.lock().unwrap().pop().unwrap();
        assert_eq!(received.body, body.to_string());
        match read {
            Some(ack) => assert_eq!(delivered(&received).ack, ack),
            None => assert!(matches!(received.event, Event::Unknown(_)), "{received:?}"),
        }
    }
    for (mid, payload) in [("2", json!(null)), ("3", json!([])), ("4", json!("x")), ("5", json!(5))]
    {
        let mut body = callback(mid, 2);
        body["webhookPayload"] = payload;
        assert_eq!(post(&webhook, body.to_string()).await, 200);
        let received = stored.lock().unwrap().pop().unwrap();
        assert_eq!(delivered(&received).webhook_payload, None);
        assert_eq!(received.body, body.to_string());
    }
}

#[tokio::test]
async fn e09_what_cannot_be_read_is_handed_on_with_its_bytes() {
    let (webhook, stored) = webhook(by_header());
    let malformed = r#"{"cmd":"onUserDelete","ok":1}"#;
    for body in ["", "{", "<html>", r#"{"cmd":"onUserBirthday"}"#, malformed, "\u{feff}[]"] {
        assert_eq!(post(&webhook, body).await, 200, "{body}");
        let received = stored.lock().unwrap().pop().unwrap();
        assert_eq!(received.body, body);
        match received.event {
            Event::Malformed(raw) if body == malformed => assert_eq!(raw.bytes(), body.as_bytes()),
            Event::Unknown(raw) => assert_eq!(raw.bytes(), body.as_bytes()),
            other => panic!("{body}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn e10_what_is_too_large_or_no_json_is_refused_and_no_declaration_is_json() {
    let (webhook, stored) = webhook(by_header());
    assert_eq!(post(&webhook, "x".repeat((1 << 20) + 1)).await, 413);
    for (name, value, status) in [
        ("content-encoding", "gzip", 415),
        ("content-type", "application/x-www-form-urlencoded", 415),
        ("content-type", "application/json; charset=utf-8", 200),
    ] {
        let mut request = to("/", &[SECRET], "{}");
        request.headers_mut().insert(name, value.parse().unwrap());
        assert_eq!(webhook.respond(request).await.status(), status, "{name}: {value}");
    }
    let mut undeclared = to("/", &[SECRET], "[]");
    undeclared.headers_mut().remove("content-type");
    assert_eq!(webhook.respond(undeclared).await.status(), 200);
    let put = Request::put("/").header(NAME, SECRET).body(String::new()).unwrap();
    let answer = webhook.respond(put).await;
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["allow"]),
        (405, &"POST".parse().unwrap())
    );
    assert_eq!(stored.lock().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn e11_overload_is_503_with_a_time_to_come_back_and_is_counted() {
    let mut limits = ReceiverLimits::default();
    limits.in_work = 1;
    limits.sink_time = 2 * limits.wait;
    let webhook = Webhook::new(by_header(), |_: Received| std::future::pending()).limits(limits);
    let (first, second) = (to("/", &[SECRET], "1"), to("/", &[SECRET], "2"));
    let (first, second) = tokio::join!(webhook.respond(first), webhook.respond(second));
    assert_eq!((first.status().as_u16(), second.status().as_u16()), (503, 503));
    assert_eq!(second.headers()["retry-after"], "5");
    assert_eq!(webhook.shed(), 1);
    webhook.idle().await;
}

#[tokio::test]
async fn e12_two_secrets_are_accepted_and_a_replay_under_either_is_a_repeat() {
    let (webhook, stored) = webhook(by_header());
    for secret in [SECRET, NEXT, SECRET] {
        let replay = to("/", &[secret], callback("1", 2).to_string());
        assert_eq!(webhook.respond(replay).await.status(), 200);
    }
    assert_eq!(stored.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn what_a_check_refuses_is_401_and_not_remembered() {
    let (open, stored) = webhook(by_header());
    let strict = open.clone().verify(|event| match event {
        Event::Delivery(callback) if callback.webhook_payload.is_some() => Ok(()),
        _ => Err(Refused),
    });
    let event = r#"{"cmd":"onUserEnable","ok":1,"uid":"73-tel-1"}"#;
    assert_eq!(post(&strict, event).await, 401);
    assert_eq!(post(&strict, callback("1", 2).to_string()).await, 200);
    assert_eq!(post(&open, event).await, 200);
    assert_eq!(stored.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn it_is_a_service_without_errors() {
    let (mut webhook, _) = webhook(by_header());
    let answer = webhook.call(to("/hook", &[SECRET], "{}")).await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.body().as_str()), (200, r#"{"status":"ok"}"#));
}

#[test]
fn nothing_shown_holds_a_secret_or_a_body() {
    let (webhook, _) = webhook(by_path().and_header(NAME, keys()).unwrap());
    let received = Received::new(r#"{"cmd":"onUserDelete","data":"c4n4ry"}"#);
    let shown = format!("{webhook:?} {webhook:#?} {received:?} {received:#?}");
    assert!(!shown.contains("c4n4ry"), "{shown}");
    assert!(shown.contains("x-webhook-secret"), "{shown}");
}

proptest! {
    #[test]
    fn any_body_has_an_answer(body in prop::collection::vec(any::<u8>(), 0..100)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let (webhook, stored) = webhook(Access::allow_unauthenticated());
        let text = String::from_utf8_lossy(&body).into_owned();
        let request = Request::post("/").body(text.clone()).unwrap();
        prop_assert_eq!(runtime.block_on(webhook.respond(request)).status(), 200);
        prop_assert_eq!(&stored.lock().unwrap()[0].body, &text);
    }
}
