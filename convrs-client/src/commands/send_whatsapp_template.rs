use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    BotId, Command, DeliveryState, E164, ErrorCode, Extra, Invalid, MessageReceipt, Mid,
    OperationClass, PhoneNumber, ReplyShape, SendMark, TemplateParameter, WebhookHeader,
    lossless::lossless, redact, rules, scalar,
};

/// Sends a WhatsApp template message. It reaches a person, so it is repeated only when it did not go
/// out.
///
/// Outside the 24 hours after the person's last message, a template is the only message that
/// WhatsApp takes; [`template::window`](crate::template::window()) tells. It must have been approved
/// before. At most 1 message a second goes to a number (2007) and 10 a second with a token (2008),
/// over all commands that send.
///
/// # Errors
/// 1006, 1007, 1009 the phone number; 1008, 1015, 1016 the bot; 3000, 3001, 3003, 3004 the template;
/// 2002 the agent; 2006 the person has unsubscribed; 2007, 2008, 2009 too many messages; 3002 WhatsApp
/// refused, with its own code. After 2000, 2002-2004 and some 3002 the message may have gone out.
///
/// # Wire
/// ```
/// # use convrs_client::{SendWhatsAppTemplate, TemplateParameter, Token, envelope};
/// let mut send = SendWhatsAppTemplate::new(3941, "+44151999999", "order_confirmation", "en");
/// send.parameters = Some(vec![
///     TemplateParameter::text("David"),
///     TemplateParameter::text("ORD-12345"),
/// ]);
/// let token = Token::from("2730b3490cf32a1c16ac8b91e034aa9f073996f7");
/// let documented: serde_json::Value = serde_json::from_str(r#"{
///     "token": "2730b3490cf32a1c16ac8b91e034aa9f073996f7",
///     "cmd": "SendWhatsAppTemplate",
///     "botID": 3941,
///     "phone": "+44151999999",
///     "language": "en",
///     "templateName": "order_confirmation",
///     "parameters": [
///         { "type": "text", "text": "David" },
///         { "type": "text", "text": "ORD-12345" }
///     ]
/// }"#)?;
/// let request = envelope::encode_request(&send, &token)?;
/// assert_eq!(serde_json::from_str::<serde_json::Value>(&request)?, documented);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Source: Convrs API > Commands - Sending Messages > SendWhatsAppTemplate
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
#[non_exhaustive]
pub struct SendWhatsAppTemplate {
    /// The WhatsApp bot. Required: 1008.
    #[serde(rename = "botID", default)]
    pub bot_id: BotId,
    /// The recipient's mobile number in any documented form. Required: 1009, 1006, 1007.
    #[serde(default)]
    pub phone: PhoneNumber,
    /// Code of the template's language, such as `en`. Required: 3004.
    #[serde(default, deserialize_with = "scalar::string")]
    pub language: String,
    /// Name of the template. Required: 3003.
    #[serde(rename = "templateName", default, deserialize_with = "scalar::string")]
    pub template_name: String,
    /// Values for the placeholders of the body, in order. A wrong number of them is refused by
    /// WhatsApp (3002, WhatsApp code 132000); [`check_parameters`](crate::template::check_parameters)
    /// finds it before. Documented: texts. Assumed: WhatsApp's other kinds.
    #[serde(
        default,
        deserialize_with = "scalar::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub parameters: Option<Vec<TemplateParameter>>,
    /// The value for the header, for templates whose header wants one: a text for its placeholder,
    /// or a picture, video, document or place, such as
    /// `TemplateParameter::image_link("https://example.com/a.png")`. Undocumented: the fields of this
    /// object. Assumed: one parameter as in `parameters`; [`TemplateParameter::Raw`] sends any other
    /// shape.
    #[serde(
        default,
        deserialize_with = "scalar::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub header: Option<TemplateParameter>,
    /// E-mail address of the agent to whom the chat is assigned: 2002.
    #[serde(
        rename = "agentEmail",
        default,
        deserialize_with = "scalar::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub agent_email: Option<String>,
    /// Where the server posts a [`DeliveryCallback`](crate::DeliveryCallback) whenever the message
    /// has come further: https, or http to this machine. Undocumented: the code for a bad one.
    /// Assumed: 1017.
    #[serde(
        rename = "webhookURL",
        default,
        deserialize_with = "scalar::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub webhook_url: Option<String>,
    /// An object that comes back in every callback. Two of its fields are the client's own:
    /// `replykitSendId` and `replykitProof`.
    #[serde(
        rename = "webhookPayload",
        default,
        deserialize_with = "scalar::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub webhook_payload: Option<Map<String, Value>>,
    /// Headers of the callbacks.
    #[serde(
        rename = "webhookHeaders",
        default,
        deserialize_with = "scalar::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub webhook_headers: Option<Vec<WebhookHeader>>,
    /// Fields that are not documented.
    #[serde(skip)]
    pub extra: Extra,
}

impl SendWhatsAppTemplate {
    /// Sends the template `template_name` in `language` to `phone`.
    pub fn new(
        bot_id: impl Into<BotId>,
        phone: impl Into<PhoneNumber>,
        template_name: impl Into<String>,
        language: impl Into<String>,
    ) -> Self {
        Self {
            bot_id: bot_id.into(),
            phone: phone.into(),
            language: language.into(),
            template_name: template_name.into(),
            parameters: None,
            header: None,
            agent_email: None,
            webhook_url: None,
            webhook_payload: None,
            webhook_headers: None,
            extra: Extra::default(),
        }
    }
}

impl Command for SendWhatsAppTemplate {
    const NAME: &'static str = "SendWhatsAppTemplate";
    const REPLY: ReplyShape = ReplyShape::TopLevel;
    type Output = MessageReceipt;

    fn class(&self) -> OperationClass {
        OperationClass::Send
    }

    fn recipient(&self) -> Option<E164> {
        self.phone.e164().ok()
    }

    fn mark(&mut self, mark: &SendMark<'_>) -> bool {
        if self.webhook_url.is_none() {
            return false;
        }
        mark.put_into(&mut self.webhook_payload);
        true
    }

    fn proven(&self, state: &DeliveryState) -> Option<MessageReceipt> {
        let mut receipt = MessageReceipt::new(state.mid.clone());
        receipt.uid = state.uid.clone();
        if let Ok(phone) = self.phone.e164() {
            receipt.phone_number = PhoneNumber::from(phone.with_plus());
        }
        Some(receipt)
    }

    fn message_of(receipt: &MessageReceipt) -> Option<&Mid> {
        Some(&receipt.mid)
    }

    fn validate(&self) -> Result<(), Invalid> {
        rules::bot_id(self.bot_id)?;
        rules::phone(&self.phone)?;
        rules::template_name(&self.template_name)?;
        rules::language(&self.language)?;
        self.phone.e164()?;
        if let Some(email) = &self.agent_email {
            rules::email("agentEmail", email, ErrorCode::InvalidAgent)?;
        }
        if let Some(url) = &self.webhook_url {
            rules::webhook_url(url)?;
        }
        for header in self.webhook_headers.iter().flatten() {
            if let WebhookHeader::Named { name, value } = header {
                rules::webhook_header(name, value)?;
            }
        }
        rules::extra(self)
    }
}

lossless!(SendWhatsAppTemplate);

redact::debug!(SendWhatsAppTemplate {
    bot_id, phone, template_name, language, parameters, header, webhook_headers, extra
} hides { agent_email, webhook_url, webhook_payload });
