use serde::{Deserialize, Serialize};

use crate::{
    Command, Extra, Invalid, OperationClass, ReplyShape, Uid, lossless::lossless, redact, rules,
    scalar,
};

/// Sets the notes about a user, in place of the old ones.
///
/// # Errors
/// 1005 for a user that the server does not know, 1025 for an empty uid, 1023 for notes that are too
/// long.
///
/// # Wire
/// ```
/// # use convrs_client::{SetUserNotes, Token, envelope};
/// let notes = "VIP customer. Preferred contact: morning hours.";
/// let command = SetUserNotes::new("73-tel-615940546", notes);
/// let documented: serde_json::Value = serde_json::from_str(r##"{
///     "token": "2730b3490cf32a1c16ac8b91e034aa9f073996f7",
///     "cmd": "SetUserNotes",
///     "uid": "73-tel-615940546",
///     "notes": "VIP customer. Preferred contact: morning hours."
/// }"##)?;
/// let request = envelope::encode_request(&command, &Token::from("2730b3490cf32a1c16ac8b91e034aa9f073996f7"))?;
/// assert_eq!(serde_json::from_str::<serde_json::Value>(&request)?, documented);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Source: Convrs API > Commands - User Data > SetUserNotes
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
#[non_exhaustive]
pub struct SetUserNotes {
    /// The user's id. Required: 1025.
    #[serde(default)]
    pub uid: Uid,
    /// The notes, at most 1024 characters: 1023. Undocumented: the code when they are absent. Assumed:
    /// 1017, and an empty text removes them.
    #[serde(deserialize_with = "scalar::string")]
    pub notes: String,
    /// Fields that are not documented.
    #[serde(skip)]
    pub extra: Extra,
}

impl SetUserNotes {
    /// Sets the notes about the user `uid`.
    pub fn new(uid: impl Into<Uid>, notes: impl Into<String>) -> Self {
        Self { uid: uid.into(), notes: notes.into(), extra: Extra::default() }
    }
}

impl Command for SetUserNotes {
    const NAME: &'static str = "SetUserNotes";
    const REPLY: ReplyShape = ReplyShape::Empty;
    type Output = ();

    fn class(&self) -> OperationClass {
        OperationClass::Write
    }

    fn validate(&self) -> Result<(), Invalid> {
        rules::uid(&self.uid)?;
        rules::notes(&self.notes)?;
        rules::extra(self)
    }
}

lossless!(SetUserNotes);
redact::debug!(SetUserNotes { uid, extra } hides { notes });
