//! 360Dialog, as far as the backend uses it.

use std::fmt;

use http::{Method, StatusCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{State, delivery::JOB, pages};
use crate::rest::{Answer, Ending, Redacted, Request};

pub(super) const API_KEY: &str = "sandbox-360dialog-key";

/// What the provider behind the `crm` server does with the messages and statuses that it gets. `Debug`
/// does not show its words.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Provider {
    /// It takes them: they become `Sent` and `Posted`.
    #[default]
    Accepts,
    /// It refuses them with this text: they become `Failed: <text>`, or `Failed` if it is empty.
    Refuses(String),
    /// It cannot be reached: they stay `Pending`, and are not sent again.
    Unreachable,
    /// It takes them and its answer is lost: they stay `Pending`, though they went out.
    AnswerLost,
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepts => f.write_str("Accepts"),
            Self::Refuses(why) => f.debug_tuple("Refuses").field(&Redacted(why)).finish(),
            Self::Unreachable => f.write_str("Unreachable"),
            Self::AnswerLost => f.write_str("AnswerLost"),
        }
    }
}

/// A message or status that the provider took, and so one that went out. `Debug` shows neither to
/// whom nor what.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CrmSent {
    /// The phone number, or `status@broadcast` for a status.
    pub to: String,
    /// The text, or the caption of a picture.
    pub text: String,
    /// Where the picture of a status is.
    pub media: Option<String>,
    /// When, in the sandbox's time.
    pub at: Timestamp,
}

impl fmt::Debug for CrmSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CrmSent")
            .field("to", &Redacted(&self.to))
            .field("text", &Redacted(&self.text))
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

impl State {
    /// Answers `POST /messages` of the provider.
    pub(super) fn serve_provider(&mut self, request: &Request, now: Timestamp) -> Answer {
        if request.method != Method::POST {
            return pages::not_allowed(&request.method, "POST");
        }
        let key = request.headers.get("D360-API-KEY");
        if key.is_none_or(|key| key.as_bytes() != API_KEY.as_bytes()) {
            return refuse(StatusCode::UNAUTHORIZED, "Invalid api key");
        }
        if self.settings.provider == Provider::Unreachable {
            return dropped();
        }
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let Some(sent) = sent(&body, now) else {
            return refuse(StatusCode::BAD_REQUEST, "The parameter to or text is missing");
        };
        if let Provider::Refuses(why) = &self.settings.provider {
            return refuse(StatusCode::BAD_REQUEST, why);
        }
        self.sent.push(sent);
        // Both are kept at once, so what went out does not go out again after a restart.
        let job = request.headers.get(JOB);
        if let Some(job) = job.and_then(|job| serde_json::from_slice(job.as_bytes()).ok()) {
            self.end(job);
        }
        if self.settings.provider == Provider::AnswerLost {
            return dropped();
        }
        let id = format!("wamid.{:012}", self.sent.len());
        let taken = json!({"messaging_product": "whatsapp", "messages": [{"id": id}]});
        Answer::json(StatusCode::OK, &taken)
    }
}

fn sent(body: &Value, at: Timestamp) -> Option<CrmSent> {
    let text_at = |pointer| body.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let media = text_at("/image/link");
    let text = text_at("/text/body").or_else(|| text_at("/image/caption"));
    // A status may have a picture alone, or nothing at all.
    let text = if media.is_none() && text.is_none() && body.get("text").is_none() {
        return None;
    } else {
        text.unwrap_or_default()
    };
    Some(CrmSent { to: text_at("/to")?, text, media, at })
}

fn refuse(status: StatusCode, why: &str) -> Answer {
    let error = if why.is_empty() { json!({}) } else { json!({"error": {"message": why}}) };
    Answer::json(status, &error)
}

fn dropped() -> Answer {
    let mut answer = Answer::empty(StatusCode::SERVICE_UNAVAILABLE);
    answer.ending = Ending::Dropped;
    answer
}
