use proptest::prelude::*;
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

#[test]
fn a_request_is_compact_and_begins_with_token_and_command() {
    let request =
        encode_request(&GetUser::new("73-tel-615940546"), &Token::from("quote\"d")).unwrap();
    assert_eq!(request, r#"{"token":"quote\"d","cmd":"GetUser","uid":"73-tel-615940546"}"#);
}

#[test]
fn a_request_comes_back_from_the_other_side_unchanged() {
    let mut send = SendWhatsAppTemplate::new(3941, "44-792-202-1411", "order", "en");
    send.parameters = Some(vec![TemplateParameter::text("David")]);
    send.header = Some(TemplateParameter::Raw(json!({"type": "image"})));
    send.agent_email = Some("john@example.com".to_owned());
    send.webhook_url = Some("https://yourserver.com/acks".to_owned());
    send.webhook_payload = json!({"orderId": "ORD-12345"}).as_object().cloned();
    send.webhook_headers = Some(vec![WebhookHeader::new("X-Secret", "s3cret")]);
    send.extra.insert("priority", 2);

    let request = encode_request(&send, &Token::from(TOKEN)).unwrap();
    let head = RequestHead::decode(request.as_bytes()).unwrap();
    assert_eq!(head.cmd(), "SendWhatsAppTemplate");
    assert_eq!(head.check_token(&Token::from(TOKEN)), Ok(()));
    let received: SendWhatsAppTemplate = decode_request(request.as_bytes()).unwrap();
    assert_eq!(received, send);
    assert_eq!(received.extra.names().collect::<Vec<_>>(), ["priority"]);
}

#[test]
fn token_and_command_of_a_request_are_no_fields_of_it() {
    let request = r#"{"cmd":"GetUser","uid":"73-tel-1","token":"t","note":1}"#;
    let command: GetUser = decode_request(request.as_bytes()).unwrap();
    assert_eq!(command.extra.names().collect::<Vec<_>>(), ["note"]);
}

#[test]
fn a_missing_field_is_refused_with_its_documented_code() {
    fn refused<C: Command + fmt::Debug>(request: &Value) -> i64 {
        let error = decode_request::<C>(request.to_string().as_bytes()).unwrap_err();
        assert_eq!(error.command, C::NAME);
        error.code.unwrap().number()
    }
    // Each step mends what the one before it was refused for.
    let mut request = json!({"token": TOKEN, "cmd": "SendWhatsAppTemplate"});
    let mut steps = vec![refused::<SendWhatsAppTemplate>(&request)];
    for (field, mended) in [
        ("botID", json!(3941)),
        ("phone", json!("+44 CALL ME")),
        ("templateName", json!("order_update")),
        ("language", json!("en")),
        ("phone", json!("+44151")),
    ] {
        request[field] = mended;
        steps.push(refused::<SendWhatsAppTemplate>(&request));
    }
    // What is missing comes before what is malformed.
    assert_eq!(steps, [1008, 1009, 3003, 3004, 1006, 1007]);

    assert_eq!(refused::<GetUser>(&json!({})), 1025);
    assert_eq!(refused::<GetUser>(&json!({"uid": " "})), 1025);
    assert_eq!(refused::<GetUser>(&json!({"uid": null})), 1025);
    assert_eq!(refused::<GetMessageDetails>(&json!({})), 1020);
}

#[test]
fn a_field_of_the_wrong_json_type_is_refused_with_1017() {
    for request in [
        r#"{"uid": {}}"#,
        r#"{"uid": ["73-tel-1"]}"#,
        r#"{"uid": true}"#,
        r#"{"uid": "1", "uid": "2"}"#,
        r#"["73-tel-1"]"#,
        r#"{"uid": "1"} x"#,
        "",
    ] {
        let error = decode_request::<GetUser>(request.as_bytes()).unwrap_err();
        assert_eq!(error.code, Some(ErrorCode::InvalidJson), "{request}");
    }
    for (field, wrong) in [
        ("botID", json!("x")),
        ("phone", json!([])),
        ("language", json!(1)),
        ("parameters", json!({})),
        ("agentEmail", json!(1)),
        ("webhookURL", json!({})),
        ("webhookPayload", json!("x")),
        ("webhookHeaders", json!("x")),
    ] {
        let mut request = serde_json::to_value(documented::<SendWhatsAppTemplate>()).unwrap();
        request[field] = wrong;
        let request = request.to_string();
        let error = decode_request::<SendWhatsAppTemplate>(request.as_bytes()).unwrap_err();
        assert_eq!(error.code, Some(ErrorCode::InvalidJson), "{field}");
    }
}

#[test]
fn extra_adds_fields_and_replaces_none() {
    fn check<C: Command + Lossless + Clone>(extra: fn(&mut C) -> &mut crate::Extra) {
        let command = documented::<C>();
        assert!(!C::known_fields().is_empty() || C::NAME == "GetOpenConversations", "{}", C::NAME);
        for name in C::known_fields().iter().chain(&["token", "cmd"]) {
            let mut command = command.clone();
            extra(&mut command).insert(*name, 1);
            let invalid = command.validate().expect_err(name);
            assert_eq!(invalid.field(), "extra", "{} {name}", C::NAME);
            assert_eq!(invalid.code(), Some(ErrorCode::InvalidJson));
        }
        let mut command = command;
        extra(&mut command).insert("ok", 1);
        assert_eq!(command.validate(), Ok(()));
    }
    macro_rules! check {
        ($($command:ty),* $(,)?) => { $(check::<$command>(|command| &mut command.extra);)* };
    }
    crate::for_each_command!(check);
}

#[test]
fn a_request_without_a_token_is_1000_and_with_a_wrong_one_1001() {
    let check = |request: &str| {
        let head = RequestHead::decode(request.as_bytes())?;
        head.check_token(&Token::from(TOKEN)).map(|()| head.cmd().to_owned())
    };
    let code = |request| check(request).unwrap_err().code.unwrap().number();
    assert_eq!(check(&format!(r#"{{"cmd":"GetUser","token":"{TOKEN}"}}"#)).unwrap(), "GetUser");
    assert_eq!(check(&format!(r#"{{"token":"{TOKEN}"}}"#)).unwrap(), "");
    for request in [r#"{"cmd":"GetUser"}"#, r#"{"token":null}"#, r#"{"token":""}"#] {
        assert_eq!(code(request), 1000, "{request}");
    }
    for request in [r#"{"token":"x"}"#, r#"{"token":"2730B3490CF32A1C16AC8B91E034AA9F073996F7"}"#] {
        assert_eq!(code(request), 1001, "{request}");
    }
    for request in ["", "[]", "null", r#"{"token":1}"#, r#"{"cmd":1}"#, "{} {}"] {
        assert_eq!(code(request), 1017, "{request}");
    }
}

#[test]
fn a_command_that_is_no_object_is_not_sent() {
    #[derive(Serialize, Deserialize)]
    struct Flush(u8);
    impl Command for Flush {
        const NAME: &'static str = "Flush";
        type Output = Value;
        fn class(&self) -> crate::OperationClass {
            crate::OperationClass::Write
        }
        fn validate(&self) -> Result<(), Invalid> {
            Ok(())
        }
    }
    assert_eq!(encode_request(&Flush(1), &Token::from(TOKEN)).unwrap_err().field(), "cmd");
}

// Replies and callbacks as documented

#[test]
fn the_documented_replies_decode_and_encode_back() {
    let user = decode::<GetUser>(USER).unwrap();
    assert_eq!(user.bot_id, Some(BotId::new(73)));
    assert_eq!(user.last_name.as_deref(), Some("Bob"));
    assert!(user.extra.is_empty());
    assert_eq!(value(&encode_reply::<GetUser>(&user)), value(USER));

    let receipt = decode::<SendWhatsAppTemplate>(RECEIPT).unwrap();
    assert_eq!(receipt.mid, Mid::from("6462d3d8c8b0b08fddc34ca8"));
    assert_eq!(receipt.phone_number, PhoneNumber::from("+44151999999"));
    assert!(receipt.extra.is_empty());
    assert_eq!(value(&encode_reply::<SendWhatsAppTemplate>(&receipt)), value(RECEIPT));

    let details = decode::<GetMessageDetails>(DETAILS).unwrap();
    assert_eq!(details, MessageDetails::new("3941-wa3-44151999999", 3941, Ack::Read));
    assert_eq!(value(&encode_reply::<GetMessageDetails>(&details)), value(DETAILS));
}

#[test]
fn the_shortest_documented_user_decodes() {
    let user = decode::<GetUser>(
        r#"{"cmd": "GetUser", "ok": 1, "data": {
            "uid": "73-tel-615940546", "name": "Billy Bob", "email": "billy@example.com"}}"#,
    );
    let mut expected = User::new("73-tel-615940546");
    expected.name = Some("Billy Bob".to_owned());
    expected.email = Some("billy@example.com".to_owned());
    assert_eq!(user.unwrap(), expected);
}

#[test]
fn fields_that_are_not_documented_survive_in_every_reply() {
    let reply = r#"{"ok":1,"cmd":"SendWhatsAppTemplate","phoneNumber":"","countryIso2":"",
        "uid":"","mid":"6462","credits":{"left":1.50}}"#;
    let receipt = decode::<SendWhatsAppTemplate>(reply).unwrap();
    assert_eq!(receipt.extra.get("credits"), Some(json!({"left": 1.5})));
    assert_eq!(value(&encode_reply::<SendWhatsAppTemplate>(&receipt)), value(reply));
}

#[test]
fn unknown_user_is_error_1005() {
    let error = decode::<GetUser>(UNKNOWN_USER).unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::UnknownUser));
    assert_eq!(error.outcome(), Outcome::Rejected);
    assert_eq!(api(&error).message, "unknown user");
    assert_eq!(value(&encode_error(api(&error))), value(UNKNOWN_USER));
}

#[test]
fn a_whatsapp_code_tells_that_nothing_went_out() {
    let error = failure(WHATSAPP_ERROR);
    let whatsapp = api(&error).whatsapp.as_ref().unwrap();
    assert_eq!(whatsapp, &WhatsAppError::new(131_047, "Re-engagement message"));
    assert_eq!(error.outcome(), Outcome::Rejected);
    assert_eq!(value(&encode_error(api(&error))), value(WHATSAPP_ERROR));

    let bare = failure(r#"{"ok":0,"errorCode":3002}"#);
    assert_eq!(bare.outcome(), Outcome::Unknown);
    let text = failure(r#"{"ok":0,"errorCode":"3002","whatsappErrorCode":"131047"}"#);
    assert_eq!(text.outcome(), Outcome::Rejected);
}

#[test]
fn a_refusal_without_a_code_encodes_back_without_one() {
    let reply = r#"{"ok":0,"cmd":"GetUser","error":"unknown user"}"#;
    let error = decode::<GetUser>(reply).unwrap_err();
    assert_eq!(value(&encode_error(api(&error))), value(reply));
}

#[test]
fn the_documented_callback_decodes_and_encodes_back() {
    let callback = decode_callback(CALLBACK.as_bytes()).unwrap();
    assert_eq!(callback.ack, Ack::Delivered);
    assert_eq!(callback.uid, Uid::from("3941-wa3-44151999999"));
    assert!(callback.extra.is_empty());
    assert_eq!(value(&encode_callback(&callback)), value(CALLBACK));
}

#[test]
fn a_callback_with_ack_minus_1_carries_the_whatsapp_error() {
    let callback = decode_callback(
        br#"{"ok":1,"mid":"6462","ack":"-1","whatsappErrorCode":"131026","whatsappErrorDesc":"x",
            "webhookPayload":"","timestamp":null,"attempt":2}"#,
    )
    .unwrap();
    assert_eq!(callback.ack, Ack::Failed);
    assert_eq!(callback.whatsapp_error_code, Some(131_026));
    assert_eq!(callback.webhook_payload, None);
    assert_eq!(callback.extra.get("attempt"), Some(json!(2)));
}

#[test]
fn what_is_no_callback_says_so() {
    for body in [
        "",
        "<html>",
        "[1]",
        r#"{"ok":1,"ack":2}"#,
        r#"{"ok":1,"mid":"","ack":2}"#,
        r#"{"ok":1,"mid":"6462"}"#,
        r#"{"ok":1,"mid":"6462","ack":null}"#,
        r#"{"cmd":"onUserDelete","ok":1,"uid":"73-tel-615940546"}"#,
    ] {
        let error = decode_callback(body.as_bytes()).unwrap_err();
        assert_eq!(problem(&error), &ProtocolProblem::Callback, "{body}");
    }
}

#[test]
fn an_empty_token_is_not_sent() {
    for token in ["", " ", "\n"] {
        let invalid = encode_request(&GetUser::new("73-tel-1"), &Token::from(token)).unwrap_err();
        assert_eq!(invalid.code(), Some(ErrorCode::MissingToken));
    }
}

#[test]
fn a_refused_request_is_told_where_its_fault_is() {
    let error = decode_request::<GetUser>(br#"{"token":"t","cmd":"GetUser"}"#).unwrap_err();
    assert!(error.message.contains("uid"), "{}", error.message);
    let error = decode_request::<GetUser>(br#"{"uid":{}}"#).unwrap_err();
    assert!(error.message.contains("column"), "{}", error.message);
}

// Faults

#[test]
fn h08_the_beginning_of_an_answer_names_a_message_once_the_name_is_complete() {
    let mid = |part: &str| mid_in_part("SendWhatsAppTemplate", part.as_bytes());
    let end = RECEIPT.find("6462d3d8c8b0b08fddc34ca8\"").unwrap() + 25;
    for cut in 0..=RECEIPT.len() {
        let named = mid(RECEIPT.get(..cut).unwrap());
        let whole = named.as_ref().is_some_and(|mid| mid.as_str() == "6462d3d8c8b0b08fddc34ca8");
        assert_eq!((named.is_some(), whole), (cut >= end, cut >= end), "{cut}");
    }
    assert_eq!(mid(r#"{"mid":64"#), None, "digits may be missing");
    assert_eq!(mid(r#"{"cmd":"SendSMSMessage","mid":"6462""#), None, "another command's");
    assert!(mid("{\"mid\":\"6462\",\"error\":\"caf\u{e9}").is_some());
    assert!(mid_in_part("SendSMSMessage", b"{\"mid\":\"6462\",\"error\":\"\xe9\xa9").is_some());
}

#[test]
fn h10_what_is_not_one_json_object_is_unknown() {
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let truncated = RECEIPT.strip_suffix('}').unwrap();
    for reply in [
        "<html><body>It works</body></html>",
        "",
        "\u{feff}",
        "OK",
        "null",
        "1",
        "[]",
        truncated,
        &deep,
        &format!(r#"{{"ok":{deep}}}"#),
        &format!(r#"{{"ok":0,"errorCode":1005,"error":{deep}}}"#),
    ] {
        let error = failure(reply);
        assert_eq!(problem(&error), &ProtocolProblem::NotJson, "{reply}");
        assert_eq!(evidence(&error), None, "{reply}");
    }
    assert_eq!(problem(&failure([0xff, 0x00, 0x7b])), &ProtocolProblem::NotJson);
}

#[test]
fn h10_trailing_bytes_keep_the_mid_of_the_envelope_before_them() {
    for tail in ["<!-- cached -->", "{}", "0", "\0"] {
        let error = failure(format!("{RECEIPT}{tail}"));
        assert_eq!(problem(&error), &ProtocolProblem::NotJson, "{tail}");
        assert_eq!(evidence(&error), Some("6462d3d8c8b0b08fddc34ca8"), "{tail}");
    }
    assert_eq!(evidence(&failure(r#"{"ok":1,"mid":""} x"#)), None);
}

#[test]
fn h10_depth_in_a_field_that_nobody_reads_is_harmless() {
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let reply = format!(r#"{{"ok":1,"mid":"6462","new":{deep}}}"#);
    let receipt = decode::<SendWhatsAppTemplate>(reply).unwrap();
    assert_eq!(receipt.extra.get("new"), None, "too deep to be a value");
    assert!(encode_reply::<SendWhatsAppTemplate>(&receipt).contains(&deep));
}

#[test]
fn h11_a_byte_order_mark_or_blanks_around_the_envelope_are_accepted() {
    for (before, after) in [("\u{feff}", ""), (" \r\n", "\n"), ("\u{feff}\n", " ")] {
        let receipt = decode::<SendWhatsAppTemplate>(format!("{before}{RECEIPT}{after}")).unwrap();
        assert_eq!(receipt.mid.as_str(), "6462d3d8c8b0b08fddc34ca8");
        assert!(decode::<GetUser>(format!("{before}{USER}{after}")).is_ok());
        assert!(decode_callback(format!("{before}{CALLBACK}{after}").as_bytes()).is_ok());
    }
}

#[test]
fn h13_every_spelling_of_ok_is_read() {
    for yes in ["1", "\"1\"", "true", "\"true\"", "1.0", "1e0"] {
        let reply = format!(r#"{{"ok":{yes},"mid":"6462"}}"#);
        let receipt = decode::<SendWhatsAppTemplate>(&reply);
        assert_eq!(receipt.unwrap(), MessageReceipt::new("6462"), "{yes}");
    }
    for no in ["0", "\"0\"", "false", "\"false\"", "0.0", "-0.0"] {
        let error = failure(format!(r#"{{"ok":{no},"errorCode":2008}}"#));
        assert_eq!(error.code(), Some(ErrorCode::TokenRateLimit), "{no}");
    }
}

#[test]
fn h14_an_ok_that_is_neither_yes_nor_no_is_unknown() {
    for ok in ["null", "2", "-1", "0.5", "[]", "{}", "\"\"", "\"yes\"", "[1]"] {
        let error = failure(format!(r#"{{"ok":{ok},"mid":"6462"}}"#));
        assert_eq!(problem(&error), &ProtocolProblem::BadOk, "{ok}");
        assert_eq!(evidence(&error), Some("6462"), "{ok}");
    }
    for reply in [
        r#"{"mid":"6462"}"#,
        r#"{"ok":1,"mid":"6462","ok":0}"#,
        r#"{"ok":0,"errorCode":1005,"ok":true}"#,
        r#"{"ok":null,"ok":1,"mid":"6462"}"#,
        r#"{"OK":1,"mid":"6462"}"#,
    ] {
        assert_eq!(problem(&failure(reply)), &ProtocolProblem::BadOk, "{reply}");
    }
    assert!(decode::<SendWhatsAppTemplate>(r#"{"ok":1,"ok":"1","mid":"6462"}"#).is_ok());
}

#[test]
fn h15_an_error_code_comes_in_any_spelling() {
    for (code, expected, outcome) in [
        ("2008", Some(ErrorCode::TokenRateLimit), Outcome::Rejected),
        ("\"2008\"", Some(ErrorCode::TokenRateLimit), Outcome::Rejected),
        ("2008.0", Some(ErrorCode::TokenRateLimit), Outcome::Rejected),
        ("2003", Some(ErrorCode::Timeout), Outcome::Unknown),
        ("4711", Some(ErrorCode::Other(4711)), Outcome::Unknown),
        ("null", None, Outcome::Unknown),
        ("\"\"", None, Outcome::Unknown),
        ("\"E2008\"", None, Outcome::Unknown),
        ("2008.5", None, Outcome::Unknown),
        ("{}", None, Outcome::Unknown),
        ("1e300", None, Outcome::Unknown),
    ] {
        let error = failure(format!(r#"{{"ok":0,"error":"why","errorCode":{code}}}"#));
        assert_eq!(api(&error).code, expected, "{code}");
        assert_eq!(error.outcome(), outcome, "{code}");
    }
    let error = failure(r#"{"ok":0}"#);
    assert_eq!((api(&error).code, error.outcome()), (None, Outcome::Unknown));
}

#[test]
fn h22_the_reply_to_another_command_is_not_the_answer() {
    for reply in [
        USER,
        UNKNOWN_USER,
        r#"{"ok":1,"cmd":"SendSMSMessage","mid":"6462"}"#,
        r#"{"ok":1,"cmd":"sendwhatsapptemplate","mid":"6462"}"#,
        r#"{"ok":1,"cmd":"onUserDelete","uid":"73-tel-615940546"}"#,
    ] {
        let error = failure(reply);
        assert_eq!(problem(&error), &ProtocolProblem::Mismatch, "{reply}");
        assert_eq!(evidence(&error), None, "the message is another command's: {reply}");
    }
}

#[test]
fn a_reply_that_names_no_command_is_the_answer() {
    for cmd in ["", r#""cmd":null,"#, r#""cmd":"","#] {
        let reply = format!(r#"{{{cmd}"ok":1,"mid":"6462"}}"#);
        assert!(decode::<SendWhatsAppTemplate>(&reply).is_ok(), "{reply}");
    }
    let error = failure(r#"{"ok":0,"errorCode":1000}"#);
    assert_eq!(error.code(), Some(ErrorCode::MissingToken));
    assert_eq!(api(&error).command, "SendWhatsAppTemplate");
}

#[test]
fn a_yes_with_unreadable_data_is_unknown_and_keeps_the_mid() {
    for (reply, mid) in [
        (r#"{"ok":1,"mid":"6462","uid":[]}"#, Some("6462")),
        (r#"{"ok":1,"mid":6462,"phoneNumber":{}}"#, Some("6462")),
        (r#"{"ok":1,"mid":"6462","mid":"6463"}"#, Some("6463")),
        (r#"{"ok":1}"#, None),
        (r#"{"ok":1,"mid":null}"#, None),
        (r#"{"ok":1,"mid":""}"#, None),
        (r#"{"ok":1,"mid":{}}"#, None),
    ] {
        let error = failure(reply);
        assert_eq!(problem(&error), &ProtocolProblem::Data, "{reply}");
        assert_eq!(evidence(&error), mid, "{reply}");
    }
    for data in ["", r#","data":null"#, r#","data":[]"#, r#","data":{}"#, r#","data":{"uid":""}"#] {
        let error = decode::<GetUser>(format!(r#"{{"ok":1{data}}}"#)).unwrap_err();
        assert_eq!(problem(&error), &ProtocolProblem::Data, "{data}");
    }
    let error = decode::<GetMessageDetails>(r#"{"ok":1,"ack":null}"#).unwrap_err();
    assert_eq!(problem(&error), &ProtocolProblem::Data);
}

#[test]
fn a_refusal_counts_whatever_its_data_look_like() {
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    for data in ["1", "[]", "\"\"", r#"{"uid":{}}"#, r#"{"uid":"73-tel-1"}"#, &deep] {
        let reply = format!(r#"{{"ok":0,"data":{data},"errorCode":1005}}"#);
        let error = decode::<GetUser>(&reply).unwrap_err();
        assert_eq!(error.code(), Some(ErrorCode::UnknownUser), "{reply}");
    }
}

/// What `ok` says, read without this crate. `None` where the text is no JSON.
fn says_yes(reply: &[u8]) -> Option<bool> {
    let reply = String::from_utf8_lossy(reply);
    let reply: Value = serde_json::from_str(reply.trim_start_matches('\u{feff}')).ok()?;
    let ok = reply.get("ok");
    Some(
        [json!(1), json!(1.0), json!(true), json!("1"), json!("true")]
            .iter()
            .any(|y| ok == Some(y)),
    )
}

/// Reads a reply as every command's, and returns whether one took it for a success.
fn any_success(reply: &[u8]) -> bool {
    let mut success = false;
    macro_rules! decode {
        ($($command:ty),* $(,)?) => { $(success |= decode_reply::<$command>(reply).is_ok();)* };
    }
    crate::for_each_command!(decode);
    success
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!(null)),
        Just(json!({})),
        Just(json!([1])),
        any::<bool>().prop_map(Value::from),
        (-2_i64..3).prop_map(Value::from),
        (-2.0_f64..2.0).prop_map(Value::from),
        Just(json!(1.0)),
        "[01]|true|false|.{0,3}".prop_map(Value::from),
        Just(json!("GetUser")),
        Just(json!({"uid": "73-tel-1"})),
    ]
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(reply in prop::collection::vec(any::<u8>(), 0..200)) {
        if any_success(&reply) {
            prop_assert_eq!(says_yes(&reply), Some(true));
        }
        let _ = decode_callback(&reply);
        let _ = RequestHead::decode(&reply);
        let _ = decode_request::<SendWhatsAppTemplate>(&reply);
    }

    #[test]
    fn any_fields_succeed_only_when_ok_says_yes(
        fields in prop::collection::btree_map(
            "ok|cmd|data|mid|uid|ack|error|errorCode|new", scalar(), 0..9
        )
    ) {
        let reply = serde_json::to_vec(&fields).unwrap();
        if any_success(&reply) {
            prop_assert_eq!(says_yes(&reply), Some(true));
        }
    }

    #[test]
    fn a_changed_reply_succeeds_only_when_ok_says_yes(
        document in prop::sample::select(vec![USER, RECEIPT, DETAILS, UNKNOWN_USER, WHATSAPP_ERROR]),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3), 0..4),
    ) {
        let mut reply = document.as_bytes().to_vec();
        for (at, byte, change) in changes {
            let at = at.index(reply.len());
            match change {
                0 => reply[at] = byte,
                1 => reply.insert(at, byte),
                _ => reply.truncate(at + 1),
            }
        }
        if any_success(&reply) {
            prop_assert_eq!(says_yes(&reply), Some(true));
        }
    }
}

#[test]
fn an_update_that_names_no_change_is_an_update() {
    for update in ["", r#","update":null"#, r#","update":{}"#] {
        let json =
            format!(r#"{{"cmd":"onUserUpdate","ok":1,"data":{{"user":{{"uid":"1"}}{update}}}}}"#);
        let event = decode_event(json.as_bytes());
        assert!(matches!(event, crate::Event::UserUpdated { update, .. } if update.is_empty()));
    }
}
