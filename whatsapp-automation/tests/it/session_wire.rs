//! What the client of `session` puts on the wire, judged by an HTTP server that knows nothing of it.

use std::{convert::Infallible, path::Path};

use bytes::Bytes;
use serde_json::json;
use whatsapp_automation::{Media, session::*};
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers::any};

/// An example of the document, without the white space that it is laid out with.
fn documented(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/session");
    let text = std::fs::read_to_string(folder.join(name)).unwrap();
    // The order of the fields counts, so it does not go through a `Value`.
    text.lines().map(|line| line.trim().replacen(": ", ":", 1)).collect()
}

fn answer(json: String) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_raw(json, "application/json; charset=utf-8")
}

const COOKIE: &str = "s%3Aid.signature%2B";

/// Calls an endpoint once with a session, and hands back its output and the request that the server saw.
async fn call<E: Endpoint>(endpoint: E, answer: ResponseTemplate) -> (E::Output, Request) {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    let client = crate::session_client(&format!("{}/base", server.uri()));
    let saved = json!({"origin": server.uri(), "cookie": COOKIE});
    client.restore(&serde_json::from_value(saved).unwrap()).unwrap();
    let output = client.execute(endpoint).await.unwrap();
    let mut requests = server.received_requests().await.unwrap();
    assert_eq!(requests.len(), 1);
    let seen = requests.remove(0);
    assert_eq!(seen.headers["accept"], "application/json");
    assert!(!seen.headers.contains_key("authorization"));
    let cookies: Vec<_> = seen.headers.get_all("cookie").iter().collect();
    match E::SESSION {
        // A login makes a session of its own.
        SessionUse::Begins => assert!(cookies.is_empty()),
        _ => assert_eq!(cookies, [&format!("connect.sid={COOKIE}")]),
    }
    (output, seen)
}

/// The same for an endpoint without a body.
async fn bare<E: Endpoint>(endpoint: E, line: &str, answer: ResponseTemplate) -> E::Output {
    let (output, seen) = call(endpoint, answer).await;
    assert_eq!(request_line(&seen), line);
    assert!(seen.body.is_empty());
    assert!(!seen.headers.contains_key("content-type"));
    output
}

/// The same for an endpoint with a JSON body, of which each byte counts.
async fn with_body<E: Endpoint>(
    endpoint: E,
    line: &str,
    body: &str,
    answer: ResponseTemplate,
) -> E::Output {
    let (output, seen) = call(endpoint, answer).await;
    assert_eq!(request_line(&seen), line);
    assert_eq!(seen.headers["content-type"], "application/json");
    assert_eq!(String::from_utf8_lossy(&seen.body), body);
    output
}

fn request_line(seen: &Request) -> String {
    let query = seen.url.query().map(|query| format!("?{query}")).unwrap_or_default();
    format!("{} {}{query}", seen.method, seen.url.path())
}

fn with_cookie(json: String) -> ResponseTemplate {
    answer(json).append_header("set-cookie", "connect.sid=s%3Anew; Path=/; HttpOnly")
}

#[tokio::test]
async fn register_is_the_documented_call() {
    let mut register = Register::new("johndoe", "securePassword123");
    (register.name, register.phone) = ("John Doe".into(), "+1234567890".into());
    (register.email, register.gst) = ("john@example.com".into(), "GST12345".into());
    let body = documented("01-register-request.json");
    let answer = with_cookie(documented("02-register-response.json"));
    let registered = with_body(register, "POST /base/api/auth/register", &body, answer).await;
    assert_eq!(registered.message, "User registered successfully");
}

#[tokio::test]
async fn login_is_the_documented_call() {
    let login = Login::new("johndoe", "securePassword123");
    let body = documented("03-login-request.json");
    let answer = with_cookie(documented("04-login-response.json"));
    let logged_in = with_body(login, "POST /base/api/auth/login", &body, answer).await;
    assert_eq!(logged_in.message, "Login successful");
    assert_eq!(logged_in.user.unwrap().email, "john@example.com");
}

#[tokio::test]
async fn logout_is_the_documented_call() {
    let answer = answer(documented("05-logout-response.json"));
    bare(Logout::new(), "POST /base/api/auth/logout", answer).await;
}

#[tokio::test]
async fn get_profile_is_the_documented_call() {
    let documented = documented("06-profile-response.json");
    let answer = answer(documented.clone());
    let profile = bare(GetProfile::new(), "GET /base/api/users/me", answer).await;
    assert_eq!(serde_json::to_string(&profile).unwrap(), documented);
}

