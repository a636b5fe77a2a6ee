//! Requests written by hand against the Lead Reply API of the sandbox, and every refusal.

use std::time::Duration;

use bytes::Bytes;
use convrs_client::transport::{CallOptions, HttpTransport};
use http::{Method, Request, Response, StatusCode};
use replykit_sandbox::{ControlError, HttpFault, LeadReplyControl, LeadSender, Sandbox};
use serde_json::{Value, json};

use crate::{
    crm_wire::{JSON, assert_html, value},
    support::{send, transport},
};

const MINUTE: Duration = Duration::from_secs(60);

/// A sandbox whose source `main` takes replies.
pub(crate) async fn started() -> Sandbox {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.lead_reply().enable().unwrap();
    sandbox
}

pub(crate) async fn call(url: &str, secret: &str, body: &str) -> Response<Bytes> {
    send(Method::POST, url, &[JSON, ("X-Secret-Key", secret)], body.to_owned()).await
}

/// Replies with the secret that counts: the status, and the code of a refusal or the id of the message.
pub(crate) async fn reply(source: &LeadReplyControl<'_>, lead: &str, text: &str) -> (u16, String) {
    let body = json!({"lead_id": lead, "text": text}).to_string();
    outcome(&call(&source.url(), &source.secret().unwrap_or_default(), &body).await)
}

fn outcome(answer: &Response<Bytes>) -> (u16, String) {
    let body = value(answer);
    let word = if answer.status().is_success() {
        assert_eq!(body["success"], true);
        &body["message_id"]
    } else {
        assert!(!body["error"]["message"].as_str().unwrap().is_empty());
        &body["error"]["code"]
    };
    (answer.status().as_u16(), word.as_str().unwrap().to_owned())
}

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

/// The status of a validation with the secret that counts.
async fn validate(source: &LeadReplyControl<'_>) -> u16 {
    let url = source.url() + "/validate";
    let answer = call(&url, &source.secret().unwrap_or_default(), "{}").await;
    if answer.status() == StatusCode::OK {
        assert_eq!(value(&answer), json!({"valid": true}));
    } else {
        assert_eq!(outcome(&answer), refused(401, "invalid_secret"));
    }
    answer.status().as_u16()
}

#[tokio::test]
async fn a_reply_reaches_the_lead() {
    let sandbox = started().await;
    let main = sandbox.lead_reply();
    assert_eq!(sandbox.lead_reply_url(), main.url());
    let lead = main.lead_writes("Billy Bob", "Hello").unwrap();
    assert_eq!(lead, "lead_1");
    assert_eq!(reply(&main, &lead, "  Hi \u{1f600} ").await, (200, "msg_2".to_owned()));

    let conversation = main.conversation(&lead).unwrap();
    let said: Vec<_> = conversation.iter().map(|m| (m.sender, m.text.as_str())).collect();
    assert_eq!(said, [(LeadSender::Lead, "Hello"), (LeadSender::Api, "  Hi \u{1f600} ")]);
    assert_eq!(conversation[1].sent_at, sandbox.now());
    let shown = format!("{conversation:?} {main:?}");
    assert!(!shown.contains("Hello") && !shown.contains("secret"), "{shown}");
}

#[tokio::test]
async fn replies_are_taken_while_enable_is_on() {
    let sandbox = Sandbox::start().await.unwrap();
    let main = sandbox.lead_reply();
    let lead = main.lead_writes("Billy Bob", "Hello").unwrap();
    assert_eq!(reply(&main, &lead, "Hi").await, refused(403, "integration_disabled"));
    assert_eq!(validate(&main).await, 200, "it judges the secret alone");
    main.enable().unwrap();
    assert_eq!(reply(&main, &lead, "Hi").await.0, 200);
    main.disable();
    assert_eq!(reply(&main, &lead, "Hi").await, refused(403, "integration_disabled"));
    assert_eq!(main.conversation(&lead).unwrap().len(), 2);
}

