use serde::{Deserialize, Serialize};

use crate::{
    BotId, Command, Extra, Invalid, OperationClass, ReplyShape, Template, lossless::lossless,
    redact, rules, scalar,
};

/// Retrieves a WhatsApp template from the server's cache. Changes nothing.
///
/// # Errors
/// 1008, 1015, 1016 the bot; 3000, 3001, 3003, 3004 the template.
///
/// # Wire
/// ```
/// # use convrs_client::{GetWhatsAppTemplate, Token, envelope};
/// let command = GetWhatsAppTemplate::new(3941, "followup_inquiry_request", "en");
/// let documented: serde_json::Value = serde_json::from_str(r##"{
///     "token": "2730b3490cf32a1c16ac8b91e034aa9f073996f7",
///     "cmd": "GetWhatsAppTemplate",
///     "botID": 3941,
///     "language": "en",
///     "templateName": "followup_inquiry_request"
/// }"##)?;
/// let request = envelope::encode_request(&command, &Token::from("2730b3490cf32a1c16ac8b91e034aa9f073996f7"))?;
/// assert_eq!(serde_json::from_str::<serde_json::Value>(&request)?, documented);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Source: Convrs API > Commands - Sending Messages > GetWhatsAppTemplate
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
#[non_exhaustive]
pub struct GetWhatsAppTemplate {
    /// The WhatsApp bot. Required: 1008.
    #[serde(rename = "botID", default)]
    pub bot_id: BotId,
    /// Code of the template's language, such as `en`. Required: 3004.
    #[serde(default, deserialize_with = "scalar::string")]
    pub language: String,
    /// Name of the template. Required: 3003.
    #[serde(rename = "templateName", default, deserialize_with = "scalar::string")]
    pub template_name: String,
    /// Fields that are not documented.
    #[serde(skip)]
    pub extra: Extra,
}

impl GetWhatsAppTemplate {
    /// Asks for the template `template_name` in `language`.
    pub fn new(
        bot_id: impl Into<BotId>,
        template_name: impl Into<String>,
        language: impl Into<String>,
    ) -> Self {
        Self {
            bot_id: bot_id.into(),
            language: language.into(),
            template_name: template_name.into(),
            extra: Extra::default(),
        }
    }
}

impl Command for GetWhatsAppTemplate {
    const NAME: &'static str = "GetWhatsAppTemplate";
    const REPLY: ReplyShape = ReplyShape::Field("template");
    type Output = Template;

    fn class(&self) -> OperationClass {
        OperationClass::Read
    }

    fn validate(&self) -> Result<(), Invalid> {
        rules::bot_id(self.bot_id)?;
        rules::template_name(&self.template_name)?;
        rules::language(&self.language)?;
        rules::extra(self)
    }
}

lossless!(GetWhatsAppTemplate);
redact::debug!(GetWhatsAppTemplate { bot_id, template_name, language, extra });
