//! Lists that are longer than one answer may be. The server has no cursor: a part that comes back
//! full is asked for again in smaller parts.

mod closed_conversations;
mod users;

use std::{
    collections::VecDeque,
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

pub use closed_conversations::ClosedConversations;
pub use users::Users;

use crate::{Client, Command, Error, ErrorKind, Items};

/// Cuts a list into parts, and each part's answer into entries.
trait Parts: Unpin + Send + 'static {
    type Command: Command<Output = Items<Self::Entry>> + Clone + 'static;
    type Entry: Send + Unpin + 'static;

    /// What to ask for next.
    fn next(&mut self) -> Option<Self::Command>;

    /// Takes the answer to what was asked for last: the entries that are new, or smaller parts.
    fn take(&mut self, answer: Items<Self::Entry>, entries: &mut Entries<Self::Entry>);
}

type Entries<T> = VecDeque<Result<T, Error>>;
type Asking<T> = Pin<Box<dyn Future<Output = Result<Items<T>, Error>> + Send>>;

/// Walks through the parts, one request at a time.
struct Pages<P: Parts> {
    client: Client,
    /// `None` when a request failed: the walk ends there.
    parts: Option<P>,
    asking: Option<Asking<P::Entry>>,
    entries: Entries<P::Entry>,
}

impl<P: Parts> Pages<P> {
    fn new(client: Client, parts: P) -> Self {
        Self { client, parts: Some(parts), asking: None, entries: VecDeque::new() }
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<P::Entry, Error>>> {
        loop {
            if let Some(entry) = self.entries.pop_front() {
                return Poll::Ready(Some(entry));
            }
            let Some(parts) = &mut self.parts else { return Poll::Ready(None) };
            if self.asking.is_none() {
                let Some(command) = parts.next() else { return Poll::Ready(None) };
                let client = self.client.clone();
                self.asking = Some(Box::pin(async move { client.execute(command).await }));
            }
            // It was set above, if it was not there before.
            let Some(asking) = &mut self.asking else { return Poll::Ready(None) };
            let answer = ready!(asking.as_mut().poll(cx));
            self.asking = None;
            match answer {
                Ok(answer) => parts.take(answer, &mut self.entries),
                Err(error) => {
                    self.parts = None;
                    self.entries.push_back(Err(error));
                }
            }
        }
    }
}

impl<P: Parts> fmt::Debug for Pages<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").field("ready", &self.entries.len()).finish_non_exhaustive()
    }
}

fn truncated(truncated: Truncated) -> Error {
    Error::new(ErrorKind::Truncated(truncated))
}

/// Why a list is not whole: the server gives no more than so many entries at once, and there is no
/// smaller part to ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Truncated {
    /// 1000 conversations within one second: there may be more in it.
    Conversations {
        /// The start of the second.
        second: jiff::Timestamp,
    },
    /// The server gives the same conversations whatever the range.
    RangeIgnored,
    /// 5000 users of one bot: it may have more.
    UsersOfBot {
        /// The bot.
        bot_id: crate::BotId,
    },
    /// 5000 users in all, and of this bot, which was not named, there may be more.
    UnnamedBot {
        /// The bot, `None` for a user without one.
        bot_id: Option<crate::BotId>,
    },
}

impl fmt::Display for Truncated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conversations { second } => write!(
                f,
                "there may be more conversations in the second from {second} than the 1000 that the \
                 server gives at once: read them one by one with GetConversation"
            ),
            Self::RangeIgnored => f.write_str(
                "the server gives the same 1000 conversations for every range: name the fields that \
                 it knows with range_fields()",
            ),
            Self::UsersOfBot { bot_id } => write!(
                f,
                "bot {} may have more users than the 5000 that the server gives at once: narrow them \
                 with created_after()",
                bot_id.get()
            ),
            Self::UnnamedBot { bot_id: Some(bot_id) } => {
                write!(f, "bot {} was not named and may have more users: name it", bot_id.get())
            }
            Self::UnnamedBot { bot_id: None } => {
                f.write_str("there may be more users without a bot, and no way to ask for them alone")
            }
        }
    }
}

impl std::error::Error for Truncated {}

/// The public face of a walk: `next` and [`Stream`](futures_core::Stream).
macro_rules! stream {
    ($stream:ident of $entry:ty) => {
        impl $stream {
            /// The next entry, `None` at the end. Dropping the future loses nothing: the request
            /// goes on with the next call.
            pub async fn next(&mut self) -> Option<Result<$entry, crate::Error>> {
                std::future::poll_fn(|cx| self.0.poll_next(cx)).await
            }
        }

        impl futures_core::Stream for $stream {
            type Item = Result<$entry, crate::Error>;

            fn poll_next(
                mut self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
            ) -> std::task::Poll<Option<Self::Item>> {
                self.0.poll_next(cx)
            }
        }
    };
}
use stream;

#[cfg(test)]
mod tests;
