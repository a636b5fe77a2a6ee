use std::collections::BTreeMap;

use http::{HeaderValue, Method};
use replykit_transport::Body;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Endpoint, MessageId, rules};
use crate::{
    DateTime, Invalid, Media, OperationClass, ProtocolProblem,
    json::{json, read_object},
    multipart::Form,
    redact,
};

/// Sends a message, with a file or without, at once or at a time. It reaches a person, so it is repeated
/// only when it did not go out.
///
/// Where the outcome is `Unknown`, [`Client::reconcile`](super::Client::reconcile) looks for it;
/// [`Client::wait_until_sent`](super::Client::wait_until_sent) tells what became of one that was taken.
///
/// # Errors
/// [`Invalid`] for a blank recipient or text, a time that is none, a file that cannot be uploaded.
/// Undocumented: what else is refused, such as a time that has passed.
///
/// # Example
/// ```
/// # use whatsapp_automation::{Media, session::{Endpoint, SendMessage}};
/// let cat = Media::new("cat.png", "image/png", &b"\x89PNG\r\n"[..]);
/// let send = SendMessage::new("+1234567890", "Look at this!").media(cat);
/// assert!(send.body()?.is_some_and(|(kind, _)| kind.as_bytes().starts_with(b"multipart/form-data")));
/// # Ok::<(), whatsapp_automation::Invalid>(())
/// ```
///
/// Source: WhatsApp automation, cookie session > Send Message
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct SendMessage {
    /// The recipient's phone number with country code. Required. Assumed: the id of a group will do.
    pub phone_id: String,
    /// The text. Required. Undocumented: its greatest length.
    pub message: String,
    /// A file to send with it.
    pub media: Option<Media>,
    /// When it is to go out. `None`: at once.
    pub scheduled_time: Option<DateTime>,
}

impl SendMessage {
    /// Sends `message` to `phone_id` at once.
    pub fn new(phone_id: impl Into<String>, message: impl Into<String>) -> Self {
        let (phone_id, message) = (phone_id.into(), message.into());
        Self { phone_id, message, media: None, scheduled_time: None }
    }

    /// Sends a file with it.
    #[must_use]
    pub fn media(mut self, media: Media) -> Self {
        self.media = Some(media);
        self
    }

    /// Sends it at `time`.
    #[must_use]
    pub fn at(mut self, time: impl Into<DateTime>) -> Self {
        self.scheduled_time = Some(time.into());
        self
    }
}

redact::debug!(SendMessage { media, scheduled_time } hides { phone_id, message });

impl Endpoint for SendMessage {
    const NAME: &'static str = "session.send_message";
    const METHOD: Method = Method::POST;
    const CLASS: OperationClass = OperationClass::Send;
    type Output = Accepted;

    fn path(&self) -> String {
        "api/messages/send".to_owned()
    }

    fn validate(&self) -> Result<(), Invalid> {
        rules::present("phoneId", &self.phone_id)?;
        rules::present("message", &self.message)?;
        self.scheduled_time.as_ref().map_or(Ok(()), rules::scheduled_time)?;
        self.media.as_ref().map_or(Ok(()), Media::validate)
    }

    fn body(&self) -> Result<Option<(HeaderValue, Body)>, Invalid> {
        let mut form = Form::default()
            .text("phoneId", self.phone_id.clone())
            .text("message", self.message.clone());
        if let Some(time) = &self.scheduled_time {
            form = form.text("scheduledTime", time.as_str().to_owned());
        }
        if let Some(media) = &self.media {
            form = form.file("mediaFile", media)?;
        }
        form.encode().map(Some)
    }

    fn read(&self, body: &[u8]) -> Result<Accepted, ProtocolProblem> {
        read_object(body)
    }
}

/// Sends a message at a time, after an AI has changed it. Without changes it does what [`SendMessage`]
/// with a time does.
///
/// # Errors
/// As for [`SendMessage`].
///
/// # Wire
/// ```
/// # use whatsapp_automation::session::{AiModifications, Endpoint, ScheduleMessage};
/// let mut schedule = ScheduleMessage::new("+1234567890", "Hello!", "2025-05-16T10:00:00.000Z");
/// schedule.ai_modifications.add_emojis = true;
/// let body = schedule.body()?.and_then(|(_, body)| body.as_bytes().cloned());
/// assert_eq!(
///     body.unwrap_or_default(),
///     r#"{"phoneId":"+1234567890","message":"Hello!","scheduledTime":"2025-05-16T10:00:00.000Z","aiModifications":{"useSynonyms":false,"addEmojis":true,"shuffleSentences":false}}"#
/// );
/// # Ok::<(), whatsapp_automation::Invalid>(())
/// ```
///
/// Source: WhatsApp automation, cookie session > Schedule Message
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ScheduleMessage {
    /// The recipient's phone number with country code. Required. Assumed: the id of a group will do.
    pub phone_id: String,
    /// The text. Required. Undocumented: its greatest length.
    pub message: String,
    /// When it is to go out. Required.
    pub scheduled_time: DateTime,
    /// What the AI may change. Default: nothing.
    pub ai_modifications: AiModifications,
}

/// What an AI may change in a text before it is sent. Undocumented: how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AiModifications {
    /// Take other words with the same meaning.
    pub use_synonyms: bool,
    /// Put emojis in.
    pub add_emojis: bool,
    /// Put the sentences in another order.
    pub shuffle_sentences: bool,
}

impl AiModifications {
    /// Whether the text stays as it is.
    #[must_use]
    pub fn is_none(self) -> bool {
        self == Self::default()
    }
}

impl ScheduleMessage {
    /// Sends `message` to `phone_id` at `time`, unchanged.
    pub fn new(
        phone_id: impl Into<String>,
        message: impl Into<String>,
        time: impl Into<DateTime>,
    ) -> Self {
        Self {
            phone_id: phone_id.into(),
            message: message.into(),
            scheduled_time: time.into(),
            ai_modifications: AiModifications::default(),
        }
    }
}

redact::debug!(ScheduleMessage { scheduled_time, ai_modifications } hides { phone_id, message });

impl Endpoint for ScheduleMessage {
    const NAME: &'static str = "session.schedule_message";
    const METHOD: Method = Method::POST;
    const CLASS: OperationClass = OperationClass::Send;
    type Output = Accepted;

    fn path(&self) -> String {
        "api/messages/schedule".to_owned()
    }

    fn validate(&self) -> Result<(), Invalid> {
        rules::present("phoneId", &self.phone_id)?;
        rules::present("message", &self.message)?;
        rules::scheduled_time(&self.scheduled_time)
    }

    fn body(&self) -> Result<Option<(HeaderValue, Body)>, Invalid> {
        json(self)
    }

    fn read(&self, body: &[u8]) -> Result<Accepted, ProtocolProblem> {
        read_object(body)
    }
}

/// A message that the server took in.
///
/// `success` and `messageId` have to be there: an answer without one of them is `Unknown`.
///
/// Source: WhatsApp automation, cookie session > Send Message, Schedule Message
#[derive(Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Accepted {
    /// Always true: the other answer is an [`ApiError`](crate::ApiError).
    pub success: bool,
    /// Its id.
    pub message_id: MessageId,
    /// When it is to go out. Assumed: nothing where that is at once.
    #[serde(default)]
    pub scheduled_for: Option<DateTime>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: BTreeMap<String, Value>,
}

redact::debug!(Accepted { success, message_id, scheduled_for } hides { extra });
