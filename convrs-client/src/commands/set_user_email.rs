use serde::{Deserialize, Serialize};

use crate::{
    Command, ErrorCode, Extra, Invalid, OperationClass, ReplyShape, Uid, lossless::lossless,
    redact, rules, scalar,
};

/// Sets a user's e-mail address.
///
/// # Errors
/// 1005 for a user that the server does not know, 1025 for an empty uid, 1024 for what is no e-mail
/// address.
///
/// # Wire
/// ```
/// # use convrs_client::{SetUserEmail, Token, envelope};
/// let command = SetUserEmail::new("73-tel-615940546", "john@example.com");
/// let documented: serde_json::Value = serde_json::from_str(r##"{
///     "token": "2730b3490cf32a1c16ac8b91e034aa9f073996f7",
///     "cmd": "SetUserEmail",
///     "uid": "73-tel-615940546",
///     "email": "john@example.com"
/// }"##)?;
/// let request = envelope::encode_request(&command, &Token::from("2730b3490cf32a1c16ac8b91e034aa9f073996f7"))?;
/// assert_eq!(serde_json::from_str::<serde_json::Value>(&request)?, documented);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Source: Convrs API > Commands - User Data > SetUserEmail
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
#[non_exhaustive]
pub struct SetUserEmail {
    /// The user's id. Required: 1025.
    #[serde(default)]
    pub uid: Uid,
    /// The address, such as `john@example.com`. Required: 1024.
    #[serde(default, deserialize_with = "scalar::string")]
    pub email: String,
    /// Fields that are not documented.
    #[serde(skip)]
    pub extra: Extra,
}

impl SetUserEmail {
    /// Sets the address of the user `uid`.
    pub fn new(uid: impl Into<Uid>, email: impl Into<String>) -> Self {
        Self { uid: uid.into(), email: email.into(), extra: Extra::default() }
    }
}

impl Command for SetUserEmail {
    const NAME: &'static str = "SetUserEmail";
    const REPLY: ReplyShape = ReplyShape::Empty;
    type Output = ();

    fn class(&self) -> OperationClass {
        OperationClass::Write
    }

    fn validate(&self) -> Result<(), Invalid> {
        rules::uid(&self.uid)?;
        rules::email("email", &self.email, ErrorCode::InvalidEmail)?;
        rules::extra(self)
    }
}

lossless!(SetUserEmail);
redact::debug!(SetUserEmail { uid, extra } hides { email });
