use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    Command, E164, Extra, Invalid, MessageAccepted, OperationClass, PhoneNumber, ReplyShape,
    lossless::lossless, redact, rules, scalar,
};

/// Sends a message by a route that is configured on the server. It reaches a person, so it is
/// repeated only when it did not go out.
///
/// # Errors
/// 1009, 1006, 1007 the number; 1011, 1012, 1014 the route; 1013 the message; 2006 the person has
/// unsubscribed; 2007, 2008 too many messages. After 2000, 2003 and 2004 the message may have gone out.
///
/// # Wire
/// ```
/// # use convrs_client::{SendMessage, Token, envelope};
/// let mut command = SendMessage::new("44-792-202-1411", "welcome");
/// command.message = Some("Welcome to our service!".to_owned());
/// let documented: serde_json::Value = serde_json::from_str(r##"{
///     "token": "2730b3490cf32a1c16ac8b91e034aa9f073996f7",
///     "cmd": "SendMessage",
///     "phone": "44-792-202-1411",
///     "route": "welcome",
///     "message": "Welcome to our service!"
/// }"##)?;
/// let request = envelope::encode_request(&command, &Token::from("2730b3490cf32a1c16ac8b91e034aa9f073996f7"))?;
/// assert_eq!(serde_json::from_str::<serde_json::Value>(&request)?, documented);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Source: Convrs API > Commands - Sending Messages > SendMessage
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
#[non_exhaustive]
pub struct SendMessage {
    /// The recipient's mobile number in any documented form. Required: 1009, 1006, 1007.
    #[serde(default)]
    pub phone: PhoneNumber,
    /// Name of the route, at most 256 characters. Required: 1011, 1014, 1012.
    #[serde(default, deserialize_with = "scalar::string")]
    pub route: String,
    /// The text, at most 2000 characters: 1013.
    #[serde(
        default,
        deserialize_with = "scalar::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub message: Option<String>,
    /// Data of your own for the route. Undocumented: what becomes of it.
    #[serde(
        default,
        deserialize_with = "scalar::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub userdata: Option<Map<String, Value>>,
    /// Fields that are not documented.
    #[serde(skip)]
    pub extra: Extra,
}

impl SendMessage {
    /// Sends to `phone` by the route `route`.
    pub fn new(phone: impl Into<PhoneNumber>, route: impl Into<String>) -> Self {
        Self {
            phone: phone.into(),
            route: route.into(),
            message: None,
            userdata: None,
            extra: Extra::default(),
        }
    }
}

impl Command for SendMessage {
    const NAME: &'static str = "SendMessage";
    const REPLY: ReplyShape = ReplyShape::TopLevel;
    type Output = MessageAccepted;

    fn class(&self) -> OperationClass {
        OperationClass::Send
    }

    fn recipient(&self) -> Option<E164> {
        self.phone.e164().ok()
    }

    fn validate(&self) -> Result<(), Invalid> {
        rules::phone(&self.phone)?;
        rules::route_given(&self.route)?;
        self.phone.e164()?;
        rules::route(&self.route)?;
        if let Some(message) = &self.message {
            rules::message_length(message)?;
        }
        rules::extra(self)
    }
}

lossless!(SendMessage);
redact::debug!(SendMessage { phone, route, extra } hides { message, userdata });
