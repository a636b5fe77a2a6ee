use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Done, State, accounts::Account, ai::Modifications, bad, json_object, ok, required};
use crate::rest::{Answer, Part, Redacted, Request, time};

/// A message of an account.
#[derive(Serialize, Deserialize)]
pub(super) struct Message {
    username: String,
    /// As in `msg_1`.
    id: String,
    to: String,
    text: String,
    media: Option<SessionMedia>,
    status: Progress,
    scheduled_for: Option<Timestamp>,
    sent_at: Option<Timestamp>,
    /// When it goes out, as long as that lies ahead.
    pub(super) due: Option<Timestamp>,
}

/// Undocumented: the statuses of a message. Assumed: these.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Progress {
    Queued,
    Scheduled,
    Sent,
    Failed,
}

/// A message that went out of the `session` server. `Debug` shows neither to whom nor what.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SessionSent {
    /// Its id, as the API tells it.
    pub message_id: String,
    /// Whose account it came from.
    pub username: String,
    /// The phone number, or the id of a group.
    pub to: String,
    /// The text, as the AI left it.
    pub text: String,
    /// What was sent with it.
    pub media: Option<SessionMedia>,
    /// When, in the sandbox's time.
    pub at: Timestamp,
}

/// A file as it was uploaded. Its content is not kept.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SessionMedia {
    /// The name that the upload gave it, unchanged: it may hold anything.
    pub name: String,
    /// The type that the upload gave it, empty if it gave none.
    pub content_type: String,
    /// Its length in bytes.
    pub size: usize,
}

impl fmt::Debug for SessionSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionSent")
            .field("message_id", &self.message_id)
            .field("to", &Redacted(&self.to))
            .field("text", &Redacted(&self.text))
            .field("media", &self.media)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for SessionMedia {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionMedia")
            .field("name", &Redacted(&self.name))
            .field("content_type", &self.content_type)
            .field("size", &self.size)
            .finish()
    }
}

impl Message {
    fn show(&self) -> Value {
        json!({
            "id": self.id,
            "to": self.to,
            "message": self.text,
            "status": self.status,
            "scheduledFor": self.scheduled_for.map(time::write_millis),
            "sentAt": self.sent_at.map(time::write_millis),
        })
    }
}

/// What a request asks to send.
struct Wanted {
    to: String,
    text: String,
    media: Option<SessionMedia>,
    scheduled_for: Option<Timestamp>,
}

impl State {
    pub(super) fn send(&mut self, request: &Request, now: Timestamp) -> Done {
        let (username, account) = self.account(request, now)?;
        let parts = match &request.form {
            Some(Ok(parts)) => parts,
            Some(Err(_)) => return Err(bad("The form ends too early")),
            None => return Err(bad("The body has to be multipart/form-data")),
        };
        let (fields, media) = form(parts)?;
        let wanted = Wanted {
            to: recipient(&fields, account)?,
            text: required(&fields, "message")?,
            scheduled_for: scheduled_time(&fields, now)?,
            media,
        };
        account.check_paired()?;
        Ok(self.take_message("msg", username, wanted, now))
    }

    pub(super) fn schedule(&mut self, request: &Request, now: Timestamp) -> Done {
        let (username, account) = self.account(request, now)?;
        let fields = json_object(request)?;
        let to = recipient(&fields, account)?;
        let text = modifications(&fields)?.apply(&required(&fields, "message")?);
        required(&fields, "scheduledTime")?;
        let scheduled_for = scheduled_time(&fields, now)?;
        account.check_paired()?;
        let wanted = Wanted { to, text, media: None, scheduled_for };
        Ok(self.take_message("sched", username, wanted, now))
    }

    fn take_message(
        &mut self,
        kind: &str,
        username: String,
        wanted: Wanted,
        now: Timestamp,
    ) -> Answer {
        let Wanted { to, text, media, scheduled_for } = wanted;
        self.settings.last_message += 1;
        let number = self.settings.last_message;
        let id = format!("{kind}_{number}");
        let shown = json!({
            "success": true,
            "messageId": id,
            "scheduledFor": scheduled_for.map(time::write_millis),
        });
        let is_later = scheduled_for.is_some();
        let status = if is_later { Progress::Scheduled } else { Progress::Queued };
        let due = scheduled_for.unwrap_or(now);
        self.due.insert((due, number));
        let (sent_at, due) = (None, Some(due));
        let message =
            Message { username, id, to, text, media, status, scheduled_for, sent_at, due };
        self.messages.insert(number, message);
        ok(&shown)
    }

