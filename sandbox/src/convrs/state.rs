use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use convrs_client::{
    Ack, BotId, Channel, DateTime, DeliveryCallback, E164, ErrorCode, Mid, PhoneNumber, Uid, User,
};
use jiff::{Timestamp, tz::Offset};

use super::callbacks::{CallbackDelivery, PendingCallback, Webhook};

/// How a message to a person who reads everything travels: the ack, and the time after the send.
const LADDER: [(Ack, Duration); 4] = [
    (Ack::AtServer, Duration::ZERO),
    (Ack::Sent, Duration::from_secs(1)),
    (Ack::Delivered, Duration::from_secs(2)),
    (Ack::Read, Duration::from_secs(3)),
];

const WINDOW: Duration = Duration::from_secs(1);
const PER_TOKEN: usize = 10;

/// Everything that the server knows.
pub(crate) struct State {
    users: BTreeMap<Uid, User>,
    bots: BTreeMap<BotId, Vec<Channel>>,
    agents: Vec<String>,
    templates: Vec<Template>,
    messages: BTreeMap<Mid, Message>,
    /// What happens later, by due time and then in the order of scheduling.
    steps: BTreeMap<(Timestamp, u64), Step>,
    /// The sends of the last second, oldest first.
    recent: VecDeque<(Timestamp, E164)>,
    callbacks: Vec<CallbackDelivery>,
    serial: u64,
}

struct Template {
    bot_id: BotId,
    name: String,
    language: String,
    placeholders: usize,
}

pub(super) struct Message {
    pub(super) uid: Uid,
    pub(super) bot_id: BotId,
    pub(super) ack: Ack,
    webhook: Option<Webhook>,
}

/// A message comes further.
pub(crate) struct Step {
    mid: Mid,
    ack: Ack,
}

impl State {
    /// The document's own objects: user 73-tel-615940546, bots 73 and 3941, three templates, and the
    /// message that its examples ask for.
    pub(crate) fn new() -> Self {
        let (telegram, whatsapp) = (BotId::new(73), BotId::new(3941));
        let template = |name: &str, placeholders| Template {
            bot_id: whatsapp,
            name: name.to_owned(),
            language: "en".to_owned(),
            placeholders,
        };
        let mut state = Self {
            users: BTreeMap::new(),
            bots: BTreeMap::from([
                (telegram, vec![Channel::Telegram]),
                (whatsapp, vec![Channel::WhatsApp, Channel::Sms]),
            ]),
            agents: vec!["john@company.com".to_owned()],
            templates: vec![
                template("followup_inquiry_request", 0),
                template("order_confirmation", 2),
                template("order_update", 0),
            ],
            messages: BTreeMap::new(),
            steps: BTreeMap::new(),
            recent: VecDeque::new(),
            callbacks: Vec::new(),
            serial: 0,
        };
        let mut billy =
            new_user("73-tel-615940546", telegram, Channel::Telegram, "2020-04-28T17:48:15.000Z");
        billy.name = Some("Billy Bob".to_owned());
        billy.first_name = Some("Billy".to_owned());
        billy.last_name = Some("Bob".to_owned());
        billy.url = Some("https://app.conv.rs/u/abc123".to_owned());
        let mut reader = new_user(
            "3941-wa3-44151999999",
            whatsapp,
            Channel::WhatsApp,
            "2024-11-14T14:28:00.000Z",
        );
        reader.phone = Some(PhoneNumber::from("+44151999999"));
        state.messages.insert(
            Mid::from("6462d3d8c8b0b08fddc34ca8"),
            Message { uid: reader.uid.clone(), bot_id: whatsapp, ack: Ack::Read, webhook: None },
        );
        for user in [billy, reader] {
            state.users.insert(user.uid.clone(), user);
        }
        state
    }

    pub(super) fn user(&self, uid: &Uid) -> Option<&User> {
        self.users.get(uid)
    }

    pub(super) fn message(&self, mid: &Mid) -> Option<&Message> {
        self.messages.get(mid)
    }

