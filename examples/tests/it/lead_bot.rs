use super::*;

fn lead_bot() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lead_bot"));
    command.env_remove("LEAD_REPLY_URL");
    command
}

#[test]
fn lead_bot_prints_what_the_readme_shows() {
    prints_what_the_readme_shows(lead_bot());
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
