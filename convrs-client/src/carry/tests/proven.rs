//! Callbacks that know of a send before its reply does.

use std::{collections::VecDeque, sync::Mutex};

use replykit_transport::{Phase, TransportError, TransportErrorKind};
use serde_json::{Value, json};
use tokio::time::{Instant as Virtual, sleep};

use super::super::*;
use crate::{
    Ack, Client, DeliveryCallback, MessageReceipt, OperationClass, SendSmsMessage,
    SendWhatsAppTemplate, envelope,
};

const REPLY: &str = r#"{"ok":1,"mid":"6462","uid":"3941-wa3-44151999999","countryIso2":"GB"}"#;
const UNREADABLE: &str = "<html>";
const BUSY: &str = r#"{"ok":0,"error":"no","errorCode":2009}"#;
const TIMEOUT: &str = r#"{"ok":0,"error":"no","errorCode":2000}"#;
const REFUSED: &str = r#"{"ok":0,"error":"no","errorCode":2006}"#;

/// A server that takes ten seconds for each answer; `CUT` is none.
const CUT: &str = "";
const TEN_SECONDS: Duration = Duration::from_secs(10);

#[derive(Debug)]
struct Server {
    answers: Mutex<VecDeque<&'static str>>,
    /// After how many seconds, and what: from the first request on.
    callbacks: Mutex<Vec<(u64, &'static str, Ack)>>,
    deliveries: Deliveries,
    requests: Arc<Mutex<usize>>,
}

#[async_trait::async_trait]
impl Exchange for Server {
    async fn exchange(&self, frame: &Frame) -> Result<Bytes, Error> {
        *self.requests.lock().unwrap() += 1;
        let request: Value = serde_json::from_slice(&frame.json).unwrap();
        let callbacks = std::mem::take(&mut *self.callbacks.lock().unwrap());
        for (seconds, mid, ack) in callbacks {
            let body = json!({
                "ok": 1, "mid": mid, "uid": "3941-wa3-44151999999", "botID": 3941,
                "ack": ack.code(), "webhookPayload": request["webhookPayload"]
            });
            let callback = DeliveryCallback::from_json(body.to_string().as_bytes()).unwrap();
            let deliveries = self.deliveries.clone();
            tokio::spawn(async move {
                sleep(Duration::from_secs(seconds)).await;
                deliveries.record(&callback);
            });
        }
        let answer = self.answers.lock().unwrap().pop_front().expect("an answer");
        sleep(TEN_SECONDS).await;
        if answer == CUT {
            let (phase, kind) = (Phase::Exchange, TransportErrorKind::Interrupted);
            return Err(TransportError::new(phase, kind, "it broke").into());
        }
        Ok(answer.into())
    }
}

struct Scene {
    client: Client,
    deliveries: Deliveries,
    requests: Arc<Mutex<usize>>,
}

fn scene(answers: &[&'static str], callbacks: &[(u64, &'static str, Ack)]) -> Scene {
    let deliveries = Deliveries::new();
    let requests = Arc::new(Mutex::new(0));
    let server = Server {
        answers: Mutex::new(answers.iter().copied().collect()),
        callbacks: Mutex::new(callbacks.to_vec()),
        deliveries: deliveries.clone(),
        requests: Arc::clone(&requests),
    };
    let client = Client::over(server, "t0ken").seed(1).deliveries(deliveries.clone());
    Scene { client, deliveries, requests }
}

fn template() -> SendWhatsAppTemplate {
    let mut send = SendWhatsAppTemplate::new(3941, "44-151-999-999", "order_update", "en");
    send.webhook_url = Some("https://example.com/acks".to_owned());
    send
}

impl Scene {
    async fn send(&self) -> Result<MessageReceipt, Error> {
        self.client.execute(template()).deadline(Duration::from_secs(300)).await
    }

    fn requests(&self) -> usize {
        *self.requests.lock().unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn e07_a_callback_that_overtakes_the_reply_ends_the_call_at_once() {
    let scene = scene(&[REPLY, REPLY], &[(3, "6462", Ack::Sent)]);
    let start = Virtual::now();
    let receipt = scene.send().await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_secs(3));
    assert_eq!(receipt.mid.as_str(), "6462");
    assert_eq!(receipt.uid.as_str(), "3941-wa3-44151999999");
    assert_eq!(receipt.phone_number.as_str(), "+44151999999");
    assert_eq!(receipt.country_iso2, "");

    // The number rests as after a reply.
    scene.send().await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_secs(3 + 1 + 10));
}

