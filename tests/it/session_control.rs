//! What goes out of the sandbox's session API and when, sessions that end, phones and faults.

use std::time::Duration;

use http::{Method, StatusCode};
use replykit_sandbox::{ControlError, HttpFault, Sandbox, SessionGroup};
use serde_json::{Value, json};

use crate::{
    session_wire::Person,
    support::{fixture, post, send},
};

const HI: [(&str, &str); 2] = [("phoneId", "+1234567890"), ("message", "Hello!")];
const MINUTE: Duration = Duration::from_secs(60);

async fn queue(person: &Person<'_>) -> Vec<Value> {
    person.get("messages/queue?limit=100").await["messages"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_message_goes_out_at_once_or_at_its_time() {
    let sandbox = Sandbox::start().await.unwrap();
    let person = Person::paired(&sandbox).await;
    let (status, taken) = person.send(&HI, "").await;
    let expected = json!({"success": true, "messageId": "msg_1", "scheduledFor": null});
    assert_eq!((status, taken), (200, expected));
    let at = [&HI[..], &[("scheduledTime", "2026-02-28T17:00:00+02:00")]].concat();
    let (_, taken) = person.send(&at, "").await;
    assert_eq!(taken["scheduledFor"], "2026-02-28T15:00:00.000Z");

    let states = async || {
        let queue = queue(&person).await;
        queue.iter().map(|m| m["status"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(states().await, ["scheduled", "queued"], "the newest first");
    sandbox.advance(Duration::ZERO).await;
    assert_eq!(states().await, ["scheduled", "sent"]);
    sandbox.advance(60 * MINUTE).await;
    let expected = json!({
        "id": "msg_2", "to": "+1234567890", "message": "Hello!", "status": "sent",
        "scheduledFor": "2026-02-28T15:00:00.000Z", "sentAt": "2026-02-28T15:00:00.000Z"
    });
    assert_eq!(queue(&person).await[0], expected);
    let sent = sandbox.session().sent();
    assert_eq!((sent[0].message_id.as_str(), sent[0].to.as_str()), ("msg_1", "+1234567890"));
    assert_eq!(sent[1].at, "2026-02-28T15:00:00Z".parse().unwrap());
    assert!(!format!("{sent:?}").contains("Hello"));
}

#[tokio::test]
async fn a_file_is_kept_by_its_name_type_and_size() {
    let sandbox = Sandbox::start().await.unwrap();
    let person = Person::paired(&sandbox).await;
    let file = "--x\r\nContent-Disposition: form-data; name=\"mediaFile\"; filename=\"../a.png\"\r\n\
                Content-Type: image/png\r\n\r\n12345\r\n";
    assert_eq!(person.send(&HI, file).await.0, 200);
    sandbox.advance(Duration::ZERO).await;
    let media = sandbox.session().sent()[0].media.clone().unwrap();
    assert_eq!(
        (media.name.as_str(), media.content_type.as_str(), media.size),
        ("../a.png", "image/png", 5)
    );
}

#[tokio::test]
async fn a_large_file_is_taken() {
    let sandbox = Sandbox::start().await.unwrap();
    let person = Person::paired(&sandbox).await;
    let content = "0".repeat(16 * 1024 * 1024);
    let file = "--x\r\nContent-Disposition: form-data; name=\"mediaFile\"; filename=\"a\"\r\n\r\n";
    assert_eq!(person.send(&HI, &format!("{file}{content}\r\n")).await.0, 200);
    sandbox.advance(Duration::ZERO).await;
    assert_eq!(sandbox.session().sent()[0].media.as_ref().unwrap().size, content.len());
}

#[tokio::test]
async fn what_the_ai_made_of_a_text_is_seen() {
    let sandbox = Sandbox::start().await.unwrap();
    let person = Person::paired(&sandbox).await;
    let mut request = fixture("session/11-schedule-request");
    request["scheduledTime"] = "2026-05-16T10:00:00.000Z".into();
    let (status, taken) = person.post("messages/schedule", &request).await;
    let expected = json!({
        "success": true, "messageId": "sched_1", "scheduledFor": "2026-05-16T10:00:00.000Z"
    });
    assert_eq!((status, taken), (200, expected));
    assert_eq!(queue(&person).await[0]["message"], "Hi, this is a planned note! \u{1f60a}");
    request.as_object_mut().unwrap().remove("aiModifications");
    person.post("messages/schedule", &request).await;
    assert_eq!(queue(&person).await[0]["message"], request["message"]);
}

#[tokio::test]
async fn the_queue_comes_in_pages_of_ones_own() {
    let sandbox = Sandbox::start().await.unwrap();
    let person = Person::paired(&sandbox).await;
    for _ in 0..12 {
        person.send(&HI, "").await;
    }
    let ids = |page: &Value| {
        let messages = page["messages"].as_array().unwrap();
        messages.iter().map(|m| m["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let first = person.get("messages/queue").await;
    assert_eq!(first["pagination"], json!({"page": 1, "limit": 10, "total": 12, "pages": 2}));
    assert_eq!((ids(&first).len(), ids(&first)[0].as_str()), (10, "msg_12"));
    assert_eq!(ids(&person.get("messages/queue?page=2").await), ["msg_2", "msg_1"]);
    let third = person.get("messages/queue?page=2&limit=5").await;
    assert_eq!(third["pagination"], json!({"page": 2, "limit": 5, "total": 12, "pages": 3}));
    assert_eq!(ids(&third)[0], "msg_7");
    assert_eq!(person.get("messages/queue?page=9").await["messages"], json!([]));
    assert_eq!(person.get("messages/queue?page=0&limit=none").await, first);

    let mut other = fixture("session/01-register-request");
    other["username"] = "janedoe".into();
    let url = sandbox.session_url() + "api/auth/register";
    let answer =
        send(Method::POST, &url, &[("Content-Type", "application/json")], other.to_string());
    let answer = answer.await;
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    let other = Person { sandbox: &sandbox, cookie };
    let empty = json!({"page": 1, "limit": 10, "total": 0, "pages": 0});
    assert_eq!(other.get("messages/queue").await["pagination"], empty);
}

#[tokio::test]
async fn a_session_ends_at_its_time_however_much_it_is_used() {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.session().set_session_lifetime(10 * MINUTE);
    let person = Person::register(&sandbox).await;
    let status = async || person.ask(Method::GET, "users/me", ("X", "x"), String::new()).await.0;
    for _ in 0..2 {
        assert_eq!(status().await, 200);
        sandbox.advance(5 * MINUTE).await;
    }
    assert_eq!(status().await, 401);
    let login = fixture("session/03-login-request");
    assert_eq!(person.post("auth/login", &login).await.0, 200);
    sandbox.session().expire_sessions();
    assert_eq!(status().await, 401);
}

#[tokio::test]
async fn an_upload_after_the_end_of_the_session_leaves_nothing() {
    let sandbox = Sandbox::start().await.unwrap();
    let person = Person::paired(&sandbox).await;
    sandbox.session().expire_sessions();
    assert_eq!(person.send(&HI, "").await.0, 401);
    sandbox.advance(MINUTE).await;
    assert_eq!(sandbox.session().sent(), []);
}

#[tokio::test]
async fn a_qr_code_is_scanned_in_time_or_not_at_all() {
    let sandbox = Sandbox::start().await.unwrap();
    let session = sandbox.session();
    let scan = || session.confirm_pairing("johndoe", "+1234567890", "John's WhatsApp");
    assert_eq!(scan(), Err(ControlError::UnknownAccount));
    let person = Person::register(&sandbox).await;
    assert_eq!(scan(), Err(ControlError::NoQrCode));
    person.get("whatsapp/createqr").await;
    sandbox.advance(MINUTE).await;
    assert_eq!(person.get("whatsapp/status").await["status"], "disconnected");
    assert_eq!(scan(), Err(ControlError::NoQrCode));
    person.get("whatsapp/createqr").await;
    assert_eq!(scan(), Ok(()));
    assert_eq!(scan(), Err(ControlError::NoQrCode), "it counts once");
}

#[tokio::test]
async fn a_message_fails_without_its_phone_or_its_recipient() {
    let sandbox = Sandbox::start().await.unwrap();
    let session = sandbox.session();
    let person = Person::paired(&sandbox).await;
    session.set_unreachable("+1234567890", true);
    person.send(&HI, "").await;
    sandbox.advance(MINUTE).await;
    session.set_unreachable("+1234567890", false);
    person.send(&HI, "").await;
    session.unpair("johndoe").unwrap();
    sandbox.advance(MINUTE).await;
    for message in queue(&person).await {
        assert_eq!((&message["status"], &message["sentAt"]), (&json!("failed"), &Value::Null));
    }
    assert_eq!(session.sent(), []);
}

#[tokio::test]
async fn a_group_of_the_phone_can_be_written_to() {
    let sandbox = Sandbox::start().await.unwrap();
    let person = Person::paired(&sandbox).await;
    let groups = [SessionGroup::new("team", "Team", ["+1987654321"])];
    sandbox.session().set_groups("johndoe", groups).unwrap();
    let expected = json!([{"id": "team", "name": "Team", "participants": ["+1987654321"]}]);
    assert_eq!(person.get("whatsapp/groups").await, expected);
    assert_eq!(person.send(&[("phoneId", "team"), ("message", "Hi")], "").await.0, 200);
}

#[tokio::test]
async fn a_fault_hits_the_next_request_and_may_hide_that_it_was_done() {
    let sandbox = Sandbox::start().await.unwrap();
    let person = Person::paired(&sandbox).await;
    let url = sandbox.session_url() + "api/messages/send";
    let form = ("Content-Type", "multipart/form-data; boundary=x");
    let body = "--x\r\nContent-Disposition: form-data; name=\"phoneId\"\r\n\r\n+1234567890\r\n\
                --x\r\nContent-Disposition: form-data; name=\"message\"\r\n\r\nHi\r\n--x--\r\n";
    let faults = [
        HttpFault::status(StatusCode::SERVICE_UNAVAILABLE),
        HttpFault::status(StatusCode::SERVICE_UNAVAILABLE).carried_out(),
    ];
    for (done, fault) in faults.into_iter().enumerate() {
        sandbox.session().fail_next(fault.method(Method::POST));
        let answer = send(Method::POST, &url, &[form, ("Cookie", &person.cookie)], body).await;
        assert_eq!(answer.status(), 503);
        assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
        assert_eq!(queue(&person).await.len(), done);
    }
}

#[tokio::test]
async fn a_fault_can_be_a_login_page_a_redirect_to_one_or_ask_to_wait() {
    let sandbox = Sandbox::start().await.unwrap();
    let session = sandbox.session();
    let url = sandbox.session_url() + "api/users/me";
    session.fail_next(HttpFault::status(StatusCode::OK));
    session.fail_next(HttpFault::status(StatusCode::FOUND));
    let busy = HttpFault::status(StatusCode::TOO_MANY_REQUESTS);
    session.fail_next(busy.retry_after(Duration::from_secs(7)));
    let page = send(Method::GET, &url, &[], "").await;
    assert_eq!(page.status(), 200);
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    let moved = send(Method::GET, &url, &[], "").await;
    assert_eq!(
        (moved.status().as_u16(), &moved.headers()["location"]),
        (302, &"/login".parse().unwrap())
    );
    let busy = send(Method::GET, &url, &[], "").await;
    assert_eq!(
        (busy.status().as_u16(), &busy.headers()["retry-after"]),
        (429, &"7".parse().unwrap())
    );
}

#[tokio::test]
async fn where_the_clock_runs_messages_go_out_by_themselves() {
    let sandbox = Sandbox::builder().real_time().start().await.unwrap();
    let person = Person::paired(&sandbox).await;
    let message = json!({"phone_number": "+1234567890", "message": "Hi"});
    post_created(&(sandbox.crm_url() + "whatsapp/"), &message).await;
    person.send(&HI, "").await;
    let both_out = async {
        while sandbox.crm().sent().is_empty() || sandbox.session().sent().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), both_out).await.expect("both go out");
}

async fn post_created(url: &str, body: &Value) {
    let json = [("Content-Type", "application/json")];
    assert_eq!(send(Method::POST, url, &json, body.to_string()).await.status(), 201);
}

#[tokio::test]
async fn the_same_is_done_over_http() {
    let sandbox = Sandbox::start().await.unwrap();
    let person = Person::register(&sandbox).await;
    person.get("whatsapp/createqr").await;
    let url = sandbox.session_url() + "control";
    let group = json!({"id": "team", "name": "Team", "participants": ["+1987654321"]});
    for action in [
        json!({"action": "confirm_pairing", "username": "johndoe", "phone": "+1", "name": "J"}),
        json!({"action": "set_groups", "username": "johndoe", "groups": [group]}),
        json!({"action": "set_unreachable", "to": "+1234567899", "yes": true}),
        json!({"action": "set_session_lifetime", "seconds": 60}),
    ] {
        assert_eq!(post(&url, &action).await, json!({}), "{action}");
    }
    assert_eq!(person.get("whatsapp/groups").await, json!([group]));
    assert_eq!(person.send(&HI, "").await.0, 200);
    sandbox.advance(Duration::ZERO).await;
    let sent = json!({
        "message_id": "msg_1", "username": "johndoe", "to": "+1234567890", "text": "Hello!",
        "media": null, "at": "2026-02-28T14:30:00Z"
    });
    assert_eq!(post(&url, &json!({"action": "sent"})).await, json!({"sent": [sent]}));
    assert_eq!(post(&url, &json!({"action": "logins"})).await, json!({"logins": 0}));
    post(&url, &json!({"action": "fail_next", "fault": {"status": 502}, "times": 2})).await;
    for status in [502, 502, 404] {
        assert_eq!(send(Method::GET, &sandbox.session_url(), &[], "").await.status(), status);
    }
    for action in
        [json!({"action": "unpair", "username": "johndoe"}), json!({"action": "expire_sessions"})]
    {
        assert_eq!(post(&url, &action).await, json!({}), "{action}");
    }
    for (wrong, why) in [
        (json!({"action": "unpair", "username": "nobody"}), "no such account"),
        (json!({"action": "set_session_lifetime", "seconds": -1}), "negative"),
    ] {
        let answer = send(Method::POST, &url, &[], wrong.to_string()).await;
        assert_eq!(answer.status(), 400, "{wrong}");
        let error: Value = serde_json::from_slice(answer.body()).unwrap();
        assert!(error["error"].as_str().unwrap().contains(why), "{error}");
    }
}
