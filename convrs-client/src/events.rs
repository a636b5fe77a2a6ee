//! Events as a stream that tells of its gaps: what the server pushes, and behind each loss of the
//! connection what can still be asked for.

mod backfill;
mod builder;
mod cursor;
mod item;
mod known;
mod work;

use std::{
    collections::VecDeque,
    fmt,
    future::{Future, poll_fn},
    ops::ControlFlow,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use backfill::{Asked, Backfill, Found};
pub use builder::{EventsBuilder, EventsError};
pub use cursor::{BoxError, Cursor, CursorStore, FileCursor, MemoryCursor};
pub use item::{Gap, Origin, SocketEvent};
use jiff::Timestamp;
use known::Known;
use replykit_inbound::catch_panic;
use tokio::time::Sleep;
use work::{FIRST_RETRY, POLL};

use crate::{
    Error, Event, Socket, Truncated,
    session::Notice,
    socket::{Inbox, Item},
};

/// How long a stream goes on behind [`Events::shut_down`].
const DRAIN: Duration = Duration::from_secs(10);
/// How far the search for closed conversations may reach back before it is looked how far it must.
const REACH: jiff::SignedDuration = jiff::SignedDuration::from_secs(30 * 60);

/// The events of an account, each recoverable one once, those of a user in order.
///
/// - **Gaps.** Behind each loss of the connection, and behind a restart with a [`CursorStore`], new
///   users (`onUserCreate`) and closed conversations (`onUserConversation`) are asked for from five
///   minutes before the loss on. The other kinds cannot be; [`Gap::unrecoverable`] names them.
/// - **Confirmation.** The call of [`next`](Self::next) for an event confirms the one before it. The
///   cursor is kept behind confirmed events only, with every heartbeat: after a crash some events may
///   come again, and none is lost.
/// - **Pressure.** At most 1,024 events or 8 MiB wait. Then the server is not read any further, and
///   after 60 s the connection is given up, with a gap. While a gap is being filled up to 8,192 events
///   or 32 MiB more are held; beyond that they count as part of the gap.
/// - **Takeover.** When another connection with the token takes the place, the stream ends with
///   [`SocketEnd::TakenOver`](crate::SocketEnd::TakenOver), unless [`Takeover::Contend`](crate::Takeover::Contend) was chosen.
///
/// Undocumented: whether the range of `GetConversationsFlat` means the beginning or the end of a
/// conversation. It is asked in a way that finds them by either.
///
/// Source: Convrs API > Available Events
#[must_use = "a stream does nothing until it is polled"]
pub struct Events {
    inbox: Subscription,
    socket: Socket,
    store: Arc<dyn CursorStore>,
    backfill: Backfill,
    known: Known,
    /// What came and was not looked at.
    items: VecDeque<Item>,
    /// What is given next.
    ready: VecDeque<SocketEvent>,
    /// What has to be done before anything else is given.
    work: Option<Work>,
    /// A look at how far back the search for conversations must reach.
    checkpoint: Option<Working<Result<Asked, Error>>>,
    /// The result of that look, and the time of the server's that a mark has to be behind for it to
    /// count: what was pushed while it was looked is given by then.
    reach: Option<(Timestamp, Option<Timestamp>)>,
    connected: bool,
    /// Whether a backfill is due: until it is done the position stays where it is.
    behind: bool,
    /// Whether a backfill that was due is left to the next start.
    left: bool,
    /// Whether events were let go of while a backfill took its time, so that another has to follow.
    overflowed: bool,
    /// The server's time when they were let go of.
    let_go: Option<Timestamp>,
    /// Whether the position is to be kept as soon as all that is ready was given.
    save_soon: bool,
    /// Whether anything was given since the position was kept.
    unsaved: bool,
    gap_from: Option<Timestamp>,
    /// Events recovered in this gap, and where the server gave no more.
    recovered: usize,
    truncated: Vec<Truncated>,
    retry: Duration,
    poll: Option<Pin<Box<Sleep>>>,
    drain: Option<Pin<Box<Sleep>>>,
}

type Working<T> = Pin<Box<dyn Future<Output = T> + Send>>;

enum Work {
    Backfill(Working<Result<Found, Error>>),
    Retry(Pin<Box<Sleep>>),
    Save(Working<Result<(), BoxError>>),
}

/// Ends the subscription when it is dropped.
struct Subscription(Arc<Inbox>);

impl Drop for Subscription {
    fn drop(&mut self) {
        self.0.unsubscribe();
    }
}

impl Events {
    /// The next event, and with the call the confirmation of the one before. `None` at the end, behind
    /// [`SocketEvent::Ended`] or [`shut_down`](Self::shut_down). Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<SocketEvent> {
        poll_fn(|cx| self.poll_event(cx)).await
    }

    /// Hands each event to `handler` until the stream ends. An event whose handler panics is handed to
    /// `dead_letter`, and counts as confirmed.
    pub async fn for_each<F: Future>(
        &mut self,
        mut handler: impl FnMut(Arc<SocketEvent>) -> F,
        mut dead_letter: impl FnMut(Arc<SocketEvent>),
    ) {
        while let Some(event) = self.next().await {
            let event = Arc::new(event);
            if catch_panic(|| handler(event.clone())).await.is_err() {
                dead_letter(event);
            }
        }
    }

    /// Closes the connection. [`next`](Self::next) goes on with what came before, for at most 10 s, and
    /// then gives `None`. What is not read by then, and can be recovered, comes with the next start; so
    /// does all of that kind where a backfill was under way, for its events come first.
    pub fn shut_down(&mut self) {
        self.socket.close();
        self.drain.get_or_insert_with(|| Box::pin(tokio::time::sleep(DRAIN)));
        if matches!(self.work, Some(Work::Backfill(_) | Work::Retry(_))) {
            self.leave();
        }
    }

    /// Leaves the backfill that is due to the next start.
    fn leave(&mut self) {
        self.work = None;
        self.left = true;
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<SocketEvent>> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                self.unsaved = true;
                return Poll::Ready(Some(event));
            }
            if self.work.is_some() {
                match self.poll_work(cx) {
                    Poll::Ready(()) => continue,
                    Poll::Pending => return Poll::Pending,
                }
            }
            let drained = self.drain.as_mut().is_some_and(|end| end.as_mut().poll(cx).is_ready());
            if drained {
                self.items.clear();
            }
            if let Some(item) = self.items.pop_front() {
                if let ControlFlow::Break(event) = self.take(item) {
                    self.unsaved = true;
                    return Poll::Ready(Some(event));
                }
                continue;
            }
            if self.save_soon {
                self.save();
                continue;
            }
            self.poll_checkpoint(cx);
            let taken = match self.inbox.0.poll_take(&mut self.items, cx) {
                _ if drained => Poll::Ready(false),
                taken => taken,
            };
            match taken {
                Poll::Ready(true) => {}
                Poll::Ready(false) if self.unsaved => self.save(),
                Poll::Ready(false) => return Poll::Ready(None),
                Poll::Pending if self.poll_by_asking(cx) => {}
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Takes what came: an event to be given, or something to be done.
    fn take(&mut self, item: Item) -> ControlFlow<SocketEvent> {
        match item {
            Item::Event(text) => {
                let event = Event::parse(&text);
                if self.comes_again(&event) {
                    return ControlFlow::Continue(());
                }
                if self.known.admit(&event) {
                    return ControlFlow::Break(SocketEvent::Event { event, origin: Origin::Live });
                }
                ControlFlow::Continue(())
            }
            Item::Notice(Notice::Mark(time)) => {
                self.mark(time);
                ControlFlow::Continue(())
            }
            Item::Notice(notice) => ControlFlow::Break(self.notice(notice)),
        }
    }

    /// Whether an event is left to the next start as well, which finds it behind what happened before.
    fn comes_again(&self, event: &Event) -> bool {
        let recoverable = matches!(event, Event::UserCreated(_) | Event::ConversationClosed { .. });
        recoverable && self.left && self.known.has_position()
    }

    fn notice(&mut self, notice: Notice) -> SocketEvent {
        match notice {
            Notice::Connected => {
                self.connected = true;
                self.poll = None;
                self.behind = true;
                if self.drain.is_none() {
                    self.look();
                } else {
                    self.leave();
                }
                SocketEvent::Connected
            }
            Notice::Disconnected(why) => {
                self.connected = false;
                self.gap_from = self.gap_from.or(self.known.beginning());
                self.poll = Some(Box::pin(tokio::time::sleep(POLL)));
                SocketEvent::Disconnected(why)
            }
            Notice::Reconnecting(attempt, wait) => SocketEvent::Reconnecting { attempt, wait },
            Notice::TookOver => SocketEvent::TookOver,
            Notice::Ended(end) => {
                self.poll = None;
                SocketEvent::Ended(end)
            }
            // Taken before, for it is nothing to give.
            Notice::Mark(_) => SocketEvent::Connected,
        }
    }

    /// Everything before this was pushed by that time, and was confirmed.
    fn mark(&mut self, time: Timestamp) {
        if self.behind {
            return self.known.begin(time);
        }
        let reach = self.reach.take_if(|(_, after)| after.is_none_or(|after| after < time));
        self.known.advance(time, reach.map(|(reach, _)| reach));
        self.save();
        if self.checkpoint.is_none()
            && self.reach.is_none()
            && self.known.reaches_back(time) > REACH
        {
            let backfill = self.backfill.clone();
            self.checkpoint = Some(Box::pin(async move { backfill.ask_open(time).await }));
        }
    }

    fn save(&mut self) {
        let (store, cursor) = (self.store.clone(), self.known.cursor());
        (self.save_soon, self.unsaved) = (false, false);
        if let Some(cursor) = cursor {
            self.work = Some(Work::Save(Box::pin(async move { store.save(&cursor).await })));
        }
    }
}

impl futures_core::Stream for Events {
    type Item = SocketEvent;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<SocketEvent>> {
        self.poll_event(cx)
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("socket", &self.socket).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