    /// Undocumented: the order, and a page that is no number. Assumed: the newest come first, and the
    /// default.
    pub(super) fn queue(&self, request: &Request, now: Timestamp) -> Done {
        let (username, _) = self.account(request, now)?;
        let parameter = |name: &str, default| {
            let mut pairs = request.query.split('&').filter_map(|pair| pair.split_once('='));
            let value =
                pairs.find(|(key, _)| *key == name).and_then(|(_, value)| value.parse().ok());
            value.filter(|number| *number > 0).unwrap_or(default)
        };
        let (page, limit): (usize, usize) = (parameter("page", 1), parameter("limit", 10));
        let own = self.messages.values().rev().filter(|message| message.username == username);
        let shown: Vec<_> = own.map(Message::show).collect();
        let total = shown.len();
        let first = (page - 1).saturating_mul(limit);
        let messages: Vec<_> = shown.into_iter().skip(first).take(limit).collect();
        let pages = total.div_ceil(limit);
        let pagination = json!({"page": page, "limit": limit, "total": total, "pages": pages});
        Ok(ok(&json!({"messages": messages, "pagination": pagination})))
    }

    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.due.first().map(|(due, _)| *due)
    }

    /// Takes out the next message that falls due by `end`.
    pub(crate) fn next_step(&mut self, end: Timestamp) -> Option<(Timestamp, u64)> {
        if self.next_due()? > end {
            return None;
        }
        self.due.pop_first()
    }

    /// Sends a message, if the phone is still paired and somebody is there to get it.
    pub(crate) fn take_step(&mut self, message: u64, now: Timestamp) {
        let Some(message) = self.messages.get_mut(&message) else { return };
        message.due = None;
        let account = self.accounts.get(&message.username);
        let paired = account.is_some_and(|account| account.check_paired().is_ok());
        if !paired || self.settings.unreachable.contains(&message.to) {
            message.status = Progress::Failed;
            return;
        }
        message.status = Progress::Sent;
        message.sent_at = Some(now);
        self.sent.push(SessionSent {
            message_id: message.id.clone(),
            username: message.username.clone(),
            to: message.to.clone(),
            text: message.text.clone(),
            media: message.media.clone(),
            at: now,
        });
    }
}

/// The fields and the file of a form. Undocumented: another file. Assumed: 400.
fn form(parts: &[Part]) -> Result<(Map<String, Value>, Option<SessionMedia>), Answer> {
    let (mut fields, mut media) = (Map::new(), None);
    for part in parts {
        match &part.file_name {
            None => {
                fields.insert(part.name.clone(), part.text().into());
            }
            Some(name) if part.name == "mediaFile" && media.is_none() => {
                media = Some(SessionMedia {
                    name: name.clone(),
                    content_type: part.content_type.clone().unwrap_or_default(),
                    size: part.content.len(),
                });
            }
            Some(_) => return Err(bad("Unexpected file")),
        }
    }
    Ok((fields, media))
}

/// A phone number with its country code. Undocumented: whether a group will do. Assumed: one of the
/// phone's own.
fn recipient(fields: &Map<String, Value>, account: &Account) -> Result<String, Answer> {
    let to = required(fields, "phoneId")?;
    let digits = to.strip_prefix('+').unwrap_or(&to);
    let is_number = (7..=15).contains(&digits.len()) && digits.bytes().all(|c| c.is_ascii_digit());
    if is_number || account.groups.iter().any(|group| group.id == to) {
        return Ok(to);
    }
    Err(bad("phoneId has to be a phone number with its country code"))
}

/// Undocumented: a time that has passed. Assumed: 400.
fn scheduled_time(
    fields: &Map<String, Value>,
    now: Timestamp,
) -> Result<Option<Timestamp>, Answer> {
    let text = match fields.get("scheduledTime") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) if text.is_empty() => return Ok(None),
        Some(value) => value.as_str(),
    };
    match text.and_then(time::read) {
        None => Err(bad("scheduledTime has to be a time in ISO 8601")),
        Some(time) if time <= now => Err(bad("scheduledTime has to be in the future")),
        Some(time) => Ok(Some(time)),
    }
}

fn modifications(fields: &Map<String, Value>) -> Result<Modifications, Answer> {
    let wanted = fields.get("aiModifications").unwrap_or(&Value::Null);
    if !wanted.is_null() && !wanted.is_object() {
        return Err(bad("aiModifications has to be an object"));
    }
    let flag = |name: &str| match wanted.get(name) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(yes)) => Ok(*yes),
        Some(_) => Err(bad(&format!("{name} has to be true or false"))),
    };
    Ok(Modifications {
        synonyms: flag("useSynonyms")?,
        emojis: flag("addEmojis")?,
        shuffle: flag("shuffleSentences")?,
    })
}
