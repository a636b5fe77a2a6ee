//! Runs the examples as a person would.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod convrs;
mod keyword_bot;
mod lead_bot;
mod whatsapp_automation;

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

fn transport() -> ReqwestTransport {
    ReqwestTransport::builder().loopback_only().build().unwrap()
}

async fn write_to(phone: &str, message: &str) -> Value {
    let message = json!({"type": "WHATSAPP", "sender": "Ana", "message": message});
    let request = Request::post(phone).body(Body::from(message.to_string())).unwrap();
    let options = CallOptions::within(Duration::from_secs(15));
    let answer = transport().send(request, &options).await.unwrap();
    serde_json::from_slice(answer.body()).unwrap()
}

/// What it prints, and no more, stands in the README.
fn prints_what_the_readme_shows(mut example: Command) {
    let output = example.output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{printed}");
    let shown = format!("```text\n{printed}```\n");
    assert!(include_str!("../../README.md").contains(&shown), "{printed}");
    // No progress bar either, where there is no terminal.
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
