mod any_bytes;
mod faults;
mod replies;
mod requests;

use serde_json::json;

use super::*;
use crate::{
    Ack, BotId, ErrorKind, GetMessageDetails, GetUser, MessageDetails, MessageReceipt, Outcome,
    PhoneNumber, SendWhatsAppTemplate, TemplateParameter, Uid, User, WebhookHeader, WhatsAppError,
    lossless::Lossless,
};

const TOKEN: &str = "2730b3490cf32a1c16ac8b91e034aa9f073996f7";

// The document's replies.
const USER: &str = r#"{
    "ok": 1,
    "cmd": "GetUser",
    "data": {
        "uid": "73-tel-615940546", "name": "Billy Bob", "first_name": "Billy", "last_name": "Bob",
        "bot": "Telegram", "botID": 73, "lang": "en", "created": "2020-04-28T17:48:15.000Z",
        "notes": "", "email": "", "phone": "", "url": "https://app.conv.rs/u/abc123"
    }
}"#;
const RECEIPT: &str = r#"{
    "ok": 1,
    "cmd": "SendWhatsAppTemplate",
    "phoneNumber": "+44151999999",
    "countryIso2": "GB",
    "uid": "3941-wa3-44151999999",
    "mid": "6462d3d8c8b0b08fddc34ca8"
}"#;
const DETAILS: &str = r#"{
    "ok": 1, "cmd": "GetMessageDetails", "uid": "3941-wa3-44151999999", "botID": 3941, "ack": 3
}"#;
const UNKNOWN_USER: &str =
    r#"{"cmd": "GetUser", "ok": 0, "error": "unknown user", "errorCode": 1005}"#;
const WHATSAPP_ERROR: &str = r#"{
    "ok": 0,
    "cmd": "SendWhatsAppTemplate",
    "error": "WhatsApp error",
    "errorCode": 3002,
    "whatsappErrorCode": 131047,
    "whatsappErrorDesc": "Re-engagement message"
}"#;
const CALLBACK: &str = r#"{
    "ok": 1,
    "mid": "6462d3d8c8b0b08fddc34ca8",
    "uid": "3941-wa3-44151999999",
    "botID": 3941,
    "ack": 2,
    "timestamp": "2024-11-14T14:28:08",
    "webhookPayload": { "orderId": "ORD-12345" }
}"#;

fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn decode<C: Command>(reply: impl AsRef<[u8]>) -> Result<C::Output, Error> {
    decode_reply::<C>(reply.as_ref())
}

/// The error of a reply to a template, which sends.
fn failure(reply: impl AsRef<[u8]>) -> Error {
    let error = decode::<SendWhatsAppTemplate>(reply.as_ref());
    error.expect_err(&String::from_utf8_lossy(reply.as_ref()))
}

fn api(error: &Error) -> &ApiError {
    match error.kind() {
        ErrorKind::Api(error) => error,
        other => panic!("{other:?}"),
    }
}

fn problem(error: &Error) -> &ProtocolProblem {
    assert_eq!(error.outcome(), Outcome::Unknown);
    match error.kind() {
        ErrorKind::Protocol(error) => error.problem(),
        other => panic!("{other:?}"),
    }
}

fn evidence(error: &Error) -> Option<&str> {
    error.evidence_mid().map(Mid::as_str)
}

/// A documented request of every command, which passes its rules.
fn documented<C: Command>() -> C {
    let request = match C::NAME {
        "GetUser" => json!({"uid": "73-tel-615940546"}),
        "GetMessageDetails" => json!({"mid": "6462d3d8c8b0b08fddc34ca8"}),
        "SendWhatsAppTemplate" => json!({
            "botID": 3941, "phone": "+44151999999", "language": "en", "templateName": "order_update",
            "webhookURL": "https://yourserver.com/whatsapp-callback",
            "webhookPayload": { "orderId": "ORD-12345" }
        }),
        "GetUsers" => json!({"botID": 73, "CreatedDate": "2020-03-01T00:00:00"}),
        "SetUserData" => json!({
            "uid": "73-tel-615940546", "data": {"status": "verified"},
            "route": "welcome_verified", "overwrite": 1
        }),
        "SetUserName" => json!({"uid": "73-tel-615940546", "name": "John Doe"}),
        "SetUserEmail" => json!({"uid": "73-tel-615940546", "email": "john@example.com"}),
        "SetUserNotes" => json!({"uid": "73-tel-615940546", "notes": "VIP customer."}),
        "SetUserPhone" => json!({"uid": "73-tel-615940546", "phone": "+441511234567"}),
        "GetUserTags" | "GetConversation" => json!({"uid": "73-tel-615940546"}),
        "SetUserTag" | "DeleteUserTag" => json!({"uid": "73-tel-615940546", "tag": "Customer"}),
        "CreateUserTag" => json!({"tag": "Premium", "color": "#FFD700", "description": "Paid"}),
        "GetConversationsFlat" => json!({"StartDate": "2020-12-01T00:00:00"}),
        "GetOpenConversations" => json!({}),
        "GetWhatsAppTemplate" => json!({
            "botID": 3941, "language": "en", "templateName": "followup_inquiry_request"
        }),
        "SendSMSMessage" => json!({
            "botID": 3941, "phone": "+44151999999", "message": "Hello! Your order has been shipped."
        }),
        "SendTextMessage" => json!({
            "uid": "73-tel-615940546", "message": "Thank you for your inquiry!"
        }),
        "SendMessage" => json!({
            "phone": "44-792-202-1411", "route": "welcome", "message": "Welcome to our service!"
        }),
        name => panic!("add a request for {name}"),
    };
    let command: C = serde_json::from_value(request).unwrap();
    assert_eq!(command.validate(), Ok(()));
    command
}

// Requests
