use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Done, Job, State,
    delivery::Stage,
    fields::{Fields, Text},
    messages::PENDING,
    pages,
    routes::Table,
    state::{Media, next},
};
use crate::rest::{Answer, Part, time};

const MAX_TEXT: usize = 255;

#[derive(Serialize, Deserialize)]
pub(super) struct Status {
    pub(super) text: Option<String>,
    /// The name of what was uploaded.
    pub(super) media: Option<String>,
    pub(super) scheduled_at: Option<Timestamp>,
    pub(super) status: String,
    pub(super) created_at: Timestamp,
    pub(super) stage: Stage,
}

impl Status {
    /// `base` is where the sandbox listens.
    pub(super) fn show(&self, id: u64, base: &str) -> Value {
        json!({
            "id": id,
            "text": self.text,
            "media": self.media_url(base),
            "scheduled_at": self.scheduled_at.map(time::write),
            "created_at": time::write(self.created_at),
            "status": self.status,
            // Undocumented: whose it is. Without a login nobody's.
            "user": null,
        })
    }

    pub(super) fn media_url(&self, base: &str) -> Option<String> {
        self.media.as_ref().map(|name| format!("{base}/crm/media/{name}"))
    }
}

impl State {
    /// The running backend never posts one that has a time (seen).
    fn status_due(&self, scheduled_at: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
        match scheduled_at {
            Some(_) if self.settings.as_running => None,
            Some(time) if time > now => Some(time),
            _ => Some(now),
        }
    }

    pub(super) fn create_status(&mut self, mut fields: Fields, now: Timestamp) -> Done {
        let text = fields.text("text", Text::OPTIONAL.up_to(MAX_TEXT)).flatten();
        let media = fields.file("media").flatten();
        let scheduled_at = fields.time("scheduled_at").flatten();
        fields.check()?;
        let media = media.map(|part| self.keep_media(part));
        let id = next(&mut self.settings.last_ids.status);
        let due = self.status_due(scheduled_at, now);
        if let Some(due) = due {
            self.due.insert((due, Job::Status(id)));
        }
        let status = PENDING.to_owned();
        let stage = due.map_or(Stage::Over, Stage::Due);
        let status = Status { text, media, scheduled_at, status, created_at: now, stage };
        self.statuses.insert(id, status);
        Ok(self.created(Table::Statuses, id))
    }

    pub(super) fn update_status(
        &mut self,
        id: u64,
        mut fields: Fields,
        now: Timestamp,
    ) -> Result<(), Answer> {
        let text = fields.text("text", Text::OPTIONAL.up_to(MAX_TEXT));
        let media = fields.file("media");
        let scheduled_at = fields.time("scheduled_at");
        fields.check()?;
        let media = media.map(|part| part.map(|part| self.keep_media(part)));
        let due = scheduled_at.and_then(|time| self.status_due(time, now));
        let Some(status) = self.statuses.get_mut(&id) else { return Ok(()) };
        status.text = text.unwrap_or_else(|| status.text.take());
        status.media = media.unwrap_or_else(|| status.media.take());
        let Some(scheduled_at) = scheduled_at else { return Ok(()) };
        status.scheduled_at = scheduled_at;
        if let (Some(old), Some(due)) = (status.stage.due(), due) {
            status.stage = Stage::Due(due);
            self.due.remove(&(old, Job::Status(id)));
            self.due.insert((due, Job::Status(id)));
        }
        Ok(())
    }

    pub(super) fn delete_status(&mut self, id: u64) {
        let due = self.statuses.remove(&id).and_then(|status| status.stage.due());
        if let Some(due) = due {
            self.due.remove(&(due, Job::Status(id)));
        }
    }

    /// Keeps a file, and says under what name.
    fn keep_media(&mut self, part: Part) -> String {
        let mut name = safe_name(part.file_name.as_deref().unwrap_or_default());
        while self.media.contains_key(&name) {
            name = format!("{}_{name}", self.media.len());
        }
        let content_type =
            part.content_type.unwrap_or_else(|| "application/octet-stream".to_owned());
        self.media.insert(name.clone(), Media { content_type, content: part.content });
        name
    }

    pub(super) fn serve_media(&self, name: &str) -> Answer {
        let Some(media) = self.media.get(name) else { return pages::not_found() };
        Answer::new(StatusCode::OK, &media.content_type, media.content.clone())
    }
}

/// The last part of a path, with nothing in it that would mean something in a URL.
fn safe_name(name: &str) -> String {
    let base = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    let safe: String = base.chars().map(plain).collect();
    let safe = safe.trim_matches('.');
    if safe.is_empty() { "upload".to_owned() } else { safe.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_cannot_leave_its_folder() {
        for (name, safe) in [
            ("a b.png", "a_b.png"),
            ("../../etc/passwd", "passwd"),
            ("C:\\x\\y.jpg", "y.jpg"),
            ("..", "upload"),
            ("", "upload"),
            ("q\"\r\n?.png", "q____.png"),
        ] {
            assert_eq!(safe_name(name), safe, "{name:?}");
        }
    }
}
