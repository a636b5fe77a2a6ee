use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{DateTime, Mid, Uid};

/// An error of any kind.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// How far the events of an account were confirmed, and which were given lately. Keep it as the JSON
/// that it serializes to. It holds ids of users, which may hold phone numbers: keep it as you keep
/// those.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    pub(super) position: Timestamp,
    pub(super) conversations_from: Timestamp,
    pub(super) users: Vec<(Uid, (Timestamp, Option<DateTime>))>,
    pub(super) messages: Vec<(Mid, Timestamp)>,
}

impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cursor").field("position", &self.position).finish_non_exhaustive()
    }
}

/// Where a [`Cursor`] is kept.
#[async_trait]
pub trait CursorStore: Send + Sync + 'static {
    /// The cursor that was saved last, `None` if there was none.
    ///
    /// # Errors
    /// Any that keeps it from being read. A cursor that is damaged is an error, not `None`.
    async fn load(&self) -> Result<Option<Cursor>, BoxError>;

    /// Keeps the cursor in place of the one before. A save that fails must leave that one.
    ///
    /// # Errors
    /// Any that keeps it from being written.
    async fn save(&self, cursor: &Cursor) -> Result<(), BoxError>;
}

/// A cursor in memory: it survives a lost connection, not the process. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct MemoryCursor(Arc<Mutex<Option<Cursor>>>);

#[async_trait]
impl CursorStore for MemoryCursor {
    async fn load(&self) -> Result<Option<Cursor>, BoxError> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    async fn save(&self, cursor: &Cursor) -> Result<(), BoxError> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(cursor.clone());
        Ok(())
    }
}

/// A cursor in a file of its own, as JSON. Each save writes a new file beside it, which then takes its
/// place, so a crash leaves one or the other. On Unix only the user can read it.
#[derive(Debug, Clone)]
pub struct FileCursor {
    path: PathBuf,
}

impl FileCursor {
    /// A cursor in this file. It need not exist, but its folder has to.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }
}

#[async_trait]
impl CursorStore for FileCursor {
    async fn load(&self) -> Result<Option<Cursor>, BoxError> {
        let path = self.path.clone();
        tokio::task::spawn_blocking(move || match fs::read(&path) {
            Ok(json) => Ok(Some(serde_json::from_slice(&json).map_err(|error| damaged(&error))?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        })
        .await?
    }

    async fn save(&self, cursor: &Cursor) -> Result<(), BoxError> {
        let (path, json) = (self.path.clone(), serde_json::to_vec(cursor)?);
        tokio::task::spawn_blocking(move || Ok(replace(&path, &json)?)).await?
    }
}

/// Without the words of the library's error, which quote what they do not understand.
fn damaged(error: &serde_json::Error) -> io::Error {
    let (line, column) = (error.line(), error.column());
    let message = format!("the cursor is damaged at line {line}, column {column}");
    io::Error::new(io::ErrorKind::InvalidData, message)
}

fn replace(path: &Path, json: &[u8]) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    io::Write::write_all(&mut file, json)?;
    // Else a crash of the machine could leave an empty file under the right name.
    file.sync_all()?;
    fs::rename(beside, path)
}
