//! Requests written by hand against the sandbox: an error in a definition that client and sandbox
//! share would cancel out between them.

use http::Method;
use replykit_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::{
    fixtures::examples,
    support::{TOKEN, fixture, post, repository, send},
};

async fn sandbox() -> Sandbox {
    Sandbox::builder().token(TOKEN).start().await.unwrap()
}

/// The answer to the bytes as they are.
async fn raw(sandbox: &Sandbox, body: &'static str) -> Value {
    let answer = send(Method::POST, &sandbox.convrs_url(), &[], body).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/json");
    serde_json::from_slice(answer.body()).unwrap()
}

/// Each in a sandbox of its own: one may change what the next one sees.
#[tokio::test]
async fn every_documented_request_gets_its_documented_reply_as_written() {
    let examples = examples("convrs");
    let mut commands = std::collections::BTreeSet::new();
    for request in examples.iter().filter(|name| name.ends_with("-request")) {
        let sandbox = sandbox().await;
        let name = request.split('-').nth(1).unwrap();
        // The bytes of the file, so that no JSON library of ours stands between.
        let path = repository().join(format!("tests/fixtures/convrs/{request}.json"));
        let body = std::fs::read(path).unwrap();
        let answer = send(Method::POST, &sandbox.convrs_url(), &[], body).await;
        let mut reply: Value = serde_json::from_slice(answer.body()).unwrap();
        assert_eq!(reply["ok"], 1, "{request}: {reply}");
        commands.insert(name.to_owned());

        let documented =
            examples.iter().rfind(|example| example.ends_with(&format!("-{name}-response")));
        // The document elides the replies of GetUsers and GetWhatsAppTemplate.
        let Some(documented) = documented else { continue };
        let mut documented = fixture(&format!("convrs/{documented}"));
        for reply in [&mut reply, &mut documented] {
            if let Some(mid) = reply.get_mut("mid") {
                assert_eq!(mid.as_str().unwrap().len(), 24);
                mid.take();
            }
        }
        assert_eq!(reply, documented, "{request}");
    }
    assert_eq!(commands.len(), 18, "all but the two of whose request there is no example");
}

#[tokio::test]
async fn an_unknown_user_gets_the_documented_error() {
    let sandbox = sandbox().await;
    let mut request = fixture("convrs/14-GetUser-request");
    request["uid"] = "73-tel-0".into();
    let reply = post(&sandbox.convrs_url(), &request).await;
    assert_eq!(reply, fixture("convrs/02-GetUser-error"));
}

