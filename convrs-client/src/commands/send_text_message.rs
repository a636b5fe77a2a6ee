use serde::{Deserialize, Serialize};

use crate::{
    Command, E164, Extra, Invalid, OperationClass, ReplyShape, Uid, lossless::lossless, redact,
    rules, scalar,
};

/// Sends a text to a user. It reaches a person, so it is repeated only when it did not go out.
///
/// The reply names no message: what became of the text can only be seen in the conversation.
///
/// # Errors
/// 1005 for a user that the server does not know, 1025 for an empty uid, 1010 and 1013 for the message,
/// 2001 while an agent holds the conversation, 2006 the person has unsubscribed, 2007 and 2008 too many
/// messages.
///
/// # Wire
/// ```
/// # use convrs_client::{SendTextMessage, Token, envelope};
/// let command = SendTextMessage::new("73-tel-615940546", "Thank you for your inquiry!");
/// let documented: serde_json::Value = serde_json::from_str(r##"{
///     "token": "2730b3490cf32a1c16ac8b91e034aa9f073996f7",
///     "cmd": "SendTextMessage",
///     "uid": "73-tel-615940546",
///     "message": "Thank you for your inquiry!"
/// }"##)?;
/// let request = envelope::encode_request(&command, &Token::from("2730b3490cf32a1c16ac8b91e034aa9f073996f7"))?;
/// assert_eq!(serde_json::from_str::<serde_json::Value>(&request)?, documented);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Source: Convrs API > Commands - Sending Messages > SendTextMessage
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
#[non_exhaustive]
pub struct SendTextMessage {
    /// The user's id. Required: 1025.
    #[serde(default)]
    pub uid: Uid,
    /// The text, at most 2000 characters. Required: 1010, 1013.
    #[serde(default, deserialize_with = "scalar::string")]
    pub message: String,
    /// Fields that are not documented.
    #[serde(skip)]
    pub extra: Extra,
}

impl SendTextMessage {
    /// Sends `message` to the user `uid`.
    pub fn new(uid: impl Into<Uid>, message: impl Into<String>) -> Self {
        Self { uid: uid.into(), message: message.into(), extra: Extra::default() }
    }
}

impl Command for SendTextMessage {
    const NAME: &'static str = "SendTextMessage";
    const REPLY: ReplyShape = ReplyShape::Empty;
    type Output = ();

    fn class(&self) -> OperationClass {
        OperationClass::Send
    }

    fn footprint(&self) -> Option<(Uid, &str)> {
        Some((self.uid.clone(), &self.message))
    }

    fn recipient(&self) -> Option<E164> {
        self.uid.phone()
    }

    fn validate(&self) -> Result<(), Invalid> {
        rules::uid(&self.uid)?;
        rules::message(&self.message)?;
        rules::extra(self)
    }
}

lossless!(SendTextMessage);
redact::debug!(SendTextMessage { uid, extra } hides { message });
