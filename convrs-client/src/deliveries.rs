mod book;
mod shelf;
mod state;
mod watch;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use book::Book;
use shelf::Limits;
pub use state::DeliveryState;
use watch::{Key, Watch};
pub(crate) use watch::{MessageWatch, Sending};

use crate::{DeliveryCallback, MessageDetails, Mid, SendId};

/// How far messages have come, by the callbacks that were recorded. Cloning is cheap, and clones
/// share what they know.
///
/// Callbacks may come twice and in any order: the state is the same. Where a receiver takes them,
/// [`record`](Self::record) them here, and give a clone to the client by
/// [`Client::deliveries`](crate::Client::deliveries): then
/// [`Client::wait_for`](crate::Client::wait_for) wakes up at once, and a send whose reply was lost is
/// found again.
///
/// It keeps 100,000 messages, each for 7 days after its last news, in about 120 MB when full. When
/// there are more, those go first that no client with these deliveries has sent; of these and of the
/// others those first that were delivered or have failed; of these the oldest. What somebody waits
/// for, or a call is sending, stays.
///
/// ```
/// use convrs_client::{Ack, Change, Deliveries, DeliveryCallback};
///
/// let deliveries = Deliveries::new();
/// let delivered = DeliveryCallback::new("6462", "3941-wa3-44151999999", 3941, Ack::Delivered);
/// assert_eq!(deliveries.record(&delivered), Change::Advanced);
/// let sent = DeliveryCallback::new("6462", "3941-wa3-44151999999", 3941, Ack::Sent);
/// assert_eq!(deliveries.record(&sent), Change::Unchanged);
/// assert_eq!(deliveries.state(&"6462".into()).unwrap().ack, Ack::Delivered);
/// ```
#[derive(Clone, Default)]
pub struct Deliveries(Arc<Mutex<Book>>);

/// What a callback did to the state of its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// More is known than before.
    Advanced,
    /// It said nothing new: a repeat, or one that was overtaken.
    Unchanged,
    /// It contradicts what is known and was not recorded: its send id belongs to another message, or
    /// its message to another send. Or an id in it is longer than 256 bytes.
    Refused,
}

impl Deliveries {
    /// Nothing is known yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps at most this many messages. Default: 100,000.
    #[must_use]
    pub fn max_messages(self, count: usize) -> Self {
        self.set(|limits| limits.count = count)
    }

    /// Keeps a message this long after its last news. Default: 7 days.
    #[must_use]
    pub fn max_age(self, age: Duration) -> Self {
        self.set(|limits| limits.age = age)
    }

    fn set(self, change: impl FnOnce(&mut Limits)) -> Self {
        let mut book = self.lock();
        change(&mut book.limits);
        let limits = book.limits;
        book.messages.trim(now(), limits);
        book.sends.trim(now(), limits);
        drop(book);
        self
    }

    /// Takes a callback down, and wakes those who wait for it.
    ///
    /// It is believed: a call may say that its message went out because of it. Anybody can post to a
    /// URL, so check first where it comes from, by a secret in the URL or by `CallbackKeys` (feature
    /// `proof`).
    pub fn record(&self, callback: &DeliveryCallback) -> Change {
        let id = callback.send_id.as_ref();
        let longest = [callback.mid.as_str(), callback.uid.as_str(), id.map_or("", SendId::as_str)];
        if longest.iter().any(|text| text.len() > LONGEST_ID) {
            return Change::Refused;
        }
        let mut book = self.lock();
        if book.contradicts(&callback.mid, id) {
            return Change::Refused;
        }
        match book.learn(DeliveryState::of_callback(callback), now()) {
            true => Change::Advanced,
            false => Change::Unchanged,
        }
    }

    /// What is known of a message.
    #[must_use]
    pub fn state(&self, mid: &Mid) -> Option<DeliveryState> {
        self.lock().state(mid).cloned()
    }

    /// The message of a send, once a callback or the reply has named it. With an
    /// [`Error::send_id`](crate::Error::send_id) whose outcome was `Unknown` it says that the server
    /// took the message after all; its [`state`](Self::state) says how far it has come.
    ///
    /// A call that was refused stays refused. Should a callback contradict it, then only this tells.
    #[must_use]
    pub fn resolved(&self, id: &SendId) -> Option<Mid> {
        self.lock().message_of(id).cloned()
    }

    /// Waits until the message of a send is known, as [`resolved`](Self::resolved), but no longer
    /// than `time`. Dropping the future does no harm. Needs a tokio runtime with time.
    pub async fn wait_for_send(&self, id: &SendId, time: Duration) -> Option<Mid> {
        let watch = Watch::new(self, Key::Send(id.clone()));
        let named = watch.until(|book| book.message_of(id).cloned());
        tokio::time::timeout(time, named).await.ok()
    }

    /// Takes down what the server answered to GetMessageDetails.
    pub(crate) fn learn(&self, mid: &Mid, details: &MessageDetails) {
        self.lock().learn(DeliveryState::of_details(mid, details), now());
    }

    /// Keeps what is known of a message for as long as the watch lives.
    pub(crate) fn watch(&self, mid: &Mid) -> MessageWatch {
        MessageWatch::new(self, mid)
    }

    /// A call is about to send with this id, perhaps more than once.
    pub(crate) fn expect(&self, id: &SendId, several: bool) -> Sending {
        Sending::new(self, id, several)
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows how much is known, and nothing of it.
impl fmt::Debug for Deliveries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let messages = self.lock().messages.len();
        f.debug_struct("Deliveries").field("messages", &messages).finish_non_exhaustive()
    }
}

/// The longest id that is kept, in bytes.
const LONGEST_ID: usize = 256;

/// The time of the runtime, which tests can hold. Works without a runtime too.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

#[cfg(test)]
mod tests;
