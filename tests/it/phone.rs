//! The simulated phone and a bot, over real sockets.

use autoreply_server::{AutoReply, BoxError, Incoming, Keys, Reply};
use axum::Router;
use http::Method;
use replykit_sandbox::Sandbox;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::{fixture, post, repository, send};

const KEY: &str = "your-secret-key-here";

/// Serves a bot that says back what it got; it fails for `fail`, panics for `panic` and is silent
/// for `quiet`.
async fn bot() -> String {
    let handler = |message: Incoming| async move {
        match message.message.as_str() {
            "fail" => Err(BoxError::from("canary of the handler")),
            "panic" => panic!("canary of the handler"),
            "quiet" => Ok(Reply::no_reply()),
            text => Ok(Reply::text(format!("{} wrote: {text}", message.sender))),
        }
    };
    let bot = AutoReply::new(Keys::new([KEY, "the next key"]).unwrap(), handler);
    let app = Router::new().fallback_service(bot.path("/api/autoreply"));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/api/autoreply", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    url
}

async fn phone(key: Option<&str>) -> Sandbox {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.connect_bot(bot().await.parse().unwrap(), key).unwrap();
    sandbox
}

async fn write(sandbox: &Sandbox, text: &str) -> Value {
    let message = json!({"type": "WHATSAPP", "sender": "Ana 😀", "message": text});
    post(&sandbox.phone_url(), &message).await
}

#[tokio::test]
async fn the_phone_sends_what_the_bot_answers() {
    let sandbox = phone(Some(KEY)).await;
    assert_eq!(write(&sandbox, "help").await, json!({"sent": true, "text": "Ana 😀 wrote: help"}));
}

#[tokio::test]
async fn the_message_in_the_sandboxs_readme_is_one() {
    let readme = std::fs::read_to_string(repository().join("sandbox/README.md")).unwrap();
    let block = readme.split("```json\n").nth(1).unwrap().split("```").next().unwrap();
    let sandbox = phone(Some(KEY)).await;
    let outcome = post(&sandbox.phone_url(), &serde_json::from_str(block).unwrap()).await;
    assert_eq!(outcome, json!({"sent": true, "text": "+40712345678 wrote: help"}));
}

#[tokio::test]
async fn a02_failures_and_silence_never_reach_the_person() {
    let sandbox = phone(Some(KEY)).await;
    let internal = "the bot answered 500 internal_error";
    for (text, reason) in [("fail", internal), ("panic", internal), ("quiet", "no_reply")] {
        let outcome = write(&sandbox, text).await;
        assert_eq!(outcome["sent"], false, "{text}");
        assert!(outcome["reason"].as_str().unwrap().contains(reason), "{outcome}");
        assert!(!outcome.to_string().contains("canary"), "{outcome}");
    }
    assert_eq!(write(&sandbox, "still there?").await["sent"], true);
}

#[tokio::test]
async fn a01_a_wrong_or_missing_key_means_silence() {
    for (key, reason) in [
        (Some("wrong"), "the bot answered 403 forbidden: Invalid API key"),
        (None, "the bot answered 401 unauthorized: Missing X-API-Key header"),
    ] {
        let sandbox = phone(key).await;
        assert_eq!(write(&sandbox, "help").await, json!({"sent": false, "reason": reason}));
    }
    assert_eq!(write(&phone(Some("the next key")).await, "help").await["sent"], true);
}

#[tokio::test]
async fn the_phone_refuses_what_is_no_message() {
    let sandbox = phone(Some(KEY)).await;
    for body in ["", "[]", r#"{"type":"SMS","sender":"Ana"}"#, r#"{"message":5}"#] {
        let answer = send(Method::POST, &sandbox.phone_url(), &[], body).await;
        assert_eq!(answer.status(), 400, "{body}");
        assert!(String::from_utf8_lossy(answer.body()).contains("all strings"), "{body}");
    }
}

#[tokio::test]
async fn a_bot_on_another_machine_is_refused() {
    let sandbox = Sandbox::start().await.unwrap();
    for url in ["https://example.com/api/autoreply", "http://10.0.0.1/", "/api/autoreply"] {
        let refused = sandbox.connect_bot(url.parse().unwrap(), None);
        assert!(refused.unwrap_err().to_string().contains("this machine only"), "{url}");
    }
    let refused = sandbox.connect_bot("http://127.0.0.1/".parse().unwrap(), Some("a\nb"));
    assert!(refused.unwrap_err().to_string().contains("key"));
}

/// Each bad request by hand over a socket, then a good one: the process lives.
#[tokio::test]
async fn bad_requests_get_their_answers_over_a_socket() {
    let url = bot().await;
    let good = fixture("autoreply/01-request").to_string();
    let lone_surrogate = good.replace("help", r"\ud83d");
    let oversized = good.replace("help", &"x".repeat(70 * 1024));
    let panicking = good.replace("help", "panic");
    let json = ("Content-Type", "application/json");
    let key = ("X-API-Key", KEY);
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let wrong = ("X-API-Key", "wrong");
    let elsewhere = url.replace("/api/autoreply", "/elsewhere");
    let (post, get) = (Method::POST, Method::GET);
    let cases = [
        (post.clone(), url.as_str(), vec![json], good.as_str(), 401),
        (post.clone(), &url, vec![json, wrong], &good, 403),
        (post.clone(), &url, vec![json, key, key], &good, 403),
        (post.clone(), &url, vec![json, key], "", 400),
        (post.clone(), &url, vec![json, key], "{\"type\":", 400),
        (post.clone(), &url, vec![json, key], "[]", 400),
        (post.clone(), &url, vec![json, key], &oversized, 413),
        (get, &url, vec![json, key], "", 405),
        (post.clone(), &elsewhere, vec![json, key], &good, 404),
        (post.clone(), &url, vec![form, key], &good, 415),
        (post.clone(), &url, vec![json, key], &panicking, 500),
        (post.clone(), &url, vec![json, key], &lone_surrogate, 200),
        (post, &url, vec![json, key], &good, 200),
    ];
    for (method, url, headers, body, status) in cases {
        let answer = send(method, url, &headers, body.to_owned()).await;
        assert_eq!(answer.status().as_u16(), status, "{headers:?} {}", &body[..body.len().min(80)]);
        let body: Value = serde_json::from_slice(answer.body()).unwrap();
        assert_eq!(body["status"] == "success", status == 200);
    }
}

#[tokio::test]
async fn the_documented_rejections_come_value_for_value() {
    let url = bot().await;
    let body = fixture("autoreply/01-request").to_string();
    let json = ("Content-Type", "application/json");
    for (headers, body, example) in [
        (vec![json], body.as_str(), "autoreply/03-error-401"),
        (vec![json, ("X-API-Key", "wrong")], body.as_str(), "autoreply/04-error-403"),
        (vec![json, ("X-API-Key", KEY)], "{", "autoreply/05-error-400"),
    ] {
        let answer = send(Method::POST, &url, &headers, body.to_owned()).await;
        assert_eq!(serde_json::from_slice::<Value>(answer.body()).unwrap(), fixture(example));
    }
}
