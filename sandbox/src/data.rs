//! What outlasts the process: the state of the two WhatsApp servers, in a file where one is wanted.
#![cfg_attr(not(feature = "data"), allow(dead_code, reason = "nothing is kept without it"))]

#[cfg(feature = "data")]
mod error;
#[cfg(feature = "data")]
mod file;
#[cfg(not(feature = "data"))]
mod no_file;
mod rows;

use std::{
    ops::{Deref, DerefMut},
    sync::MutexGuard,
};

use bytes::Bytes;
#[cfg(feature = "data")]
pub use error::DataError;
#[cfg(feature = "data")]
pub(crate) use file::File;
#[cfg(not(feature = "data"))]
pub(crate) use no_file::File;
pub(crate) use rows::{Record, Rows, Single};
use serde_json::Value;

use crate::clock::Clock;

/// What is told when the file could not be written. From then on nothing is, for it would stand
/// there without what came before.
pub(crate) const NOT_KEPT: &str = "The data file cannot be written. It holds everything up to the \
                                   last answer before this: make room, and start the sandbox again.";

/// A state of which parts are kept.
pub(crate) trait Stored {
    /// The parts, each with the name of its table.
    fn tables(&mut self) -> Vec<(&'static str, &mut dyn Table)>;

    /// Finds anew what follows from the parts, after they were read.
    fn restore(&mut self);
}

/// A part of a state that knows what has changed in it since it was last kept.
pub(crate) trait Table {
    /// Notes from now on what changes, and takes everything there is as new.
    fn begin(&mut self);

    /// Takes the rows of a file in place of its own, and notes from now on what changes.
    fn load(&mut self, rows: Vec<Row>) -> serde_json::Result<()>;

    /// What has changed since it was last asked.
    fn changes(&mut self) -> serde_json::Result<Vec<Change>>;
}

/// One row of a table.
#[derive(Clone, PartialEq)]
pub(crate) struct Row {
    /// A number or a text.
    pub(crate) id: Value,
    pub(crate) json: String,
    /// What stands beside the JSON, of a file that was uploaded.
    pub(crate) content: Option<Bytes>,
}

pub(crate) enum Change {
    Put(Row),
    Gone(Value),
}

/// A state that is looked at or changed. It is kept before anybody else can see it, and so before
/// an answer tells of it.
pub(crate) struct Locked<'a, S: Stored> {
    state: MutexGuard<'a, S>,
    file: Option<&'a File>,
    clock: &'a Clock,
}

impl<'a, S: Stored> Locked<'a, S> {
    pub(crate) fn new(state: MutexGuard<'a, S>, file: Option<&'a File>, clock: &'a Clock) -> Self {
        Self { state, file, clock }
    }
}

impl<S: Stored> Deref for Locked<'_, S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.state
    }
}

impl<S: Stored> DerefMut for Locked<'_, S> {
    fn deref_mut(&mut self) -> &mut S {
        &mut self.state
    }
}

impl<S: Stored> Drop for Locked<'_, S> {
    fn drop(&mut self) {
        if let Some(file) = self.file {
            file.save(&mut *self.state, self.clock.now());
        }
    }
}

#[cfg(test)]
#[cfg(feature = "data")]
mod tests;
