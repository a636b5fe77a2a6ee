mod stream;

use std::{collections::BTreeMap, fmt};

use http::Method;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, value::RawValue};
pub use stream::Queue;

use super::{Endpoint, MessageId, rules};
use crate::{
    DateTime, Invalid, Items, OperationClass, ProtocolProblem,
    json::read_object,
    redact::{self, Hidden},
    scalar,
};

/// Gives one page of the messages of the account. Changes nothing. Undocumented: their order, and the
/// greatest `limit`.
///
/// [`Client::queue`](super::Client::queue) gives all of them.
///
/// # Errors
/// [`Invalid`] for a `page` or a `limit` of 0.
///
/// Source: WhatsApp automation, cookie session > Get Message Queue
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct GetQueue {
    /// Which page, counted from 1. Default: 1.
    pub page: u32,
    /// How many messages a page has. Default: 10.
    pub limit: u32,
}

impl GetQueue {
    /// The first page, of 10 messages.
    #[must_use]
    pub fn new() -> Self {
        Self { page: 1, limit: 10 }
    }
}

impl Default for GetQueue {
    fn default() -> Self {
        Self::new()
    }
}

impl Endpoint for GetQueue {
    const NAME: &'static str = "session.get_queue";
    const METHOD: Method = Method::GET;
    const CLASS: OperationClass = OperationClass::Read;
    const LIST: bool = true;
    type Output = QueuePage;

    fn path(&self) -> String {
        format!("api/messages/queue?page={}&limit={}", self.page, self.limit)
    }

    fn validate(&self) -> Result<(), Invalid> {
        rules::at_least_one("page", self.page)?;
        rules::at_least_one("limit", self.limit)
    }

    fn read(&self, body: &[u8]) -> Result<QueuePage, ProtocolProblem> {
        #[derive(Deserialize)]
        struct Answer {
            messages: Box<RawValue>,
            pagination: Pagination,
        }
        let answer: Answer = read_object(body)?;
        let messages = Items::read(answer.messages.get())?;
        Ok(QueuePage { messages, pagination: answer.pagination })
    }
}

/// A page of the queue.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct QueuePage {
    /// Its messages. One that cannot be read does not cost the others.
    pub messages: Items<QueuedMessage>,
    /// Where it stands among the pages.
    pub pagination: Pagination,
}

/// Where a page stands among the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Pagination {
    /// The number of this page, counted from 1.
    #[serde(deserialize_with = "scalar::integer")]
    pub page: u64,
    /// How many messages a page has.
    #[serde(deserialize_with = "scalar::integer")]
    pub limit: u64,
    /// How many messages there are.
    #[serde(deserialize_with = "scalar::integer")]
    pub total: u64,
    /// How many pages there are.
    #[serde(deserialize_with = "scalar::integer")]
    pub pages: u64,
}

/// A message that was sent, or waits for it.
///
/// Source: WhatsApp automation, cookie session > Get Message Queue
#[derive(Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct QueuedMessage {
    /// Its id, the `message_id` of the answer to the send.
    pub id: MessageId,
    /// The recipient, as it was written.
    #[serde(default, deserialize_with = "scalar::string")]
    pub to: String,
    /// The text.
    #[serde(default, deserialize_with = "scalar::string")]
    pub message: String,
    /// How far it has come.
    #[serde(default)]
    pub status: QueueState,
    /// When it is to go out. Assumed: nothing where that was at once.
    #[serde(default)]
    pub scheduled_for: Option<DateTime>,
    /// When it went out. Assumed: nothing until then.
    #[serde(default)]
    pub sent_at: Option<DateTime>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: BTreeMap<String, Value>,
}

redact::debug!(QueuedMessage { id, status, scheduled_for, sent_at } hides { to, message, extra });

/// How far a message has come. Encodes back as it came.
#[derive(Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum QueueState {
    /// It went out. Wire: `sent`.
    Sent,
    /// It did not, and will not. Assumed. Wire: `failed`.
    Failed,
    /// One that is not known here, as the server names it; empty where it names none. Undocumented:
    /// which there are.
    Other(String),
}

impl QueueState {
    /// The text on the wire.
    #[must_use]
    pub fn as_wire(&self) -> &str {
        match self {
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Other(text) => text,
        }
    }
}

impl From<&str> for QueueState {
    fn from(text: &str) -> Self {
        match text {
            "sent" => Self::Sent,
            "failed" => Self::Failed,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl Default for QueueState {
    fn default() -> Self {
        Self::Other(String::new())
    }
}

impl fmt::Debug for QueueState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sent => f.write_str("Sent"),
            Self::Failed => f.write_str("Failed"),
            Self::Other(text) => f.debug_tuple("Other").field(&Hidden(text)).finish(),
        }
    }
}

impl Serialize for QueueState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_wire())
    }
}

impl<'de> Deserialize<'de> for QueueState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        scalar::string(deserializer).map(|text| Self::from(text.as_str()))
    }
}

#[cfg(test)]
mod tests;
