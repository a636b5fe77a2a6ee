//! The commands of a session: they wait in a queue, and one at a time is in flight. Answers carry no
//! id, so this is what keeps an answer from reaching another caller.

use std::{collections::VecDeque, mem, time::Instant};

use bytes::Bytes;

use super::{SocketEnd, frame::Inbound};

/// A command that somebody waits for.
pub(crate) struct Submission {
    pub(crate) id: u64,
    pub(crate) name: &'static str,
    pub(crate) json: Bytes,
    pub(crate) deadline: Instant,
    pub(crate) max_reply: usize,
}

/// Why a command got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Its time ran out before it was sent.
    NotSent,
    /// There is no connection, and there will be none.
    Ended(SocketEnd),
    /// Its time ran out behind the send.
    Late,
    /// The connection was lost behind the send.
    Lost,
    /// An answer came that may be another's.
    Ambiguous,
}

/// What an answer turned out to be.
pub(super) enum Given {
    Nothing,
    Event(Bytes),
    Answer(u64, Result<Bytes, Failure>),
    /// The connection cannot be trusted any more.
    Ambiguous(u64, Result<Bytes, Failure>),
}

#[derive(Default)]
pub(super) struct Commands {
    waiting: VecDeque<Submission>,
    in_flight: Option<Submission>,
}

impl Commands {
    pub(super) fn submit(&mut self, submission: Submission) {
        self.waiting.push_back(submission);
    }

    /// The next command, when none is in flight.
    pub(super) fn send_next(&mut self) -> Option<(Bytes, usize)> {
        if self.in_flight.is_some() {
            return None;
        }
        let mut next = self.waiting.pop_front()?;
        let sent = (mem::take(&mut next.json), next.max_reply);
        self.in_flight = Some(next);
        Some(sent)
    }

    /// Returns whether the command was in flight.
    pub(super) fn cancel(&mut self, id: u64) -> bool {
        self.waiting.retain(|waiting| waiting.id != id);
        self.in_flight.take_if(|sent| sent.id == id).is_some()
    }

    /// `unanswered`: a heartbeat waits for its answer as well.
    pub(super) fn answer(&mut self, inbound: &Inbound, text: Bytes, unanswered: bool) -> Given {
        let (cmd, refusal) = match inbound {
            Inbound::Answer { cmd } => (cmd.as_str(), false),
            Inbound::Refusal { cmd, .. } => (cmd.as_str(), true),
            _ => return Given::Nothing,
        };
        let Some(sent) = &self.in_flight else {
            // Nobody asked: an answer is nothing to anybody, all else may be an event.
            return if cmd.is_empty() && !refusal { Given::Event(text) } else { Given::Nothing };
        };
        let (id, own) = (sent.id, cmd == sent.name);
        if cmd.is_empty() && refusal && unanswered {
            self.in_flight = None;
            return Given::Ambiguous(id, Err(Failure::Ambiguous));
        }
        self.in_flight = None;
        if own || cmd.is_empty() {
            Given::Answer(id, Ok(text))
        } else {
            // The caller reads that it answers another command; its own answer may still come.
            Given::Ambiguous(id, Ok(text))
        }
    }

    /// The connection is gone.
    pub(super) fn lose(&mut self) -> Option<(u64, Failure)> {
        self.in_flight.take().map(|sent| (sent.id, Failure::Lost))
    }

    pub(super) fn fail_waiting(&mut self, end: SocketEnd) -> Vec<(u64, Failure)> {
        self.waiting.drain(..).map(|waiting| (waiting.id, Failure::Ended(end))).collect()
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.waiting.iter().chain(&self.in_flight).map(|command| command.deadline).min()
    }

    /// Ends what is out of time. The flag says whether that was in flight.
    pub(super) fn expire(&mut self, now: Instant) -> (Vec<(u64, Failure)>, bool) {
        let mut expired = Vec::new();
        self.waiting.retain(|waiting| {
            let late = waiting.deadline <= now;
            if late {
                expired.push((waiting.id, Failure::NotSent));
            }
            !late
        });
        let late = self.in_flight.take_if(|sent| sent.deadline <= now);
        let poisoned = late.is_some();
        expired.extend(late.map(|sent| (sent.id, Failure::Late)));
        (expired, poisoned)
    }
}
