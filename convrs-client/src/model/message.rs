use serde::{Deserialize, Serialize};

use crate::{Ack, BotId, Extra, Mid, PhoneNumber, Uid, lossless::lossless, redact, scalar};

/// What the server says of a message that it took. Only the message's id is sure to be there: what
/// the server leaves out is empty.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
#[non_exhaustive]
pub struct MessageReceipt {
    /// The recipient's number as the server normalised it.
    #[serde(rename = "phoneNumber", default)]
    pub phone_number: PhoneNumber,
    /// Country of the number, ISO 3166-1 alpha-2, such as `GB`.
    #[serde(rename = "countryIso2", default, deserialize_with = "scalar::string")]
    pub country_iso2: String,
    /// The user that the message belongs to.
    #[serde(default)]
    pub uid: Uid,
    /// The message's id, for `GetMessageDetails`.
    #[serde(deserialize_with = "scalar::present")]
    pub mid: Mid,
    /// Fields that are not documented.
    #[serde(skip)]
    pub extra: Extra,
}

impl MessageReceipt {
    /// A receipt of which only the message's id is known.
    pub fn new(mid: impl Into<Mid>) -> Self {
        Self {
            phone_number: PhoneNumber::default(),
            country_iso2: String::new(),
            uid: Uid::default(),
            mid: mid.into(),
            extra: Extra::default(),
        }
    }
}

redact::debug!(MessageReceipt { mid, uid, phone_number, country_iso2, extra });

/// That the server took a message, and its id.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
#[non_exhaustive]
pub struct MessageAccepted {
    /// The message's id.
    #[serde(deserialize_with = "scalar::present")]
    pub mid: Mid,
    /// Fields that are not documented.
    #[serde(skip)]
    pub extra: Extra,
}

impl MessageAccepted {
    /// The message `mid` was taken.
    pub fn new(mid: impl Into<Mid>) -> Self {
        Self { mid: mid.into(), extra: Extra::default() }
    }
}

redact::debug!(MessageAccepted { mid, extra });

/// How far a message has come.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
#[non_exhaustive]
pub struct MessageDetails {
    /// The user that the message belongs to.
    #[serde(default)]
    pub uid: Uid,
    /// The bot that sent it.
    #[serde(rename = "botID", default)]
    pub bot_id: BotId,
    /// How far it has come.
    pub ack: Ack,
    /// With [`Ack::Failed`]: WhatsApp's error code. Assumed: it stands here.
    #[serde(
        rename = "whatsappErrorCode",
        default,
        deserialize_with = "scalar::optional_integer",
        skip_serializing_if = "Option::is_none"
    )]
    pub whatsapp_error_code: Option<i64>,
    /// With [`Ack::Failed`]: WhatsApp's words. Assumed: they stand here.
    #[serde(rename = "whatsappErrorDesc", default, skip_serializing_if = "Option::is_none")]
    pub whatsapp_error_desc: Option<String>,
    /// Fields that are not documented.
    #[serde(skip)]
    pub extra: Extra,
}

impl MessageDetails {
    /// The state of a message to `uid` by `bot_id`.
    pub fn new(uid: impl Into<Uid>, bot_id: impl Into<BotId>, ack: Ack) -> Self {
        Self {
            uid: uid.into(),
            bot_id: bot_id.into(),
            ack,
            whatsapp_error_code: None,
            whatsapp_error_desc: None,
            extra: Extra::default(),
        }
    }
}

redact::debug!(MessageDetails { uid, bot_id, ack, whatsapp_error_code, extra } hides {
    whatsapp_error_desc
});

lossless!(MessageReceipt, MessageAccepted, MessageDetails);
