//! What the client puts on the wire, judged by an HTTP server that knows nothing of it.

use convrs_client::{
    Client, Command, Error, ErrorCode, ErrorKind, GetMessageDetails, GetUser, Outcome, SendId,
    SendWhatsAppTemplate, TemplateParameter, WebhookHeader, envelope, for_each_command,
};
use serde_json::{Value, json};
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers::any};

use crate::{
    fixtures::examples,
    support::{TOKEN, fixture, transport},
};

/// Executes a command against a server that gives one answer, and hands back what it saw.
async fn execute<C: Command>(
    command: C,
    answer: ResponseTemplate,
) -> (Result<C::Output, Error>, Vec<Request>) {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    let endpoint = format!("{}/api", server.uri()).parse().unwrap();
    let result = Client::over_http(transport(), endpoint, TOKEN).unwrap().execute(command).await;
    (result, server.received_requests().await.unwrap())
}

fn ok(example: &str) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(fixture(example))
}

/// The request is the documented one: as JSON, in its order, in its headers.
async fn documented<C: Command>(command: C, request: &str, answer: &str) -> C::Output {
    let (result, requests) = execute(command, ok(answer)).await;
    let [seen] = requests.as_slice() else { panic!("{} requests", requests.len()) };
    assert_eq!(seen.method.as_str(), "POST");
    assert_eq!(seen.url.path(), "/api");
    assert_eq!(seen.url.query(), None);
    assert_eq!(seen.headers["content-type"], "application/json");
    assert_eq!(seen.headers["accept"], "application/json");
    assert_eq!(seen.headers["accept-encoding"], "identity");
    assert!(seen.headers["user-agent"].to_str().unwrap().starts_with("replykit/"));
    assert!(!seen.headers.contains_key("authorization"));

    let text = std::str::from_utf8(&seen.body).unwrap();
    let start = format!(r#"{{"token":"{TOKEN}","cmd":"{}","#, C::NAME);
    assert!(text.starts_with(&start), "token first, then cmd: {text}");
    assert_eq!(as_written(seen), fixture(request));
    let compact = serde_json::to_string(&seen.body_json::<Value>().unwrap()).unwrap();
    assert_eq!(text.len(), compact.len(), "compact: {text}");
    result.unwrap()
}

/// The request as its caller wrote it: the client adds an id of its own to what comes back in
/// callbacks.
fn as_written(request: &Request) -> Value {
    let mut body: Value = request.body_json().unwrap();
    if body.get("webhookURL").is_some() {
        let payload = body["webhookPayload"].as_object_mut().expect("an id in it");
        let id = payload.remove(SendId::FIELD).expect("an id");
        assert_eq!(id.as_str().unwrap().len(), 32);
        if payload.is_empty() {
            body.as_object_mut().unwrap().remove("webhookPayload");
        }
    }
    body
}

fn template(name: &str) -> SendWhatsAppTemplate {
    SendWhatsAppTemplate::new(3941, "+44151999999", name, "en")
}

#[tokio::test]
async fn get_user_is_the_documented_call() {
    let user = documented(
        GetUser::new("73-tel-615940546"),
        "convrs/14-GetUser-request",
        "convrs/15-GetUser-response",
    )
    .await;
    assert_eq!(user.name.as_deref(), Some("Billy Bob"));
    assert_eq!(user.bot_id.unwrap().get(), 73);
}

#[tokio::test]
async fn send_whatsapp_template_is_the_documented_call() {
    let answer = "convrs/42-SendWhatsAppTemplate-response";
    let sent = documented(
        template("followup_inquiry_request"),
        "convrs/39-SendWhatsAppTemplate-request",
        answer,
    )
    .await;
    assert_eq!(sent.mid.as_str(), "6462d3d8c8b0b08fddc34ca8");
    assert_eq!(sent.country_iso2, "GB");

    let mut send = template("order_confirmation");
    send.parameters =
        Some(vec![TemplateParameter::text("David"), TemplateParameter::text("ORD-12345")]);
    documented(send, "convrs/40-SendWhatsAppTemplate-request", answer).await;

    let mut send = template("order_update");
    send.webhook_url = Some("https://yourserver.com/whatsapp-callback".to_owned());
    send.webhook_payload = json!({"orderId": "ORD-12345"}).as_object().cloned();
    documented(send, "convrs/41-SendWhatsAppTemplate-request", answer).await;
}

#[tokio::test]
async fn get_message_details_is_the_documented_call() {
    let details = documented(
        GetMessageDetails::new("6462d3d8c8b0b08fddc34ca8"),
        "convrs/51-GetMessageDetails-request",
        "convrs/52-GetMessageDetails-response",
    )
    .await;
    assert_eq!(details.ack.code(), 3);
}

/// Sends a documented request through the client, and judges what arrives.
async fn resend<C: Command>(example: &str) {
    let json = fixture(example).to_string();
    let command: C = envelope::decode_request(json.as_bytes()).unwrap();
    let no = json!({"ok": 0, "cmd": C::NAME, "error": "unknown user", "errorCode": 1005});
    let (result, requests) = execute(command, ResponseTemplate::new(200).set_body_json(no)).await;
    assert_eq!(result.err().unwrap().code(), Some(ErrorCode::UnknownUser));
    let [seen] = &requests[..] else { panic!("{} requests", requests.len()) };
    assert_eq!(as_written(seen), fixture(example), "{example}");
    let start = format!(r#"{{"token":"{TOKEN}","cmd":"{}""#, C::NAME);
    assert!(seen.body.starts_with(start.as_bytes()), "{example}: token first, then cmd");
}

macro_rules! resend_by_name {
    ($($command:ty),* $(,)?) => {
        async fn resend_by_name(name: &str, example: &str) {
            match name {
                $(<$command as Command>::NAME => resend::<$command>(example).await,)*
                unknown => panic!("{unknown} is no command"),
            }
        }
    };
}

for_each_command!(resend_by_name);

#[tokio::test]
async fn every_documented_request_leaves_the_client_as_it_is_documented() {
    for example in examples("convrs").iter().filter(|name| name.ends_with("-request")) {
        let name = example.split('-').nth(1).unwrap();
        resend_by_name(name, &format!("convrs/{example}")).await;
    }
}

#[tokio::test]
async fn every_field_of_a_template_goes_out_under_its_documented_name() {
    let mut send = template("order_update");
    send.parameters = Some(vec![TemplateParameter::text("David")]);
    send.header = Some(TemplateParameter::text("Your order"));
    send.agent_email = Some("john@company.com".to_owned());
    send.webhook_url = Some("https://yourserver.com/whatsapp-callback".to_owned());
    send.webhook_payload = json!({"orderId": "ORD-12345"}).as_object().cloned();
    send.webhook_headers = Some(vec![WebhookHeader::new("X-Secret", "s3cret")]);
    send.extra.insert("priority", "high");

    let (_, requests) = execute(send, ok("convrs/42-SendWhatsAppTemplate-response")).await;
    assert_eq!(
        as_written(&requests[0]),
        json!({
            "token": TOKEN,
            "cmd": "SendWhatsAppTemplate",
            "botID": 3941,
            "phone": "+44151999999",
            "language": "en",
            "templateName": "order_update",
            "parameters": [{"type": "text", "text": "David"}],
            "header": {"type": "text", "text": "Your order"},
            "agentEmail": "john@company.com",
            "webhookURL": "https://yourserver.com/whatsapp-callback",
            "webhookPayload": {"orderId": "ORD-12345"},
            "webhookHeaders": [{"name": "X-Secret", "value": "s3cret"}],
            "priority": "high"
        })
    );
}

#[tokio::test]
async fn the_documented_refusals_are_typed_errors() {
    let (user, _) = execute(GetUser::new("unknown"), ok("convrs/02-GetUser-error")).await;
    let error = user.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::UnknownUser));
    assert_eq!(error.outcome(), Outcome::Rejected);
    assert_eq!(
        error.to_string(),
        "GetUser was refused with error 1005, unknown user: look the uid up with GetUsers"
    );

    let (sent, _) =
        execute(template("order_update"), ok("convrs/43-SendWhatsAppTemplate-error")).await;
    let error = sent.unwrap_err();
    let ErrorKind::Api(api) = error.kind() else { panic!("{error:?}") };
    assert_eq!(api.whatsapp.as_ref().unwrap().code, Some(131_047));
    assert_eq!(error.outcome(), Outcome::Rejected);
}

