//! The leads of the sources, and their conversations.

use std::{collections::BTreeSet, fmt};

use http::StatusCode;
use jiff::Timestamp;

use super::{card::SourceId, refusal, state::State, webhook::Kind};
use crate::{
    ControlError,
    rest::{Answer, Redacted},
};

/// A message in the conversation with a lead. `Debug` does not show its text.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeadMessage {
    /// Its id, such as `msg_1`.
    pub id: String,
    /// Who wrote it.
    pub sender: LeadSender,
    /// The text.
    pub text: String,
    /// When, in the sandbox's time.
    pub sent_at: Timestamp,
}

impl fmt::Debug for LeadMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LeadMessage")
            .field("id", &self.id)
            .field("sender", &self.sender)
            .field("text", &Redacted(&self.text))
            .field("sent_at", &self.sent_at)
            .finish()
    }
}

/// Who wrote a message in the conversation with a lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LeadSender {
    /// The lead.
    Lead,
    /// Whoever posts to the Lead Reply API.
    Api,
    /// A person of the business, inside the app.
    Team,
    /// Auto-Respond itself: the welcome.
    Auto,
}

impl LeadSender {
    /// Its name on the wire: `lead`, `api`, `team` or `auto`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lead => "lead",
            Self::Api => "api",
            Self::Team => "team",
            Self::Auto => "auto",
        }
    }
}

/// A person who reached out to a source. No `Debug`: it is all personal.
pub(super) struct Lead {
    pub(super) source: SourceId,
    pub(super) name: String,
    pub(super) phone: Option<String>,
    pub(super) email: Option<String>,
    pub(super) tags: BTreeSet<String>,
    /// Whether this is their first conversation.
    pub(super) is_new: bool,
    pub(super) open: bool,
    /// Whether the webhook was told of the lead, or need not be.
    pub(super) is_announced: bool,
    pub(super) messages: Vec<LeadMessage>,
    /// How many of them belong to conversations that are over.
    over: usize,
}

impl Lead {
    fn new(source: SourceId, name: &str) -> Self {
        Self {
            source,
            name: name.to_owned(),
            phone: None,
            email: None,
            tags: BTreeSet::new(),
            is_new: true,
            open: true,
            is_announced: false,
            messages: Vec::new(),
            over: 0,
        }
    }

    /// The last message of the lead in this conversation.
    pub(super) fn last_words(&self) -> Option<&LeadMessage> {
        let own = |message: &&LeadMessage| message.sender == LeadSender::Lead;
        self.messages.iter().skip(self.over).rfind(own)
    }
}

/// The id of a lead, as on the wire.
pub(super) fn lead_id(number: u64) -> String {
    format!("lead_{number}")
}

impl State {
    /// A lead of a source, by its id.
    pub(super) fn find_lead(&self, source: SourceId, id: &str) -> Option<(u64, &Lead)> {
        let number = id.strip_prefix("lead_")?.parse().ok()?;
        let lead = self.leads.get(&number)?;
        // Such as `lead_01`, which is none.
        (lead.source == source && lead_id(number) == id).then_some((number, lead))
    }

    /// Whether replies to a lead are taken, as far as that depends on contact info.
    pub(super) fn is_ready(&self, lead: &Lead) -> bool {
        let source = self.source(lead.source);
        !source.only_with_contact_info || lead.phone.is_some() || lead.email.is_some()
    }

    /// Takes a reply from the API: the id of the message.
    ///
    /// Undocumented: whether a lead that is not ready can be replied to. Assumed: no.
    pub(super) fn take_reply(
        &mut self,
        source: SourceId,
        lead: &str,
        text: &str,
        now: Timestamp,
    ) -> Result<String, Answer> {
        let conflict = |code, why| Err(refusal(StatusCode::CONFLICT, code, why));
        let Some((id, lead)) = self.find_lead(source, lead) else {
            let why = "The source has no such lead";
            return Err(refusal(StatusCode::NOT_FOUND, "unknown_lead", why));
        };
        if !lead.open {
            return conflict("conversation_closed", "The conversation of the lead is closed");
        }
        if !self.is_ready(lead) {
            return conflict("lead_not_ready", "The lead has left no phone number or e-mail yet");
        }
        Ok(self.say(id, LeadSender::Api, text, now))
    }

