//! What happened in the account, and what of it was given by the stream of events.

use std::collections::BTreeMap;

use convrs_client::{Event, Gap, Origin};
use jiff::Timestamp;

use super::plan::Kind;

/// The six events, the recoverable ones first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    Created,
    Closed,
    Updated,
    Deleted,
    Disabled,
    Enabled,
}

impl What {
    pub(crate) fn is_recoverable(self) -> bool {
        matches!(self, Self::Created | Self::Closed)
    }

    /// Its name on the wire.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Created => "onUserCreate",
            Self::Closed => "onUserConversation",
            Self::Updated => "onUserUpdate",
            Self::Deleted => "onUserDelete",
            Self::Disabled => "onUserDisable",
            Self::Enabled => "onUserEnable",
        }
    }
}

/// Something that happened, once. Its place in the ledger is its number.
#[derive(Debug)]
pub(crate) struct Fact {
    pub(crate) what: What,
    pub(crate) user: usize,
    /// By the clock of the sandbox.
    pub(crate) at: Timestamp,
    /// Behind which loss of the connection.
    pub(crate) loss: usize,
    /// How it was given first, and which of all that were given it was last.
    pub(crate) given: Option<Origin>,
    last: usize,
    /// How often it was given once more than it may be.
    pub(crate) twice: u32,
}

/// What is known of a user: the last fact of each kind of order, and what happens once.
#[derive(Debug, Default)]
struct Person {
    recoverable: Option<usize>,
    live: Option<usize>,
    once: BTreeMap<What, usize>,
    /// Recoverable facts that were not given.
    missing: usize,
}

/// A loss of the connection that was forced.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Loss {
    pub(crate) kind: Kind,
    pub(crate) at: Timestamp,
}

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) facts: Vec<Fact>,
    people: Vec<Person>,
    /// The fact that is the end of each conversation.
    conversations: Vec<Option<usize>>,
    pub(crate) losses: Vec<Loss>,
    pub(crate) gaps: Vec<Gap>,
    /// Losses that were noticed, and those of them that no gap has closed yet.
    pub(crate) noticed: usize,
    pub(crate) open: usize,
    /// Gaps behind no loss, and losses that have a gap together with another.
    pub(crate) baseless: usize,
    pub(crate) shared: usize,
    /// Events given, repeats among them, and as many of them as the cursor knows of.
    given: usize,
    saved: usize,
    /// What was given last, of which the cursor did not know, at each crash.
    unsaved: Vec<std::ops::Range<usize>>,
    /// Events given again for a crash.
    pub(crate) again: usize,
    /// Events of a user that were given in another order than they happened.
    pub(crate) disordered: usize,
    pub(crate) failed_backfills: usize,
    /// What must not come at all.
    pub(crate) strange: Vec<String>,
}

impl Ledger {
    /// A new user.
    pub(crate) fn person(&mut self) -> usize {
        self.people.push(Person::default());
        self.people.len() - 1
    }

    pub(crate) fn conversation(&mut self) -> usize {
        self.conversations.push(None);
        self.conversations.len() - 1
    }

    /// Something happens.
    pub(crate) fn happens(&mut self, what: What, user: usize, at: Timestamp) -> usize {
        let loss = self.losses.len().saturating_sub(1);
        let fact = self.facts.len();
        self.facts.push(Fact { what, user, at, loss, given: None, last: 0, twice: 0 });
        if let Some(person) = self.people.get_mut(user) {
            person.once.insert(what, fact);
            person.missing += usize::from(what.is_recoverable());
        }
        fact
    }

    pub(crate) fn closes(&mut self, conversation: usize, user: usize, at: Timestamp) {
        let fact = self.happens(What::Closed, user, at);
        if let Some(end) = self.conversations.get_mut(conversation) {
            *end = Some(fact);
        }
    }

