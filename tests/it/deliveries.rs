//! Sends that are followed to their end: the client, the sandbox, and a webhook that records.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use axum::Router;
use bytes::Bytes;
use convrs_client::{
    Ack, CallbackKey, CallbackKeys, Client, Deliveries, DeliveryCallback, ErrorCode, Event,
    Evidence, Outcome, SendSmsMessage, SendWhatsAppTemplate, WaitError, WhatsAppError,
    transport::{Body, CallOptions, HttpTransport, ReqwestTransport, TransportError},
    webhook::{Access, Received, Refused, Webhook},
};
use http::{Request, Response};
use jiff::Timestamp;
use replykit_sandbox::{Fault, PushResult, Recipient, Sandbox};
use serde_json::json;
use tokio::{net::TcpListener, sync::Notify};

use crate::support::{send, transport};

const NUMBER: &str = "+44151999999";
const MINUTE: Duration = Duration::from_secs(60);

fn keys() -> CallbackKeys {
    CallbackKeys::new(CallbackKey::from_bytes(&[7; 32]).unwrap())
}

/// A service as a user would build it.
struct Service {
    sandbox: Sandbox,
    client: Client,
    deliveries: Deliveries,
    url: String,
    /// What was believed.
    callbacks: Arc<Mutex<Vec<DeliveryCallback>>>,
}

impl Service {
    async fn start() -> Self {
        let sandbox = Sandbox::start().await.unwrap();
        let deliveries = Deliveries::new();
        let callbacks = Arc::new(Mutex::new(Vec::new()));
        let sink = {
            let (deliveries, callbacks) = (deliveries.clone(), Arc::clone(&callbacks));
            move |received: Received| {
                if let Event::Delivery(callback) = &received.event {
                    deliveries.record(callback);
                    callbacks.lock().unwrap().push(DeliveryCallback::clone(callback));
                }
                async { Ok(()) }
            }
        };
        let keys_of_receiver = keys();
        let webhook =
            Webhook::new(Access::allow_unauthenticated(), sink).verify(move |event| match event {
                Event::Delivery(callback) => {
                    keys_of_receiver.verify(callback, Timestamp::now()).map_err(|_| Refused)
                }
                _ => Ok(()),
            });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        tokio::spawn(async move {
            axum::serve(listener, Router::new().fallback_service(webhook)).await
        });
        let client = sandbox.convrs_client().unwrap();
        let client = client.deliveries(deliveries.clone()).callback_keys(keys());
        Self { sandbox, client, deliveries, url, callbacks }
    }

    fn template(&self) -> SendWhatsAppTemplate {
        let mut template = SendWhatsAppTemplate::new(3941, NUMBER, "order_update", "en");
        template.webhook_url = Some(self.url.clone());
        template
    }
}

#[tokio::test]
async fn a_template_is_followed_until_it_was_delivered() {
    let service = Service::start().await;
    let mut template = service.template();
    template.webhook_payload = json!({"orderId": "ORD-12345"}).as_object().cloned();
    let receipt = service.client.execute(template.clone()).await.unwrap();
    let waiting = tokio::spawn({
        let (client, mid) = (service.client.clone(), receipt.mid.clone());
        async move { client.wait_for(&mid, Ack::Delivered, MINUTE).await }
    });
    service.sandbox.advance(Duration::from_secs(3)).await;
    let state = waiting.await.unwrap().unwrap();
    assert!(matches!(state.ack, Ack::Delivered | Ack::Read), "{state:?}");
    assert_eq!((&state.mid, &state.uid), (&receipt.mid, &receipt.uid));
    assert_eq!(service.deliveries.state(&receipt.mid).unwrap().ack, Ack::Read);

    let callbacks = service.callbacks.lock().unwrap();
    assert_eq!(callbacks.len(), 4);
    assert!(callbacks.iter().all(|c| c.webhook_payload == template.webhook_payload));
}

#[tokio::test]
async fn a_message_without_callbacks_is_followed_by_questions() {
    let service = Service::start().await;
    let sms = SendSmsMessage::new(3941, "+447922021419", "On its way");
    let receipt = service.client.execute(sms).await.unwrap();
    service.sandbox.advance(Duration::from_secs(3)).await;
    let client = service.sandbox.convrs_client().unwrap();
    let state = client.wait_for(&receipt.mid, Ack::Delivered, MINUTE).await.unwrap();
    assert_eq!((state.ack, state.uid), (Ack::Delivered, receipt.uid));
}

#[tokio::test]
async fn a_message_that_fails_says_why() {
    let service = Service::start().await;
    let why = WhatsAppError::new(131_026, "undeliverable");
    service.sandbox.convrs().set_recipient(NUMBER, Recipient::Fails(why.clone())).unwrap();
    let receipt = service.client.execute(service.template()).await.unwrap();
    service.sandbox.advance(Duration::from_secs(3)).await;
    for client in [service.client, service.sandbox.convrs_client().unwrap()] {
        let error = client.wait_for(&receipt.mid, Ack::Delivered, MINUTE).await.unwrap_err();
        let WaitError::Failed(state) = error else { panic!("{error:?}") };
        assert_eq!((state.ack, state.error), (Ack::Failed, Some(why.clone())));
    }
}

