use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::{Activity, Direction, LeadId, Message, MessageId};

/// The replies of this process, so that one that comes back by the webhook is not taken for a message of
/// the lead, and answered. Give it to [`Webhook::reading`](super::Webhook::reading), and tell it of each
/// reply before it is sent.
///
/// A message is one of them by its id, where the answer to the reply told one; where nothing says which
/// way a message went, by its lead and its text as well. A reply is known for 10 minutes, and the last
/// 10,000 are. Clones share what they know.
#[derive(Clone, Default)]
pub struct OwnReplies(Arc<Mutex<VecDeque<Reply>>>);

struct Reply {
    lead: LeadId,
    text: String,
    id: Option<MessageId>,
    known_since: Instant,
}

const AGE: Duration = Duration::from_secs(600);
const MOST: usize = 10_000;

impl OwnReplies {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A reply is about to be sent. Do this before: it may be back before its sender knows of it.
    pub fn sending(&self, lead: impl Into<LeadId>, text: impl Into<String>) {
        let mut replies = self.lock();
        let now = Instant::now();
        while replies.front().is_some_and(|oldest| now.duration_since(oldest.known_since) >= AGE)
            || replies.len() >= MOST
        {
            replies.pop_front();
        }
        let (lead, text) = (lead.into(), text.into());
        replies.push_back(Reply { lead, text, id: None, known_since: now });
    }

    /// The last reply to this lead with this text got an id.
    pub fn sent(&self, lead: &LeadId, text: &str, id: MessageId) {
        let mut replies = self.lock();
        let reply =
            replies.iter_mut().rev().find(|reply| reply.lead == *lead && reply.text == text);
        if let Some(reply) = reply {
            reply.id = Some(id);
        }
    }

    /// Marks the messages of an activity that are replies of ours as outbound.
    pub(super) fn mark(&self, activity: &mut Activity) {
        let Some(lead) = activity.lead.id.clone() else { return };
        let replies = self.lock();
        let now = Instant::now();
        let known = || replies.iter().filter(|reply| now.duration_since(reply.known_since) < AGE);
        let ours = |message: &Message| {
            known().any(|reply| match (&reply.id, &message.id) {
                (Some(ours), Some(theirs)) if ours == theirs => true,
                _ => {
                    message.direction == Direction::Unknown
                        && reply.lead == lead
                        && reply.text.trim() == message.text.trim()
                }
            })
        };
        for message in activity.message.iter_mut().chain(&mut activity.conversation) {
            if ours(message) {
                message.direction = Direction::Outbound;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Reply>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for OwnReplies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnReplies").field("replies", &self.lock().len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::FieldNames;

    fn comes(message: &serde_json::Value) -> Activity {
        let body = json!({"event": "new_message", "lead_id": "lead_1", "message": message});
        Activity::read(body.to_string().as_bytes(), &FieldNames::default())
    }

    #[tokio::test(start_paused = true)]
    async fn l05_a_reply_of_ours_that_comes_back_is_outbound() {
        let own = OwnReplies::new();
        own.sending("lead_1", "Hi");
        own.sent(&"lead_1".into(), "Hi", "msg_1".into());
        for (message, is_ours) in [
            (json!("Hi"), true),
            (json!({"text": " Hi\n"}), true),
            (json!({"id": "msg_1", "text": "changed on its way"}), true),
            (json!({"id": "msg_1", "text": "Hi", "direction": "inbound"}), true),
            // A lead may say the same.
            (json!({"id": "msg_2", "text": "Hi", "direction": "inbound"}), false),
            (json!({"text": "Hi there"}), false),
        ] {
            let mut activity = comes(&message);
            own.mark(&mut activity);
            assert_eq!(activity.to_answer().is_none(), is_ours, "{message}");
        }
        let mut other = comes(&json!("Hi"));
        other.lead.id = Some("lead_2".into());
        own.mark(&mut other);
        assert!(other.to_answer().is_some());
        tokio::time::advance(AGE).await;
        let mut late = comes(&json!("Hi"));
        own.mark(&mut late);
        assert!(late.to_answer().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_known_has_a_bound() {
        let own = OwnReplies::new();
        for number in 0..=MOST {
            own.sending("lead_1", number.to_string());
        }
        assert_eq!(own.lock().len(), MOST);
        assert_eq!(format!("{own:?}"), "OwnReplies { replies: 10000 }");
        tokio::time::advance(AGE).await;
        own.sending("lead_1", "Hi");
        assert_eq!(own.lock().len(), 1);
    }
}
