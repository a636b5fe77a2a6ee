//! The REST Webhook card of a source, and what it posts.

use std::collections::VecDeque;

use http::{HeaderValue, Uri};
use jiff::Timestamp;
use replykit_transport::{check_target, is_loopback};
use serde_json::{Map, Value, json};

use super::{
    LeadMessage, LeadSender,
    card::SourceId,
    leads::{Lead, lead_id},
    state::State,
};
use crate::{ControlError, PushResult};

/// What goes wrong on the way from a source to its webhook. Each happens once, to the next event that
/// is posted for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WebhookFault {
    /// It is posted once more after the receiver has taken it, with the same id.
    Duplicate,
    /// It goes out behind the next event of its lead, also if that is still to come.
    Reorder,
    /// The connection is closed right behind the request, and it is repeated.
    HangUp,
    /// The receiver's answer is lost, so it is repeated.
    AnswerLost,
    /// It is posted with a wrong secret, and repeated with the right one unless it is taken.
    WrongSecret,
}

/// An event that a source posted to its webhook, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeadDelivery {
    /// Its id, such as `evt_1`, which is the same in each attempt.
    pub event_id: String,
    /// `new_lead`, `new_contact_info`, `new_message` or `test`.
    pub event: String,
    /// The lead; none for a test.
    pub lead: Option<String>,
    /// What came of each attempt so far. After the first it is repeated after 1, 10 and 60 s, until it
    /// is answered with a 2xx.
    pub attempts: Vec<PushResult>,
}

/// The REST Webhook card. No `Debug`: it holds the secret.
#[derive(Default)]
pub(super) struct Webhook {
    pub(super) target: Option<Target>,
    pub(super) enabled: bool,
    pub(super) skips_welcome: bool,
    /// Of the events to come.
    pub(super) faults: VecDeque<WebhookFault>,
}

/// Where events go.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) url: Uri,
    pub(super) secret: HeaderValue,
}

impl Target {
    pub(super) fn new(url: &str, secret: &str) -> Result<Self, ControlError> {
        let url = url.parse::<Uri>().ok();
        let url = url.filter(|url| url.scheme_str() == Some("http") && is_loopback(url));
        let url = url.filter(|url| check_target(url).is_ok()).ok_or(ControlError::InvalidUrl)?;
        let secret = Some(secret).filter(|secret| !secret.is_empty() && secret.trim() == *secret);
        let secret = secret.and_then(|secret| HeaderValue::from_str(secret).ok());
        let mut secret = secret.ok_or(ControlError::InvalidSecret)?;
        secret.set_sensitive(true);
        Ok(Self { url, secret })
    }
}

impl Webhook {
    pub(super) fn enable(&mut self) -> Result<(), ControlError> {
        if self.target.is_none() {
            return Err(ControlError::NoWebhook);
        }
        self.enabled = true;
        Ok(())
    }
}

/// What an event tells.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    NewLead,
    NewContactInfo,
    NewMessage,
    Test,
}

impl Kind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::NewLead => "new_lead",
            Self::NewContactInfo => "new_contact_info",
            Self::NewMessage => "new_message",
            Self::Test => "test",
        }
    }
}

impl State {
    /// Tells the webhook of a lead what happened, or nothing while the lead is not ready. To one that it
    /// was not told of, whatever happens is a new lead.
    pub(super) fn tell(
        &mut self,
        id: u64,
        happened: Option<Kind>,
        message: Option<LeadMessage>,
        now: Timestamp,
    ) {
        let Some(lead) = self.leads.get(&id).filter(|lead| self.is_ready(lead)) else { return };
        let source = lead.source;
        let (kind, message) = if lead.is_announced {
            let Some(kind) = happened else { return };
            (kind, message)
        } else {
            (Kind::NewLead, lead.last_words().cloned())
        };
        if let Some(lead) = self.leads.get_mut(&id) {
            lead.is_announced = true;
        }
        if !self.source(source).webhook.enabled {
            return;
        }
        let number = self.add_delivery(source, kind, Some(id));
        let mut body = self.event(source, kind, number, now);
        if let Some(lead) = self.leads.get(&id) {
            body.insert("lead".to_owned(), lead.show(id, self.is_ready(lead)));
            let conversation = lead.messages.iter().map(show).collect();
            body.insert("conversation".to_owned(), conversation);
        }
        if let Some(message) = message {
            body.insert("message".to_owned(), show(&message));
        }
        self.queue(id, number, Value::Object(body).to_string(), now);
    }

    /// Notes an event that will be posted: its number.
    pub(super) fn add_delivery(&mut self, source: SourceId, kind: Kind, lead: Option<u64>) -> u64 {
        let number = self.deliveries.len() as u64 + 1;
        let delivery = LeadDelivery {
            event_id: event_id(number),
            event: kind.as_str().to_owned(),
            lead: lead.map(lead_id),
            attempts: Vec::new(),
        };
        self.deliveries.insert(number, (source, delivery));
        number
    }

    /// What every event has. Assumed: these names, and that a test has no more.
    pub(super) fn event(
        &self,
        source: SourceId,
        kind: Kind,
        number: u64,
        now: Timestamp,
    ) -> Map<String, Value> {
        let mut shown = Map::from_iter([("id".to_owned(), source.id().into())]);
        if self.source(source).includes_source_name {
            shown.insert("name".to_owned(), source.name().into());
        }
        Map::from_iter([
            ("event".to_owned(), kind.as_str().into()),
            ("event_id".to_owned(), event_id(number).into()),
            ("occurred_at".to_owned(), now.to_string().into()),
            ("source".to_owned(), shown.into()),
        ])
    }
}

fn event_id(number: u64) -> String {
    format!("evt_{number}")
}

impl Lead {
    fn show(&self, id: u64, ready: bool) -> Value {
        let (first, last) = match self.name.split_once(char::is_whitespace) {
            Some((first, last)) => (first, Some(last.trim_start())),
            None => (self.name.as_str(), None),
        };
        json!({
            "id": lead_id(id),
            "name": self.name,
            "first_name": first,
            "last_name": last,
            "phone": self.phone,
            "email": self.email,
            "tags": self.tags,
            "is_new": self.is_new,
            "ready": ready,
        })
    }
}

fn show(message: &LeadMessage) -> Value {
    let inbound = message.sender == LeadSender::Lead;
    json!({
        "id": message.id,
        "direction": if inbound { "inbound" } else { "outbound" },
        "sender": message.sender.as_str(),
        "text": message.text,
        "sent_at": message.sent_at.to_string(),
    })
}
