//! Faults, played by servers over real connections.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use lead_reply::{
    BoxError, Error, ErrorKind, Outcome, RefusalKind, RetryPolicy, Secret, SecretProvider,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{any, header, path},
};

/// A store that gives `first`, and when asked for a newer one the other.
struct Store {
    newer: Option<&'static str>,
    asked: Arc<AtomicUsize>,
}

#[async_trait]
impl SecretProvider for Store {
    async fn secret(&self) -> Result<Secret, BoxError> {
        Ok(Secret::new("first")?)
    }

    async fn newer_than(&self, _: &Secret) -> Result<Option<Secret>, BoxError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        Ok(self.newer.map(Secret::new).transpose()?)
    }
}

/// A client with such a store, and how often that was asked for a newer one.
fn with_store(url: &str, newer: Option<&'static str>) -> (lead_reply::Client, Arc<AtomicUsize>) {
    let asked = Arc::default();
    (crate::client_with(url, Store { newer, asked: Arc::clone(&asked) }), asked)
}

fn refused(status: u16, code: &str) -> ResponseTemplate {
    let body = serde_json::json!({"error": {"code": code, "message": "c4n4ry"}});
    ResponseTemplate::new(status).set_body_json(body)
}

/// A source whose secret was regenerated to `second`.
async fn regenerated(refusal: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    let yes = ResponseTemplate::new(200).set_body_string(r#"{"success":true}"#);
    Mock::given(header("x-secret-key", "second")).respond_with(yes).mount(&server).await;
    Mock::given(any()).respond_with(refusal).mount(&server).await;
    server
}

async fn count(server: &MockServer) -> usize {
    server.received_requests().await.unwrap().len()
}

fn kind(error: &Error) -> RefusalKind {
    error.refusal().unwrap_or_else(|| panic!("{error:?}")).kind
}

#[tokio::test]
async fn l01_a_reply_that_is_refused_for_its_secret_is_made_once_more_with_a_newer_one() {
    for refusal in
        [refused(401, "invalid_secret"), ResponseTemplate::new(401), ResponseTemplate::new(403)]
    {
        let server = regenerated(refusal).await;
        let (client, asked) = with_store(&server.uri(), Some("second"));
        client.reply("lead_1", "Hi").await.unwrap();
        assert_eq!((count(&server).await, asked.load(Ordering::SeqCst)), (2, 1));
        let requests = server.received_requests().await.unwrap();
        assert!(requests[0].body == requests[1].body);
        // The newer one is kept.
        client.clone().reply("lead_1", "Hi").await.unwrap();
        client.validate_connection().await.unwrap();
        assert_eq!((count(&server).await, asked.load(Ordering::SeqCst)), (4, 1));
    }
}

#[tokio::test]
async fn l01_ten_replies_that_are_refused_share_one_question_and_go_out_once_each() {
    let server = regenerated(refused(401, "invalid_secret")).await;
    let (client, asked) = with_store(&server.uri(), Some("second"));
    let mut calls = JoinSet::new();
    for number in 0..10 {
        let client = client.clone();
        calls.spawn(async move { client.reply(format!("lead_{number}"), "Hi").await });
    }
    for result in calls.join_all().await {
        result.unwrap();
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    let requests = server.received_requests().await.unwrap();
    for number in 0..10 {
        let body = format!(r#"{{"lead_id":"lead_{number}","text":"Hi"}}"#);
        let sent = |r: &&wiremock::Request| r.headers["x-secret-key"] == "second";
        let sent = requests.iter().filter(sent).filter(|r| r.body == body.as_bytes());
        assert_eq!(sent.count(), 1, "{body}");
    }
}

#[tokio::test]
async fn l01_without_a_different_secret_the_refusal_is_the_end() {
    for newer in [None, Some("first")] {
        let server = regenerated(refused(401, "invalid_secret")).await;
        let (client, asked) = with_store(&server.uri(), newer);
        for calls in 1..=10 {
            let error = client.reply("lead_1", "Hi").await.unwrap_err();
            assert_eq!(kind(&error), RefusalKind::BadSecret);
            assert_eq!((error.outcome(), error.attempts()), (Outcome::Rejected, 1));
            assert_eq!((count(&server).await, asked.load(Ordering::SeqCst)), (calls, 1));
        }
    }
}

#[tokio::test]
async fn l01_a_newer_secret_that_is_refused_too_is_the_last_one_tried() {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(refused(401, "invalid_secret")).mount(&server).await;
    let (client, asked) = with_store(&server.uri(), Some("second"));
    let error = client.reply("lead_1", "Hi").await.unwrap_err();
    assert_eq!(kind(&error), RefusalKind::BadSecret);
    assert_eq!((error.outcome(), error.attempts()), (Outcome::Rejected, 2));
    assert_eq!((count(&server).await, asked.load(Ordering::SeqCst)), (2, 1));
}

#[tokio::test]
async fn l01_a_store_that_fails_leaves_the_refusal_and_its_error_beside_it() {
    struct Down;
    #[async_trait]
    impl SecretProvider for Down {
        async fn secret(&self) -> Result<Secret, BoxError> {
            Ok(Secret::new("first")?)
        }
        async fn newer_than(&self, _: &Secret) -> Result<Option<Secret>, BoxError> {
            Err("c4n4ry".into())
        }
    }
    let server = regenerated(refused(401, "invalid_secret")).await;
    let client = crate::client_with(&server.uri(), Down);
    let error = client.reply("lead_1", "Hi").await.unwrap_err();
    assert_eq!((kind(&error), error.outcome()), (RefusalKind::BadSecret, Outcome::Rejected));
    assert_eq!(error.secret_error().unwrap().cause().unwrap().to_string(), "c4n4ry");
    assert!(!format!("{error} {error:?} {error:#?}").contains("c4n4ry"), "{error:?}");
}

#[tokio::test]
async fn l01_without_a_secret_nothing_is_sent() {
    let server = MockServer::start().await;
    let none = || async { Err::<Secret, _>(BoxError::from("c4n4ry")) };
    let error = crate::client_with(&server.uri(), none).reply("lead_1", "Hi").await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Secret(_)), "{error:?}");
    assert_eq!((error.outcome(), count(&server).await), (Outcome::NotSent, 0));
    let late = || std::future::pending::<Result<Secret, BoxError>>();
    let client = crate::client_with(&server.uri(), late);
    let call = client.reply("lead_1", "Hi").deadline(Duration::from_millis(20));
    let error = call.await.unwrap_err();
    assert!(error.secret_error().unwrap().cause().is_none(), "{error:?}");
    assert_eq!((error.outcome(), count(&server).await), (Outcome::NotSent, 0));
}

#[tokio::test]
async fn l02_what_is_refused_for_good_is_tried_once_and_asks_for_no_secret() {
    use RefusalKind::*;
    for (status, code, expected) in [
        (403, "integration_disabled", IntegrationOff),
        (404, "unknown_lead", UnknownLead),
        (404, "", UnknownLead),
        (409, "conversation_closed", ConversationClosed),
        (409, "lead_not_ready", LeadNotReady),
        (410, "", ConversationClosed),
        (413, "text_too_long", TextTooLong),
        (400, "invalid_request", InvalidRequest),
    ] {
        let server = regenerated(refused(status, code)).await;
        let (client, asked) = with_store(&server.uri(), Some("second"));
        let error = client.reply("lead_1", "Hi").await.unwrap_err();
        assert_eq!(kind(&error), expected);
        assert_eq!((error.outcome(), error.attempts()), (Outcome::Rejected, 1), "{code}");
        assert!(!error.is_transient(), "{code}");
        assert_eq!((count(&server).await, asked.load(Ordering::SeqCst)), (1, 0), "{code}");
    }
}

#[tokio::test]
async fn l02_a_limit_is_told_with_its_time_where_that_is_too_long_to_wait() {
    let server = MockServer::start().await;
    let answer = refused(429, "rate_limited").append_header("retry-after", "120");
    Mock::given(any()).respond_with(answer).mount(&server).await;
    let error = crate::client(&server.uri()).reply("lead_1", "Hi").await.unwrap_err();
    assert_eq!((kind(&error), error.outcome()), (RefusalKind::RateLimited, Outcome::Rejected));
    assert_eq!(error.retry_after(), Some(Duration::from_secs(120)));
    assert_eq!((error.attempts(), count(&server).await, error.is_transient()), (1, 1, true));
}

/// What a server does once it has the whole request.
#[derive(Debug, Clone, Copy)]
enum Then {
    Silence,
    Close,
    Reset,
    Answer(&'static str),
}

/// A server that reads whole requests and then does this, and how many it has read.
async fn server(then: Then) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/source", listener.local_addr().unwrap());
    let read: Arc<AtomicUsize> = Arc::default();
    let counter = read.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, then, counter.clone()));
        }
    });
    (url, read)
}

