use serde::{Deserialize, Serialize};

use crate::{
    Command, Extra, Invalid, OperationClass, PhoneNumber, ReplyShape, Uid, lossless::lossless,
    redact, rules,
};

/// Sets a user's phone number.
///
/// # Errors
/// 1005 for a user that the server does not know, 1025 for an empty uid, 1009, 1006 and 1007 for the
/// number.
///
/// # Wire
/// ```
/// # use convrs_client::{SetUserPhone, Token, envelope};
/// let command = SetUserPhone::new("73-tel-615940546", "+441511234567");
/// let documented: serde_json::Value = serde_json::from_str(r##"{
///     "token": "2730b3490cf32a1c16ac8b91e034aa9f073996f7",
///     "cmd": "SetUserPhone",
///     "uid": "73-tel-615940546",
///     "phone": "+441511234567"
/// }"##)?;
/// let request = envelope::encode_request(&command, &Token::from("2730b3490cf32a1c16ac8b91e034aa9f073996f7"))?;
/// assert_eq!(serde_json::from_str::<serde_json::Value>(&request)?, documented);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Source: Convrs API > Commands - User Data > SetUserPhone
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
#[non_exhaustive]
pub struct SetUserPhone {
    /// The user's id. Required: 1025.
    #[serde(default)]
    pub uid: Uid,
    /// The number in any documented form. Required: 1009, 1006, 1007.
    #[serde(default)]
    pub phone: PhoneNumber,
    /// Fields that are not documented.
    #[serde(skip)]
    pub extra: Extra,
}

impl SetUserPhone {
    /// Sets the number of the user `uid`.
    pub fn new(uid: impl Into<Uid>, phone: impl Into<PhoneNumber>) -> Self {
        Self { uid: uid.into(), phone: phone.into(), extra: Extra::default() }
    }
}

impl Command for SetUserPhone {
    const NAME: &'static str = "SetUserPhone";
    const REPLY: ReplyShape = ReplyShape::Empty;
    type Output = ();

    fn class(&self) -> OperationClass {
        OperationClass::Write
    }

    fn validate(&self) -> Result<(), Invalid> {
        rules::uid(&self.uid)?;
        self.phone.e164()?;
        rules::extra(self)
    }
}

lossless!(SetUserPhone);
redact::debug!(SetUserPhone { uid, phone, extra });
