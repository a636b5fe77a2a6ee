use std::{error::Error as _, time::Instant};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, StatusCode, header};
use replykit_transport::{
    Body, CallOptions, Connection, MockTransport, Phase, TransportError, TransportErrorKind,
};
use serde_json::{Value, json};

use super::*;
use crate::{
    ErrorCode, ErrorKind, GetMessageDetails, GetUser, GetUsers, Outcome, ProtocolProblem,
    SendWhatsAppTemplate,
};

const ENDPOINT: &str = "https://data.conv.rs/api";
const YES: &str = r#"{"ok":1,"cmd":"SendWhatsAppTemplate","mid":"6462"}"#;
const NO: &str = r#"{"ok":0,"cmd":"SendWhatsAppTemplate","error":"no","errorCode":1015}"#;

fn client() -> (MockTransport, Client) {
    let mock = MockTransport::new();
    let client = Client::over_http(mock.clone(), ENDPOINT.parse().unwrap(), "t0ken").unwrap();
    (mock, client)
}

fn template() -> SendWhatsAppTemplate {
    SendWhatsAppTemplate::new(3941, "+44151999999", "order_update", "en")
}

/// The error of an attempt to send that is answered like this.
async fn failure(status: u16, body: &'static str) -> Error {
    let (mock, client) = client();
    mock.answer(status, body);
    client.retry_policy(RetryPolicy::never()).execute(template()).await.unwrap_err()
}

#[tokio::test]
async fn a_command_is_posted_as_json_to_the_endpoint() {
    let (mock, client) = client();
    mock.answer(200, YES);
    let receipt = client.execute(template()).await.unwrap();
    assert_eq!(receipt.mid.as_str(), "6462");

    let requests = mock.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].method(), Method::POST);
    assert_eq!(requests[0].uri(), ENDPOINT);
    assert_eq!(requests[0].headers()[header::CONTENT_TYPE], "application/json");
    assert_eq!(requests[0].headers()[header::ACCEPT], "application/json");
    assert_eq!(requests[0].headers().len(), 2);
    let body: Value = serde_json::from_slice(requests[0].body()).unwrap();
    assert_eq!(
        body,
        json!({
            "token": "t0ken", "cmd": "SendWhatsAppTemplate", "botID": 3941,
            "phone": "+44151999999", "templateName": "order_update", "language": "en"
        })
    );
}

#[tokio::test]
async fn nothing_is_sent_before_the_call_is_awaited() {
    let (mock, client) = client();
    mock.answer(200, YES);
    let call = client.execute(template());
    assert!(mock.requests().is_empty());
    let future = call.into_future();
    assert!(mock.requests().is_empty());
    future.await.unwrap();
    assert_eq!(mock.requests().len(), 1);
}

#[tokio::test]
async fn an_invalid_command_is_not_sent_and_has_the_servers_code() {
    let (mock, client) = client();
    let mut no_bot = template();
    no_bot.bot_id = crate::BotId::default();
    let mut no_name = template();
    no_name.template_name.clear();
    for (command, code) in [
        (no_bot, ErrorCode::MissingBotId),
        (no_name, ErrorCode::MissingTemplateName),
        (SendWhatsAppTemplate::new(1, "1234", "t", "en"), ErrorCode::InvalidPhoneLength),
    ] {
        let error = client.execute(command).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Invalid(_)), "{error:?}");
        assert_eq!(error.outcome(), Outcome::NotSent);
        assert_eq!(error.code(), Some(code));
    }
    let error = client.execute(GetMessageDetails::new("")).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::UnknownMessage));
    assert!(mock.requests().is_empty());
}

#[tokio::test]
async fn a_transport_failure_keeps_its_phase_and_outcome() {
    for (phase, kind, outcome) in [
        (Phase::Prepare, TransportErrorKind::Invalid, Outcome::NotSent),
        (Phase::Connect, TransportErrorKind::Tls, Outcome::NotSent),
        (Phase::Exchange, TransportErrorKind::Timeout, Outcome::Unknown),
        (Phase::Body, TransportErrorKind::TooLarge, Outcome::Unknown),
    ] {
        let (mock, client) = client();
        mock.fail(TransportError::new(phase, kind, "it broke").with_source("the cause"));
        let error = client.execute(template()).await.unwrap_err();
        assert_eq!(error.outcome(), outcome);
        assert_eq!(error.code(), None);
        assert_eq!(error.to_string(), "it broke");
        assert_eq!(error.source().unwrap().to_string(), "the cause");
        let ErrorKind::Transport(transport) = error.kind() else { panic!("{error:?}") };
        assert_eq!((transport.phase(), transport.kind()), (phase, kind));
        assert_eq!(mock.requests().len(), 1);
    }
}

#[tokio::test]
async fn h11_the_content_type_of_an_answer_does_not_matter() {
    let (mock, client) = client();
    let mut response = http::Response::new(YES.into());
    let html = header::HeaderValue::from_static("text/html");
    response.headers_mut().insert(header::CONTENT_TYPE, html);
    mock.respond(response);
    assert!(client.execute(template()).await.is_ok());
}

