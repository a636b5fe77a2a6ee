use serde::{Deserialize, Serialize};

use crate::{
    Command, ErrorCode, Extra, Invalid, OperationClass, ReplyShape, Uid, lossless::lossless,
    redact, rules, scalar,
};

/// Takes a tag away from a user. The tag itself stays.
///
/// # Errors
/// 1005 for a user that the server does not know, 1025 for an empty uid, 3050 for an empty tag, 3053
/// for a tag that does not exist. Undocumented: a tag that the user does not have. Assumed: success.
///
/// # Wire
/// ```
/// # use convrs_client::{DeleteUserTag, Token, envelope};
/// let command = DeleteUserTag::new("73-tel-615940546", "Customer");
/// let documented: serde_json::Value = serde_json::from_str(r##"{
///     "token": "2730b3490cf32a1c16ac8b91e034aa9f073996f7",
///     "cmd": "DeleteUserTag",
///     "uid": "73-tel-615940546",
///     "tag": "Customer"
/// }"##)?;
/// let request = envelope::encode_request(&command, &Token::from("2730b3490cf32a1c16ac8b91e034aa9f073996f7"))?;
/// assert_eq!(serde_json::from_str::<serde_json::Value>(&request)?, documented);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Source: Convrs API > Commands - User Tags > DeleteUserTag
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
#[non_exhaustive]
pub struct DeleteUserTag {
    /// The user's id. Required: 1025.
    #[serde(default)]
    pub uid: Uid,
    /// The tag. Required: 3050.
    #[serde(default, deserialize_with = "scalar::string")]
    pub tag: String,
    /// Fields that are not documented.
    #[serde(skip)]
    pub extra: Extra,
}

impl DeleteUserTag {
    /// Takes the tag `tag` away from the user `uid`.
    pub fn new(uid: impl Into<Uid>, tag: impl Into<String>) -> Self {
        Self { uid: uid.into(), tag: tag.into(), extra: Extra::default() }
    }
}

impl Command for DeleteUserTag {
    const NAME: &'static str = "DeleteUserTag";
    const REPLY: ReplyShape = ReplyShape::Empty;
    type Output = ();

    fn class(&self) -> OperationClass {
        OperationClass::Write
    }

    /// A repeat finds no tag where an earlier attempt took it away.
    fn done_before(&self, code: ErrorCode) -> Option<()> {
        (code == ErrorCode::UnknownTag).then_some(())
    }

    fn validate(&self) -> Result<(), Invalid> {
        rules::uid(&self.uid)?;
        rules::tag_given(&self.tag)?;
        rules::extra(self)
    }
}

lossless!(DeleteUserTag);
redact::debug!(DeleteUserTag { uid, tag, extra });
