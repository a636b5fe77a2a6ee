//! What is said on a socket: `connect` first, then heartbeats and commands.

use convrs_client::{
    ApiError, ErrorCode,
    envelope::{self, RequestHead},
};
use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedSender;

use super::{
    socket_fault::{SocketFault, Stage},
    sockets::{End, Live, Order, of_session},
    state::State,
};

/// One socket, from its upgrade to its end.
pub(crate) struct Session {
    id: u64,
    orders: UnboundedSender<Order>,
    phase: Phase,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// `connect` has to come.
    Fresh,
    Connected,
    /// Whatever comes is not answered.
    Over,
}

impl Session {
    fn order(&self, order: Order) {
        // Its receiver is the socket's task, which reads the frames as well.
        let _ = self.orders.send(order);
    }

    fn refuse(&mut self, error: &ApiError) {
        self.phase = Phase::Over;
        self.order(Order::Say(envelope::encode_error(error)));
        self.order(Order::End(End::Close));
    }
}

impl State {
    /// A socket was upgraded.
    pub(crate) fn open_socket(&mut self, orders: UnboundedSender<Order>) -> Session {
        self.sockets.count(|counts| counts.upgraded += 1);
        let id = self.sockets.counts.borrow().upgraded;
        Session { id, orders, phase: Phase::Fresh }
    }

    /// A socket is gone.
    pub(crate) fn close_socket(&mut self, session: &Session) {
        if self.sockets.live.as_ref().is_some_and(|live| live.id == session.id) {
            self.end_session(End::Drop);
        }
    }

    /// A frame came.
    pub(crate) fn receive(&mut self, session: &mut Session, frame: &[u8], now: Timestamp) {
        let is_live = self.sockets.live.as_ref().is_some_and(|live| live.id == session.id);
        match session.phase {
            Phase::Fresh => self.greet(session, frame),
            Phase::Connected if is_live => self.converse(frame, now),
            Phase::Connected | Phase::Over => (),
        }
    }

    fn greet(&mut self, session: &mut Session, frame: &[u8]) {
        let head = match RequestHead::decode(frame) {
            Ok(head) if head.cmd() == envelope::CONNECT => head,
            other => {
                let cmd = other.as_ref().map_or("", RequestHead::cmd);
                return session.refuse(&ApiError::new(cmd, ErrorCode::ConnectExpected));
            }
        };
        let fault = self.sockets.take(Stage::Connect);
        match fault {
            Some(SocketFault::SilentConnect) => return session.phase = Phase::Over,
            Some(SocketFault::ConnectError(code)) => {
                return session.refuse(&ApiError::new(head.cmd(), code));
            }
            _ => (),
        }
        if let Err(error) = self.access.check(&head) {
            return session.refuse(&error);
        }
        let tell_new = fault == Some(SocketFault::TellNew);
        if tell_new {
            self.end_session(End::Close);
        } else {
            self.disconnect(&of_session(ErrorCode::ConnectionReused));
        }
        session.phase = Phase::Connected;
        session.order(Order::Say(envelope::encode_connected()));
        if tell_new {
            session.order(Order::Say(envelope::encode_error(&of_session(
                ErrorCode::ConnectionReused,
            ))));
        }
        self.sockets.live = Some(Live::new(session.id, session.orders.clone()));
        self.sockets.count(|counts| {
            counts.connected = 1;
            counts.accepted += 1;
        });
        if let Some(fault) = self.sockets.take(Stage::Session) {
            self.disturb(fault);
        }
    }

    fn converse(&mut self, frame: &[u8], now: Timestamp) {
        let head = RequestHead::decode(frame);
        let cmd = head.as_ref().map_or("", RequestHead::cmd);
        let answer = match (cmd, &head) {
            (envelope::HEARTBEAT, _) => {
                self.sockets.count(|counts| counts.heartbeats += 1);
                envelope::encode_heartbeat_reply(now)
            }
            // Assumed: to connect again changes nothing.
            (envelope::CONNECT, Ok(head)) => match self.access.check(head) {
                Ok(()) => envelope::encode_connected(),
                Err(error) => return self.disconnect(&error),
            },
            _ => {
                let answer = self.answer_connected(frame, now);
                if self.sockets.take(Stage::Command).is_some()
                    && let Some(live) = &mut self.sockets.live
                {
                    live.late = Some(answer);
                    return;
                }
                answer
            }
        };
        let Some(live) = self.sockets.live.as_mut().filter(|live| !live.stalled) else { return };
        if let Some(late) = live.late.take() {
            live.order(Order::Say(late));
        }
        live.order(Order::Say(answer));
    }
}
