//! Nothing that is printed holds a secret or personal data.

use std::fmt::{Debug, Display};

use http::StatusCode;
use replykit_transport::{MockTransport, Phase, TransportError, TransportErrorKind};
use serde_json::{Map, Value, json};

use crate::{
    Ack, ApiError, Client, Deliveries, DeliveryCallback, Error, ErrorCode, ErrorKind, Event,
    FlatMessage, GetConversation, GetMessageDetails, GetUser, Message, MessageDetails,
    MessageReceipt, OpenConversation, PhoneNumber, ProtocolProblem, SendMessage, SendSmsMessage,
    SendTextMessage, SendWhatsAppTemplate, SetUserData, SetUserEmail, SetUserName, SetUserNotes,
    SetUserPhone, TemplateParameter, Token, Uid, User, WaitError, WebhookHeader, WhatsAppError,
    envelope,
};

const CANARY: &str = "c4n4ry";
/// A canary that passes the check of a phone number.
const NUMBER: &str = "+447922021419";

fn assert_silent(shown: &str) {
    assert!(!shown.contains(CANARY), "{shown}");
    assert!(!shown.contains("792202"), "{shown}");
}

fn check(value: &dyn Debug) {
    assert_silent(&format!("{value:?}"));
    assert_silent(&format!("{value:#?}"));
}

