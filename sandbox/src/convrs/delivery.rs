//! Messages on their way to a person, and how far each has come.

use std::time::Duration;

use convrs_client::{
    Ack, BotId, Channel, DateTime, DeliveryCallback, E164, Event, Message, MessageKind, Mid,
    Sender, Uid, WhatsAppError, envelope,
};
use jiff::{Timestamp, tz::Offset};

use super::{
    push::{PendingPush, Webhook},
    state::State,
};

/// What happens to the messages to a number.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Recipient {
    /// They are delivered, and read where the channel can tell.
    #[default]
    Reads,
    /// They are delivered, and never read.
    Receives,
    /// They are sent, and never delivered.
    Unreachable,
    /// The number is not on WhatsApp: ack -2. An SMS is delivered.
    NotOnWhatsApp,
    /// They fail on the way, with ack -1 and this error.
    Fails(WhatsAppError),
}

/// A message on its way to a person.
pub(super) struct Delivery {
    pub(super) uid: Uid,
    pub(super) bot_id: BotId,
    pub(super) ack: Ack,
    pub(super) error: Option<WhatsAppError>,
    webhook: Option<Webhook>,
}

impl Delivery {
    pub(super) fn new(uid: Uid, bot_id: BotId, ack: Ack) -> Self {
        Self { uid, bot_id, ack, error: None, webhook: None }
    }
}

/// A message that a command sends.
pub(super) struct Outgoing {
    pub(super) bot_id: BotId,
    pub(super) channel: Channel,
    pub(super) phone: E164,
    pub(super) text: String,
    pub(super) webhook: Option<Webhook>,
}

/// Something that happens later.
pub(crate) enum Step {
    /// A message comes further.
    Ack { mid: Mid, ack: Ack },
    /// An event is pushed to the socket that is connected then, and to where the dashboard said when
    /// it happened.
    Event { url: Option<String>, event: Event },
}

/// How a message travels: the ack, and the seconds after the send. An SMS is never "at the server"
/// and never "read".
fn ladder(channel: &Channel, recipient: &Recipient) -> &'static [(Ack, u64)] {
    use Ack::{AtServer, Delivered, Failed, NotOnWhatsApp, Read, Sent};
    if *channel == Channel::WhatsApp {
        match recipient {
            Recipient::Reads => &[(AtServer, 0), (Sent, 1), (Delivered, 2), (Read, 3)],
            Recipient::Receives => &[(AtServer, 0), (Sent, 1), (Delivered, 2)],
            Recipient::Unreachable => &[(AtServer, 0), (Sent, 1)],
            Recipient::NotOnWhatsApp => &[(AtServer, 0), (NotOnWhatsApp, 1)],
            Recipient::Fails(_) => &[(AtServer, 0), (Failed, 1)],
        }
    } else {
        match recipient {
            Recipient::Unreachable => &[(Sent, 0)],
            Recipient::Fails(_) => &[(Sent, 0), (Failed, 1)],
            _ => &[(Sent, 0), (Delivered, 1)],
        }
    }
}

impl State {
    /// Sends a message on its way.
    pub(super) fn deliver(&mut self, message: Outgoing, now: Timestamp) -> (Uid, Mid) {
        let Outgoing { bot_id, channel, phone, text, webhook } = message;
        let uid = self.user_of(bot_id, channel.clone(), phone, now);
        let mid = Mid::from(self.next_id(now));
        self.keep_sent(&uid, mid.clone(), text, now);

        let mut recipient = self.recipients.get(&phone).cloned().unwrap_or_default();
        if self.disabled.contains(&uid) {
            recipient = Recipient::Unreachable;
        }
        let ladder = ladder(&channel, &recipient);
        for (ack, seconds) in ladder {
            let due = now.saturating_add(Duration::from_secs(*seconds)).unwrap_or(Timestamp::MAX);
            self.schedule(due, Step::Ack { mid: mid.clone(), ack: *ack });
        }
        let ack = ladder.first().map_or(Ack::Sent, |(ack, _)| *ack);
        let error = match recipient {
            Recipient::Fails(error) => Some(error),
            _ => None,
        };
        if channel == Channel::WhatsApp {
            self.templates_to.entry(uid.clone()).or_default().push(mid.clone());
        }
        let delivery = Delivery { uid: uid.clone(), bot_id, ack, error, webhook };
        self.deliveries.insert(mid.clone(), delivery);
        (uid, mid)
    }

    /// Keeps what a command sent, so that GetConversation shows it.
    pub(super) fn keep_sent(&mut self, uid: &Uid, mid: Mid, text: String, now: Timestamp) {
        let mut message = Message::new(mid, MessageKind::Text, Sender::System);
        message.uid = Some(uid.clone());
        message.text = Some(text);
        message.sent_at = Some(DateTime::from(now));
        message.channel = self.users.get(uid).and_then(|user| user.channel.clone());
        self.sent.entry(uid.clone()).or_default().push(message);
    }

    /// A person who writes has replied to the last template that reached them.
    pub(super) fn reply_to_template(&mut self, uid: &Uid, now: Timestamp) {
        let reached = |mid: &&Mid| {
            let sent = self.deliveries.get(*mid);
            sent.is_some_and(|sent| matches!(sent.ack, Ack::Delivered | Ack::Read))
        };
        let last = self.templates_to.get(uid).and_then(|sent| sent.iter().rev().find(reached));
        if let Some(mid) = last.cloned() {
            self.schedule(now, Step::Ack { mid, ack: Ack::Replied });
        }
    }

    pub(super) fn schedule(&mut self, due: Timestamp, step: Step) {
        self.serial += 1;
        self.steps.insert((due, self.serial), step);
    }

    /// Pushes an event.
    pub(super) fn push(&mut self, event: Event, now: Timestamp) {
        self.schedule(now, Step::Event { url: self.webhook_url.clone(), event });
    }

    /// When the next step falls due.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.steps.first_key_value().map(|((due, _), _)| *due)
    }

    /// Takes out the next step that falls due by `end`.
    pub(crate) fn next_step(&mut self, end: Timestamp) -> Option<(Timestamp, Step)> {
        let first = self.steps.first_entry().filter(|step| step.key().0 <= end)?;
        let ((due, _), step) = first.remove_entry();
        Some((due, step))
    }

    /// Lets a step happen. What has to be posted for it is left to do.
    pub(crate) fn take_step(&mut self, step: Step, now: Timestamp) -> Option<PendingPush> {
        match step {
            Step::Event { url, event } => {
                let body = envelope::encode_event(&event);
                self.push_to_socket(&event, &body);
                Some(PendingPush::event(url?, &event, body))
            }
            Step::Ack { mid, ack } => {
                let delivery = self.deliveries.get_mut(&mid)?;
                delivery.ack = delivery.ack.merge(ack);
                let webhook = delivery.webhook.clone()?;
                let mut callback =
                    DeliveryCallback::new(mid, delivery.uid.clone(), delivery.bot_id, ack);
                if let (Ack::Failed, Some(error)) = (ack, &delivery.error) {
                    callback.whatsapp_error_code = error.code;
                    callback.whatsapp_error_desc.clone_from(&error.description);
                }
                let civil = Offset::UTC.to_datetime(now).strftime("%Y-%m-%dT%H:%M:%S").to_string();
                callback.timestamp = Some(DateTime::from(civil));
                callback.webhook_payload.clone_from(&webhook.payload);
                Some(PendingPush::callback(webhook, callback))
            }
        }
    }
}