#[tokio::test]
async fn h16_an_envelope_that_says_no_counts_under_any_status() {
    for status in [302, 400, 401, 404, 429, 500, 503] {
        let error = failure(status, NO).await;
        assert_eq!(error.code(), Some(ErrorCode::UnknownBot), "{status}");
        assert_eq!(error.outcome(), Outcome::Rejected, "{status}");
    }
    let error = failure(400, r#"{"ok":0,"cmd":"GetUser","errorCode":1005}"#).await;
    assert_eq!(error.outcome(), Outcome::Unknown, "it answers another command");
}

#[tokio::test]
async fn h16_an_envelope_that_says_yes_under_another_status_is_unknown() {
    for status in [302, 400, 404, 500, 503] {
        let error = failure(status, YES).await;
        let ErrorKind::Protocol(protocol) = error.kind() else { panic!("{error:?}") };
        let expected = StatusCode::from_u16(status).unwrap();
        assert_eq!(protocol.problem(), &ProtocolProblem::Conflict { status: expected });
        assert_eq!(error.outcome(), Outcome::Unknown);
        assert_eq!(error.evidence_mid().unwrap().as_str(), "6462");
    }
}

#[tokio::test]
async fn h16_half_an_envelope_under_a_refusing_status_is_no_refusal() {
    for (body, mid) in [
        (r#"{"ok":1,"cmd":"SendWhatsAppTemplate","mid":"6462"}<br>Warning"#, Some("6462")),
        (r#"{"ok":1,"mid":"6462","ok":0}"#, Some("6462")),
        (r#"{"ok":2,"mid":"6462"}"#, Some("6462")),
        (r#"{"mid":"6462"}"#, Some("6462")),
        (r#"{"ok":1,"mid":"6462","error":"\ud83d"}"#, Some("6462")),
        (r#"{"ok":1,"cmd":"SendWhatsAppTemplate","mi"#, None),
        (r#"{"ok":2}"#, None),
    ] {
        for status in [302, 400, 404, 422, 500] {
            let error = failure(status, body).await;
            assert_eq!(error.outcome(), Outcome::Unknown, "{status} {body}");
            assert_eq!(error.evidence_mid().map(|m| m.as_str()), mid, "{status} {body}");
        }
    }
}

#[tokio::test]
async fn h12_half_an_emoji_costs_neither_a_reply_nor_a_refusal() {
    let (mock, client) = client();
    mock.answer(200, r#"{"ok":1,"data":{"uid":"73-tel-1","name":"Billy \ud83d"}}"#);
    let user = client.execute(GetUser::new("73-tel-1")).await.unwrap();
    assert_eq!(user.name.as_deref(), Some("Billy \u{fffd}"));

    let error = failure(200, r#"{"ok":0,"errorCode":1006,"error":"\ud83d"}"#).await;
    assert_eq!(error.outcome(), Outcome::Rejected);

    mock.answer(200, &b"{\"ok\":1,\"data\":{\"uid\":\"73-tel-1\",\"name\":\"Andr\xe9\"}}"[..]);
    let user = client.execute(GetUser::new("73-tel-1")).await.unwrap();
    assert_eq!(user.name.as_deref(), Some("Andr\u{fffd}"));

    let callback = br#"{"ok":1,"mid":"6462","ack":2,"webhookPayload":{"note":"\ud83d"}}"#;
    assert!(crate::DeliveryCallback::from_json(callback).is_ok());
}

#[tokio::test]
async fn an_ambiguous_refusal_that_names_a_message_gives_it_as_evidence() {
    let error = failure(200, r#"{"ok":0,"errorCode":2003,"mid":"6462"}"#).await;
    assert_eq!(error.outcome(), Outcome::Unknown);
    assert_eq!(error.evidence_mid().unwrap().as_str(), "6462");
}

#[tokio::test]
async fn h17_h18_a_bare_status_that_refuses_is_rejected() {
    for status in [
        400, 401, 403, 404, 405, 406, 410, 411, 413, 414, 415, 417, 421, 422, 425, 429, 431, 501,
        505,
    ] {
        let error = failure(status, "<html>no</html>").await;
        assert_eq!(http_status(&error), status);
        assert_eq!(error.outcome(), Outcome::Rejected, "{status}");
        assert!(error.to_string().contains(&status.to_string()), "{error}");
    }
}

#[tokio::test]
async fn h19_a_bare_status_that_may_hide_a_send_is_unknown() {
    for status in [301, 302, 408, 409, 499, 500, 502, 503, 504, 520, 599] {
        for body in ["", "<html>oops</html>", r#"{"detail":"oops"}"#] {
            let error = failure(status, body).await;
            assert_eq!(http_status(&error), status);
            assert_eq!(error.outcome(), Outcome::Unknown, "{status}");
        }
    }
}

fn http_status(error: &Error) -> u16 {
    match error.kind() {
        ErrorKind::Http { status } => status.as_u16(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_success_without_an_envelope_is_unknown() {
    for status in [200, 201, 204] {
        let error = failure(status, "").await;
        assert!(matches!(error.kind(), ErrorKind::Protocol(_)), "{error:?}");
        assert_eq!(error.outcome(), Outcome::Unknown);
    }
}

#[test]
fn an_endpoint_that_would_show_the_token_is_refused() {
    let connect =
        |url: &str| Client::over_http(MockTransport::new(), url.parse().unwrap(), "t0ken");
    for url in ["http://data.conv.rs/api", "http://10.0.0.1/", "https://u:p@conv.rs/", "/api"] {
        let error = connect(url).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Transport(_)), "{error:?}");
        assert_eq!(error.outcome(), Outcome::NotSent, "{url}");
    }
    assert!(connect("http://127.0.0.1:4010/convrs/api").is_ok());
    assert!(connect("https://data.conv.rs/api").is_ok());
}

/// Keeps the options that the transport was given.
#[derive(Debug, Clone, Default)]
struct OptionsOf(Arc<std::sync::Mutex<Vec<CallOptions>>>);

#[async_trait]
impl HttpTransport for OptionsOf {
    async fn send(
        &self,
        _: http::Request<Body>,
        options: &CallOptions,
    ) -> Result<http::Response<Bytes>, TransportError> {
        self.0.lock().unwrap().push(options.clone());
        Ok(http::Response::new("{}".into()))
    }
}

#[tokio::test]
async fn a_send_takes_a_fresh_connection_and_a_list_more_time_and_room() {
    let seen = OptionsOf::default();
    let client = Client::over_http(seen.clone(), ENDPOINT.parse().unwrap(), "t0ken").unwrap();
    let start = Instant::now();
    let _ = client.execute(template()).await;
    let _ = client.execute(GetUser::new("73-tel-615940546")).await;
    let _ = client.execute(template()).deadline(Duration::from_secs(500)).await;
    let _ = client.execute(GetUsers::new()).await;

    let seen = seen.0.lock().unwrap();
    let (fresh, pooled, mib) = (Connection::Fresh, Connection::Pooled, 1024 * 1024);
    let expected = [(fresh, 30, mib), (pooled, 15, mib), (fresh, 500, mib), (pooled, 60, 64 * mib)];
    assert_eq!(seen.len(), expected.len());
    for (options, (connection, seconds, max_body)) in seen.iter().zip(expected) {
        let time = options.deadline - start;
        assert!(time >= Duration::from_secs(seconds), "{time:?}");
        assert!(time < Duration::from_secs(seconds + 10), "{time:?}");
        assert_eq!((options.connection, options.max_body), (connection, max_body));
    }
}

#[tokio::test]
async fn a_list_comes_item_by_item_by_callback_and_by_iterator() {
    const LIST: &str =
        r#"{"ok":1,"cmd":"GetUsers","data":[{"uid":"73-tel-1"},5,{"uid":"73-tel-3"}]}"#;
    let (mock, client) = client();
    mock.answer(200, LIST);
    let mut users = Vec::new();
    let seen = client.execute(GetUsers::new()).each(|user| users.push(user)).await.unwrap();
    assert_eq!(seen, 3);
    assert_eq!(users[0], Ok(crate::User::new("73-tel-1")));
    assert_eq!(users[1].as_ref().unwrap_err().index(), 1);

    mock.answer(200, LIST);
    let items = client.execute(GetUsers::new()).iter().await.unwrap();
    assert_eq!(items.collect::<Vec<_>>(), users);

    mock.answer(200, r#"{"ok":0,"cmd":"GetUsers","errorCode":1001}"#);
    let error = client.execute(GetUsers::new()).each(|_| panic!("an item")).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::InvalidToken));
    mock.answer(404, "<html>");
    let error = client.execute(GetUsers::new()).iter().await.unwrap_err();
    assert_eq!(http_status(&error), 404);
}

#[tokio::test]
async fn a_carrier_of_ones_own_gets_the_whole_frame() {
    #[derive(Debug)]
    struct Echo;
    #[async_trait]
    impl Exchange for Echo {
        async fn exchange(&self, frame: &Frame) -> Result<Bytes, Error> {
            assert_eq!((frame.name, frame.class), ("GetUser", OperationClass::Read));
            assert_eq!(frame.json, r#"{"token":"t0ken","cmd":"GetUser","uid":"73-tel-1"}"#);
            Ok(r#"{"ok":1,"data":{"uid":"73-tel-1"}}"#.into())
        }
    }
    let client = Client::over(Echo, "t0ken").clone();
    let user = client.execute(GetUser::new("73-tel-1")).await.unwrap();
    assert_eq!(user, crate::User::new("73-tel-1"));
}

#[test]
fn clients_calls_and_errors_cross_threads() {
    fn send<T: Send>(_: T) {}
    fn shared<T: Clone + Send + Sync + 'static>() {}
    fn shared_item<T: Send + Sync>() {}
    fn error<T: std::error::Error + Send + Sync + 'static>() {}
    shared::<Client>();
    error::<Error>();
    error::<Invalid>();
    error::<crate::ApiError>();
    error::<crate::ProtocolError>();
    let (_, client) = client();
    send(client.execute(template()).into_future());
    send(client.execute(GetUsers::new()).each(drop));
    send(client.execute(GetUsers::new()).iter());
    shared_item::<ItemsIter<'static, crate::User>>();
}
