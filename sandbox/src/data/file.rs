//! The SQLite file. This and its errors are the only places that know SQLite.
//!
//! It is in WAL mode and one process has it for itself. Each commit is with the system before
//! the answer goes out, so that the end of the process costs nothing; that of the machine may
//! cost the last answers, and leaves the file whole.

use std::{
    fs::{self, OpenOptions},
    io,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, Transaction, params, types::ValueRef};
use serde_json::Value;

use super::{Change, DataError, Row, Stored};

/// Marks a file as one of ours, in its header: `rkit`.
const APPLICATION: i64 = 0x726b_6974;

/// The version of [`SCHEMA`], and of the JSON in it.
const FORMAT: i64 = 1;

const SCHEMA: &str = "
    CREATE TABLE clock (id INTEGER PRIMARY KEY, json TEXT NOT NULL) STRICT;
    CREATE TABLE crm_settings (id INTEGER PRIMARY KEY, json TEXT NOT NULL) STRICT;
    CREATE TABLE crm_contacts (id INTEGER PRIMARY KEY, json TEXT NOT NULL) STRICT;
    CREATE TABLE crm_groups (id INTEGER PRIMARY KEY, json TEXT NOT NULL) STRICT;
    CREATE TABLE crm_messages (id INTEGER PRIMARY KEY, json TEXT NOT NULL) STRICT;
    CREATE TABLE crm_statuses (id INTEGER PRIMARY KEY, json TEXT NOT NULL) STRICT;
    CREATE TABLE crm_media
        (id TEXT PRIMARY KEY, json TEXT NOT NULL, content BLOB NOT NULL) STRICT;
    CREATE TABLE crm_replies (id INTEGER PRIMARY KEY, json TEXT NOT NULL) STRICT;
    CREATE TABLE crm_wordpress (id INTEGER PRIMARY KEY, json TEXT NOT NULL) STRICT;
    CREATE TABLE crm_sent (id INTEGER PRIMARY KEY, json TEXT NOT NULL) STRICT;
    CREATE TABLE session_settings (id INTEGER PRIMARY KEY, json TEXT NOT NULL) STRICT;
    CREATE TABLE session_accounts (id TEXT PRIMARY KEY, json TEXT NOT NULL) STRICT;
    CREATE TABLE session_logins (id TEXT PRIMARY KEY, json TEXT NOT NULL) STRICT;
    CREATE TABLE session_messages (id INTEGER PRIMARY KEY, json TEXT NOT NULL) STRICT;
    CREATE TABLE session_sent (id INTEGER PRIMARY KEY, json TEXT NOT NULL) STRICT;
";

/// An open file, until it is closed or could not be written.
pub(crate) struct File {
    connection: Mutex<Option<Connection>>,
}

impl File {
    /// Reads the states from a file, and the time that it was there. One that is not there, or is
    /// empty, is made and gets the states as they are.
    ///
    /// # Errors
    /// Nothing of what was in the file has changed then.
    pub(crate) fn open(
        path: &Path,
        states: &mut [&mut dyn Stored],
        now: Timestamp,
    ) -> Result<(Self, Timestamp), DataError> {
        create(path).map_err(DataError::Create)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(Duration::ZERO)?;
        connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        let mut then = now;
        if is_empty(&connection)? {
            // SQLite takes a few bytes that are no database for nothing. What a kill left of one that
            // was being made, it has removed by now.
            if fs::metadata(path).map_err(DataError::Create)?.len() > 0 {
                return Err(DataError::NotData);
            }
            begin(&mut connection, states, now)?;
        } else {
            check(&connection)?;
            for state in &mut *states {
                load(&connection, *state)?;
            }
            let clock = rows(&connection, "clock")?;
            let clock = clock.first().ok_or(DataError::Damaged)?;
            then = serde_json::from_str(&clock.json).map_err(|_| DataError::Damaged)?;
        }
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        // Takes the lock, and tells whether the file may be written.
        keep(&mut connection, Vec::new(), then)?;
        Ok((Self { connection: Mutex::new(Some(connection)) }, then))
    }

    /// Writes what has changed, in one transaction.
    pub(crate) fn save(&self, state: &mut dyn Stored, now: Timestamp) {
        self.write(|connection| {
            let changes = changes(state)?;
            if changes.is_empty() { Ok(()) } else { keep(connection, changes, now) }
        });
    }

    /// Writes what time it is, when nothing else has changed.
    pub(crate) fn keep_time(&self, now: Timestamp) {
        self.write(|connection| keep(connection, Vec::new(), now));
    }

    /// Whether everything so far is in the file.
    pub(crate) fn is_open(&self) -> bool {
        self.connection().is_some()
    }

    /// Leaves the file to others.
    pub(crate) fn close(&self) {
        *self.connection() = None;
    }

