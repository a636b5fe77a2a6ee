//! Runs the examples as a person would.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{
    io::{BufRead, BufReader},
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use convrs_client::transport::{Body, CallOptions, HttpTransport, ReqwestTransport};
use http::{Request, Response};
use replykit_sandbox::Sandbox;
use serde_json::{Value, json};

const KEY: &str = "your-secret-key-here";

/// The body of the document's curl call, to the letter.
const CURL_BODY: &str = r#"{
    "type": "SMS",
    "sender": "+40712345678",
    "name": "Test User",
    "message": "help",
    "timestamp": "2026-02-28 14:30:00"
  }"#;

/// A running example, ended when the test is.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A running `keyword_bot`.
struct Bot {
    _process: Running,
    /// Kept open: the bot goes on printing.
    _output: BufReader<ChildStdout>,
    url: String,
}

fn transport() -> ReqwestTransport {
    ReqwestTransport::builder().loopback_only().build().unwrap()
}

impl Bot {
    fn start() -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_keyword_bot"))
            .env("BIND", "127.0.0.1:0")
            .env("AUTOREPLY_API_KEY", KEY)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        let url = line.trim().trim_start_matches("listening on ").to_owned();
        Self { _process: Running(process), _output: output, url }
    }

    async fn post(&self, key: Option<&str>, body: &'static str) -> Response<Value> {
        let mut request = Request::post(&self.url).header("Content-Type", "application/json");
        if let Some(key) = key {
            request = request.header("X-API-Key", key);
        }
        let request = request.body(Body::from(body)).unwrap();
        let options = CallOptions::within(Duration::from_secs(10));
        let answer = transport().send(request, &options).await.unwrap();
        answer.map(|body| serde_json::from_slice(&body).unwrap())
    }
}

async fn write_to(phone: &str, message: &str) -> Value {
    let message = json!({"type": "WHATSAPP", "sender": "Ana", "message": message});
    let request = Request::post(phone).body(Body::from(message.to_string())).unwrap();
    let options = CallOptions::within(Duration::from_secs(15));
    let answer = transport().send(request, &options).await.unwrap();
    serde_json::from_slice(answer.body()).unwrap()
}

#[tokio::test]
async fn the_documents_curl_call_is_answered_by_keyword_bot() {
    let bot = Bot::start();
    assert!(bot.url.ends_with("/api/autoreply"), "{}", bot.url);

    let answer = bot.post(Some(KEY), CURL_BODY).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(
        answer.body(),
        &json!({"text": "Ask me about: hours, price, address.", "status": "success"})
    );
    let missing = bot.post(None, CURL_BODY).await;
    assert_eq!(missing.status(), 401);
    assert_eq!(
        missing.body(),
        &json!({"error": "Missing X-API-Key header", "status": "unauthorized"})
    );
}

#[tokio::test]
async fn the_sandbox_phone_talks_to_keyword_bot() {
    let bot = Bot::start();
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.connect_bot(bot.url.parse().unwrap(), Some(KEY)).unwrap();

    let phone = write_to(&sandbox.phone_url(), "When do you open?").await;
    let text = "We are open from 9 to 5, Monday to Friday.";
    assert_eq!(phone, json!({"sent": true, "text": text}));

    sandbox.connect_bot(bot.url.parse().unwrap(), Some("wrong")).unwrap();
    let silent = write_to(&sandbox.phone_url(), "help").await;
    assert_eq!(
        silent,
        json!({"sent": false, "reason": "the bot answered 403 forbidden: Invalid API key"})
    );
}

#[test]
fn keyword_bot_does_not_start_without_a_key() {
    let output = Command::new(env!("CARGO_BIN_EXE_keyword_bot"))
        .env("BIND", "127.0.0.1:0")
        .env_remove("AUTOREPLY_API_KEY")
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("set AUTOREPLY_API_KEY"));
}

