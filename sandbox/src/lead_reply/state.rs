use std::collections::BTreeMap;

use super::{
    card::{Source, SourceId},
    leads::Lead,
};

/// Everything that the server knows.
pub(crate) struct State {
    main: Source,
    main_north: Source,
    /// By the number in their ids.
    pub(super) leads: BTreeMap<u64, Lead>,
    pub(super) last_message: u64,
}

impl State {
    pub(crate) fn new() -> Self {
        Self {
            main: Source::new(SourceId::Main),
            main_north: Source::new(SourceId::MainNorth),
            leads: BTreeMap::new(),
            last_message: 0,
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
