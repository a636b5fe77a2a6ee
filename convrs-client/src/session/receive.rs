//! What comes over the socket, and what the session makes of it.

use std::time::Instant;

use bytes::Bytes;
use jiff::Timestamp;

use super::{
    Action, Disconnect, Live, Notice, Phase, Session, SocketEnd,
    frame::{self, Inbound},
    pending::Given,
};
use crate::ErrorCode;

/// How often in a row a server may ask for `connect`, which was sent.
const MOST_EXPECTED: u32 = 3;
/// How many events before `connected` are kept; one would be strange enough.
const MOST_EARLY: usize = 256;

impl Session {
    /// A text came.
    pub(crate) fn received(&mut self, text: Bytes, now: Instant, random: f64) {
        let heard = match &mut self.phase {
            Phase::Live(live) => std::mem::take(&mut live.unheard) > 0,
            Phase::Connecting { .. } => false,
            _ => return,
        };
        if frame::is_event(&text) {
            self.push(text);
        } else {
            match frame::read(&text) {
                Inbound::Event => self.push(text),
                Inbound::Connected => self.connected(now),
                Inbound::Heartbeat(time) => self.heartbeat_answered(time),
                Inbound::Expected => self.out_of_order(now, random),
                inbound => self.answered(inbound, text, now, random),
            }
        }
        if heard {
            self.send_next();
        }
    }

    fn push(&mut self, event: Bytes) {
        if matches!(self.phase, Phase::Live(_)) {
            self.act(Action::Push(event));
        } else if self.early.len() < MOST_EARLY {
            self.early.push(event);
        }
    }

    fn connected(&mut self, now: Instant) {
        if !matches!(self.phase, Phase::Connecting { .. }) {
            return;
        }
        let mut live = Live {
            since: now,
            next_heartbeat: now,
            unheard: 0,
            last_heartbeat: now,
            unanswered: 0,
        };
        // At once, for its answer has the server's time.
        live.beat(now, self.settings.heartbeat);
        self.phase = Phase::Live(live);
        self.out_of_order = 0;
        self.act(Action::Tell(Notice::Connected));
        for event in std::mem::take(&mut self.early) {
            self.act(Action::Push(event));
        }
        self.act(Action::Send(self.heartbeat.clone()));
        self.send_next();
    }

    fn heartbeat_answered(&mut self, time: Option<Timestamp>) {
        let Phase::Live(live) = &mut self.phase else { return };
        live.unanswered = live.unanswered.saturating_sub(1);
        if let Some(time) = time {
            self.act(Action::ServerTime(time));
            self.act(Action::Tell(Notice::Mark(time)));
        }
    }

    /// The server wants `connect` first, which it was.
    fn out_of_order(&mut self, now: Instant, random: f64) {
        self.out_of_order += 1;
        if self.out_of_order >= MOST_EXPECTED {
            self.act(Action::Drop);
            self.end(SocketEnd::OutOfOrder);
        } else if matches!(self.phase, Phase::Live(_)) {
            self.lose(Disconnect::OutOfOrder, now, random);
        } else {
            self.act(Action::Drop);
            self.try_again(now, random);
        }
    }

    /// An answer that is none of the session's own.
    fn answered(&mut self, inbound: Inbound, text: Bytes, now: Instant, random: f64) {
        let unanswered = match &self.phase {
            Phase::Live(live) => live.unanswered > 0,
            _ => return self.refused(&inbound, now, random),
        };
        if let Inbound::Refusal { cmd, code } = &inbound
            && frame::is_connect(cmd)
        {
            match code {
                Some(ErrorCode::ConnectionReused) => {
                    self.noticed.get_or_insert(now);
                    return;
                }
                Some(code) if refuses_token(*code) && !cmd.is_empty() => {
                    self.act(Action::Drop);
                    return self.end(SocketEnd::Refused(*code));
                }
                _ if !cmd.is_empty() => return,
                _ => {}
            }
        }
        match self.commands.answer(&inbound, text, unanswered) {
            Given::Nothing => {}
            Given::Event(text) => self.act(Action::Push(text)),
            Given::Answer(id, answer) => {
                self.act(Action::Answer(id, answer));
                self.send_next();
            }
            Given::Ambiguous(id, answer) => {
                self.act(Action::Answer(id, answer));
                self.lose(Disconnect::Poisoned, now, random);
            }
        }
    }

    /// An answer to `connect` that is not yes. 1018 is about the connection before.
    fn refused(&mut self, inbound: &Inbound, now: Instant, random: f64) {
        match inbound {
            Inbound::Refusal { code: Some(ErrorCode::ConnectionReused), .. } => {
                self.act(Action::Tell(Notice::TookOver));
            }
            Inbound::Refusal { code: Some(code), .. } if refuses_token(*code) => {
                self.act(Action::Drop);
                self.end(SocketEnd::Refused(*code));
            }
            Inbound::Refusal { .. } => {
                self.act(Action::Drop);
                self.try_again(now, random);
            }
            _ => {}
        }
    }
}

fn refuses_token(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::MissingToken | ErrorCode::InvalidToken)
}
