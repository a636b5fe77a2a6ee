//! What a source of the sandbox posts to its webhook, when, and what goes wrong on the way.

mod faults;

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use replykit_sandbox::{
    ControlError, LeadReplyControl, LeadSender, PushResult, Sandbox, WebhookFault,
};
use serde_json::{Value, json};

use crate::{
    lead_wire::{reply, started},
    support::Receiver,
};

const SECRET: &str = "the-webhooks-own-secret";
const NOW: Duration = Duration::ZERO;
const SECOND: Duration = Duration::from_secs(1);

/// A sandbox whose source `main` takes replies, and posts to a receiver that answers 204. No welcome
/// comes in between.
pub(crate) async fn wired() -> (Sandbox, Receiver) {
    let (sandbox, receiver) = (started().await, Receiver::start(204).await);
    let main = sandbox.lead_reply();
    main.set_webhook(&receiver.url, SECRET).unwrap();
    main.enable_webhook().unwrap();
    main.set_skip_welcome_and_follow_ups(true);
    (sandbox, receiver)
}

fn json_of((_, body): &(HeaderMap, Bytes)) -> Value {
    serde_json::from_slice(body).unwrap()
}

/// What is posted by now.
async fn posted(sandbox: &Sandbox, receiver: &mut Receiver) -> Vec<Value> {
    sandbox.advance(NOW).await;
    receiver.posts().iter().map(json_of).collect()
}

/// Each event with the text of its message, if it has one.
fn words(events: &[Value]) -> Vec<(&str, &str)> {
    events
        .iter()
        .map(|event| {
            let text = event.pointer("/message/text").and_then(Value::as_str);
            (event["event"].as_str().unwrap(), text.unwrap_or("-"))
        })
        .collect()
}

/// The ids of the events that were posted, in order.
fn ids(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["event_id"].as_str().unwrap()).collect()
}

fn attempts(source: &LeadReplyControl<'_>, event: usize) -> Vec<PushResult> {
    source.deliveries()[event].attempts.clone()
}

#[tokio::test]
async fn a_new_lead_is_told_with_all_that_is_known() {
    let (sandbox, mut receiver) = wired().await;
    let main = sandbox.lead_reply();
    let lead = main.lead_writes("Billy Bob", "Hello").unwrap();
    sandbox.advance(NOW).await;
    let posts = receiver.posts();
    let (headers, _) = &posts[0];
    assert_eq!(headers["x-secret-key"], SECRET);
    assert_eq!(headers["content-type"], "application/json");
    let at = "2026-02-28T14:30:00Z";
    let hello = json!({
        "id": "msg_1", "direction": "inbound", "sender": "lead", "text": "Hello", "sent_at": at
    });
    let mut billy = json!({
        "id": "lead_1", "name": "Billy Bob", "first_name": "Billy", "last_name": "Bob",
        "phone": null, "email": null, "tags": [], "is_new": true, "ready": true
    });
    let expected = json!({
        "event": "new_lead", "event_id": "evt_1", "occurred_at": at, "source": {"id": "main"},
        "lead": billy, "message": hello, "conversation": [hello]
    });
    assert_eq!(posts.iter().map(json_of).collect::<Vec<_>>(), [expected]);

    sandbox.advance(SECOND).await;
    main.add_tag(&lead, "vip").unwrap();
    main.leaves_contact_info(&lead, Some("+40712345678"), None).unwrap();
    main.leaves_contact_info(&lead, None, Some("billy@example.com")).unwrap();
    let events = posted(&sandbox, &mut receiver).await;
    billy["phone"] = "+40712345678".into();
    billy["tags"] = json!(["vip"]);
    assert_eq!(events[0]["lead"], billy);
    billy["email"] = "billy@example.com".into();
    let expected = json!({
        "event": "new_contact_info", "event_id": "evt_3", "occurred_at": "2026-02-28T14:30:01Z",
        "source": {"id": "main"}, "lead": billy, "conversation": [hello]
    });
    assert_eq!((events.len(), &events[1]), (2, &expected));
}

