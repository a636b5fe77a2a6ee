//! Requests written by hand against the sandbox's session API, and every shape of its answers.

use bytes::Bytes;
use http::{Method, Response};
use replykit_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::support::{fixture, repository, send};

const JSON: (&str, &str) = ("Content-Type", "application/json");
const FORM: (&str, &str) = ("Content-Type", "multipart/form-data; boundary=x");
const NOBODY: &str = "Not authenticated";

pub(crate) fn value(answer: &Response<Bytes>) -> Value {
    assert_eq!(answer.headers()["content-type"], "application/json");
    serde_json::from_slice(answer.body()).unwrap()
}

/// A documented request, byte by byte.
fn documented(name: &str) -> Vec<u8> {
    std::fs::read(repository().join(format!("tests/fixtures/session/{name}.json"))).unwrap()
}

/// The cookie that an answer sets, as a browser sends it back.
fn cookie(answer: &Response<Bytes>) -> String {
    let set = answer.headers()["set-cookie"].to_str().unwrap();
    let (cookie, attributes) = set.split_once(';').unwrap();
    assert!(cookie.starts_with("connect.sid=s%3A"), "{cookie}");
    assert_eq!(attributes, " Path=/; HttpOnly");
    cookie.to_owned()
}

/// Somebody with a session.
pub(crate) struct Person<'a> {
    pub(crate) sandbox: &'a Sandbox,
    pub(crate) cookie: String,
}

impl<'a> Person<'a> {
    pub(crate) async fn register(sandbox: &'a Sandbox) -> Self {
        let url = sandbox.session_url() + "api/auth/register";
        let answer = send(Method::POST, &url, &[JSON], documented("01-register-request")).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(value(&answer), fixture("session/02-register-response"));
        Self { sandbox, cookie: cookie(&answer) }
    }

    /// One with a phone.
    pub(crate) async fn paired(sandbox: &'a Sandbox) -> Self {
        let person = Self::register(sandbox).await;
        person.get("whatsapp/createqr").await;
        let session = sandbox.session();
        session.confirm_pairing("johndoe", "+1234567890", "John's WhatsApp").unwrap();
        person
    }

    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        kind: (&str, &str),
        body: String,
    ) -> (u16, Value) {
        let url = self.sandbox.session_url() + "api/" + path;
        let answer = send(method, &url, &[kind, ("Cookie", &self.cookie)], body).await;
        (answer.status().as_u16(), value(&answer))
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask(Method::GET, path, JSON, String::new()).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.ask(Method::POST, path, JSON, body.to_string()).await
    }

    /// Sends a form with these fields, and these lines of a file.
    pub(crate) async fn send(&self, fields: &[(&str, &str)], file: &str) -> (u16, Value) {
        let mut form = String::new();
        for (name, text) in fields {
            form += "--x\r\nContent-Disposition: form-data; name=\"";
            form += &format!("{name}\"\r\n\r\n{text}\r\n");
        }
        self.ask(Method::POST, "messages/send", FORM, form + file + "--x--\r\n").await
    }
}

/// Status 400 with these words in its message.
fn assert_refused(answer: &(u16, Value), why: &str) {
    assert_eq!(answer.0, 400, "{answer:?}");
    assert!(answer.1["message"].as_str().unwrap().contains(why), "{answer:?}");
}

#[tokio::test]
async fn an_account_is_registered_logged_in_shown_and_logged_out() {
    let sandbox = Sandbox::start().await.unwrap();
    let registered = Person::register(&sandbox).await;
    let url = sandbox.session_url() + "api/auth/login";
    let answer = send(Method::POST, &url, &[JSON], documented("03-login-request")).await;
    assert_eq!(
        (answer.status().as_u16(), value(&answer)),
        (200, fixture("session/04-login-response"))
    );
    let person = Person { sandbox: &sandbox, cookie: cookie(&answer) };
    assert_ne!(person.cookie, registered.cookie);

    let mut profile = fixture("session/06-profile-response");
    profile["id"] = "user_1".into();
    assert_eq!(person.get("users/me").await, profile);
    assert_eq!(registered.get("users/me").await, profile, "a registration is a login");

    let url = sandbox.session_url() + "api/auth/logout";
    let answer = send(Method::POST, &url, &[("Cookie", &person.cookie)], "").await;
    assert_eq!(
        (answer.status().as_u16(), value(&answer)),
        (200, fixture("session/05-logout-response"))
    );
    let gone = "connect.sid=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
    assert_eq!(answer.headers()["set-cookie"], gone);
    let refused = person.ask(Method::GET, "users/me", JSON, String::new()).await;
    assert_eq!(refused, (401, json!({"message": NOBODY})));
    registered.get("users/me").await;
}