#[tokio::test]
async fn an_invalid_command_makes_no_request() {
    let send = SendWhatsAppTemplate::new(3941, "not a number", "order_update", "en");
    let (result, requests) = execute(send, ok("convrs/42-SendWhatsAppTemplate-response")).await;
    let error = result.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::InvalidPhone));
    assert_eq!(error.outcome(), Outcome::NotSent);
    assert!(requests.is_empty());
}

#[tokio::test]
async fn h19_a_gateway_fault_leaves_a_send_unknown_and_is_not_repeated() {
    let (result, requests) = execute(template("order_update"), ResponseTemplate::new(502)).await;
    let error = result.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Http { status } if status.as_u16() == 502));
    assert_eq!(error.outcome(), Outcome::Unknown);
    assert_eq!(requests.len(), 1);
}

#[tokio::test]
async fn h20_a_redirect_is_not_followed() {
    let elsewhere = MockServer::start().await;
    for (status, outcome) in [(301, Outcome::Unknown), (307, Outcome::Rejected)] {
        let redirect =
            ResponseTemplate::new(status).insert_header("Location", elsewhere.uri().as_str());
        let (result, requests) = execute(template("order_update"), redirect).await;
        assert_eq!(result.unwrap_err().outcome(), outcome, "{status}");
        assert_eq!(requests.len(), 1);
    }
    assert!(elsewhere.received_requests().await.unwrap().is_empty());
}

#[test]
fn clients_and_errors_can_be_shared_and_passed_on() {
    fn shared<T: Clone + Send + Sync + 'static>() {}
    fn passed_on<T: std::error::Error + Send + Sync + 'static>() {}
    shared::<Client>();
    shared::<autoreply_server::AutoReply>();
    passed_on::<Error>();
    passed_on::<convrs_client::transport::TransportError>();
    passed_on::<autoreply_server::Rejection>();
    passed_on::<replykit_sandbox::StartError>();
}
