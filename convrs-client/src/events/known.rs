//! What was given already, and from where on to ask. No event is given twice because of an overlap,
//! and none is left out because of a reading of the document that may be wrong.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{
    backfill::{Found, Since},
    cursor::Cursor,
};
use crate::{DateTime, Event, Mid, Uid, User};

/// How much earlier than necessary is asked: clocks differ, and lists lag.
const OVERLAP: SignedDuration = SignedDuration::from_secs(5 * 60);

/// When an event happened that was given since the last time of the server's: before the next one,
/// which may be long after the last.
const NOT_YET_KNOWN: Timestamp = Timestamp::MAX;

#[derive(Default)]
pub(super) struct Known {
    /// Everything pushed before this time of the server's was given.
    position: Option<Timestamp>,
    /// The first time of the server's, for as long as there is no position.
    first: Option<Timestamp>,
    /// No conversation that may still be unknown began before this.
    conversations_from: Option<Timestamp>,
    /// The last time of the server's when the last search was over. What it found may have happened
    /// later, and its push may still be to come.
    searched: Option<Timestamp>,
    /// Users whose creation was given, and no time before it, with its date.
    users: BTreeMap<Uid, (Timestamp, Option<DateTime>)>,
    /// Messages of closed conversations that were given, and no time before their push.
    messages: BTreeMap<Mid, Timestamp>,
}

impl Known {
    /// Whether an event that was pushed is new.
    pub(super) fn admit(&mut self, event: &Event) -> bool {
        let now = NOT_YET_KNOWN;
        match event {
            Event::UserCreated(user) => self.admit_user(user),
            Event::UserDeleted(uid) => {
                self.users.remove(uid);
                true
            }
            Event::ConversationClosed { messages, .. } => {
                let mut new = messages.is_empty();
                for message in messages.iter() {
                    new |= self.messages.insert(message.mid.clone(), now).is_none();
                }
                new
            }
            _ => true,
        }
    }

    /// Another date is another creation: the end of the user before fell into a gap.
    fn admit_user(&mut self, user: &User) -> bool {
        let created = user.created.clone();
        let before = self.users.insert(user.uid.clone(), (NOT_YET_KNOWN, created.clone()));
        before.is_none_or(|(_, known)| known.is_some() && created.is_some() && known != created)
    }

    /// A stream without a position begins at this time, if at none before.
    pub(super) fn begin(&mut self, time: Timestamp) {
        self.first.get_or_insert(time);
    }

    /// Everything before this time was given, or is none of this stream's.
    pub(super) fn beginning(&self) -> Option<Timestamp> {
        self.position.or(self.first)
    }

    /// Whether a start with the cursor asks for what happened before it.
    pub(super) fn has_position(&self) -> bool {
        self.position.is_some()
    }

    /// From where on to ask; `None` when there is no beginning.
    pub(super) fn since(&self) -> Option<Since> {
        let Some(position) = self.position else {
            return self.first.map(|first| Since { users: first, conversations: first });
        };
        let conversations = self.conversations_from.unwrap_or(position);
        Some(Since { users: earlier(position), conversations })
    }

    /// Takes what was found, and returns the events that are new. `latest` is the last time of the
    /// server's. Where the time of the search is a guess, the position stays.
    pub(super) fn take(&mut self, found: Found, latest: Option<Timestamp>) -> Vec<Event> {
        if found.timed {
            self.settle(found.asked.at);
        }
        let mut new = Vec::new();
        for user in found.users {
            if self.admit_user(&user) {
                new.push(Event::UserCreated(Box::new(user)));
            }
        }
        for conversation in found.conversations {
            // Each of these is one conversation, so one message is enough to know it by.
            let known = conversation.messages.iter().any(|m| self.messages.contains_key(&m.mid));
            let mids = conversation.messages.iter().map(|m| (m.mid.clone(), NOT_YET_KNOWN));
            self.messages.extend(mids);
            if !known {
                let messages = conversation.messages.into();
                new.push(Event::ConversationClosed { uid: conversation.uid, messages });
            }
        }
        new.extend(found.malformed);
        self.searched = self.searched.max(latest);
        if found.timed {
            // Nothing is forgotten here: pushes from before that time may wait to be looked at.
            self.position = self.position.max(Some(found.asked.at));
            // Where the server does not say, this is as good a guess as any.
            self.conversations_from.get_or_insert(earlier(found.asked.at));
            self.reach(found.asked.reach());
        }
        new
    }

    /// Everything that was pushed up to this time was given, and conversations that are unknown began
    /// behind `reach`.
    pub(super) fn advance(&mut self, time: Timestamp, reach: Option<Timestamp>) {
        self.position = self.position.max(Some(time));
        self.reach(reach);
        // What is forgotten can be neither among what is asked for nor among what waits.
        let users = earlier(earlier(time));
        let messages = earlier(self.conversations_from.map_or(time, |from| from.min(time)));
        self.settle(time);
        self.users.retain(|_, (given, _)| *given >= users);
        self.messages.retain(|_, given| *given >= messages);
    }

    /// Everything that is known happened before this time, if it was told behind the last search.
    fn settle(&mut self, time: Timestamp) {
        if self.searched.is_none_or(|searched| searched < time) {
            let users = self.users.values_mut().map(|(given, _)| given);
            let given = users.chain(self.messages.values_mut());
            given.filter(|given| **given == NOT_YET_KNOWN).for_each(|given| *given = time);
        }
    }

    fn reach(&mut self, reach: Option<Timestamp>) {
        if let Some(reach) = reach {
            self.conversations_from = Some(earlier(reach));
        }
    }

    /// How far back conversations are asked for.
    pub(super) fn reaches_back(&self, now: Timestamp) -> SignedDuration {
        self.conversations_from.map_or(SignedDuration::ZERO, |from| now.duration_since(from))
    }

    pub(super) fn cursor(&self) -> Option<Cursor> {
        Some(Cursor {
            position: self.position?,
            conversations_from: self.conversations_from?,
            users: self.users.iter().map(|(uid, known)| (uid.clone(), known.clone())).collect(),
            messages: self.messages.iter().map(|(mid, given)| (mid.clone(), *given)).collect(),
        })
    }
}

impl From<Cursor> for Known {
    fn from(cursor: Cursor) -> Self {
        Self {
            position: Some(cursor.position),
            first: None,
            searched: None,
            conversations_from: Some(cursor.conversations_from),
            users: cursor.users.into_iter().collect(),
            messages: cursor.messages.into_iter().collect(),
        }
    }
}

fn earlier(time: Timestamp) -> Timestamp {
    time.saturating_sub(OVERLAP).unwrap_or(Timestamp::MIN)
}
