//! The WebSocket session as a state machine: `connect` first, heartbeats, one command in flight, events
//! out, and when to open which connection. It does no I/O and reads no clock: its owner feeds it what
//! happened and when, and carries out the [`Action`]s that it asks for.

mod ends;
mod frame;
mod pending;
mod receive;
mod reconnect;
mod time;

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use bytes::Bytes;
pub use ends::{Disconnect, SocketEnd};
use jiff::Timestamp;
use pending::Commands;
pub(crate) use pending::{Failure, Submission};
use reconnect::{Next, Plan};
pub use reconnect::{Reconnect, Takeover};
use replykit_transport::DEFAULT_MAX_MESSAGE;

/// How often a heartbeat goes out, and what follows from its silence.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) heartbeat: Duration,
    pub(crate) reconnect: Reconnect,
    pub(crate) takeover: Takeover,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            heartbeat: Duration::from_secs(30),
            reconnect: Reconnect::default(),
            takeover: Takeover::default(),
        }
    }
}

impl Settings {
    /// How long behind the second heartbeat without any frame a connection counts as dead.
    fn grace(&self) -> Duration {
        self.heartbeat / 2
    }
}

/// How long a WebSocket may take to open, and `connected` to come.
pub(crate) const OPENING: Duration = Duration::from_secs(10);
/// How long a connection stays open behind 1018 before the notice counts as meant for another.
const NOTICE: Duration = Duration::from_secs(5);
/// How long a reader may leave the queue full before the connection is given up.
pub(crate) const STALLED: Duration = Duration::from_secs(60);

/// What the owner has to do, in this order.
#[derive(Debug)]
pub(crate) enum Action {
    /// Open a connection.
    Open,
    /// Send this text.
    Send(Bytes),
    /// Take messages of up to so many bytes.
    Limit(usize),
    /// Hand this to whoever waits for the command.
    Answer(u64, Result<Bytes, Failure>),
    /// Queue this event.
    Push(Bytes),
    /// Queue this notice.
    Tell(Notice),
    /// The server's time, as of now.
    ServerTime(Timestamp),
    /// Drop the connection without a word.
    Drop,
    /// Close the connection in good order.
    Close,
}

/// What a reader of events is told about the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Notice {
    Connected,
    Disconnected(Disconnect),
    /// The attempt that comes next, and the wait before it.
    Reconnecting(u32, Duration),
    /// Everything before this was pushed by that time of the server's.
    Mark(Timestamp),
    /// Somebody was sent away for this connection.
    TookOver,
    /// There will be no other connection.
    Ended(SocketEnd),
}

/// Why no connection came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OpenFailure {
    /// The server answered this HTTP status.
    Status(u16),
    Other,
}

enum Phase {
    /// Nobody has asked for a connection.
    Idle,
    Waiting {
        until: Instant,
    },
    Opening,
    Connecting {
        until: Instant,
    },
    Live(Live),
    /// Says goodbye.
    Closing {
        until: Instant,
    },
    Ended(SocketEnd),
}

struct Live {
    since: Instant,
    next_heartbeat: Instant,
    /// Heartbeats since the last frame that came, and when the last one went.
    unheard: u32,
    last_heartbeat: Instant,
    /// Heartbeats that were not answered.
    unanswered: u32,
}

pub(crate) struct Session {
    connect: Bytes,
    heartbeat: Bytes,
    settings: Settings,
    phase: Phase,
    plan: Plan,
    commands: Commands,
    /// When the server said 1018 on this connection.
    noticed: Option<Instant>,
    /// Since when the reader has left the queue full.
    stalled: Option<Instant>,
    out_of_order: u32,
    max_message: usize,
    actions: VecDeque<Action>,
}

impl Session {
    pub(crate) fn new(connect: String, heartbeat: String, settings: Settings) -> Self {
        Self {
            connect: connect.into(),
            heartbeat: heartbeat.into(),
            plan: Plan::new(settings.reconnect.clone(), settings.takeover),
            settings,
            phase: Phase::Idle,
            commands: Commands::default(),
            noticed: None,
            stalled: None,
            out_of_order: 0,
            max_message: DEFAULT_MAX_MESSAGE,
            actions: VecDeque::new(),
        }
    }

    /// What is to be done next.
    pub(crate) fn next_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// Somebody wants a connection.
    pub(crate) fn start(&mut self) {
        if matches!(self.phase, Phase::Idle) {
            self.phase = Phase::Opening;
            self.act(Action::Open);
        }
    }

    /// A command to be sent when its turn comes.
    pub(crate) fn submit(&mut self, submission: Submission) {
        if let Phase::Ended(end) = self.phase {
            return self.act(Action::Answer(submission.id, Err(Failure::Ended(end))));
        }
        self.start();
        self.commands.submit(submission);
        self.send_next();
    }

    /// Nobody waits for the command any more.
    pub(crate) fn cancel(&mut self, id: u64, now: Instant, random: f64) {
        if self.commands.cancel(id) {
            self.lose(Disconnect::Poisoned, now, random);
        }
    }