#[tokio::test]
async fn a_bad_request_gets_the_code_of_its_first_fault() {
    let sandbox = sandbox().await;
    for (body, code) in [
        ("", 1017),
        ("{", 1017),
        ("[]", 1017),
        ("null", 1017),
        (r#"{"token":5,"cmd":"GetUser"}"#, 1017),
        (r#"{"cmd":"GetUser","uid":"73-tel-615940546"}"#, 1000),
        (r#"{"token":"","cmd":"GetUser"}"#, 1000),
        (r#"{"token":null,"cmd":"GetUser"}"#, 1000),
        (r#"{"token":"old","cmd":"Nonsense"}"#, 1001),
        (r#"{"token":"2730b3490cf32a1c16ac8b91e034aa9f073996f7","cmd":"Nonsense"}"#, 1004),
        (r#"{"token":"2730b3490cf32a1c16ac8b91e034aa9f073996f7","cmd":"getuser"}"#, 1004),
        (r#"{"token":"2730b3490cf32a1c16ac8b91e034aa9f073996f7"}"#, 1004),
        (r#"{"token":"2730b3490cf32a1c16ac8b91e034aa9f073996f7","cmd":"GetUser"}"#, 1025),
        (r#"{"token":"2730b3490cf32a1c16ac8b91e034aa9f073996f7","cmd":"GetUser","uid":{}}"#, 1017),
        (r#"{"token":"2730b3490cf32a1c16ac8b91e034aa9f073996f7","cmd":"GetMessageDetails"}"#, 1020),
        (
            r#"{"token":"2730b3490cf32a1c16ac8b91e034aa9f073996f7","cmd":"SetUserData","uid":"73-tel-615940546"}"#,
            1017,
        ),
        (
            r#"{"token":"2730b3490cf32a1c16ac8b91e034aa9f073996f7","cmd":"SetUserNotes","uid":"73-tel-615940546"}"#,
            1017,
        ),
    ] {
        let reply = raw(&sandbox, body).await;
        assert_eq!(reply["ok"], 0, "{body}");
        assert_eq!(reply["errorCode"], code, "{body}");
        assert!(!reply["error"].as_str().unwrap().is_empty(), "{body}");
    }
    let fine = post(&sandbox.convrs_url(), &fixture("convrs/14-GetUser-request")).await;
    assert_eq!(fine["ok"], 1, "the process lives");
}

#[tokio::test]
async fn a_bad_template_send_gets_its_documented_code() {
    let sandbox = sandbox().await;
    for (field, value, code) in [
        ("botID", Value::Null, 1008),
        ("phone", Value::Null, 1009),
        ("templateName", json!(""), 3003),
        ("language", Value::Null, 3004),
        ("phone", json!("+44 CALL ME"), 1006),
        ("phone", json!("+4415"), 1007),
        ("parameters", json!("David"), 1017),
        ("webhookPayload", json!([]), 1017),
        ("webhookURL", json!("http://example.com/"), 1017),
        ("webhookHeaders", json!({"X-Secret": "s"}), 1017),
        ("webhookHeaders", json!([{"X-Secret": "s"}]), 1017),
        ("botID", json!(1), 1015),
        ("botID", json!(73), 1016),
        ("templateName", json!("unheard_of"), 3001),
        ("language", json!("de"), 3001),
        ("agentEmail", json!("nobody"), 2002),
        ("agentEmail", json!("nobody@example.com"), 2002),
        ("parameters", json!([{"type": "text", "text": "one too many"}]), 3002),
    ] {
        let mut request = fixture("convrs/39-SendWhatsAppTemplate-request");
        request[field] = value.clone();
        let reply = post(&sandbox.convrs_url(), &request).await;
        assert_eq!(reply["errorCode"], code, "{field}: {value}");
        assert_eq!(reply["cmd"], "SendWhatsAppTemplate");
    }
    let fine = fixture("convrs/39-SendWhatsAppTemplate-request");
    let reply = post(&sandbox.convrs_url(), &fine).await;
    assert_eq!(reply["ok"], 1, "refused sends are not charged to the rate limit");
}

#[tokio::test]
async fn an_optional_field_may_be_null_or_empty() {
    for field in
        ["parameters", "header", "agentEmail", "webhookURL", "webhookPayload", "webhookHeaders"]
    {
        for empty in [Value::Null, json!("")] {
            let sandbox = sandbox().await;
            let mut request = fixture("convrs/39-SendWhatsAppTemplate-request");
            request[field] = empty.clone();
            let reply = post(&sandbox.convrs_url(), &request).await;
            assert_eq!(reply["ok"], 1, "{field}: {empty}: {reply}");
        }
    }
}

#[tokio::test]
async fn a_wrong_number_of_parameters_is_whatsapps_own_refusal() {
    let sandbox = sandbox().await;
    let mut request = fixture("convrs/40-SendWhatsAppTemplate-request");
    request["parameters"].as_array_mut().unwrap().pop();
    let reply = post(&sandbox.convrs_url(), &request).await;
    assert_eq!(reply["errorCode"], 3002);
    assert_eq!(reply["whatsappErrorCode"], 132_000);
}

#[tokio::test]
async fn rate_limits_hold_in_the_sandboxs_time() {
    let sandbox = sandbox().await;
    let url = sandbox.convrs_url();
    let code = async |phone: String| {
        let mut request = fixture("convrs/39-SendWhatsAppTemplate-request");
        request["phone"] = phone.into();
        let reply = post(&url, &request).await;
        reply["errorCode"].as_i64().unwrap_or_default()
    };
    assert_eq!(code("+44 151 999999".to_owned()).await, 0);
    assert_eq!(code("44-151-999999".to_owned()).await, 2007, "the same number");
    for other in 1..10 {
        assert_eq!(code(format!("+4415199999{other:02}")).await, 0);
    }
    assert_eq!(code("+4415199999100".to_owned()).await, 2008);
    sandbox.advance(std::time::Duration::from_millis(999)).await;
    assert_eq!(code("+44151999999".to_owned()).await, 2007);
    sandbox.advance(std::time::Duration::from_millis(1)).await;
    assert_eq!(code("+44151999999".to_owned()).await, 0);
}

#[tokio::test]
async fn nothing_but_the_api_is_served() {
    let sandbox = sandbox().await;
    let answer = send(Method::PUT, &sandbox.convrs_url(), &[], "").await;
    assert_eq!(answer.status(), 405);
    let elsewhere = format!("http://{}/nowhere", sandbox.address());
    assert_eq!(send(Method::POST, &elsewhere, &[], "{}").await.status(), 404);
}
