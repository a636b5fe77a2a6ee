mod proven;

use replykit_transport::{MockTransport, Phase, TransportError, TransportErrorKind};
use serde_json::{Map, Value, json};
use tokio::time::Instant as Virtual;

use super::*;
use crate::{
    Client, Command, DeleteUserTag, DeliveryCallback, ErrorKind, GetUser, RetryRule, SendMessage,
    SendSmsMessage, SendTextMessage, SendWhatsAppTemplate, SetUserData, SetUserName,
};

const YES: &str = r#"{"ok":1,"mid":"6462","data":{"uid":"73-tel-1"}}"#;

fn client() -> (MockTransport, Client) {
    let mock = MockTransport::new();
    let endpoint = "https://data.conv.rs/api".parse().unwrap();
    (mock.clone(), Client::over_http(mock, endpoint, "t0ken").unwrap().seed(1))
}

fn sms() -> SendSmsMessage {
    SendSmsMessage::new(3941, "+447922021419", "Hello")
}

fn refusal(code: i64) -> String {
    json!({"ok": 0, "error": "no", "errorCode": code}).to_string()
}

fn unreachable() -> TransportError {
    TransportError::new(Phase::Connect, TransportErrorKind::Connect, "nobody took the connection")
}

fn cut() -> TransportError {
    TransportError::new(Phase::Exchange, TransportErrorKind::Interrupted, "it broke")
}

/// The error of a command that is answered like this every time, and the attempts that were made.
async fn failing<C: Command>(command: C, answer: impl Fn(&MockTransport)) -> (Error, usize) {
    let (mock, client) = client();
    for _ in 0..5 {
        answer(&mock);
    }
    // Longer than any wait between attempts.
    let time = Duration::from_secs(600);
    let error = client.execute(command).deadline(time).await.err().expect("an error");
    let attempts = mock.requests().len();
    assert_eq!(error.attempts() as usize, attempts);
    (error, attempts)
}

#[tokio::test(start_paused = true)]
async fn every_code_is_repeated_as_its_rule_says_and_no_doubtful_send_is() {
    for info in ErrorCode::TABLE {
        let (error, attempts) = failing(sms(), |mock| mock.answer(200, refusal(info.number))).await;
        let again = matches!(info.retry, RetryRule::After(_));
        assert_eq!(attempts, if again { 3 } else { 1 }, "{}", info.number);
        assert_eq!(error.outcome(), info.outcome, "{}", info.number);

        let (_, attempts) =
            failing(GetUser::new("73-tel-1"), |mock| mock.answer(200, refusal(info.number))).await;
        let again = again || matches!(info.retry, RetryRule::UnlessSend(_));
        assert_eq!(attempts, if again { 3 } else { 1 }, "{}", info.number);
    }
    let (error, attempts) = failing(sms(), |mock| mock.answer(200, refusal(4711))).await;
    assert_eq!((error.outcome(), attempts), (Outcome::Unknown, 1));
}

#[tokio::test(start_paused = true)]
async fn h01_a_server_that_cannot_be_reached_is_tried_three_times_by_every_command() {
    let (error, attempts) = failing(sms(), |mock| mock.fail(unreachable())).await;
    assert_eq!((error.outcome(), attempts), (Outcome::NotSent, 3));
    assert!(error.to_string().contains("this was attempt 3, after"), "{error}");
    let (_, attempts) = failing(GetUser::new("73-tel-1"), |mock| mock.fail(unreachable())).await;
    assert_eq!(attempts, 3);
}

