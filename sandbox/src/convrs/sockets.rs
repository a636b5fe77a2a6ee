//! The sockets of the account: which one is connected, and what has to be written to each.

use std::collections::VecDeque;

use convrs_client::{ApiError, ErrorCode, Event, envelope};
use tokio::sync::{mpsc::UnboundedSender, watch};

use super::{
    push::{EventDelivery, PushResult, Way, uid_of},
    socket_fault::{GARBAGE, SocketFault, Stage, cut_character, half_a_frame, header},
    state::State,
};

/// What has to be done on a socket, in order.
pub(crate) enum Order {
    /// A text frame.
    Say(String),
    /// A text frame with an event, of which somebody wants to know.
    Push(Push),
    /// Bytes that are no whole frame.
    Raw(Vec<u8>),
    /// From now on nothing is written.
    Freeze,
    End(End),
}

/// An event on its way to a socket.
#[derive(Clone)]
pub(crate) struct Push {
    pub(crate) text: String,
    pub(crate) delivery: EventDelivery,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Close,
    Drop,
    Reset,
}

/// The sockets that were there so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct SocketCounts {
    /// How many are connected now, half-open ones among them: 0 or 1, for each takes the place of the
    /// one before.
    pub connected: usize,
    /// How many were connected in all: their `connect` was answered with yes.
    pub accepted: u64,
    /// How many were upgraded in all, whether they connected or not.
    pub upgraded: u64,
    /// How many heartbeats came in all, answered or not.
    pub heartbeats: u64,
}

/// Events that were given to a socket and are not yet with the kernel.
#[derive(Default)]
pub(crate) struct Unwritten {
    count: usize,
    /// Their receiver reads nothing, so they are not waited for.
    stuck: bool,
}

impl Unwritten {
    pub(crate) fn waiting(&self) -> usize {
        if self.stuck { 0 } else { self.count }
    }
}

#[derive(Default)]
pub(super) struct Sockets {
    pub(super) live: Option<Live>,
    faults: VecDeque<SocketFault>,
    pub(super) counts: watch::Sender<SocketCounts>,
    unwritten: watch::Sender<Unwritten>,
}

/// The socket that is connected.
pub(super) struct Live {
    pub(super) id: u64,
    orders: UnboundedSender<Order>,
    pub(super) stalled: bool,
    frozen: bool,
    /// An answer that is held back.
    pub(super) late: Option<String>,
    /// Events of one user that are held back.
    held: Vec<Push>,
}

impl Live {
    pub(super) fn new(id: u64, orders: UnboundedSender<Order>) -> Self {
        Self { id, orders, stalled: false, frozen: false, late: None, held: Vec::new() }
    }

    /// A socket that is gone takes no order, and its task has told what became of its events.
    pub(super) fn order(&self, order: Order) {
        let _ = self.orders.send(order);
    }
}

impl Sockets {
    /// Takes the fault that waited longest for this.
    pub(super) fn take(&mut self, stage: Stage) -> Option<SocketFault> {
        let place = self.faults.iter().position(|fault| fault.stage() == stage)?;
        self.faults.remove(place)
    }

    pub(super) fn count(&self, change: impl FnOnce(&mut SocketCounts)) {
        self.counts.send_modify(change);
    }

    fn send(&mut self, push: Push) {
        self.unwritten.send_modify(|unwritten| unwritten.count += 1);
        match &self.live {
            Some(live) => live.order(Order::Push(push)),
            None => self.unwritten.send_modify(|unwritten| unwritten.count -= 1),
        }
    }
}

impl State {
    /// What happens to the next upgrade.
    pub(crate) fn upgrade_fault(&mut self) -> Option<SocketFault> {
        self.sockets.take(Stage::Upgrade)
    }

    pub(crate) fn socket_counts(&self) -> watch::Receiver<SocketCounts> {
        self.sockets.counts.subscribe()
    }

    pub(crate) fn unwritten(&self) -> watch::Receiver<Unwritten> {
        self.sockets.unwritten.subscribe()
    }

    /// Nobody waits any more for what is not written yet, until something is.
    pub(crate) fn stop_waiting(&mut self) {
        self.sockets.unwritten.send_modify(|unwritten| unwritten.stuck = true);
    }

