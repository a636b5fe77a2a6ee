use std::fmt;

use http::StatusCode;
use serde::{Deserialize, Serialize};

/// What the service refused a call for, as far as the [`WireFormat`](crate::WireFormat) tells it.
///
/// Undocumented: how the service says any of this. Documented is that calls are refused with an old
/// secret and while Enable is off, and that a reply has to name the right lead, whose conversation has
/// to be open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RefusalKind {
    /// The secret is not, or no longer, that of the source.
    BadSecret,
    /// Enable is off for this source.
    IntegrationOff,
    /// One of these two, and the answer does not tell which.
    SecretOrOff,
    /// There is no such lead, or it belongs to another source. A bare 404 can also mean that the URL of
    /// the source is wrong.
    UnknownLead,
    /// The conversation of the lead is closed.
    ConversationClosed,
    /// The lead has left no phone number and no e-mail address yet, and the source wants one first.
    LeadNotReady,
    /// Too many calls at a time. [`Error::retry_after`](crate::Error::retry_after) may tell how long to
    /// wait.
    RateLimited,
    /// The text is longer than the service takes.
    TextTooLong,
    /// The service cannot read the request: a piece of the wire format is wrong, or a value.
    InvalidRequest,
    /// The service did nothing and may do it later. Only a [`RefusalRule`](crate::RefusalRule) of yours
    /// says so: a 503 by itself leaves open what was done.
    Transient,
    /// It said no in words that no rule knows.
    Other,
}

impl RefusalKind {
    /// Whether only a reply can be refused for it.
    pub(crate) fn is_about_a_reply(self) -> bool {
        use RefusalKind::*;
        matches!(self, UnknownLead | ConversationClosed | LeadNotReady | TextTooLong)
    }

    fn text(self) -> &'static str {
        match self {
            Self::BadSecret => "the secret: copy the current one from the card of the source",
            Self::IntegrationOff => "turn on Enable on the card of the source",
            Self::SecretOrOff => "the secret, or because Enable is off for the source",
            Self::UnknownLead => "it knows no such lead, or the URL of the source is wrong",
            Self::ConversationClosed => "the conversation of the lead is closed",
            Self::LeadNotReady => "the lead has left no phone number and no e-mail address yet",
            Self::RateLimited => "there were too many calls: wait",
            Self::TextTooLong => "the text is too long",
            Self::InvalidRequest => "it cannot read the request: check the WireFormat",
            Self::Transient => "it cannot do it now: try again later",
            Self::Other => "it said no in words that no rule of the WireFormat knows",
        }
    }
}

/// A refusal. Its words may quote what was sent, so `Debug` and `Display` do not show them.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// What for.
    pub kind: RefusalKind,
    /// The HTTP status. It is 2xx where the body says no all the same.
    pub status: StatusCode,
    /// The code, where the body has one.
    pub code: Option<String>,
    /// The server's words, where the body has any.
    pub message: Option<String>,
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refusal")
            .field("kind", &self.kind)
            .field("status", &self.status.as_u16())
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.status.as_u16();
        write!(f, "the service refused with HTTP {status}: {}", self.kind.text())
    }
}
