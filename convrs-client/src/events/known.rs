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

/// When an event was given that was pushed since the last time of the server's: before the next one,
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
    /// Users whose creation was given, and when, with the date of it.
    users: BTreeMap<Uid, (Timestamp, Option<DateTime>)>,
    /// Messages of closed conversations that were given, and when.
    messages: BTreeMap<Mid, Timestamp>,
}

impl Known {
    /// Whether an event that was pushed is new.
    pub(super) fn admit(&mut self, event: &Event) -> bool {
        let now = NOT_YET_KNOWN;
        match event {
            Event::UserCreated(user) => self.admit_user(user, now),
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
    fn admit_user(&mut self, user: &User, now: Timestamp) -> bool {
        let created = user.created.clone();
        let known = self
            .users
            .get(&user.uid)
            .is_some_and(|(_, known)| known.is_none() || created.is_none() || *known == created);
        if !known {
            self.users.insert(user.uid.clone(), (now, created));
        }
        !known
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

    /// Takes what was found, and returns the events that are new. Where the time is a guess, the
    /// position stays.
    pub(super) fn take(&mut self, found: Found) -> Vec<Event> {
        // Its push may still come, or wait to be looked at.
        let now = if found.timed { found.asked.at } else { NOT_YET_KNOWN };
        // It may have happened behind that time, for asking takes a while.
        let when =
            |told: &Option<DateTime>| told.as_ref().and_then(DateTime::timestamp).max(Some(now));
        let mut new = Vec::new();
        for user in found.users {
            let given = when(&user.created).unwrap_or(now);
            if self.admit_user(&user, given) {
                new.push(Event::UserCreated(Box::new(user)));
            }
        }
        for conversation in found.conversations {
            // Each of these is one conversation, so one message is enough to know it by.
            let known = conversation.messages.iter().any(|m| self.messages.contains_key(&m.mid));
            let last = conversation.messages.iter().filter_map(|m| when(&m.sent_at)).max();
            let given = last.unwrap_or(now);
            self.messages.extend(conversation.messages.iter().map(|m| (m.mid.clone(), given)));
            if !known {
                let messages = conversation.messages.into();
                new.push(Event::ConversationClosed { uid: conversation.uid, messages });
            }
        }
        new.extend(found.malformed);
        if found.timed {
            // Where the server does not say, this is as good a guess as any.
            self.conversations_from.get_or_insert(earlier(now));
            self.advance(now, found.asked.reach());
        }
        new
    }

    /// Everything up to this time was given, and conversations that are unknown began behind `reach`.
    pub(super) fn advance(&mut self, position: Timestamp, reach: Option<Timestamp>) {
        self.position = self.position.max(Some(position));
        if let Some(reach) = reach {
            self.conversations_from = Some(earlier(reach));
        }
        // What is forgotten can no longer be among what is asked for.
        if let Some(since) = self.since() {
            let (users, messages) = (earlier(since.users), earlier(since.conversations));
            let keeps = |given: &mut Timestamp, from| {
                *given = if *given == NOT_YET_KNOWN { position } else { *given };
                *given >= from
            };
            self.users.retain(|_, (given, _)| keeps(given, users));
            self.messages.retain(|_, given| keeps(given, messages));
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
            conversations_from: Some(cursor.conversations_from),
            users: cursor.users.into_iter().collect(),
            messages: cursor.messages.into_iter().collect(),
        }
    }
}

fn earlier(time: Timestamp) -> Timestamp {
    time.saturating_sub(OVERLAP).unwrap_or(Timestamp::MIN)
}
