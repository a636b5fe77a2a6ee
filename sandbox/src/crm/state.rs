use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use jiff::Timestamp;

use super::{
    contacts::Contact,
    delivery::Job,
    groups::Group,
    messages::Message,
    provider::{CrmSent, Provider},
    statuses::Status,
    wordpress::WordPress,
};
use crate::rest::Faults;

/// Everything that the server knows.
pub(crate) struct State {
    /// Where the sandbox listens, without a slash at the end.
    pub(super) base: String,
    pub(super) contacts: BTreeMap<u64, Contact>,
    pub(super) by_phone: BTreeMap<String, u64>,
    pub(super) groups: BTreeMap<u64, Group>,
    pub(super) messages: BTreeMap<u64, Message>,
    pub(super) statuses: BTreeMap<u64, Status>,
    pub(super) media: BTreeMap<String, Media>,
    pub(super) ids: Ids,
    /// What happens later, by its time.
    pub(super) due: BTreeSet<(Timestamp, Job)>,
    pub(super) wordpress: WordPress,
    pub(super) provider: Provider,
    pub(super) sent: Vec<CrmSent>,
    /// Words of incoming messages, and what they are answered.
    pub(super) replies: Vec<(String, String)>,
    pub(super) faults: Faults,
    /// Whether it does as the running backend where that differs from the document.
    pub(super) as_running: bool,
    /// Whether writes without the last slash are redirected, as without Django's debug setting.
    pub(super) redirects_writes: bool,
}

/// The last id of each table.
#[derive(Default)]
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
pub(super) struct Media {
    pub(super) content_type: String,
    pub(super) content: Bytes,
}

impl State {
    /// Undocumented: the predefined replies. Assumed: these two.
    pub(crate) fn new(base: String, now: Timestamp) -> Self {
        let replies = [
            ("hello", "Hello! How can we help you?"),
            ("price", "Our team will send you the prices shortly."),
        ];
        Self {
            wordpress: WordPress::built_in(&base, now),
            base,
            contacts: BTreeMap::new(),
            by_phone: BTreeMap::new(),
            groups: BTreeMap::new(),
            messages: BTreeMap::new(),
            statuses: BTreeMap::new(),
            media: BTreeMap::new(),
            ids: Ids::default(),
            due: BTreeSet::new(),
            provider: Provider::default(),
            sent: Vec::new(),
            replies: replies.map(|(word, reply)| (word.to_owned(), reply.to_owned())).into(),
            faults: Faults::default(),
            as_running: false,
            redirects_writes: false,
        }
    }
}