    /// The WebSocket is open.
    pub(crate) fn opened(&mut self, now: Instant) {
        if matches!(self.phase, Phase::Opening) {
            self.phase = Phase::Connecting { until: now + OPENING };
            self.noticed = None;
            self.max_message = DEFAULT_MAX_MESSAGE;
            self.act(Action::Send(self.connect.clone()));
        } else {
            self.act(Action::Drop);
        }
    }

    /// No WebSocket came about.
    pub(crate) fn not_opened(&mut self, why: OpenFailure, now: Instant, random: f64) {
        if !matches!(self.phase, Phase::Opening) {
            return;
        }
        match why {
            OpenFailure::Status(status @ (401 | 403 | 404)) => self.end(SocketEnd::Status(status)),
            _ => self.try_again(now, random),
        }
    }

    /// A ping or a pong came.
    pub(crate) fn alive(&mut self) {
        if let Phase::Live(live) = &mut self.phase {
            live.unheard = 0;
            self.send_next();
        }
    }

    /// The connection has ended, or what came over it makes no sense.
    pub(crate) fn lost(&mut self, why: Disconnect, now: Instant, random: f64) {
        self.lose(why, now, random);
    }

    /// The queue of events is full, or has room again: nothing can be read in between.
    pub(crate) fn stall(&mut self, stalled: bool, now: Instant) {
        match (stalled, self.stalled) {
            (true, None) => self.stalled = Some(now),
            (false, Some(_)) => {
                self.stalled = None;
                if let Phase::Live(live) = &mut self.phase {
                    live.unheard = 0;
                }
                self.send_next();
            }
            _ => {}
        }
    }

    /// Closes the connection, and opens no other.
    pub(crate) fn shut_down(&mut self, now: Instant) {
        match self.phase {
            Phase::Ended(_) | Phase::Closing { .. } => {}
            Phase::Live(_) | Phase::Connecting { .. } => {
                self.fail_commands();
                self.phase = Phase::Closing { until: now + NOTICE };
                self.act(Action::Close);
            }
            _ => self.end(SocketEnd::Closed),
        }
    }

    /// The connection was closed in good order.
    pub(crate) fn closed(&mut self) {
        if matches!(self.phase, Phase::Closing { .. }) {
            self.act(Action::Drop);
            self.end(SocketEnd::Closed);
        }
    }

    fn send_next(&mut self) {
        let Phase::Live(live) = &self.phase else { return };
        // A command would wait behind frames that nobody reads, or meet a connection that may be dead.
        if self.stalled.is_some() || live.unheard > 0 {
            return;
        }
        if let Some((json, max_reply)) = self.commands.send_next() {
            let limit = max_reply.max(DEFAULT_MAX_MESSAGE);
            if limit != self.max_message {
                self.max_message = limit;
                self.act(Action::Limit(limit));
            }
            self.act(Action::Send(json));
        }
    }

    /// The connection is no longer used, whatever its state.
    fn lose(&mut self, why: Disconnect, now: Instant, random: f64) {
        self.give_in_flight();
        match self.phase {
            Phase::Live(Live { since, .. }) => {
                self.act(Action::Drop);
                self.act(Action::Tell(Notice::Disconnected(why)));
                let taken = self.noticed.is_some_and(|noticed| now < noticed + NOTICE);
                let next = self.plan.after_live(why, taken, since, now, random);
                self.follow(next, now);
            }
            Phase::Connecting { .. } => {
                self.act(Action::Drop);
                self.try_again(now, random);
            }
            Phase::Closing { .. } => self.closed(),
            _ => {}
        }
    }

    fn try_again(&mut self, now: Instant, random: f64) {
        let next = self.plan.after_failure(random);
        self.follow(next, now);
    }

    fn follow(&mut self, next: Next, now: Instant) {
        match next {
            Next::Wait(attempt, wait) => {
                self.phase = Phase::Waiting { until: now + wait };
                self.act(Action::Tell(Notice::Reconnecting(attempt, wait)));
            }
            Next::End(end) => self.end(end),
        }
    }

    fn end(&mut self, end: SocketEnd) {
        self.phase = Phase::Ended(end);
        self.fail_commands();
        self.act(Action::Tell(Notice::Ended(end)));
    }

    fn fail_commands(&mut self) {
        self.give_in_flight();
        let end = match self.phase {
            Phase::Ended(end) => end,
            _ => SocketEnd::Closed,
        };
        let given = self.commands.fail_waiting(end);
        self.give(given);
    }

    fn give_in_flight(&mut self) {
        let given = self.commands.lose();
        self.give(given);
    }

    fn give(&mut self, given: impl IntoIterator<Item = (u64, Failure)>) {
        for (id, failure) in given {
            self.act(Action::Answer(id, Err(failure)));
        }
    }

    fn act(&mut self, action: Action) {
        self.actions.push_back(action);
    }
}

impl Live {
    fn beat(&mut self, now: Instant, every: Duration) {
        self.unheard += 1;
        self.unanswered += 1;
        self.last_heartbeat = now;
        self.next_heartbeat = now + every;
    }
}

#[cfg(test)]
mod tests;
