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

/// Does what a printed curl line would do, for machines without curl.
fn curl(line: &str) -> String {
    let url = line.split_whitespace().nth(1).unwrap().strip_prefix("http://").unwrap();
    let (address, path) = url.split_once('/').unwrap();
    let (header, body) = line.split_once(" -H '").unwrap().1.split_once("' -d '").unwrap();
    let body = body.strip_suffix('\'').unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "POST /{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{header}\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
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
    assert_eq!(lines, 2);
}

#[test]
fn help_names_the_commands_and_the_first_step() {
    let help = text(&run(&["--help"]).stdout);
    for word in ["demo", "sandbox", "Start with `replykit demo`"] {
        assert!(help.contains(word), "{help}");
    }
}
