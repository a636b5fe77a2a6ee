use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    contacts::Contact,
    delivery::Job,
    groups::Group,
    messages::Message,
    provider::{CrmSent, Provider},
    statuses::Status,
    wordpress::WordPress,
};
use crate::{
    data::{Rows, Single},
    rest::Faults,
};

/// Everything that the server knows.
pub(crate) struct State {
    /// Where the sandbox listens, without a slash at the end.
    pub(super) base: String,
    pub(super) contacts: Rows<u64, Contact>,
    pub(super) by_phone: BTreeMap<String, u64>,
    pub(super) groups: Rows<u64, Group>,
    pub(super) messages: Rows<u64, Message>,
    pub(super) statuses: Rows<u64, Status>,
    pub(super) media: Rows<String, Media>,
    /// What happens later, by its time.
    pub(super) due: BTreeSet<(Timestamp, Job)>,
    /// What was filled in on the landing pages of the built-in WordPress.
    pub(super) landing_rows: Rows<u64, Value>,
    pub(super) sent: Rows<u64, CrmSent>,
    pub(super) replies: Rows<u64, Reply>,
    pub(super) settings: Single<Settings>,
    pub(super) faults: Faults,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Settings {
    pub(super) last_ids: Ids,
    pub(super) wordpress: WordPress,
    pub(super) provider: Provider,
    /// Whether it does as the running backend where that differs from the document.
    pub(super) as_running: bool,
    /// Whether writes without the last slash are redirected, as without Django's debug setting.
    pub(super) redirects_writes: bool,
}

/// The last id of each table.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Ids {
    pub(super) contact: u64,
    pub(super) group: u64,
    pub(super) message: u64,
    pub(super) status: u64,
}

/// The next id of a table.
pub(super) fn next(last: &mut u64) -> u64 {
    *last += 1;
    *last
}

/// A file that was uploaded.
#[derive(Serialize, Deserialize)]
pub(super) struct Media {
    pub(super) content_type: String,
    #[serde(skip)]
    pub(super) content: Bytes,
}

/// A word of incoming messages, and what they are answered.
#[derive(Serialize, Deserialize)]
pub(super) struct Reply {
    pub(super) word: String,
    pub(super) reply: String,
}

impl State {
    /// Undocumented: the predefined replies. Assumed: these two.
    pub(crate) fn new(base: String, now: Timestamp) -> Self {
        let settings = Settings {
            last_ids: Ids::default(),
            wordpress: WordPress::built_in(now),
            provider: Provider::default(),
            as_running: false,
            redirects_writes: false,
        };
        let mut state = Self {
            base,
            contacts: Rows::default(),
            by_phone: BTreeMap::new(),
            groups: Rows::default(),
            messages: Rows::default(),
            statuses: Rows::default(),
            media: Rows::default(),
            due: BTreeSet::new(),
            landing_rows: Rows::default(),
            sent: Rows::default(),
            replies: Rows::default(),
            settings: Single::new(settings),
            faults: Faults::default(),
        };
        state.add_reply("hello", "Hello! How can we help you?");
        state.add_reply("price", "Our team will send you the prices shortly.");
        state
    }

    pub(super) fn add_reply(&mut self, word: &str, reply: &str) {
        self.replies.push(Reply { word: word.to_owned(), reply: reply.to_owned() });
    }
}
