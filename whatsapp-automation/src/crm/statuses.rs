use std::collections::BTreeMap;

use http::HeaderValue;
use replykit_transport::Body;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    DateTime, Invalid, Media,
    crm::{
        SendState, StatusId,
        endpoint::{delete, get, list, make, one},
        rules,
    },
    json::json,
    multipart::Form,
    redact,
};

/// A status update, posted or to be posted.
///
/// Source: WhatsApp automation, open REST > WhatsApp Status API. Seen on a running backend: its
/// fields.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Status {
    /// Its id.
    pub id: StatusId,
    /// The text.
    #[serde(default)]
    pub text: Option<String>,
    /// The URL of the picture or video.
    #[serde(default)]
    pub media: Option<String>,
    /// When it is to be posted. `None`: at once.
    #[serde(default)]
    pub scheduled_at: Option<DateTime>,
    /// How far it has come. Seen on a running backend: a scheduled one stays `Pending`.
    #[serde(default)]
    pub status: SendState,
    /// When the server took it in.
    #[serde(default)]
    pub created_at: Option<DateTime>,
    /// Whose it is. Undocumented: its shape.
    #[serde(default)]
    pub user: Option<Value>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: BTreeMap<String, Value>,
}

impl Status {
    /// A pending status without text or media.
    pub fn new(id: impl Into<StatusId>) -> Self {
        Self {
            id: id.into(),
            text: None,
            media: None,
            scheduled_at: None,
            status: SendState::Pending,
            created_at: None,
            user: None,
            extra: BTreeMap::new(),
        }
    }
}

redact::debug!(Status { id, scheduled_at, status, created_at } hides { text, media, user, extra });

list! {
    /// Gives all statuses. Changes nothing.
    ///
    /// Source: WhatsApp automation, open REST > WhatsApp Status API > Get all statuses
    ListStatuses, "crm.list_statuses", "status/", Status
}

get! {
    /// Gives a status. Changes nothing.
    ///
    /// # Errors
    /// 404 for an id that the server does not know.
    ///
    /// Source: WhatsApp automation, open REST > WhatsApp Status API > Get a status
    GetStatus, "crm.get_status", "status", StatusId, Status
}

delete! {
    /// Removes a status update. One that was posted may stay where it was seen: undocumented.
    ///
    /// # Errors
    /// 404 for an id that the server does not know.
    ///
    /// Source: WhatsApp automation, open REST > WhatsApp Status API > Delete a status
    DeleteStatus, "crm.delete_status", "status", StatusId
}

/// Posts a status at once, or at a time. People see it, so it is repeated only when it was not posted.
///
/// With `media` the request is `multipart/form-data`, otherwise JSON. The document says JSON only; seen
/// on a running backend: media in no other way.
///
/// # Errors
/// [`Invalid`] for neither text nor media, a text of more than 255 characters, a time that is none,
/// and what [`Media::validate`] refuses.
///
/// # Wire
/// ```
/// # use whatsapp_automation::crm::{Endpoint, PostStatus};
/// let mut post = PostStatus::text("Good morning!");
/// post.scheduled_at = Some("2025-02-20T10:00:00Z".into());
/// let body = post.body()?.and_then(|(_, body)| body.as_bytes().cloned());
/// assert_eq!(
///     body.unwrap_or_default(),
///     r#"{"text":"Good morning!","scheduled_at":"2025-02-20T10:00:00Z"}"#
/// );
/// # Ok::<(), whatsapp_automation::Invalid>(())
/// ```
///
/// Source: WhatsApp automation, open REST > WhatsApp Status API > Post a status
#[derive(Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PostStatus {
    /// The text, at most 255 characters. Required without media.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// When it is to be posted. `None`: at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduled_at: Option<DateTime>,
    /// The picture or video.
    #[serde(skip)]
    pub media: Option<Media>,
}

impl PostStatus {
    /// Posts a text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), scheduled_at: None, media: None }
    }

    /// Posts a picture or video: bytes, or a file, see [`Media::file`].
    #[must_use]
    pub fn media(media: Media) -> Self {
        Self { text: None, scheduled_at: None, media: Some(media) }
    }

    /// Posts it at `time`.
    #[must_use]
    pub fn at(mut self, time: impl Into<DateTime>) -> Self {
        self.scheduled_at = Some(time.into());
        self
    }
}

redact::debug!(PostStatus { scheduled_at, media } hides { text });

make!(PostStatus, "crm.post_status", Send, "status/", Status, {
    fn validate(&self) -> Result<(), Invalid> {
        all(self.text.as_ref(), self.scheduled_at.as_ref(), self.media.as_ref())
    }
    fn body(&self) -> Result<Option<(HeaderValue, Body)>, Invalid> {
        match &self.media {
            Some(media) => form(self.text.as_ref(), self.scheduled_at.as_ref(), media).map(Some),
            None => json(self),
        }
    }
});

