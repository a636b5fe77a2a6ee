use std::collections::{BTreeMap, BTreeSet};

use convrs_client::{
    AgentId, BotId, Channel, DateTime, E164, ErrorCode, Event, Message, Mid, PhoneNumber, Template,
    Uid, User,
};
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{
    access::Access,
    conversations::Conversations,
    delivery::{Delivery, Recipient, Step},
    fault::Fault,
    push::{CallbackDelivery, EventDelivery},
    rates::Rates,
    seed::new_user,
    sockets::Sockets,
};

/// Everything that the server knows.
#[derive(Default)]
pub(crate) struct State {
    pub(super) access: Access,
    pub(super) webhook_url: Option<String>,
    pub(super) users: BTreeMap<Uid, User>,
    /// The users by the time of their creation, where it can be read.
    pub(super) by_creation: BTreeSet<(Timestamp, Uid)>,
    pub(super) data_of: BTreeMap<Uid, Map<String, Value>>,
    pub(super) tags_of: BTreeMap<Uid, Vec<String>>,
    pub(super) disabled: BTreeSet<Uid>,
    pub(super) unsubscribed: BTreeSet<Uid>,
    pub(super) recipients: BTreeMap<E164, Recipient>,
    pub(super) tags: BTreeSet<String>,
    pub(super) routes: BTreeSet<String>,
    pub(super) bots: BTreeMap<BotId, Vec<Channel>>,
    pub(super) agents: Vec<Agent>,
    pub(super) templates: Vec<(BotId, Template)>,
    pub(super) conversations: Conversations,
    /// What commands sent to each user, oldest first.
    pub(super) sent: BTreeMap<Uid, Vec<Message>>,
    pub(super) deliveries: BTreeMap<Mid, Delivery>,
    /// The templates that were sent to each user, oldest first.
    pub(super) templates_to: BTreeMap<Uid, Vec<Mid>>,
    /// What happens later, by due time and then in the order of scheduling.
    pub(super) steps: BTreeMap<(Timestamp, u64), Step>,
    pub(super) rates: Rates,
    pub(super) faults: Vec<Fault>,
    pub(super) callbacks: Vec<CallbackDelivery>,
    pub(super) events: Vec<EventDelivery>,
    pub(super) sockets: Sockets,
    pub(super) serial: u64,
}

pub(super) struct Agent {
    pub(super) id: AgentId,
    pub(super) name: String,
    pub(super) email: String,
}

impl State {
    pub(super) fn user(&mut self, uid: &Uid) -> Result<&mut User, ErrorCode> {
        self.users.get_mut(uid).ok_or(ErrorCode::UnknownUser)
    }

    /// A user appears, and that is pushed.
    pub(super) fn add_user(&mut self, user: User, now: Timestamp) {
        self.push(Event::UserCreated(Box::new(user.clone())), now);
        self.keep_user(user);
    }

    pub(super) fn keep_user(&mut self, user: User) {
        if let Some(created) = created(&user) {
            self.by_creation.insert((created, user.uid.clone()));
        }
        self.users.insert(user.uid.clone(), user);
    }

    /// Forgets a user, with tags, data and conversations.
    pub(super) fn remove_user(&mut self, uid: &Uid) {
        if let Some(created) = self.users.remove(uid).as_ref().and_then(created) {
            self.by_creation.remove(&(created, uid.clone()));
        }
        self.data_of.remove(uid);
        self.tags_of.remove(uid);
        self.sent.remove(uid);
        self.templates_to.remove(uid);
        self.disabled.remove(uid);
        self.unsubscribed.remove(uid);
        self.conversations.remove_of(uid);
    }

    /// Changes a user, and pushes what that changed.
    pub(super) fn update_user(
        &mut self,
        uid: &Uid,
        now: Timestamp,
        change: impl FnOnce(&mut User),
    ) -> Result<(), ErrorCode> {
        let user = self.user(uid)?;
        let before = fields(user);
        change(user);
        let mut update = fields(user);
        update.retain(|field, value| before.get(field) != Some(value));
        if !update.is_empty() {
            let user = Box::new(user.clone());
            self.push(Event::UserUpdated { user, update }, now);
        }
        Ok(())
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

    pub(super) fn check_subscribed(&self, uid: &Uid) -> Result<(), ErrorCode> {
        if self.unsubscribed.contains(uid) { Err(ErrorCode::Unsubscribed) } else { Ok(()) }
    }

    pub(super) fn check_no_agent(&self, uid: &Uid) -> Result<(), ErrorCode> {
        if self.conversations.is_open(uid) { Err(ErrorCode::UserWithAgent) } else { Ok(()) }
    }

    /// The user behind a number; a first message makes one.
    pub(super) fn user_of(
        &mut self,
        bot_id: BotId,
        channel: Channel,
        phone: E164,
        now: Timestamp,
    ) -> Uid {
        let uid = uid_of(bot_id, &channel, phone);
        if !self.users.contains_key(&uid) {
            let mut user = new_user(uid.clone(), bot_id, channel, DateTime::from(now));
            user.phone = Some(PhoneNumber::from(phone.with_plus()));
            self.add_user(user, now);
        }
        uid
    }

    /// 24 hex digits, as the ids of the document.
    pub(super) fn next_id(&mut self, now: Timestamp) -> String {
        self.serial += 1;
        format!("{:08x}{:016x}", now.as_second(), self.serial)
    }
}

fn created(user: &User) -> Option<Timestamp> {
    user.created.as_ref().and_then(DateTime::timestamp)
}

fn fields(user: &User) -> Map<String, Value> {
    match serde_json::to_value(user) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}

/// The uid of a number on a channel of a bot.
pub(super) fn uid_of(bot_id: BotId, channel: &Channel, phone: E164) -> Uid {
    let channel = channel.as_str().to_ascii_lowercase();
    Uid::from(format!("{}-{channel}-{}", bot_id.get(), phone.digits()))
}
