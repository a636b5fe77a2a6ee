//! Which tokens have a socket in this process. Two for one token would take each other's place.

use std::{collections::BTreeSet, sync::Mutex};

use http::Uri;
use replykit_transport::LimitKey;

use super::lock;
use crate::Token;

static TAKEN: Mutex<BTreeSet<LimitKey>> = Mutex::new(BTreeSet::new());

/// The place of a token, given back when it is dropped.
pub(super) struct Place(LimitKey);

impl Place {
    /// `None` when the token has a socket to this endpoint.
    pub(super) fn take(endpoint: &Uri, token: &Token) -> Option<Self> {
        // A digest, so that no second copy of the token is kept.
        let key = LimitKey::new("convrs socket", &format!("{endpoint} {}", token.expose()));
        lock(&TAKEN).insert(key).then(|| Self(key))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        lock(&TAKEN).remove(&self.0);
    }
}
