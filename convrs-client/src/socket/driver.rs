//! Carries out what the session asks for, over real connections and by the runtime's clock. User code
//! never runs in here.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Instant,
};

use bytes::Bytes;
use http::Uri;
use replykit_transport::{
    SocketMessage, TransportError, TransportErrorKind as Kind, WebSocket, WebSocketTransport,
};
use tokio::{
    sync::{mpsc, oneshot},
    time::Sleep,
};

use super::{Inbox, Item, Order};
use crate::{
    session::{Action, Disconnect, Failure, Notice, OPENING, OpenFailure, Session, SocketEnd},
    trace::socket as trace,
};

type Opening = Pin<Box<dyn Future<Output = Result<Box<dyn WebSocket>, TransportError>> + Send>>;
type Answer = oneshot::Sender<Result<Bytes, Failure>>;

/// How many frames are read before others have their turn.
const MOST_AT_ONCE: usize = 256;

pub(super) struct Driver {
    session: Session,
    transport: Arc<dyn WebSocketTransport>,
    endpoint: Uri,
    inbox: Arc<Inbox>,
    orders: mpsc::UnboundedReceiver<Order>,
    /// Whoever waits for an answer, by the command's id.
    waiting: Vec<(u64, Answer)>,
    opening: Option<Opening>,
    socket: Option<Box<dyn WebSocket>>,
    /// Whether texts were taken by the socket that are not written yet.
    unwritten: bool,
    closing: bool,
    /// What is put into the inbox at the end of a turn.
    items: Vec<Item>,
    timer: Pin<Box<Sleep>>,
    random: fastrand::Rng,
    /// Whether an action was carried out in this round.
    acted: bool,
    ended: Option<SocketEnd>,
    /// Whether every handle is gone.
    orphaned: bool,
}