#[tokio::test]
async fn no_secret_but_the_one_that_counts_is_taken() {
    let sandbox = started().await;
    let main = sandbox.lead_reply();
    let lead = main.lead_writes("Billy Bob", "Hello").unwrap();
    let secret = main.secret().unwrap();
    let north = main.source("main-north").unwrap().secret().unwrap();
    let key = |value| ("X-Secret-Key", value);
    let body = json!({"lead_id": lead, "text": "Hi"}).to_string();
    for headers in [
        vec![],
        vec![key("")],
        vec![key("wrong")],
        vec![key(&north)],
        vec![key(&secret[1..])],
        vec![key(&secret), key(&secret)],
        vec![key(&secret), key("wrong")],
        vec![("Authorization", secret.as_str())],
    ] {
        for path in ["", "/validate"] {
            let headers = [&[JSON], headers.as_slice()].concat();
            let answer = send(Method::POST, &(main.url() + path), &headers, body.clone()).await;
            assert_eq!(outcome(&answer), refused(401, "invalid_secret"), "{headers:?}");
        }
    }
    assert_eq!(main.conversation(&lead).unwrap().len(), 1);
}

#[tokio::test]
async fn an_old_secret_fails_at_once() {
    let sandbox = started().await;
    let main = sandbox.lead_reply();
    let lead = main.lead_writes("Billy Bob", "Hello").unwrap();
    let old = main.secret().unwrap();
    let new = main.regenerate().unwrap();
    assert_eq!(main.secret().unwrap(), new);
    let body = json!({"lead_id": lead, "text": "Hi"}).to_string();
    assert_eq!(outcome(&call(&main.url(), &old, &body).await), refused(401, "invalid_secret"));
    assert_eq!(reply(&main, &lead, "Hi").await.0, 200);
    assert_eq!(validate(&main).await, 200);
}

#[tokio::test]
async fn a_disconnected_source_has_no_secret_and_is_off() {
    let sandbox = started().await;
    let main = sandbox.lead_reply();
    let lead = main.lead_writes("Billy Bob", "Hello").unwrap();
    let old = main.secret().unwrap();
    main.disconnect();
    assert_eq!(main.secret(), None);
    assert_eq!(validate(&main).await, 401);
    assert_eq!(call(&main.url(), &old, "{}").await.status(), 401);
    assert_eq!(main.enable(), Err(ControlError::NoSecret));
    assert_ne!(main.regenerate().unwrap(), old);
    assert_eq!(reply(&main, &lead, "Hi").await, refused(403, "integration_disabled"));
    main.enable().unwrap();
    assert_eq!(reply(&main, &lead, "Hi").await.0, 200);
}

#[tokio::test]
async fn a_location_may_inherit_its_parents_secret() {
    let sandbox = started().await;
    let main = sandbox.lead_reply();
    let north = main.source("main-north").unwrap();
    assert_eq!(main.source("south").unwrap_err(), ControlError::UnknownSource);
    assert_eq!(main.set_inherit(true), Err(ControlError::NoParent));
    let own = north.secret().unwrap();
    assert_ne!(own, main.secret().unwrap());

    north.set_inherit(true).unwrap();
    assert_eq!(north.secret(), main.secret());
    assert_eq!(call(&(north.url() + "/validate"), &own, "{}").await.status(), 401);
    assert_eq!(north.regenerate(), Err(ControlError::Inherited));
    main.regenerate().unwrap();
    assert_eq!(validate(&north).await, 200);

    // The parent's Enable is its own.
    let lead = north.lead_writes("Billy Bob", "Hello").unwrap();
    assert_eq!(reply(&north, &lead, "Hi").await, refused(403, "integration_disabled"));
    north.enable().unwrap();
    assert_eq!(reply(&north, &lead, "Hi").await.0, 200);

    main.disconnect();
    assert_eq!((north.secret(), validate(&north).await), (None, 401));
    assert_eq!(north.enable(), Err(ControlError::NoSecret));
    north.set_inherit(false).unwrap();
    assert_eq!(north.secret(), Some(own));
    assert_eq!(validate(&north).await, 200);

    north.set_inherit(true).unwrap();
    north.disconnect();
    main.regenerate().unwrap();
    assert_eq!(north.secret(), None, "it does not fall back to the parent's");
}

