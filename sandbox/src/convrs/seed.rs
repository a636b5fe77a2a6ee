//! The document's own objects, so that its requests succeed as they are written.

use std::collections::BTreeMap;

use convrs_client::{
    Ack, AgentId, BotId, Channel, ComponentKind, DateTime, Message, MessageKind, Mid, PhoneNumber,
    Sender, Template, TemplateComponent, TemplateStatus, Uid, User,
};

use super::{
    access::Access,
    conversations::Conversation,
    delivery::Delivery,
    state::{Agent, State},
};

pub(super) const TELEGRAM: BotId = BotId::new(73);
pub(super) const WHATSAPP_AND_SMS: BotId = BotId::new(3941);

impl State {
    /// User 73-tel-615940546 with his tags and his conversation, bots 73 and 3941, three templates,
    /// the tags, the routes, an agent, and the message that the examples ask for.
    pub(crate) fn new(token: String) -> Self {
        let billy = billy();
        let reader = reader();
        let mut state = Self {
            access: Access::new(token),
            bots: BTreeMap::from([
                (TELEGRAM, vec![Channel::Telegram]),
                (WHATSAPP_AND_SMS, vec![Channel::WhatsApp, Channel::Sms]),
            ]),
            agents: vec![Agent {
                id: AgentId::new(42),
                name: "John Smith".to_owned(),
                email: "john@company.com".to_owned(),
            }],
            templates: templates(),
            tags: ["Customer", "customer", "vip", "newsletter"].map(str::to_owned).into(),
            routes: ["welcome", "welcome_verified"].map(str::to_owned).into(),
            ..Self::default()
        };
        state.conversations.begin(conversation(&billy));
        state.conversations.close(&billy.uid);
        state
            .tags_of
            .insert(billy.uid.clone(), ["customer", "vip", "newsletter"].map(str::to_owned).into());
        state.deliveries.insert(
            Mid::from("6462d3d8c8b0b08fddc34ca8"),
            Delivery::new(reader.uid.clone(), WHATSAPP_AND_SMS, Ack::Read),
        );
        for user in [billy, reader] {
            state.keep_user(user);
        }
        state
    }
}

fn billy() -> User {
    let created = DateTime::from("2020-04-28T17:48:15.000Z");
    let mut user = new_user("73-tel-615940546", TELEGRAM, Channel::Telegram, created);
    user.name = Some("Billy Bob".to_owned());
    user.first_name = Some("Billy".to_owned());
    user.last_name = Some("Bob".to_owned());
    user.url = Some("https://app.conv.rs/u/abc123".to_owned());
    user
}

fn reader() -> User {
    let created = DateTime::from("2024-11-14T14:28:00.000Z");
    let uid = "3941-wa3-44151999999";
    let mut user = new_user(uid, WHATSAPP_AND_SMS, Channel::WhatsApp, created);
    user.phone = Some(PhoneNumber::from("+44151999999"));
    user
}

/// The conversation of the document's GetConversation, closed a while ago.
fn conversation(billy: &User) -> Conversation {
    let mut message = Message::new("5fd89d8f15cf735bd7aaaee0", MessageKind::Text, Sender::Client);
    message.uid = Some(billy.uid.clone());
    message.email = Some("billy@example.com".to_owned());
    message.name = billy.name.clone();
    message.phone = Some(PhoneNumber::from("+447912031410"));
    message.url = billy.url.clone();
    message.agent_id = Some(AgentId::new(42));
    message.agent = Some("John Smith".to_owned());
    message.agent_email = Some("john@company.com".to_owned());
    message.text = Some("Hello, I need help with my order".to_owned());
    message.sent_at = Some(DateTime::from("2020-12-15T10:30:00.000Z"));
    message.channel = Some(Channel::Telegram);
    Conversation {
        cid: "5fd89d8f15cf735bd7aaaedf".into(),
        uid: billy.uid.clone(),
        agent_id: AgentId::new(42),
        started_at: DateTime::from("2020-12-15T10:30:00.000Z"),
        messages: vec![message],
    }
}

fn templates() -> Vec<(BotId, Template)> {
    let template = |name: &str, body: &str| {
        let mut template = Template::new(name, "en", TemplateStatus::Approved);
        template.components.push(TemplateComponent::new(ComponentKind::Body, body));
        (WHATSAPP_AND_SMS, template)
    };
    vec![
        template("followup_inquiry_request", "You asked about our services. May we call you?"),
        template("order_confirmation", "Hello {{1}}, we have received your order {{2}}."),
        template("order_update", "Your order is on its way."),
    ]
}

/// The API writes what it does not know of a user as an empty text.
pub(super) fn new_user(
    uid: impl Into<Uid>,
    bot_id: BotId,
    channel: Channel,
    created: DateTime,
) -> User {
    let empty = || Some(String::new());
    let mut user = User::new(uid);
    user.name = empty();
    user.first_name = empty();
    user.last_name = empty();
    user.channel = Some(channel);
    user.bot_id = Some(bot_id);
    user.lang = Some("en".to_owned());
    user.created = Some(created);
    user.notes = empty();
    user.email = empty();
    user.phone = Some(PhoneNumber::default());
    user.url = empty();
    user
}