fn check_error(error: &(dyn std::error::Error + 'static)) {
    let mut next = Some(error);
    while let Some(error) = next {
        check(&error);
        assert_silent(&(error as &dyn Display).to_string());
        next = error.source();
    }
}

fn check_failure(error: &Error) {
    check_error(error);
    match error.kind() {
        ErrorKind::Invalid(inner) => check_error(inner),
        ErrorKind::Transport(inner) => check_error(inner),
        ErrorKind::Api(inner) => check_error(inner),
        ErrorKind::Protocol(inner) => check_error(inner),
        ErrorKind::Malformed(inner) => check_error(inner),
        ErrorKind::Truncated(inner) => check_error(inner),
        ErrorKind::Http { .. } => {}
    }
    check(error.kind());
}

fn object() -> Map<String, Value> {
    json!({"key": CANARY}).as_object().unwrap().clone()
}

fn template() -> SendWhatsAppTemplate {
    let mut send = SendWhatsAppTemplate::new(3941, NUMBER, "order_update", "en");
    send.parameters = Some(vec![
        TemplateParameter::text(CANARY),
        TemplateParameter::Raw(json!({"type": "image", "image": {"link": CANARY}})),
    ]);
    send.header = Some(TemplateParameter::text(CANARY));
    send.agent_email = Some(format!("{CANARY}@example.com"));
    send.webhook_url = Some(format!("https://example.com/{CANARY}"));
    send.webhook_payload = Some(object());
    send.webhook_headers = Some(vec![
        WebhookHeader::new("X-Secret", CANARY),
        WebhookHeader::Raw(json!({"X-Secret": CANARY})),
    ]);
    send.extra.insert("new", CANARY);
    send
}

#[test]
fn deliveries_show_no_personal_data() {
    let mut callback =
        DeliveryCallback::new("6462", format!("3941-wa3-{NUMBER}"), 3941, Ack::Failed);
    callback.webhook_payload = Some(object());
    callback.whatsapp_error_desc = Some(CANARY.to_owned());
    let deliveries = Deliveries::new();
    check(&deliveries.record(&callback));
    check(&deliveries);
    let state = deliveries.state(&"6462".into()).unwrap();
    check(&state);
    for error in
        [WaitError::Failed(Box::new(state.clone())), WaitError::TimedOut(Some(Box::new(state)))]
    {
        check_error(&error);
    }
}

#[test]
fn commands_show_no_personal_data() {
    check(&template());
    check(&template().parameters);
    check(&template().header);
    check(&template().webhook_headers);
    let mut get = GetUser::new(format!("3941-wa3-{CANARY}"));
    get.extra.insert(CANARY, CANARY);
    check(&get);
    let mut details = GetMessageDetails::new("6462");
    details.extra.insert("new", CANARY);
    check(&details);
    check(&PhoneNumber::from(NUMBER));
    check(&PhoneNumber::from(NUMBER).e164());
    check(&Uid::from(CANARY));
}

#[test]
fn replies_and_callbacks_show_no_personal_data() {
    let mut user = json!({"uid": CANARY, "phone": NUMBER, "new": CANARY});
    for field in ["name", "first_name", "last_name", "notes", "email", "url"] {
        user[field] = CANARY.into();
    }
    check(&serde_json::from_value::<User>(user).unwrap());

    let mut receipt = MessageReceipt::new("6462");
    receipt.phone_number = NUMBER.into();
    receipt.uid = CANARY.into();
    receipt.extra.insert("new", CANARY);
    check(&receipt);

    let mut details = MessageDetails::new(CANARY, 3941, Ack::Failed);
    details.whatsapp_error_desc = Some(CANARY.to_owned());
    check(&details);

    let mut callback = DeliveryCallback::new("6462", CANARY, 3941, Ack::Failed);
    callback.webhook_payload = Some(object());
    callback.whatsapp_error_desc = Some(CANARY.to_owned());
    callback.extra.insert("new", CANARY);
    check(&callback);
    check(&WhatsAppError::new(131_047, CANARY));
}

#[test]
fn a_client_and_its_parts_show_no_secret() {
    let endpoint = format!("https://example.com/{CANARY}?token={CANARY}").parse().unwrap();
    let client = Client::over_http(MockTransport::new(), endpoint, CANARY).unwrap();
    check(&client);
    check(&client.execute(template()));
    check(&Token::from(CANARY));
    let request = format!(r#"{{"token":"{CANARY}","cmd":"GetUser"}}"#);
    check(&envelope::RequestHead::decode(request.as_bytes()).unwrap());
}

#[test]
fn a_frame_on_its_way_shows_no_secret() {
    #[derive(Debug)]
    struct Inspect;
    #[async_trait::async_trait]
    impl crate::Exchange for Inspect {
        async fn exchange(&self, frame: &crate::Frame) -> Result<bytes::Bytes, Error> {
            assert!(frame.json.windows(CANARY.len()).any(|w| w == CANARY.as_bytes()));
            check(frame);
            Ok(r#"{"ok":1,"mid":"6462"}"#.into())
        }
    }
    let client = Client::over(Inspect, CANARY);
    let run = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    run.block_on(client.execute(template()).into_future()).unwrap();
}

#[tokio::test]
async fn no_failure_shows_a_secret_or_personal_data() {
    let refused = format!(
        r#"{{"ok":0,"error":"{CANARY} {NUMBER}","errorCode":3002,"whatsappErrorCode":1,
            "whatsappErrorDesc":"{CANARY}","data":"{CANARY}"}}"#
    );
    let unreadable = format!(r#"{{"ok":1,"mid":[],"phoneNumber":"{NUMBER}","x":"{CANARY}"}}"#);
    let done = format!(r#"{{"ok":1,"mid":"6462","uid":"{CANARY}"}}"#);
    for (status, body) in [
        (200, refused.clone()),
        (400, refused),
        (200, format!(r#"{{"ok":0,"error":"{CANARY}"}}"#)),
        (200, format!(r#"{{"ok":"{CANARY}"}}"#)),
        (200, format!(r#"{{"ok":1,"cmd":"{CANARY}"}}"#)),
        (200, unreadable),
        (200, format!("<html>{CANARY} {NUMBER}</html>")),
        (500, done),
        (502, CANARY.to_owned()),
    ] {
        let mock = MockTransport::new();
        mock.answer(status, body);
        check_failure(&execute(&mock, template()).await);
    }

    let mock = MockTransport::new();
    mock.fail(TransportError::new(Phase::Exchange, TransportErrorKind::Timeout, "timed out"));
    check_failure(&execute(&mock, template()).await);
}

#[tokio::test]
async fn no_rule_repeats_the_value_that_breaks_it() {
    let broken: [fn(&mut SendWhatsAppTemplate); 7] = [
        |send| send.phone = CANARY.into(),
        |send| send.phone = format!("{NUMBER}792202").into(),
        |send| send.agent_email = Some(CANARY.to_owned()),
        |send| send.webhook_url = Some(format!("https://{CANARY}:{CANARY}@example.com/")),
        |send| send.webhook_headers = Some(vec![WebhookHeader::new(CANARY, "\n")]),
        |send| send.webhook_headers = Some(vec![WebhookHeader::new("X", format!("{CANARY}\n"))]),
        |send| send.extra.insert("phone", CANARY),
    ];
    for break_it in broken {
        let mut send = template();
        break_it(&mut send);
        let error = execute(&MockTransport::new(), send).await;
        assert!(matches!(error.kind(), ErrorKind::Invalid(_)), "{error:?}");
        check_failure(&error);
    }
}

#[test]
fn every_kind_of_error_is_silent_by_construction() {
    let mut refusal = ApiError::new("GetUser", ErrorCode::Other(4711));
    refusal.message = CANARY.to_owned();
    refusal.whatsapp = Some(WhatsAppError::new(7, CANARY));
    check_failure(&refusal.into());
    for problem in [
        ProtocolProblem::NotJson,
        ProtocolProblem::BadOk,
        ProtocolProblem::Mismatch,
        ProtocolProblem::Conflict { status: StatusCode::BAD_GATEWAY },
        ProtocolProblem::Data,
    ] {
        check_failure(&Error::protocol(problem, format!("{CANARY} {NUMBER}").as_bytes()));
    }
    check_failure(&Error::new(ErrorKind::Http { status: StatusCode::BAD_GATEWAY }));
}

async fn execute(mock: &MockTransport, command: SendWhatsAppTemplate) -> Error {
    let endpoint = "https://data.conv.rs/api".parse().unwrap();
    // With the same ids of sends every time: one by chance may look like the number.
    let client = Client::over_http(mock.clone(), endpoint, CANARY).unwrap().seed(1);
    client.execute(command).await.unwrap_err()
}

#[test]
fn commands_show_no_name_number_or_text() {
    let mut sms = SendSmsMessage::new(3941, NUMBER, CANARY);
    sms.agent_email = Some(CANARY.to_owned());
    check(&sms);
    let mut routed = SendMessage::new(NUMBER, "welcome");
    routed.message = Some(CANARY.to_owned());
    routed.userdata = Some(object());
    check(&routed);
    check(&SendTextMessage::new(CANARY, CANARY));
    check(&SetUserData::new(CANARY, object()));
    check(&SetUserName::new(CANARY, CANARY));
    check(&SetUserEmail::new(CANARY, CANARY));
    check(&SetUserNotes::new(CANARY, CANARY));
    check(&SetUserPhone::new(CANARY, NUMBER));
    check(&GetConversation::new(CANARY));
}

#[test]
fn conversations_and_events_show_no_name_number_or_text() {
    let message = json!({
        "cid": "1", "id": "1", "uid": CANARY, "email": CANARY, "name": CANARY, "phone": NUMBER,
        "url": CANARY, "agent": CANARY, "agentemail": CANARY, "mid": "1", "msg": CANARY,
        "typ": "text", "sender": "client", "dt": CANARY, "sdt": CANARY, "new": CANARY
    });
    check(&serde_json::from_value::<Message>(message.clone()).unwrap());
    check(&serde_json::from_value::<FlatMessage>(message.clone()).unwrap());
    check(&serde_json::from_value::<OpenConversation>(message.clone()).unwrap());
    let user = json!({"uid": CANARY, "name": CANARY, "phone": NUMBER, "created": CANARY});
    for event in [
        json!({"cmd": "onUserCreate", "data": user}),
        json!({"cmd": "onUserUpdate", "data": {"user": user, "update": {"name": CANARY}}}),
        json!({"cmd": "onUserDelete", "uid": CANARY}),
        json!({"cmd": "onUserConversation", "uid": CANARY, "data": [message, {"mid": [CANARY]}]}),
        json!({"cmd": "onUserCreate", "data": {"name": CANARY}}),
        json!({"cmd": CANARY, "data": CANARY}),
        json!({"mid": "1", "uid": CANARY, "ack": -1, "whatsappErrorDesc": CANARY}),
    ] {
        check(&Event::parse(event.to_string().as_bytes()));
    }
}