#[tokio::test]
async fn every_message_of_a_conversation_is_told_and_whose_it_is() {
    let (sandbox, mut receiver) = wired().await;
    let main = sandbox.lead_reply();
    let lead = main.lead_writes("Ana", "Hello").unwrap();
    assert_eq!(reply(&main, &lead, "Hi").await.0, 200);
    main.team_replies(&lead, "Anything else?").unwrap();
    main.lead_writes("Ana", "No").unwrap();
    let events = posted(&sandbox, &mut receiver).await;
    assert_eq!(
        words(&events),
        [
            ("new_lead", "Hello"),
            ("new_message", "Hi"),
            ("new_message", "Anything else?"),
            ("new_message", "No")
        ]
    );
    let whose = |event: &Value| {
        ["direction", "sender"].map(|key| event["message"][key].as_str().unwrap().to_owned())
    };
    assert_eq!(
        events.iter().map(whose).collect::<Vec<_>>(),
        [["inbound", "lead"], ["outbound", "api"], ["outbound", "team"], ["inbound", "lead"]]
    );
    assert_eq!(events[3]["conversation"].as_array().unwrap().len(), 4);
    assert_eq!(events[1]["conversation"].as_array().unwrap().len(), 2, "as it was then");
    assert_eq!(
        [&events[0]["lead"]["first_name"], &events[0]["lead"]["last_name"]],
        [&json!("Ana"), &Value::Null]
    );
}

#[tokio::test]
async fn a_new_lead_is_welcomed_unless_that_is_skipped() {
    let (sandbox, mut receiver) = wired().await;
    let main = sandbox.lead_reply();
    main.set_skip_welcome_and_follow_ups(false);
    let lead = main.lead_appears("Ana").unwrap();
    let closed = main.lead_appears("Bo").unwrap();
    main.close_conversation(&closed).unwrap();
    assert_eq!(words(&posted(&sandbox, &mut receiver).await), [("new_lead", "-"); 2]);
    sandbox.advance(SECOND).await;
    let events = posted(&sandbox, &mut receiver).await;
    assert_eq!(events.len(), 1);
    assert_eq!(
        (&events[0]["message"]["direction"], &events[0]["message"]["sender"]),
        (&json!("outbound"), &json!("auto"))
    );
    assert_eq!(main.conversation(&lead).unwrap()[0].sender, LeadSender::Auto);

    main.set_skip_welcome_and_follow_ups(true);
    main.lead_appears("Cy").unwrap();
    sandbox.advance(5 * SECOND).await;
    assert_eq!(words(&posted(&sandbox, &mut receiver).await), [("new_lead", "-")]);
}

