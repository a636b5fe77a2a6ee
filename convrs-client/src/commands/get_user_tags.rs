use serde::{Deserialize, Serialize};

use crate::{
    Command, Extra, Invalid, Items, OperationClass, Uid, lossless::lossless, redact, rules,
};

/// Retrieves the tags of a user. Changes nothing.
///
/// # Errors
/// 1005 for a user that the server does not know, 1025 for an empty uid.
///
/// # Wire
/// ```
/// # use convrs_client::{GetUserTags, Token, envelope};
/// let command = GetUserTags::new("73-tel-615940546");
/// let documented: serde_json::Value = serde_json::from_str(r##"{
///     "token": "2730b3490cf32a1c16ac8b91e034aa9f073996f7",
///     "cmd": "GetUserTags",
///     "uid": "73-tel-615940546"
/// }"##)?;
/// let request = envelope::encode_request(&command, &Token::from("2730b3490cf32a1c16ac8b91e034aa9f073996f7"))?;
/// assert_eq!(serde_json::from_str::<serde_json::Value>(&request)?, documented);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Source: Convrs API > Commands - User Tags > GetUserTags
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
#[non_exhaustive]
pub struct GetUserTags {
    /// The user's id. Required: 1025.
    #[serde(default)]
    pub uid: Uid,
    /// Fields that are not documented.
    #[serde(skip)]
    pub extra: Extra,
}

impl GetUserTags {
    /// Asks for the tags of the user `uid`.
    pub fn new(uid: impl Into<Uid>) -> Self {
        Self { uid: uid.into(), extra: Extra::default() }
    }
}

impl Command for GetUserTags {
    const NAME: &'static str = "GetUserTags";
    type Output = Items<String>;

    fn class(&self) -> OperationClass {
        OperationClass::Read
    }

    fn validate(&self) -> Result<(), Invalid> {
        rules::uid(&self.uid)?;
        rules::extra(self)
    }

    fn salvage(data: &str) -> Option<Self::Output> {
        Items::salvage(data)
    }
}

lossless!(GetUserTags);
redact::debug!(GetUserTags { uid, extra });
