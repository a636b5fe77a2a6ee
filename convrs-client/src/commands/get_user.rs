use serde::{Deserialize, Serialize};

use crate::{
    Command, Extra, Invalid, OperationClass, Uid, User, lossless::lossless, redact, rules,
};

/// Retrieves one user by uid. Changes nothing.
///
/// # Errors
/// 1005 for a user that the server does not know, 1025 for an empty uid.
///
/// # Wire
/// ```
/// # use convrs_client::{GetUser, Token, envelope};
/// let token = Token::from("2730b3490cf32a1c16ac8b91e034aa9f073996f7");
/// assert_eq!(
///     envelope::encode_request(&GetUser::new("73-tel-615940546"), &token)?,
///     r#"{"token":"2730b3490cf32a1c16ac8b91e034aa9f073996f7","cmd":"GetUser","uid":"73-tel-615940546"}"#
/// );
/// # Ok::<(), convrs_client::Invalid>(())
/// ```
///
/// Source: Convrs API > Commands - User Data > GetUser
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
#[non_exhaustive]
pub struct GetUser {
    /// The user's id. Required: 1025.
    #[serde(default)]
    pub uid: Uid,
    /// Fields that are not documented.
    #[serde(skip)]
    pub extra: Extra,
}

impl GetUser {
    /// Asks for the user `uid`.
    pub fn new(uid: impl Into<Uid>) -> Self {
        Self { uid: uid.into(), extra: Extra::default() }
    }
}

impl Command for GetUser {
    const NAME: &'static str = "GetUser";
    type Output = User;

    fn class(&self) -> OperationClass {
        OperationClass::Read
    }

    fn validate(&self) -> Result<(), Invalid> {
        rules::uid(&self.uid)?;
        rules::extra(self)
    }
}

lossless!(GetUser);
redact::debug!(GetUser { uid, extra });