#[test]
fn send_template_reaches_read_in_a_sandbox_of_its_own() {
    let output = Command::new(env!("CARGO_BIN_EXE_send_template"))
        .env_remove("CONVRS_ENDPOINT")
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{printed}");
    assert!(printed.contains("sent, message "), "{printed}");
    assert!(printed.ends_with("ack 3: Read\n"), "{printed}");
}

#[test]
fn transports_sends_over_each() {
    let output = Command::new(env!("CARGO_BIN_EXE_transports")).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{printed}");
    for transport in ["over reqwest: sent", "over hyper: sent", "over a function: sent, message 42"]
    {
        assert!(printed.contains(transport), "{printed}");
    }
}

#[test]
fn send_template_says_what_a_real_endpoint_needs() {
    let output = Command::new(env!("CARGO_BIN_EXE_send_template"))
        .env("CONVRS_ENDPOINT", "https://data.conv.rs/api")
        .env_remove("CONVRS_TOKEN")
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("set CONVRS_TOKEN"));
}

#[test]
fn webhook_receiver_takes_in_what_happens_in_a_sandbox_of_its_own() {
    let output = Command::new(env!("CARGO_BIN_EXE_webhook_receiver"))
        .env_remove("CONVRS_WEBHOOK_SECRET")
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{printed}");
    for line in [" ack 0\n", " ack 1\n", " ack 2\n", " ack 3\n", " ack 10\n", "onUserCreate: "] {
        assert!(printed.contains(line), "{line} is not in {printed}");
    }
    assert!(printed.contains("onUserConversation: 2 messages of "), "{printed}");
    assert!(printed.ends_with("stored 7, turned away 0\n"), "{printed}");
}

#[test]
fn webhook_receiver_does_not_start_with_a_short_secret() {
    let output = Command::new(env!("CARGO_BIN_EXE_webhook_receiver"))
        .env("CONVRS_WEBHOOK_SECRET", "too short")
        .env("BIND", "127.0.0.1:0")
        .output()
        .unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("9 bytes") && !said.contains("too short"), "{said}");
}

#[test]
fn tail_events_tells_of_the_gap_in_a_sandbox_of_its_own() {
    let output = Command::new(env!("CARGO_BIN_EXE_tail_events"))
        .env_remove("CONVRS_ENDPOINT")
        .env_remove("CONVRS_CURSOR")
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{printed}");
    for line in [
        "\nonUserCreate       73-tel-1\n",
        "\ndisconnected: ",
        ": 2 events recovered; onUserUpdate, ",
        "\nonUserCreate       73-tel-2  (recovered)\n",
        "\nonUserConversation 73-tel-2: 1 messages  (recovered)\n",
    ] {
        assert!(printed.contains(line), "{line} is not in {printed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tail_events_survives_the_death_of_its_server() {
    let sandbox = Sandbox::start().await.unwrap();
    let port = sandbox.address().port();
    let mut process = Command::new(env!("CARGO_BIN_EXE_tail_events"))
        .env("CONVRS_ENDPOINT", sandbox.convrs_url())
        .env("CONVRS_TOKEN", sandbox.token())
        .env_remove("CONVRS_CURSOR")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let _process = Running(process);
    let mut until = |start: &str| {
        let found = lines.by_ref().map(Result::unwrap).find(|line| line.starts_with(start));
        found.unwrap_or_else(|| panic!("no line {start}"))
    };
    until("connected");
    sandbox.convrs().disable_user("73-tel-615940546").unwrap();
    sandbox.advance(Duration::from_secs(1)).await;
    until("onUserDisable");
    drop(sandbox);
    until("disconnected");

    let sandbox = Sandbox::builder().port(port).start().await.unwrap();
    sandbox.convrs().create_user(convrs_client::User::new("73-tel-2")).unwrap();
    until("connected");
    assert!(until("gap: ").contains("1 events recovered"));
    assert_eq!(until("onUserCreate"), "onUserCreate       73-tel-2  (recovered)");
}

#[test]
fn tail_events_says_what_a_real_endpoint_needs() {
    let output = Command::new(env!("CARGO_BIN_EXE_tail_events"))
        .env("CONVRS_ENDPOINT", "https://data.conv.rs/api")
        .env_remove("CONVRS_TOKEN")
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("set CONVRS_TOKEN"));
}

fn crm_import_and_broadcast() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crm_import_and_broadcast"));
    command.env_remove("CRM_URL");
    command
}