#[tokio::test]
async fn a_wrong_login_is_401_and_sets_no_cookie() {
    let sandbox = Sandbox::start().await.unwrap();
    Person::register(&sandbox).await;
    let url = sandbox.session_url() + "api/auth/login";
    for body in [
        json!({"username": "johndoe", "password": "wrong"}),
        json!({"username": "johndoe", "password": "securePassword123 "}),
        json!({"username": "nobody", "password": "securePassword123"}),
    ] {
        let answer = send(Method::POST, &url, &[JSON], body.to_string()).await;
        assert_eq!(answer.status(), 401);
        assert_eq!(value(&answer), json!({"message": "Invalid username or password"}));
        assert!(!answer.headers().contains_key("set-cookie"));
    }
    assert_eq!(sandbox.session().logins(), 3);
}

#[tokio::test]
async fn a_username_is_taken_once_and_fields_are_required() {
    let sandbox = Sandbox::start().await.unwrap();
    let person = Person::register(&sandbox).await;
    let request = fixture("session/01-register-request");
    let taken = person.post("auth/register", &request).await;
    assert_eq!(taken, (409, json!({"message": "Username already exists"})));
    for field in ["name", "phone", "email", "username", "password"] {
        for missing in [Value::Null, "".into(), 5.into()] {
            let mut request = request.clone();
            request[field] = missing;
            let refused = person.post("auth/register", &request).await;
            assert_refused(&refused, &format!("{field} is required"));
        }
    }
    let mut request = request;
    request.as_object_mut().unwrap().remove("gst");
    request["username"] = "janedoe".into();
    assert_eq!(person.post("auth/register", &request).await.0, 200);
    assert_refused(&person.post("auth/login", &json!({})).await, "username is required");
    for path in ["auth/register", "auth/login", "messages/schedule"] {
        assert_refused(&person.post(path, &json!([])).await, "an object");
        let broken = person.ask(Method::POST, path, JSON, "{".to_owned()).await;
        assert_refused(&broken, "not valid JSON");
        let text = person.ask(Method::POST, path, ("Content-Type", "text/plain"), "{}".to_owned());
        assert_refused(&text.await, "has to be JSON");
    }
}

#[tokio::test]
async fn nothing_but_register_login_and_logout_goes_without_a_session() {
    let sandbox = Sandbox::start().await.unwrap();
    let good = Person::register(&sandbox).await.cookie;
    let forged = good.replace("s%3A", "s%3Ax");
    let unsigned = good.split('.').take(2).collect::<Vec<_>>().join(".") + ".";
    for cookie in
        ["", "connect.sid=", "connect.sid=s%3Anothing.none", &forged, &unsigned, "other=1"]
    {
        let person = Person { sandbox: &sandbox, cookie: cookie.to_owned() };
        for (method, path) in [
            (Method::GET, "users/me"),
            (Method::GET, "whatsapp/createqr"),
            (Method::GET, "whatsapp/status"),
            (Method::GET, "whatsapp/groups"),
            (Method::POST, "messages/send"),
            (Method::POST, "messages/schedule"),
            (Method::GET, "messages/queue"),
        ] {
            let answer = person.ask(method, path, JSON, "{}".to_owned()).await;
            assert_eq!(answer, (401, json!({"message": NOBODY})), "{path} {cookie}");
        }
    }
    let among_others = Person { sandbox: &sandbox, cookie: format!("a=b; {good}; c=d") };
    among_others.get("users/me").await;
}

#[tokio::test]
async fn an_unknown_path_is_a_page() {
    let sandbox = Sandbox::start().await.unwrap();
    let person = Person::register(&sandbox).await;
    for (method, path) in
        [(Method::GET, "api/nowhere"), (Method::PUT, "api/users/me"), (Method::GET, "")]
    {
        let answer = send(method, &(sandbox.session_url() + path), &[], "").await;
        assert_eq!(answer.status(), 404, "{path}");
        assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
    }
    person.get("users/me/").await;
}

