//! Conversations with agents, found by their user and by their time, however many there are.

use std::{collections::BTreeMap, ops::Bound};

use convrs_client::{AgentId, Cid, DateTime, Message, Uid};
use jiff::Timestamp;

/// A conversation between a user and an agent.
pub(super) struct Conversation {
    pub(super) cid: Cid,
    pub(super) uid: Uid,
    pub(super) agent_id: AgentId,
    pub(super) started_at: DateTime,
    pub(super) messages: Vec<Message>,
}

/// When it began, and its place among those of one moment.
type Key = (Timestamp, u64);

#[derive(Default)]
pub(super) struct Conversations {
    all: BTreeMap<Key, Conversation>,
    of: BTreeMap<Uid, Vec<Key>>,
    /// At most one of each user.
    open: BTreeMap<Uid, Key>,
    begun: u64,
}

impl Conversations {
    /// Opens a conversation.
    pub(super) fn begin(&mut self, conversation: Conversation) {
        self.begun += 1;
        let began = conversation.started_at.timestamp().unwrap_or(Timestamp::MIN);
        let key = (began, self.begun);
        self.of.entry(conversation.uid.clone()).or_default().push(key);
        self.open.insert(conversation.uid.clone(), key);
        self.all.insert(key, conversation);
    }

    /// Closes the open conversation of a user.
    pub(super) fn close(&mut self, uid: &Uid) -> Option<&Conversation> {
        let key = self.open.remove(uid)?;
        self.all.get(&key)
    }

    pub(super) fn is_open(&self, uid: &Uid) -> bool {
        self.open.contains_key(uid)
    }

    pub(super) fn open_of(&mut self, uid: &Uid) -> Option<&mut Conversation> {
        self.all.get_mut(self.open.get(uid)?)
    }

    /// The open ones, oldest first.
    pub(super) fn open(&self) -> impl Iterator<Item = &Conversation> {
        let mut keys: Vec<_> = self.open.values().collect();
        keys.sort_unstable();
        keys.into_iter().filter_map(|key| self.all.get(key))
    }

    /// Those of a user, oldest first.
    pub(super) fn of(&self, uid: &Uid) -> impl Iterator<Item = &Conversation> {
        self.of.get(uid).into_iter().flatten().filter_map(|key| self.all.get(key))
    }

    /// The closed ones that began in a range whose ends count in, oldest first.
    pub(super) fn closed(
        &self,
        start: Option<Timestamp>,
        end: Option<Timestamp>,
    ) -> impl Iterator<Item = &Conversation> {
        let from = start.map_or(Bound::Unbounded, |start| Bound::Included((start, 0)));
        let within = self
            .all
            .range((from, Bound::Unbounded))
            .take_while(move |((began, _), _)| end.is_none_or(|end| *began <= end));
        within
            .filter(|(key, conversation)| self.open.get(&conversation.uid) != Some(*key))
            .map(|(_, conversation)| conversation)
    }

    pub(super) fn remove_of(&mut self, uid: &Uid) {
        self.open.remove(uid);
        for key in self.of.remove(uid).into_iter().flatten() {
            self.all.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(uid: &str, minute: u8) -> Conversation {
        Conversation {
            cid: Cid::from(format!("{uid}-{minute}")),
            uid: uid.into(),
            agent_id: AgentId::new(42),
            started_at: DateTime::from(format!("2026-02-28T14:{minute:02}:00.000Z").as_str()),
            messages: Vec::new(),
        }
    }

    fn cids<'a>(of: impl Iterator<Item = &'a Conversation>) -> Vec<&'a str> {
        of.map(|conversation| conversation.cid.as_str()).collect()
    }

    #[test]
    fn conversations_are_found_by_user_and_by_time() {
        let at = |minute: u8| of("", minute).started_at.timestamp();
        let mut all = Conversations::default();
        for (uid, minute) in [("a", 3), ("b", 1), ("c", 1)] {
            all.begin(of(uid, minute));
        }
        assert_eq!(cids(all.open()), ["b-1", "c-1", "a-3"]);
        for uid in ["a", "b", "c"] {
            assert_eq!(all.close(&uid.into()).map(|closed| closed.uid.as_str()), Some(uid));
        }
        assert!(all.close(&"a".into()).is_none(), "it is closed already");
        all.begin(of("a", 4));
        assert!(all.is_open(&"a".into()));
        assert_eq!(all.open_of(&"a".into()).map(|open| open.cid.as_str()), Some("a-4"));
        assert_eq!(cids(all.of(&"a".into())), ["a-3", "a-4"]);

        assert_eq!(cids(all.closed(None, None)), ["b-1", "c-1", "a-3"], "an open one is not");
        assert_eq!(cids(all.closed(at(3), at(3))), ["a-3"], "the ends count in");
        assert_eq!(cids(all.closed(None, at(2))), ["b-1", "c-1"]);
        assert!(cids(all.closed(at(4), at(1))).is_empty());

        all.remove_of(&"a".into());
        assert!(!all.is_open(&"a".into()));
        assert_eq!(cids(all.closed(None, None)), ["b-1", "c-1"]);
    }
}
