use std::collections::BTreeMap;

use http::HeaderValue;
use replykit_transport::Body;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    DateTime, Invalid,
    crm::{
        MessageId, SendState,
        endpoint::{delete, get, list, make, one},
        rules,
    },
    json::json,
    redact, scalar,
};

/// A message, sent or to be sent.
///
/// Source: WhatsApp automation, open REST > WhatsApp Messages API. Seen on a running backend: its
/// fields.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// The recipient's phone number, as it was written.
    #[serde(default, deserialize_with = "scalar::string")]
    pub phone_number: String,
    /// The text.
    #[serde(default, deserialize_with = "scalar::string")]
    pub message: String,
    /// When it is to go out. `None`: at once.
    #[serde(default)]
    pub scheduled_at: Option<DateTime>,
    /// How far it has come.
    #[serde(default)]
    pub status: SendState,
    /// When the server took it in.
    #[serde(default)]
    pub created_at: Option<DateTime>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: BTreeMap<String, Value>,
}

impl Message {
    /// A pending message that is to go out at once.
    pub fn new(
        id: impl Into<MessageId>,
        phone_number: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            id: id.into(),
            phone_number: phone_number.into(),
            message: message.into(),
            scheduled_at: None,
            status: SendState::Pending,
            created_at: None,
            extra: BTreeMap::new(),
        }
    }
}

redact::debug!(Message { id, scheduled_at, status, created_at }
    hides { phone_number, message, extra });

list! {
    /// Gives all messages. Changes nothing.
    ///
    /// Source: WhatsApp automation, open REST > WhatsApp Messages API > Get all messages
    ListMessages, "crm.list_messages", "whatsapp/", Message
}

get! {
    /// Gives a message. Changes nothing.
    ///
    /// # Errors
    /// 404 for an id that the server does not know.
    ///
    /// Source: WhatsApp automation, open REST > WhatsApp Messages API > Get a message
    GetMessage, "crm.get_message", "whatsapp", MessageId, Message
}

delete! {
    /// Removes a message, and so cancels one that is scheduled.
    ///
    /// Success does not prove that it was not sent. Seen on a running backend: messages with a
    /// time in the future go out at once, and sent ones can be deleted too. See
    /// [`Client::remove_extra`](crate::crm::Client::remove_extra).
    ///
    /// # Errors
    /// 404 for an id that the server does not know.
    ///
    /// Source: WhatsApp automation, open REST > WhatsApp Messages API > Delete a message
    DeleteMessage, "crm.delete_message", "whatsapp", MessageId
}

/// Sends a message at once, or at a time. It reaches a person, so it is repeated only when it did not
/// go out.
///
/// The answer usually says `Pending`:
/// [`Client::wait_until_sent`](crate::crm::Client::wait_until_sent) tells what became of it. Where the
/// outcome of the call is `Unknown`, [`Client::reconcile`](crate::crm::Client::reconcile) looks for it.
///
/// Seen on a running backend: a past time is taken, and so the message is not refused here; and a
/// message with a future time went out at once.
///
/// # Errors
/// [`Invalid`] for a blank text, a phone number that is blank or has more than 20 characters, a
/// time that is none.
///
/// # Wire
/// ```
/// # use whatsapp_automation::crm::{Endpoint, SendMessage};
/// let mut send = SendMessage::new("+1234567890", "Hello from API!");
/// send.scheduled_at = Some("2025-02-20T10:00:00Z".into());
/// let body = send.body()?.and_then(|(_, body)| body.as_bytes().cloned());
/// assert_eq!(
///     body.unwrap_or_default(),
///     r#"{"phone_number":"+1234567890","message":"Hello from API!","scheduled_at":"2025-02-20T10:00:00Z"}"#
/// );
/// # Ok::<(), whatsapp_automation::Invalid>(())
/// ```
///
/// Source: WhatsApp automation, open REST > WhatsApp Messages API > Send a message
#[derive(Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SendMessage {
    /// The recipient's phone number. Required, at most 20 characters.
    pub phone_number: String,
    /// The text. Required. Undocumented: its greatest length.
    pub message: String,
    /// When it is to go out. `None`: at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduled_at: Option<DateTime>,
}

impl SendMessage {
    /// Sends `message` to `phone_number` at once.
    pub fn new(phone_number: impl Into<String>, message: impl Into<String>) -> Self {
        Self { phone_number: phone_number.into(), message: message.into(), scheduled_at: None }
    }

    /// Sends it at `time`.
    #[must_use]
    pub fn at(mut self, time: impl Into<DateTime>) -> Self {
        self.scheduled_at = Some(time.into());
        self
    }
}

redact::debug!(SendMessage { scheduled_at } hides { phone_number, message });

make!(SendMessage, "crm.send_message", Send, "whatsapp/", Message, {
    fn validate(&self) -> Result<(), Invalid> {
        all(&self.phone_number, &self.message, self.scheduled_at.as_ref())
    }
    fn body(&self) -> Result<Option<(HeaderValue, Body)>, Invalid> {
        json(self)
    }
});

