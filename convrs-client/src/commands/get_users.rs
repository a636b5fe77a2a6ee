use serde::{Deserialize, Serialize};

use crate::{
    BotId, Command, DateTime, Extra, Invalid, Items, OperationClass, User, lossless::lossless,
    redact, rules, scalar,
};

/// Retrieves the users of the organisation, 5000 at most. Changes nothing.
///
/// Undocumented: which 5000 come when there are more, and in what order.
///
/// # Errors
/// Those of every command.
///
/// # Wire
/// ```
/// # use convrs_client::{GetUsers, Token, envelope};
/// let mut command = GetUsers::new();
/// command.bot_id = Some(73.into());
/// command.created_after = Some("2020-03-01T00:00:00".into());
/// let documented: serde_json::Value = serde_json::from_str(r##"{
///     "token": "2730b3490cf32a1c16ac8b91e034aa9f073996f7",
///     "cmd": "GetUsers",
///     "botID": 73,
///     "CreatedDate": "2020-03-01T00:00:00"
/// }"##)?;
/// let request = envelope::encode_request(&command, &Token::from("2730b3490cf32a1c16ac8b91e034aa9f073996f7"))?;
/// assert_eq!(serde_json::from_str::<serde_json::Value>(&request)?, documented);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Source: Convrs API > Commands - User Data > GetUsers
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(remote = "Self")]
#[non_exhaustive]
pub struct GetUsers {
    /// Only users of this bot.
    #[serde(
        rename = "botID",
        default,
        deserialize_with = "scalar::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub bot_id: Option<BotId>,
    /// Only users created after this time, ISO 8601, such as `2020-03-01T00:00:00`. Assumed: UTC.
    #[serde(
        rename = "CreatedDate",
        default,
        deserialize_with = "scalar::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub created_after: Option<DateTime>,
    /// Fields that are not documented.
    #[serde(skip)]
    pub extra: Extra,
}

impl GetUsers {
    /// Asks for all users.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Command for GetUsers {
    const NAME: &'static str = "GetUsers";
    const LIST: bool = true;
    type Output = Items<User>;

    fn class(&self) -> OperationClass {
        OperationClass::Read
    }

    fn validate(&self) -> Result<(), Invalid> {
        rules::created_after(self.created_after.as_ref())?;
        rules::extra(self)
    }

    fn salvage(data: &str) -> Option<Self::Output> {
        Items::salvage(data)
    }
}

lossless!(GetUsers);
redact::debug!(GetUsers { bot_id, created_after, extra });