async fn serve(mut stream: TcpStream, then: Then, read: Arc<AtomicUsize>) {
    let mut request = Vec::new();
    // Each of these bodies ends so, and nothing in a head does.
    while !request.ends_with(b"}") {
        if stream.read_buf(&mut request).await.unwrap_or_default() == 0 {
            return;
        }
    }
    read.fetch_add(1, Ordering::SeqCst);
    match then {
        Then::Silence => std::future::pending().await,
        Then::Close => {}
        Then::Reset => stream.set_zero_linger().unwrap(),
        Then::Answer(answer) => stream.write_all(answer.as_bytes()).await.unwrap(),
    }
}

#[tokio::test]
async fn l03_a_reply_whose_answer_is_lost_stays_unknown_and_is_not_sent_again() {
    for then in [
        Then::Silence,
        Then::Close,
        Then::Reset,
        Then::Answer("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"success\":true}"),
        Then::Answer("HTTP/1.1 500 Oops\r\ncontent-length: 2\r\n\r\nno"),
        Then::Answer("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n"),
        Then::Answer("HTTP/1.1 503 Busy\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n"),
        Then::Answer("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<html>"),
        Then::Answer("SSH-2.0-OpenSSH_9.9\r\n\r\n"),
    ] {
        let (url, read) = server(then).await;
        let time = Duration::from_millis(if matches!(then, Then::Silence) { 150 } else { 20_000 });
        let error = crate::client(&url).reply("lead_1", "Hi").deadline(time).await.unwrap_err();
        assert_eq!((error.outcome(), error.attempts()), (Outcome::Unknown, 1), "{then:?}");
        assert_eq!(read.load(Ordering::SeqCst), 1, "{then:?}");
    }
}