/// Replaces a status. The server alone sets its `status`.
///
/// Undocumented: PUT, and whether the change of a status posts it, perhaps for a second time. So it
/// counts as a send, and is not repeated in doubt. Seen on a running backend: PUT.
///
/// # Errors
/// [`Invalid`] for a text of more than 255 characters, a time that is none, and what
/// [`Media::validate`] refuses; 404 for an id that the server does not know.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct UpdateStatus {
    /// Which one.
    #[serde(skip)]
    pub id: StatusId,
    /// The text, at most 255 characters. `None` is `null` on the wire; beside media it is left out.
    pub text: Option<String>,
    /// When it is to be posted. `None` is `null` on the wire; beside media it is left out.
    pub scheduled_at: Option<DateTime>,
    /// Another picture or video. `None` leaves it as it is.
    #[serde(skip)]
    pub media: Option<Media>,
}

impl UpdateStatus {
    /// Gives the status `id` no text and no time yet: set what it is to have.
    pub fn new(id: impl Into<StatusId>) -> Self {
        Self { id: id.into(), text: None, scheduled_at: None, media: None }
    }
}

redact::debug!(UpdateStatus { id, scheduled_at, media } hides { text });

one!(UpdateStatus, "crm.update_status", PUT, Send, "status", Status, {
    fn validate(&self) -> Result<(), Invalid> {
        rules::if_given(self.text.as_ref(), rules::status_text)?;
        rules::scheduled_at(self.scheduled_at.as_ref())?;
        self.media.as_ref().map_or(Ok(()), Media::validate)
    }
    fn body(&self) -> Result<Option<(HeaderValue, Body)>, Invalid> {
        match &self.media {
            Some(media) => form(self.text.as_ref(), self.scheduled_at.as_ref(), media).map(Some),
            None => json(self),
        }
    }
});

/// Changes the given fields of a status, and no other. Counts as a send, as [`UpdateStatus`] does.
///
/// # Errors
/// As for [`UpdateStatus`].
///
/// Undocumented: PATCH. Seen on a running backend.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PatchStatus {
    /// Which one.
    #[serde(skip)]
    pub id: StatusId,
    /// The text, at most 255 characters. `Some(None)` takes it away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<Option<String>>,
    /// When it is to be posted. `Some(None)` takes the time away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduled_at: Option<Option<DateTime>>,
}

impl PatchStatus {
    /// Changes nothing yet: set the fields to change.
    pub fn new(id: impl Into<StatusId>) -> Self {
        Self { id: id.into(), text: None, scheduled_at: None }
    }
}

redact::debug!(PatchStatus { id, scheduled_at } hides { text });

one!(PatchStatus, "crm.patch_status", PATCH, Send, "status", Status, {
    fn validate(&self) -> Result<(), Invalid> {
        rules::if_given(self.text.iter().flatten().next(), rules::status_text)?;
        rules::scheduled_at(self.scheduled_at.iter().flatten().next())
    }
    fn body(&self) -> Result<Option<(HeaderValue, Body)>, Invalid> {
        json(self)
    }
});

fn all(
    text: Option<&String>,
    time: Option<&DateTime>,
    media: Option<&Media>,
) -> Result<(), Invalid> {
    match media {
        Some(media) => media.validate()?,
        None => rules::present("text", text.map_or("", String::as_str))?,
    }
    rules::if_given(text, rules::status_text)?;
    rules::scheduled_at(time)
}

fn form(
    text: Option<&String>,
    time: Option<&DateTime>,
    media: &Media,
) -> Result<(HeaderValue, Body), Invalid> {
    let mut form = Form::default();
    if let Some(text) = text {
        form = form.text("text", text.clone());
    }
    if let Some(time) = time {
        form = form.text("scheduled_at", time.as_str().to_owned());
    }
    form.file("media", media)?.encode()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::crm::Endpoint;

    #[test]
    fn a_status_encodes_back_as_it_came() {
        let json = json!({
            "id": 7, "text": null, "media": "http://127.0.0.1:8000/media/cat.png",
            "scheduled_at": null, "created_at": "2025-02-20T10:00:00Z", "status": "Posted",
            "user": 3, "new": 1
        });
        let status: Status = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(status.status, SendState::Posted);
        assert_eq!(serde_json::to_value(&status).unwrap(), json);
    }

    #[test]
    fn a_status_needs_a_text_or_media() {
        let field = |post: PostStatus| post.validate().unwrap_err().field();
        assert_eq!(field(PostStatus::text(" ")), "text");
        assert_eq!(field(PostStatus::text("a".repeat(256))), "text");
        assert_eq!(field(PostStatus::text("Hi").at("tomorrow")), "scheduled_at");
        let cat = Media::new("cat.png", "image/png", "bytes");
        assert_eq!(PostStatus::media(cat.clone()).validate(), Ok(()));
        assert_eq!(field(PostStatus::media(Media::new("", "image/png", "bytes"))), "media");
        let mut post = PostStatus::media(cat);
        post.text = Some("a".repeat(256));
        assert_eq!(field(post), "text");
    }

    #[test]
    fn what_a_patch_or_an_update_leaves_out_is_null_only_where_that_is_meant() {
        let update = serde_json::to_value(UpdateStatus::new(7)).unwrap();
        assert_eq!(update, json!({"text": null, "scheduled_at": null}));
        let mut patch = PatchStatus::new(7);
        assert_eq!(serde_json::to_string(&patch).unwrap(), "{}");
        patch.text = Some(None);
        assert_eq!(serde_json::to_string(&patch).unwrap(), r#"{"text":null}"#);
        patch.text = Some(Some("a".repeat(256)));
        assert!(patch.validate().is_err());
    }
}
