use std::collections::BTreeSet;

use convrs_client::{Channel, Client, ErrorCode, ErrorKind};
use replykit_sandbox::{ConvrsControl, Fault};
use serde_json::{Value, json};

use super::{Carrier, execute, request, sandbox};
use crate::support::TOKEN;

const BILLY: &str = "73-tel-615940546";

/// What brings a code about: the scene, requests that succeed, and the one that is refused.
struct Cause {
    code: i64,
    scene: fn(ConvrsControl<'_>),
    before: Vec<Value>,
    refused: Value,
}

/// The command with some of its fields set anew.
fn with(command: &str, fields: Value) -> Value {
    let mut request = request(command);
    for (field, value) in fields.as_object().unwrap() {
        request[field] = value.clone();
    }
    request
}

fn by(code: i64, command: &str, fields: Value) -> Cause {
    Cause { code, scene: |_| (), before: Vec::new(), refused: with(command, fields) }
}

fn fault(code: i64, scene: fn(ConvrsControl<'_>)) -> Cause {
    Cause { scene, ..by(code, "SendSMSMessage", json!({})) }
}

fn sms(number: usize) -> Value {
    with("SendSMSMessage", json!({"phone": format!("+4479220214{number:02}")}))
}

/// Those that follow from the request alone.
fn requests() -> Vec<Cause> {
    vec![
        by(1002, "GetConversationsFlat", json!({"EndDate": "soon"})),
        by(1003, "GetConversationsFlat", json!({"StartDate": "soon"})),
        by(1005, "GetUser", json!({"uid": "73-tel-0"})),
        by(1006, "SendSMSMessage", json!({"phone": "+44 CALL ME"})),
        by(1007, "SendSMSMessage", json!({"phone": "+4415"})),
        by(1008, "SendSMSMessage", json!({"botID": null})),
        by(1009, "SendSMSMessage", json!({"phone": ""})),
        by(1010, "SendTextMessage", json!({"message": ""})),
        by(1011, "SendMessage", json!({"route": ""})),
        by(1012, "SendMessage", json!({"route": "no such route"})),
        by(1013, "SendTextMessage", json!({"message": "a".repeat(2001)})),
        by(1014, "SendMessage", json!({"route": "a".repeat(257)})),
        by(1015, "SendSMSMessage", json!({"botID": 1})),
        by(1016, "SendSMSMessage", json!({"botID": 73})),
        by(1020, "GetMessageDetails", json!({"mid": "000000000000000000000000"})),
        by(
            1021,
            "GetConversationsFlat",
            json!({"StartDate": "2020-03-02T00:00:00", "EndDate": "2020-03-01T00:00:00"}),
        ),
        by(1022, "SetUserName", json!({"name": "Al"})),
        by(1023, "SetUserNotes", json!({"notes": "a".repeat(1025)})),
        by(1024, "SetUserEmail", json!({"email": "nobody"})),
        by(1025, "GetUser", json!({"uid": ""})),
        by(2002, "SendSMSMessage", json!({"agentEmail": "nobody@example.com"})),
        by(3001, "GetWhatsAppTemplate", json!({"templateName": "unheard_of"})),
        by(
            3002,
            "SendWhatsAppTemplate",
            json!({"parameters": [{"type": "text", "text": "one too many"}]}),
        ),
        by(3003, "GetWhatsAppTemplate", json!({"templateName": ""})),
        by(3004, "GetWhatsAppTemplate", json!({"language": ""})),
        by(3050, "CreateUserTag", json!({"tag": "ab"})),
        by(3051, "CreateUserTag", json!({"color": "red"})),
        by(3052, "CreateUserTag", json!({"description": "a".repeat(101)})),
        by(3053, "SetUserTag", json!({"tag": "unheard_of"})),
    ]
}

/// Those that follow from what happened before, and the server's own.
fn scenes() -> Vec<Cause> {
    let text = by(0, "SendTextMessage", json!({}));
    vec![
        fault(2000, |convrs| convrs.fail_next(Fault::new(ErrorCode::CannotCreateUser))),
        Cause {
            code: 2001,
            scene: |convrs| _ = convrs.user_writes(BILLY, "Where is my order?").unwrap(),
            ..text
        },
        fault(2003, |convrs| convrs.fail_next(Fault::new(ErrorCode::Timeout))),
        fault(2004, |convrs| convrs.fail_next(Fault::new(ErrorCode::Internal))),
        fault(2005, |convrs| convrs.fail_next(Fault::new(ErrorCode::SmsFailed))),
        Cause {
            scene: |convrs| convrs.set_subscribed(BILLY, false).unwrap(),
            ..by(2006, "SendTextMessage", json!({}))
        },
        Cause { code: 2007, scene: |_| (), before: vec![sms(0)], refused: sms(0) },
        Cause { code: 2008, scene: |_| (), before: (0..10).map(sms).collect(), refused: sms(10) },
        fault(2009, |convrs| convrs.fail_next(Fault::new(ErrorCode::WhatsAppBusy))),
        Cause {
            scene: |convrs| convrs.add_bot(4000, [Channel::WhatsApp]),
            ..by(3000, "SendWhatsAppTemplate", json!({"botID": 4000}))
        },
    ]
}

/// Every code that the carrier can bring about comes from the server, and the client tells it.
pub(super) async fn check<C: Carrier>() -> BTreeSet<i64> {
    let mut seen = BTreeSet::new();
    for cause in requests().into_iter().chain(scenes()) {
        let Cause { code, scene, before, refused } = cause;
        let told = sandbox().await;
        scene(told.convrs());
        for request in &before {
            assert_eq!(C::raw(&told, request).await["ok"], 1, "{code}");
        }
        let reply = C::raw(&told, &refused).await;
        assert_eq!(reply["errorCode"], json!(code), "{reply}");
        assert_eq!(reply["ok"], 0, "{code}");
        assert_eq!(reply["cmd"], refused["cmd"], "{code}");

        let sandbox = sandbox().await;
        scene(sandbox.convrs());
        let client = C::client(&sandbox);
        for request in before {
            execute(&client, request).await.unwrap();
        }
        let error = execute(&client, refused).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Api(_) | ErrorKind::Invalid(_)), "{error:?}");
        assert_eq!(error.code().map(ErrorCode::number), Some(code));
        assert!(seen.insert(code), "{code} has two causes");
    }
    untyped::<C>(&mut seen).await;
    seen
}

/// What a typed command cannot be made to do.
async fn untyped<C: Carrier>(seen: &mut BTreeSet<i64>) {
    let sandbox = sandbox().await;
    for (code, reply) in C::access(&sandbox).await {
        assert_eq!(reply["errorCode"], json!(code), "{reply}");
        assert_eq!(reply["ok"], 0, "{code}");
        assert!(seen.insert(code));
    }
    for (code, request) in [
        (1004, json!({"token": TOKEN, "cmd": "Nonsense"})),
        (1017, json!({"token": TOKEN, "cmd": "GetUser", "uid": {}})),
    ] {
        let reply = C::raw(&sandbox, &request).await;
        assert_eq!(reply["errorCode"], json!(code), "{reply}");
        assert!(seen.insert(code));
    }
    let client: Client = C::client(&sandbox);
    sandbox.convrs().reset_token();
    let error = execute(&client, request("GetUser")).await.unwrap_err();
    assert!(C::is_reset(&error), "the old token fails at once: {error:?}");
}
