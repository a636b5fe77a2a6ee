use std::{
    collections::{BTreeSet, VecDeque},
    time::{Duration, Instant},
};

/// What was stored lately, by digest: bounded by age and by number, and with that in memory.
///
/// It reads no clock: the time comes with each call.
#[derive(Debug)]
pub(super) struct Seen {
    max_age: Duration,
    max_keys: usize,
    keys: BTreeSet<u128>,
    /// Oldest first.
    order: VecDeque<(Instant, u128)>,
}

impl Seen {
    pub(super) fn new(max_age: Duration, max_keys: usize) -> Self {
        Self { max_age, max_keys, keys: BTreeSet::new(), order: VecDeque::new() }
    }

    /// Whether it was remembered at most `max_age` ago, and not pushed out since.
    pub(super) fn contains(&mut self, key: u128, now: Instant) -> bool {
        self.forget_old(now);
        self.keys.contains(&key)
    }

    /// Remembers it from now. Of too many the oldest is forgotten.
    pub(super) fn remember(&mut self, key: u128, now: Instant) {
        self.forget_old(now);
        if self.keys.insert(key) {
            self.order.push_back((now, key));
        }
        while self.order.len() > self.max_keys {
            self.forget_oldest();
        }
    }

    fn forget_old(&mut self, now: Instant) {
        let max_age = self.max_age;
        let is_old = |time: Instant| now.saturating_duration_since(time) > max_age;
        while self.order.front().is_some_and(|(time, _)| is_old(*time)) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((_, key)) = self.order.pop_front() {
            self.keys.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    #[test]
    fn e05_a_key_is_known_for_its_time_and_no_longer() {
        let start = Instant::now();
        let mut seen = Seen::new(DAY, 10);
        assert!(!seen.contains(1, start));
        seen.remember(1, start);
        assert!(seen.contains(1, start + DAY));
        assert!(!seen.contains(1, start + DAY + Duration::from_nanos(1)));
        assert!(seen.order.is_empty() && seen.keys.is_empty());
    }

    #[test]
    fn e05_a_million_keys_leave_the_newest_100_000() {
        let now = Instant::now();
        let mut seen = Seen::new(DAY, 100_000);
        for key in 0..1_000_000 {
            seen.remember(key, now);
        }
        assert_eq!((seen.order.len(), seen.keys.len()), (100_000, 100_000));
        assert!(!seen.contains(899_999, now) && seen.contains(900_000, now));
    }

    #[test]
    fn e05_with_room_for_none_nothing_is_remembered() {
        let mut seen = Seen::new(DAY, 0);
        seen.remember(1, Instant::now());
        assert!(!seen.contains(1, Instant::now()));
    }

    proptest! {
        /// Against a plain list of everything that ever was.
        #[test]
        fn e05_what_is_known_is_what_is_young_and_among_the_newest(
            steps in prop::collection::vec((0_u128..20, 0_u64..5, any::<bool>()), 0..200),
            max_age in 0_u64..20,
            max_keys in 0_usize..8,
        ) {
            let start = Instant::now();
            let mut now = 0;
            let mut seen = Seen::new(Duration::from_secs(max_age), max_keys);
            let mut all: Vec<(u64, u128)> = Vec::new();
            for (key, passed, remember) in steps {
                now += passed;
                let at = start + Duration::from_secs(now);
                all.retain(|(time, _)| now - time <= max_age);
                if remember {
                    if all.iter().all(|(_, known)| *known != key) {
                        all.push((now, key));
                    }
                    all.drain(..all.len().saturating_sub(max_keys));
                    seen.remember(key, at);
                }
                let known = all.iter().any(|(_, known)| *known == key);
                prop_assert_eq!(seen.contains(key, at), known);
                prop_assert_eq!(seen.keys.len(), seen.order.len());
                prop_assert_eq!(seen.keys.len(), all.len());
            }
        }
    }
}
