use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    Command, E164, Extra, Invalid, OperationClass, ReplyShape, Uid, lossless::lossless, redact,
    rules, scalar,
};

/// Stores data of your own with a user, and can start a flow for the user afterwards.
///
/// With a route it reaches the person, so it then counts as a send: it is repeated only when it
/// did not go out, and takes part in the rate limits (2007, 2008; assumed).
///
/// # Errors
/// 1005 for a user that the server does not know, 1025 for an empty uid, 1014 for a route name that is
/// too long, 1012 for a route that is not configured. Assumed: the codes of the route are those of
/// SendMessage.
///
/// # Wire
/// ```
/// # use convrs_client::{SetUserData, Token, envelope};
/// let mut data = serde_json::Map::new();
/// data.insert("status".to_owned(), "verified".into());
/// let mut command = SetUserData::new("73-tel-615940546", data);
/// command.route = Some("welcome_verified".to_owned());
/// command.overwrite = Some(true);
/// let documented: serde_json::Value = serde_json::from_str(r##"{
///     "token": "2730b3490cf32a1c16ac8b91e034aa9f073996f7",
///     "cmd": "SetUserData",
///     "uid": "73-tel-615940546",
///     "data": { "status": "verified" },
///     "route": "welcome_verified",
///     "overwrite": 1
/// }"##)?;
/// let request = envelope::encode_request(&command, &Token::from("2730b3490cf32a1c16ac8b91e034aa9f073996f7"))?;
/// assert_eq!(serde_json::from_str::<serde_json::Value>(&request)?, documented);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Source: Convrs API > Commands - User Data > SetUserData
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
#[non_exhaustive]
pub struct SetUserData {
    /// The user's id. Required: 1025.
    #[serde(default)]
    pub uid: Uid,
    /// The data. Undocumented: the code when it is absent. Assumed: 1017.
    pub data: Map<String, Value>,
    /// The flow route to start afterwards, at most 256 characters: 1014, 1012.
    #[serde(
        default,
        deserialize_with = "scalar::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub route: Option<String>,
    /// `true` replaces all data of the user, `false` merges into it. Default: merge. Wire: 1 or 0.
    #[serde(default, with = "scalar::optional_flag", skip_serializing_if = "Option::is_none")]
    pub overwrite: Option<bool>,
    /// Fields that are not documented.
    #[serde(skip)]
    pub extra: Extra,
}

impl SetUserData {
    /// Merges `data` into the data of the user `uid`.
    pub fn new(uid: impl Into<Uid>, data: Map<String, Value>) -> Self {
        Self { uid: uid.into(), data, route: None, overwrite: None, extra: Extra::default() }
    }
}

impl Command for SetUserData {
    const NAME: &'static str = "SetUserData";
    const REPLY: ReplyShape = ReplyShape::Empty;
    type Output = ();

    fn class(&self) -> OperationClass {
        if self.route.is_some() { OperationClass::Send } else { OperationClass::Write }
    }

    fn recipient(&self) -> Option<E164> {
        self.uid.phone()
    }

    fn validate(&self) -> Result<(), Invalid> {
        rules::uid(&self.uid)?;
        if let Some(route) = &self.route {
            rules::route(route)?;
        }
        rules::extra(self)
    }
}

lossless!(SetUserData);
redact::debug!(SetUserData { uid, route, overwrite, extra } hides { data });