#[tokio::test(start_paused = true)]
async fn h05_h19_what_may_have_been_carried_out_is_repeated_only_by_reads_and_writes() {
    for answer in [&|mock: &MockTransport| mock.fail(cut()), &|mock: &MockTransport| {
        mock.answer(502, "<html>");
    }] as [&dyn Fn(&MockTransport); 2]
    {
        let (error, attempts) = failing(sms(), answer).await;
        assert_eq!((error.outcome(), attempts), (Outcome::Unknown, 1));
        let (error, attempts) = failing(crate::CreateUserTag::new("returns"), answer).await;
        assert_eq!((error.outcome(), attempts), (Outcome::Unknown, 1));
        let (_, attempts) = failing(GetUser::new("73-tel-1"), answer).await;
        assert_eq!(attempts, 3);
        let (_, attempts) = failing(SetUserName::new("73-tel-1", "Billy Bob"), answer).await;
        assert_eq!(attempts, 3);
        let mut flow = SetUserData::new("73-tel-1", Map::new());
        flow.route = Some("welcome".to_owned());
        let (error, attempts) = failing(flow, answer).await;
        assert_eq!((error.outcome(), attempts), (Outcome::Unknown, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn h02_h09_h17_what_will_not_change_is_not_repeated() {
    let tls = || TransportError::new(Phase::Connect, TransportErrorKind::Tls, "wrong host");
    let large = || TransportError::new(Phase::Body, TransportErrorKind::TooLarge, "too large");
    let get = || GetUser::new("73-tel-1");
    assert_eq!(failing(get(), |mock| mock.fail(tls())).await.1, 1);
    assert_eq!(failing(get(), |mock| mock.fail(large())).await.1, 1);
    for status in [400, 401, 403, 404, 405, 409, 413, 422, 501] {
        assert_eq!(failing(get(), |mock| mock.answer(status, "no")).await.1, 1, "{status}");
    }
    for answer in [r#"{"ok":2}"#, r#"{"ok":1,"cmd":"GetUsers"}"#] {
        assert_eq!(failing(get(), |mock| mock.answer(200, answer)).await.1, 1, "{answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn h10_what_is_no_json_is_asked_for_once_more_a_second_later() {
    let start = Virtual::now();
    let (_, attempts) = failing(GetUser::new("73-tel-1"), |mock| mock.answer(200, "<html>")).await;
    assert_eq!(attempts, 2);
    assert!(start.elapsed() >= Duration::from_secs(1));
    assert_eq!(failing(sms(), |mock| mock.answer(200, "<html>")).await.1, 1);
}

#[tokio::test(start_paused = true)]
async fn h18_h21_a_server_that_asks_to_wait_is_obeyed_up_to_a_minute() {
    fn busy(status: u16, seconds: &'static str) -> impl Fn(&MockTransport) {
        move |mock| {
            let answer = http::Response::builder().status(status);
            let answer = answer.header("retry-after", seconds).body(Bytes::from("busy")).unwrap();
            mock.respond(answer);
        }
    }
    let (mock, client) = client();
    busy(429, "7")(&mock);
    mock.answer(200, YES);
    let start = Virtual::now();
    client.execute(sms()).await.unwrap();
    assert!(start.elapsed() >= Duration::from_secs(7), "{:?}", start.elapsed());
    assert_eq!(mock.requests().len(), 2);

    let (error, attempts) = failing(sms(), busy(429, "61")).await;
    assert_eq!((error.outcome(), attempts), (Outcome::Rejected, 1));
    assert_eq!(error.retry_after(), Some(Duration::from_secs(61)));
    let (_, attempts) = failing(sms(), busy(503, "1")).await;
    assert_eq!(attempts, 1, "a 503 may hide a send");
    let (error, _) = failing(sms(), busy(429, "-5")).await;
    assert_eq!(error.retry_after(), None);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_may_have_been_carried_out_leaves_the_call_unknown() {
    let (mock, client) = client();
    mock.answer(502, "<html>");
    mock.answer(200, refusal(1022));
    let error = client.execute(SetUserName::new("73-tel-1", "Billy Bob")).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::InvalidName));
    assert_eq!((error.outcome(), error.attempts()), (Outcome::Unknown, 2));
    assert!(error.to_string().contains("an attempt before it may have been carried out"));
}

#[tokio::test(start_paused = true)]
async fn a_tag_that_an_unseen_attempt_took_away_is_taken_away() {
    let (mock, client) = client();
    mock.fail(cut());
    mock.answer(200, refusal(3053));
    client.execute(DeleteUserTag::new("73-tel-1", "vip")).await.unwrap();
    mock.answer(200, refusal(3053));
    let error = client.execute(DeleteUserTag::new("73-tel-1", "vip")).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::UnknownTag), "a first attempt takes it at its word");
}

#[tokio::test(start_paused = true)]
async fn a_doubtful_send_is_repeated_when_the_call_asks_for_it() {
    let (mock, client) = client();
    mock.fail(cut());
    mock.answer(200, YES);
    client.execute(sms()).resend_even_if_unknown().await.unwrap();
    assert_eq!(mock.requests().len(), 2);

    mock.fail(cut());
    mock.answer(200, refusal(2006));
    let error = client.execute(sms()).resend_even_if_unknown().await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown, "the first attempt may have gone out");
}

#[tokio::test(start_paused = true)]
async fn one_deadline_holds_all_attempts_and_waits() {
    let (mock, client) = client();
    for _ in 0..3 {
        mock.answer(200, refusal(2009));
    }
    let start = Virtual::now();
    let error = client.execute(sms()).deadline(Duration::from_secs(12)).await.unwrap_err();
    // 5 s to the second attempt; the 10 s to the third one would not fit.
    assert_eq!(error.attempts(), 2);
    assert!(error.elapsed() >= Duration::from_secs(5) && error.elapsed() < Duration::from_secs(8));
    assert_eq!(error.elapsed(), start.elapsed());

    // And the wait for the rate limit counts in.
    mock.answer(200, YES);
    client.execute(SendSmsMessage::new(3941, "+447922021411", "Hello")).await.unwrap();
    let again = SendSmsMessage::new(3941, "+447922021411", "Hello");
    let error = client.execute(again).deadline(Duration::from_millis(300)).await.unwrap_err();
    let ErrorKind::Transport(timeout) = error.kind() else { panic!("{error:?}") };
    assert_eq!((timeout.phase(), timeout.kind()), (Phase::Queue, TransportErrorKind::Timeout));
    assert_eq!(error.outcome(), Outcome::NotSent);
}

#[tokio::test(start_paused = true)]
async fn h27_a_service_in_trouble_is_not_buried_in_repeats() {
    let (mock, client) = client();
    let (mut attempts, mut spent) = (0, 0);
    for _ in 0..200 {
        for _ in 0..3 {
            mock.answer(503, "");
        }
        let before = mock.requests().len();
        let error = client.clone().execute(GetUser::new("73-tel-1")).await.unwrap_err();
        attempts += error.attempts() as usize;
        assert_eq!(mock.requests().len() - before, error.attempts() as usize);
        spent += usize::from(error.retry_budget_spent());
    }
    assert!((255..=262).contains(&attempts), "{attempts}: 20 saved, and a fifth of 200");
    assert!(spent > 150, "{spent}");
}

#[tokio::test(start_paused = true)]
async fn h28_one_number_is_sent_to_once_a_second_however_it_is_named() {
    let (mock, client) = client();
    let start = Virtual::now();
    let passed = || start.elapsed().as_secs();
    for _ in 0..6 {
        mock.answer(200, YES);
    }
    client.execute(sms()).await.unwrap();
    client.clone().execute(SendMessage::new("44-792-202-1419", "welcome")).await.unwrap();
    assert_eq!(passed(), 1);
    client.execute(SendTextMessage::new("3941-wa3-447922021419", "Hello")).await.unwrap();
    assert_eq!(passed(), 2);
    let mut flow = SetUserData::new("3941-cms-447922021419", Map::new());
    flow.route = Some("welcome".to_owned());
    client.execute(flow.clone()).await.unwrap();
    assert_eq!(passed(), 3);
    flow.route = None;
    client.execute(flow).await.unwrap();
    assert_eq!(passed(), 3, "without a route nothing is sent");
    client.execute(SendTextMessage::new("73-tel-615940546", "Hello")).await.unwrap();
    assert_eq!(passed(), 3, "a person without a number counts for the token alone");
}

#[tokio::test(start_paused = true)]
async fn a_number_rests_for_a_second_after_a_slow_answer() {
    #[derive(Debug)]
    struct Slow;
    #[async_trait::async_trait]
    impl Exchange for Slow {
        async fn exchange(&self, _: &Frame) -> Result<Bytes, Error> {
            tokio::time::sleep(Duration::from_millis(700)).await;
            Ok(YES.into())
        }
    }
    let client = Client::over(Slow, "t0ken");
    let start = Virtual::now();
    client.execute(sms()).await.unwrap();
    client.execute(sms()).await.unwrap();
    // The server may have counted the first one as late as it answered.
    assert_eq!(start.elapsed(), Duration::from_millis(700 + 1000 + 700));
}

#[tokio::test(start_paused = true)]
async fn ten_a_second_go_out_in_all_over_every_client_with_the_same_limiter() {
    let (mock, client) = client();
    let (other_mock, other) = self::client();
    let limiter = Limiter::in_memory();
    let clients = [client.limiter(limiter.clone()), other.limiter(limiter)];
    let start = Virtual::now();
    for number in 0..21 {
        mock.answer(200, YES);
        other_mock.answer(200, YES);
        let sms = SendSmsMessage::new(3941, format!("+4479220214{number:02}"), "Hello");
        clients[number % 2].execute(sms).await.unwrap();
    }
    assert_eq!(start.elapsed().as_secs(), 2);
    assert_eq!(mock.requests().len() + other_mock.requests().len(), 21);
}

#[tokio::test(start_paused = true)]
async fn a_number_that_the_server_finds_busy_rests_and_the_token_slows_down() {
    let (mock, client) = client();
    mock.answer(200, refusal(2007));
    mock.answer(200, YES);
    let start = Virtual::now();
    client.execute(sms()).await.unwrap();
    assert!(start.elapsed() >= Duration::from_millis(1100));

    tokio::time::sleep(Duration::from_secs(1)).await;
    mock.answer(200, refusal(2008));
    let to = |number: usize| SendSmsMessage::new(3941, format!("+4479220215{number:02}"), "Hello");
    mock.answer(200, YES);
    client.execute(to(0)).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let start = Virtual::now();
    for number in 1..=6 {
        mock.answer(200, YES);
        client.execute(to(number)).await.unwrap();
    }
    assert_eq!(start.elapsed().as_secs(), 1, "five a second after the refusal");
}

#[tokio::test(start_paused = true)]
async fn a_send_with_callbacks_carries_an_id_that_comes_back() {
    let (mock, client) = client();
    let mut send = SendWhatsAppTemplate::new(3941, "+44151999999", "order_update", "en");
    mock.fail(cut());
    let error = client.execute(send.clone()).await.unwrap_err();
    assert_eq!(error.send_id(), None, "no callback would bring it back");

    send.webhook_url = Some("https://example.com/acks".to_owned());
    send.webhook_payload = json!({"orderId": "ORD-12345"}).as_object().cloned();
    mock.fail(cut());
    let error = client.execute(send.clone()).await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown);
    let id = error.send_id().expect("an id").clone();

    let sent: Value = serde_json::from_slice(mock.requests().last().unwrap().body()).unwrap();
    let payload = &sent["webhookPayload"];
    assert_eq!(payload[SendId::FIELD], id.as_str());
    let callback = json!({"ok": 1, "mid": "6462", "ack": 1, "webhookPayload": payload}).to_string();
    let callback = DeliveryCallback::from_json(callback.as_bytes()).unwrap();
    assert_eq!(callback.send_id, Some(id.clone()), "this send did go out");
    assert_eq!(callback.webhook_payload, send.webhook_payload);

    mock.fail(cut());
    let other = client.execute(send).await.unwrap_err();
    assert_ne!(other.send_id(), Some(&id), "each send has its own");
}
