//! Asks for what happened while there was no connection.

use std::{future::poll_fn, time::Duration};

use jiff::Timestamp;

use crate::{
    BotId, Client, DateTime, Error, ErrorKind, Event, FlatMessage, GetOpenConversations, Malformed,
    Message, RawEvent, Truncated, Uid, User, socket::Inbox,
};

/// How long the server may take to tell its time, before a guess is taken for it.
const PATIENCE: Duration = Duration::from_secs(5);

/// From where on to ask.
#[derive(Debug, Clone, Copy)]
pub(super) struct Since {
    /// Users created behind this.
    pub(super) users: Timestamp,
    /// Conversations that began behind this.
    pub(super) conversations: Timestamp,
}

/// When it was asked, and which conversations were open then.
pub(super) struct Asked {
    pub(super) at: Timestamp,
    /// When the oldest of them began, `None` when one does not say.
    oldest_open: Option<Timestamp>,
}

impl Asked {
    /// No conversation that closes later began before this.
    pub(super) fn reach(&self) -> Option<Timestamp> {
        self.oldest_open.map(|oldest| oldest.min(self.at))
    }
}

pub(super) struct Found {
    pub(super) asked: Asked,
    /// Whether the time is that of a connection, from which on events are pushed.
    pub(super) timed: bool,
    pub(super) users: Vec<User>,
    pub(super) conversations: Vec<Conversation>,
    /// Entries that could not be read.
    pub(super) malformed: Vec<Event>,
    pub(super) truncated: Vec<Truncated>,
}

/// A closed conversation.
pub(super) struct Conversation {
    pub(super) uid: Uid,
    pub(super) messages: Vec<Message>,
}

#[derive(Clone)]
pub(super) struct Backfill {
    pub(super) client: Client,
    pub(super) bots: Vec<BotId>,
    pub(super) range_fields: Option<(String, String)>,
}

impl Backfill {
    /// Asks for everything since then; without a `since` only for where things stand. The time is that
    /// of the inbox's connection, and a guess without one.
    pub(super) async fn look(
        &self,
        since: Option<Since>,
        inbox: &Inbox,
        connected: bool,
    ) -> Result<Found, Error> {
        let told = if connected { server_time(inbox).await } else { None };
        let at = told.unwrap_or_else(|| guess(inbox));
        // Before the closed ones: what closes in between is in one of the two.
        let asked = self.ask_open(at).await?;
        let mut found = Found {
            asked,
            timed: told.is_some(),
            users: Vec::new(),
            conversations: Vec::new(),
            malformed: Vec::new(),
            truncated: Vec::new(),
        };
        if let Some(since) = since {
            // In this order no conversation is found whose user is not.
            self.ask_conversations(since.conversations, &mut found).await?;
            self.ask_users(since.users, &mut found).await?;
        }
        Ok(found)
    }

    /// Looks at the open conversations. `at` is the time.
    pub(super) async fn ask_open(&self, at: Timestamp) -> Result<Asked, Error> {
        let open = self.client.execute(GetOpenConversations::new()).await?;
        let began = |started: &Option<DateTime>| started.as_ref().and_then(DateTime::timestamp);
        let oldest = open.iter().try_fold(at, |oldest, conversation| {
            began(&conversation.started_at).map(|began| oldest.min(began))
        });
        Ok(Asked { at, oldest_open: oldest.filter(|_| open.malformed().is_empty()) })
    }

    async fn ask_users(&self, since: Timestamp, found: &mut Found) -> Result<(), Error> {
        let mut users =
            self.client.users(self.bots.iter().copied()).created_after(DateTime::from(since));
        while let Some(user) = users.next().await {
            match user {
                Ok(user) => found.users.push(user),
                Err(error) => found.keep("onUserCreate", error)?,
            }
        }
        Ok(())
    }

    async fn ask_conversations(&self, since: Timestamp, found: &mut Found) -> Result<(), Error> {
        // The time may be a guess, and nothing lies ahead of the true one.
        let until = found.asked.at.saturating_add(jiff::SignedDuration::from_hours(24));
        let mut messages =
            self.client.closed_conversations(since..=until.unwrap_or(Timestamp::MAX));
        if let Some((start, end)) = &self.range_fields {
            messages = messages.range_fields(start, end);
        }
        let mut places = std::collections::BTreeMap::new();
        while let Some(message) = messages.next().await {
            match message {
                Ok(message) => {
                    let place =
                        *places.entry(message.cid.clone()).or_insert_with(|| found.begin(&message));
                    if let Some(conversation) = found.conversations.get_mut(place) {
                        conversation.messages.push(message.into());
                    }
                }
                Err(error) => found.keep("onUserConversation", error)?,
            }
        }
        Ok(())
    }
}

impl Found {
    fn begin(&mut self, message: &FlatMessage) -> usize {
        let uid = message.uid.clone();
        self.conversations.push(Conversation { uid, messages: Vec::new() });
        self.conversations.len() - 1
    }

    /// Keeps what does not end the search.
    fn keep(&mut self, cmd: &str, error: Error) -> Result<(), Error> {
        match error.kind() {
            ErrorKind::Malformed(malformed) => self.malformed.push(malformed_event(cmd, malformed)),
            ErrorKind::Truncated(truncated) => self.truncated.push(*truncated),
            _ => return Err(error),
        }
        Ok(())
    }
}

fn malformed_event(cmd: &str, malformed: &Malformed) -> Event {
    let json = malformed.json().to_string();
    Event::Malformed(RawEvent::new(cmd, malformed.reason(), json.as_bytes()))
}

/// The server's time on this connection, `None` when that is gone.
async fn server_time(inbox: &Inbox) -> Option<Timestamp> {
    let time = poll_fn(|cx| inbox.poll_server_time(cx));
    tokio::time::timeout(PATIENCE, time).await.unwrap_or_else(|_| Some(guess(inbox)))
}

/// The server's time as far as it is known. Assumed: the clock of this machine is right to five
/// minutes, where the server has never told.
fn guess(inbox: &Inbox) -> Timestamp {
    inbox.estimate().unwrap_or_else(Timestamp::now)
}