#[tokio::test]
async fn a_lead_that_is_not_ready_is_told_once_it_is() {
    let (sandbox, mut receiver) = wired().await;
    let main = sandbox.lead_reply();
    main.set_only_with_contact_info(true);
    let lead = main.lead_writes("Ana", "Hello").unwrap();
    main.lead_writes("Ana", "Anybody there?").unwrap();
    main.team_replies(&lead, "Your number?").unwrap();
    assert_eq!(posted(&sandbox, &mut receiver).await, [] as [Value; 0]);
    main.leaves_contact_info(&lead, Some("+40712345678"), None).unwrap();
    main.leaves_contact_info(&lead, Some("+40712345679"), None).unwrap();
    let events = posted(&sandbox, &mut receiver).await;
    assert_eq!(words(&events), [("new_lead", "Anybody there?"), ("new_contact_info", "-")]);
    assert_eq!(events[0]["conversation"].as_array().unwrap().len(), 3);
    assert_eq!(events[0]["lead"]["ready"], true);
    assert_eq!(main.deliveries().len(), 2);

    // Who was told of already is not told of again.
    let bo = main.source("main").unwrap();
    bo.set_only_with_contact_info(false);
    let lead = bo.lead_writes("Bo", "Hello").unwrap();
    bo.set_only_with_contact_info(true);
    bo.lead_writes("Bo", "Still here").unwrap();
    bo.leaves_contact_info(&lead, None, Some("bo@example.com")).unwrap();
    let events = posted(&sandbox, &mut receiver).await;
    assert_eq!(words(&events), [("new_lead", "Hello"), ("new_contact_info", "-")]);
    assert_eq!(events[1]["conversation"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_returning_lead_is_told_as_a_lead_that_is_not_new_or_not_as_a_lead() {
    for only_new in [false, true] {
        let (sandbox, mut receiver) = wired().await;
        let main = sandbox.lead_reply();
        main.set_only_new_leads(only_new);
        let lead = main.lead_writes("Ana", "Hello").unwrap();
        main.close_conversation(&lead).unwrap();
        assert_eq!(main.lead_writes("Ana", "Me again").unwrap(), lead);
        main.lead_writes("Ana", "Hello?").unwrap();
        main.close_conversation(&lead).unwrap();
        main.lead_appears("Ana").unwrap();
        let events = posted(&sandbox, &mut receiver).await;
        let all = [
            ("new_lead", "Hello"),
            ("new_lead", "Me again"),
            ("new_message", "Hello?"),
            ("new_lead", "-"),
        ];
        let without = [all[0], ("new_message", "Me again"), all[2]];
        assert_eq!(words(&events), if only_new { without.to_vec() } else { all.to_vec() });
        let is_new: Vec<_> = events.iter().map(|event| &event["lead"]["is_new"]).collect();
        assert_eq!(is_new[..3], [true, false, false]);
        assert_eq!(events[1]["conversation"].as_array().unwrap().len(), 2);
    }
}

#[tokio::test]
async fn a_reopened_conversation_is_the_same_one() {
    let (sandbox, mut receiver) = wired().await;
    let main = sandbox.lead_reply();
    let lead = main.lead_writes("Ana", "Hello").unwrap();
    main.close_conversation(&lead).unwrap();
    main.reopen(&lead).unwrap();
    main.lead_writes("Ana", "Thanks").unwrap();
    let events = posted(&sandbox, &mut receiver).await;
    assert_eq!(words(&events), [("new_lead", "Hello"), ("new_message", "Thanks")]);
    assert_eq!(events[1]["lead"]["is_new"], true);
}

#[tokio::test]
async fn the_sources_name_is_told_where_that_is_wanted() {
    let (sandbox, mut receiver) = wired().await;
    let main = sandbox.lead_reply();
    main.set_include_source_name(true);
    main.lead_writes("Ana", "Hello").unwrap();
    let events = posted(&sandbox, &mut receiver).await;
    assert_eq!(events[0]["source"], json!({"id": "main", "name": "Main Street Motors"}));

    let north = main.source("main-north").unwrap();
    north.set_webhook(&receiver.url, SECRET).unwrap();
    north.enable_webhook().unwrap();
    north.lead_writes("Ana", "Hello").unwrap();
    let events = posted(&sandbox, &mut receiver).await;
    assert_eq!(events[0]["source"], json!({"id": "main-north"}));
    assert_eq!((main.deliveries().len(), north.deliveries().len()), (1, 1));
}

#[tokio::test]
async fn a_test_is_posted_once_also_while_the_webhook_is_off() {
    let (sandbox, mut receiver) = wired().await;
    let main = sandbox.lead_reply();
    main.disable_webhook();
    main.webhook_fault(WebhookFault::WrongSecret);
    receiver.answer_first([403]);
    for status in [403, 204] {
        assert_eq!(main.send_test_request().await, Ok(PushResult::Answered(status)));
    }
    let posts = receiver.posts();
    assert_eq!(posts[0].0["x-secret-key"], SECRET, "a fault waits for an event");
    let at = "2026-02-28T14:30:00Z";
    let expected = json!({
        "event": "test", "event_id": "evt_1", "occurred_at": at, "source": {"id": "main"}
    });
    assert_eq!((posts.len(), json_of(&posts[0])), (2, expected));
    sandbox.advance(100 * SECOND).await;
    assert!(receiver.posts().is_empty(), "not repeated");
    let delivery = &main.deliveries()[0];
    assert_eq!((delivery.event.as_str(), delivery.lead.as_deref()), ("test", None));
    let north = main.source("main-north").unwrap();
    assert_eq!(north.send_test_request().await, Err(ControlError::NoWebhook));
}

#[tokio::test]
async fn nothing_is_posted_while_the_webhook_is_off() {
    let (sandbox, mut receiver) = wired().await;
    let main = sandbox.lead_reply();
    main.lead_writes("Ana", "1").unwrap();
    main.disable_webhook();
    main.lead_writes("Ana", "2").unwrap();
    assert_eq!(posted(&sandbox, &mut receiver).await, [] as [Value; 0]);
    assert_eq!(attempts(&main, 0), []);
    main.lead_writes("Ana", "3").unwrap();
    main.enable_webhook().unwrap();
    main.lead_writes("Ana", "4").unwrap();
    let events = posted(&sandbox, &mut receiver).await;
    assert_eq!(words(&events), [("new_message", "4")]);
    assert_eq!(events[0]["conversation"].as_array().unwrap().len(), 4);
    let north = main.source("main-north").unwrap();
    assert_eq!(north.enable_webhook(), Err(ControlError::NoWebhook));
}

#[tokio::test]
async fn a_webhook_is_on_this_machine_and_has_a_secret() {
    let sandbox = Sandbox::start().await.unwrap();
    let main = sandbox.lead_reply();
    for url in [
        "http://example.com/hook",
        "https://127.0.0.1/hook",
        "http://10.0.0.1/",
        "http://name@127.0.0.1/",
        "/hook",
        "",
        "no url",
    ] {
        assert_eq!(main.set_webhook(url, SECRET), Err(ControlError::InvalidUrl), "{url}");
    }
    for secret in ["", " ", "a\nb", " a", "caf\u{e9}\u{0}"] {
        let refused = main.set_webhook("http://127.0.0.1:9/hook", secret);
        assert_eq!(refused, Err(ControlError::InvalidSecret), "{secret:?}");
    }
    main.set_webhook("http://localhost:9/hook", SECRET).unwrap();
}

#[tokio::test]
async fn a_running_clock_posts_by_itself() {
    let sandbox = Sandbox::builder().real_time().start().await.unwrap();
    let mut receiver = Receiver::start(204).await;
    let main = sandbox.lead_reply();
    main.set_webhook(&receiver.url, SECRET).unwrap();
    main.enable_webhook().unwrap();
    main.set_skip_welcome_and_follow_ups(true);
    for fault in [WebhookFault::Duplicate, WebhookFault::Reorder] {
        main.webhook_fault(fault);
    }
    for text in ["1", "2", "3"] {
        main.lead_writes("Ana", text).unwrap();
    }
    let mut texts = Vec::new();
    for _ in 0..4 {
        texts.push(json_of(&receiver.next_post().await)["message"]["text"].clone());
    }
    assert_eq!(texts, ["1", "1", "3", "2"]);
}

#[tokio::test]
async fn nothing_personal_is_shown() {
    let (sandbox, _receiver) = wired().await;
    let main = sandbox.lead_reply();
    let lead = main.lead_writes("Canary Ana", "canary text").unwrap();
    main.leaves_contact_info(&lead, Some("+canary"), Some("canary@example.com")).unwrap();
    main.add_tag(&lead, "canary").unwrap();
    sandbox.advance(NOW).await;
    let shown = format!(
        "{sandbox:?} {main:?} {:?} {:?}",
        main.conversation(&lead).unwrap(),
        main.deliveries()
    );
    for canary in ["canary", "Canary", SECRET, &main.secret().unwrap()] {
        assert!(!shown.contains(canary), "{shown}");
    }
}