#[tokio::test]
async fn a_reply_names_a_lead_of_its_source() {
    let sandbox = started().await;
    let main = sandbox.lead_reply();
    let north = main.source("main-north").unwrap();
    let other = north.lead_writes("Billy Bob", "Hello").unwrap();
    let lead = main.lead_writes("Billy Bob", "Hello").unwrap();
    assert_ne!(lead, other, "a person is a lead of each source");
    for unknown in [&other, "lead_3", "lead_02", "lead_+2", "2", "LEAD_2", " lead_2", "\u{1f600}"] {
        assert_eq!(reply(&main, unknown, "Hi").await, refused(404, "unknown_lead"), "{unknown}");
    }
    assert_eq!(reply(&main, &lead, "Hi").await.0, 200);
    assert_eq!(main.conversation(&other).unwrap_err(), ControlError::UnknownLead);
}

#[tokio::test]
async fn a_closed_conversation_takes_no_reply() {
    let sandbox = started().await;
    let main = sandbox.lead_reply();
    let lead = main.lead_writes("Billy Bob", "Hello").unwrap();
    main.close_conversation(&lead).unwrap();
    assert_eq!(reply(&main, &lead, "Hi").await, refused(409, "conversation_closed"));
    assert_eq!(main.team_replies(&lead, "Hi"), Err(ControlError::ConversationClosed));
    main.reopen(&lead).unwrap();
    assert_eq!(reply(&main, &lead, "Hi").await.0, 200);
    main.close_conversation(&lead).unwrap();
    assert_eq!(main.lead_writes("Billy Bob", "Hello again").unwrap(), lead);
    assert_eq!(reply(&main, &lead, "Hi").await.0, 200);
}

#[tokio::test]
async fn a_lead_without_contact_info_may_not_be_ready() {
    let sandbox = started().await;
    let main = sandbox.lead_reply();
    main.set_only_with_contact_info(true);
    for (phone, email) in [(Some("+40712345678"), None), (None, Some("billy@example.com"))] {
        let who = phone.or(email).unwrap();
        let lead = main.lead_writes(who, "Hello").unwrap();
        assert_eq!(reply(&main, &lead, "Hi").await, refused(409, "lead_not_ready"));
        main.leaves_contact_info(&lead, phone, email).unwrap();
        assert_eq!(reply(&main, &lead, "Hi").await.0, 200);
    }
    let lead = main.lead_appears("Ana").unwrap();
    main.set_only_with_contact_info(false);
    assert_eq!(reply(&main, &lead, "Hi").await.0, 200);
}

#[tokio::test]
async fn what_is_no_reply_is_told_what_is_wrong() {
    let sandbox = started().await;
    let main = sandbox.lead_reply();
    let (url, secret) = (main.url(), main.secret().unwrap());
    let lead = main.lead_writes("Billy Bob", "Hello").unwrap();
    let nested = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    let long = "\u{1f600}".repeat(4096);
    let text = |text: &str| json!({"lead_id": lead, "text": text}).to_string();
    for (body, status, code) in [
        (String::new(), 400, "invalid_request"),
        ("{".to_owned(), 400, "invalid_request"),
        ("[]".to_owned(), 400, "invalid_request"),
        ("\"text\"".to_owned(), 400, "invalid_request"),
        (nested, 400, "invalid_request"),
        (json!({"text": "Hi"}).to_string(), 400, "invalid_request"),
        (json!({"lead_id": " ", "text": "Hi"}).to_string(), 400, "invalid_request"),
        (json!({"lead_id": 1, "text": "Hi"}).to_string(), 400, "invalid_request"),
        (json!({"lead_id": lead}).to_string(), 400, "invalid_request"),
        (json!({"lead_id": lead, "text": ["Hi"]}).to_string(), 400, "invalid_request"),
        (text(" \n\u{a0} "), 400, "invalid_request"),
        (text("a\0b"), 400, "invalid_request"),
        (text("Hi").replace("Hi", r"\ud83d"), 400, "invalid_request"),
        (text("Hi").replace("Hi", "H\u{7}"), 400, "invalid_request"),
        (text(&long), 200, "msg_2"),
        (text(&(long + "a")), 413, "text_too_long"),
        (text(&"x".repeat(70 * 1024)), 413, "request_too_large"),
    ] {
        let answer = outcome(&call(&url, &secret, &body).await);
        assert_eq!(answer, refused(status, code), "{:.80}", body);
    }
    let not_utf8 = [text("Hi").replace("Hi", "").as_bytes(), b"\xff"].concat();
    let headers = [JSON, ("X-Secret-Key", secret.as_str())];
    let answer = send(Method::POST, &url, &headers, not_utf8).await;
    assert_eq!(outcome(&answer), refused(400, "invalid_request"));
    assert_eq!(main.conversation(&lead).unwrap().len(), 2);
}

