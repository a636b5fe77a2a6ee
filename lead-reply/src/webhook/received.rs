use std::fmt;

use bytes::Bytes;
use replykit_inbound::{Decoded, Identity};

use crate::{Activity, FieldNames};

/// What was posted: what happened to a lead, and the bytes that it was read from.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Received {
    /// What happened.
    pub activity: Activity,
    /// The body, as it came. `Debug` shows its length only.
    pub body: Bytes,
}

impl Received {
    /// Reads a body, as the webhook does.
    pub fn new(body: impl Into<Bytes>, names: &FieldNames) -> Self {
        let body = body.into();
        Self { activity: Activity::read(&body, names), body }
    }

    pub(super) fn decoded(self) -> Decoded<Self> {
        let identity = match &self.activity.event_id {
            Some(id) => Identity::of("event", id.clone()),
            None => Identity::of("body", self.body.clone()),
        };
        Decoded { identity, item: self }
    }
}

impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Received")
            .field("activity", &self.activity)
            .field("body", &self.body.len())
            .finish()
    }
}
