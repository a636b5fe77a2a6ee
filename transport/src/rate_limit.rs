mod memory;
mod tally;

use std::{
    collections::BTreeMap,
    error::Error as StdError,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
pub use memory::MemoryLimits;
use tokio::{
    sync::{Mutex as Line, OwnedMutexGuard},
    time::{sleep, timeout_at},
};

use crate::{Phase, TransportError, TransportErrorKind};

/// What is limited: a phone number, a token.
///
/// It is a hash of its name, the same on every machine and in every version, so that a shared
/// [`LimitStore`] can use it. `Debug` does not show it: the hash of a phone number can be undone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LimitKey(u64);

impl LimitKey {
    /// The key of `name` among the names of one kind, such as `("phone", "447922021419")`.
    #[must_use]
    pub fn new(kind: &str, name: &str) -> Self {
        // FNV-1a: the hasher of the standard library may differ between versions.
        let bytes = kind.bytes().chain([0]).chain(name.bytes());
        Self(bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        }))
    }

    /// The hash.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Debug for LimitKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LimitKey([redacted])")
    }
}

/// One limit that a request counts against: at most `limit` requests in any `window`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charge {
    /// What is limited.
    pub key: LimitKey,
    /// How many requests in a window; 0 counts as 1.
    pub limit: u32,
    /// The length of the window.
    pub window: Duration,
}

/// What a [`LimitStore`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Take {
    /// Every limit was charged: go.
    Granted,
    /// No limit was charged. Ask again after `time`.
    Wait {
        /// The place among the charges of the first limit that is used up.
        charge: usize,
        /// How long it stays so.
        time: Duration,
    },
}

/// Keeps count of requests, for one process ([`MemoryLimits`]) or for several that share a token.
#[async_trait]
pub trait LimitStore: fmt::Debug + Send + Sync + 'static {
    /// Looks at every limit before any is charged, and charges all or none.
    ///
    /// # Errors
    /// When the store cannot be reached; the request is then not sent.
    async fn take(&self, charges: &[Charge]) -> Result<Take, Box<dyn StdError + Send + Sync>>;

    /// Lets nothing pass for a key for this time: the server said so.
    ///
    /// # Errors
    /// When the store cannot be reached.
    async fn hold(
        &self,
        key: LimitKey,
        time: Duration,
    ) -> Result<(), Box<dyn StdError + Send + Sync>>;
}

/// Lets requests pass at the rate that a server allows. Clones share their count and their queue.
///
/// Requests of one key pass in the order in which they came, and one that waits for its own key
/// delays no other. Nothing is charged before a request passes, so one that gives up costs nothing.
#[derive(Clone)]
pub struct Limiter(Arc<Inner>);

struct Inner {
    store: Box<dyn LimitStore>,
    /// A queue for each key that somebody waits for.
    lines: Mutex<BTreeMap<LimitKey, Arc<Line<()>>>>,
    waiting: AtomicUsize,
    most_waiting: usize,
}

impl Limiter {
    /// The length of the queue unless another is set.
    pub const MOST_WAITING: usize = 1024;

    /// A limiter that counts in memory.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::new(MemoryLimits::default(), Self::MOST_WAITING)
    }

    /// A limiter over a store, with at most so many requests waiting.
    pub fn new(store: impl LimitStore, most_waiting: usize) -> Self {
        Self(Arc::new(Inner {
            store: Box::new(store),
            lines: Mutex::default(),
            waiting: AtomicUsize::new(0),
            most_waiting,
        }))
    }

    /// Waits until every one of these limits lets a request pass, and charges them. Name the one
    /// that the fewest requests share first. Dropping the future gives up the place in the queue.
    ///
    /// Needs a tokio runtime with time.
    ///
    /// # Errors
    /// All in [`Phase::Queue`], so `NotSent`: [`TransportErrorKind::Overloaded`] when the queue is
    /// full or the store fails, [`TransportErrorKind::Timeout`] when the deadline passes first.
    pub async fn acquire(
        &self,
        charges: &[Charge],
        deadline: Instant,
    ) -> Result<(), TransportError> {
        let _place = Place::take(&self.0)?;
        timeout_at(deadline.into(), self.wait(charges)).await.unwrap_or_else(|_| {
            let message = "the deadline passed while the request waited for the rate limit";
            Err(TransportError::new(Phase::Queue, TransportErrorKind::Timeout, message))
        })
    }

    /// Lets nothing pass for a key for this time. A store that cannot be reached holds nothing.
    pub async fn hold(&self, key: LimitKey, time: Duration) {
        // The request that met the limit is over: there is nobody to tell.
        let _ = self.0.store.hold(key, time).await;
    }

    async fn wait(&self, charges: &[Charge]) -> Result<(), TransportError> {
        let mut turns = Vec::with_capacity(charges.len());
        loop {
            for charge in charges.iter().skip(turns.len()) {
                turns.push(Turn::wait(&self.0, charge.key).await);
            }
            match self.0.store.take(charges).await {
                Ok(Take::Granted) => return Ok(()),
                Ok(Take::Wait { charge, time }) => {
                    // Whoever waits behind this one for the wider limits may go first.
                    turns.truncate(charge.saturating_add(1));
                    sleep(time).await;
                }
                Err(error) => {
                    let message = "the store of the rate limit cannot be reached";
                    return Err(TransportError::new(
                        Phase::Queue,
                        TransportErrorKind::Overloaded,
                        message,
                    )
                    .with_source(error));
                }
            }
        }
    }
}

impl fmt::Debug for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limiter")
            .field("store", &self.0.store)
            .field("waiting", &self.0.waiting.load(Ordering::Relaxed))
            .finish_non_exhaustive()
    }
}

/// A place in the queue.
struct Place<'a>(&'a Inner);

impl<'a> Place<'a> {
    fn take(inner: &'a Inner) -> Result<Self, TransportError> {
        let place = Self(inner);
        if inner.waiting.fetch_add(1, Ordering::Relaxed) >= inner.most_waiting {
            let message = "too many requests wait for the rate limit already";
            return Err(TransportError::new(Phase::Queue, TransportErrorKind::Overloaded, message));
        }
        Ok(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Being first in the line of a key.
struct Turn {
    inner: Arc<Inner>,
    key: LimitKey,
    line: Option<OwnedMutexGuard<()>>,
}

impl Turn {
    async fn wait(inner: &Arc<Inner>, key: LimitKey) -> Self {
        let line = inner.lines().entry(key).or_default().clone();
        // Made first, so that one that is dropped while it waits clears up too.
        let mut turn = Self { inner: inner.clone(), key, line: None };
        turn.line = Some(line.lock_owned().await);
        turn
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        drop(self.line.take());
        let mut lines = self.inner.lines();
        // A line that only the map holds has nobody in it.
        if lines.get(&self.key).is_some_and(|line| Arc::strong_count(line) == 1) {
            lines.remove(&self.key);
        }
    }
}

impl Inner {
    fn lines(&self) -> std::sync::MutexGuard<'_, BTreeMap<LimitKey, Arc<Line<()>>>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
