use jiff::Timestamp;

use super::Stored;

/// There is none without the feature `data`.
pub(crate) enum File {}

impl File {
    pub(crate) fn save(&self, _state: &mut dyn Stored, _now: Timestamp) {
        match *self {}
    }

    pub(crate) fn keep_time(&self, _now: Timestamp) {
        match *self {}
    }

    pub(crate) fn is_open(&self) -> bool {
        match *self {}
    }

    pub(crate) fn close(&self) {
        match *self {}
    }
}
