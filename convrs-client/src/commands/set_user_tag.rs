use serde::{Deserialize, Serialize};

use crate::{
    Command, Extra, Invalid, OperationClass, ReplyShape, Uid, lossless::lossless, redact, rules,
    scalar,
};

/// Adds a tag to a user. The tag must exist, see [`CreateUserTag`](crate::CreateUserTag). A tag that
/// the user has already stays once. Assumed: that is no error.
///
/// # Errors
/// 1005 for a user that the server does not know, 1025 for an empty uid, 3050 for the tag's length,
/// 3053 for a tag that does not exist.
///
/// # Wire
/// ```
/// # use convrs_client::{SetUserTag, Token, envelope};
/// let command = SetUserTag::new("73-tel-615940546", "Customer");
/// let documented: serde_json::Value = serde_json::from_str(r##"{
///     "token": "2730b3490cf32a1c16ac8b91e034aa9f073996f7",
///     "cmd": "SetUserTag",
///     "uid": "73-tel-615940546",
///     "tag": "Customer"
/// }"##)?;
/// let request = envelope::encode_request(&command, &Token::from("2730b3490cf32a1c16ac8b91e034aa9f073996f7"))?;
/// assert_eq!(serde_json::from_str::<serde_json::Value>(&request)?, documented);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Source: Convrs API > Commands - User Tags > SetUserTag
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
#[non_exhaustive]
pub struct SetUserTag {
    /// The user's id. Required: 1025.
    #[serde(default)]
    pub uid: Uid,
    /// The tag, 3 to 50 characters. Upper and lower case differ. Required: 3050.
    #[serde(default, deserialize_with = "scalar::string")]
    pub tag: String,
    /// Fields that are not documented.
    #[serde(skip)]
    pub extra: Extra,
}

impl SetUserTag {
    /// Gives the user `uid` the tag `tag`.
    pub fn new(uid: impl Into<Uid>, tag: impl Into<String>) -> Self {
        Self { uid: uid.into(), tag: tag.into(), extra: Extra::default() }
    }
}

impl Command for SetUserTag {
    const NAME: &'static str = "SetUserTag";
    const REPLY: ReplyShape = ReplyShape::Empty;
    type Output = ();

    fn class(&self) -> OperationClass {
        OperationClass::Write
    }

    fn validate(&self) -> Result<(), Invalid> {
        rules::uid(&self.uid)?;
        rules::tag(&self.tag)?;
        rules::extra(self)
    }
}

lossless!(SetUserTag);
redact::debug!(SetUserTag { uid, tag, extra });
