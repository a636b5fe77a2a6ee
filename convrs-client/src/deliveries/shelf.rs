//! A map that holds so much, so long, and no more. What somebody waits for stays.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::Notify;

/// What a shelf may hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) count: usize,
    pub(super) age: Duration,
}

/// Which values go first, the first one first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Class {
    /// Whether it is of a send of ours. Anybody may make up the others.
    pub(super) own: bool,
    /// Whether more is to be expected of it.
    pub(super) open: bool,
}

impl Class {
    const ALL: [Self; 4] = [
        Self { own: false, open: false },
        Self { own: false, open: true },
        Self { own: true, open: false },
        Self { own: true, open: true },
    ];
}

/// A value that a shelf holds.
pub(super) trait Kept: Default {
    fn class(&self) -> Class;

    /// Whether nothing is known: such a value stands there for those who wait for it.
    fn is_blank(&self) -> bool;
}

struct Slot<V> {
    value: V,
    /// Where it stands in the queue; nowhere while somebody waits for it.
    place: Option<(Class, u64)>,
    changed: Instant,
    waiting: usize,
    /// Made when somebody waits for the first time.
    news: Option<Arc<Notify>>,
}

impl<V> Slot<V> {
    fn wake(&self) {
        if let Some(news) = &self.news {
            news.notify_waiters();
        }
    }
}

pub(super) struct Shelf<K, V> {
    slots: BTreeMap<K, Slot<V>>,
    /// What may be forgotten, and in which order.
    queue: BTreeMap<(Class, u64), K>,
    serial: u64,
}

impl<K, V> Default for Shelf<K, V> {
    fn default() -> Self {
        Self { slots: BTreeMap::new(), queue: BTreeMap::new(), serial: 0 }
    }
}

impl<K: Ord + Clone, V: Kept> Shelf<K, V> {
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.slots.get(key).map(|slot| &slot.value)
    }

    /// Changes the value, a blank one where there was none. `change` says whether it did; those who
    /// wait for it are woken then.
    pub(super) fn change(
        &mut self,
        key: &K,
        now: Instant,
        limits: Limits,
        change: impl FnOnce(&mut V) -> bool,
    ) -> bool {
        let slot = Self::slot(&mut self.slots, key, now);
        let changed = change(&mut slot.value);
        if changed {
            slot.changed = now;
            slot.wake();
            self.queue_up(key);
        }
        self.trim(now, limits);
        changed
    }

    /// Wakes those who wait for it.
    pub(super) fn wake(&self, key: &K) {
        if let Some(slot) = self.slots.get(key) {
            slot.wake();
        }
    }

    /// Keeps the value, a blank one where there is none, until it is let go as often as it was held.
    pub(super) fn hold(&mut self, key: &K, now: Instant) -> Arc<Notify> {
        let slot = Self::slot(&mut self.slots, key, now);
        slot.waiting = slot.waiting.saturating_add(1);
        let news = Arc::clone(slot.news.get_or_insert_default());
        self.queue_up(key);
        news
    }

    pub(super) fn let_go(&mut self, key: &K, now: Instant, limits: Limits) {
        if let Some(slot) = self.slots.get_mut(key) {
            slot.waiting = slot.waiting.saturating_sub(1);
            self.queue_up(key);
        }
        self.trim(now, limits);
    }

    fn slot<'a>(slots: &'a mut BTreeMap<K, Slot<V>>, key: &K, now: Instant) -> &'a mut Slot<V> {
        slots.entry(key.clone()).or_insert_with(|| Slot {
            value: V::default(),
            place: None,
            changed: now,
            waiting: 0,
            news: None,
        })
    }

    /// Puts it where it belongs now: at the end of its class, out of the queue, or nowhere.
    fn queue_up(&mut self, key: &K) {
        let Some(slot) = self.slots.get_mut(key) else { return };
        if let Some(place) = slot.place.take() {
            self.queue.remove(&place);
        }
        if slot.waiting > 0 {
            return;
        }
        if slot.value.is_blank() {
            self.slots.remove(key);
            return;
        }
        self.serial = self.serial.wrapping_add(1);
        let place = (slot.value.class(), self.serial);
        slot.place = Some(place);
        self.queue.insert(place, key.clone());
    }

    /// Forgets what is too old, and what is too much.
    pub(super) fn trim(&mut self, now: Instant, limits: Limits) {
        for class in Class::ALL {
            while let Some((place, key)) = self.queue.range((class, 0)..=(class, u64::MAX)).next()
                && self
                    .slots
                    .get(key)
                    .is_none_or(|slot| now.saturating_duration_since(slot.changed) > limits.age)
            {
                let place = *place;
                self.forget(place);
            }
        }
        while self.slots.len() > limits.count
            && let Some((place, _)) = self.queue.first_key_value()
        {
            let place = *place;
            self.forget(place);
        }
    }

    fn forget(&mut self, place: (Class, u64)) {
        if let Some(key) = self.queue.remove(&place) {
            self.slots.remove(&key);
        }
    }
}