#[tokio::test]
async fn a_reply_is_a_post_of_json_to_a_source() {
    let sandbox = started().await;
    let main = sandbox.lead_reply();
    let lead = main.lead_writes("Billy Bob", "Hello").unwrap();
    let secret = main.secret().unwrap();
    let key = ("X-Secret-Key", secret.as_str());
    let body = json!({"lead_id": lead, "text": "Hi"}).to_string();
    for method in [Method::GET, Method::PUT, Method::PATCH, Method::DELETE] {
        for path in ["", "/validate"] {
            let answer = send(method.clone(), &(main.url() + path), &[key], "").await;
            assert_eq!(outcome(&answer), refused(405, "method_not_allowed"));
            assert_eq!(answer.headers()["allow"], "POST");
        }
    }
    for kind in ["text/plain", "application/x-www-form-urlencoded", ""] {
        let headers = [("Content-Type", kind), key];
        let answer = send(Method::POST, &main.url(), &headers, body.clone()).await;
        assert_eq!(outcome(&answer), refused(415, "unsupported_media_type"), "{kind}");
    }
    let base = main.url().replace("main", "");
    for path in ["", "south", "main/other", "main/validate/x", "MAIN", "<b>"] {
        let url = format!("{base}{path}").replace('<', "%3C").replace('>', "%3E");
        let answer = send(Method::POST, &url, &[JSON, key], body.clone()).await;
        assert_html(&answer, 404);
    }
    for (path, kind) in [("", "Application/JSON; charset=utf-8"), ("/", JSON.1)] {
        let headers = [("Content-Type", kind), key];
        let answer = send(Method::POST, &(main.url() + path), &headers, body.clone()).await;
        assert_eq!(answer.status(), 200);
    }
    let validate = main.url() + "/validate/";
    assert_eq!(send(Method::POST, &validate, &[key], "").await.status(), 200, "any body will do");
}

#[tokio::test]
async fn the_first_check_that_fails_is_told() {
    let sandbox = Sandbox::start().await.unwrap();
    let main = sandbox.lead_reply();
    let secret = main.secret().unwrap();
    let mut key = ("X-Secret-Key", "wrong");
    let lead = main.lead_writes("Billy Bob", "Hello").unwrap();
    main.set_rate_limit(Some(0));
    main.set_only_with_contact_info(true);
    main.close_conversation(&lead).unwrap();
    let ask = async |method, key, kind, body: &Value| {
        let headers = [key, ("Content-Type", kind)];
        outcome(&send(method, &main.url(), &headers, body.to_string()).await)
    };
    let reply = json!({"lead_id": lead, "text": "Hi"});
    let bad = json!({});
    let (post, plain) = (Method::POST, "text/plain");
    assert_eq!(ask(Method::PUT, key, plain, &bad).await, refused(405, "method_not_allowed"));
    assert_eq!(ask(post.clone(), key, plain, &bad).await, refused(401, "invalid_secret"));
    key.1 = &secret;
    assert_eq!(ask(post.clone(), key, plain, &bad).await, refused(403, "integration_disabled"));
    main.enable().unwrap();
    assert_eq!(ask(post.clone(), key, plain, &bad).await, refused(429, "rate_limited"));
    main.set_rate_limit(None);
    assert_eq!(ask(post.clone(), key, plain, &bad).await, refused(415, "unsupported_media_type"));
    assert_eq!(ask(post.clone(), key, JSON.1, &bad).await, refused(400, "invalid_request"));
    assert_eq!(ask(post.clone(), key, JSON.1, &reply).await, refused(409, "conversation_closed"));
    main.reopen(&lead).unwrap();
    assert_eq!(ask(post, key, JSON.1, &reply).await, refused(409, "lead_not_ready"));
}

