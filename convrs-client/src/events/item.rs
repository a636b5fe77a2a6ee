use std::{fmt, time::Duration};

use jiff::Timestamp;

use super::BoxError;
use crate::{Disconnect, Error, Event, SocketEnd, Truncated};

/// What a stream of [`Events`](crate::Events) gives.
#[derive(Debug)]
#[non_exhaustive]
pub enum SocketEvent {
    /// Something happened in the account.
    Event {
        /// What.
        event: Event,
        /// How it became known.
        origin: Origin,
    },
    /// The connection is there. If there was one before, or a cursor, what happened in between comes
    /// next, and then what happens from now on.
    Connected,
    /// The connection is gone.
    Disconnected(Disconnect),
    /// Another attempt to connect follows.
    Reconnecting {
        /// The number of the attempt since the last connection that was healthy, from 1.
        attempt: u32,
        /// The wait before it.
        wait: Duration,
    },
    /// There was no connection for a time. What could be recovered of it follows.
    Gap(Gap),
    /// What happened during a gap cannot be asked for now. Everything that follows waits until it can,
    /// or until the socket has ended: then it is left to the next start with the same cursor.
    BackfillFailed {
        /// Why.
        error: Error,
        /// When it is asked for again.
        retry_in: Duration,
    },
    /// The position was not kept. It is tried again with the next one.
    CursorNotSaved(BoxError),
    /// This connection took the place of another one with the token.
    TookOver,
    /// There will be no other connection: the stream ends here.
    Ended(SocketEnd),
}

/// How an event became known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Origin {
    /// The server pushed it.
    Live,
    /// It happened while there was no connection, and was asked for. A user is as of now, not as of
    /// then.
    Backfill,
}

/// A time without a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Gap {
    /// Its beginning, in the server's time: everything before it was given.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
    /// How many events were recovered.
    pub recovered: usize,
    /// The kinds of events that nothing recovers: they may have happened.
    pub unrecoverable: &'static [&'static str],
    /// Where the server gave no more, so that even recoverable events may be missing.
    pub truncated: Vec<Truncated>,
}

impl Gap {
    /// The events of a gap that cannot be asked for: the server does not keep them.
    pub const UNRECOVERABLE: [&'static str; 4] =
        ["onUserUpdate", "onUserDelete", "onUserDisable", "onUserEnable"];
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to, recovered, unrecoverable, truncated } = self;
        write!(f, "no connection from {from:.0} to {to:.0}: {recovered} events recovered; ")?;
        write!(f, "{} may be missing", unrecoverable.join(", "))?;
        truncated.iter().try_for_each(|truncated| write!(f, "; {truncated}"))
    }
}
