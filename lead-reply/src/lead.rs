//! What the webhook tells of a lead.

mod decode;
mod field_names;

use std::fmt;

pub use field_names::{Field, FieldNames};
use jiff::Timestamp;
use serde_json::Value;

use crate::{LeadId, MessageId, redact::Hidden};

/// What happened to a lead. Every part may be missing: the body is undocumented, so it is read as far as
/// it can be, and [`json`](Self::json) has all of it.
///
/// Source: REST Webhook: a POST on every new lead, new contact info and new message, with the lead's
/// identity, contact info, tags and the conversation so far.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Activity {
    /// What happened.
    pub kind: ActivityKind,
    /// By what a repeat of this is known.
    pub event_id: Option<String>,
    /// When.
    pub occurred_at: Option<Timestamp>,
    /// Whom it is about.
    pub lead: Lead,
    /// Where the lead comes from.
    pub source: Source,
    /// The message that this is about.
    pub message: Option<Message>,
    /// The conversation so far, oldest first.
    pub conversation: Vec<Message>,
    /// The whole body, as it came. `null` where it is no JSON.
    pub json: Value,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum ActivityKind {
    /// Somebody has turned up.
    NewLead,
    /// A lead has left a phone number or an e-mail address.
    NewContactInfo,
    /// A message, of the lead or to the lead: see [`Message::direction`].
    NewMessage,
    /// A request that was sent to try the webhook out. There is no lead behind it.
    Test,
    /// Something else, or nothing that can be told.
    #[default]
    Other,
    /// What came is no JSON object. It is handed on all the same, for nobody would send it better.
    Malformed,
}

/// A lead. `Debug` shows its id.
#[derive(Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Lead {
    /// By which a reply names it.
    pub id: Option<LeadId>,
    /// The whole name; of first and last name where they come apart.
    pub name: Option<String>,
    /// A phone number, as it was written.
    pub phone: Option<String>,
    /// An e-mail address.
    pub email: Option<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Whether it has not been there before.
    pub is_new: Option<bool>,
    /// Whether it can be replied to yet.
    pub ready: Option<bool>,
}

/// Where a lead comes from.
#[derive(Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Source {
    /// Its id.
    pub id: Option<String>,
    /// Its name, only with [`SourceSettings::include_source_name`](crate::SourceSettings).
    pub name: Option<String>,
}

/// A message of a conversation. `Debug` hides the text.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message {
    /// Its id.
    pub id: Option<MessageId>,
    /// Whether it came from the lead.
    pub direction: Direction,
    /// The text.
    pub text: String,
    /// When it was sent.
    pub sent_at: Option<Timestamp>,
}

/// Which way a message went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Direction {
    /// From the lead.
    Inbound,
    /// To the lead: a reply of ours, of the team, or of Auto-Respond.
    Outbound,
    /// Nothing says so.
    Unknown,
}

impl Activity {
    /// Reads a body by these names. It never fails: what is no JSON object is
    /// [`ActivityKind::Malformed`].
    #[must_use]
    pub fn read(body: &[u8], names: &FieldNames) -> Self {
        decode::activity(body, names)
    }

    /// The message to answer, and whom: one from the lead, with words in it. Nothing for a test, for
    /// what was sent to the lead, and where no lead is named.
    ///
    /// Assumed: a message of which nothing says which way it went is the lead's. A reply of our own is
    /// told by [`OwnReplies`](crate::webhook::OwnReplies), which the webhook has to know for that.
    #[must_use]
    pub fn to_answer(&self) -> Option<(&LeadId, &Message)> {
        let asks = matches!(self.kind, ActivityKind::NewLead | ActivityKind::NewMessage);
        let message = self.message.as_ref().filter(|_| asks)?;
        let is_theirs = message.direction != Direction::Outbound && !message.text.trim().is_empty();
        Some((self.lead.id.as_ref().filter(|_| is_theirs)?, message))
    }
}

impl fmt::Debug for Activity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Activity")
            .field("kind", &self.kind)
            .field("event_id", &self.event_id.is_some())
            .field("occurred_at", &self.occurred_at)
            .field("lead", &self.lead)
            .field("source", &self.source)
            .field("message", &self.message)
            .field("conversation", &self.conversation.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Lead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lead")
            .field("id", &self.id)
            .field("name", &Hidden(&self.name))
            .field("phone", &Hidden(&self.phone))
            .field("email", &Hidden(&self.email))
            .field("tags", &self.tags.len())
            .field("is_new", &self.is_new)
            .field("ready", &self.ready)
            .finish()
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("id", &Hidden(&self.id))
            .field("name", &Hidden(&self.name))
            .finish()
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("id", &self.id)
            .field("direction", &self.direction)
            .field("text", &Hidden(&self.text))
            .field("sent_at", &self.sent_at)
            .finish()
    }
}

#[cfg(test)]
mod tests;
