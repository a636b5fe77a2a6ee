//! The sandbox's WhatsApp servers with a data file: what is there after a restart.

use std::{
    fs,
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use http::{Method, StatusCode};
use replykit_sandbox::{DataError, HttpFault, Provider, Sandbox, SessionGroup, StartError};
use serde_json::{Value, json};

use crate::{
    crm_wire::{ask, create, get, john},
    session_wire::Person,
    support::send,
};

const MINUTE: Duration = Duration::from_secs(60);

/// A folder with a data file, which is gone with it.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("replykit-restarts-{}-{next}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    fn file(&self) -> PathBuf {
        self.0.join("sandbox.db")
    }

    async fn start(&self) -> Sandbox {
        Sandbox::builder().data(self.file()).start().await.unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn hello(scheduled_at: Value) -> Value {
    json!({"phone_number": "+1234567890", "message": "Hello!", "scheduled_at": scheduled_at})
}

fn at_three() -> Value {
    "2026-02-28T15:00:00Z".into()
}

/// The answers to these, with one name for the port, which is another one after a restart.
async fn shown(sandbox: &Sandbox, paths: &[&str]) -> Vec<(u16, String, Vec<u8>)> {
    let mut shown = Vec::new();
    for path in paths {
        let answer = send(Method::GET, &(sandbox.crm_url() + path), &[], "").await;
        let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
        let mut body = answer.body().to_vec();
        if kind == "application/json" {
            let text = String::from_utf8(body).unwrap();
            body = text.replace(&sandbox.address().to_string(), "HOST").into_bytes();
        }
        shown.push((answer.status().as_u16(), kind, body));
    }
    shown
}

#[tokio::test]
async fn everything_of_the_open_api_is_the_same_after_a_restart() {
    let place = Place::new();
    let sandbox = place.start().await;
    create(&sandbox, "contacts/", john()).await;
    create(&sandbox, "groups/", json!({"name": "Team", "max_capacity": 3})).await;
    sandbox.crm().set_provider(Provider::Refuses("no such number".to_owned()));
    create(&sandbox, "whatsapp/", hello(Value::Null)).await;
    sandbox.advance(MINUTE).await;
    sandbox.crm().set_provider(Provider::Accepts);
    create(&sandbox, "whatsapp/", hello(Value::Null)).await;
    create(&sandbox, "whatsapp/", hello(at_three())).await;
    let picture = b"\x89PNG\r\n\x1a\n\x00\xff";
    let form = [
        &b"--x\r\nContent-Disposition: form-data; name=\"media\"; filename=\"a.png\"\r\n\
           Content-Type: image/png\r\n\r\n"[..],
        picture,
        b"\r\n--x--\r\n",
    ]
    .concat();
    let kind = [("Content-Type", "multipart/form-data; boundary=x")];
    let status = send(Method::POST, &(sandbox.crm_url() + "status/"), &kind, form).await;
    assert_eq!(status.status(), 201);
    sandbox.crm().add_wordpress_row("Jane Doe", "+40712345679", "Summer");
    sandbox.advance(10 * MINUTE).await;
    sandbox.crm().add_wordpress_row("Jim Doe", "+40712345670", "Summer");
    create(&sandbox, "status/", json!({"text": "Hi", "scheduled_at": at_three()})).await;

    let paths =
        ["contacts/", "groups/", "whatsapp/", "status/", "media/a.png", "wordpress", "contacts/2/"];
    let before = shown(&sandbox, &paths).await;
    assert!(before.iter().all(|(status, ..)| *status == 200), "{before:?}");
    let (sent, now) = (sandbox.crm().sent(), sandbox.now());
    assert_eq!(sent.len(), 2);
    drop(sandbox);

    let sandbox = place.start().await;
    assert_eq!(shown(&sandbox, &paths).await, before);
    assert_eq!((sandbox.crm().sent(), sandbox.now()), (sent, now));
    assert_eq!(before[4].2, picture);
    // And it goes on: the row that nobody had pulled, and the number that is taken.
    sandbox.advance(5 * MINUTE).await;
    assert_eq!(get(&sandbox, "contacts/3/").await["name"], "Jim Doe");
    assert_eq!(ask(&sandbox, Method::POST, "contacts/", &john()).await.0, 200);
}

#[tokio::test]
async fn what_waits_goes_out_once_after_a_restart_and_what_went_out_never_again() {
    let place = Place::new();
    let sandbox = place.start().await;
    create(&sandbox, "whatsapp/", hello(Value::Null)).await;
    sandbox.advance(Duration::ZERO).await;
    create(&sandbox, "whatsapp/", hello(at_three())).await;
    create(&sandbox, "whatsapp/", hello(Value::Null)).await;
    create(&sandbox, "status/", json!({"text": "Hi", "scheduled_at": at_three()})).await;
    drop(sandbox);
    for (minutes, sent) in [(0, 2), (29, 2), (1, 4), (60, 4), (0, 4)] {
        let sandbox = place.start().await;
        sandbox.advance(minutes * MINUTE).await;
        assert_eq!(sandbox.crm().sent().len(), sent, "{minutes}");
    }
}

#[tokio::test]
async fn a_running_clock_sends_what_fell_due_while_there_was_no_sandbox() {
    let place = Place::new();
    let sandbox = place.start().await;
    create(&sandbox, "whatsapp/", hello(at_three())).await;
    drop(sandbox);
    let sandbox = Sandbox::builder().data(place.file()).real_time().start().await.unwrap();
    assert!(sandbox.now() > "2026-02-28T15:00:00Z".parse().unwrap());
    // What is due already is done when this returns.
    sandbox.advance(Duration::ZERO).await;
    assert_eq!(sandbox.crm().sent().len(), 1);
    let sent = sandbox.crm().sent()[0].at;
    drop(sandbox);
    assert!(place.start().await.now() >= sent, "no clock goes back behind what was kept");
}

#[tokio::test]
async fn the_id_of_what_was_deleted_is_not_given_anew() {
    let place = Place::new();
    let sandbox = place.start().await;
    let objects = [
        ("contacts/", john()),
        ("groups/", json!({"name": "Team"})),
        ("whatsapp/", hello(at_three())),
        ("status/", json!({"text": "Hi"})),
    ];
    let mut ids = Vec::new();
    for (path, object) in &objects {
        let id = create(&sandbox, path, object.clone()).await["id"].as_u64().unwrap();
        let deleted = ask(&sandbox, Method::DELETE, &format!("{path}{id}/"), &Value::Null).await;
        assert_eq!(deleted.0, 204, "{path}");
        ids.push(id);
    }
    drop(sandbox);
    let sandbox = place.start().await;
    for ((path, object), old) in objects.into_iter().zip(ids) {
        assert_eq!(
            get(&sandbox, path).await.as_array().map_or(0, Vec::len),
            usize::from(path == "groups/")
        );
        let id = create(&sandbox, path, object).await["id"].as_u64().unwrap();
        assert!(id > old, "{path}: {id} after {old}");
    }
}

#[tokio::test]
async fn what_the_control_of_the_open_api_set_stays_and_faults_do_not() {
    let place = Place::new();
    let sandbox = place.start().await;
    let crm = sandbox.crm();
    crm.set_provider(Provider::Refuses("why".to_owned()));
    crm.set_redirect_writes(true);
    crm.set_running_backend(true);
    crm.add_reply_rule("hours", "Mo-Fr 9-17");
    let other = Sandbox::start().await.unwrap();
    other.crm().add_wordpress_row("John Doe", "+40712345678", "Spring");
    crm.set_wordpress(Some(&(other.crm_url() + "wordpress")), MINUTE).unwrap();
    crm.fail_next(HttpFault::status(StatusCode::BAD_GATEWAY));
    drop(sandbox);

    let sandbox = place.start().await;
    let url = sandbox.crm_url() + "groups";
    assert_eq!(send(Method::POST, &url, &[], "").await.status(), 301);
    create(&sandbox, "whatsapp/", hello(at_three())).await;
    assert_eq!(sandbox.crm().person_writes("+1", "Your hours?"), Some(2));
    sandbox.advance(MINUTE).await;
    assert_eq!(get(&sandbox, "whatsapp/1/").await["status"], "Failed: why");
    assert_eq!(get(&sandbox, "whatsapp/2/").await["message"], "Mo-Fr 9-17");
    assert_eq!(get(&sandbox, "contacts/1/").await["name"], "John Doe");
}

#[tokio::test]
async fn a_login_lasts_over_a_restart_until_its_time() {
    let place = Place::new();
    let sandbox = place.start().await;
    let person = Person::paired(&sandbox).await;
    person.send(&[("phoneId", "+1234567890"), ("message", "Hi")], "").await;
    let later =
        [("phoneId", "+19876543210"), ("message", "Hi"), ("scheduledTime", "2026-02-28T15:00Z")];
    let file = "--x\r\nContent-Disposition: form-data; name=\"mediaFile\"; filename=\"a.png\"\r\n\
                Content-Type: image/png\r\n\r\n123\r\n";
    assert_eq!(person.send(&later, file).await.0, 200);
    sandbox.advance(MINUTE).await;
    sandbox.session().set_groups("johndoe", [SessionGroup::new("g", "Team", ["+1"])]).unwrap();
    let paths = ["users/me", "whatsapp/status", "whatsapp/groups", "messages/queue"];
    let mut before = Vec::new();
    for path in paths {
        before.push(person.get(path).await);
    }
    let (cookie, sent, logins) =
        (person.cookie.clone(), sandbox.session().sent(), sandbox.session().logins());
    assert_eq!(sent.len(), 1);
    drop(sandbox);

    let sandbox = place.start().await;
    let person = Person { sandbox: &sandbox, cookie };
    for (path, before) in paths.iter().zip(before) {
        assert_eq!(person.get(path).await, before, "{path}");
    }
    assert_eq!((sandbox.session().sent(), sandbox.session().logins()), (sent, logins));
    let taken =
        json!({"name": "J", "phone": "1", "email": "e", "username": "johndoe", "password": "p"});
    assert_eq!(person.post("auth/register", &taken).await.0, 409);
    for (password, status) in [("securePassword123", 200), ("securePassword124", 401)] {
        let login = json!({"username": "johndoe", "password": password});
        assert_eq!(person.post("auth/login", &login).await.0, status);
    }
    sandbox.advance(30 * MINUTE).await;
    let sent = sandbox.session().sent();
    assert_eq!((sent.len(), sent[1].media.as_ref().unwrap().size), (2, 3));
    assert_eq!(sent[1].at, "2026-02-28T15:00:00Z".parse().unwrap());
    let (_, next) = person.send(&[("phoneId", "+1234567890"), ("message", "Hi")], "").await;
    assert_eq!(next["messageId"], "msg_3");

    sandbox.advance(24 * 60 * MINUTE - 32 * MINUTE).await;
    assert_eq!(person.get("users/me").await["username"], "johndoe");
    sandbox.advance(MINUTE).await;
    assert_eq!(person.post("messages/schedule", &json!({})).await.0, 401);
}

#[tokio::test]
async fn what_the_control_of_the_login_api_set_stays() {
    let place = Place::new();
    let sandbox = place.start().await;
    let person = Person::paired(&sandbox).await;
    let session = sandbox.session();
    session.set_unreachable("+1234567890", true);
    session.set_session_lifetime(MINUTE);
    person.send(&[("phoneId", "+1234567890"), ("message", "Hi")], "").await;
    session.fail_next(HttpFault::status(StatusCode::BAD_GATEWAY));
    let cookie = person.cookie.clone();
    drop(sandbox);

    let sandbox = place.start().await;
    sandbox.advance(Duration::ZERO).await;
    let person = Person { sandbox: &sandbox, cookie };
    assert_eq!(person.get("messages/queue").await["messages"][0]["status"], "failed");
    let login = json!({"username": "johndoe", "password": "securePassword123"});
    let url = sandbox.session_url() + "api/auth/login";
    let json = [("Content-Type", "application/json")];
    let answer = send(Method::POST, &url, &json, login.to_string()).await;
    let set = answer.headers()["set-cookie"].to_str().unwrap();
    let short = Person { sandbox: &sandbox, cookie: set.split(';').next().unwrap().to_owned() };
    sandbox.advance(MINUTE).await;
    assert_eq!(short.post("messages/schedule", &json!({})).await.0, 401);
    sandbox.session().expire_sessions();
    let cookie = person.cookie;
    drop(sandbox);
    let sandbox = place.start().await;
    let person = Person { sandbox: &sandbox, cookie };
    assert_eq!(person.post("messages/schedule", &json!({})).await.0, 401);
}

#[tokio::test]
async fn no_password_is_in_the_file() {
    let place = Place::new();
    let sandbox = place.start().await;
    Person::paired(&sandbox).await;
    let has = |word: &str| {
        fs::read_dir(&place.0).unwrap().any(|file| {
            let content = fs::read(file.unwrap().path()).unwrap();
            content.windows(word.len()).any(|window| window == word.as_bytes())
        })
    };
    assert!(has("johndoe"), "while it runs, in the log");
    assert!(!has("securePassword123"));
    drop(sandbox);
    assert!(has("johndoe"));
    assert!(!has("securePassword123"));
}

#[tokio::test]
async fn the_wrong_file_is_an_error_that_says_what_to_do() {
    let place = Place::new();
    fs::write(place.file(), "my notes").unwrap();
    let error = Sandbox::builder().data(place.file()).start().await.unwrap_err();
    assert!(error.to_string().contains("sandbox.db"), "{error}");
    let StartError::Data { source, .. } = error else { panic!("{error}") };
    assert!(matches!(source, DataError::NotData), "{source:?}");
    assert!(source.to_string().contains("choose another one"), "{source}");
    assert_eq!(fs::read(place.file()).unwrap(), b"my notes");
}
