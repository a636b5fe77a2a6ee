//! When things happen: the welcome, and the posts to a webhook, those of one lead in order.

use std::{collections::VecDeque, time::Duration};

use http::HeaderValue;
use jiff::Timestamp;
use serde_json::Value;

use super::{
    LeadSender, WebhookFault,
    card::SourceId,
    post::{Ending, Outgoing, Posted},
    state::State,
    webhook::{Kind, Target},
};
use crate::{ControlError, PushResult};

/// Undocumented: any repeat. Assumed: so many seconds after each attempt, and none after the last.
const REPEATS: [u64; 3] = [1, 10, 60];

/// Undocumented: when the welcome comes, and its words. Assumed: these.
const WELCOME_AFTER: Duration = Duration::from_secs(1);
const WELCOME: &str = "Thanks for reaching out! We will get back to you shortly.";

/// Something that happens later.
#[derive(Clone, Copy)]
pub(crate) enum Job {
    Welcome(u64),
    /// The first event of a lead is posted.
    Post(u64),
}

/// The events of a lead that are not done with, oldest first.
#[derive(Default)]
pub(super) struct Outbox {
    events: VecDeque<Event>,
    /// Whether the first one is under way, or has its time.
    busy: bool,
    /// Whether the first one waits for another to go before it.
    held: bool,
}

struct Event {
    number: u64,
    body: String,
    begun: bool,
    failures: usize,
    fault: Option<WebhookFault>,
}

impl Outbox {
    /// The first event, with its fault if it begins now. One that goes behind the next is put there.
    fn first(&mut self, faults: &mut VecDeque<WebhookFault>) -> Option<&mut Event> {
        loop {
            let event = self.events.front_mut()?;
            if !event.begun {
                event.begun = true;
                event.fault = faults.pop_front();
            }
            if event.fault != Some(WebhookFault::Reorder) {
                return self.events.front_mut();
            }
            event.fault = None;
            self.held = !self.swap();
            if self.held {
                return None;
            }
        }
    }

    /// Puts the first event behind the next, if there is one.
    fn swap(&mut self) -> bool {
        let Some(next) = self.events.remove(1) else { return false };
        self.events.push_front(next);
        true
    }
}

impl State {
    /// Puts an event in the line of its lead.
    pub(super) fn queue(&mut self, lead: u64, number: u64, body: String, now: Timestamp) {
        let outbox = self.outboxes.entry(lead).or_default();
        let event = Event { number, body, begun: false, failures: 0, fault: None };
        outbox.events.push_back(event);
        if outbox.busy {
            return;
        }
        outbox.busy = true;
        if std::mem::take(&mut outbox.held) {
            outbox.swap();
        }
        self.schedule(now, Job::Post(lead));
    }

    pub(super) fn schedule_welcome(&mut self, lead: u64, now: Timestamp) {
        self.schedule(later(now, WELCOME_AFTER), Job::Welcome(lead));
    }

    fn schedule(&mut self, due: Timestamp, job: Job) {
        self.serial += 1;
        self.jobs.insert((due, self.serial), job);
    }

    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.jobs.first_key_value().map(|((due, _), _)| *due)
    }

    /// Takes out the next job that falls due by `end`.
    pub(crate) fn next_step(&mut self, end: Timestamp) -> Option<(Timestamp, Job)> {
        let first = self.jobs.first_entry().filter(|job| job.key().0 <= end)?;
        let ((due, _), job) = first.remove_entry();
        Some((due, job))
    }

    /// Does a job. What has to be posted for it is left to do.
    pub(crate) fn take_step(&mut self, job: Job, now: Timestamp) -> Option<Outgoing> {
        match job {
            Job::Welcome(id) => {
                let lead = self.leads.get(&id).filter(|lead| lead.open)?;
                if !self.source(lead.source).webhook.skips_welcome {
                    self.say(id, LeadSender::Auto, WELCOME, now);
                }
                None
            }
            Job::Post(id) => self.post_first(id),
        }
    }

    /// Undocumented: what becomes of events that fall due while the webhook is off. Assumed: they are gone.
    fn post_first(&mut self, id: u64) -> Option<Outgoing> {
        let source = self.leads.get(&id)?.source;
        let mut outbox = self.outboxes.remove(&id)?;
        let webhook = &mut self.source_mut(source).webhook;
        let mut target = webhook.target.clone().filter(|_| webhook.enabled)?;
        let outgoing = outbox.first(&mut webhook.faults).map(|event| {
            let passing = event.fault.filter(|fault| *fault != WebhookFault::Duplicate);
            if passing.is_some() {
                event.fault = None;
            }
            let ending = match passing {
                Some(WebhookFault::HangUp) => Ending::HangUp,
                Some(WebhookFault::AnswerLost) => Ending::AnswerLost,
                _ => Ending::Whole,
            };
            if passing == Some(WebhookFault::WrongSecret) {
                target.secret = HeaderValue::from_static("not-the-secret");
            }
            Outgoing {
                number: event.number,
                lead: Some(id),
                target,
                body: event.body.clone(),
                ending,
            }
        });
        outbox.busy = outgoing.is_some();
        self.outboxes.insert(id, outbox);
        outgoing
    }

    /// A test of the webhook, which needs not be enabled for it.
    pub(super) fn test_request(
        &mut self,
        source: SourceId,
        now: Timestamp,
    ) -> Result<Outgoing, ControlError> {
        let target: Option<Target> = self.source(source).webhook.target.clone();
        let target = target.ok_or(ControlError::NoWebhook)?;
        let number = self.add_delivery(source, Kind::Test, None);
        let body = Value::Object(self.event(source, Kind::Test, number, now)).to_string();
        Ok(Outgoing { number, lead: None, target, body, ending: Ending::Whole })
    }

    /// Notes what came of a post. What nobody has taken is repeated, or given up.
    pub(crate) fn record(&mut self, posted: Posted, now: Timestamp) {
        let taken = matches!(posted.result, PushResult::Answered(200..=299));
        if let Some((_, delivery)) = self.deliveries.get_mut(&posted.number) {
            delivery.attempts.push(posted.result);
        }
        let Some(id) = posted.lead else { return };
        let Some(outbox) = self.outboxes.get_mut(&id) else { return };
        let Some(event) = outbox.events.front_mut() else { return };
        let again = if taken {
            event.fault.take().map(|_duplicate| Duration::ZERO)
        } else {
            event.failures += 1;
            REPEATS.get(event.failures - 1).map(|seconds| Duration::from_secs(*seconds))
        };
        if again.is_none() {
            outbox.events.pop_front();
        }
        if outbox.events.is_empty() {
            self.outboxes.remove(&id);
        } else {
            self.schedule(later(now, again.unwrap_or_default()), Job::Post(id));
        }
    }
}

fn later(time: Timestamp, by: Duration) -> Timestamp {
    time.saturating_add(by).unwrap_or(Timestamp::MAX)
}
