use serde::{Deserialize, Serialize};

use crate::{
    Command, DateTime, Extra, FlatMessage, Invalid, Items, OperationClass, lossless::lossless,
    redact, rules, scalar,
};

/// Retrieves the messages of closed conversations, of 1000 conversations at most. Changes nothing.
///
/// Undocumented: the names of the fields for a range of dates. Assumed: `StartDate` and `EndDate`,
/// like `CreatedDate` of GetUsers; for others leave both out and use [`extra`](Self::extra).
/// Undocumented: which conversations come when there are more than 1000.
///
/// # Errors
/// Assumed: 1003 for a bad start, 1002 for a bad end, 1021 for a start after the end.
///
/// # Wire
/// ```
/// # use convrs_client::{GetConversationsFlat, Token, envelope};
/// let mut command = GetConversationsFlat::new();
/// command.start = Some("2020-12-01T00:00:00".into());
/// command.end = Some("2020-12-31T23:59:59".into());
/// assert_eq!(
///     envelope::encode_request(&command, &Token::from("t"))?,
///     concat!(
///         r#"{"token":"t","cmd":"GetConversationsFlat","#,
///         r#""StartDate":"2020-12-01T00:00:00","EndDate":"2020-12-31T23:59:59"}"#
///     )
/// );
/// # Ok::<(), convrs_client::Invalid>(())
/// ```
///
/// Source: Convrs API > Commands - Conversations > GetConversationsFlat
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(remote = "Self")]
#[non_exhaustive]
pub struct GetConversationsFlat {
    /// Only conversations from this time on, ISO 8601, UTC: 1003.
    #[serde(
        rename = "StartDate",
        default,
        deserialize_with = "scalar::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub start: Option<DateTime>,
    /// Only conversations until this time, ISO 8601, UTC: 1002, 1021.
    #[serde(
        rename = "EndDate",
        default,
        deserialize_with = "scalar::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub end: Option<DateTime>,
    /// Fields that are not documented.
    #[serde(skip)]
    pub extra: Extra,
}

impl GetConversationsFlat {
    /// Asks for all closed conversations.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Command for GetConversationsFlat {
    const NAME: &'static str = "GetConversationsFlat";
    const LIST: bool = true;
    type Output = Items<FlatMessage>;

    fn class(&self) -> OperationClass {
        OperationClass::Read
    }

    fn validate(&self) -> Result<(), Invalid> {
        rules::date_range(self.start.as_ref(), self.end.as_ref())?;
        rules::extra(self)
    }

    fn salvage(data: &str) -> Option<Self::Output> {
        Items::salvage(data)
    }
}

lossless!(GetConversationsFlat);
redact::debug!(GetConversationsFlat { start, end, extra });
