use convrs_client::{
    DateTime, FlatMessage, GetConversation, GetConversationsFlat, GetOpenConversations, Items,
    Message, OpenConversation, Sender,
};
use jiff::Timestamp;

use super::{Refusal, Serve, State};
use crate::convrs::conversations::Conversation;

const MOST_CONVERSATIONS: usize = 1000;

impl Serve for GetConversation {
    fn serve(self, state: &mut State, _now: Timestamp) -> Result<Items<Message>, Refusal> {
        state.user(&self.uid)?;
        let with_agents = state.conversations.of(&self.uid);
        let sent = state.sent.get(&self.uid).into_iter().flatten();
        let mut messages: Vec<_> =
            with_agents.flat_map(|c| &c.messages).chain(sent).cloned().collect();
        // Ids are given in the order of sending, for messages of one moment.
        let sent_at = |message: &Message| message.sent_at.as_ref().and_then(DateTime::timestamp);
        messages.sort_by(|a, b| (sent_at(a), &a.mid).cmp(&(sent_at(b), &b.mid)));
        Ok(messages.into())
    }
}

impl Serve for GetConversationsFlat {
    fn serve(self, state: &mut State, _now: Timestamp) -> Result<Items<FlatMessage>, Refusal> {
        let start = self.start.and_then(|time| time.timestamp());
        let end = self.end.and_then(|time| time.timestamp());
        let closed = state.conversations.closed(start, end);
        let messages = closed
            .take(MOST_CONVERSATIONS)
            .flat_map(|conversation| conversation.messages.iter().map(|m| flat(conversation, m)));
        Ok(messages.collect::<Vec<_>>().into())
    }
}

fn flat(conversation: &Conversation, message: &Message) -> FlatMessage {
    let mut flat = FlatMessage::new(
        conversation.cid.clone(),
        conversation.uid.clone(),
        message.mid.clone(),
        message.kind.clone(),
        message.sender.clone(),
    );
    flat.text.clone_from(&message.text);
    flat.sent_at.clone_from(&message.sent_at);
    flat.channel.clone_from(&message.channel);
    flat.agent_id = message.agent_id;
    flat.agent.clone_from(&message.agent);
    flat
}

impl Serve for GetOpenConversations {
    fn serve(self, state: &mut State, _now: Timestamp) -> Result<Items<OpenConversation>, Refusal> {
        let shown = state.conversations.open().map(|conversation| {
            let count = |sender: Sender| {
                let sent = conversation.messages.iter().filter(|m| m.sender == sender).count();
                Some(i64::try_from(sent).unwrap_or(i64::MAX))
            };
            let user = state.users.get(&conversation.uid);
            let bot_id = user.and_then(|user| user.bot_id).unwrap_or_default();
            let agent = state.agents.iter().find(|agent| agent.id == conversation.agent_id);
            let mut shown =
                OpenConversation::new(conversation.cid.clone(), conversation.uid.clone(), bot_id);
            shown.agent_id = Some(conversation.agent_id);
            shown.agent = agent.map(|agent| agent.name.clone());
            shown.started_at = Some(conversation.started_at.clone());
            shown.agent_message_count = count(Sender::Agent);
            shown.user_message_count = count(Sender::Client);
            shown
        });
        Ok(shown.collect::<Vec<_>>().into())
    }
}
