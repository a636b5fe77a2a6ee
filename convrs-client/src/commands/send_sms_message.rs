use serde::{Deserialize, Serialize};

use crate::{
    BotId, Command, E164, ErrorCode, Extra, Invalid, MessageReceipt, OperationClass, PhoneNumber,
    ReplyShape, Uid, lossless::lossless, redact, rules, scalar,
};

/// Sends an SMS. It reaches a person, so it is repeated only when it did not go out.
///
/// # Errors
/// 1008, 1015, 1016 the bot; 1009, 1006, 1007 the number; 1010 the message; 2002 the agent; 2005 the
/// SMS provider; 2006 the person has unsubscribed; 2007, 2008 too many messages. After 2000 and
/// 2002-2005 the message may have gone out.
///
/// # Wire
/// ```
/// # use convrs_client::{SendSmsMessage, Token, envelope};
/// let command = SendSmsMessage::new(3941, "+44151999999", "Hello! Your order has been shipped.");
/// let documented: serde_json::Value = serde_json::from_str(r##"{
///     "token": "2730b3490cf32a1c16ac8b91e034aa9f073996f7",
///     "cmd": "SendSMSMessage",
///     "botID": 3941,
///     "phone": "+44151999999",
///     "message": "Hello! Your order has been shipped."
/// }"##)?;
/// let request = envelope::encode_request(&command, &Token::from("2730b3490cf32a1c16ac8b91e034aa9f073996f7"))?;
/// assert_eq!(serde_json::from_str::<serde_json::Value>(&request)?, documented);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Source: Convrs API > Commands - Sending Messages > SendSMSMessage
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
#[non_exhaustive]
pub struct SendSmsMessage {
    /// The SMS bot. Required: 1008.
    #[serde(rename = "botID", default)]
    pub bot_id: BotId,
    /// The recipient's mobile number in any documented form. Required: 1009, 1006, 1007.
    #[serde(default)]
    pub phone: PhoneNumber,
    /// The text. Required: 1010. Undocumented: its greatest length.
    #[serde(default, deserialize_with = "scalar::string")]
    pub message: String,
    /// E-mail address of the agent to whom the chat is assigned: 2002.
    #[serde(
        rename = "agentEmail",
        default,
        deserialize_with = "scalar::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub agent_email: Option<String>,
    /// Fields that are not documented.
    #[serde(skip)]
    pub extra: Extra,
}

impl SendSmsMessage {
    /// Sends `message` to `phone` by the bot `bot_id`.
    pub fn new(
        bot_id: impl Into<BotId>,
        phone: impl Into<PhoneNumber>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            bot_id: bot_id.into(),
            phone: phone.into(),
            message: message.into(),
            agent_email: None,
            extra: Extra::default(),
        }
    }
}

impl Command for SendSmsMessage {
    const NAME: &'static str = "SendSMSMessage";
    const REPLY: ReplyShape = ReplyShape::TopLevel;
    type Output = MessageReceipt;

    fn class(&self) -> OperationClass {
        OperationClass::Send
    }

    fn footprint(&self) -> Option<(Uid, &str)> {
        let number = self.phone.e164().ok()?.digits();
        Some((Uid::from(format!("{}-cms-{number}", self.bot_id.get())), &self.message))
    }

    fn recipient(&self) -> Option<E164> {
        self.phone.e164().ok()
    }

    fn validate(&self) -> Result<(), Invalid> {
        rules::bot_id(self.bot_id)?;
        rules::phone(&self.phone)?;
        rules::message_given(&self.message)?;
        self.phone.e164()?;
        if let Some(email) = &self.agent_email {
            rules::email("agentEmail", email, ErrorCode::InvalidAgent)?;
        }
        rules::extra(self)
    }
}

lossless!(SendSmsMessage);
redact::debug!(SendSmsMessage { bot_id, phone, extra } hides { message, agent_email });
