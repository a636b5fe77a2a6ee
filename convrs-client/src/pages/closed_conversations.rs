use std::{
    collections::{BTreeSet, VecDeque},
    ops::RangeInclusive,
};

use jiff::{SignedDuration, Timestamp};

use super::{Entries, Pages, Parts, Truncated, stream, truncated};
use crate::{
    Cid, Client, DateTime, Error, ErrorKind, FlatMessage, GetConversationsFlat, Items, Malformed,
    Mid,
};

const SECOND: SignedDuration = SignedDuration::from_secs(1);
const AT_MOST: usize = 1000;

impl Client {
    /// The messages of all closed conversations of a range, however many: a range that comes back
    /// with 1000 conversations is asked for again in two halves, down to one second.
    ///
    /// ```no_run
    /// # async fn run(client: convrs_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let november = "2026-11-01T00:00:00Z".parse()?..="2026-11-30T23:59:59Z".parse()?;
    /// let mut messages = client.closed_conversations(november);
    /// while let Some(message) = messages.next().await {
    ///     println!("{:?}", message?.cid);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn closed_conversations(&self, range: RangeInclusive<Timestamp>) -> ClosedConversations {
        ClosedConversations(Pages::new(self.clone(), Ranges::new(range, AT_MOST)))
    }
}

/// The messages of closed conversations, each once, those of a conversation in the server's order.
///
/// It remembers the ids of what it gave, so its memory grows with the list.
///
/// # Errors
/// An entry may be an error and others follow it: [`ErrorKind::Malformed`] for a message that cannot
/// be read, and [`ErrorKind::Truncated`] behind the messages of a second that may be incomplete. Any
/// other error is that of a request, and the last entry.
#[derive(Debug)]
#[must_use = "a stream does nothing until it is polled"]
pub struct ClosedConversations(Pages<Ranges>);

stream!(ClosedConversations of FlatMessage);

impl ClosedConversations {
    /// Sends the range in fields of these names. Undocumented: the names. Assumed: `StartDate` and
    /// `EndDate`, see [`GetConversationsFlat`].
    pub fn range_fields(mut self, start: impl Into<String>, end: impl Into<String>) -> Self {
        if let Some(ranges) = &mut self.0.parts {
            ranges.fields = Some((start.into(), end.into()));
        }
        self
    }
}

/// The ranges that are still to be asked for, earliest first.
struct Ranges {
    open: VecDeque<(Timestamp, Timestamp)>,
    asked: (Timestamp, Timestamp),
    at_most: usize,
    fields: Option<(String, String)>,
    given: BTreeSet<(Cid, Mid)>,
    malformed: BTreeSet<String>,
    /// Where the last part ended that came back full and could not be split, and its conversations.
    full: Option<(Timestamp, BTreeSet<Cid>)>,
}

impl Ranges {
    fn new(range: RangeInclusive<Timestamp>, at_most: usize) -> Self {
        let (start, end) = range.into_inner();
        Self {
            open: VecDeque::from([(start, end)]),
            asked: (start, end),
            at_most,
            fields: None,
            given: BTreeSet::new(),
            malformed: BTreeSet::new(),
            full: None,
        }
    }

    /// The halves share a moment: nothing is known of whether the server counts the ends in.
    fn split(&mut self) -> bool {
        let (start, end) = self.asked;
        let whole = end.duration_since(start);
        if whole <= SECOND {
            return false;
        }
        let half = SignedDuration::from_secs((whole.as_secs() / 2).max(1));
        let Ok(middle) = start.checked_add(half) else { return false };
        self.open.push_front((middle, end));
        self.open.push_front((start, middle));
        true
    }

    fn give(&mut self, answer: Items<FlatMessage>, entries: &mut Entries<FlatMessage>) {
        for malformed in answer.malformed() {
            if self.malformed.insert(malformed.json().to_string()) {
                entries.push_back(Err(Error::new(ErrorKind::Malformed(malformed.clone()))));
            }
        }
        for message in answer {
            if self.given.insert((message.cid.clone(), message.mid.clone())) {
                entries.push_back(Ok(message));
            }
        }
    }
}

impl Parts for Ranges {
    type Command = GetConversationsFlat;
    type Entry = FlatMessage;

    fn next(&mut self) -> Option<GetConversationsFlat> {
        self.asked = self.open.pop_front()?;
        let (start, end) = (DateTime::from(self.asked.0), DateTime::from(self.asked.1));
        let mut command = GetConversationsFlat::new();
        match &self.fields {
            None => (command.start, command.end) = (Some(start), Some(end)),
            Some((start_field, end_field)) => {
                command.extra.insert(start_field, start.as_str());
                command.extra.insert(end_field, end.as_str());
            }
        }
        Some(command)
    }

    fn take(&mut self, answer: Items<FlatMessage>, entries: &mut Entries<FlatMessage>) {
        let conversations = conversations(&answer);
        if conversations.len() < self.at_most {
            return self.give(answer, entries);
        }
        if self.split() {
            return;
        }
        let (start, end) = self.asked;
        self.give(answer, entries);
        // Two parts that share no moment hold the same conversations only where the range does not
        // count, and then every part would.
        match &self.full {
            Some((before, same)) if *same == conversations => {
                if start > *before {
                    self.open.clear();
                    return entries.push_back(Err(truncated(Truncated::RangeIgnored)));
                }
            }
            _ => self.full = Some((end, conversations)),
        }
        entries.push_back(Err(truncated(Truncated::Conversations { second: start })));
    }
}

/// Conversations count, not messages; one whose messages cannot be read counts too.
fn conversations(answer: &Items<FlatMessage>) -> BTreeSet<Cid> {
    let named = |malformed: &Malformed| malformed.json().get("cid")?.as_str().map(Cid::from);
    let good = answer.iter().map(|message| message.cid.clone());
    good.chain(answer.malformed().iter().filter_map(named)).collect()
}

#[cfg(test)]
pub(super) fn with_cap(
    client: &Client,
    range: RangeInclusive<Timestamp>,
    at_most: usize,
) -> ClosedConversations {
    ClosedConversations(Pages::new(client.clone(), Ranges::new(range, at_most)))
}
