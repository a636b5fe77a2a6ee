use serde::{Deserialize, Serialize};

use crate::{
    AgentId, BotId, Channel, Cid, DateTime, Extra, Mid, PhoneNumber, Uid, lossless::lossless,
    model::open_enum::open_enum, redact, scalar,
};

open_enum! {
    /// What a message of a conversation is, `typ` on the wire.
    ///
    /// Source: Convrs API > Available Events > onUserConversation
    MessageKind {
        /// A text.
        Text = "text",
        /// A picture.
        Image = "image",
        /// The conversation went to another agent.
        Transfer = "transfer",
        /// A note among agents; the user did not see it.
        Note = "note",
        /// A message of the system.
        System = "system",
    }
}

open_enum! {
    /// Who sent a message of a conversation.
    ///
    /// Source: Convrs API > Available Events > onUserConversation
    Sender {
        /// The user.
        Client = "client",
        /// An agent of the organisation.
        Agent = "agent",
        /// The system.
        System = "system",
    }
}

/// A message of a conversation between a user and an agent.
///
/// Its id, kind and sender are always there. `Debug` shows no personal data.
///
/// Source: Convrs API > Commands - Conversations > GetConversation
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
#[non_exhaustive]
pub struct Message {
    /// The user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<Uid>,
    /// The user's e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The user's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The user's phone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<PhoneNumber>,
    /// Page for a chat with the user. This crate never fetches it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The agent's id (wire: `aid`).
    #[serde(rename = "aid", default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<AgentId>,
    /// The agent's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The agent's e-mail address (wire: `agentemail`).
    #[serde(rename = "agentemail", default, skip_serializing_if = "Option::is_none")]
    pub agent_email: Option<String>,
    /// The message's id.
    #[serde(deserialize_with = "scalar::present")]
    pub mid: Mid,
    /// The text (wire: `msg`).
    #[serde(rename = "msg", default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What it is (wire: `typ`).
    #[serde(rename = "typ")]
    pub kind: MessageKind,
    /// Who sent it.
    pub sender: Sender,
    /// When it was sent, UTC (wire: `dt`).
    #[serde(rename = "dt", default, skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<DateTime>,
    /// The messaging platform (wire: `bot`).
    #[serde(rename = "bot", default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    /// Fields that are not documented.
    #[serde(skip)]
    pub extra: Extra,
}

impl Message {
    /// A message of which only id, kind and sender are known.
    pub fn new(mid: impl Into<Mid>, kind: MessageKind, sender: Sender) -> Self {
        Self {
            uid: None,
            email: None,
            name: None,
            phone: None,
            url: None,
            agent_id: None,
            agent: None,
            agent_email: None,
            mid: mid.into(),
            text: None,
            kind,
            sender,
            sent_at: None,
            channel: None,
            extra: Extra::default(),
        }
    }
}

redact::debug!(Message { mid, kind, sender, uid, phone, agent_id, sent_at, channel, extra } hides {
    email, name, url, agent, agent_email, text
});

/// A message in a list over many conversations, each named by its id.
///
/// Source: Convrs API > Commands - Conversations > GetConversationsFlat
///
/// Assumed: beside the documented fields (cid, uid, mid, typ, sender, bot) those of [`Message`].
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
#[non_exhaustive]
pub struct FlatMessage {
    /// The conversation that it belongs to.
    #[serde(deserialize_with = "scalar::present")]
    pub cid: Cid,
    /// The user.
    #[serde(default)]
    pub uid: Uid,
    /// The message's id.
    #[serde(deserialize_with = "scalar::present")]
    pub mid: Mid,
    /// The text (wire: `msg`).
    #[serde(rename = "msg", default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What it is (wire: `typ`).
    #[serde(rename = "typ")]
    pub kind: MessageKind,
    /// Who sent it.
    pub sender: Sender,
    /// When it was sent, UTC (wire: `dt`).
    #[serde(rename = "dt", default, skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<DateTime>,
    /// The messaging platform (wire: `bot`).
    #[serde(rename = "bot", default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    /// The agent's id (wire: `aid`).
    #[serde(rename = "aid", default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<AgentId>,
    /// The agent's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Fields that are not listed here.
    #[serde(skip)]
    pub extra: Extra,
}

impl FlatMessage {
    /// The message `mid` of the conversation `cid` with the user `uid`.
    pub fn new(
        cid: impl Into<Cid>,
        uid: impl Into<Uid>,
        mid: impl Into<Mid>,
        kind: MessageKind,
        sender: Sender,
    ) -> Self {
        Self {
            cid: cid.into(),
            uid: uid.into(),
            mid: mid.into(),
            text: None,
            kind,
            sender,
            sent_at: None,
            channel: None,
            agent_id: None,
            agent: None,
            extra: Extra::default(),
        }
    }
}

/// The same message without the id of its conversation. Fields that only [`Message`] knows come from
/// `extra`.
impl From<FlatMessage> for Message {
    fn from(flat: FlatMessage) -> Self {
        let read = || {
            let mut fields = serde_json::to_value(&flat).ok()?;
            fields.as_object_mut()?.remove("cid");
            serde_json::from_value(fields).ok()
        };
        read().unwrap_or_else(|| Self {
            uid: Some(flat.uid.clone()),
            text: flat.text.clone(),
            sent_at: flat.sent_at.clone(),
            channel: flat.channel.clone(),
            agent_id: flat.agent_id,
            agent: flat.agent.clone(),
            ..Self::new(flat.mid.clone(), flat.kind.clone(), flat.sender.clone())
        })
    }
}

redact::debug!(FlatMessage { cid, uid, mid, kind, sender, sent_at, channel, agent_id, extra } hides {
    text, agent
});

/// A conversation that an agent has not closed.
///
/// Source: Convrs API > Commands - Conversations > GetOpenConversations
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
#[non_exhaustive]
pub struct OpenConversation {
    /// The conversation's id.
    #[serde(deserialize_with = "scalar::present")]
    pub id: Cid,
    /// The user.
    #[serde(default)]
    pub uid: Uid,
    /// The agent's id (wire: `aid`).
    #[serde(rename = "aid", default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<AgentId>,
    /// The agent's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The bot (wire: `bid`).
    #[serde(rename = "bid", default)]
    pub bot_id: BotId,
    /// When it began, UTC (wire: `sdt`).
    #[serde(rename = "sdt", default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<DateTime>,
    /// How many messages the agent sent (wire: `aco`).
    #[serde(
        rename = "aco",
        default,
        deserialize_with = "scalar::optional_integer",
        skip_serializing_if = "Option::is_none"
    )]
    pub agent_message_count: Option<i64>,
    /// How many messages the user sent (wire: `uco`).
    #[serde(
        rename = "uco",
        default,
        deserialize_with = "scalar::optional_integer",
        skip_serializing_if = "Option::is_none"
    )]
    pub user_message_count: Option<i64>,
    /// Fields that are not documented.
    #[serde(skip)]
    pub extra: Extra,
}

impl OpenConversation {
    /// The conversation `id` of the user `uid` with the bot `bot_id`.
    pub fn new(id: impl Into<Cid>, uid: impl Into<Uid>, bot_id: impl Into<BotId>) -> Self {
        Self {
            id: id.into(),
            uid: uid.into(),
            agent_id: None,
            agent: None,
            bot_id: bot_id.into(),
            started_at: None,
            agent_message_count: None,
            user_message_count: None,
            extra: Extra::default(),
        }
    }
}

redact::debug!(OpenConversation {
    id, uid, agent_id, bot_id, started_at, agent_message_count, user_message_count, extra
} hides { agent });

lossless!(Message, FlatMessage, OpenConversation);
