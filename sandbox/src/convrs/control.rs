//! What people do who are not callers of the API: users who write, agents who answer and close.

use convrs_client::{AgentId, Cid, DateTime, Message, MessageKind, Sender, Uid};
use jiff::Timestamp;

use super::state::{Conversation, State};

/// Why the sandbox cannot play a scene.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SceneError {
    /// The user does not exist.
    #[error("the sandbox has no such user: a first message by a command makes one")]
    UnknownUser,
    /// No conversation of the user is open.
    #[error("the user has no open conversation: let the user write first")]
    NoOpenConversation,
}

impl State {
    /// A user writes. Without an open conversation this opens one, with the first agent.
    pub(crate) fn user_writes(
        &mut self,
        uid: &Uid,
        text: &str,
        now: Timestamp,
    ) -> Result<Cid, SceneError> {
        if !self.users.contains_key(uid) {
            return Err(SceneError::UnknownUser);
        }
        if self.open_conversation(uid).is_err() {
            let cid = Cid::from(self.next_id(now));
            self.conversations.push(Conversation {
                cid,
                uid: uid.clone(),
                agent_id: self.agents.first().map_or(AgentId::default(), |agent| agent.id),
                started_at: DateTime::from(now),
                open: true,
                messages: Vec::new(),
            });
        }
        self.add_to_conversation(uid, text, Sender::Client, now)
    }

    /// The agent answers.
    pub(crate) fn agent_writes(
        &mut self,
        uid: &Uid,
        text: &str,
        now: Timestamp,
    ) -> Result<Cid, SceneError> {
        self.add_to_conversation(uid, text, Sender::Agent, now)
    }

    /// The agent closes the conversation.
    pub(crate) fn close_conversation(&mut self, uid: &Uid) -> Result<Cid, SceneError> {
        let conversation = self.open_conversation(uid)?;
        conversation.open = false;
        Ok(conversation.cid.clone())
    }

    fn add_to_conversation(
        &mut self,
        uid: &Uid,
        text: &str,
        sender: Sender,
        now: Timestamp,
    ) -> Result<Cid, SceneError> {
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
        let conversation = self.open_conversation(uid)?;
        conversation.messages.push(message);
        Ok(conversation.cid.clone())
    }

    fn open_conversation(&mut self, uid: &Uid) -> Result<&mut Conversation, SceneError> {
        self.conversations
            .iter_mut()
            .find(|conversation| conversation.open && conversation.uid == *uid)
            .ok_or(SceneError::NoOpenConversation)
    }
}
