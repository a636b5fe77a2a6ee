use std::{
    collections::{BTreeMap, VecDeque},
    error::Error as StdError,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;

use super::{Charge, LimitKey, LimitStore, Take};

/// Counts the requests of one process. A key that was idle for its window takes no memory.
#[derive(Default)]
pub struct MemoryLimits(Mutex<Counts>);

#[derive(Default)]
pub(super) struct Counts {
    /// The requests that still count, by the time at which they no longer do.
    pub(super) log: VecDeque<(Instant, LimitKey)>,
    /// How many of them each key has.
    pub(super) live: BTreeMap<LimitKey, u32>,
    /// Until when nothing passes, for keys of which the server said so.
    pub(super) held: BTreeMap<LimitKey, Instant>,
}

impl MemoryLimits {
    /// As [`LimitStore::take`], at a time of your choice. Time must not run backwards.
    pub fn take_at(&self, charges: &[Charge], now: Instant) -> Take {
        let mut counts = self.counts();
        counts.forget(now);
        for (place, charge) in charges.iter().enumerate() {
            if let Some(until) = counts.blocked_until(charge) {
                return Take::Wait { charge: place, time: until.saturating_duration_since(now) };
            }
        }
        for charge in charges {
            counts.charge(charge, now);
        }
        Take::Granted
    }

    /// As [`LimitStore::hold`], at a time of your choice.
    pub fn hold_at(&self, key: LimitKey, time: Duration, now: Instant) {
        if let Some(until) = now.checked_add(time) {
            let mut counts = self.counts();
            let held = counts.held.entry(key).or_insert(until);
            *held = (*held).max(until);
        }
    }

    pub(super) fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    /// Drops what no longer counts.
    fn forget(&mut self, now: Instant) {
        while self.log.front().is_some_and(|(until, _)| *until <= now) {
            let Some((_, key)) = self.log.pop_front() else { break };
            if let Some(live) = self.live.get_mut(&key) {
                *live -= 1;
                if *live == 0 {
                    self.live.remove(&key);
                }
            }
        }
        if !self.held.is_empty() {
            self.held.retain(|_, until| *until > now);
        }
    }

    fn blocked_until(&self, charge: &Charge) -> Option<Instant> {
        let held = self.held.get(&charge.key).copied();
        let live = self.live.get(&charge.key).copied().unwrap_or(0);
        // With the oldest of them gone, one more fits.
        let over = live.checked_sub(charge.limit.max(1)).and_then(|over| {
            let of_key = self.log.iter().filter(|(_, key)| *key == charge.key);
            of_key.map(|(until, _)| *until).nth(usize::try_from(over).ok()?)
        });
        held.max(over)
    }

    fn charge(&mut self, charge: &Charge, now: Instant) {
        let Some(until) = now.checked_add(charge.window) else { return };
        *self.live.entry(charge.key).or_insert(0) += 1;
        // Windows of one length come in order, so this is the end.
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
        f.debug_struct("MemoryLimits").field("live", &self.counts().live.len()).finish()
    }
}
