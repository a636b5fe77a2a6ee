use std::{
    collections::BTreeMap,
    fmt,
    hash::{BuildHasher, RandomState},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout},
};

use super::{ReceiverLimits, Refusal, seen::Seen};

/// By what one item is told from another: two of the same identity are the same item, come twice.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    kind: &'static str,
    bytes: Bytes,
}

impl Identity {
    /// An identity among those of this kind.
    pub fn of(kind: &'static str, bytes: impl Into<Bytes>) -> Self {
        Self { kind, bytes: bytes.into() }
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// An identity as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key(u128);

/// What all clones of a receiver share.
#[derive(Debug)]
pub(super) struct State {
    limits: ReceiverLimits,
    places: Arc<Semaphore>,
    shed: AtomicU64,
    // Two keyed hashes side by side: nobody outside can make two identities meet.
    hashers: (RandomState, RandomState),
    ledger: Mutex<Ledger>,
}

#[derive(Debug)]
struct Ledger {
    seen: Seen,
    /// What is at the sink, or waits for its turn.
    flights: BTreeMap<Key, Flight>,
}

#[derive(Debug)]
struct Flight {
    members: usize,
    turn: Arc<Semaphore>,
}

impl State {
    pub(super) fn new(limits: ReceiverLimits) -> Self {
        let ledger =
            Ledger { seen: Seen::new(limits.seen_age, limits.seen_keys), flights: BTreeMap::new() };
        Self {
            limits,
            places: Arc::new(Semaphore::new(places(limits) as usize)),
            shed: AtomicU64::default(),
            hashers: (RandomState::new(), RandomState::new()),
            ledger: Mutex::new(ledger),
        }
    }

    pub(super) fn limits(&self) -> ReceiverLimits {
        self.limits
    }

    pub(super) fn shed(&self) -> u64 {
        self.shed.load(Ordering::Relaxed)
    }

    pub(super) async fn idle(&self) {
        // It is never closed, so there is nothing but the wait.
        let _ = self.places.acquire_many(places(self.limits)).await;
    }

    /// A place among the requests in work.
    pub(super) async fn admit(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        self.wait(self.places.clone()).await
    }

    pub(super) fn key(&self, Identity { kind, bytes }: &Identity) -> Key {
        let (high, low) = (&self.hashers.0, &self.hashers.1);
        let half = |hasher: &RandomState| u128::from(hasher.hash_one((kind, bytes)));
        Key(half(high) << 64 | half(low))
    }

    pub(super) fn has_seen(&self, Key(key): Key) -> bool {
        self.ledger().seen.contains(key, Instant::now().into_std())
    }

    pub(super) fn remember(&self, Key(key): Key) {
        self.ledger().seen.remember(key, Instant::now().into_std());
    }

    /// Waits until no other with this key is at the sink.
    pub(super) async fn turn(self: &Arc<Self>, key: Key) -> Result<Turn, Refusal> {
        let (member, turn) = self.join(key);
        Ok(Turn { _permit: self.wait(turn).await?, _member: member })
    }

    fn join(self: &Arc<Self>, key: Key) -> (Member, Arc<Semaphore>) {
        let mut ledger = self.ledger();
        let flight = ledger
            .flights
            .entry(key)
            .or_insert_with(|| Flight { members: 0, turn: Arc::new(Semaphore::new(1)) });
        flight.members += 1;
        (Member { state: self.clone(), key }, flight.turn.clone())
    }

    fn leave(&self, key: Key) {
        let mut ledger = self.ledger();
        if let Some(flight) = ledger.flights.get_mut(&key) {
            flight.members -= 1;
            if flight.members == 0 {
                ledger.flights.remove(&key);
            }
        }
    }

    async fn wait(&self, semaphore: Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Refusal> {
        match timeout(self.limits.wait, semaphore.acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            // It is never closed, so this is the time that ran out.
            _ => {
                self.shed.fetch_add(1, Ordering::Relaxed);
                Err(Refusal::Busy)
            }
        }
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn places(limits: ReceiverLimits) -> u32 {
    // More than a semaphore holds is more than a machine does.
    u32::from(limits.in_work).max(1)
}

/// The right to call the sink with an item. The permit goes first, the membership after it.
#[derive(Debug)]
pub(super) struct Turn {
    _permit: OwnedSemaphorePermit,
    _member: Member,
}

#[derive(Debug)]
struct Member {
    state: Arc<State>,
    key: Key,
}

impl Drop for Member {
    fn drop(&mut self) {
        self.state.leave(self.key);
    }
}

#[cfg(test)]
impl State {
    pub(super) fn flights(&self) -> usize {
        self.ledger().flights.len()
    }
}
