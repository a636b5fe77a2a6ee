use std::{collections::BTreeSet, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    accounts::Account,
    messages::{Message, SessionSent},
};
use crate::{
    data::{Rows, Single},
    rest::Faults,
};

/// Undocumented: how long a session lasts. Assumed: a day, and not longer for being used.
const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// Everything that the server knows.
pub(crate) struct State {
    /// By username.
    pub(super) accounts: Rows<String, Account>,
    /// By the id in the cookie.
    pub(super) sessions: Rows<String, Login>,
    pub(super) messages: Rows<u64, Message>,
    /// Messages by the time at which they go out.
    pub(super) due: BTreeSet<(Timestamp, u64)>,
    pub(super) sent: Rows<u64, SessionSent>,
    pub(super) settings: Single<Settings>,
    pub(super) faults: Faults,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Settings {
    /// What cookies are signed with.
    pub(super) secret: [u8; 32],
    pub(super) lifetime: Duration,
    pub(super) logins: u64,
    pub(super) last_message: u64,
    /// Numbers that no message reaches.
    pub(super) unreachable: BTreeSet<String>,
}

/// Who is logged in, and until when.
#[derive(Serialize, Deserialize)]
pub(super) struct Login {
    pub(super) username: String,
    pub(super) expires: Timestamp,
}

impl State {
    pub(crate) fn new() -> Self {
        let settings = Settings {
            secret: random(),
            lifetime: LIFETIME,
            logins: 0,
            last_message: 0,
            unreachable: BTreeSet::new(),
        };
        Self {
            accounts: Rows::default(),
            sessions: Rows::default(),
            messages: Rows::default(),
            due: BTreeSet::new(),
            sent: Rows::default(),
            settings: Single::new(settings),
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
