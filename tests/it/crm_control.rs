//! What goes out of the sandbox's open REST API, what comes in by itself, and faults.

use std::time::Duration;

use convrs_client::transport::{Body, CallOptions, HttpTransport, TransportError};
use http::{Method, Request, StatusCode};
use replykit_sandbox::{ControlError, HttpFault, Provider, Sandbox};
use serde_json::{Value, json};

use crate::{
    crm_wire::{ask, create, get},
    support::{post, send, transport},
};

const MINUTE: Duration = Duration::from_secs(60);

fn hello(scheduled_at: Value) -> Value {
    json!({"phone_number": "+1234567890", "message": "Hello from API!", "scheduled_at": scheduled_at})
}

fn at_three() -> Value {
    "2026-02-28T15:00:00Z".into()
}

async fn status_of(sandbox: &Sandbox, path: &str) -> String {
    get(sandbox, path).await["status"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_message_goes_out_at_once_or_at_its_time() {
    let sandbox = Sandbox::start().await.unwrap();
    for at in [Value::Null, "2025-02-20T10:00:00Z".into(), at_three()] {
        assert_eq!(create(&sandbox, "whatsapp/", hello(at)).await["status"], "Pending");
    }
    sandbox.advance(Duration::ZERO).await;
    for (path, status) in
        [("whatsapp/1/", "Sent"), ("whatsapp/2/", "Sent"), ("whatsapp/3/", "Pending")]
    {
        assert_eq!(status_of(&sandbox, path).await, status, "{path}");
    }
    sandbox.advance(30 * MINUTE - Duration::from_secs(1)).await;
    assert_eq!(sandbox.crm().sent().len(), 2);
    sandbox.advance(Duration::from_secs(60)).await;
    let sent = sandbox.crm().sent();
    assert_eq!(status_of(&sandbox, "whatsapp/3/").await, "Sent");
    assert_eq!(sent[2].at, "2026-02-28T15:00:00Z".parse().unwrap());
    assert_eq!((sent[2].to.as_str(), sent[2].text.as_str()), ("+1234567890", "Hello from API!"));
    assert!(!format!("{sent:?}").contains("Hello"));
}

#[tokio::test]
async fn a_status_is_posted_at_its_time() {
    let sandbox = Sandbox::start().await.unwrap();
    let status = json!({"text": "Good morning!", "scheduled_at": at_three()});
    let made = create(&sandbox, "status/", status).await;
    assert_eq!((&made["status"], &made["user"]), (&json!("Pending"), &Value::Null));
    sandbox.advance(30 * MINUTE).await;
    assert_eq!(status_of(&sandbox, "status/1/").await, "Posted");
    assert_eq!(sandbox.crm().sent()[0].to, "status@broadcast");
}

#[tokio::test]
async fn deleting_what_is_scheduled_cancels_it() {
    let sandbox = Sandbox::start().await.unwrap();
    create(&sandbox, "whatsapp/", hello(at_three())).await;
    create(&sandbox, "status/", json!({"text": "Hi", "scheduled_at": at_three()})).await;
    for path in ["whatsapp/1/", "status/1/"] {
        assert_eq!(ask(&sandbox, Method::DELETE, path, &Value::Null).await.0, 204);
    }
    sandbox.advance(60 * MINUTE).await;
    assert_eq!(sandbox.crm().sent(), []);
}

#[tokio::test]
async fn what_waits_can_be_put_to_another_time_and_its_status_cannot_be_written() {
    let sandbox = Sandbox::start().await.unwrap();
    create(&sandbox, "whatsapp/", hello(at_three())).await;
    create(&sandbox, "status/", json!({"text": "Hi", "scheduled_at": at_three()})).await;
    let later = json!({"scheduled_at": "2026-02-28T16:00:00Z", "status": "Sent"});
    for path in ["whatsapp/1/", "status/1/"] {
        let (status, changed) = ask(&sandbox, Method::PATCH, path, &later).await;
        assert_eq!((status, &changed["status"]), (200, &json!("Pending")));
    }
    sandbox.advance(60 * MINUTE).await;
    assert_eq!(sandbox.crm().sent(), []);
    sandbox.advance(30 * MINUTE).await;
    assert_eq!(sandbox.crm().sent().len(), 2);
}

#[tokio::test]
async fn the_running_backend_sends_at_once_and_leaves_statuses_with_a_time() {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.crm().set_running_backend(true);
    assert_eq!(create(&sandbox, "whatsapp/", hello(at_three())).await["status"], "Pending");
    create(&sandbox, "status/", json!({"text": "Hi", "scheduled_at": at_three()})).await;
    sandbox.advance(Duration::ZERO).await;
    assert_eq!(status_of(&sandbox, "whatsapp/1/").await, "Sent");
    // So a DELETE that says 204 has removed nothing but the record.
    assert_eq!(ask(&sandbox, Method::DELETE, "whatsapp/1/", &Value::Null).await.0, 204);
    assert_eq!(sandbox.crm().sent().len(), 1);
    sandbox.advance(60 * MINUTE).await;
    assert_eq!(status_of(&sandbox, "status/1/").await, "Pending");
}

#[tokio::test]
async fn what_the_provider_does_is_seen_in_the_status() {
    let sandbox = Sandbox::start().await.unwrap();
    for (provider, message, status, sent) in [
        (
            Provider::Refuses("no such number".to_owned()),
            "Failed: no such number",
            "Failed: no such number",
            0,
        ),
        (Provider::Refuses(String::new()), "Failed", "Failed", 0),
        (Provider::Unreachable, "Pending", "Pending", 0),
        (Provider::AnswerLost, "Pending", "Pending", 2),
        (Provider::Accepts, "Sent", "Posted", 4),
    ] {
        sandbox.crm().set_provider(provider.clone());
        let id = create(&sandbox, "whatsapp/", hello(Value::Null)).await["id"].clone();
        create(&sandbox, "status/", json!({"text": "Hi"})).await;
        sandbox.advance(MINUTE).await;
        assert_eq!(status_of(&sandbox, &format!("whatsapp/{id}/")).await, message, "{provider:?}");
        assert_eq!(status_of(&sandbox, &format!("status/{id}/")).await, status, "{provider:?}");
        assert_eq!(sandbox.crm().sent().len(), sent, "{provider:?}");
    }
}

#[tokio::test]
async fn the_provider_asks_for_its_key() {
    let sandbox = Sandbox::start().await.unwrap();
    let url = sandbox.crm_url() + "360dialog/messages";
    assert_eq!(send(Method::POST, &url, &[], "{}").await.status(), 401);
}

#[tokio::test]
async fn contacts_of_landing_pages_are_pulled_now_and_then() {
    let sandbox = Sandbox::start().await.unwrap();
    let crm = sandbox.crm();
    crm.add_wordpress_row("John Doe", "+40712345678", "Spring");
    let wordpress = sandbox.crm_url() + "wordpress";
    let rows = send(Method::GET, &wordpress, &[], "").await;
    let rows: Value = serde_json::from_slice(rows.body()).unwrap();
    assert_eq!(
        rows,
        json!([{"Name": "John Doe", "tel-463": "+40712345678", "landing_page": "Spring"}])
    );

    sandbox.advance(4 * MINUTE).await;
    assert_eq!(get(&sandbox, "contacts/").await, json!([]));
    sandbox.advance(MINUTE).await;
    let contact = get(&sandbox, "contacts/1/").await;
    assert_eq!((&contact["name"], &contact["group"]), (&json!("John Doe"), &json!(1)));
    assert_eq!(contact["created_at"], "2026-02-28T14:35:00Z");

    crm.add_wordpress_row("Jane Doe", "+40712345679", "Spring");
    crm.add_wordpress_row("Not John", "+40712345678", "Spring");
    crm.add_wordpress_row("", "+40712345670", "Spring");
    // A clock that is moved by years does not ask all the time.
    sandbox.advance(100_000 * MINUTE).await;
    let contacts = get(&sandbox, "contacts/").await;
    assert_eq!(contacts.as_array().unwrap().len(), 2, "{contacts}");
}

#[tokio::test]
async fn another_wordpress_is_asked_each_time_and_may_fail() {
    let sandbox = Sandbox::start().await.unwrap();
    let crm = sandbox.crm();
    for url in ["http://example.com/", "no url"] {
        assert_eq!(crm.set_wordpress(Some(url), MINUTE), Err(ControlError::InvalidUrl));
    }
    let other = Sandbox::start().await.unwrap();
    crm.set_wordpress(Some(&(other.crm_url() + "nowhere")), MINUTE).unwrap();
    sandbox.advance(2 * MINUTE).await;
    crm.set_wordpress(Some(&(other.crm_url() + "wordpress")), MINUTE).unwrap();
    sandbox.advance(2 * MINUTE).await;
    assert_eq!(get(&sandbox, "contacts/").await, json!([]));
    other.crm().add_wordpress_row("John Doe", "+40712345678", "Spring");
    sandbox.advance(MINUTE).await;
    assert_eq!(get(&sandbox, "contacts/1/").await["name"], "John Doe");

    crm.set_wordpress(None, MINUTE).unwrap();
    crm.add_wordpress_row("Jane Doe", "+40712345679", "Spring");
    sandbox.advance(MINUTE).await;
    assert_eq!(get(&sandbox, "contacts/2/").await["name"], "Jane Doe");
}

#[tokio::test]
async fn incoming_messages_are_answered_by_the_first_rule_that_fits() {
    let sandbox = Sandbox::start().await.unwrap();
    let crm = sandbox.crm();
    crm.add_reply_rule("hours", "Mo-Fr 9-17");
    assert_eq!(crm.person_writes("+40712345678", "Good day"), None);
    assert_eq!(crm.person_writes("+40712345678", "Your HOURS?"), Some(1));
    assert_eq!(crm.person_writes("+40712345678", "Hello, your hours?"), Some(2));
    sandbox.advance(Duration::ZERO).await;
    let message = get(&sandbox, "whatsapp/1/").await;
    assert_eq!(message["message"], "Mo-Fr 9-17");
    assert_eq!(
        (&message["phone_number"], &message["status"]),
        (&json!("+40712345678"), &json!("Sent"))
    );
    assert_eq!(crm.sent()[1].text, "Hello! How can we help you?");
}

async fn attempt(sandbox: &Sandbox, within: Duration) -> Result<u16, TransportError> {
    let request = Request::post(sandbox.crm_url() + "whatsapp/")
        .header("Content-Type", "application/json")
        .body(hello(Value::Null).to_string().into())
        .unwrap();
    let answer = transport().send(request, &CallOptions::within(within)).await?;
    Ok(answer.status().as_u16())
}

#[tokio::test]
async fn a_fault_hits_the_next_requests_before_or_after_they_are_carried_out() {
    let sandbox = Sandbox::start().await.unwrap();
    let crm = sandbox.crm();
    let long = Duration::from_secs(10);
    let count = async || get(&sandbox, "whatsapp/").await.as_array().unwrap().len();
    let post = |fault: HttpFault| fault.method(Method::POST);

    crm.fail_next(post(HttpFault::status(StatusCode::BAD_GATEWAY)).times(2));
    for status in [502, 502, 201] {
        assert_eq!(attempt(&sandbox, long).await.unwrap(), status);
    }
    assert_eq!(count().await, 1);
    crm.fail_next(post(HttpFault::status(StatusCode::BAD_GATEWAY)).carried_out());
    assert_eq!(attempt(&sandbox, long).await.unwrap(), 502);
    assert_eq!(count().await, 2);

    crm.fail_next(post(HttpFault::dropped()));
    assert!(attempt(&sandbox, long).await.unwrap_err().received().is_empty());
    assert_eq!(count().await, 2);
    crm.fail_next(post(HttpFault::dropped()).carried_out());
    attempt(&sandbox, long).await.unwrap_err();
    assert_eq!(count().await, 3);
    crm.fail_next(post(HttpFault::cut()));
    let cut = attempt(&sandbox, long).await.unwrap_err();
    assert!(cut.received().starts_with(b"{"), "the head came: {cut}");
    assert_eq!(count().await, 4);
    crm.fail_next(post(HttpFault::silent()));
    attempt(&sandbox, Duration::from_millis(50)).await.unwrap_err();
    assert_eq!(count().await, 4);
}

#[tokio::test]
async fn an_answer_without_a_body_can_be_lost_as_well() {
    let sandbox = Sandbox::start().await.unwrap();
    for fault in [HttpFault::dropped().carried_out(), HttpFault::cut(), HttpFault::dropped()] {
        let id = create(&sandbox, "groups/", json!({"name": "Team"})).await["id"].clone();
        sandbox.crm().fail_next(fault.clone());
        let request = Request::delete(format!("{}groups/{id}/", sandbox.crm_url()));
        let options = CallOptions::within(Duration::from_secs(10));
        let lost = transport().send(request.body(Body::empty()).unwrap(), &options).await;
        assert!(lost.unwrap_err().received().is_empty(), "{fault:?}");
        let left = get(&sandbox, "groups/").await.as_array().unwrap().len();
        assert_eq!(left, usize::from(fault == HttpFault::dropped()), "{fault:?}");
    }
}

#[tokio::test]
async fn the_same_is_done_over_http() {
    let sandbox = Sandbox::start().await.unwrap();
    let url = sandbox.crm_url() + "control";
    for action in [
        json!({"action": "set_provider", "provider": {"refuses": "why"}}),
        json!({"action": "set_provider", "provider": "accepts"}),
        json!({"action": "set_redirect_writes", "yes": true}),
        json!({"action": "set_wordpress", "url": null, "minutes": 1}),
        json!({"action": "add_wordpress_row", "name": "A", "phone": "+1", "landing_page": "P"}),
        json!({"action": "add_reply_rule", "word": "w", "reply": "r"}),
        json!({"action": "set_running_backend", "yes": true}),
    ] {
        assert_eq!(post(&url, &action).await, json!({}), "{action}");
    }
    let write = json!({"action": "person_writes", "phone": "+1", "text": "hello"});
    assert_eq!(post(&url, &write).await, json!({"id": 1}));
    let write = json!({"action": "person_writes", "phone": "+1", "text": "?"});
    assert_eq!(post(&url, &write).await, json!({"id": null}));
    sandbox.advance(MINUTE).await;
    let sent = post(&url, &json!({"action": "sent"})).await;
    let text = "Hello! How can we help you?";
    let expected = json!([{"to": "+1", "text": text, "media": null, "at": "2026-02-28T14:30:00Z"}]);
    assert_eq!(sent["sent"], expected);
    assert_eq!(get(&sandbox, "contacts/1/").await["name"], "A");

    let fault =
        json!({"action": "fail_next", "fault": {"status": 503}, "method": "get", "times": 1});
    post(&url, &fault).await;
    assert_eq!(send(Method::GET, &(sandbox.crm_url() + "groups/"), &[], "").await.status(), 503);
    for (wrong, why) in [
        (json!({"action": "unheard_of"}), "unknown variant"),
        (json!({"action": "fail_next", "fault": {"status": 99}}), "a status from 200 on"),
        (json!({"action": "fail_next", "fault": "cut", "method": "P ST"}), "one such as POST"),
        (
            json!({"action": "set_wordpress", "url": "http://example.com", "minutes": 1}),
            "use a URL",
        ),
        (json!({"action": "set_wordpress", "url": null, "minutes": -1}), "negative"),
    ] {
        let answer = send(Method::POST, &url, &[], wrong.to_string()).await;
        assert_eq!(answer.status(), 400, "{wrong}");
        let error: Value = serde_json::from_slice(answer.body()).unwrap();
        assert!(error["error"].as_str().unwrap().contains(why), "{error}");
    }
}
