use super::*;

fn crm_import_and_broadcast() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crm_import_and_broadcast"));
    command.env_remove("CRM_URL");
    command
}

#[test]
fn crm_import_and_broadcast_prints_what_the_readme_shows() {
    prints_what_the_readme_shows(crm_import_and_broadcast());
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
    prints_what_the_readme_shows(session_send_media());
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
