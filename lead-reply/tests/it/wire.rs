//! What the client puts on the wire, judged by an HTTP server that knows nothing of it.

use lead_reply::{
    Error, LeadId, MessageId, Outcome, RefusalKind, RefusalRule, Replied, SecretPlace, WireFormat,
};
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers::any};

async fn server(status: u16, body: &str) -> MockServer {
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(status).set_body_raw(body.to_owned(), "application/json");
    Mock::given(any()).respond_with(answer).mount(&server).await;
    server
}

async fn only_request(server: &MockServer) -> Request {
    let mut requests = server.received_requests().await.unwrap();
    assert_eq!(requests.len(), 1);
    requests.remove(0)
}

fn line(seen: &Request) -> String {
    let query = seen.url.query().map(|query| format!("?{query}")).unwrap_or_default();
    format!("{} {}{query}", seen.method, seen.url.path())
}

fn body(seen: &Request) -> String {
    String::from_utf8_lossy(&seen.body).into_owned()
}

/// Replies once to the source at this path, and hands back what the server saw.
async fn reply_at(path: &str, wire: WireFormat) -> Request {
    let server = server(200, r#"{"success":true,"message_id":"msg_1"}"#).await;
    let client = crate::client(&format!("{}{path}", server.uri())).wire_format(wire).unwrap();
    client.reply("lead_1", "Hi").await.unwrap();
    only_request(&server).await
}

async fn validate_at(path: &str, wire: WireFormat) -> Request {
    let server = server(200, r#"{"valid":true}"#).await;
    let client = crate::client(&format!("{}{path}", server.uri())).wire_format(wire).unwrap();
    client.validate_connection().await.unwrap();
    only_request(&server).await
}

#[tokio::test]
async fn a_reply_is_the_assumed_call() {
    let server = server(200, r#"{"success":true,"message_id":"msg_1"}"#).await;
    let url = format!("{}/sources/main", server.uri());
    let replied: Replied = crate::client(&url).reply(LeadId::from("lead_1"), "Hi").await.unwrap();
    assert_eq!(replied.message_id, Some(MessageId::from("msg_1")));
    let seen = only_request(&server).await;
    assert_eq!(line(&seen), "POST /sources/main");
    assert_eq!(seen.headers["x-secret-key"], "s3cret");
    assert_eq!(seen.headers["content-type"], "application/json");
    assert_eq!(seen.headers["accept"], "application/json");
    assert!(!seen.headers.contains_key("authorization"));
    assert_eq!(body(&seen), r#"{"lead_id":"lead_1","text":"Hi"}"#);
}

#[tokio::test]
async fn validating_is_the_assumed_call() {
    let seen = validate_at("/sources/main", WireFormat::default()).await;
    assert_eq!(line(&seen), "POST /sources/main/validate");
    assert_eq!(seen.headers["x-secret-key"], "s3cret");
    assert_eq!(body(&seen), "{}");
}

#[tokio::test]
async fn the_url_of_the_source_is_called_as_it_is() {
    let wire = WireFormat::default;
    for (url, reply, validate) in [
        ("", "POST /", "POST /validate"),
        ("/", "POST /", "POST /validate"),
        ("/a/b", "POST /a/b", "POST /a/b/validate"),
        ("/a/b/", "POST /a/b/", "POST /a/b/validate"),
        ("/a?source=7", "POST /a?source=7", "POST /a/validate?source=7"),
        ("/a%2Fb", "POST /a%2Fb", "POST /a%2Fb/validate"),
    ] {
        assert_eq!(line(&reply_at(url, wire()).await), reply, "{url}");
        assert_eq!(line(&validate_at(url, wire()).await), validate, "{url}");
    }
}

#[tokio::test]
async fn a_text_goes_out_as_it_is() {
    let server = server(200, "{}").await;
    let text = "Bună \"ziua\" \\ \u{1f600}\n\u{0}";
    crate::client(&server.uri()).reply("+40712", text).await.unwrap();
    let seen: serde_json::Value =
        serde_json::from_slice(&only_request(&server).await.body).unwrap();
    assert_eq!(seen, serde_json::json!({"lead_id": "+40712", "text": text}));
}

#[tokio::test]
async fn an_answer_that_repeats_a_long_text_is_read() {
    let text = "\u{1}".repeat(300_000);
    let echo = serde_json::json!({"success": true, "text": text}).to_string();
    assert!(echo.len() > 1024 * 1024);
    let server = server(200, &echo).await;
    crate::client(&server.uri()).reply("lead_1", text).await.unwrap();
}

#[tokio::test]
async fn the_secret_can_stand_behind_bearer() {
    let seen = reply_at("/a", WireFormat::default().secret(SecretPlace::Bearer)).await;
    assert_eq!(seen.headers["authorization"], "Bearer s3cret");
    assert!(!seen.headers.contains_key("x-secret-key"));
}

#[tokio::test]
async fn the_secret_can_stand_in_another_header() {
    let place = SecretPlace::Header("Api-Key".to_owned());
    let seen = reply_at("/a", WireFormat::default().secret(place)).await;
    assert_eq!(seen.headers["api-key"], "s3cret");
    assert!(!seen.headers.contains_key("x-secret-key"));
}

#[tokio::test]
async fn the_secret_can_stand_in_the_body() {
    let wire = || WireFormat::default().secret(SecretPlace::Field("auth.key".to_owned()));
    let seen = reply_at("/a", wire()).await;
    assert_eq!(body(&seen), r#"{"auth":{"key":"s3cret"},"lead_id":"lead_1","text":"Hi"}"#);
    assert!(!seen.headers.contains_key("x-secret-key"));
    assert_eq!(body(&validate_at("/a", wire()).await), r#"{"auth":{"key":"s3cret"}}"#);
}

#[tokio::test]
async fn every_name_method_and_path_can_be_another() {
    let wire = WireFormat::default()
        .method("PUT")
        .reply_path("replies")
        .validate_method("GET")
        .validate_path(Some("/check"))
        .lead_field(Some("data.lead.id"))
        .text_field("data.message.body")
        .field("data.channel", "sms")
        .field("version", 2)
        .header("X-Tenant", "7");
    let seen = reply_at("/a", wire.clone()).await;
    assert_eq!(line(&seen), "PUT /a/replies");
    assert_eq!(seen.headers["x-tenant"], "7");
    assert_eq!(
        body(&seen),
        r#"{"data":{"channel":"sms","lead":{"id":"lead_1"},"message":{"body":"Hi"}},"version":2}"#
    );
    let seen = validate_at("/a", wire).await;
    assert_eq!(line(&seen), "GET /a/check");
    assert_eq!(seen.headers["x-tenant"], "7");
    assert!(seen.body.is_empty());
    assert!(!seen.headers.contains_key("content-type"));
}

#[tokio::test]
async fn the_lead_can_stand_in_the_path_and_cannot_climb_out_of_it() {
    let wire = WireFormat::default().reply_path("leads/{lead}/replies").lead_field(None);
    let seen = reply_at("/a", wire.clone()).await;
    assert_eq!(line(&seen), "POST /a/leads/lead_1/replies");
    assert_eq!(body(&seen), r#"{"text":"Hi"}"#);
    let server = server(200, "{}").await;
    let client = crate::client(&server.uri()).wire_format(wire).unwrap();
    client.reply("../../x?y#z", "Hi").await.unwrap();
    let path = "POST /leads/%2E%2E%2F%2E%2E%2Fx%3Fy%23z/replies";
    assert_eq!(line(&only_request(&server).await), path);
}

#[tokio::test]
async fn a_refusal_can_be_told_in_another_way() {
    let file = r#"{
        "code_at": ["/reason"],
        "refusals": [
            {"means": "integration_off", "status": 422, "contains": "not enabled"},
            {"means": "conversation_closed", "code": "E17"}
        ]
    }"#;
    let refused = async |status, body: &str| -> Error {
        let server = server(status, body).await;
        let wire = serde_json::from_str(file).unwrap();
        let client = crate::client(&server.uri()).wire_format(wire).unwrap();
        let error = client.reply("lead_1", "Hi").await.unwrap_err();
        only_request(&server).await;
        assert_eq!(error.outcome(), Outcome::Rejected);
        error
    };
    for (status, body, kind) in [
        (422, "the source is not enabled", RefusalKind::IntegrationOff),
        (422, "", RefusalKind::InvalidRequest),
        (200, r#"{"ok":false,"reason":"E17"}"#, RefusalKind::ConversationClosed),
        (400, r#"{"ok":false,"reason":"e17"}"#, RefusalKind::ConversationClosed),
    ] {
        assert_eq!(refused(status, body).await.refusal().unwrap().kind, kind, "{status} {body}");
    }
}

#[tokio::test]
async fn a_format_that_cannot_be_used_is_refused_at_once() {
    let rule = RefusalRule::new(RefusalKind::Other);
    let client = crate::client("http://127.0.0.1:1/");
    let error = client.wire_format(WireFormat::default().refusal(rule)).unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent);
    assert!(error.to_string().contains("refusals"), "{error}");
}
