use convrs_client::{AgentId, Cid, DateTime, Event, Message, MessageKind, Sender, Uid, User};
use jiff::Timestamp;

use super::{ControlError, ConvrsControl};
use crate::convrs::{conversations::Conversation, serve::rename, state::State};

impl ConvrsControl<'_> {
    /// A user appears, with the fields given; without `created`, created now. Event `onUserCreate`.
    ///
    /// # Errors
    /// [`ControlError::UserExists`].
    pub fn create_user(&self, mut user: User) -> Result<(), ControlError> {
        self.act(|state, now| {
            if state.users.contains_key(&user.uid) {
                return Err(ControlError::UserExists);
            }
            user.created.get_or_insert_with(|| DateTime::from(now));
            state.add_user(user, now);
            Ok(())
        })
    }

    /// A user changes the name on the messaging platform. Event `onUserUpdate`.
    ///
    /// # Errors
    /// [`ControlError::UnknownUser`].
    pub fn rename_user(&self, uid: impl Into<Uid>, name: &str) -> Result<(), ControlError> {
        self.act(|state, now| {
            let change = |user: &mut User| rename(user, name.to_owned());
            state.update_user(&uid.into(), now, change).map_err(|_| ControlError::UnknownUser)
        })
    }

    /// An agent tags a user in the dashboard.
    ///
    /// # Errors
    /// [`ControlError::UnknownUser`], [`ControlError::UnknownTag`].
    pub fn tag_user(&self, uid: impl Into<Uid>, tag: &str) -> Result<(), ControlError> {
        self.of_user(uid, |state, uid, _| {
            state.check_tag(tag).map_err(|_| ControlError::UnknownTag)?;
            let tags = state.tags_of.entry(uid).or_default();
            if !tags.iter().any(|given| given == tag) {
                tags.push(tag.to_owned());
            }
            Ok(())
        })
    }

    /// A user blocks the bot: messages no longer arrive. Event `onUserDisable`.
    ///
    /// # Errors
    /// [`ControlError::UnknownUser`].
    pub fn disable_user(&self, uid: impl Into<Uid>) -> Result<(), ControlError> {
        self.of_user(uid, |state, uid, now| {
            if state.disabled.insert(uid.clone()) {
                state.push(Event::UserDisabled(uid), now);
            }
            Ok(())
        })
    }

    /// A user who was disabled is back. Event `onUserEnable`.
    ///
    /// # Errors
    /// [`ControlError::UnknownUser`].
    pub fn enable_user(&self, uid: impl Into<Uid>) -> Result<(), ControlError> {
        self.of_user(uid, |state, uid, now| {
            state.enable_user(&uid, now);
            Ok(())
        })
    }

    /// A user is deleted, with tags, data and conversations. Event `onUserDelete`.
    ///
    /// # Errors
    /// [`ControlError::UnknownUser`].
    pub fn delete_user(&self, uid: impl Into<Uid>) -> Result<(), ControlError> {
        self.of_user(uid, |state, uid, now| {
            state.remove_user(&uid);
            state.push(Event::UserDeleted(uid), now);
            Ok(())
        })
    }

    /// A user opts out of automatic content, or in again: messages by command are refused with 2006
    /// in between.
    ///
    /// # Errors
    /// [`ControlError::UnknownUser`].
    pub fn set_subscribed(&self, uid: impl Into<Uid>, yes: bool) -> Result<(), ControlError> {
        self.of_user(uid, |state, uid, _| {
            if yes {
                state.unsubscribed.remove(&uid);
            } else {
                state.unsubscribed.insert(uid);
            }
            Ok(())
        })
    }

    /// A user writes to the organisation. Without an open conversation this opens one, with the first
    /// agent, and while it is open the user gets no text by command (2001). The last template that
    /// reached the user counts as replied to, and a disabled user as enabled.
    ///
    /// # Errors
    /// [`ControlError::UnknownUser`].
    pub fn user_writes(&self, uid: impl Into<Uid>, text: &str) -> Result<Cid, ControlError> {
        self.of_user(uid, |state, uid, now| {
            state.enable_user(&uid, now);
            state.reply_to_template(&uid, now);
            if !state.conversations.is_open(&uid) {
                let cid = Cid::from(state.next_id(now));
                state.conversations.begin(Conversation {
                    cid,
                    uid: uid.clone(),
                    agent_id: state.agents.first().map_or(AgentId::default(), |agent| agent.id),
                    started_at: DateTime::from(now),
                    messages: Vec::new(),
                });
            }
            state.write(&uid, text, Sender::Client, now)
        })
    }

    /// The agent answers in the open conversation of a user.
    ///
    /// # Errors
    /// [`ControlError::NoOpenConversation`].
    pub fn agent_writes(&self, uid: impl Into<Uid>, text: &str) -> Result<Cid, ControlError> {
        self.act(|state, now| state.write(&uid.into(), text, Sender::Agent, now))
    }

    /// The agent closes the open conversation of a user. Event `onUserConversation`.
    ///
    /// # Errors
    /// [`ControlError::NoOpenConversation`].
    pub fn close_conversation(&self, uid: impl Into<Uid>) -> Result<Cid, ControlError> {
        self.act(|state, now| {
            let conversation =
                state.conversations.close(&uid.into()).ok_or(ControlError::NoOpenConversation)?;
            let (cid, uid) = (conversation.cid.clone(), conversation.uid.clone());
            let messages = conversation.messages.clone().into();
            state.push(Event::ConversationClosed { uid, messages }, now);
            Ok(cid)
        })
    }

    fn of_user<T>(
        &self,
        uid: impl Into<Uid>,
        action: impl FnOnce(&mut State, Uid, Timestamp) -> Result<T, ControlError>,
    ) -> Result<T, ControlError> {
        let uid = uid.into();
        self.act(|state, now| {
            state.user(&uid).map_err(|_| ControlError::UnknownUser)?;
            action(state, uid, now)
        })
    }
}

impl State {
    fn enable_user(&mut self, uid: &Uid, now: Timestamp) {
        if self.disabled.remove(uid) {
            self.push(Event::UserEnabled(uid.clone()), now);
        }
    }

    /// Adds a message to the open conversation of a user.
    fn write(
        &mut self,
        uid: &Uid,
        text: &str,
        sender: Sender,
        now: Timestamp,
    ) -> Result<Cid, ControlError> {
        let mut message = Message::new(self.next_id(now), MessageKind::Text, sender);
        message.uid = Some(uid.clone());
        message.text = Some(text.to_owned());
        message.sent_at = Some(DateTime::from(now));
        if let Some(user) = self.users.get(uid) {
            message.name.clone_from(&user.name);
            message.email.clone_from(&user.email);
            message.phone.clone_from(&user.phone);
            message.url.clone_from(&user.url);
            message.channel.clone_from(&user.channel);
        }
        if let Some(agent) = self.agents.first() {
            message.agent_id = Some(agent.id);
            message.agent = Some(agent.name.clone());
            message.agent_email = Some(agent.email.clone());
        }
        let conversation =
            self.conversations.open_of(uid).ok_or(ControlError::NoOpenConversation)?;
        conversation.messages.push(message);
        Ok(conversation.cid.clone())
    }
}