    /// Lets a fault happen now, or when what it waits for is there. One that the session has already
    /// waits for the next session.
    pub(super) fn socket_fault(&mut self, fault: SocketFault) {
        let now = self.sockets.live.as_ref().is_some_and(|live| match fault {
            SocketFault::Stall => !live.stalled,
            SocketFault::HalfOpen => !live.frozen,
            other => other.stage() == Stage::Session,
        });
        if now {
            self.disturb(fault);
        } else {
            self.sockets.faults.push_back(fault);
        }
    }

    /// Lets a fault of a session happen to the one that is connected.
    pub(super) fn disturb(&mut self, fault: SocketFault) {
        let Some(live) = &mut self.sockets.live else { return };
        match fault {
            SocketFault::Stall => live.stalled = true,
            SocketFault::HalfOpen => {
                live.frozen = true;
                live.order(Order::Freeze);
            }
            SocketFault::Garbage => live.order(Order::Raw(GARBAGE.to_vec())),
            SocketFault::TooLarge(length) => live.order(Order::Raw(header(length))),
            SocketFault::TakenOver => self.disconnect(&of_session(ErrorCode::ConnectionReused)),
            SocketFault::Drop => self.end_session(End::Drop),
            SocketFault::Reset => self.end_session(End::Reset),
            _ => self.end_session(End::Close),
        }
    }

    /// Tells the one that is connected why, and closes it.
    pub(super) fn disconnect(&mut self, why: &ApiError) {
        if let Some(live) = &self.sockets.live {
            live.order(Order::Say(envelope::encode_error(why)));
        }
        self.end_session(End::Close);
    }

    pub(super) fn end_session(&mut self, end: End) {
        if let Some(live) = self.sockets.live.take() {
            live.order(Order::End(end));
            self.lose(live.held, "the socket was closed before");
            self.sockets.count(|counts| counts.connected = 0);
        }
    }

    /// Pushes an event to the one that is connected, if there is one: else it is lost there, as it
    /// would be with the service.
    pub(super) fn push_to_socket(&mut self, event: &Event, text: &str) {
        let Some(live) = &mut self.sockets.live else { return };
        let push = Push { text: text.to_owned(), delivery: delivery(event) };
        // Those of one user stay in order.
        let held_uid = live.held.first().map(|held| &held.delivery.uid);
        if held_uid == Some(&push.delivery.uid) {
            return live.held.push(push);
        }
        if held_uid.is_some() {
            let held = std::mem::take(&mut live.held);
            self.sockets.send(push);
            return held.into_iter().for_each(|held| self.sockets.send(held));
        }
        match self.sockets.take(Stage::Event) {
            None => self.sockets.send(push),
            Some(SocketFault::Duplicate) => {
                self.sockets.send(push.clone());
                self.sockets.send(push);
            }
            Some(SocketFault::Reorder) => {
                if let Some(live) = &mut self.sockets.live {
                    live.held.push(push);
                }
            }
            Some(fault) => self.damage(push, fault),
        }
    }

    fn damage(&mut self, push: Push, fault: SocketFault) {
        let Some(live) = &self.sockets.live else { return };
        if fault == SocketFault::CutUtf8 {
            live.order(Order::Raw(cut_character(&push.text)));
        } else {
            live.order(Order::Raw(half_a_frame(&push.text)));
            self.end_session(End::Drop);
        }
        self.lose(vec![push], "a fault cut it");
    }

    fn lose(&mut self, pushes: Vec<Push>, why: &str) {
        self.events.extend(pushes.into_iter().map(|mut push| {
            push.delivery.result = PushResult::Failed(why.to_owned());
            push.delivery
        }));
    }

    /// Records what became of events that were given to a socket.
    pub(crate) fn settle(&mut self, deliveries: Vec<EventDelivery>) {
        self.sockets.unwritten.send_modify(|unwritten| {
            unwritten.count = unwritten.count.saturating_sub(deliveries.len());
            unwritten.stuck = false;
        });
        self.events.extend(deliveries);
    }
}

/// What is said of a session as a whole. Assumed: it is said in an error envelope of `connect`.
pub(super) fn of_session(code: ErrorCode) -> ApiError {
    ApiError::new(envelope::CONNECT, code)
}

fn delivery(event: &Event) -> EventDelivery {
    EventDelivery {
        cmd: event.cmd().to_owned(),
        uid: uid_of(event),
        way: Way::Socket,
        result: PushResult::Sent,
    }
}