    /// Whether everything of a user was given that can be recovered, so that the user may be deleted.
    pub(crate) fn is_complete(&self, user: usize) -> bool {
        self.people.get(user).is_some_and(|person| person.missing == 0)
    }

    /// How many recoverable events were not given.
    pub(crate) fn missing(&self) -> usize {
        self.people.iter().map(|person| person.missing).sum()
    }

    /// An event is given.
    pub(crate) fn gives(&mut self, event: &Event, origin: Origin) {
        let Some(fact) = self.fact_of(event) else {
            return self.strange.push(format!("an event of nothing: {event:?}"));
        };
        self.given += 1;
        let given = self.given;
        let Some(record) = self.facts.get_mut(fact) else { return };
        let (last, first) = (record.last, record.given.is_none());
        (record.last, record.given) = (given, record.given.or(Some(origin)));
        let (what, user) = (record.what, record.user);
        if first {
            return self.in_order(fact, what, user, origin);
        }
        if !what.is_recoverable() {
            return;
        }
        if self.unsaved.iter().any(|unsaved| unsaved.contains(&last)) {
            self.again += 1;
        } else {
            record.twice += 1;
        }
    }

    fn in_order(&mut self, fact: usize, what: What, user: usize, origin: Origin) {
        let Some(person) = self.people.get_mut(user) else { return };
        let mut ordered = true;
        if what.is_recoverable() {
            person.missing = person.missing.saturating_sub(1);
            ordered &= person.recoverable.replace(fact).is_none_or(|before| before < fact);
        }
        if origin == Origin::Live {
            ordered &= person.live.replace(fact).is_none_or(|before| before < fact);
        }
        self.disordered += usize::from(!ordered);
    }

    fn fact_of(&self, event: &Event) -> Option<usize> {
        let once = |uid: &convrs_client::Uid, what| {
            self.people.get(number(uid.as_str())?)?.once.get(&what).copied()
        };
        match event {
            Event::UserCreated(user) => once(&user.uid, What::Created),
            Event::UserDeleted(uid) => once(uid, What::Deleted),
            Event::UserDisabled(uid) => once(uid, What::Disabled),
            Event::UserEnabled(uid) => once(uid, What::Enabled),
            Event::UserUpdated { user, .. } => number(user.name.as_deref()?),
            Event::ConversationClosed { messages, .. } => {
                let text = messages.first()?.text.as_deref()?;
                *self.conversations.get(number(text)?)?
            }
            _ => None,
        }
    }

    /// The connection is gone, or the stream begins anew.
    pub(crate) fn loses(&mut self, anew: bool) {
        if !anew || self.open == 0 {
            self.open += 1;
            self.noticed += 1;
        }
    }

    pub(crate) fn gap(&mut self, gap: Gap) {
        match std::mem::take(&mut self.open) {
            0 => self.baseless += 1,
            losses => self.shared += losses - 1,
        }
        self.gaps.push(gap);
    }

    /// The cursor knows of all that was given so far.
    pub(crate) fn saves(&mut self) {
        self.saved = self.given;
    }

    /// The stream is dropped where it stands.
    pub(crate) fn crashes(&mut self) {
        self.unsaved.push(self.saved + 1..self.given + 1);
    }

    /// Whether a gap was told of for a time, and for this kind of event if one is given.
    pub(crate) fn is_in_a_gap(&self, at: Timestamp, what: Option<What>) -> bool {
        let behind = self.gaps.partition_point(|gap| gap.to < at);
        let gaps = self.gaps.get(behind..).unwrap_or_default();
        // They are in order, and a later one begins where the one before ended.
        gaps.iter().take(8).any(|gap| {
            gap.from <= at && what.is_none_or(|what| gap.unrecoverable.contains(&what.name()))
        })
    }
}

/// The number at the end of a uid, a name or a text.
fn number(text: &str) -> Option<usize> {
    text.rsplit(['-', ' ']).next()?.parse().ok()
}
