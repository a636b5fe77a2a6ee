use std::collections::{BTreeSet, VecDeque};

use super::{Entries, Pages, Parts, Truncated, stream, truncated};
use crate::{BotId, Client, DateTime, Error, ErrorKind, GetUsers, Items, Uid, User};

const AT_MOST: usize = 5000;

impl Client {
    /// All users, however many: when 5000 come at once, the users of each of these bots are asked for
    /// alone. Name every bot of the organisation: the dashboard shows them.
    ///
    /// ```no_run
    /// # async fn run(client: convrs_client::Client) -> Result<(), convrs_client::Error> {
    /// let mut users = client.users([73, 3941]);
    /// while let Some(user) = users.next().await {
    ///     println!("{:?}", user?.created);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn users<B: Into<BotId>>(&self, bots: impl IntoIterator<Item = B>) -> Users {
        let bots = bots.into_iter().map(Into::into);
        Users(Pages::new(self.clone(), Bots::new(bots, AT_MOST)))
    }
}

/// Users, each once.
///
/// It remembers the ids of what it gave, so its memory grows with the list.
///
/// # Errors
/// An entry may be an error and others follow it: [`ErrorKind::Malformed`] for a user who cannot be
/// read, and [`ErrorKind::Truncated`] behind the users of a bot that may have more. Any other error is
/// that of a request, and the last entry.
#[derive(Debug)]
#[must_use = "a stream does nothing until it is polled"]
pub struct Users(Pages<Bots>);

stream!(Users of User);

impl Users {
    /// Only users created after this time.
    pub fn created_after(mut self, time: impl Into<DateTime>) -> Self {
        if let Some(bots) = &mut self.0.parts {
            bots.created_after = Some(time.into());
        }
        self
    }
}

/// What is still to be asked for: all users, and then those of each bot.
struct Bots {
    open: VecDeque<Option<BotId>>,
    asked: Option<BotId>,
    named: BTreeSet<BotId>,
    at_most: usize,
    created_after: Option<DateTime>,
    given: BTreeSet<Uid>,
    malformed: BTreeSet<String>,
}

impl Bots {
    fn new(bots: impl Iterator<Item = BotId>, at_most: usize) -> Self {
        Self {
            open: VecDeque::from([None]),
            asked: None,
            named: bots.collect(),
            at_most,
            created_after: None,
            given: BTreeSet::new(),
            malformed: BTreeSet::new(),
        }
    }
}

impl Parts for Bots {
    type Command = GetUsers;
    type Entry = User;

    fn next(&mut self) -> Option<GetUsers> {
        self.asked = self.open.pop_front()?;
        let mut command = GetUsers::new();
        command.bot_id = self.asked;
        command.created_after.clone_from(&self.created_after);
        Some(command)
    }

    fn take(&mut self, answer: Items<User>, entries: &mut Entries<User>) {
        let full = answer.len() + answer.malformed().len() >= self.at_most;
        let mut unnamed = BTreeSet::new();
        for malformed in answer.malformed() {
            if self.malformed.insert(malformed.json().to_string()) {
                entries.push_back(Err(Error::new(ErrorKind::Malformed(malformed.clone()))));
            }
        }
        for user in answer {
            if user.bot_id.is_none_or(|bot_id| !self.named.contains(&bot_id)) {
                unnamed.insert(user.bot_id);
            }
            if self.given.insert(user.uid.clone()) {
                entries.push_back(Ok(user));
            }
        }
        match self.asked {
            _ if !full => {}
            Some(bot_id) => entries.push_back(Err(truncated(Truncated::UsersOfBot { bot_id }))),
            None => {
                self.open.extend(self.named.iter().copied().map(Some));
                let unnamed = unnamed.into_iter();
                entries
                    .extend(unnamed.map(|bot_id| Err(truncated(Truncated::UnnamedBot { bot_id }))));
            }
        }
    }
}

#[cfg(test)]
pub(super) fn with_cap(client: &Client, bots: &[i64], at_most: usize) -> Users {
    let bots = bots.iter().map(|bot| BotId::new(*bot));
    Users(Pages::new(client.clone(), Bots::new(bots, at_most)))
}