#[tokio::test]
async fn a_rate_limit_counts_the_replies_of_the_last_minute() {
    let sandbox = started().await;
    let main = sandbox.lead_reply();
    let lead = main.lead_writes("Billy Bob", "Hello").unwrap();
    main.set_rate_limit(Some(2));
    assert_eq!(reply(&main, &lead, "1").await.0, 200);
    sandbox.advance(Duration::from_millis(20_500)).await;
    assert_eq!(reply(&main, "lead_9", "not taken, so not counted").await.0, 404);
    assert_eq!(reply(&main, &lead, "2").await.0, 200);

    let body = json!({"lead_id": lead, "text": "3"}).to_string();
    let answer = call(&main.url(), &main.secret().unwrap(), &body).await;
    assert_eq!(outcome(&answer), refused(429, "rate_limited"));
    assert_eq!(answer.headers()["retry-after"], "40");
    assert_eq!(validate(&main).await, 200, "only replies are counted");
    sandbox.advance(Duration::from_secs(40)).await;
    assert_eq!(reply(&main, &lead, "3").await.0, 200);
    assert_eq!(reply(&main, &lead, "4").await.0, 429);
    sandbox.advance(MINUTE).await;
    for text in ["4", "5"] {
        assert_eq!(reply(&main, &lead, text).await.0, 200, "a minute is enough");
    }
    main.set_rate_limit(None);
    for _ in 0..5 {
        assert_eq!(reply(&main, &lead, "6").await.0, 200);
    }
}

#[tokio::test]
async fn a_fault_hits_a_reply_before_or_after_it_is_carried_out() {
    let sandbox = started().await;
    let main = sandbox.lead_reply();
    let lead = main.lead_writes("Billy Bob", "Hello").unwrap();
    let count = || main.conversation(&lead).unwrap().len();
    let north = main.source("main-north").unwrap();
    main.fail_next(
        HttpFault::status(StatusCode::SERVICE_UNAVAILABLE).retry_after(Duration::from_secs(7)),
    );
    assert_eq!(validate(&north).await, 200, "each source has its own faults");
    let body = json!({"lead_id": lead, "text": "Hi"}).to_string();
    let answer = call(&main.url(), &main.secret().unwrap(), &body).await;
    assert_html(&answer, 503);
    assert_eq!((answer.headers()["retry-after"].to_str().unwrap(), count()), ("7", 1));
    main.fail_next(HttpFault::status(StatusCode::BAD_GATEWAY).carried_out());
    assert_html(&call(&main.url(), &main.secret().unwrap(), &body).await, 502);
    assert_eq!(count(), 2);
    for (fault, taken) in
        [(HttpFault::dropped(), 0), (HttpFault::dropped().carried_out(), 1), (HttpFault::cut(), 1)]
    {
        let before = count();
        main.fail_next(fault.clone());
        let request = Request::post(main.url())
            .header(JSON.0, JSON.1)
            .header("X-Secret-Key", main.secret().unwrap())
            .body(body.clone().into())
            .unwrap();
        let options = CallOptions::within(Duration::from_secs(10));
        assert!(transport().send(request, &options).await.is_err(), "{fault:?}");
        assert_eq!(count(), before + taken, "{fault:?}");
    }
    assert_eq!(reply(&main, &lead, "Hi").await.0, 200);
}

#[tokio::test]
async fn nothing_blank_is_written() {
    let sandbox = Sandbox::start().await.unwrap();
    let main = sandbox.lead_reply();
    let lead = main.lead_appears(" Billy Bob ").unwrap();
    let blank = ControlError::Blank;
    assert_eq!(main.lead_writes("Billy Bob", " ").unwrap_err(), blank);
    assert_eq!(main.lead_writes("", "Hello").unwrap_err(), blank);
    assert_eq!(main.lead_appears("\n").unwrap_err(), blank);
    assert_eq!(main.team_replies(&lead, "").unwrap_err(), blank);
    assert_eq!(main.add_tag(&lead, " ").unwrap_err(), blank);
    assert_eq!(main.leaves_contact_info(&lead, None, None).unwrap_err(), blank);
    assert_eq!(main.leaves_contact_info(&lead, Some(" "), None).unwrap_err(), blank);
    assert_eq!(main.lead_writes("Billy Bob", "Hello").unwrap(), lead, "names are trimmed");
    for unknown in [
        main.add_tag("lead_9", "vip").unwrap_err(),
        main.team_replies("lead_9", "Hi").unwrap_err(),
        main.close_conversation("lead_9").unwrap_err(),
        main.reopen("lead_9").unwrap_err(),
        main.leaves_contact_info("lead_9", Some("+1"), None).unwrap_err(),
    ] {
        assert_eq!(unknown, ControlError::UnknownLead);
    }
}
