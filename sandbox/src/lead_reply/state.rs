use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    LeadDelivery,
    card::{Source, SourceId},
    leads::Lead,
    outbox::{Job, Outbox},
};

/// Everything that the server knows.
pub(crate) struct State {
    /// Where the sandbox listens, without a slash at the end.
    pub(super) base: String,
    main: Source,
    main_north: Source,
    /// By the number in their ids.
    pub(super) leads: BTreeMap<u64, Lead>,
    pub(super) last_message: u64,
    /// What happens later, by its time and the order in which it was planned.
    pub(super) jobs: BTreeMap<(Timestamp, u64), Job>,
    pub(super) serial: u64,
    /// What is on its way to a webhook, by lead.
    pub(super) outboxes: BTreeMap<u64, Outbox>,
    /// What was, by the number in the ids of the events.
    pub(super) deliveries: BTreeMap<u64, (SourceId, LeadDelivery)>,
}

impl State {
    pub(crate) fn new(base: String) -> Self {
        Self {
            base,
            main: Source::new(SourceId::Main),
            main_north: Source::new(SourceId::MainNorth),
            leads: BTreeMap::new(),
            last_message: 0,
            jobs: BTreeMap::new(),
            serial: 0,
            outboxes: BTreeMap::new(),
            deliveries: BTreeMap::new(),
        }
    }

    pub(super) fn source(&self, id: SourceId) -> &Source {
        match id {
            SourceId::Main => &self.main,
            SourceId::MainNorth => &self.main_north,
        }
    }

    pub(super) fn source_mut(&mut self, id: SourceId) -> &mut Source {
        match id {
            SourceId::Main => &mut self.main,
            SourceId::MainNorth => &mut self.main_north,
        }
    }
}
