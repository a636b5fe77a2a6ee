use std::{error, io};

use rusqlite::ErrorCode;

/// Why a file cannot keep the state of a sandbox. The file is left as it is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// It is not there, and cannot be made.
    #[error("the file cannot be made: its folder has to exist and to be writable")]
    Create(#[source] io::Error),
    /// Another sandbox has it open, or another program reads it.
    #[error("the file is in use: stop the other sandbox, or choose another file")]
    InUse,
    /// It is no database, or that of another program.
    #[error(
        "the file is not the data of a sandbox: choose another one, or one that is not there yet"
    )]
    NotData,
    /// A later version of the sandbox has written it.
    #[error(
        "the file was written by a later version of the sandbox, in format {format}: use that \
         version, or choose another file"
    )]
    Newer {
        /// Its format, the `user_version` of SQLite. This version writes 1.
        format: i64,
    },
    /// It ends too early, or what it holds cannot be read.
    #[error("the file is damaged: put a copy in its place, or choose another file to start anew")]
    Damaged,
    /// It cannot be read or written.
    #[error(
        "the file cannot be read or written: see to its permissions and to the room on its disk"
    )]
    Unusable(#[source] Box<dyn error::Error + Send + Sync>),
}

/// None of SQLite's errors here shows what a row holds.
impl From<rusqlite::Error> for DataError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::InUse,
            Some(ErrorCode::NotADatabase) => Self::NotData,
            // A table that is missing, or a column of another type.
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::Unknown) | None => Self::Damaged,
            Some(_) => Self::Unusable(error.into()),
        }
    }
}
