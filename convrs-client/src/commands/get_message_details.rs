use serde::{Deserialize, Serialize};

use crate::{
    Command, Extra, Invalid, MessageDetails, Mid, OperationClass, ReplyShape, lossless::lossless,
    redact, rules,
};

/// Tells how far a message has come. Changes nothing.
///
/// # Errors
/// 1020 for a message that the server does not know; right after a send it may not know it yet.
///
/// # Wire
/// ```
/// # use convrs_client::{GetMessageDetails, Token, envelope};
/// let token = Token::from("2730b3490cf32a1c16ac8b91e034aa9f073996f7");
/// assert_eq!(
///     envelope::encode_request(&GetMessageDetails::new("6462d3d8c8b0b08fddc34ca8"), &token)?,
///     concat!(
///         r#"{"token":"2730b3490cf32a1c16ac8b91e034aa9f073996f7","#,
///         r#""cmd":"GetMessageDetails","mid":"6462d3d8c8b0b08fddc34ca8"}"#
///     )
/// );
/// # Ok::<(), convrs_client::Invalid>(())
/// ```
///
/// Source: Convrs API > Commands - Sending Messages > GetMessageDetails
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
#[non_exhaustive]
pub struct GetMessageDetails {
    /// The message's id, from a template or SMS send. Required; the document has no code for a
    /// missing one. Assumed: 1020.
    #[serde(default)]
    pub mid: Mid,
    /// Fields that are not documented.
    #[serde(skip)]
    pub extra: Extra,
}

impl GetMessageDetails {
    /// Asks for the message `mid`.
    pub fn new(mid: impl Into<Mid>) -> Self {
        Self { mid: mid.into(), extra: Extra::default() }
    }
}

impl Command for GetMessageDetails {
    const NAME: &'static str = "GetMessageDetails";
    const REPLY: ReplyShape = ReplyShape::TopLevel;
    type Output = MessageDetails;

    fn class(&self) -> OperationClass {
        OperationClass::Read
    }

    fn validate(&self) -> Result<(), Invalid> {
        rules::mid(&self.mid)?;
        rules::extra(self)
    }
}

lossless!(GetMessageDetails);
redact::debug!(GetMessageDetails { mid, extra });