/// Replaces a message. The server alone sets its `status`.
///
/// Undocumented: PUT, and whether the change of a message sends it, perhaps for a second time. So it
/// counts as a send, and is not repeated in doubt. Seen on a running backend: PUT.
///
/// # Errors
/// [`Invalid`] as for [`SendMessage`]; 404 for an id that the server does not know.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct UpdateMessage {
    /// Which one.
    #[serde(skip)]
    pub id: MessageId,
    /// The recipient's phone number. Required, at most 20 characters.
    pub phone_number: String,
    /// The text. Required.
    pub message: String,
    /// When it is to go out. `None` is `null` on the wire.
    pub scheduled_at: Option<DateTime>,
}

impl UpdateMessage {
    /// Gives the message `id` these values, and no time.
    pub fn new(
        id: impl Into<MessageId>,
        phone_number: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        let (phone_number, message) = (phone_number.into(), message.into());
        Self { id: id.into(), phone_number, message, scheduled_at: None }
    }
}

redact::debug!(UpdateMessage { id, scheduled_at } hides { phone_number, message });

one!(UpdateMessage, "crm.update_message", PUT, Send, "whatsapp", Message, {
    fn validate(&self) -> Result<(), Invalid> {
        all(&self.phone_number, &self.message, self.scheduled_at.as_ref())
    }
    fn body(&self) -> Result<Option<(HeaderValue, Body)>, Invalid> {
        json(self)
    }
});

/// Changes the given fields of a message, and no other. Counts as a send, as [`UpdateMessage`] does.
///
/// # Errors
/// As for [`UpdateMessage`].
///
/// Undocumented: PATCH. Seen on a running backend.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PatchMessage {
    /// Which one.
    #[serde(skip)]
    pub id: MessageId,
    /// The recipient's phone number, at most 20 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
    /// The text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// When it is to go out. `Some(None)` takes the time away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduled_at: Option<Option<DateTime>>,
}

impl PatchMessage {
    /// Changes nothing yet: set the fields to change.
    pub fn new(id: impl Into<MessageId>) -> Self {
        Self { id: id.into(), phone_number: None, message: None, scheduled_at: None }
    }
}

redact::debug!(PatchMessage { id, scheduled_at } hides { phone_number, message });

one!(PatchMessage, "crm.patch_message", PATCH, Send, "whatsapp", Message, {
    fn validate(&self) -> Result<(), Invalid> {
        rules::if_given(self.phone_number.as_ref(), rules::phone_number)?;
        rules::if_given(self.message.as_ref(), |text| rules::present("message", text))?;
        rules::scheduled_at(self.scheduled_at.iter().flatten().next())
    }
    fn body(&self) -> Result<Option<(HeaderValue, Body)>, Invalid> {
        json(self)
    }
});

fn all(phone_number: &str, message: &str, time: Option<&DateTime>) -> Result<(), Invalid> {
    rules::phone_number(phone_number)?;
    rules::present("message", message)?;
    rules::scheduled_at(time)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::crm::Endpoint;

    #[test]
    fn a_message_encodes_back_as_it_came() {
        let json = json!({
            "id": 7, "phone_number": "+40712345678", "message": "Hi", "scheduled_at": null,
            "status": "Failed: no such number", "created_at": "2025-02-20T10:00:00Z", "new": 1
        });
        let message: Message = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(message.status, SendState::Failed(Some("no such number".to_owned())));
        assert_eq!(serde_json::to_value(&message).unwrap(), json);
    }

    #[test]
    fn a_message_without_a_time_names_none() {
        let send = serde_json::to_value(SendMessage::new("+1", "Hi")).unwrap();
        assert_eq!(send, json!({"phone_number": "+1", "message": "Hi"}));
        let update = serde_json::to_value(UpdateMessage::new(7, "+1", "Hi")).unwrap();
        assert_eq!(update, json!({"phone_number": "+1", "message": "Hi", "scheduled_at": null}));
    }

    #[test]
    fn a_patch_may_take_the_time_away() {
        let mut patch = PatchMessage::new(7);
        assert_eq!(serde_json::to_string(&patch).unwrap(), "{}");
        patch.scheduled_at = Some(None);
        assert_eq!(serde_json::to_string(&patch).unwrap(), r#"{"scheduled_at":null}"#);
        patch.scheduled_at = Some(Some("tomorrow".into()));
        assert_eq!(patch.validate().unwrap_err().field(), "scheduled_at");
    }

    #[test]
    fn what_the_server_would_refuse_is_refused_here_and_a_past_time_is_not() {
        let field =
            |phone: &str, text: &str| SendMessage::new(phone, text).validate().unwrap_err().field();
        assert_eq!(field("", "Hi"), "phone_number");
        assert_eq!(field("123456789012345678901", "Hi"), "phone_number");
        assert_eq!(field("+1", " \n"), "message");
        let past = SendMessage::new("+1", "Hi").at("2005-02-20T10:00:00Z");
        assert_eq!(past.validate(), Ok(()));
    }
}
