use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use convrs_client::{
    Ack, AgentId, BotId, Channel, Cid, DateTime, DeliveryCallback, E164, ErrorCode, Message, Mid,
    PhoneNumber, Template, Uid, User,
};
use jiff::{SignedDuration, Timestamp, tz::Offset};
use serde_json::{Map, Value};

use super::{
    callbacks::{CallbackDelivery, PendingCallback, Webhook},
    seed::new_user,
};

/// How a message to a person who reads everything travels: the ack, and the time after the send.
const WHATSAPP_LADDER: [(Ack, Duration); 4] = [
    (Ack::AtServer, Duration::ZERO),
    (Ack::Sent, Duration::from_secs(1)),
    (Ack::Delivered, Duration::from_secs(2)),
    (Ack::Read, Duration::from_secs(3)),
];

/// An SMS is never "at the server" and never "read".
const SMS_LADDER: [(Ack, Duration); 2] =
    [(Ack::Sent, Duration::ZERO), (Ack::Delivered, Duration::from_secs(1))];

const WINDOW: SignedDuration = SignedDuration::from_secs(1);
const PER_TOKEN: usize = 10;

/// Everything that the server knows.
#[derive(Default)]
pub(crate) struct State {
    pub(super) users: BTreeMap<Uid, User>,
    pub(super) data_of: BTreeMap<Uid, Map<String, Value>>,
    pub(super) tags_of: BTreeMap<Uid, Vec<String>>,
    pub(super) tags: BTreeSet<String>,
    pub(super) routes: BTreeSet<String>,
    pub(super) bots: BTreeMap<BotId, Vec<Channel>>,
    pub(super) agents: Vec<Agent>,
    pub(super) templates: Vec<(BotId, Template)>,
    pub(super) conversations: Vec<Conversation>,
    pub(super) deliveries: BTreeMap<Mid, Delivery>,
    /// What happens later, by due time and then in the order of scheduling.
    pub(super) steps: BTreeMap<(Timestamp, u64), Step>,
    /// The sends of the last second, oldest first; a number where there is one.
    pub(super) recent: VecDeque<(Timestamp, Option<E164>)>,
    pub(super) callbacks: Vec<CallbackDelivery>,
    pub(super) serial: u64,
}

pub(super) struct Agent {
    pub(super) id: AgentId,
    pub(super) name: String,
    pub(super) email: String,
}

/// A conversation between a user and an agent.
pub(super) struct Conversation {
    pub(super) cid: Cid,
    pub(super) uid: Uid,
    pub(super) agent_id: AgentId,
    pub(super) started_at: DateTime,
    pub(super) open: bool,
    pub(super) messages: Vec<Message>,
}

/// A message on its way to a person.
pub(super) struct Delivery {
    pub(super) uid: Uid,
    pub(super) bot_id: BotId,
    pub(super) ack: Ack,
    webhook: Option<Webhook>,
}

impl Delivery {
    pub(super) fn new(uid: Uid, bot_id: BotId, ack: Ack) -> Self {
        Self { uid, bot_id, ack, webhook: None }
    }
}

/// A message comes further.
pub(crate) struct Step {
    mid: Mid,
    ack: Ack,
}

impl State {
    pub(super) fn user(&mut self, uid: &Uid) -> Result<&mut User, ErrorCode> {
        self.users.get_mut(uid).ok_or(ErrorCode::UnknownUser)
    }

    pub(super) fn check_bot(&self, bot_id: BotId, channel: &Channel) -> Result<(), ErrorCode> {
        match self.bots.get(&bot_id) {
            None => Err(ErrorCode::UnknownBot),
            Some(channels) if channels.contains(channel) => Ok(()),
            Some(_) => Err(ErrorCode::WrongBotType),
        }
    }

    pub(super) fn template(
        &self,
        bot_id: BotId,
        name: &str,
        language: &str,
    ) -> Result<&Template, ErrorCode> {
        let mut of_bot = self.templates.iter().filter(|(bot, _)| *bot == bot_id).peekable();
        if of_bot.peek().is_none() {
            return Err(ErrorCode::NoTemplates);
        }
        of_bot
            .map(|(_, template)| template)
            .find(|template| template.name == name && template.language == language)
            .ok_or(ErrorCode::UnknownTemplate)
    }

    pub(super) fn check_agent(&self, email: Option<&String>) -> Result<(), ErrorCode> {
        match email {
            Some(email) if !self.agents.iter().any(|agent| agent.email == *email) => {
                Err(ErrorCode::InvalidAgent)
            }
            _ => Ok(()),
        }
    }