impl Driver {
    pub(super) fn new(
        session: Session,
        transport: Arc<dyn WebSocketTransport>,
        endpoint: Uri,
        inbox: Arc<Inbox>,
        orders: mpsc::UnboundedReceiver<Order>,
        seed: Option<u64>,
    ) -> Self {
        Self {
            session,
            transport,
            endpoint,
            inbox,
            orders,
            waiting: Vec::new(),
            opening: None,
            socket: None,
            unwritten: false,
            closing: false,
            items: Vec::new(),
            timer: Box::pin(tokio::time::sleep_until(tokio::time::Instant::now())),
            random: seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed),
            acted: false,
            ended: None,
            orphaned: false,
        }
    }

    /// Takes the orders that came. Without any handle left nobody can want anything any more.
    fn poll_orders(&mut self, now: Instant, cx: &mut Context<'_>) {
        while let Poll::Ready(order) = self.orders.poll_recv(cx) {
            match order {
                Some(Order::Start) => self.session.start(),
                Some(Order::Submit(submission, answer)) => {
                    self.waiting.push((submission.id, answer));
                    self.session.submit(submission);
                }
                Some(Order::ShutDown) => self.session.shut_down(now),
                None => {
                    self.orphaned = true;
                    return self.session.shut_down(now);
                }
            }
        }
    }

    /// Finds the callers that have gone.
    fn poll_callers(&mut self, now: Instant, cx: &mut Context<'_>) {
        let mut gone = Vec::new();
        self.waiting.retain_mut(|(id, answer)| {
            let waits = answer.poll_closed(cx).is_pending();
            if !waits {
                gone.push(*id);
            }
            waits
        });
        for id in gone {
            self.session.cancel(id, now, self.random.f64());
        }
    }

    fn poll_opening(&mut self, now: Instant, cx: &mut Context<'_>) {
        let Some(opening) = &mut self.opening else { return };
        let Poll::Ready(opened) = opening.as_mut().poll(cx) else { return };
        self.opening = None;
        match opened {
            Ok(socket) => {
                self.socket = Some(socket);
                self.session.opened(now);
            }
            Err(error) => {
                trace::not_opened(self.endpoint.host(), &error);
                let why = match error.kind() {
                    Kind::Refused { status } => OpenFailure::Status(status.as_u16()),
                    _ => OpenFailure::Other,
                };
                self.session.not_opened(why, now, self.random.f64());
            }
        }
    }

    /// Reads what came, as far as there is room for it. Returns whether there may be more at once.
    fn poll_socket(&mut self, now: Instant, cx: &mut Context<'_>) -> bool {
        let room = self.inbox.poll_room(cx).is_ready();
        self.session.stall(!room, now);
        self.carry_out();
        if !room {
            return false;
        }
        for _ in 0..MOST_AT_ONCE {
            let Some(socket) = &mut self.socket else { return false };
            let Poll::Ready(message) = socket.poll_receive(cx) else { return false };
            match message {
                Some(Ok(SocketMessage::Text(text) | SocketMessage::Binary(text))) => {
                    self.session.received(text, now, self.random.f64());
                }
                Some(Ok(SocketMessage::Close(code))) => {
                    self.lost(Disconnect::Closed(code), now);
                }
                Some(Ok(_)) => self.session.alive(),
                Some(Err(error)) => {
                    let too_large = error.kind() == Kind::TooLarge;
                    let why = if too_large { Disconnect::TooLarge } else { Disconnect::Broken };
                    self.lost(why, now);
                }
                None => self.lost(Disconnect::Closed(None), now),
            }
            self.carry_out();
        }
        true
    }

    fn lost(&mut self, why: Disconnect, now: Instant) {
        self.session.lost(why, now, self.random.f64());
    }

    fn poll_write(&mut self, now: Instant, cx: &mut Context<'_>) {
        let Some(socket) = &mut self.socket else { return };
        if self.closing {
            if socket.poll_close(cx).is_ready() {
                self.session.closed();
            }
        } else if self.unwritten {
            match socket.poll_flush(cx) {
                Poll::Ready(Ok(())) => self.unwritten = false,
                Poll::Ready(Err(_)) => self.lost(Disconnect::Broken, now),
                Poll::Pending => {}
            }
        }
    }

    fn carry_out(&mut self) {
        while let Some(action) = self.session.next_action() {
            self.acted = true;
            match action {
                Action::Open => {
                    let (transport, endpoint) = (self.transport.clone(), self.endpoint.clone());
                    let deadline = now() + OPENING;
                    self.opening =
                        Some(Box::pin(async move { transport.connect(&endpoint, deadline).await }));
                }
                Action::Send(text) => {
                    if let Some(socket) = &mut self.socket {
                        // An error shows again when it is read or flushed.
                        let _ = socket.send(text);
                        self.unwritten = true;
                    }
                }
                Action::Limit(bytes) => {
                    if let Some(socket) = &mut self.socket {
                        socket.set_max_message(bytes);
                    }
                }
                Action::Answer(id, answer) => self.answer(id, answer),
                Action::Push(text) => self.items.push(Item::Event(text)),
                Action::Tell(notice) => self.tell(notice),
                Action::ServerTime(time) => self.inbox.server_time(time),
                Action::Drop => {
                    self.socket = None;
                    self.unwritten = false;
                    self.closing = false;
                }
                Action::Close => self.closing = true,
            }
        }
    }

    fn tell(&mut self, notice: Notice) {
        trace::notice(self.endpoint.host(), &notice);
        match notice {
            Notice::Connected => self.inbox.connected(true),
            Notice::Disconnected(_) => self.inbox.connected(false),
            Notice::Ended(end) => {
                self.inbox.connected(false);
                self.ended = Some(end);
            }
            _ => {}
        }
        self.items.push(Item::Notice(notice));
    }

    fn answer(&mut self, id: u64, answer: Result<Bytes, Failure>) {
        if let Some(place) = self.waiting.iter().position(|(waiting, _)| *waiting == id) {
            let (_, caller) = self.waiting.swap_remove(place);
            // One that has gone in this moment needs no answer.
            let _ = caller.send(answer);
        }
    }

    fn poll_timer(&mut self, now: Instant, cx: &mut Context<'_>) -> bool {
        let Some(deadline) = self.session.deadline() else { return false };
        if deadline <= now {
            self.session.tick(now, self.random.f64());
            return true;
        }
        if self.timer.deadline().into_std() != deadline {
            self.timer.as_mut().reset(deadline.into());
        }
        self.timer.as_mut().poll(cx).is_ready()
    }
}

impl Future for Driver {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        loop {
            this.acted = false;
            let now = now();
            this.poll_orders(now, cx);
            this.poll_callers(now, cx);
            this.carry_out();
            this.poll_opening(now, cx);
            this.carry_out();
            let more = this.poll_socket(now, cx);
            this.poll_write(now, cx);
            let due = this.poll_timer(now, cx);
            this.carry_out();
            this.inbox.put(&mut this.items);
            if let Some(end) = this.ended {
                this.inbox.end(Some(end));
                if this.orphaned {
                    return Poll::Ready(());
                }
            }
            if more {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            // What was begun last has to be polled once, to wake this task later.
            if !this.acted && !due {
                return Poll::Pending;
            }
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // With the runtime, perhaps: nobody may wait for what never comes.
        self.inbox.end(None);
    }
}

/// The time of the runtime, which tests can hold.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
