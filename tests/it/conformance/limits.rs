use replykit_sandbox::Sandbox;
use serde_json::{Value, json};

use super::{Carrier, execute, request, sandbox};

/// A field of a command, and what is just inside and just outside its limit.
struct Limit {
    command: &'static str,
    field: &'static str,
    inside: Vec<Value>,
    outside: Vec<Value>,
    code: i64,
}

/// Characters count, neither bytes nor UTF-16 units: each of these has four of the one and two of the
/// other.
fn text(length: usize) -> Value {
    "😀".repeat(length).into()
}

fn length(
    command: &'static str,
    field: &'static str,
    least: usize,
    most: usize,
    code: i64,
) -> Limit {
    let mut limit = Limit {
        command,
        field,
        inside: vec![text(least), text(most)],
        outside: vec![text(most + 1)],
        code,
    };
    if least > 0 {
        limit.outside.push(text(least - 1));
    }
    limit
}

fn values<const I: usize, const O: usize>(
    command: &'static str,
    field: &'static str,
    inside: [&str; I],
    outside: [&str; O],
    code: i64,
) -> Limit {
    let inside = inside.into_iter().map(Value::from).collect();
    let outside = outside.into_iter().map(Value::from).collect();
    Limit { command, field, inside, outside, code }
}

fn limits() -> Vec<Limit> {
    let phones = ["+1234567", "+1234567890123456"];
    let mut limits = vec![
        length("SetUserName", "name", 3, 50, 1022),
        length("SetUserNotes", "notes", 0, 1024, 1023),
        length("CreateUserTag", "tag", 3, 50, 3050),
        length("SetUserTag", "tag", 3, 50, 3050),
        length("CreateUserTag", "description", 0, 100, 3052),
        values("CreateUserTag", "color", ["#FF5733"], ["#FF573", "#FF57333", "FF5733"], 3051),
        length("SendTextMessage", "message", 1, 2000, 1013),
        length("SendMessage", "message", 0, 2000, 1013),
        length("SendMessage", "route", 1, 256, 1014),
        values("SetUserEmail", "email", ["a@b"], ["a@", "@b", "ab"], 1024),
        values("GetUsers", "CreatedDate", ["2020-03-01T00:00:00"], ["soon"], 1003),
        values("GetConversationsFlat", "StartDate", ["2020-03-01T00:00:00"], ["soon"], 1003),
        values("GetConversationsFlat", "EndDate", ["2020-03-01T00:00:00"], ["soon"], 1002),
    ];
    for command in ["SetUserPhone", "SendWhatsAppTemplate", "SendSMSMessage", "SendMessage"] {
        limits.push(values(command, "phone", ["+12345678", "+123456789012345"], phones, 1007));
    }
    for limit in &mut limits {
        // Nothing at all is another fault than too little.
        if matches!(limit.field, "message" | "route") {
            limit.outside.retain(|value| value.as_str() != Some(""));
        }
    }
    limits
}

/// A sandbox in which everything inside the limits exists.
async fn ready() -> Sandbox {
    let sandbox = sandbox().await;
    let convrs = sandbox.convrs();
    for route in [text(1), text(256)] {
        convrs.add_route(route.as_str().unwrap());
    }
    for tag in [text(3), text(50)] {
        convrs_tag(&sandbox, tag).await;
    }
    sandbox
}

async fn convrs_tag(sandbox: &Sandbox, tag: Value) {
    let mut create = request("CreateUserTag");
    create["tag"] = tag;
    execute(&sandbox.convrs_client().unwrap(), create).await.unwrap();
}

/// Each limit holds just inside and breaks just outside, with the same code from the client, which
/// does not send, and from the server. Tells how many limits there are.
pub(super) async fn check<C: Carrier>() -> usize {
    let limits = limits();
    for Limit { command, field, inside, outside, code } in &limits {
        for value in inside {
            let mut request = request(command);
            request[*field] = value.clone();
            let sandbox = ready().await;
            let reply = C::raw(&sandbox, &request).await;
            assert_eq!(reply["ok"], 1, "{command}.{field}: {reply}");
            let sandbox = ready().await;
            let reply = execute(&C::client(&sandbox), request).await;
            assert!(reply.is_ok(), "{command}.{field}: {reply:?}");
        }
        for value in outside {
            let mut request = request(command);
            request[*field] = value.clone();
            let sandbox = sandbox().await;
            let reply = C::raw(&sandbox, &request).await;
            assert_eq!(reply["errorCode"], json!(code), "{command}.{field}: {value}");
            let error = execute(&C::client(&sandbox), request).await.unwrap_err();
            assert_eq!(error.code().map(|c| c.number()), Some(*code), "{command}.{field}");
        }
    }
    limits.len()
}