#[tokio::test]
async fn a_phone_is_paired_by_a_qr_code() {
    let sandbox = Sandbox::start().await.unwrap();
    let person = Person::register(&sandbox).await;
    let without = |status: &str| json!({"status": status, "phoneNumber": null, "name": null});
    assert_eq!(person.get("whatsapp/status").await, without("disconnected"));
    let refused = person.ask(Method::GET, "whatsapp/groups", JSON, String::new()).await;
    assert_refused(&refused, "not connected");

    let qr = person.get("whatsapp/createqr").await;
    let url = qr["qrCodeUrl"].as_str().unwrap();
    let data = url.strip_prefix("https://api.qrserver.com/v1/create-qr-code/?data=").unwrap();
    assert!(data.starts_with("2%40") && data.len() > 100, "{data}");
    assert!(!data.contains(['&', '+', '/', '=', ',']), "{data}");
    assert_ne!(person.get("whatsapp/createqr").await, qr);
    assert_eq!(person.get("whatsapp/status").await, without("qr"));

    let session = sandbox.session();
    session.confirm_pairing("johndoe", "+1234567890", "John's WhatsApp").unwrap();
    assert_eq!(person.get("whatsapp/status").await, fixture("session/08-status-response"));
    assert_eq!(person.get("whatsapp/groups").await, fixture("session/09-groups-response"));
    let again = person.ask(Method::GET, "whatsapp/createqr", JSON, String::new()).await;
    assert_eq!(again.0, 409);
}

#[tokio::test]
async fn a_message_is_refused_by_its_first_fault() {
    let sandbox = Sandbox::start().await.unwrap();
    let person = Person::paired(&sandbox).await;
    let to = ("phoneId", "+1234567890");
    let past = "2026-02-28T14:30:00.000Z";
    for (fields, why) in [
        (&[("message", "Hi")][..], "phoneId is required"),
        (&[to], "message is required"),
        (&[to, ("message", " ")], "message is required"),
        (&[("phoneId", "call me"), ("message", "Hi")], "phoneId has to be"),
        (&[("phoneId", "+12345"), ("message", "Hi")], "phoneId has to be"),
        (&[to, ("message", "Hi"), ("scheduledTime", "soon")], "ISO 8601"),
        (&[to, ("message", "Hi"), ("scheduledTime", past)], "in the future"),
    ] {
        assert_refused(&person.send(fields, "").await, why);
        let json: serde_json::Map<_, _> =
            fields.iter().map(|(name, text)| ((*name).to_owned(), (*text).into())).collect();
        assert_refused(&person.post("messages/schedule", &Value::Object(json)).await, why);
    }
    let good = fixture("session/11-schedule-request");
    for (field, wrong, why) in [
        ("scheduledTime", Value::Null, "scheduledTime is required"),
        ("aiModifications", 1.into(), "an object"),
        ("aiModifications", json!({"addEmojis": "yes"}), "addEmojis has to be true or false"),
    ] {
        let mut request = good.clone();
        request["scheduledTime"] = "2026-05-16T10:00:00.000Z".into();
        request[field] = wrong;
        assert_refused(&person.post("messages/schedule", &request).await, why);
    }
    let half = "--x\r\nContent-Disposition: form-data; name=\"phoneId\"\r\n\r\n+123";
    let broken = person.ask(Method::POST, "messages/send", FORM, half.to_owned()).await;
    assert_refused(&broken, "ends too early");
    assert_refused(&person.post("messages/send", &json!({})).await, "multipart/form-data");
    let file = "--x\r\nContent-Disposition: form-data; name=\"other\"; filename=\"a\"\r\n\r\n1\r\n";
    assert_refused(&person.send(&[to, ("message", "Hi")], file).await, "Unexpected file");
    assert_eq!(person.get("messages/queue").await["pagination"]["total"], 0, "nothing was taken");
}

#[tokio::test]
async fn nothing_is_sent_without_a_phone() {
    let sandbox = Sandbox::start().await.unwrap();
    let person = Person::register(&sandbox).await;
    let fields = [("phoneId", "+1234567890"), ("message", "Hi")];
    assert_refused(&person.send(&fields, "").await, "not connected");
    let mut request = fixture("session/11-schedule-request");
    request["scheduledTime"] = "2026-05-16T10:00:00.000Z".into();
    assert_refused(&person.post("messages/schedule", &request).await, "not connected");
}
