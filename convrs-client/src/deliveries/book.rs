//! What is known of messages and of sends.

use std::time::{Duration, Instant};

use super::{
    shelf::{Class, Kept, Limits, Shelf},
    state::DeliveryState,
};
use crate::{Ack, Mid, SendId};

#[derive(Default)]
pub(super) struct Book {
    pub(super) messages: Shelf<Mid, Tracked>,
    pub(super) sends: Shelf<SendId, Send>,
    pub(super) limits: Limits,
}

/// A message.
#[derive(Default)]
pub(super) struct Tracked {
    own: bool,
    state: Option<DeliveryState>,
}

/// A send.
#[derive(Default)]
pub(super) struct Send {
    own: bool,
    /// Whether the call may send more than once, so that several messages are its own.
    several: bool,
    /// Its messages: the one that was named first, and what else the call brought about.
    mids: Vec<Mid>,
}

impl Book {
    pub(super) fn state(&self, mid: &Mid) -> Option<&DeliveryState> {
        self.messages.get(mid)?.state.as_ref()
    }

    /// Whether a callback says what cannot be: a send has one message, and a message one send.
    pub(super) fn contradicts(&self, mid: &Mid, id: Option<&SendId>) -> bool {
        let Some(id) = id else { return false };
        let other_message = self.sends.get(id).is_some_and(|send| {
            let full = !send.several || send.mids.len() >= MOST_MESSAGES;
            full && !send.mids.is_empty() && !send.mids.contains(mid)
        });
        let known = self.state(mid).and_then(|state| state.send_id.as_ref());
        other_message || known.is_some_and(|known| known != id)
    }

    pub(super) fn learn(&mut self, news: DeliveryState, now: Instant) -> bool {
        let (mid, id) = (news.mid.clone(), news.send_id.clone());
        let own = id.as_ref().is_some_and(|id| self.name(id, &mid, now));
        let changed = self.messages.change(&mid, now, self.limits, |tracked| {
            tracked.own |= own;
            match &mut tracked.state {
                Some(state) => state.join(news),
                none => {
                    *none = Some(news);
                    true
                }
            }
        });
        let id = id.or_else(|| self.state(&mid)?.send_id.clone());
        if let Some(id) = id.filter(|_| changed) {
            self.sends.wake(&id);
        }
        changed
    }

    /// The message of a send.
    pub(super) fn message_of(&self, id: &SendId) -> Option<&Mid> {
        self.sends.get(id)?.mids.first()
    }

    /// The states of the messages of a send.
    pub(super) fn states_of(&self, id: &SendId) -> impl Iterator<Item = &DeliveryState> {
        let mids = self.sends.get(id).map_or(&[][..], |send| &send.mids);
        mids.iter().filter_map(|mid| self.state(mid))
    }

    /// A call sends with this id.
    pub(super) fn expect(&mut self, id: &SendId, several: bool, now: Instant) {
        self.sends.change(id, now, self.limits, |send| {
            (send.own, send.several) = (true, several);
            true
        });
    }

    /// Nothing goes out with this id, as far as the call knows.
    pub(super) fn forget(&mut self, id: &SendId, now: Instant) {
        self.sends.change(id, now, self.limits, |send| {
            send.own = !send.mids.is_empty();
            true
        });
    }

    /// The reply to a send has named its message. It knows better than any callback.
    pub(super) fn answered(&mut self, id: &SendId, mid: &Mid, now: Instant) {
        self.sends.change(id, now, self.limits, |send| {
            if !send.several {
                send.mids.retain(|known| known == mid);
            }
            if !send.mids.contains(mid) {
                send.mids.push(mid.clone());
            }
            true
        });
        self.messages
            .change(mid, now, self.limits, |tracked| !std::mem::replace(&mut tracked.own, true));
    }

    /// Takes down that the send `id` has the message `mid`. Returns whether it is one of ours.
    fn name(&mut self, id: &SendId, mid: &Mid, now: Instant) -> bool {
        let mut own = false;
        self.sends.change(id, now, self.limits, |send| {
            own = send.own;
            let new = !send.mids.contains(mid);
            if new {
                send.mids.push(mid.clone());
            }
            new
        });
        own
    }
}

impl Kept for Tracked {
    fn class(&self) -> Class {
        let ack = self.state.as_ref().map(|state| state.ack);
        let open = ack.is_none_or(|ack| !ack.is_failure() && !ack.reaches(Ack::Delivered));
        Class { own: self.own, open }
    }

    fn is_blank(&self) -> bool {
        self.state.is_none() && !self.own
    }
}

impl Kept for Send {
    fn class(&self) -> Class {
        Class { own: self.own, open: self.mids.is_empty() }
    }

    fn is_blank(&self) -> bool {
        self.mids.is_empty() && !self.own
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { count: 100_000, age: Duration::from_secs(7 * 24 * 60 * 60) }
    }
}

/// How many messages a send can have that may be repeated.
const MOST_MESSAGES: usize = 16;
