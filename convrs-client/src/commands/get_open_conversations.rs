use serde::{Deserialize, Serialize};

use crate::{
    Command, Extra, Invalid, Items, OpenConversation, OperationClass, lossless::lossless, redact,
    rules,
};

/// Retrieves the conversations that are open now. Changes nothing.
///
/// # Errors
/// Those of every command.
///
/// # Wire
/// ```
/// # use convrs_client::{GetOpenConversations, Token, envelope};
/// let command = GetOpenConversations::new();
/// let documented: serde_json::Value = serde_json::from_str(r##"{
///     "token": "2730b3490cf32a1c16ac8b91e034aa9f073996f7",
///     "cmd": "GetOpenConversations"
/// }"##)?;
/// let request = envelope::encode_request(&command, &Token::from("2730b3490cf32a1c16ac8b91e034aa9f073996f7"))?;
/// assert_eq!(serde_json::from_str::<serde_json::Value>(&request)?, documented);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Source: Convrs API > Commands - Conversations > GetOpenConversations
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(remote = "Self")]
#[non_exhaustive]
pub struct GetOpenConversations {
    /// Fields that are not documented.
    #[serde(skip)]
    pub extra: Extra,
}

impl GetOpenConversations {
    /// Asks for the open conversations.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Command for GetOpenConversations {
    const NAME: &'static str = "GetOpenConversations";
    const LIST: bool = true;
    type Output = Items<OpenConversation>;

    fn class(&self) -> OperationClass {
        OperationClass::Read
    }

    fn validate(&self) -> Result<(), Invalid> {
        rules::extra(self)
    }

    fn salvage(data: &str) -> Option<Self::Output> {
        Items::salvage(data)
    }
}

lossless!(GetOpenConversations);
redact::debug!(GetOpenConversations { extra });