#[tokio::test]
async fn l03_validating_changes_nothing_and_is_asked_again() {
    let mut policy = RetryPolicy::default();
    policy.base = Duration::from_millis(1);
    for then in
        [Then::Close, Then::Reset, Then::Answer("HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n")]
    {
        let (url, read) = server(then).await;
        let error =
            crate::client(&url).retry_policy(policy).validate_connection().await.unwrap_err();
        assert_eq!((error.outcome(), error.attempts()), (Outcome::Unknown, 3), "{then:?}");
        assert_eq!(read.load(Ordering::SeqCst), 3, "{then:?}");
    }
}

#[tokio::test]
async fn l03_a_reply_that_nobody_could_take_was_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let client = crate::client(&url).retry_policy(RetryPolicy::never());
    let error = client.reply("lead_1", "Hi").await.unwrap_err();
    assert_eq!((error.outcome(), error.is_transient()), (Outcome::NotSent, true));
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_the_secret_goes_nowhere_else() {
    let elsewhere = MockServer::start().await;
    for (status, outcome) in [
        (301, Outcome::Unknown),
        (302, Outcome::Unknown),
        (303, Outcome::Unknown),
        (307, Outcome::Rejected),
        (308, Outcome::Rejected),
    ] {
        let server = MockServer::start().await;
        let there = format!("{}/there", elsewhere.uri());
        let answer = ResponseTemplate::new(status).append_header("location", there.as_str());
        Mock::given(path("/")).respond_with(answer).expect(1).mount(&server).await;
        let error = crate::client(&server.uri()).reply("lead_1", "Hi").await.unwrap_err();
        assert_eq!((error.outcome(), error.attempts()), (outcome, 1), "{status}");
    }
    assert_eq!(count(&elsewhere).await, 0);
}
