use std::sync::{Arc, Mutex};

use replykit_transport::{MockTransport, Phase, TransportError, TransportErrorKind};

use super::*;
use crate::{DeliveryCallback, Exchange, Frame};

const MINUTE: Duration = Duration::from_secs(60);

fn client() -> (MockTransport, Client) {
    let mock = MockTransport::new();
    let endpoint = "https://data.conv.rs/api".parse().unwrap();
    (mock.clone(), Client::over_http(mock, endpoint, "t0ken").unwrap())
}

fn details(ack: i64) -> String {
    format!(r#"{{"ok":1,"uid":"3941-wa3-44151999999","botID":3941,"ack":{ack}}}"#)
}

fn refusal(code: i64) -> String {
    format!(r#"{{"ok":0,"error":"no","errorCode":{code}}}"#)
}

fn callback(ack: Ack) -> DeliveryCallback {
    DeliveryCallback::new("6462", "3941-wa3-44151999999", 3941, ack)
}

fn mid() -> Mid {
    "6462".into()
}

/// Records a callback later.
fn later(deliveries: &Deliveries, seconds: u64, callback: DeliveryCallback) {
    let deliveries = deliveries.clone();
    tokio::spawn(async move {
        sleep(Duration::from_secs(seconds)).await;
        deliveries.record(&callback);
    });
}

#[tokio::test(start_paused = true)]
async fn without_callbacks_the_server_is_asked_more_and_more_rarely() {
    let (mock, client) = client();
    for ack in [0, 1, 1, 1, 2] {
        mock.answer(200, details(ack));
    }
    let start = Instant::now();
    let state = client.wait_for(&mid(), Ack::Delivered, MINUTE).await.unwrap();
    assert_eq!((state.ack, state.bot_id), (Ack::Delivered, 3941.into()));
    assert_eq!(start.elapsed().as_secs(), 1 + 2 + 4 + 8);

    // What has come further has come so far.
    mock.answer(200, details(10));
    assert_eq!(client.wait_for(&mid(), Ack::Sent, MINUTE).await.unwrap().ack, Ack::Replied);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_too_new_to_be_known_is_asked_for_again() {
    let (mock, client) = client();
    mock.answer(200, refusal(1020));
    mock.answer(200, refusal(1020));
    mock.answer(200, details(1));
    let start = Instant::now();
    client.wait_for(&mid(), Ack::Sent, MINUTE).await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 2 + 2, "not before the code's own rule says so");
}

#[tokio::test(start_paused = true)]
async fn the_last_question_is_asked_just_before_the_time_is_up() {
    let (mock, client) = client();
    for _ in 0..6 {
        mock.answer(200, details(1));
    }
    mock.answer(200, details(2));
    let start = Instant::now();
    let state = client.wait_for(&mid(), Ack::Delivered, Duration::from_secs(50)).await.unwrap();
    assert_eq!((state.ack, start.elapsed().as_secs()), (Ack::Delivered, 49));

    for _ in 0..8 {
        mock.answer(200, details(1));
    }
    let start = Instant::now();
    let error = client.wait_for(&mid(), Ack::Delivered, MINUTE).await.unwrap_err();
    let WaitError::TimedOut(Some(state)) = &error else { panic!("{error:?}") };
    assert_eq!((state.ack, start.elapsed()), (Ack::Sent, MINUTE));
    assert_eq!(error.to_string(), "the time is up, the message has come as far as ack 1");
}

#[tokio::test(start_paused = true)]
async fn a_callback_ends_the_wait_at_once_and_spares_the_question() {
    let (mock, client) = client();
    let deliveries = Deliveries::new();
    let client = client.deliveries(deliveries.clone());
    later(&deliveries, 2, callback(Ack::Sent));
    later(&deliveries, 3, callback(Ack::Read));
    let start = Instant::now();
    let state = client.wait_for(&mid(), Ack::Delivered, MINUTE).await.unwrap();
    assert_eq!((state.ack, start.elapsed().as_secs()), (Ack::Read, 3));
    assert!(mock.requests().is_empty());

    // What is known already needs no wait.
    client.wait_for(&mid(), Ack::Read, Duration::ZERO).await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_callback_that_got_lost_is_made_up_for_by_questions() {
    let (mock, client) = client();
    let deliveries = Deliveries::new();
    let client = client.deliveries(deliveries.clone());
    later(&deliveries, 2, callback(Ack::Sent));
    mock.answer(200, details(1));
    mock.answer(200, details(2));
    let start = Instant::now();
    client.wait_for(&mid(), Ack::Delivered, MINUTE).await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 5 + 5);
    assert_eq!(deliveries.state(&mid()).unwrap().ack, Ack::Delivered, "all share the answer");
}

#[tokio::test(start_paused = true)]
async fn a_failure_ends_the_wait_with_whatsapps_code() {
    let (mock, client) = client();
    mock.answer(200, r#"{"ok":1,"ack":-1,"whatsappErrorCode":131026,"whatsappErrorDesc":"no"}"#);
    let error = client.wait_for(&mid(), Ack::Sent, MINUTE).await.unwrap_err();
    let WaitError::Failed(state) = &error else { panic!("{error:?}") };
    assert_eq!(state.error.as_ref().unwrap().code, Some(131_026));
    let text = "the message has failed, with ack -1 and WhatsApp's error 131026";
    assert_eq!(error.to_string(), text);

    // A callback that does not say why is made up for.
    let deliveries = Deliveries::new();
    let client = client.deliveries(deliveries.clone());
    later(&deliveries, 1, callback(Ack::Failed));
    mock.answer(200, r#"{"ok":1,"ack":-1,"whatsappErrorCode":131047}"#);
    let error = client.wait_for(&mid(), Ack::Delivered, MINUTE).await.unwrap_err();
    assert_eq!(error.state().unwrap().error.as_ref().unwrap().code, Some(131_047));

    let mut absent = callback(Ack::NotOnWhatsApp);
    absent.mid = "6463".into();
    deliveries.record(&absent);
    let requests = mock.requests().len();
    let error = client.wait_for(&"6463".into(), Ack::Read, MINUTE).await.unwrap_err();
    assert_eq!(error.to_string(), "the message has failed, with ack -2");
    assert_eq!(mock.requests().len(), requests);
    client.wait_for(&"6463".into(), Ack::NotOnWhatsApp, MINUTE).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_server_that_cannot_be_asked_ends_the_wait_unless_callbacks_may_come() {
    let (mock, client) = client();
    mock.answer(200, refusal(1001));
    let start = Instant::now();
    let error = client.wait_for(&mid(), Ack::Sent, MINUTE).await.unwrap_err();
    let WaitError::Lookup(lookup) = &error else { panic!("{error:?}") };
    assert_eq!(lookup.code(), Some(ErrorCode::InvalidToken));
    assert_eq!(start.elapsed(), Duration::ZERO);

    let deliveries = Deliveries::new();
    let told = client.clone().deliveries(deliveries.clone());
    mock.answer(200, refusal(1001));
    later(&deliveries, 40, callback(Ack::Sent));
    told.wait_for(&mid(), Ack::Sent, MINUTE).await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 40);

    // One that is down may come back.
    let cut = TransportError::new(Phase::Exchange, TransportErrorKind::Interrupted, "it broke");
    mock.fail(cut);
    mock.answer(200, details(1));
    client.wait_for(&mid(), Ack::Sent, MINUTE).await.unwrap();
    for _ in 0..9 {
        mock.answer(503, "");
    }
    let error = client.wait_for(&mid(), Ack::Sent, MINUTE).await.unwrap_err();
    assert!(matches!(error, WaitError::Lookup(_)), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_answer_holds_up_no_callback_and_no_deadline() {
    #[derive(Debug)]
    struct Silent;
    #[async_trait::async_trait]
    impl Exchange for Silent {
        async fn exchange(&self, frame: &Frame) -> Result<bytes::Bytes, Error> {
            sleep_until(frame.deadline.into()).await;
            let (phase, kind) = (Phase::Exchange, TransportErrorKind::Timeout);
            Err(TransportError::new(phase, kind, "no answer").into())
        }
    }
    let deliveries = Deliveries::new();
    let client = Client::over(Silent, "t0ken").deliveries(deliveries.clone());
    later(&deliveries, 9, callback(Ack::Delivered));
    let start = Instant::now();
    client.wait_for(&mid(), Ack::Delivered, MINUTE).await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 9);
    let error = client.wait_for(&mid(), Ack::Read, MINUTE).await.unwrap_err();
    assert!(matches!(error, WaitError::TimedOut(Some(_))), "{error:?}");
    assert_eq!(start.elapsed().as_secs(), 9 + 60);
}

#[tokio::test(start_paused = true)]
async fn many_wait_for_one_message_and_one_that_gives_up_disturbs_nobody() {
    let (_, client) = client();
    let deliveries = Deliveries::new();
    let client = client.deliveries(deliveries.clone());
    let woken = Arc::new(Mutex::new(0));
    let waits: Vec<_> = (0..100)
        .map(|number| {
            let (client, woken) = (client.clone(), Arc::clone(&woken));
            tokio::spawn(async move {
                let mid = mid();
                let wait = client.wait_for(&mid, Ack::Sent, MINUTE);
                if number % 2 == 0 {
                    tokio::time::timeout(Duration::from_secs(1), wait).await.unwrap_err();
                } else {
                    wait.await.unwrap();
                    *woken.lock().unwrap() += 1;
                }
            })
        })
        .collect();
    later(&deliveries, 2, callback(Ack::Sent));
    for wait in waits {
        wait.await.unwrap();
    }
    assert_eq!(*woken.lock().unwrap(), 50);
}
