use std::{
    io,
    sync::{Arc, Mutex},
};

use http::StatusCode;
use serde_json::json;
use tower::ServiceExt;

use super::*;
use crate::ActivityKind;

const SECRET: &str = "secret-0123456789";
const NEXT: &str = "next-secret-0123456789";

/// What has come to the sink, and whether it fails.
#[derive(Clone, Default)]
struct Store(Arc<Mutex<(Vec<Received>, bool)>>);

impl Store {
    fn webhook(&self) -> Webhook {
        let store = self.clone();
        let sink = move |received: Received| {
            let store = store.clone();
            async move {
                let mut store = store.0.lock().unwrap();
                if store.1 {
                    return Err(io::Error::other("full").into());
                }
                store.0.push(received);
                Ok(())
            }
        };
        Webhook::new(Keys::new([SECRET, NEXT]).unwrap(), sink).unwrap()
    }

    fn kinds(&self) -> Vec<ActivityKind> {
        self.0.lock().unwrap().0.iter().map(|received| received.activity.kind).collect()
    }
}

fn post(secrets: &[&str], body: &str) -> Request<Bytes> {
    let mut request = Request::post("/leads").header("content-type", "application/json");
    for secret in secrets {
        request = request.header("X-Secret-Key", *secret);
    }
    request.body(Bytes::from(body.to_owned())).unwrap()
}

fn event(id: &str) -> String {
    json!({"event": "new_lead", "event_id": id, "lead_id": "lead_1", "message": "Hi"}).to_string()
}

#[tokio::test]
async fn l04_one_right_secret_is_asked_for_and_while_it_is_replaced_either() {
    let store = Store::default();
    let webhook = store.webhook();
    for wrong in [&[][..], &["wrong-0123456789"], &[SECRET, NEXT], &[SECRET, SECRET], &[""]] {
        let answer = webhook.handle(post(wrong, &event("evt_1"))).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{wrong:?}");
    }
    assert_eq!(store.kinds(), []);
    for (id, secret) in [("evt_1", SECRET), ("evt_2", NEXT)] {
        assert_eq!(webhook.handle(post(&[secret], &event(id))).await.status(), StatusCode::OK);
    }
    assert_eq!(store.kinds().len(), 2);
    let short = Keys::new(["short"]).unwrap();
    assert!(Webhook::new(short, |_: Received| async { Ok(()) }).is_err());
}

#[tokio::test]
async fn e03_200_says_that_it_is_stored() {
    let store = Store::default();
    let letters = Arc::new(Mutex::new(Vec::new()));
    let kept = letters.clone();
    let webhook =
        store.webhook().on_failure(move |letter| kept.lock().unwrap().push(letter.body.clone()));
    store.0.lock().unwrap().1 = true;
    let answer = webhook.handle(post(&[SECRET], &event("evt_1"))).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(*letters.lock().unwrap(), [event("evt_1")]);
    // It was not stored, so it comes again and is no repeat.
    store.0.lock().unwrap().1 = false;
    assert_eq!(webhook.handle(post(&[SECRET], &event("evt_1"))).await.status(), StatusCode::OK);
    assert_eq!(store.kinds(), [ActivityKind::NewLead]);
}

#[tokio::test]
async fn e05_a_repeat_is_known_by_its_id_and_else_by_its_bytes() {
    let store = Store::default();
    let webhook = store.webhook();
    let mut changed = event("evt_1");
    changed.insert(1, ' ');
    let nameless = r#"{"event":"new_message","lead_id":7,"message":"Hi"}"#;
    for (body, stored) in
        [(&*event("evt_1"), 1), (&changed, 1), (&event("evt_2"), 2), (nameless, 3), (nameless, 3)]
    {
        assert_eq!(webhook.handle(post(&[SECRET], body)).await.status(), StatusCode::OK);
        assert_eq!(store.kinds().len(), stored, "{body}");
    }
}

#[tokio::test]
async fn e09_what_cannot_be_read_is_stored_and_a_test_is_told() {
    let store = Store::default();
    let webhook = store.webhook();
    for body in ["{", r#"{"event":"test"}"#, r#"{"event":"unheard of"}"#] {
        assert_eq!(webhook.handle(post(&[SECRET], body)).await.status(), StatusCode::OK);
    }
    assert_eq!(store.kinds(), [ActivityKind::Malformed, ActivityKind::Test, ActivityKind::Other]);
    assert_eq!(store.0.lock().unwrap().0[0].body, "{");
}

#[tokio::test]
async fn e10_other_methods_types_and_sizes_are_refused() {
    let webhook = Store::default().webhook();
    let mut get = post(&[SECRET], "{}");
    *get.method_mut() = http::Method::GET;
    let mut form = post(&[SECRET], "{}");
    form.headers_mut().insert("content-type", "text/plain".parse().unwrap());
    let large = post(&[SECRET], &" ".repeat(1024 * 1024 + 1));
    for (request, status) in [(get, 405), (form, 415), (large, 413)] {
        assert_eq!(webhook.handle(request).await.status().as_u16(), status);
    }
}

#[tokio::test]
async fn it_is_a_service_for_any_server() {
    let store = Store::default();
    let request = post(&[SECRET], &event("evt_1")).map(http_body_util::Full::new);
    let answer = store.webhook().oneshot(request).await.unwrap();
    assert_eq!((answer.status(), store.kinds().len()), (StatusCode::OK, 1));
}

#[tokio::test]
async fn l05_a_reply_of_ours_comes_to_the_sink_as_outbound() {
    let own = OwnReplies::new();
    own.sending("lead_1", "Hi");
    let store = Store::default();
    let sink = {
        let store = store.clone();
        move |received: Received| {
            store.0.lock().unwrap().0.push(received);
            async { Ok(()) }
        }
    };
    let keys = Keys::new([SECRET]).unwrap();
    let webhook = Webhook::reading(keys, FieldNames::default(), own, sink).unwrap();
    webhook.handle(post(&[SECRET], &event("evt_1"))).await;
    assert_eq!(store.0.lock().unwrap().0[0].activity.to_answer(), None);
}

#[test]
fn debug_shows_neither_secret_nor_body() {
    let shown = format!("{:?}", Store::default().webhook());
    assert!(!shown.contains(SECRET) && !shown.contains(NEXT), "{shown}");
    let received = Received::new(r#"{"message":"canary","name":"canary"}"#, &FieldNames::default());
    assert!(!format!("{received:?}").contains("canary"));
}
