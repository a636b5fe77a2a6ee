//! Waiting for news of a message or a send.

use std::sync::Arc;

use tokio::sync::Notify;

use super::{Deliveries, book::Book, now, state::DeliveryState};
use crate::{Ack, Mid, SendId};

pub(super) enum Key {
    Message(Mid),
    Send(SendId),
}

/// Keeps a message or a send from being forgotten, and hears of its news.
pub(super) struct Watch {
    deliveries: Deliveries,
    key: Key,
    news: Arc<Notify>,
}

impl Watch {
    pub(super) fn new(deliveries: &Deliveries, key: Key) -> Self {
        let mut book = deliveries.lock();
        let news = match &key {
            Key::Message(mid) => book.messages.hold(mid, now()),
            Key::Send(id) => book.sends.hold(id, now()),
        };
        drop(book);
        Self { deliveries: deliveries.clone(), key, news }
    }

    /// Waits until there is something to be found.
    pub(super) async fn until<T>(&self, find: impl Fn(&Book) -> Option<T> + Sync) -> T {
        loop {
            // Before the look, so that no news falls in between.
            let news = self.news.notified();
            if let Some(found) = find(&self.deliveries.lock()) {
                return found;
            }
            news.await;
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut book = self.deliveries.lock();
        let limits = book.limits;
        match &self.key {
            Key::Message(mid) => book.messages.let_go(mid, now(), limits),
            Key::Send(id) => book.sends.let_go(id, now(), limits),
        }
    }
}

/// Somebody waits for a message.
pub(crate) struct MessageWatch {
    mid: Mid,
    watch: Watch,
}

impl MessageWatch {
    pub(super) fn new(deliveries: &Deliveries, mid: &Mid) -> Self {
        Self { mid: mid.clone(), watch: Watch::new(deliveries, Key::Message(mid.clone())) }
    }

    pub(crate) fn state(&self) -> Option<DeliveryState> {
        self.watch.deliveries.state(&self.mid)
    }

    /// Waits until the state is one that `wanted` takes.
    pub(crate) async fn until(
        &self,
        wanted: impl Fn(&DeliveryState) -> bool + Sync,
    ) -> DeliveryState {
        self.watch.until(|book| book.state(&self.mid).filter(|state| wanted(state)).cloned()).await
    }
}

/// A send is on its way.
pub(crate) struct Sending {
    id: SendId,
    watch: Watch,
}

impl Sending {
    pub(super) fn new(deliveries: &Deliveries, id: &SendId, several: bool) -> Self {
        let watch = Watch::new(deliveries, Key::Send(id.clone()));
        deliveries.lock().expect(id, several, now());
        Self { id: id.clone(), watch }
    }

    /// What `make` makes of a callback that proves that the message went out.
    pub(crate) fn proof<T>(&self, make: impl Fn(&DeliveryState) -> Option<T>) -> Option<T> {
        self.find(&self.watch.deliveries.lock(), make)
    }

    /// Waits for such a callback.
    pub(crate) async fn proven<T>(&self, make: impl Fn(&DeliveryState) -> Option<T> + Sync) -> T {
        self.watch.until(|book| self.find(book, &make)).await
    }

    fn find<T>(&self, book: &Book, make: impl Fn(&DeliveryState) -> Option<T>) -> Option<T> {
        book.states_of(&self.id).filter(|state| proves(state.ack)).find_map(make)
    }

    /// The call succeeded, and named the message where it could.
    pub(crate) fn ended(&self, mid: Option<&Mid>) {
        if let Some(mid) = mid {
            self.watch.deliveries.lock().answered(&self.id, mid, now());
        }
    }

    /// Nothing went out.
    pub(crate) fn not_sent(&self) {
        self.watch.deliveries.lock().forget(&self.id, now());
    }
}

/// A notice of failure, and an ack that nobody knows, leave it to the reply whether the server took
/// the message: it may be the one that says why not.
fn proves(ack: Ack) -> bool {
    ack.reaches(Ack::AtServer) && !ack.is_failure()
}