#[tokio::test(start_paused = true)]
async fn e07_a_callback_settles_a_send_whose_reply_was_lost() {
    for answer in [CUT, UNREADABLE, TIMEOUT] {
        // Without any news, and with news of failure, it stays in doubt.
        for callbacks in [&[][..], &[(3, "6462", Ack::Failed)], &[(3, "6462", Ack::Other(4))]] {
            let scene = scene(&[answer], callbacks);
            let error = scene.send().await.unwrap_err();
            assert_eq!((error.outcome(), error.attempts()), (Outcome::Unknown, 1));
            let id = error.send_id().unwrap();
            let mid = callbacks.first().map(|(_, mid, _)| (*mid).into());
            assert_eq!(scene.deliveries.resolved(id), mid);
        }
        let scene = scene(&[answer], &[(3, "6462", Ack::Failed), (4, "6462", Ack::Delivered)]);
        let start = Virtual::now();
        assert_eq!(scene.send().await.unwrap().mid.as_str(), "6462");
        assert_eq!((start.elapsed().as_secs(), scene.requests()), (4, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn e07_a_callback_that_comes_when_the_call_has_ended_names_the_message() {
    let scene = scene(&[CUT], &[(30, "6462", Ack::AtServer)]);
    let error = scene.send().await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown);
    let id = error.send_id().unwrap();
    assert_eq!(scene.deliveries.resolved(id), None);
    let found = scene.deliveries.wait_for_send(id, Duration::from_secs(120)).await;
    assert_eq!(found, Some("6462".into()));
}

#[tokio::test(start_paused = true)]
async fn e07_what_a_callback_proves_is_not_sent_again() {
    // Refused for now, and to be repeated in five seconds.
    let scene = scene(&[BUSY, REPLY], &[(12, "6462", Ack::Sent)]);
    let start = Virtual::now();
    assert_eq!(scene.send().await.unwrap().mid.as_str(), "6462");
    assert_eq!((start.elapsed().as_secs(), scene.requests()), (12, 1));

    // The user asked for repeats, and none is needed.
    let scene = self::scene(&[CUT, CUT, CUT], &[(10, "6462", Ack::Sent)]);
    let call = scene.client.execute(template()).resend_even_if_unknown();
    assert_eq!(call.deadline(Duration::from_secs(300)).await.unwrap().mid.as_str(), "6462");
    assert!(scene.requests() <= 2, "{}", scene.requests());
}

#[tokio::test(start_paused = true)]
async fn e07_a_call_that_was_refused_stays_refused_and_the_deliveries_tell_the_contradiction() {
    let scene = scene(&[REFUSED], &[(11, "6462", Ack::Delivered)]);
    let error = scene.send().await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::Rejected);
    let id = error.send_id().unwrap();
    assert_eq!(scene.deliveries.resolved(id), None);
    sleep(TEN_SECONDS).await;
    assert_eq!(scene.deliveries.resolved(id), Some("6462".into()));
}

#[tokio::test(start_paused = true)]
async fn e07_a_notice_of_failure_leaves_the_word_to_the_reply() {
    let scene = scene(&[REPLY], &[(3, "6462", Ack::Failed)]);
    let receipt = scene.send().await.unwrap();
    assert_eq!(receipt.country_iso2, "GB", "the server's own receipt");
    assert_eq!(scene.deliveries.state(&receipt.mid).unwrap().ack, Ack::Failed);
    let refused = self::scene(&[REFUSED], &[(3, "6462", Ack::Failed)]);
    assert_eq!(refused.send().await.unwrap_err().outcome(), Outcome::Rejected);
}

#[tokio::test(start_paused = true)]
async fn e12_the_reply_binds_the_send_to_its_message() {
    let callbacks = [(20, "forged", Ack::Delivered), (21, "6462", Ack::Delivered)];
    let scene = scene(&[REPLY], &callbacks);
    scene.send().await.unwrap();
    sleep(Duration::from_secs(60)).await;
    assert_eq!(scene.deliveries.state(&"forged".into()), None);
    assert_eq!(scene.deliveries.state(&"6462".into()).unwrap().ack, Ack::Delivered);
}

#[tokio::test(start_paused = true)]
async fn a_callback_of_another_send_ends_no_call() {
    let scene = scene(&[REPLY, CUT], &[(3, "6462", Ack::Sent)]);
    scene.send().await.unwrap();
    let error = scene.send().await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown);
    let mut foreign = DeliveryCallback::new("6463", "", 3941, Ack::Sent);
    foreign.send_id = Some("a".into());
    scene.deliveries.record(&foreign);
    assert_eq!(scene.deliveries.resolved(error.send_id().unwrap()), None);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_can_still_be_found() {
    let scene = scene(&[REPLY], &[(11, "6462", Ack::Sent)]);
    let call = tokio::time::timeout(Duration::from_secs(5), scene.send());
    assert!(call.await.is_err());
    sleep(TEN_SECONDS).await;
    assert_eq!(scene.deliveries.state(&"6462".into()).unwrap().ack, Ack::Sent);
}

#[test]
fn only_a_command_with_callbacks_knows_of_proofs() {
    let state_of = |mid: &str| {
        let deliveries = Deliveries::new();
        deliveries.record(&DeliveryCallback::new(mid, "", 3941, Ack::Sent));
        deliveries.state(&mid.into()).unwrap()
    };
    let sms = SendSmsMessage::new(3941, "+447922021419", "Hello");
    assert_eq!(sms.class(), OperationClass::Send);
    assert_eq!(sms.proven(&state_of("6462")), None);
    let receipt = template().proven(&state_of("6462")).unwrap();
    assert!(envelope::encode_reply::<SendWhatsAppTemplate>(&receipt).contains("6462"));
    assert_eq!(SendWhatsAppTemplate::message_of(&receipt).unwrap().as_str(), "6462");
}
