use replykit_transport::MockTransport;
use serde_json::json;

use super::*;
use crate::{
    BoxError, ErrorKind, MessageId, ProtocolProblem, RefusalKind, RefusalRule, Secret,
    transport::OperationClass,
};

fn client() -> (Client, MockTransport) {
    let mock = MockTransport::new();
    let url = "https://example.com/hook/1".parse().unwrap();
    let client = Client::over(mock.clone(), url, Secret::new("canary").unwrap()).unwrap();
    (client.seed(1), mock)
}

/// What becomes of a reply to which the service answers this, once.
async fn reply_by(wire: WireFormat, status: u16, body: &str) -> Result<Replied, Error> {
    let (client, mock) = client();
    mock.answer(status, body.to_owned());
    let client = client.wire_format(wire).unwrap().retry_policy(RetryPolicy::never());
    let result = client.reply("lead_1", "Hi").await;
    assert_eq!(mock.requests().len(), 1, "{status} {body}");
    result
}

async fn reply(status: u16, body: &str) -> Result<Replied, Error> {
    reply_by(WireFormat::default(), status, body).await
}

async fn validate(status: u16, body: &str) -> Result<(), Error> {
    let (client, mock) = client();
    mock.answer(status, body.to_owned());
    client.retry_policy(RetryPolicy::never()).validate_connection().await
}

fn kind(error: &Error) -> RefusalKind {
    error.refusal().unwrap_or_else(|| panic!("{error:?}")).kind
}

fn problem(error: &Error) -> ProtocolProblem {
    let ErrorKind::Protocol(problem) = error.kind() else { panic!("{error:?}") };
    *problem
}

