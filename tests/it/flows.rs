//! The client against the sandbox.

use std::{sync::Arc, time::Duration};

use convrs_client::{
    Ack, Client, DeliveryCallback, ErrorCode, GetMessageDetails, GetUser, Outcome,
    SendWhatsAppTemplate, WebhookHeader,
};
use replykit_sandbox::{PushResult, Sandbox};
use serde_json::json;
use tokio::net::{TcpListener, TcpSocket};

use crate::support::Receiver;

fn template(webhook_url: Option<String>) -> SendWhatsAppTemplate {
    let mut send = SendWhatsAppTemplate::new(3941, "+44151999999", "order_update", "en");
    send.webhook_url = webhook_url;
    send
}

async fn sandbox() -> (Sandbox, Client) {
    let sandbox = Sandbox::start().await.unwrap();
    let client = sandbox.convrs_client().unwrap();
    (sandbox, client)
}

async fn second(sandbox: &Sandbox) {
    sandbox.advance(Duration::from_secs(1)).await;
}

#[tokio::test]
async fn a_template_travels_to_read_and_each_step_is_called_back() {
    let (sandbox, client) = sandbox().await;
    let mut receiver = Receiver::start(200).await;
    let mut send = template(Some(receiver.url.clone()));
    send.webhook_payload = json!({"orderId": "ORD-12345"}).as_object().cloned();
    send.webhook_headers = Some(vec![WebhookHeader::new("X-Secret", "s3cret")]);
    let sent = client.execute(send).await.unwrap();
    assert!(receiver.posts().is_empty(), "the clock stands still");

    sandbox.advance(Duration::ZERO).await;
    let times = ["2026-02-28T14:30:00", "2026-02-28T14:30:01", "2026-02-28T14:30:02"];
    for (ack, time) in [Ack::AtServer, Ack::Sent, Ack::Delivered].into_iter().zip(times) {
        let (headers, body) = receiver.posts().pop().expect("posted before advance returned");
        let callback = DeliveryCallback::from_json(&body).unwrap();
        assert_eq!(callback.mid, sent.mid);
        assert_eq!(callback.uid, sent.uid);
        assert_eq!(callback.ack, ack);
        assert_eq!(callback.timestamp.unwrap().as_str(), time);
        assert_eq!(callback.webhook_payload.unwrap()["orderId"], "ORD-12345");
        assert_eq!(headers["x-secret"], "s3cret");
        assert_eq!(headers["content-type"], "application/json");
        let details = client.execute(GetMessageDetails::new(sent.mid.clone())).await.unwrap();
        assert_eq!(details.ack, ack);
        second(&sandbox).await;
    }
    assert_eq!(receiver.next_ack().await, Ack::Read);
    second(&sandbox).await;
    assert!(receiver.posts().is_empty(), "read is the last step");

    let results: Vec<_> =
        sandbox.convrs().callbacks().into_iter().map(|c| (c.ack.code(), c.result)).collect();
    let answered = PushResult::Answered(200);
    assert_eq!(results, [0, 1, 2, 3].map(|ack| (ack, answered.clone())));
}

#[tokio::test]
async fn one_long_advance_calls_back_in_order() {
    let (sandbox, client) = sandbox().await;
    let mut receiver = Receiver::start(204).await;
    client.execute(template(Some(receiver.url.clone()))).await.unwrap();
    sandbox.advance(Duration::from_secs(3600)).await;
    for ack in [Ack::AtServer, Ack::Sent, Ack::Delivered, Ack::Read] {
        assert_eq!(receiver.next_ack().await, ack);
    }
    assert!(receiver.posts().is_empty());
    assert_eq!(sandbox.convrs().callbacks()[0].result, PushResult::Answered(204));
}

#[tokio::test]
async fn a_first_message_makes_a_user() {
    let (_sandbox, client) = sandbox().await;
    let send = SendWhatsAppTemplate::new(3941, "40-712-345-678", "order_update", "en");
    let sent = client.execute(send).await.unwrap();
    assert_eq!(sent.uid.as_str(), "3941-wa3-40712345678");
    assert_eq!(sent.phone_number.as_str(), "+40712345678");
    assert_eq!(sent.country_iso2, "RO");

    let user = client.execute(GetUser::new(sent.uid.clone())).await.unwrap();
    assert_eq!(user.uid, sent.uid);
    assert_eq!(user.phone.unwrap().as_str(), "+40712345678");
    assert_eq!(user.created.unwrap().as_str(), "2026-02-28T14:30:00.000Z");
}