/// Lets requests through, and no answer back.
#[derive(Debug)]
struct AnswersAreLost {
    inner: ReqwestTransport,
    carried_out: Arc<Notify>,
}

#[async_trait]
impl HttpTransport for AnswersAreLost {
    async fn send(
        &self,
        request: Request<Body>,
        options: &CallOptions,
    ) -> Result<Response<Bytes>, TransportError> {
        self.inner.send(request, options).await?;
        self.carried_out.notify_one();
        std::future::pending().await
    }
}

#[tokio::test]
async fn e07_a_callback_answers_for_a_server_that_does_not() {
    let service = Service::start().await;
    let carried_out = Arc::new(Notify::new());
    let lossy = AnswersAreLost { inner: transport(), carried_out: Arc::clone(&carried_out) };
    let endpoint = service.sandbox.convrs_url().parse().unwrap();
    let client = Client::over_http(lossy, endpoint, service.sandbox.token()).unwrap();
    let client = client.deliveries(service.deliveries.clone()).callback_keys(keys());

    let call = tokio::spawn({
        let template = service.template();
        async move { client.execute(template).await }
    });
    carried_out.notified().await;
    service.sandbox.advance(Duration::from_secs(3)).await;
    let receipt = call.await.unwrap().unwrap();
    assert_eq!(receipt.phone_number.as_str(), NUMBER);
    assert_eq!(receipt.uid.as_str(), "3941-wa3-44151999999");
    let callbacks = service.sandbox.convrs().callbacks();
    assert!(callbacks.iter().all(|callback| callback.mid == receipt.mid), "one message");
}

#[tokio::test]
async fn e07_a_callback_tells_of_a_send_that_ended_in_doubt() {
    let service = Service::start().await;
    service.sandbox.convrs().fail_next(Fault::new(ErrorCode::Timeout).carried_out());
    let template = service.template();
    let error = service.client.execute(template.clone()).await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown);
    let id = error.send_id().unwrap();

    let reconciled = service.client.reconcile(&template, &error, service.sandbox.now());
    let (found, ()) = tokio::join!(reconciled, service.sandbox.advance(Duration::from_secs(3)));
    let found = found.unwrap();
    let Evidence::Sent(details) = found else { panic!("{found:?}") };
    assert_eq!(details.uid.as_str(), "3941-wa3-44151999999");
    let mid = service.deliveries.resolved(id).unwrap();
    assert_eq!(service.sandbox.convrs().callbacks()[0].mid, mid);
}

#[tokio::test]
async fn e12_nothing_that_is_made_up_or_replayed_is_believed() {
    let service = Service::start().await;
    let receipt = service.client.execute(service.template()).await.unwrap();
    service.sandbox.advance(Duration::ZERO).await;
    let genuine = service.callbacks.lock().unwrap()[0].clone();
    assert_eq!(keys().verify(&genuine, Timestamp::now()), Ok(()));
    let post = async |callback: &DeliveryCallback| {
        let body = convrs_client::envelope::encode_callback(callback);
        let headers = [("Content-Type", "application/json")];
        send(http::Method::POST, &service.url, &headers, body).await.status().as_u16()
    };

    let made_up = DeliveryCallback::new(receipt.mid.clone(), receipt.uid, 3941, Ack::Read);
    assert_eq!(post(&made_up).await, 401);
    let mut of_another_send = genuine.clone();
    of_another_send.send_id = Some("0123456789abcdef0123456789abcdef".into());
    assert_eq!(post(&of_another_send).await, 401);
    let mut of_another_message = genuine;
    of_another_message.mid = "ffffffffffffffffffffffff".into();
    assert_eq!(post(&of_another_message).await, 200, "the proof is genuine");
    assert_eq!(service.deliveries.state(&of_another_message.mid), None, "and does not fit");
    assert_eq!(service.deliveries.state(&receipt.mid).unwrap().ack, Ack::AtServer);

    // A client with another key is none of ours. A second later, for the number may get one more.
    service.sandbox.advance(Duration::from_secs(2)).await;
    let stranger = service.sandbox.convrs_client().unwrap();
    let stranger = stranger
        .callback_keys(CallbackKeys::new(CallbackKey::from_text("a text of 16 bytes").unwrap()));
    stranger.execute(service.template()).await.unwrap();
    service.sandbox.advance(Duration::ZERO).await;
    let callbacks = service.sandbox.convrs().callbacks();
    assert_eq!(callbacks.last().unwrap().result, PushResult::Answered(401));
}
