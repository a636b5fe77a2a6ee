//! The webhook behind a real server, where a socket is what matters: senders that hang up or dawdle,
//! and the sandbox.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::Router;
use convrs_client::{
    Ack, Event, SendWhatsAppTemplate, WebhookHeader,
    webhook::{Access, Keys, Received, ReceiverLimits, Webhook},
};
use http::HeaderName;
use replykit_sandbox::{PushResult, Sandbox};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Notify, mpsc},
    time::timeout,
};

const NAME: HeaderName = HeaderName::from_static("x-webhook-secret");
const SECRET: &str = "0123456789abcdef";
const CALLBACK: &str = r#"{"ok":1,"mid":"1","uid":"3941-wa3-44151999999","botID":3941,"ack":2}"#;

fn by_path() -> Access {
    Access::by_path(Keys::new([SECRET]).unwrap()).unwrap()
}

async fn serve(webhook: Webhook) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let app = Router::new().fallback_service(webhook);
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

async fn connect(address: &str) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}

fn post(path: &str, length: usize, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: hook\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
}

/// Everything until the server closes; one that does not fails the test.
async fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let read = timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await;
    read.expect("a closed connection").unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn e04_a_sender_that_hangs_up_does_not_stop_the_sink() {
    let (go, (started, mut starts)) = (Arc::new(Notify::new()), mpsc::unbounded_channel());
    let (stored, mut stores) = mpsc::unbounded_channel();
    let wait = go.clone();
    let webhook = Webhook::new(by_path(), move |received: Received| {
        let (go, started, stored) = (wait.clone(), started.clone(), stored.clone());
        async move {
            started.send(())?;
            go.notified().await;
            stored.send(received)?;
            Ok(())
        }
    });
    let address = serve(webhook.clone()).await;
    let mut stream = connect(&address).await;
    let request = post(&format!("/hook/{SECRET}"), CALLBACK.len(), CALLBACK);
    stream.write_all(request.as_bytes()).await.unwrap();
    starts.recv().await.unwrap();
    // A reset, so that the server cannot miss it.
    stream.set_zero_linger().unwrap();
    drop(stream);
    go.notify_one();
    let received = timeout(Duration::from_secs(20), stores.recv()).await.unwrap().unwrap();
    assert_eq!(received.body, CALLBACK);
    // The one who hung up comes again, and is told that it is there.
    webhook.idle().await;
    let mut again = connect(&address).await;
    again.write_all(request.as_bytes()).await.unwrap();
    again.shutdown().await.unwrap();
    assert!(rest(&mut again).await.starts_with("HTTP/1.1 200 "));
    assert!(stores.try_recv().is_err());
}

#[tokio::test]
async fn e10_a_slow_body_is_408_and_the_connection_is_closed() {
    let mut limits = ReceiverLimits::default();
    limits.body_time = Duration::from_millis(100);
    let webhook = Webhook::new(by_path(), |_: Received| async { panic!("not whole") });
    let address = serve(webhook.limits(limits)).await;
    let mut stream = connect(&address).await;
    let request = post(&format!("/{SECRET}"), CALLBACK.len(), &CALLBACK[..10]);
    stream.write_all(request.as_bytes()).await.unwrap();
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.to_lowercase().contains("connection: close"), "{answer}");
}

#[tokio::test]
async fn e10_a_body_that_announces_too_much_is_413_before_it_is_sent() {
    let webhook = Webhook::new(by_path(), |_: Received| async { panic!("not whole") });
    let address = serve(webhook).await;
    let mut stream = connect(&address).await;
    let request = post(&format!("/{SECRET}"), (1 << 20) + 1, "");
    stream.write_all(request.as_bytes()).await.unwrap();
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn e01_a_stranger_is_answered_before_a_byte_of_the_body_is_sent() {
    let access = Access::by_header(NAME, Keys::new([SECRET]).unwrap()).unwrap();
    let webhook = Webhook::new(access, |_: Received| async { panic!("a stranger's") });
    let address = serve(webhook).await;
    let mut stream = connect(&address).await;
    stream.write_all(post("/hook", 100, "").as_bytes()).await.unwrap();
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
}

#[tokio::test]
async fn events_and_callbacks_of_the_sandbox_come_in_on_one_url() {
    let stored = Arc::new(Mutex::new(Vec::new()));
    let events = stored.clone();
    let webhook = Webhook::new(by_path(), move |received: Received| {
        events.lock().unwrap().push(received.event);
        async { Ok(()) }
    });
    let url = format!("http://{}/convrs/{SECRET}", serve(webhook).await);
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.convrs().set_webhook_url(Some(&url)).unwrap();
    let mut send = SendWhatsAppTemplate::new(3941, "+40712345678", "order_update", "en");
    send.webhook_url = Some(url);
    send.webhook_headers = Some(vec![WebhookHeader::new("X-Other", "1")]);
    let sent = sandbox.convrs_client().unwrap().execute(send).await.unwrap();
    sandbox.advance(Duration::from_secs(10)).await;

    let stored = stored.lock().unwrap();
    let acks = stored.iter().filter_map(|event| match event {
        Event::Delivery(callback) if callback.mid == sent.mid => Some(callback.ack),
        _ => None,
    });
    assert_eq!(acks.collect::<Vec<_>>(), [Ack::AtServer, Ack::Sent, Ack::Delivered, Ack::Read]);
    let created = stored.iter().any(|event| match event {
        Event::UserCreated(user) => user.uid == sent.uid,
        _ => false,
    });
    assert!(created, "{stored:?}");
    let results = sandbox.convrs().callbacks().into_iter().map(|callback| callback.result);
    assert!(results.eq([0; 4].map(|_| PushResult::Answered(200))));
}
