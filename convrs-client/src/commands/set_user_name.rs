use serde::{Deserialize, Serialize};

use crate::{
    Command, Extra, Invalid, OperationClass, ReplyShape, Uid, lossless::lossless, redact, rules,
    scalar,
};

/// Sets a user's name. The server splits it into first and last name.
///
/// # Errors
/// 1005 for a user that the server does not know, 1025 for an empty uid, 1022 for the name's length.
///
/// # Wire
/// ```
/// # use convrs_client::{SetUserName, Token, envelope};
/// let command = SetUserName::new("73-tel-615940546", "John Doe");
/// let documented: serde_json::Value = serde_json::from_str(r##"{
///     "token": "2730b3490cf32a1c16ac8b91e034aa9f073996f7",
///     "cmd": "SetUserName",
///     "uid": "73-tel-615940546",
///     "name": "John Doe"
/// }"##)?;
/// let request = envelope::encode_request(&command, &Token::from("2730b3490cf32a1c16ac8b91e034aa9f073996f7"))?;
/// assert_eq!(serde_json::from_str::<serde_json::Value>(&request)?, documented);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Source: Convrs API > Commands - User Data > SetUserName
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
#[non_exhaustive]
pub struct SetUserName {
    /// The user's id. Required: 1025.
    #[serde(default)]
    pub uid: Uid,
    /// The new name, 3 to 50 characters. Required: 1022.
    #[serde(default, deserialize_with = "scalar::string")]
    pub name: String,
    /// Fields that are not documented.
    #[serde(skip)]
    pub extra: Extra,
}

impl SetUserName {
    /// Names the user `uid`.
    pub fn new(uid: impl Into<Uid>, name: impl Into<String>) -> Self {
        Self { uid: uid.into(), name: name.into(), extra: Extra::default() }
    }
}

impl Command for SetUserName {
    const NAME: &'static str = "SetUserName";
    const REPLY: ReplyShape = ReplyShape::Empty;
    type Output = ();

    fn class(&self) -> OperationClass {
        OperationClass::Write
    }

    fn validate(&self) -> Result<(), Invalid> {
        rules::uid(&self.uid)?;
        rules::name(&self.name)?;
        rules::extra(self)
    }
}

lossless!(SetUserName);
redact::debug!(SetUserName { uid, extra } hides { name });
