use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Done, Job, State, contacts::MAX_PHONE, delivery::Stage, fields::Fields, routes::Table,
    state::next,
};
use crate::rest::{Answer, time};

pub(super) const PENDING: &str = "Pending";

#[derive(Serialize, Deserialize)]
pub(super) struct Message {
    pub(super) phone_number: String,
    pub(super) text: String,
    pub(super) scheduled_at: Option<Timestamp>,
    pub(super) status: String,
    pub(super) created_at: Timestamp,
    pub(super) stage: Stage,
}

impl Message {
    pub(super) fn show(&self, id: u64) -> Value {
        json!({
            "id": id,
            "phone_number": self.phone_number,
            "message": self.text,
            "scheduled_at": self.scheduled_at.map(time::write),
            "status": self.status,
            "created_at": time::write(self.created_at),
        })
    }
}

impl State {
    /// A time that has passed is accepted, and means at once (seen). The running backend sends at once
    /// whatever the time (seen).
    fn message_due(&self, scheduled_at: Option<Timestamp>, now: Timestamp) -> Timestamp {
        scheduled_at.filter(|time| *time > now && !self.settings.as_running).unwrap_or(now)
    }

    pub(super) fn add_message(
        &mut self,
        phone_number: String,
        text: String,
        scheduled_at: Option<Timestamp>,
        now: Timestamp,
    ) -> u64 {
        let id = next(&mut self.settings.last_ids.message);
        let due = self.message_due(scheduled_at, now);
        self.due.insert((due, Job::Message(id)));
        let status = PENDING.to_owned();
        let stage = Stage::Due(due);
        let message = Message { phone_number, text, scheduled_at, status, created_at: now, stage };
        self.messages.insert(id, message);
        id
    }

    pub(super) fn create_message(&mut self, mut fields: Fields, now: Timestamp) -> Done {
        let phone = fields.required("phone_number", MAX_PHONE);
        let text = fields.required("message", usize::MAX);
        let scheduled_at = fields.time("scheduled_at").flatten();
        fields.check()?;
        let (phone, text) = (phone.unwrap_or_default(), text.unwrap_or_default());
        let id = self.add_message(phone, text, scheduled_at, now);
        Ok(self.created(Table::Messages, id))
    }

    /// Undocumented: what another time does. Assumed: a message that waits goes out then.
    pub(super) fn update_message(&mut self, id: u64, mut fields: Fields) -> Result<(), Answer> {
        let phone = fields.required("phone_number", MAX_PHONE);
        let text = fields.required("message", usize::MAX);
        let scheduled_at = fields.time("scheduled_at");
        fields.check()?;
        let as_running = self.settings.as_running;
        let Some(message) = self.messages.get_mut(&id) else { return Ok(()) };
        message.phone_number = phone.unwrap_or_else(|| std::mem::take(&mut message.phone_number));
        message.text = text.unwrap_or_else(|| std::mem::take(&mut message.text));
        let Some(scheduled_at) = scheduled_at else { return Ok(()) };
        message.scheduled_at = scheduled_at;
        if let Some(old) = message.stage.due().filter(|_| !as_running) {
            // The clock takes what has passed as due now.
            let due = scheduled_at.unwrap_or(message.created_at);
            message.stage = Stage::Due(due);
            self.due.remove(&(old, Job::Message(id)));
            self.due.insert((due, Job::Message(id)));
        }
        Ok(())
    }

    /// One that waits does not go out any more.
    pub(super) fn delete_message(&mut self, id: u64) {
        let due = self.messages.remove(&id).and_then(|message| message.stage.due());
        if let Some(due) = due {
            self.due.remove(&(due, Job::Message(id)));
        }
    }

    /// A person writes, and the first rule whose word is in the text answers.
    pub(super) fn hear(&mut self, phone: &str, text: &str, now: Timestamp) -> Option<u64> {
        let text = text.to_lowercase();
        let rule = self.replies.values().find(|rule| text.contains(&rule.word.to_lowercase()));
        let reply = rule.map(|rule| rule.reply.clone())?;
        Some(self.add_message(phone.to_owned(), reply, None, now))
    }
}
