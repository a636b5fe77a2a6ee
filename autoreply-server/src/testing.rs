//! What the tests of several files share.

use http::{Request, Response};

use crate::{AutoReply, BoxError, Incoming, Keys, Reply};

pub(crate) const KEY: &str = "your-secret-key-here";

/// The body of the documented request.
pub(crate) const DOCUMENTED: &str = r#"{
  "type": "SMS",
  "sender": "+40712345678",
  "name": "John Doe",
  "message": "help",
  "timestamp": "2026-02-28 14:30:00"
}"#;

pub(crate) const NO_REPLY: &str = r#"{"text":"","status":"no_reply"}"#;
pub(crate) const INTERNAL_ERROR: &str =
    r#"{"error":"The reply could not be made","status":"internal_error"}"#;

/// Says again what it was told; the messages `error` and `panic` make it fail.
pub(crate) fn echo() -> AutoReply {
    AutoReply::new(Keys::new([KEY]).unwrap(), |message: Incoming| async move {
        match message.message.as_str() {
            "error" => Err(BoxError::from("canary")),
            "panic" => panic!("canary"),
            "silence" => Ok(Reply::no_reply()),
            text => Ok(Reply::text(text)),
        }
    })
}

/// The documented request with this message.
pub(crate) fn saying(message: &str) -> Request<String> {
    request(DOCUMENTED.replace("help", message))
}

pub(crate) fn request(body: impl Into<String>) -> Request<String> {
    Request::post("/api/autoreply")
        .header("Content-Type", "application/json")
        .header("X-API-Key", KEY)
        .body(body.into())
        .unwrap()
}

/// Status and body.
pub(crate) fn parts(response: Response<String>) -> (u16, String) {
    assert_eq!(response.headers()["content-type"], "application/json");
    (response.status().as_u16(), response.into_body())
}