    pub(super) fn check_whatsapp_bot(&self, bot_id: BotId) -> Result<(), ErrorCode> {
        match self.bots.get(&bot_id) {
            None => Err(ErrorCode::UnknownBot),
            Some(channels) if channels.contains(&Channel::WhatsApp) => Ok(()),
            Some(_) => Err(ErrorCode::WrongBotType),
        }
    }

    /// The number of placeholders of a template.
    pub(super) fn placeholders(
        &self,
        bot_id: BotId,
        name: &str,
        language: &str,
    ) -> Result<usize, ErrorCode> {
        let mut of_bot = self.templates.iter().filter(|t| t.bot_id == bot_id).peekable();
        if of_bot.peek().is_none() {
            return Err(ErrorCode::NoTemplates);
        }
        of_bot
            .find(|template| template.name == name && template.language == language)
            .map(|template| template.placeholders)
            .ok_or(ErrorCode::UnknownTemplate)
    }

    pub(super) fn check_agent(&self, email: &str) -> Result<(), ErrorCode> {
        if self.agents.iter().any(|agent| agent == email) {
            Ok(())
        } else {
            Err(ErrorCode::InvalidAgent)
        }
    }

    /// Looks at both limits before either is charged: 1 message a second to a number, 10 in all.
    pub(super) fn check_rate(&mut self, phone: E164, now: Timestamp) -> Result<(), ErrorCode> {
        while self.recent.front().is_some_and(|(sent, _)| *sent + WINDOW <= now) {
            self.recent.pop_front();
        }
        if self.recent.iter().any(|(_, number)| *number == phone) {
            Err(ErrorCode::PhoneRateLimit)
        } else if self.recent.len() >= PER_TOKEN {
            Err(ErrorCode::TokenRateLimit)
        } else {
            Ok(())
        }
    }

    pub(super) fn charge_rate(&mut self, phone: E164, now: Timestamp) {
        self.recent.push_back((now, phone));
    }

    /// The user behind a number; a first message makes one.
    pub(super) fn whatsapp_user(&mut self, bot_id: BotId, phone: E164, now: Timestamp) -> Uid {
        let uid = Uid::from(format!("{}-wa3-{}", bot_id.get(), phone.digits()));
        self.users.entry(uid.clone()).or_insert_with(|| {
            let mut user = new_user(uid.clone(), bot_id, Channel::WhatsApp, DateTime::from(now));
            user.phone = Some(PhoneNumber::from(phone.with_plus()));
            user
        });
        uid
    }

    pub(super) fn add_message(
        &mut self,
        uid: Uid,
        bot_id: BotId,
        webhook: Option<Webhook>,
        now: Timestamp,
    ) -> Mid {
        self.serial += 1;
        let mid = Mid::from(format!("{:08x}{:016x}", now.as_second(), self.serial));
        for (ack, delay) in LADDER {
            self.serial += 1;
            let due = now.saturating_add(delay).unwrap_or(Timestamp::MAX);
            self.steps.insert((due, self.serial), Step { mid: mid.clone(), ack });
        }
        self.messages.insert(mid.clone(), Message { uid, bot_id, ack: Ack::AtServer, webhook });
        mid
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
        let message = self.messages.get_mut(&step.mid)?;
        message.ack = message.ack.merge(step.ack);
        let webhook = message.webhook.clone()?;
        let mut callback =
            DeliveryCallback::new(step.mid, message.uid.clone(), message.bot_id, step.ack);
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

/// The API writes what it does not know of a user as an empty text.
fn new_user(
    uid: impl Into<Uid>,
    bot_id: BotId,
    channel: Channel,
    created: impl Into<DateTime>,
) -> User {
    let empty = || Some(String::new());
    let mut user = User::new(uid);
    user.name = empty();
    user.first_name = empty();
    user.last_name = empty();
    user.channel = Some(channel);
    user.bot_id = Some(bot_id);
    user.lang = Some("en".to_owned());
    user.created = Some(created.into());
    user.notes = empty();
    user.email = empty();
    user.phone = Some(PhoneNumber::default());
    user.url = empty();
    user
}