    /// What could not be written is the last that was to be: what follows would stand there
    /// without it.
    fn write(&self, write: impl FnOnce(&mut Connection) -> Result<(), DataError>) {
        let mut connection = self.connection();
        if let Some(open) = connection.as_mut()
            && write(open).is_err()
        {
            *connection = None;
        }
    }

    fn connection(&self) -> MutexGuard<'_, Option<Connection>> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes a file if there is none. Only its owner may read a new one, and what SQLite puts beside it.
///
/// One that is there is not opened: to close it again would take away the locks that another sandbox
/// of this process has on it.
fn create(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

fn is_empty(connection: &Connection) -> rusqlite::Result<bool> {
    let pages: i64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0))?;
    Ok(pages == 0)
}

/// Makes the tables and fills them. The end of the process leaves all of it there, or nothing.
fn begin(
    connection: &mut Connection,
    states: &mut [&mut dyn Stored],
    now: Timestamp,
) -> Result<(), DataError> {
    let transaction = connection.transaction()?;
    transaction.execute_batch(SCHEMA)?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", FORMAT)?;
    for state in states {
        state.tables().into_iter().for_each(|(_, table)| table.begin());
        put_all(&transaction, changes(*state)?, now)?;
    }
    Ok(transaction.commit()?)
}

/// # Errors
/// When the file is not ours, or is not whole.
fn check(connection: &Connection) -> Result<(), DataError> {
    let number = |pragma| connection.query_row(pragma, [], |row| row.get(0));
    if number("PRAGMA application_id")? != APPLICATION {
        return Err(DataError::NotData);
    }
    let format = number("PRAGMA user_version")?;
    if format > FORMAT {
        return Err(DataError::Newer { format });
    }
    let found: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if format == FORMAT && found == "ok" { Ok(()) } else { Err(DataError::Damaged) }
}

fn load(connection: &Connection, state: &mut dyn Stored) -> Result<(), DataError> {
    for (name, table) in state.tables() {
        // What is wrong with a row would be told with what it holds.
        table.load(rows(connection, name)?).map_err(|_| DataError::Damaged)?;
    }
    state.restore();
    Ok(())
}

fn rows(connection: &Connection, table: &str) -> Result<Vec<Row>, DataError> {
    let mut statement = connection.prepare(&format!("SELECT * FROM {table}"))?;
    let has_content = statement.column_count() > 2;
    let rows = statement.query_map([], |row| {
        let id = match row.get_ref(0)? {
            ValueRef::Integer(id) => id.into(),
            id => id.as_str()?.into(),
        };
        let content: Option<Vec<u8>> = if has_content { Some(row.get(2)?) } else { None };
        Ok(Row { id, json: row.get(1)?, content: content.map(Bytes::from) })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// What has changed, each with its table.
type Changes = Vec<(&'static str, Change)>;

fn changes(state: &mut dyn Stored) -> Result<Changes, DataError> {
    let mut changes = Vec::new();
    for (name, table) in state.tables() {
        let of_table = table.changes().map_err(|error| DataError::Unusable(error.into()))?;
        changes.extend(of_table.into_iter().map(|change| (name, change)));
    }
    Ok(changes)
}

fn keep(connection: &mut Connection, changes: Changes, now: Timestamp) -> Result<(), DataError> {
    let transaction = connection.transaction()?;
    put_all(&transaction, changes, now)?;
    Ok(transaction.commit()?)
}

fn put_all(to: &Transaction<'_>, changes: Changes, now: Timestamp) -> Result<(), DataError> {
    for (table, change) in changes {
        match change {
            Change::Put(row) => put(to, table, &row)?,
            Change::Gone(id) => {
                to.execute(&format!("DELETE FROM {table} WHERE id = ?1"), [sql(&id)])?;
            }
        }
    }
    let json = Value::from(now.to_string()).to_string();
    Ok(put(to, "clock", &Row { id: 1.into(), json, content: None })?)
}

fn put(to: &Transaction<'_>, table: &str, row: &Row) -> rusqlite::Result<()> {
    let id = sql(&row.id);
    match &row.content {
        None => to.execute(
            &format!(
                "INSERT INTO {table} VALUES (?1, ?2)
                 ON CONFLICT (id) DO UPDATE SET json = excluded.json"
            ),
            params![id, row.json],
        ),
        Some(content) => to.execute(
            &format!(
                "INSERT INTO {table} VALUES (?1, ?2, ?3)
                 ON CONFLICT (id) DO UPDATE SET json = excluded.json, content = excluded.content"
            ),
            params![id, row.json, &content[..]],
        ),
    }?;
    Ok(())
}

/// A key is a number or a text.
fn sql(id: &Value) -> rusqlite::types::Value {
    match id.as_i64() {
        Some(id) => id.into(),
        None => id.as_str().unwrap_or_default().to_owned().into(),
    }
}

#[cfg(test)]
mod tests;
