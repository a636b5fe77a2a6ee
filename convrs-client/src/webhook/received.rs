use std::fmt;

use bytes::Bytes;
use replykit_inbound::{Decoded, Identity};

use crate::Event;

/// What was posted: an event, and the bytes that it was read from.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Received {
    /// What it is. A callback is [`Event::Delivery`].
    pub event: Event,
    /// The body, as it came. `Debug` shows its length only.
    pub body: Bytes,
}

impl Received {
    /// Reads a body, as the webhook does.
    pub fn new(body: impl Into<Bytes>) -> Self {
        let body = body.into();
        Self { event: Event::parse(&body), body }
    }

    pub(super) fn decoded(self) -> Decoded<Self> {
        Decoded { identity: self.identity(), item: self }
    }

    /// A repeat of a callback may bear another time. It tells nothing new unless it names another
    /// ack, or what the ack is about.
    fn identity(&self) -> Identity {
        let Event::Delivery(callback) = &self.event else {
            return Identity::of("body", self.body.clone());
        };
        let send_id = callback.send_id.as_ref().map(|id| id.as_str());
        let (ack, error) = (callback.ack.code(), callback.whatsapp_error_code);
        // The mid and the send id may hold anything, and are kept apart by `Debug`'s quotes.
        let told = format!("{ack} {error:?} {send_id:?} {:?}", callback.mid.as_str());
        Identity::of("callback", told)
    }
}

impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Received")
            .field("event", &self.event)
            .field("body", &self.body.len())
            .finish()
    }
}