    pub(super) fn check_route(&self, route: &str) -> Result<(), ErrorCode> {
        if self.routes.contains(route) { Ok(()) } else { Err(ErrorCode::UnknownRoute) }
    }

    pub(super) fn check_tag(&self, tag: &str) -> Result<(), ErrorCode> {
        if self.tags.contains(tag) { Ok(()) } else { Err(ErrorCode::UnknownTag) }
    }

    pub(super) fn check_no_agent(&self, uid: &Uid) -> Result<(), ErrorCode> {
        if self.conversations.iter().any(|c| c.open && c.uid == *uid) {
            Err(ErrorCode::UserWithAgent)
        } else {
            Ok(())
        }
    }

    /// Looks at both limits before either is charged: 1 message a second to a number, 10 in all.
    /// `None` is a person without a number, who counts in all only.
    pub(super) fn check_rate(
        &mut self,
        phone: Option<E164>,
        now: Timestamp,
    ) -> Result<(), ErrorCode> {
        let over = |sent: Timestamp| now.duration_since(sent) >= WINDOW;
        while self.recent.front().is_some_and(|(sent, _)| over(*sent)) {
            self.recent.pop_front();
        }
        if phone.is_some() && self.recent.iter().any(|(_, number)| *number == phone) {
            Err(ErrorCode::PhoneRateLimit)
        } else if self.recent.len() >= PER_TOKEN {
            Err(ErrorCode::TokenRateLimit)
        } else {
            Ok(())
        }
    }

    pub(super) fn charge_rate(&mut self, phone: Option<E164>, now: Timestamp) {
        self.recent.push_back((now, phone));
    }

    /// The user behind a number; a first message makes one.
    pub(super) fn user_of(
        &mut self,
        bot_id: BotId,
        channel: Channel,
        phone: E164,
        now: Timestamp,
    ) -> Uid {
        let name = channel.as_str().to_ascii_lowercase();
        let uid = Uid::from(format!("{}-{name}-{}", bot_id.get(), phone.digits()));
        self.users.entry(uid.clone()).or_insert_with(|| {
            let mut user = new_user(uid.clone(), bot_id, channel, DateTime::from(now));
            user.phone = Some(PhoneNumber::from(phone.with_plus()));
            user
        });
        uid
    }

    /// Sends a message on its way, up the ladder of its channel.
    pub(super) fn deliver(
        &mut self,
        uid: Uid,
        bot_id: BotId,
        channel: &Channel,
        webhook: Option<Webhook>,
        now: Timestamp,
    ) -> Mid {
        let ladder: &[(Ack, Duration)] =
            if *channel == Channel::WhatsApp { &WHATSAPP_LADDER } else { &SMS_LADDER };
        let mid = Mid::from(self.next_id(now));
        for (ack, delay) in ladder {
            self.serial += 1;
            let due = now.saturating_add(*delay).unwrap_or(Timestamp::MAX);
            self.steps.insert((due, self.serial), Step { mid: mid.clone(), ack: *ack });
        }
        let ack = ladder.first().map_or(Ack::Sent, |(ack, _)| *ack);
        self.deliveries.insert(mid.clone(), Delivery { uid, bot_id, ack, webhook });
        mid
    }

    /// 24 hex digits, as the ids of the document.
    pub(super) fn next_id(&mut self, now: Timestamp) -> String {
        self.serial += 1;
        format!("{:08x}{:016x}", now.as_second(), self.serial)
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

    /// Lets a message come further. The callback is what is left to do.
    pub(crate) fn take_step(&mut self, step: Step, now: Timestamp) -> Option<PendingCallback> {
        let delivery = self.deliveries.get_mut(&step.mid)?;
        delivery.ack = delivery.ack.merge(step.ack);
        let webhook = delivery.webhook.clone()?;
        let mut callback =
            DeliveryCallback::new(step.mid, delivery.uid.clone(), delivery.bot_id, step.ack);
        let civil = Offset::UTC.to_datetime(now);
        callback.timestamp = Some(DateTime::from(civil.strftime("%Y-%m-%dT%H:%M:%S").to_string()));
        callback.webhook_payload.clone_from(&webhook.payload);
        Some(PendingCallback { webhook, callback })
    }

    pub(crate) fn record(&mut self, delivery: CallbackDelivery) {
        self.callbacks.push(delivery);
    }

    pub(crate) fn callbacks(&self) -> &[CallbackDelivery] {
        &self.callbacks
    }
}
