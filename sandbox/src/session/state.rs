use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use jiff::Timestamp;

use super::{
    accounts::Account,
    messages::{Message, SessionSent},
};
use crate::rest::Faults;

/// Undocumented: how long a session lasts. Assumed: a day, and not longer for being used.
const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// Everything that the server knows.
pub(crate) struct State {
    /// What cookies are signed with.
    pub(super) secret: [u8; 32],
    /// By username.
    pub(super) accounts: BTreeMap<String, Account>,
    /// By the id in the cookie.
    pub(super) sessions: BTreeMap<String, Login>,
    pub(super) lifetime: Duration,
    pub(super) logins: u64,
    pub(super) messages: BTreeMap<u64, Message>,
    /// Messages by the time at which they go out.
    pub(super) due: BTreeSet<(Timestamp, u64)>,
    pub(super) last_message: u64,
    /// Numbers that no message reaches.
    pub(super) unreachable: BTreeSet<String>,
    pub(super) sent: Vec<SessionSent>,
    pub(super) faults: Faults,
}

/// Who is logged in, and until when.
pub(super) struct Login {
    pub(super) username: String,
    pub(super) expires: Timestamp,
}

impl State {
    pub(crate) fn new() -> Self {
        Self {
            secret: random(),
            accounts: BTreeMap::new(),
            sessions: BTreeMap::new(),
            lifetime: LIFETIME,
            logins: 0,
            messages: BTreeMap::new(),
            due: BTreeSet::new(),
            last_message: 0,
            unreachable: BTreeSet::new(),
            sent: Vec::new(),
            faults: Faults::default(),
        }
    }
}

pub(super) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // Where there is none, the sandbox serves all the same: it guards nothing.
    let _ = getrandom::fill(&mut bytes);
    bytes
}
