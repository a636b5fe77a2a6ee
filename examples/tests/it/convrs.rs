use super::*;

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
