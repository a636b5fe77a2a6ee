use serde_json::{Map, Value};

use crate::{DeliveryCallback, Items, Message, Uid, User, envelope, redact::Hidden};

/// Something that the server pushes, over the WebSocket or to the webhook URL.
///
/// [`parse`](Self::parse) never fails: what it does not know, or cannot read, is kept with its bytes.
/// Some accounts have one URL for events and delivery callbacks, so both are told apart here.
///
/// Nothing says how often an event comes. Assumed: a webhook that was not answered is not repeated.
///
/// Source: Convrs API > Available Events
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// `onUserCreate`: a user was created.
    UserCreated(Box<User>),
    /// `onUserUpdate`: a user's fields changed.
    UserUpdated {
        /// The user after the change.
        user: Box<User>,
        /// The fields that changed, with their new values.
        update: Map<String, Value>,
    },
    /// `onUserDelete`: a user was deleted.
    UserDeleted(Uid),
    /// `onUserDisable`: a user is out of reach, for having blocked the bot say.
    UserDisabled(Uid),
    /// `onUserEnable`: a user who was disabled is back.
    UserEnabled(Uid),
    /// `onUserConversation`: a conversation with an agent was closed.
    ConversationClosed {
        /// The user.
        uid: Uid,
        /// Its messages.
        messages: Items<Message>,
    },
    /// A delivery callback: it has no `cmd`, but an ack.
    Delivery(Box<DeliveryCallback>),
    /// An event that is not documented, or JSON of another kind.
    Unknown(RawEvent),
    /// A documented event that could not be read.
    Malformed(RawEvent),
}

/// What was pushed, as it came.
#[derive(Clone, PartialEq, Eq)]
pub struct RawEvent {
    cmd: String,
    reason: String,
    bytes: Vec<u8>,
}

impl RawEvent {
    pub(crate) fn new(cmd: impl Into<String>, reason: impl Into<String>, bytes: &[u8]) -> Self {
        Self { cmd: cmd.into(), reason: reason.into(), bytes: bytes.to_vec() }
    }

    /// The name of the event, empty where there is none.
    #[must_use]
    pub fn cmd(&self) -> &str {
        &self.cmd
    }

    /// Why it could not be read. It may quote the event, so `Debug` does not show it.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// What was pushed.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl std::fmt::Debug for RawEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawEvent")
            .field("cmd", &Hidden(&self.cmd))
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

impl Event {
    /// Reads what was pushed.
    ///
    /// ```
    /// use convrs_client::Event;
    ///
    /// let event = Event::parse(br#"{"cmd":"onUserDelete","ok":1,"uid":"73-tel-615940546"}"#);
    /// let Event::UserDeleted(uid) = event else { panic!("another event") };
    /// assert_eq!(uid.as_str(), "73-tel-615940546");
    /// ```
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Self {
        envelope::decode_event(bytes)
    }

    /// The name on the wire, empty for a delivery callback.
    #[must_use]
    pub fn cmd(&self) -> &str {
        match self {
            Self::UserCreated(_) => "onUserCreate",
            Self::UserUpdated { .. } => "onUserUpdate",
            Self::UserDeleted(_) => "onUserDelete",
            Self::UserDisabled(_) => "onUserDisable",
            Self::UserEnabled(_) => "onUserEnable",
            Self::ConversationClosed { .. } => "onUserConversation",
            Self::Delivery(_) => "",
            Self::Unknown(raw) | Self::Malformed(raw) => raw.cmd(),
        }
    }
}

impl std::fmt::Debug for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::UserCreated(user) => f.debug_tuple("UserCreated").field(user).finish(),
            Self::UserUpdated { user, update } => f
                .debug_struct("UserUpdated")
                .field("user", user)
                .field("update", &Hidden(update))
                .finish(),
            Self::UserDeleted(uid) => f.debug_tuple("UserDeleted").field(uid).finish(),
            Self::UserDisabled(uid) => f.debug_tuple("UserDisabled").field(uid).finish(),
            Self::UserEnabled(uid) => f.debug_tuple("UserEnabled").field(uid).finish(),
            Self::ConversationClosed { uid, messages } => f
                .debug_struct("ConversationClosed")
                .field("uid", uid)
                .field("messages", messages)
                .finish(),
            Self::Delivery(callback) => f.debug_tuple("Delivery").field(callback).finish(),
            Self::Unknown(raw) => f.debug_tuple("Unknown").field(raw).finish(),
            Self::Malformed(raw) => f.debug_tuple("Malformed").field(raw).finish(),
        }
    }
}
