//! The queue between the driver of a socket and the reader of its events. It has a limit: a full one
//! makes the driver stop reading, and the server feels that.

use std::{
    collections::VecDeque,
    sync::Mutex,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use jiff::Timestamp;
use tokio::time::Instant;

use super::lock;
use crate::session::{Notice, SocketEnd};

/// The queue holds half of what may wait; the other half is with the reader.
const MOST_ITEMS: usize = 512;
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// What waits for the reader.
#[derive(Debug)]
pub(crate) enum Item {
    /// An event, as it came.
    Event(Bytes),
    Notice(Notice),
}

impl Item {
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Event(text) => text.len(),
            Self::Notice(_) => 0,
        }
    }
}

#[derive(Default)]
pub(crate) struct Inbox(Mutex<State>);

#[derive(Default)]
struct State {
    items: VecDeque<Item>,
    bytes: usize,
    /// Whether anybody reads events. As long as nobody does, they are not kept.
    read: bool,
    /// The server's time on this connection, once it is known.
    server_time: Option<Timestamp>,
    /// The server's time on any connection, and when it was told.
    last_told: Option<(Timestamp, Instant)>,
    connected: bool,
    /// Whether nothing comes any more, and why if the session says so.
    ended: Option<Option<SocketEnd>>,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Inbox {
    /// Begins to keep what comes. Returns whether nobody did that before.
    pub(crate) fn subscribe(&self) -> bool {
        let mut state = lock(&self.0);
        if std::mem::replace(&mut state.read, true) {
            return false;
        }
        if state.connected {
            state.items.push_back(Item::Notice(Notice::Connected));
        }
        if let Some(Some(end)) = state.ended {
            state.items.push_back(Item::Notice(Notice::Ended(end)));
        }
        true
    }

    /// Keeps nothing any more.
    pub(crate) fn unsubscribe(&self) {
        let mut state = lock(&self.0);
        state.read = false;
        state.items = VecDeque::new();
        state.bytes = 0;
        if let Some(writer) = state.writer.take() {
            writer.wake();
        }
    }

    /// Takes everything that waits. Pending when nothing does; `false` when nothing will come.
    pub(crate) fn poll_take(&self, into: &mut VecDeque<Item>, cx: &mut Context<'_>) -> Poll<bool> {
        let mut state = lock(&self.0);
        if state.items.is_empty() {
            if state.ended.is_some() {
                return Poll::Ready(false);
            }
            keep(&mut state.reader, cx);
            return Poll::Pending;
        }
        // The emptied queue of the reader becomes the new one, so neither is allocated anew.
        std::mem::swap(&mut state.items, into);
        state.bytes = 0;
        if let Some(writer) = state.writer.take() {
            writer.wake();
        }
        Poll::Ready(true)
    }

    /// The server's time on the connection; `None` when that is gone again.
    pub(crate) fn poll_server_time(&self, cx: &mut Context<'_>) -> Poll<Option<Timestamp>> {
        let mut state = lock(&self.0);
        match state.server_time {
            Some(time) => Poll::Ready(Some(time)),
            None if !state.connected || state.ended.is_some() => Poll::Ready(None),
            None => {
                keep(&mut state.reader, cx);
                Poll::Pending
            }
        }
    }

    /// The last time of the server's, on whichever connection.
    pub(crate) fn latest(&self) -> Option<Timestamp> {
        lock(&self.0).last_told.map(|(time, _)| time)
    }

    /// What the server's clock shows by now, for all that is known. `None` when it never told.
    pub(crate) fn estimate(&self) -> Option<Timestamp> {
        let (time, at) = lock(&self.0).last_told?;
        time.saturating_add(at.elapsed()).ok()
    }

    /// Whether there is room. Without it, the task of `cx` is woken when there is.
    pub(super) fn poll_room(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = lock(&self.0);
        if state.items.len() >= MOST_ITEMS || state.bytes >= MOST_BYTES {
            keep(&mut state.writer, cx);
            return Poll::Pending;
        }
        Poll::Ready(())
    }

    /// Appends what came, all at once.
    pub(super) fn put(&self, items: &mut Vec<Item>) {
        if items.is_empty() {
            return;
        }
        let mut state = lock(&self.0);
        if state.read {
            state.bytes += items.iter().map(Item::size).sum::<usize>();
            state.items.extend(items.drain(..));
            if let Some(reader) = state.reader.take() {
                reader.wake();
            }
        }
        items.clear();
    }

    pub(super) fn connected(&self, connected: bool) {
        let mut state = lock(&self.0);
        state.connected = connected;
        state.server_time = None;
        wake(&mut state);
    }

    pub(super) fn server_time(&self, time: Timestamp) {
        let mut state = lock(&self.0);
        state.server_time = Some(time);
        state.last_told = Some((time, Instant::now()));
        wake(&mut state);
    }

    /// Nothing comes any more.
    pub(super) fn end(&self, why: Option<SocketEnd>) {
        let mut state = lock(&self.0);
        state.ended.get_or_insert(why);
        wake(&mut state);
    }
}

fn wake(state: &mut State) {
    if let Some(reader) = state.reader.take() {
        reader.wake();
    }
}

fn keep(waker: &mut Option<Waker>, cx: &Context<'_>) {
    match waker {
        Some(kept) => kept.clone_from(cx.waker()),
        None => *waker = Some(cx.waker().clone()),
    }
}
