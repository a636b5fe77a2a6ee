use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    Ack, BotId, DateTime, Error, Extra, Mid, SendId, Uid, envelope, lossless::lossless, redact,
    scalar,
};

/// What the server posts to the `webhookURL` of a template whenever the message has come further.
///
/// Callbacks may come twice and out of order: [`Ack::merge`] settles it, and
/// [`Deliveries`](crate::Deliveries) keeps the state of each message. There is no signature. What
/// proves that one is genuine is a secret of your own, in the URL or in `webhookHeaders`, or
/// `CallbackKeys` (feature `proof`).
///
/// Source: Convrs API > Commands - Sending Messages > Webhook Callbacks
///
/// ```
/// use convrs_client::{Ack, DeliveryCallback};
///
/// let callback = DeliveryCallback::from_json(br#"{
///     "ok": 1, "mid": "6462d3d8c8b0b08fddc34ca8", "uid": "3941-wa3-44151999999",
///     "botID": 3941, "ack": 2, "timestamp": "2024-11-14T14:28:08",
///     "webhookPayload": { "orderId": "ORD-12345" }
/// }"#)?;
/// assert_eq!(callback.ack, Ack::Delivered);
/// assert_eq!(callback.webhook_payload.unwrap()["orderId"], "ORD-12345");
/// # Ok::<(), convrs_client::Error>(())
/// ```
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
#[non_exhaustive]
pub struct DeliveryCallback {
    /// The message.
    #[serde(deserialize_with = "scalar::present")]
    pub mid: Mid,
    /// The user that it belongs to.
    #[serde(default)]
    pub uid: Uid,
    /// The bot that sent it.
    #[serde(rename = "botID", default)]
    pub bot_id: BotId,
    /// How far it has come.
    pub ack: Ack,
    /// When, without a zone. Assumed: UTC. Not for ordering: two callbacks may bear the same second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<DateTime>,
    /// The object given with the send, as it was. What comes back as no object is `None`: it must not
    /// cost the ack.
    #[serde(
        rename = "webhookPayload",
        default,
        deserialize_with = "scalar::optional_object",
        skip_serializing_if = "Option::is_none"
    )]
    pub webhook_payload: Option<Map<String, Value>>,
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
    /// The id that the client gave the send, [`Error::send_id`]: with it a callback tells what became
    /// of a send whose reply was lost. It stands in the payload on the wire.
    #[serde(skip)]
    pub send_id: Option<SendId>,
    /// What `CallbackKeys` put beside the id, and check.
    #[serde(skip)]
    pub(crate) proof: Option<String>,
    /// Fields that are not documented.
    #[serde(skip)]
    pub extra: Extra,
}

impl DeliveryCallback {
    /// A callback that says no more than the document requires.
    pub fn new(
        mid: impl Into<Mid>,
        uid: impl Into<Uid>,
        bot_id: impl Into<BotId>,
        ack: Ack,
    ) -> Self {
        Self {
            mid: mid.into(),
            uid: uid.into(),
            bot_id: bot_id.into(),
            ack,
            timestamp: None,
            webhook_payload: None,
            whatsapp_error_code: None,
            whatsapp_error_desc: None,
            send_id: None,
            proof: None,
            extra: Extra::default(),
        }
    }

    /// Reads the body of a callback.
    ///
    /// # Errors
    /// [`ErrorKind::Protocol`](crate::ErrorKind::Protocol) for what is no callback.
    pub fn from_json(body: &[u8]) -> Result<Self, Error> {
        envelope::decode_callback(body)
    }
}

lossless!(DeliveryCallback);

redact::debug!(DeliveryCallback { mid, uid, bot_id, ack, timestamp, whatsapp_error_code, extra } hides {
    webhook_payload, whatsapp_error_desc
});
