use std::fmt;

use serde::{Deserialize, Serialize, Serializer, ser::SerializeStruct};

use crate::{LocalTime, redact::Redacted};

/// What the phone is told to do about a message: send a text, or keep silent.
///
/// Source: AutoReply Mate Server API > Response Format
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct Reply {
    text: String,
    status: ReplyStatus,
    timestamp: Option<LocalTime>,
}

open_enum! {
    /// The field `status` of a reply. The phone sends for `success` and for nothing else.
    ///
    /// Source: AutoReply Mate Server API > Response Format > Success Response Fields
    pub enum ReplyStatus {
        /// Send the text.
        Success = "success",
        /// Send nothing. Undocumented: a text for this. Assumed: any but `success` will do.
        NoReply = "no_reply",
    }
}

impl Reply {
    /// Sends this text to the person. A blank text is never sent: it counts as
    /// [`no_reply`](Self::no_reply).
    ///
    /// Undocumented: the longest text allowed.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), status: ReplyStatus::Success, timestamp: None }
    }

    /// Sends nothing to the person.
    pub fn no_reply() -> Self {
        Self { text: String::new(), status: ReplyStatus::NoReply, timestamp: None }
    }

    /// Adds the time of the answer, which the app only logs.
    #[must_use]
    pub fn at(mut self, timestamp: impl Into<LocalTime>) -> Self {
        self.timestamp = Some(timestamp.into());
        self
    }

    /// Whether the phone sends something: the status is `success` and the text is not blank.
    pub fn sends(&self) -> bool {
        self.status == ReplyStatus::Success && !self.text.trim().is_empty()
    }

    /// The text for the person.
    pub fn as_text(&self) -> &str {
        &self.text
    }

    /// Whether the text is to be sent.
    pub fn status(&self) -> &ReplyStatus {
        &self.status
    }

    /// The time of the answer, if it was given.
    pub fn timestamp(&self) -> Option<&LocalTime> {
        self.timestamp.as_ref()
    }
}

/// Writes what goes to the phone. A `success` without a text is written as `no_reply`, and any other
/// status without its text, so that no phone ever sends an empty message or one not meant for a
/// person. A reply that was read with such a text is therefore not written back equal.
impl Serialize for Reply {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (text, status) = match &self.status {
            status if self.sends() => (self.text.as_str(), status),
            ReplyStatus::Success => ("", &ReplyStatus::NoReply),
            status => ("", status),
        };
        let fields = 2 + usize::from(self.timestamp.is_some());
        let mut reply = serializer.serialize_struct("Reply", fields)?;
        reply.serialize_field("text", text)?;
        reply.serialize_field("status", status)?;
        if let Some(timestamp) = &self.timestamp {
            reply.serialize_field("timestamp", timestamp)?;
        }
        reply.end()
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("text", &Redacted(&self.text))
            .field("status", &self.status)
            .field("timestamp", &self.timestamp)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn wire(reply: &Reply) -> String {
        serde_json::to_string(reply).unwrap()
    }

    #[test]
    fn the_documented_reply_is_read_and_written_back_equal() {
        let documented = r#"{
            "text": "Your reply message here",
            "status": "success",
            "timestamp": "2026-02-28 14:30:05"
        }"#;
        let reply: Reply = serde_json::from_str(documented).unwrap();
        assert_eq!(reply, Reply::text("Your reply message here").at("2026-02-28 14:30:05"));
        assert!(reply.sends());
        assert_eq!(
            serde_json::to_value(&reply).unwrap(),
            serde_json::from_str::<Value>(documented).unwrap()
        );
    }

    #[test]
    fn fields_are_written_in_the_documented_order() {
        assert_eq!(wire(&Reply::text("Hi")), r#"{"text":"Hi","status":"success"}"#);
        assert_eq!(
            wire(&Reply::text("Hi").at("now")),
            r#"{"text":"Hi","status":"success","timestamp":"now"}"#
        );
    }

    #[test]
    fn a_blank_text_is_written_as_no_reply() {
        let no_reply = r#"{"text":"","status":"no_reply"}"#;
        assert_eq!(wire(&Reply::no_reply()), no_reply);
        for blank in ["", " ", "\n\t\u{a0}"] {
            assert!(!Reply::text(blank).sends());
            assert_eq!(wire(&Reply::text(blank)), no_reply);
        }
    }

    #[test]
    fn only_success_with_a_text_sends() {
        let decode = |json: Value| serde_json::from_value::<Reply>(json).unwrap();
        assert!(decode(json!({"text": "Hi", "status": "success", "timestamp": null})).sends());
        assert!(!decode(json!({"text": " ", "status": "success"})).sends());
        assert!(!decode(json!({"text": "Hi", "status": "no_reply"})).sends());
        let other = decode(json!({"text": "Hi", "status": "Success", "extra": 1}));
        assert!(!other.sends());
        assert_eq!(other.status(), &ReplyStatus::Other("Success".into()));
    }

    #[test]
    fn a02_only_success_is_written_with_a_text() {
        for status in ["no_reply", "failed", "Success", ""] {
            let received = json!({"text": "internal stack trace", "status": status});
            let reply: Reply = serde_json::from_value(received).unwrap();
            assert_eq!(reply.as_text(), "internal stack trace");
            assert_eq!(wire(&reply), format!(r#"{{"text":"","status":"{status}"}}"#));
        }
    }

    #[test]
    fn debug_shows_no_text() {
        assert_eq!(
            format!("{:?}", Reply::text("canary").at("canary")),
            "Reply { text: <6 chars>, status: Success, timestamp: Some(<6 chars>) }"
        );
    }
}