#[tokio::test]
async fn every_2xx_that_does_not_say_no_is_a_success() {
    for (status, body) in [
        (200, r#"{"success":true,"message_id":"msg_1"}"#),
        (201, r#"{"ok":1}"#),
        (202, "{}"),
        (204, ""),
        (200, "\u{feff} {\"error\":null,\"errors\":[],\"success\":\"true\"}\n"),
        (200, r#"{"status":"queued","error":false}"#),
    ] {
        reply(status, body).await.unwrap_or_else(|e| panic!("{status} {body}: {e:?}"));
    }
}

#[tokio::test]
async fn a_success_names_its_message_and_keeps_what_else_it_says() {
    let replied = reply(200, r#"{"success":true,"message_id":"msg_1"}"#).await.unwrap();
    assert_eq!(replied.message_id, Some(MessageId::from("msg_1")));
    assert_eq!(replied.extra, [("success".to_owned(), json!(true))].into());
    let replied = reply(200, r#"{"message_id":7}"#).await.unwrap();
    assert_eq!(replied.message_id, Some(MessageId::from("7")));
    // One that cannot be an id is kept as it is.
    let replied = reply(200, r#"{"message_id":[7]}"#).await.unwrap();
    assert_eq!((replied.message_id, replied.extra.len()), (None, 1));
    let wire = WireFormat::default().message_id_at("/data/id");
    let replied = reply_by(wire, 200, r#"{"data":{"id":"m","x":1}}"#).await.unwrap();
    assert_eq!((replied.message_id, replied.extra.len()), (Some("m".into()), 1));
}

#[tokio::test]
async fn a_2xx_that_is_no_object_is_unknown() {
    for (body, expected) in [
        ("<html>It works</html>", ProtocolProblem::NotJson),
        ("OK", ProtocolProblem::NotJson),
        (r#"{"success":true"#, ProtocolProblem::NotJson),
        ("[]", ProtocolProblem::Shape),
        ("null", ProtocolProblem::Shape),
        ("true", ProtocolProblem::Shape),
        ("false", ProtocolProblem::Shape),
    ] {
        let error = reply(200, body).await.unwrap_err();
        assert_eq!((problem(&error), error.outcome()), (expected, Outcome::Unknown), "{body}");
    }
    let wire = WireFormat::default().plain_success("OK");
    assert_eq!(reply_by(wire, 200, " OK\n").await.unwrap().message_id, None);
}

#[tokio::test]
async fn l02_each_refusal_is_told_by_its_code_whatever_the_status() {
    use RefusalKind::*;
    for (code, expected) in [
        ("invalid_secret", BadSecret),
        ("integration_disabled", IntegrationOff),
        ("unknown_lead", UnknownLead),
        ("conversation_closed", ConversationClosed),
        ("lead_not_ready", LeadNotReady),
        ("rate_limited", RateLimited),
        ("text_too_long", TextTooLong),
        ("invalid_request", InvalidRequest),
        ("INVALID_REQUEST", InvalidRequest),
        ("something_else", Other),
    ] {
        for body in [
            json!({"error": {"code": code, "message": "no"}}),
            json!({"success": false, "code": code, "message": "no"}),
            json!({"ok": 0, "error": code}),
        ] {
            for status in [200, 402, 418] {
                let error = reply(status, &body.to_string()).await.unwrap_err();
                assert_eq!(kind(&error), expected, "{status} {body}");
                assert_eq!(error.outcome(), Outcome::Rejected, "{status} {body}");
                let refusal = error.refusal().unwrap();
                assert_eq!(refusal.code.as_deref(), Some(code), "{body}");
                assert!(refusal.message.is_some(), "{body}");
            }
        }
    }
}

#[tokio::test]
async fn l02_each_refusal_is_told_by_its_status_where_there_is_no_code() {
    use RefusalKind::*;
    for (status, expected) in [
        (400, InvalidRequest),
        (401, BadSecret),
        (403, SecretOrOff),
        (404, UnknownLead),
        (409, ConversationClosed),
        (410, ConversationClosed),
        (413, TextTooLong),
        (422, InvalidRequest),
        (429, RateLimited),
    ] {
        for body in ["", "<html>no</html>", r#"{"message":"no"}"#, r#"{"error":"no"}"#, "[]"] {
            let error = reply(status, body).await.unwrap_err();
            assert_eq!(kind(&error), expected, "{status} {body}");
            assert_eq!(error.outcome(), Outcome::Rejected, "{status} {body}");
        }
    }
    for status in [402, 405, 406, 415, 451] {
        let error = reply(status, "").await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Http { .. }), "{error:?}");
        assert_eq!(error.outcome(), Outcome::of_status(error.status().unwrap()), "{status}");
    }
}

#[tokio::test]
async fn l03_a_server_fault_or_a_redirect_is_unknown_whatever_its_body_says() {
    let says_no = [r#"{"error":"no"}"#, r#"{"success":false}"#];
    let says_more = [r#"{"success":true}"#, r#"{"error":{"code":"unknown_lead"}}"#];
    for status in [301, 302, 303, 408, 499, 500, 502, 503, 504, 520, 599] {
        let is_of_a_client = (400..500).contains(&status);
        let says_more = says_more.into_iter().filter(|_| !is_of_a_client);
        for body in says_no.into_iter().chain(says_more).chain([""]) {
            let error = reply(status, body).await.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Http { .. }), "{status} {body}: {error:?}");
            assert_eq!(error.outcome(), Outcome::Unknown, "{status} {body}");
        }
    }
    let moved = reply(307, "").await.unwrap_err();
    assert_eq!(moved.outcome(), Outcome::Rejected);
}

#[tokio::test]
async fn an_answer_that_says_yes_and_no_is_unknown() {
    for (status, body) in [
        (200, r#"{"success":true,"error":"no"}"#),
        (200, r#"{"success":false,"message_id":"msg_1"}"#),
        (200, r#"{"ok":1,"success":false}"#),
        (200, r#"{"status":"failed"}"#),
        (200, r#"{"success":true,"status":"error"}"#),
        (400, r#"{"success":true}"#),
        (404, r#"{"message_id":"msg_1"}"#),
        (429, r#"{"ok":1,"error":"slow"}"#),
    ] {
        let error = reply(status, body).await.unwrap_err();
        assert_eq!(problem(&error), ProtocolProblem::Conflict, "{status} {body}");
        assert_eq!((error.outcome(), error.is_transient()), (Outcome::Unknown, false));
    }
    assert_eq!(
        kind(&reply(400, r#"{"status":"error"}"#).await.unwrap_err()),
        RefusalKind::InvalidRequest
    );
}

#[tokio::test]
async fn rules_of_the_user_come_first_and_in_their_order() {
    let wire = WireFormat::default()
        .code_at("/reason")
        .refusal(RefusalRule::new(RefusalKind::LeadNotReady).status(409).contains("not ready"))
        .refusal(RefusalRule::new(None).status(409))
        .refusal(RefusalRule::new(RefusalKind::Transient).status(503).code("maintenance"))
        .refusal(RefusalRule::new(RefusalKind::ConversationClosed).status(200).contains("closed"))
        .refusal(RefusalRule::new(RefusalKind::UnknownLead).code("E7"));
    for (status, body, expected) in [
        (409, "the lead is not ready", Some(RefusalKind::LeadNotReady)),
        (409, "", None),
        (503, r#"{"reason":"maintenance"}"#, Some(RefusalKind::Transient)),
        (503, "", None),
        (200, r#"{"note":"it is closed"}"#, Some(RefusalKind::ConversationClosed)),
        (403, r#"{"reason":"E7"}"#, Some(RefusalKind::UnknownLead)),
        (500, r#"{"reason":"E7"}"#, None),
        (401, "", Some(RefusalKind::BadSecret)),
    ] {
        let error = reply_by(wire.clone(), status, body).await.unwrap_err();
        assert_eq!(error.refusal().map(|refusal| refusal.kind), expected, "{status} {body}");
        let outcome = if expected.is_some() { Outcome::Rejected } else { Outcome::Unknown };
        assert_eq!(error.outcome(), outcome, "{status} {body}");
    }
    // A rule without a status does not make a refusal of a success.
    assert!(reply_by(wire, 200, r#"{"reason":"E7"}"#).await.is_ok());
}

#[tokio::test]
async fn validating_is_refused_for_the_secret_and_for_nothing_about_a_lead() {
    validate(200, r#"{"valid":true}"#).await.unwrap();
    validate(204, "").await.unwrap();
    for (status, body, expected) in [
        (401, "", Some(RefusalKind::BadSecret)),
        (403, "", Some(RefusalKind::SecretOrOff)),
        (200, r#"{"valid":false}"#, Some(RefusalKind::BadSecret)),
        (200, r#"{"ok":0,"code":"integration_disabled"}"#, Some(RefusalKind::IntegrationOff)),
        (200, r#"{"valid":false,"code":"invalid_secret"}"#, Some(RefusalKind::BadSecret)),
        (404, "", None),
        (410, "", None),
    ] {
        let error = validate(status, body).await.unwrap_err();
        assert_eq!(error.refusal().map(|refusal| refusal.kind), expected, "{status} {body}");
        assert_eq!(error.outcome(), Outcome::Rejected, "{status} {body}");
    }
    let error = validate(200, "<html>").await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown);
}

#[tokio::test]
async fn what_cannot_succeed_is_not_sent() {
    let (client, mock) = client();
    for (lead, text) in [("", "Hi"), (" ", "Hi"), ("lead_1", ""), ("lead_1", " \n")] {
        let error = client.reply(lead, text).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Invalid(_)), "{error:?}");
        assert_eq!((error.outcome(), error.attempts()), (Outcome::NotSent, 0));
    }
    let none = client.wire_format(WireFormat::default().validate_path(None)).unwrap();
    let error = none.validate_connection().await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent);
    assert!(error.to_string().contains("validate_path"), "{error}");
    assert!(mock.requests().is_empty());
}

#[tokio::test]
async fn a_secret_that_no_header_carries_is_not_sent_but_in_a_field() {
    let mock = MockTransport::new();
    let secret = Secret::new("clé").unwrap();
    let client =
        Client::over(mock.clone(), "https://example.com".parse().unwrap(), secret).unwrap();
    let error = client.reply("lead_1", "Hi").await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent);
    assert!(error.to_string().contains("visible ASCII"), "{error}");
    let field = WireFormat::default().secret(crate::SecretPlace::Field("key".to_owned()));
    mock.answer(200, "{}");
    client.wire_format(field).unwrap().reply("lead_1", "Hi").await.unwrap();
    assert_eq!(mock.requests().len(), 1);
}

#[tokio::test]
async fn a_url_that_a_secret_must_not_go_to_is_refused() {
    for url in ["http://example.com/hook", "/hook", "https://user:pw@example.com/", "ftp://x/"] {
        let secret = Secret::new("canary").unwrap();
        let error = Client::over(MockTransport::new(), url.parse().unwrap(), secret).unwrap_err();
        assert_eq!(error.outcome(), Outcome::NotSent, "{url}");
        assert!(!format!("{error} {error:?}").contains("pw"), "{error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_reply_is_repeated_only_where_it_provably_did_not_go_out() {
    assert_eq!(client().0.reply("lead_1", "Hi").operation.class(), OperationClass::Send);
    let (client, mock) = client();
    mock.answer(429, "");
    mock.fail(TransportError::new(Phase::Connect, TransportErrorKind::Connect, "refused"));
    mock.answer(200, "{}");
    client.reply("lead_1", "Hi").await.unwrap();
    assert_eq!(mock.requests().len(), 3);
    for fault in [
        TransportError::new(Phase::Exchange, TransportErrorKind::Timeout, "late"),
        TransportError::new(Phase::Body, TransportErrorKind::Interrupted, "cut"),
    ] {
        mock.fail(fault);
        let error = client.reply("lead_1", "Hi").await.unwrap_err();
        assert_eq!((error.outcome(), error.attempts()), (Outcome::Unknown, 1));
        assert!(error.is_transient());
    }
    mock.answer(503, "");
    let error = client.reply("lead_1", "Hi").await.unwrap_err();
    assert_eq!((error.outcome(), error.attempts()), (Outcome::Unknown, 1));
    // To validate changes nothing, so it may be repeated in doubt.
    mock.answer(503, "");
    mock.fail(TransportError::new(Phase::Exchange, TransportErrorKind::Interrupted, "cut"));
    mock.answer(200, r#"{"valid":true}"#);
    client.validate_connection().await.unwrap();
}

/// A client of `first`, whose provider then gives `newer`.
fn client_of_two(newer: impl SecretProvider) -> (Client, MockTransport) {
    struct Two<P>(P);
    #[async_trait::async_trait]
    impl<P: SecretProvider> SecretProvider for Two<P> {
        async fn secret(&self) -> Result<Secret, BoxError> {
            Ok(Secret::new("first")?)
        }
        async fn newer_than(&self, _: &Secret) -> Result<Option<Secret>, BoxError> {
            self.0.secret().await.map(Some)
        }
    }
    let mock = MockTransport::new();
    let url = "https://example.com/".parse().unwrap();
    (Client::over(mock.clone(), url, Two(newer)).unwrap().seed(1), mock)
}

#[tokio::test(start_paused = true)]
async fn l01_a_refusal_for_the_secret_does_not_settle_the_attempt_before_it() {
    let (client, mock) = client_of_two(Secret::new("second").unwrap());
    mock.answer(503, "");
    mock.answer(401, "");
    mock.answer(401, "");
    let error = client.validate_connection().await.unwrap_err();
    assert_eq!(kind(&error), RefusalKind::BadSecret);
    assert_eq!((error.outcome(), error.attempts()), (Outcome::Unknown, 3));
    assert!(error.to_string().contains("may have been carried out"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn l01_a_provider_that_never_answers_ends_with_the_call() {
    let (client, mock) = client_of_two(std::future::pending);
    mock.answer(401, "");
    let start = Instant::now();
    let error = client.reply("lead_1", "Hi").deadline(Duration::from_secs(7)).await.unwrap_err();
    assert_eq!(start.elapsed(), Duration::from_secs(7));
    assert_eq!((kind(&error), error.outcome()), (RefusalKind::BadSecret, Outcome::Rejected));
    assert!(error.secret_error().unwrap().cause().is_none());
}

#[tokio::test]
async fn nothing_that_is_sent_or_answered_is_shown() {
    let hides = |shown: String| assert!(!shown.contains("canary"), "{shown}");
    let (client, mock) = client();
    let wire = WireFormat::default().header("X-Note", "canary").field("note", "canary");
    let client = client.wire_format(wire).unwrap().retry_policy(RetryPolicy::never());
    hides(format!("{client:?} {client:#?}"));
    hides(format!("{:?}", client.reply("canary", "canary")));
    for (status, body) in [
        (400, r#"{"error":{"code":"canary","message":"canary"}}"#),
        (401, r#"{"error":"canary"}"#),
        (500, "<html>canary"),
        (200, "canary"),
        (200, r#"{"success":false,"message":"canary"}"#),
        (200, r#"{"success":true,"message_id":["canary"],"canary":"canary"}"#),
    ] {
        mock.answer(status, body);
        match client.reply("canary", "canary").await {
            Ok(replied) => hides(format!("{replied:?} {replied:#?}")),
            Err(error) => {
                hides(format!("{error} {error:?} {error:#?} {:?}", error.kind()));
                assert!(error.excerpt().unwrap().contains("canary"));
            }
        }
    }
}
