use http::Request;
use replykit_transport::MockTransport;
use tokio::time::sleep;

use super::*;
use crate::{
    ErrorKind,
    session::{
        CreateQr, GetProfile, GetQueue, ListGroups, Logout, Register, ScheduleMessage, SendMessage,
        canaries::logged_in,
    },
};

mod answers;
mod dropped;
mod races;

const PROFILE: &str = r#"{"id":"user_1"}"#;
const ACCEPTED: &str = r#"{"success":true,"messageId":"msg_1"}"#;

/// A client that may log in again, without a session yet.
async fn with_password() -> (Client, MockTransport) {
    let mock = MockTransport::new();
    let client = Client::over(mock.clone(), "http://127.0.0.1:8000/".parse().unwrap()).unwrap();
    log_in(&mock, "first");
    client.execute(Login::new("johndoe", "canary").keep_password()).await.unwrap();
    (client.seed(1), mock)
}

fn log_in(mock: &MockTransport, cookie: &str) {
    mock.respond(answer(200, r#"{"message":"Login successful"}"#, Some(cookie)));
}

fn answer(status: u16, body: &'static str, cookie: Option<&str>) -> Response<Bytes> {
    let mut answer = Response::builder().status(status);
    if let Some(cookie) = cookie {
        answer = answer.header("set-cookie", format!("connect.sid={cookie}; Path=/; HttpOnly"));
    }
    answer.body(Bytes::from_static(body.as_bytes())).unwrap()
}

/// Path and cookie of the requests so far.
fn seen(mock: &MockTransport) -> Vec<String> {
    let cookie = |request: &Request<Bytes>| {
        let cookie = request.headers().get("cookie").map(|cookie| cookie.to_str().unwrap());
        cookie.unwrap_or("-").trim_start_matches("connect.sid=").to_owned()
    };
    let requests = mock.requests();
    requests
        .iter()
        .map(|r| format!("{} {}", r.uri().path().trim_start_matches("/api/"), cookie(r)))
        .collect()
}

#[tokio::test]
async fn k01_a_session_that_is_over_is_begun_anew_and_the_call_made_once_more() {
    for status in [401, 403] {
        let (client, mock) = with_password().await;
        mock.answer(status, r#"{"message":"Not authenticated"}"#);
        log_in(&mock, "second");
        mock.answer(200, ACCEPTED);
        client.execute(SendMessage::new("+1", "Hi")).await.unwrap();
        let expected =
            ["auth/login -", "messages/send first", "auth/login -", "messages/send second"];
        assert_eq!(seen(&mock), expected);
    }
}

#[tokio::test]
async fn k01_what_reads_is_made_again_behind_a_login_page_too() {
    let redirect = Response::builder().status(302).header("location", "/login?next=%2F");
    for page in [
        redirect.body(Bytes::new()).unwrap(),
        answer(200, " <!DOCTYPE html><form>", Some("anonymous")),
        answer(200, "\u{feff}\r\n<!-- --><html>", None),
    ] {
        let (client, mock) = with_password().await;
        mock.respond(page);
        log_in(&mock, "second");
        mock.answer(200, PROFILE);
        client.execute(GetProfile::new()).await.unwrap();
        assert_eq!(seen(&mock)[2..], ["auth/login -", "users/me second"]);
    }
}

#[tokio::test]
async fn k01_a_send_behind_a_login_page_is_unknown_and_not_made_again() {
    let redirect = Response::builder().status(302).header("location", "/login");
    for page in [redirect.body(Bytes::new()).unwrap(), answer(200, "<html>", None)] {
        let (client, mock) = with_password().await;
        mock.respond(page);
        let error = client.execute(SendMessage::new("+1", "Hi")).await.unwrap_err();
        assert_eq!((error.outcome(), error.attempts()), (Outcome::Unknown, 1));
        // The next call knows better than to try the same session.
        log_in(&mock, "second");
        mock.answer(200, PROFILE);
        client.execute(GetProfile::new()).await.unwrap();
        assert_eq!(seen(&mock)[1..], ["messages/send first", "auth/login -", "users/me second"]);
    }
}

#[tokio::test]
async fn k01_without_a_password_a_session_that_is_over_is_told() {
    let (client, mock) = logged_in();
    mock.answer(401, r#"{"message":"Not authenticated"}"#);
    let error = client.execute(SendMessage::new("+1", "Hi")).await.unwrap_err();
    assert_eq!(error.login_problem(), Some(LoginProblem::Expired));
    assert_eq!((error.outcome(), error.attempts()), (Outcome::NotSent, 1));
    let error = client.execute(SendMessage::new("+1", "Hi")).await.unwrap_err();
    assert_eq!(error.login_problem(), Some(LoginProblem::Expired));
    assert_eq!((seen(&mock).len(), client.is_logged_in()), (1, false));
    // Without a password to try, 403 is what it says.
    let (client, mock) = logged_in();
    mock.answer(403, r#"{"message":"not yours"}"#);
    let error = client.execute(GetProfile::new()).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Api(_)));
    assert!(client.is_logged_in());
}

#[tokio::test]
async fn k01_a_403_that_a_new_session_gets_too_is_what_it_says() {
    let (client, mock) = with_password().await;
    let refusal = r#"{"message":"not yours"}"#;
    mock.answer(403, refusal);
    log_in(&mock, "second");
    mock.answer(403, refusal);
    let error = client.execute(GetProfile::new()).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Api(_)), "{error:?}");
    assert_eq!((error.outcome(), error.attempts()), (Outcome::Rejected, 2));
    // No login for each call from now on.
    mock.answer(403, refusal);
    let error = client.execute(GetProfile::new()).await.unwrap_err();
    assert_eq!((error.status().unwrap().as_u16(), error.attempts()), (403, 1));
    assert!(client.is_logged_in());
}

#[tokio::test]
async fn k01_a_403_that_is_what_it_says_leaves_a_login_page_the_end_of_the_session() {
    let (client, mock) = with_password().await;
    mock.answer(403, "{}");
    log_in(&mock, "second");
    mock.answer(403, "{}");
    client.execute(GetProfile::new()).await.unwrap_err();
    let redirect = Response::builder().status(302).header("location", "/login");
    mock.respond(redirect.body(Bytes::new()).unwrap());
    log_in(&mock, "third");
    mock.answer(200, PROFILE);
    client.execute(GetProfile::new()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn k02_a_session_that_is_refused_right_away_locks_the_login() {
    let (client, mock) = with_password().await;
    mock.answer(401, "{}");
    log_in(&mock, "second");
    mock.answer(401, r#"{"message":"canary"}"#);
    let error = client.execute(SendMessage::new("+1", "Hi")).await.unwrap_err();
    assert_eq!(error.login_problem(), Some(LoginProblem::Refused));
    assert_eq!((error.outcome(), error.attempts()), (Outcome::NotSent, 2));
    assert!(!format!("{error} {error:?}").contains("canary"));
    let error = client.execute(GetProfile::new()).await.unwrap_err();
    assert_eq!(error.login_problem(), Some(LoginProblem::Locked));
    assert_eq!(error.retry_after(), Some(Duration::from_secs(30)));
    assert_eq!(seen(&mock).len(), 4);
    sleep(Duration::from_secs(30)).await;
    log_in(&mock, "third");
    mock.answer(200, PROFILE);
    client.execute(GetProfile::new()).await.unwrap();
}

#[tokio::test]
async fn k02_a_wrong_password_is_told_and_shows_nowhere() {
    let (client, mock) = logged_in();
    mock.answer(401, r#"{"message":"Invalid password canary for canary"}"#);
    let login = Login::new("canary", "canary").keep_password();
    assert!(!format!("{login:?}").contains("canary"));
    let error = client.execute(login).await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::Rejected);
    assert!(!format!("{error} {error:?}").contains("canary"));
    // The session that was there goes on.
    mock.answer(200, PROFILE);
    client.execute(GetProfile::new()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn h21_a_server_that_asks_to_wait_with_the_login_is_obeyed() {
    for (status, asked, problem, wait) in [
        (429, "50", LoginProblem::Failed, 50),
        (503, "50", LoginProblem::Failed, 50),
        (401, "50", LoginProblem::Refused, 50),
        (401, "10", LoginProblem::Refused, 30),
        (429, "99999999999999999999", LoginProblem::Failed, 60),
    ] {
        let (client, mock) = with_password().await;
        mock.answer(401, "{}");
        let refusal = Response::builder().status(status).header("retry-after", asked);
        mock.respond(refusal.body(Bytes::new()).unwrap());
        let error = client.execute(GetProfile::new()).await.unwrap_err();
        assert_eq!(error.login_problem(), Some(problem), "{status} {asked}");
        assert_eq!(error.retry_after().unwrap().as_secs(), asked.parse().unwrap_or(u64::MAX));
        sleep(Duration::from_secs(wait - 1)).await;
        let error = client.execute(GetProfile::new()).await.unwrap_err();
        assert_eq!(error.login_problem(), Some(LoginProblem::Locked), "{status} {asked}");
        assert_eq!(error.retry_after(), Some(Duration::from_secs(1)));
        sleep(Duration::from_secs(1)).await;
        log_in(&mock, "second");
        mock.answer(200, PROFILE);
        client.execute(GetProfile::new()).await.unwrap();
    }
}

/// An endpoint that this crate does not know.
struct Unpair;

impl Endpoint for Unpair {
    const NAME: &'static str = "custom.unpair";
    const METHOD: http::Method = http::Method::DELETE;
    const CLASS: OperationClass = OperationClass::Write;
    type Output = ();

    fn path(&self) -> String {
        "api/whatsapp".to_owned()
    }

    fn read(&self, _: &[u8]) -> Result<(), ProtocolProblem> {
        Ok(())
    }
}

#[tokio::test]
async fn a_doubt_from_before_the_login_stays() {
    let (client, mock) = with_password().await;
    let redirect = Response::builder().status(302).header("location", "/login");
    mock.respond(redirect.body(Bytes::new()).unwrap());
    mock.answer(400, r#"{"message":"no"}"#);
    // A write that was redirected may have been carried out.
    let error = client.execute(Unpair).await.unwrap_err();
    assert_eq!(error.login_problem(), Some(LoginProblem::Refused));
    assert_eq!(error.outcome(), Outcome::Unknown);
}

#[tokio::test(start_paused = true)]
async fn a_qr_code_is_made_once_where_it_may_have_been_made() {
    let cut = || TransportError::new(Phase::Exchange, TransportErrorKind::Interrupted, "cut");
    let (client, mock) = logged_in();
    mock.fail(cut());
    let error = client.execute(CreateQr::new()).await.unwrap_err();
    assert_eq!((error.outcome(), error.attempts()), (Outcome::Unknown, 1));
}

#[tokio::test(start_paused = true)]
async fn a_login_without_a_cookie_is_no_login() {
    let (client, mock) = logged_in();
    for answer in [
        answer(200, "{}", None),
        answer(200, "{}", Some("x; Domain=example.org")),
        answer(200, r#"{"success":false,"message":"no"}"#, Some("anonymous")),
        answer(200, "\u{feff}{\"success\":false}", Some("anonymous")),
        answer(200, r#"{"success":"false","message":"no"}"#, Some("anonymous")),
        answer(200, r#"{"success":0}"#, Some("anonymous")),
        answer(200, r#"{"success":true,"success":false}"#, Some("anonymous")),
        answer(204, "", Some("anonymous")),
        answer(302, "", Some("anonymous")),
    ] {
        let attempts = if answer.status() == 204 { 2 } else { 1 };
        (0..attempts).for_each(|_| mock.respond(answer.clone()));
        let error = client.execute(Login::new("johndoe", "canary")).await.unwrap_err();
        assert_eq!(error.attempts(), attempts, "{error:?}");
        assert_eq!(client.save(), logged_in().0.save());
    }
}

#[tokio::test]
async fn a_registration_begins_a_session() {
    let mock = MockTransport::new();
    let client = Client::over(mock.clone(), "http://127.0.0.1:8000/".parse().unwrap()).unwrap();
    let mut register = Register::new("johndoe", "canary").keep_password();
    let error = client.execute(register.clone()).await.unwrap_err();
    assert_eq!(error.to_string(), "the request was not sent: name: must not be blank");
    (register.name, register.phone) = ("John Doe".to_owned(), "+1234567890".to_owned());
    register.email = "john@example.com".to_owned();
    mock.respond(answer(200, r#"{"message":"User registered successfully"}"#, Some("first")));
    client.execute(register).await.unwrap();
    // Over, and begun anew with the password of the registration.
    mock.answer(401, "{}");
    log_in(&mock, "second");
    mock.answer(200, PROFILE);
    client.execute(GetProfile::new()).await.unwrap();
    assert_eq!(seen(&mock)[1..], ["users/me first", "auth/login -", "users/me second"]);
}

#[tokio::test]
async fn a_logout_ends_the_session_here_when_it_has_ended_there() {
    let (client, mock) = with_password().await;
    mock.fail(TransportError::new(Phase::Connect, TransportErrorKind::Tls, "no"));
    let error = client.execute(Logout::new()).await.unwrap_err();
    assert_eq!((error.outcome(), client.is_logged_in()), (Outcome::NotSent, true));
    // Nobody is logged in again behind its back.
    mock.answer(401, "{}");
    let error = client.execute(GetProfile::new()).await.unwrap_err();
    assert_eq!(error.login_problem(), Some(LoginProblem::Expired));
    for status in [200, 401] {
        let (client, mock) = logged_in();
        mock.answer(status, r#"{"message":"Logged out successfully"}"#);
        client.execute(Logout::new()).await.unwrap();
        let error = client.execute(GetProfile::new()).await.unwrap_err();
        assert_eq!(error.login_problem(), Some(LoginProblem::NotLoggedIn));
        assert_eq!((seen(&mock), client.save()), (vec!["auth/logout s%3Acanary".to_owned()], None));
    }
}