#[test]
fn crm_import_and_broadcast_prints_what_the_readme_shows() {
    let output = crm_import_and_broadcast().output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{printed}");
    let shown = format!("```text\n{printed}```\n");
    assert!(include_str!("../README.md").contains(&shown), "{printed}");
    // No bar where there is no terminal.
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn crm_import_and_broadcast_takes_a_list_to_a_running_service() {
    let sandbox = Sandbox::builder().real_time().start().await.unwrap();
    let file = std::env::temp_dir().join(format!("replykit-contacts-{}.csv", std::process::id()));
    std::fs::write(&file, "Ana, +40712345671, shoes\n\nAna, +40712345671, shoes\n").unwrap();
    let mut process = crm_import_and_broadcast()
        .env("CRM_URL", sandbox.crm_url())
        .arg(&file)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(process.stdout.take().unwrap()).lines();
    let mut process = Running(process);
    let scheduled = output.by_ref().map(Result::unwrap).find(|line| line.contains(" at 20"));
    assert!(scheduled.unwrap().ends_with("contacts: 1"));
    output.by_ref().map(Result::unwrap).find(|line| line == "what became of them").unwrap();
    // It is 5 s ahead.
    sandbox.advance(Duration::from_secs(5)).await;
    let last = output.map(Result::unwrap).last().unwrap();
    assert_eq!(last, "1 sent, 0 failed, 0 unclear");
    assert!(process.0.wait().unwrap().success());
    std::fs::remove_file(file).unwrap();
    assert_eq!(sandbox.crm().sent().len(), 1);
}

#[test]
fn crm_import_and_broadcast_says_what_is_wrong() {
    let refused = |command: &mut Command| {
        let output = command.output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let said = refused(crm_import_and_broadcast().env("CRM_URL", "http://example.com/"));
    assert!(said.contains("plain http is only for this machine"), "{said}");
    let said = refused(crm_import_and_broadcast().arg("no-such-file.csv"));
    assert!(said.starts_with("error: no-such-file.csv: "), "{said}");
    let said =
        refused(crm_import_and_broadcast().arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")));
    assert_eq!(said, "error: line 1 is not: name, phone number, landing page\n");
}

fn session_send_media() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_session_send_media"));
    command.env_remove("SESSION_URL");
    command
}

#[test]
fn session_send_media_prints_what_the_readme_shows() {
    let output = session_send_media().output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{printed}");
    let shown = format!("```text\n{printed}```\n");
    assert!(include_str!("../README.md").contains(&shown), "{printed}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn session_send_media_takes_a_picture_to_a_running_service() {
    let sandbox = Sandbox::builder().real_time().start().await.unwrap();
    let account = r#"{"name":"J","phone":"+1","email":"j@x","username":"j","password":"canary"}"#;
    let url = sandbox.session_url();
    let post = async |path: &str| {
        let request = Request::post(format!("{url}{path}"))
            .header("content-type", "application/json")
            .body(Body::from(account))
            .unwrap();
        transport().send(request, &CallOptions::within(Duration::from_secs(10))).await.unwrap()
    };
    assert_eq!(post("api/auth/register").await.status(), 200);
    let picture = std::env::temp_dir().join(format!("replykit-{}.png", std::process::id()));
    std::fs::write(&picture, b"\x89PNG\r\n").unwrap();
    let mut process = session_send_media()
        .env("SESSION_URL", &url)
        .env("SESSION_USERNAME", "j")
        .env("SESSION_PASSWORD", "canary")
        .env("SESSION_TO", "+40712345671")
        .arg(&picture)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(process.stdout.take().unwrap()).lines();
    let mut process = Running(process);
    let waits =
        output.by_ref().map(Result::unwrap).find(|line| line.contains("waits to be scanned"));
    assert!(waits.is_some());
    sandbox.session().confirm_pairing("j", "+1", "J").unwrap();
    assert!(output.map(Result::unwrap).any(|line| line == "  msg_1  sent"));
    assert!(process.0.wait().unwrap().success());
    std::fs::remove_file(picture).unwrap();
    let sent = sandbox.session().sent();
    let media = sent[0].media.as_ref().unwrap();
    assert_eq!((media.content_type.as_str(), media.size), ("image/png", 6));
}

#[test]
fn session_send_media_says_what_is_wrong() {
    let refused = |command: &mut Command| {
        let output = command.output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let said = refused(session_send_media().arg("no-such-file.png"));
    assert!(
        said.starts_with("error: no-such-file.png: ") && said.contains("no such file"),
        "{said}"
    );
    let mut bare = session_send_media();
    bare.env("SESSION_URL", "https://example.com").env_remove("SESSION_USERNAME");
    assert_eq!(refused(&mut bare), "error: set SESSION_USERNAME\n");
}

fn lead_bot() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lead_bot"));
    command.env_remove("LEAD_REPLY_URL");
    command
}

#[test]
fn lead_bot_prints_what_the_readme_shows() {
    let output = lead_bot().output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{printed}");
    let shown = format!("```text\n{printed}```\n");
    assert!(include_str!("../README.md").contains(&shown), "{printed}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn lead_bot_answers_leads_and_the_phone_by_the_same_rules() {
    const WEBHOOK_SECRET: &str = "webhook-secret-0123456789";
    let sandbox = Sandbox::builder().real_time().start().await.unwrap();
    let source = sandbox.lead_reply();
    let mut process = lead_bot()
        .env("LEAD_REPLY_URL", source.url())
        .env("LEAD_REPLY_SECRET", source.secret().unwrap())
        .env("LEAD_WEBHOOK_SECRET", WEBHOOK_SECRET)
        .env("AUTOREPLY_API_KEY", KEY)
        .env("BIND", "127.0.0.1:0")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(process.stdout.take().unwrap()).lines();
    let _process = Running(process);
    let line = output.next().unwrap().unwrap();
    let base = line.trim_start_matches("listening on ").split("/leads").next().unwrap().to_owned();

    source.set_webhook(&format!("{base}/leads"), WEBHOOK_SECRET).unwrap();
    source.set_skip_welcome_and_follow_ups(true);
    source.enable_webhook().unwrap();
    source.enable().unwrap();
    let lead = source.lead_writes("Billy Bob", "book").unwrap();
    assert_eq!(output.next().unwrap().unwrap(), "NewLead: answered, booked");
    // Its own answer comes back, and is not answered again.
    assert_eq!(output.next().unwrap().unwrap(), "NewMessage: nothing to answer");
    assert_eq!(source.conversation(&lead).unwrap().len(), 2);

    let phone = Request::post(format!("{base}/api/autoreply"))
        .header("content-type", "application/json")
        .header("x-api-key", KEY)
        .body(Body::from(CURL_BODY.replace("help", "book")))
        .unwrap();
    let options = CallOptions::within(Duration::from_secs(10));
    let answer = transport().send(phone, &options).await.unwrap();
    assert!(String::from_utf8_lossy(answer.body()).contains("You are booked"), "{answer:?}");
}

#[test]
fn lead_bot_says_what_is_wrong() {
    let refused = |command: &mut Command| {
        let output = command.output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let mut bare = lead_bot();
    bare.env("LEAD_REPLY_URL", "https://example.com").env_remove("LEAD_REPLY_SECRET");
    assert_eq!(refused(&mut bare), "error: set LEAD_REPLY_SECRET\n");
    let mut plain = lead_bot();
    plain.env("LEAD_REPLY_URL", "http://example.com").env("LEAD_REPLY_SECRET", "secret");
    assert!(refused(&mut plain).contains("plain http is only for this machine"));
}