    /// A person reaches out without a word, as by a form: their lead.
    pub(super) fn lead_appears(
        &mut self,
        source: SourceId,
        who: &str,
        now: Timestamp,
    ) -> Result<u64, ControlError> {
        let id = self.lead_of(source, not_blank(who)?.trim(), now);
        self.tell(id, None, None, now);
        Ok(id)
    }

    /// A person writes: their lead, made if they are new.
    pub(super) fn lead_writes(
        &mut self,
        source: SourceId,
        who: &str,
        text: &str,
        now: Timestamp,
    ) -> Result<u64, ControlError> {
        let (who, text) = (not_blank(who)?.trim(), not_blank(text)?);
        let id = self.lead_of(source, who, now);
        self.say(id, LeadSender::Lead, text, now);
        Ok(id)
    }

    /// Undocumented: how "Create only for new leads" changes what is told. Assumed: a returning lead is
    /// no `new_lead` then, and its messages are told all the same.
    fn lead_of(&mut self, source: SourceId, who: &str, now: Timestamp) -> u64 {
        let only_new = self.source(source).only_new_leads;
        let mut known = self.leads.iter_mut();
        if let Some((id, lead)) = known.find(|(_, l)| l.source == source && l.name == who) {
            if !lead.open {
                (lead.open, lead.is_new, lead.is_announced) = (true, false, only_new);
                lead.over = lead.messages.len();
            }
            return *id;
        }
        let id = self.leads.len() as u64 + 1;
        self.leads.insert(id, Lead::new(source, who));
        self.schedule_welcome(id, now);
        id
    }

    /// Undocumented: whether a number has a form of its own. Assumed: any text is taken.
    pub(super) fn leave_contact_info(
        &mut self,
        id: u64,
        phone: Option<&str>,
        email: Option<&str>,
        now: Timestamp,
    ) -> Result<(), ControlError> {
        let [phone, email] = [phone, email].map(|text| text.map(not_blank).transpose());
        let (phone, email) = (phone?, email?);
        if phone.is_none() && email.is_none() {
            return Err(ControlError::Blank);
        }
        let lead = self.lead_mut(id)?;
        lead.phone = phone.map(str::to_owned).or(lead.phone.take());
        lead.email = email.map(str::to_owned).or(lead.email.take());
        self.tell(id, Some(Kind::NewContactInfo), None, now);
        Ok(())
    }

    pub(super) fn add_tag(&mut self, id: u64, tag: &str) -> Result<(), ControlError> {
        let tag = not_blank(tag)?.to_owned();
        self.lead_mut(id)?.tags.insert(tag);
        Ok(())
    }

    pub(super) fn set_open(&mut self, id: u64, yes: bool) -> Result<(), ControlError> {
        self.lead_mut(id)?.open = yes;
        Ok(())
    }

    fn lead_mut(&mut self, id: u64) -> Result<&mut Lead, ControlError> {
        self.leads.get_mut(&id).ok_or(ControlError::UnknownLead)
    }

    pub(super) fn team_replies(
        &mut self,
        id: u64,
        text: &str,
        now: Timestamp,
    ) -> Result<String, ControlError> {
        let text = not_blank(text)?;
        let lead = self.leads.get(&id).ok_or(ControlError::UnknownLead)?;
        if !lead.open {
            return Err(ControlError::ConversationClosed);
        }
        Ok(self.say(id, LeadSender::Team, text, now))
    }

    /// Adds a message to a conversation, and tells the webhook of it: its id.
    pub(super) fn say(
        &mut self,
        id: u64,
        sender: LeadSender,
        text: &str,
        now: Timestamp,
    ) -> String {
        self.last_message += 1;
        let message = LeadMessage {
            id: format!("msg_{}", self.last_message),
            sender,
            text: text.to_owned(),
            sent_at: now,
        };
        let message_id = message.id.clone();
        if let Ok(lead) = self.lead_mut(id) {
            lead.messages.push(message.clone());
        }
        self.tell(id, Some(Kind::NewMessage), Some(message), now);
        message_id
    }
}

fn not_blank(text: &str) -> Result<&str, ControlError> {
    if text.trim().is_empty() { Err(ControlError::Blank) } else { Ok(text) }
}
