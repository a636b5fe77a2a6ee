use std::{
    collections::{BTreeMap, VecDeque},
    error::Error as StdError,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;

use super::{Charge, LimitKey, LimitStore, Take, tally::Tally};

/// Counts the requests of one process. A key that was idle for its window takes no memory.
#[derive(Default)]
pub struct MemoryLimits(Mutex<Counts>);

/// 2 KiB, as for the tally.
const FEWEST_LOGGED: usize = 128;

#[derive(Default)]
pub(super) struct Counts {
    /// The first time seen. Those below are nanoseconds after it.
    start: Option<Instant>,
    /// The requests that still count, by the time at which they no longer do.
    pub(super) log: VecDeque<(u64, LimitKey)>,
    /// How many of them each key has.
    pub(super) live: Tally,
    /// Until when nothing passes, for keys of which the server said so.
    pub(super) held: BTreeMap<LimitKey, u64>,
}

impl MemoryLimits {
    /// As [`LimitStore::take`], at a time of your choice. Time must not run backwards.
    pub fn take_at(&self, charges: &[Charge], now: Instant) -> Take {
        let mut counts = self.counts();
        let now = counts.since_start(now);
        counts.forget(now);
        for (place, charge) in charges.iter().enumerate() {
            if let Some(until) = counts.blocked_until(charge) {
                let time = Duration::from_nanos(until.saturating_sub(now));
                return Take::Wait { charge: place, time };
            }
        }
        for charge in charges {
            counts.charge(charge, now);
        }
        Take::Granted
    }

    /// As [`LimitStore::hold`], at a time of your choice.
    pub fn hold_at(&self, key: LimitKey, time: Duration, now: Instant) {
        let mut counts = self.counts();
        let until = counts.since_start(now).saturating_add(nanos(time));
        let held = counts.held.entry(key).or_insert(until);
        *held = (*held).max(until);
    }

    pub(super) fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Up to 584 years.
fn nanos(time: Duration) -> u64 {
    time.as_secs().saturating_mul(1_000_000_000).saturating_add(time.subsec_nanos().into())
}

impl Counts {
    fn since_start(&mut self, now: Instant) -> u64 {
        nanos(now.saturating_duration_since(*self.start.get_or_insert(now)))
    }

    /// Drops what no longer counts.
    fn forget(&mut self, now: u64) {
        while let Some((_, key)) = self.log.front().copied().filter(|(until, _)| *until <= now) {
            self.log.pop_front();
            self.live.remove(key);
        }
        // After a rush its memory goes back.
        if self.log.capacity() > FEWEST_LOGGED && self.log.len() < self.log.capacity() / 8 {
            self.log.shrink_to(self.log.capacity() / 2);
        }
        if !self.held.is_empty() {
            self.held.retain(|_, until| *until > now);
        }
    }

    fn blocked_until(&self, charge: &Charge) -> Option<u64> {
        let held = self.held.get(&charge.key).copied();
        let live = self.live.count(charge.key);
        // With the oldest of them gone, one more fits.
        let over = live.checked_sub(charge.limit.max(1)).and_then(|over| {
            let of_key = self.log.iter().filter(|(_, key)| *key == charge.key);
            of_key.map(|(until, _)| *until).nth(usize::try_from(over).ok()?)
        });
        held.max(over)
    }

    fn charge(&mut self, charge: &Charge, now: u64) {
        let until = now.saturating_add(nanos(charge.window));
        self.live.add(charge.key);
        // Windows of one length come in order, so this is the end.
        if self.log.back().is_none_or(|(last, _)| *last <= until) {
            self.log.push_back((until, charge.key));
            return;
        }
        let place = self.log.iter().rposition(|(other, _)| *other <= until).map_or(0, |at| at + 1);
        self.log.insert(place, (until, charge.key));
    }
}

#[async_trait]
impl LimitStore for MemoryLimits {
    async fn take(&self, charges: &[Charge]) -> Result<Take, Box<dyn StdError + Send + Sync>> {
        Ok(self.take_at(charges, tokio::time::Instant::now().into_std()))
    }

    async fn hold(
        &self,
        key: LimitKey,
        time: Duration,
    ) -> Result<(), Box<dyn StdError + Send + Sync>> {
        self.hold_at(key, time, tokio::time::Instant::now().into_std());
        Ok(())
    }
}

impl fmt::Debug for MemoryLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryLimits").field("live", &self.counts().live.keys()).finish()
    }
}
