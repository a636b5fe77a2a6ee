use super::*;

/// A running `keyword_bot`.
struct Bot {
    _process: Running,
    /// Kept open: the bot goes on printing.
    _output: BufReader<ChildStdout>,
    url: String,
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