#[tokio::test]
async fn create_qr_is_the_documented_call() {
    let answer = answer(documented("07-createqr-response.json"));
    let code = bare(CreateQr::new(), "GET /base/api/whatsapp/createqr", answer).await;
    assert_eq!(code.payload(), "...");
}

#[tokio::test]
async fn get_whatsapp_status_is_the_documented_call() {
    let documented = documented("08-status-response.json");
    let answer = answer(documented.clone());
    let status = bare(GetWhatsAppStatus::new(), "GET /base/api/whatsapp/status", answer).await;
    assert_eq!(status.status, WhatsAppState::Authenticated);
    assert_eq!(serde_json::to_string(&status).unwrap(), documented);
}

#[tokio::test]
async fn list_groups_of_the_phone_is_the_documented_call() {
    let documented = documented("09-groups-response.json");
    let answer = answer(documented.clone());
    let groups = bare(ListGroups::new(), "GET /base/api/whatsapp/groups", answer).await;
    assert_eq!(serde_json::to_string(&groups.into_vec()).unwrap(), documented.replace(", ", ","));
}

/// Name, file name, type and content of the parts of a form, by a parser that is not ours.
async fn parts(seen: &Request) -> Vec<(String, Option<String>, Option<String>, Vec<u8>)> {
    let boundary = multer::parse_boundary(seen.headers["content-type"].to_str().unwrap()).unwrap();
    let body = Bytes::from(seen.body.clone());
    let stream = futures_util::stream::once(async { Ok::<_, Infallible>(body) });
    let mut form = multer::Multipart::new(stream, boundary);
    let mut parts = Vec::new();
    while let Some(field) = form.next_field().await.unwrap() {
        parts.push((
            field.name().unwrap().to_owned(),
            field.file_name().map(str::to_owned),
            field.content_type().map(ToString::to_string),
            field.bytes().await.unwrap().to_vec(),
        ));
    }
    parts
}

#[tokio::test]
async fn send_message_is_the_documented_form() {
    let picture = Media::new("../my \"cats\"/cat.png", "image/png", &b"\x89PNG\r\n--"[..]);
    let send = SendMessage::new("+1234567890", "Bună\r\n--ziua").media(picture);
    let answer = answer(documented("10-send-response.json"));
    let (accepted, seen) = call(send.at("2025-05-16T10:00:00.000Z"), answer).await;
    assert_eq!(accepted.message_id.as_str(), "msg_12345");
    assert_eq!(accepted.scheduled_for, Some("2025-05-16T10:00:00.000Z".into()));
    assert_eq!(request_line(&seen), "POST /base/api/messages/send");
    assert_eq!(seen.headers["content-length"], seen.body.len().to_string().as_str());
    let text = |name: &str, text: &str| (name.to_owned(), None, None, text.as_bytes().to_vec());
    assert_eq!(
        parts(&seen).await,
        [
            text("phoneId", "+1234567890"),
            text("message", "Bună\r\n--ziua"),
            text("scheduledTime", "2025-05-16T10:00:00.000Z"),
            (
                "mediaFile".to_owned(),
                Some("cat.png".to_owned()),
                Some("image/png".to_owned()),
                b"\x89PNG\r\n--".to_vec()
            ),
        ]
    );
}

#[tokio::test]
async fn send_message_leaves_out_what_is_optional() {
    let answer = answer(r#"{"success":true,"messageId":"msg_1"}"#.to_owned());
    let (_, seen) = call(SendMessage::new("+1234567890", "Hi"), answer).await;
    let names: Vec<_> = parts(&seen).await.into_iter().map(|part| part.0).collect();
    assert_eq!(names, ["phoneId", "message"]);
}

#[tokio::test]
async fn schedule_message_is_the_documented_call() {
    let mut schedule = ScheduleMessage::new(
        "+1234567890",
        "Hello, this is a scheduled message!",
        "2025-05-16T10:00:00.000Z",
    );
    schedule.ai_modifications.use_synonyms = true;
    schedule.ai_modifications.add_emojis = true;
    let body = documented("11-schedule-request.json");
    let answer = answer(documented("12-schedule-response.json"));
    let accepted = with_body(schedule, "POST /base/api/messages/schedule", &body, answer).await;
    assert_eq!(accepted.message_id.as_str(), "sched_12345");
}

#[tokio::test]
async fn get_queue_is_the_documented_call() {
    let answer = answer(documented("13-queue-response.json"));
    let line = "GET /base/api/messages/queue?page=1&limit=10";
    let page = bare(GetQueue::new(), line, answer).await;
    assert_eq!(page.pagination.total, 1);
    assert_eq!(page.messages[0].status, QueueState::Sent);
    assert_eq!(page.messages[0].sent_at, Some("2025-05-16T10:00:05.000Z".into()));
}