#[tokio::test]
async fn a_callback_url_that_refuses_connections_is_recorded_and_nothing_stops() {
    let (sandbox, client) = sandbox().await;
    // Bound and not listening: nobody else can have the port, and nobody answers on it.
    let silent = TcpSocket::new_v4().unwrap();
    silent.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}/acks", silent.local_addr().unwrap());

    let sent = client.execute(template(Some(url))).await.unwrap();
    sandbox.advance(Duration::from_secs(3)).await;
    let callbacks = sandbox.convrs().callbacks();
    assert_eq!(callbacks.iter().map(|c| c.ack.code()).collect::<Vec<_>>(), [0, 1, 2, 3]);
    for callback in callbacks {
        assert!(matches!(callback.result, PushResult::Failed(_)), "{callback:?}");
    }
    let details = client.execute(GetMessageDetails::new(sent.mid)).await.unwrap();
    assert_eq!(details.ack, Ack::Read);
}

#[tokio::test]
async fn a_callback_to_another_machine_is_recorded_as_not_delivered() {
    let (sandbox, client) = sandbox().await;
    let url = "https://yourserver.com/whatsapp-callback".to_owned();
    client.execute(template(Some(url))).await.unwrap();
    sandbox.advance(Duration::from_secs(3)).await;
    let results: Vec<_> = sandbox.convrs().callbacks().into_iter().map(|c| c.result).collect();
    assert_eq!(results, vec![PushResult::NotDelivered; 4]);
}

#[tokio::test]
async fn a_real_time_sandbox_calls_back_by_itself() {
    let sandbox = Sandbox::builder().real_time().start().await.unwrap();
    let mut receiver = Receiver::start(200).await;
    let client = sandbox.convrs_client().unwrap();
    client.execute(template(Some(receiver.url.clone()))).await.unwrap();
    assert_eq!(receiver.next_ack().await, Ack::AtServer);
    sandbox.advance(Duration::from_secs(3)).await;
    for ack in [Ack::Sent, Ack::Delivered, Ack::Read] {
        assert_eq!(receiver.next_ack().await, ack);
    }
}

/// A receiver that takes the connection and never answers.
async fn silent_receiver() -> (String, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    (format!("http://{}/acks", listener.local_addr().unwrap()), listener)
}

#[tokio::test]
async fn a_receiver_that_hangs_holds_up_its_own_message_only() {
    let sandbox = Arc::new(Sandbox::builder().real_time().start().await.unwrap());
    let client = sandbox.convrs_client().unwrap();
    let (hanging, _listener) = silent_receiver().await;
    client.execute(template(Some(hanging))).await.unwrap();

    let mut receiver = Receiver::start(200).await;
    let mut other = SendWhatsAppTemplate::new(3941, "+44151999998", "order_update", "en");
    other.webhook_url = Some(receiver.url.clone());
    client.execute(other).await.unwrap();
    let advancing = tokio::spawn({
        let sandbox = sandbox.clone();
        async move { sandbox.advance(Duration::from_secs(3)).await }
    });
    let first = tokio::time::timeout(Duration::from_secs(4), receiver.next_ack()).await;
    assert_eq!(first.expect("while the other hangs"), Ack::AtServer);
    advancing.abort();
}

#[tokio::test]
async fn an_advance_that_nobody_waits_for_loses_no_callback() {
    let (sandbox, client) = sandbox().await;
    let (url, listener) = silent_receiver().await;
    client.execute(template(Some(url))).await.unwrap();
    let impatient = Duration::from_millis(50);
    assert!(tokio::time::timeout(impatient, sandbox.advance(Duration::ZERO)).await.is_err());
    drop(listener);
    sandbox.advance(Duration::ZERO).await;
    let [callback] = &sandbox.convrs().callbacks()[..] else {
        panic!("{:?}", sandbox.convrs().callbacks())
    };
    assert_eq!(callback.ack, Ack::AtServer);
    assert!(matches!(callback.result, PushResult::Failed(_)));
}

#[tokio::test]
async fn sends_at_the_end_of_time_are_answered() {
    let (sandbox, client) = sandbox().await;
    sandbox.advance(Duration::MAX).await;
    client.execute(template(None)).await.unwrap();
    let error = client.execute(template(None)).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::PhoneRateLimit));
}

#[tokio::test]
async fn a_refusal_of_the_sandbox_is_a_typed_error() {
    let (_sandbox, client) = sandbox().await;
    let send = SendWhatsAppTemplate::new(3941, "+44151999999", "unheard_of", "en");
    let error = client.execute(send).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::UnknownTemplate));
    assert_eq!(error.outcome(), Outcome::Rejected);
}

#[tokio::test]
async fn h01_a_send_to_a_sandbox_that_is_gone_was_not_sent() {
    let (sandbox, client) = sandbox().await;
    drop(sandbox);
    // The server ends a moment after it was dropped.
    for _ in 0..10_000 {
        if client.execute(GetUser::new("73-tel-615940546")).await.is_err() {
            break;
        }
        tokio::task::yield_now().await;
    }
    let error = client.execute(template(None)).await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent, "{error:?}");
}
