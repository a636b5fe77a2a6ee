//! What has to be done before anything else is given: ask for what was missed, and keep the position.

use std::{
    collections::VecDeque,
    future::Future,
    task::{Context, Poll},
    time::Duration,
};

use super::{Events, Gap, Origin, SocketEvent, Work, backfill::Found};
use crate::{session::Notice, socket::Item, trace::socket as trace};

/// How often the server is asked for what happened while there is no connection.
pub(super) const POLL: Duration = Duration::from_secs(60);
/// How much is held while a backfill is under way.
pub(super) const MOST_HELD: usize = 8 * 1024;
const MOST_BYTES_HELD: usize = 32 * 1024 * 1024;
pub(super) const FIRST_RETRY: Duration = Duration::from_secs(1);
const LAST_RETRY: Duration = Duration::from_secs(5 * 60);

impl Events {
    /// Asks for what happened since the last position.
    pub(super) fn look(&mut self) {
        let (backfill, since) = (self.backfill.clone(), self.known.since());
        let (inbox, connected) = (self.inbox.0.clone(), self.connected);
        self.overflowed = false;
        self.work =
            Some(Work::Backfill(Box::pin(
                async move { backfill.look(since, &inbox, connected).await },
            )));
    }

    pub(super) fn poll_work(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.work {
            None => return Poll::Ready(()),
            Some(Work::Backfill(work)) => match work.as_mut().poll(cx) {
                Poll::Pending => {
                    self.hold(cx);
                    return Poll::Pending;
                }
                Poll::Ready(Ok(found)) => {
                    self.work = None;
                    self.found(found);
                }
                // The next start asks again.
                Poll::Ready(Err(_)) if self.has_ended() => self.leave(),
                Poll::Ready(Err(error)) => {
                    let retry_in = self.retry;
                    self.retry = (self.retry * 2).min(LAST_RETRY);
                    self.work = Some(Work::Retry(Box::pin(tokio::time::sleep(retry_in))));
                    trace::backfill_failed(&error, retry_in);
                    self.ready.push_back(SocketEvent::BackfillFailed { error, retry_in });
                }
            },
            Some(Work::Retry(sleep)) => {
                if sleep.as_mut().poll(cx).is_ready() {
                    self.look();
                } else {
                    self.hold(cx);
                    if !self.has_ended() {
                        return Poll::Pending;
                    }
                    self.leave();
                }
            }
            Some(Work::Save(work)) => {
                let Poll::Ready(saved) = work.as_mut().poll(cx) else { return Poll::Pending };
                self.work = None;
                if let Err(error) = saved {
                    trace::cursor_not_saved();
                    self.ready.push_back(SocketEvent::CursorNotSaved(error));
                }
            }
        }
        Poll::Ready(())
    }

    /// Holds what comes while a backfill is under way. Were it left in the queue, a backfill over the
    /// same socket could wait for it, and it for the backfill.
    fn hold(&mut self, cx: &mut Context<'_>) {
        let mut came = VecDeque::new();
        while let Poll::Ready(true) = self.inbox.0.poll_take(&mut came, cx) {
            self.items.append(&mut came);
        }
        let bytes: usize = self.items.iter().map(Item::size).sum();
        if self.items.len() > MOST_HELD || bytes > MOST_BYTES_HELD {
            self.items.retain(|item| matches!(item, Item::Notice(_)));
            self.overflowed = true;
            self.let_go = self.inbox.0.estimate();
        }
    }

    /// Whether the end of the socket is among what came.
    fn has_ended(&self) -> bool {
        self.items.iter().any(|item| matches!(item, Item::Notice(Notice::Ended(_))))
    }

    /// Gives what was found: the gap, and behind it what of it is new.
    fn found(&mut self, found: Found) {
        self.retry = FIRST_RETRY;
        let (at, timed) = (found.asked.at, found.timed);
        self.truncated.extend_from_slice(&found.truncated);
        // What is known now is newer.
        (self.checkpoint, self.reach) = (None, None);
        let new = self.known.take(found, self.inbox.0.latest());
        self.recovered += new.len();
        // Without a time it is not done: the next connection asks once more.
        self.behind = !timed || self.overflowed;
        if !self.behind
            && let Some(from) = self.gap_from.take()
        {
            let gap = Gap {
                from: from.min(at),
                to: self.let_go.take().map_or(at, |let_go| let_go.max(at)),
                recovered: std::mem::take(&mut self.recovered),
                unrecoverable: &Gap::UNRECOVERABLE,
                truncated: std::mem::take(&mut self.truncated),
            };
            trace::gap(&gap);
            self.ready.push_back(SocketEvent::Gap(gap));
        }
        let backfilled = |event| SocketEvent::Event { event, origin: Origin::Backfill };
        self.ready.extend(new.into_iter().map(backfilled));
        self.save_soon = true;
        if self.overflowed {
            self.look();
        }
    }

    pub(super) fn poll_checkpoint(&mut self, cx: &mut Context<'_>) {
        let Some(checkpoint) = &mut self.checkpoint else { return };
        if let Poll::Ready(asked) = checkpoint.as_mut().poll(cx) {
            self.checkpoint = None;
            // One that failed is made again at the next mark.
            let reach = asked.ok().and_then(|asked| asked.reach());
            self.reach = reach.map(|reach| (reach, self.inbox.0.latest()));
        }
    }

    /// Without a connection for a while: whether it is time to ask for what happened.
    pub(super) fn poll_by_asking(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(poll) = &mut self.poll else { return false };
        if poll.as_mut().poll(cx).is_pending() {
            return false;
        }
        self.poll = Some(Box::pin(tokio::time::sleep(POLL)));
        // Without any position there is nothing to compare with.
        if self.known.since().is_some() {
            self.look();
        }
        true
    }
}
