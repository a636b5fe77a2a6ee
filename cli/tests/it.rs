//! Runs the command line as a person would.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, ChildStdout, Command, Output, Stdio},
};

fn replykit(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_replykit"));
    command.args(arguments).env_remove("AUTOREPLY_API_KEY");
    command
}

fn run(arguments: &[&str]) -> Output {
    replykit(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The ports are free ones, so they differ from run to run.
fn without_ports(text: &str) -> String {
    let mut parts = text.split("127.0.0.1:");
    let mut masked = parts.next().unwrap().to_owned();
    for part in parts {
        masked.push_str("127.0.0.1:PORT");
        masked.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    masked
}

/// A command that serves until it is ended, here with the test.
struct Serving {
    process: Child,
    output: BufReader<ChildStdout>,
}

impl Serving {
    fn start(arguments: &[&str]) -> Self {
        let mut process = replykit(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        Self { process, output }
    }

    /// What it prints up to the first curl line after `heading`, and that line.
    fn until_curl(&mut self, heading: &str) -> (String, String) {
        let (mut printed, mut reached) = (String::new(), false);
        loop {
            let mut line = String::new();
            assert_ne!(self.output.read_line(&mut line).unwrap(), 0, "ended after: {printed}");
            printed.push_str(&line);
            reached |= line.contains(heading);
            if reached && line.trim_start().starts_with("curl ") {
                return (printed, line.trim().to_owned());
            }
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The status, the head and the body of an answer.
fn ask(method: &str, url: &str, headers: &str, body: &str) -> (u16, String, String) {
    let (address, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "{method} /{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split_whitespace().nth(1).unwrap().parse().unwrap();
    (status, head.to_owned(), body.to_owned())
}

/// Does what a printed curl line would do, for machines without curl.
fn curl(line: &str) -> String {
    let url = line.split_whitespace().nth(1).unwrap();
    let (header, body) = line.split_once(" -H '").unwrap().1.split_once("' -d '").unwrap();
    let body = body.strip_suffix('\'').unwrap();
    let (status, _, answer) = ask("POST", url, header, body);
    assert_eq!(status, 200, "{answer}");
    answer
}

#[test]
fn the_demo_prints_what_the_readme_shows() {
    let output = run(&["demo"]);
    let printed = text(&output.stdout);
    assert!(output.status.success(), "{printed}{}", text(&output.stderr));
    assert_eq!(text(&output.stderr), "");

    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let shown = readme.split("```text\n").nth(1).unwrap().split("```").next().unwrap();
    assert_eq!(without_ports(&printed), without_ports(shown));
}

#[test]
fn the_demo_tells_both_stories_in_order() {
    let printed = text(&run(&["demo"]).stdout);
    let steps = ["help", "Write hours", "at the server", "sent", "delivered", "read\n"];
    let mut rest = printed.as_str();
    for step in steps {
        rest = rest.split_once(step).unwrap_or_else(|| panic!("{step} in {printed}")).1;
    }
}

#[test]
fn the_demo_needs_no_certificates_and_no_proxy() {
    let output = replykit(&["demo"])
        .envs([("SSL_CERT_FILE", "/nonexistent"), ("SSL_CERT_DIR", "/nonexistent")])
        .env("ALL_PROXY", "socks5://127.0.0.1:9")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
}

#[test]
fn output_that_is_not_a_terminal_has_no_colours() {
    for arguments in [&["demo"][..], &["--help"], &["demo", "--help"]] {
        assert!(!run(arguments).stdout.contains(&0x1b), "{arguments:?}");
    }
}

#[test]
fn a_demo_that_nobody_reads_to_the_end_is_no_failure() {
    let mut process =
        replykit(&["demo"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(process.stdout.take());
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn a_kept_demo_serves_the_curl_line_that_it_prints() {
    let mut demo = Serving::start(&["demo", "--keep"]);
    let (printed, line) = demo.until_curl("Write to the phone");
    assert!(printed.contains("Both stories went as they should."), "{printed}");
    assert!(printed.contains("/convrs/api"), "{printed}");
    assert_eq!(curl(&line), r#"{"sent":true,"text":"It is 10 a month."}"#);
}

#[test]
fn the_sandbox_serves_the_curl_lines_that_it_prints() {
    // A bot that hangs up on everybody.
    let bot = TcpListener::bind("127.0.0.1:0").unwrap();
    let bot_url = format!("http://{}/api/autoreply", bot.local_addr().unwrap());
    std::thread::spawn(move || bot.incoming().for_each(drop));
    let arguments = ["sandbox", "--port", "0", "--token", "t0\"ken", "--bot-url", &bot_url];
    let mut sandbox = Serving::start(&arguments);
    let (printed, line) = sandbox.until_curl("Look a user up");
    assert!(printed.contains("t0\"ken"), "{printed}");
    for url in [
        "ws://127.0.0.1:PORT/convrs/api",
        "http://127.0.0.1:PORT/crm/",
        "http://127.0.0.1:PORT/session/",
        "http://127.0.0.1:PORT/lead-reply/main",
        "sandbox-main-secret-1",
    ] {
        assert!(without_ports(&printed).contains(&format!(" {url}\n")), "{printed}");
    }
    assert!(curl(&line).contains("Billy Bob"));
    let (_, line) = sandbox.until_curl("Write to the phone");
    assert!(curl(&line).contains("is it running?"));
}

#[test]
fn the_sandbox_shows_no_key() {
    let mut sandbox = Serving::start(&["sandbox", "--port", "0", "--bot-key", "canary-key"]);
    let (printed, _) = sandbox.until_curl("Write to the phone");
    assert!(!printed.contains("canary"), "{printed}");
    let help =
        replykit(&["sandbox", "--help"]).env("AUTOREPLY_API_KEY", "canary-key").output().unwrap();
    assert!(!text(&help.stdout).contains("canary"));
}

#[test]
fn a_taken_port_is_an_error_that_says_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = run(&["sandbox", "--port", &port]);
    assert!(!output.status.success());
    let error = text(&output.stderr);
    assert!(error.contains("choose another port"), "{error}");
    assert!(error.contains("because: "), "{error}");
}

#[test]
fn a_bot_on_another_machine_is_refused() {
    let output = run(&["sandbox", "--port", "0", "--bot-url", "https://example.com/bot"]);
    assert!(!output.status.success());
    assert!(text(&output.stderr).contains("this machine only"));
}

#[test]
fn the_lines_in_the_readme_are_accepted() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let mut lines = 0;
    for line in readme.lines().filter_map(|line| line.strip_prefix("replykit ")) {
        let mut arguments: Vec<&str> = line.split_whitespace().collect();
        arguments.push("--help");
        assert!(run(&arguments).status.success(), "{line}");
        lines += 1;
    }
    assert_eq!(lines, 3);
}

#[test]
fn help_names_the_commands_and_the_first_step() {
    let help = text(&run(&["--help"]).stdout);
    for word in ["demo", "sandbox", "Start with `replykit demo`"] {
        assert!(help.contains(word), "{help}");
    }
}

/// A sandbox on a free port that keeps its data in a file, and its address.
fn keeping(file: &Path) -> (Serving, String) {
    let arguments = ["sandbox", "--port", "0", "--data", file.to_str().unwrap()];
    let mut sandbox = Serving::start(&arguments);
    let (printed, _) = sandbox.until_curl("Write to the phone");
    assert!(printed.contains(file.to_str().unwrap()), "{printed}");
    let line = printed.lines().find_map(|line| line.trim().strip_prefix("WhatsApp, REST"));
    let address = line.unwrap().trim().strip_suffix("/crm/").unwrap().to_owned();
    (sandbox, address)
}

#[test]
fn what_was_answered_outlasts_a_killed_sandbox_and_goes_out_once() {
    const JSON: &str = "Content-Type: application/json";
    let folder = std::env::temp_dir().join(format!("replykit-cli-{}", std::process::id()));
    fs::create_dir(&folder).unwrap();
    let file = folder.join("sandbox.db");
    let (sandbox, address) = keeping(&file);
    let message = |text: &str, at: &str| {
        format!(r#"{{"phone_number": "+40712345678", "message": "{text}", "scheduled_at": {at}}}"#)
    };
    let messages = |address: &str| {
        let (status, _, body) = ask("GET", &format!("{address}/crm/whatsapp/"), JSON, "");
        assert_eq!(status, 200, "{body}");
        body
    };
    let advance = |address: &str, seconds: u64| {
        let body = format!(r#"{{"seconds": {seconds}}}"#);
        assert_eq!(ask("POST", &format!("{address}/clock/advance"), JSON, &body).0, 200);
    };
    let sent = |address: &str| {
        let (_, _, body) =
            ask("POST", &format!("{address}/crm/control"), JSON, r#"{"action": "sent"}"#);
        body.matches("\"text\"").count()
    };

    let account = r#"{"name": "J", "phone": "1", "email": "e", "username": "j", "password": "p"}"#;
    let register = format!("{address}/session/api/auth/register");
    let (_, head, _) = ask("POST", &register, JSON, account);
    let cookie = head.split("set-cookie: ").nth(1).unwrap().split(';').next().unwrap();
    let whatsapp = format!("{address}/crm/whatsapp/");
    assert_eq!(ask("POST", &whatsapp, JSON, &message("now", "null")).0, 201);
    advance(&address, 0);
    let at = "\"2099-01-01T00:00:00Z\"";
    assert_eq!(ask("POST", &whatsapp, JSON, &message("later", at)).0, 201);
    let before = messages(&address);
    assert!(before.contains("Sent") && before.contains("Pending"), "{before}");

    let second = run(&["sandbox", "--port", "0", "--data", file.to_str().unwrap()]);
    let error = text(&second.stderr);
    assert!(!second.status.success() && error.contains("the file is in use"), "{error}");

    // Kills it, without a chance to tidy up.
    drop(sandbox);
    let (sandbox, address) = keeping(&file);
    assert_eq!(messages(&address), before);
    let me = format!("{address}/session/api/users/me");
    assert_eq!(ask("GET", &me, &format!("Cookie: {cookie}"), "").0, 200);
    advance(&address, 0);
    assert_eq!(sent(&address), 1);
    advance(&address, 80 * 366 * 24 * 60 * 60);
    assert_eq!(sent(&address), 2);
    drop(sandbox);
    let (sandbox, address) = keeping(&file);
    advance(&address, 60);
    assert_eq!(sent(&address), 2);
    assert!(!messages(&address).contains("Pending"));
    drop(sandbox);
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_data_file_of_something_else_is_an_error_that_says_what_to_do() {
    let path = std::env::temp_dir().join(format!("replykit-notes-{}", std::process::id()));
    let (file, notes) = (path.to_str().unwrap(), "my notes");
    fs::write(file, notes).unwrap();
    let output = run(&["sandbox", "--port", "0", "--data", file]);
    let after = fs::read_to_string(file).unwrap();
    fs::remove_file(file).unwrap();
    assert!(!output.status.success());
    let error = text(&output.stderr);
    assert!(error.contains(file) && error.contains("because: the file is not the data"), "{error}");
    assert_eq!(after, notes);
}
