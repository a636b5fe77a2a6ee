use super::LimitKey;

/// How many requests each key has. A hash table of our own: the keys are hashes already, and a
/// check looks them up six times.
#[derive(Default)]
pub(super) struct Tally {
    /// Each key is at its home or behind it, with no free slot between. A power of two, or none.
    slots: Vec<Slot>,
    keys: usize,
}

/// Free when it counts nothing.
#[derive(Clone, Copy, Default)]
struct Slot {
    key: u64,
    count: u32,
}

/// 2 KiB: the keys of a hundred messages a second are seldom in each other's way.
const FEWEST_SLOTS: usize = 128;

impl Tally {
    pub(super) fn keys(&self) -> usize {
        self.keys
    }

    pub(super) fn count(&self, key: LimitKey) -> u32 {
        self.slots.get(self.find(key.get())).map_or(0, |slot| slot.count)
    }

    pub(super) fn add(&mut self, key: LimitKey) {
        if self.keys * 2 >= self.slots.len() {
            self.resize((self.slots.len() * 2).max(FEWEST_SLOTS));
        }
        let at = self.find(key.get());
        if let Some(slot) = self.slots.get_mut(at) {
            slot.key = key.get();
            slot.count += 1;
            self.keys += usize::from(slot.count == 1);
        }
    }

    pub(super) fn remove(&mut self, key: LimitKey) {
        let at = self.find(key.get());
        let Some(slot) = self.slots.get_mut(at).filter(|slot| slot.count > 0) else { return };
        slot.count -= 1;
        if slot.count == 0 {
            self.keys -= 1;
            self.close(at);
            if self.slots.len() > FEWEST_SLOTS && self.keys * 8 < self.slots.len() {
                self.resize(self.slots.len() / 2);
            }
        }
    }

    /// The slot of a key, or the free one where it would go.
    fn find(&self, key: u64) -> usize {
        let mut at = self.home(key);
        while self.slots.get(at).is_some_and(|slot| slot.count > 0 && slot.key != key) {
            at = self.wrap(at + 1);
        }
        at
    }

    fn home(&self, key: u64) -> usize {
        // The upper half of the product depends on every bit below.
        self.wrap((key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize)
    }

    fn wrap(&self, at: usize) -> usize {
        at & self.slots.len().wrapping_sub(1)
    }

    /// Moves up those who stand behind only because `gap` was taken.
    fn close(&mut self, mut gap: usize) {
        let mut at = self.wrap(gap + 1);
        while let Some(slot) = self.slots.get(at).filter(|slot| slot.count > 0) {
            let from_home = self.wrap(at.wrapping_sub(self.home(slot.key)));
            if from_home >= self.wrap(at.wrapping_sub(gap)) {
                self.slots.swap(at, gap);
                gap = at;
            }
            at = self.wrap(at + 1);
        }
    }

    #[cold]
    fn resize(&mut self, slots: usize) {
        let old = std::mem::replace(&mut self.slots, vec![Slot::default(); slots]);
        for slot in old.into_iter().filter(|slot| slot.count > 0) {
            let at = self.find(slot.key);
            if let Some(free) = self.slots.get_mut(at) {
                *free = slot;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Like a map; with few keys, many of which have one home.
        #[test]
        fn it_counts_like_a_map(steps in prop::collection::vec((0..300u64, 0..3u8), 1..3000)) {
            let mut tally = Tally::default();
            let mut map = BTreeMap::new();
            for (number, step) in steps {
                let key = LimitKey(number % 100 * 128 + number / 100);
                if step > 0 {
                    tally.add(key);
                    *map.entry(key).or_insert(0) += 1;
                } else {
                    tally.remove(key);
                    if let Some(count) = map.get_mut(&key) {
                        *count -= 1;
                    }
                    map.retain(|_, count| *count > 0);
                }
                prop_assert_eq!(tally.keys(), map.len());
            }
            for number in 0..300 {
                let key = LimitKey(number % 100 * 128 + number / 100);
                prop_assert_eq!(tally.count(key), map.get(&key).copied().unwrap_or(0));
            }
        }
    }

    #[test]
    fn it_grows_and_gives_the_memory_back() {
        let mut tally = Tally::default();
        let keys = || (0..10_000).map(|number| LimitKey::new("phone", &number.to_string()));
        keys().for_each(|key| tally.add(key));
        assert!(tally.keys() == 10_000 && keys().all(|key| tally.count(key) == 1));
        keys().for_each(|key| tally.remove(key));
        assert_eq!((tally.keys(), tally.slots.len()), (0, FEWEST_SLOTS));
    }
}
