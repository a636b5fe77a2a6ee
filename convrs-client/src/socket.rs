//! A connection that comes back: drives the session over WebSockets, one after the other.

mod driver;
mod inbox;
mod registry;

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use driver::Driver;
use http::Uri;
pub(crate) use inbox::{Inbox, Item};
use registry::Place;
use replykit_transport::{
    Phase, TransportError, TransportErrorKind, WebSocketTransport, check_socket_target,
};
use tokio::sync::{mpsc, oneshot};

use crate::{
    Client, Error, ErrorKind, Exchange, Frame, Invalid, ProtocolProblem, Reconnect, SocketEnd,
    Takeover, Token,
    envelope::{encode_connect, encode_heartbeat},
    session::{Failure, Session, Settings, Submission},
};

/// A WebSocket of the Convrs API that reconnects by itself. It carries events, see
/// [`Client::events`], and commands, see [`Client::over_socket`].
///
/// The server keeps one connection for a token, so a process may have one `Socket` for a token and an
/// endpoint; clones are the same one. It connects when it is first used. When the last clone and
/// everything made from it is dropped, it closes the connection.
///
/// Source: Convrs API > Using Websockets
#[derive(Clone)]
pub struct Socket(Arc<Handle>);

struct Handle {
    endpoint: Uri,
    token: Token,
    inbox: Arc<Inbox>,
    orders: mpsc::UnboundedSender<Order>,
    next_id: AtomicU64,
    _place: Place,
}

/// What the driver is asked for.
pub(crate) enum Order {
    /// Connect, if that was not done.
    Start,
    Submit(Submission, oneshot::Sender<Result<Bytes, Failure>>),
    ShutDown,
}

/// Settings of a [`Socket`].
#[must_use = "call open()"]
pub struct SocketBuilder {
    endpoint: Uri,
    token: Token,
    settings: Settings,
    seed: Option<u64>,
}

impl Socket {
    /// A socket to `endpoint`, which the dashboard shows under Integrations > Convrs API. Usually it
    /// is `wss://data.conv.rs/api`. Needs a running tokio runtime with time and I/O.
    ///
    /// # Errors
    /// As [`SocketBuilder::open`].
    pub fn new(endpoint: Uri, token: impl Into<Token>) -> Result<Self, Error> {
        Self::builder(endpoint, token).open()
    }

    /// A socket with settings of your own.
    pub fn builder(endpoint: Uri, token: impl Into<Token>) -> SocketBuilder {
        let settings = Settings::default();
        SocketBuilder { endpoint, token: token.into(), settings, seed: None }
    }

    /// Closes the connection in good order, and opens no other. Commands that wait fail as not sent;
    /// events that came before can still be read.
    pub fn close(&self) {
        self.order(Order::ShutDown);
    }

    pub(crate) fn start(&self) {
        self.order(Order::Start);
    }

    pub(crate) fn inbox(&self) -> &Arc<Inbox> {
        &self.0.inbox
    }

    fn order(&self, order: Order) {
        // The driver ends only when every handle is gone, or with its runtime.
        let _ = self.0.orders.send(order);
    }

    async fn submit(&self, frame: &Frame) -> Result<Bytes, Error> {
        let id = self.0.next_id.fetch_add(1, Ordering::Relaxed);
        let submission = Submission {
            id,
            name: frame.name,
            json: frame.json.clone(),
            deadline: frame.deadline,
            max_reply: frame.max_reply,
        };
        let (answer, answered) = oneshot::channel();
        self.order(Order::Submit(submission, answer));
        match answered.await {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(failure)) => Err(error_of(failure)),
            // The runtime of the driver is gone, and nobody knows how far it had come.
            Err(_) => Err(error_of(Failure::Lost)),
        }
    }
}

impl SocketBuilder {
    /// How often a heartbeat goes out. Default: 30 s. Two of them without any frame from the server,
    /// then half as long again (15 s), and the connection counts as dead.
    pub fn heartbeat(mut self, every: Duration) -> Self {
        self.settings.heartbeat = every.max(Duration::from_millis(1));
        self
    }

    /// How it comes back after a loss.
    pub fn reconnect(mut self, reconnect: Reconnect) -> Self {
        self.settings.reconnect = reconnect;
        self
    }

    /// What it does when another connection takes its place. Default: [`Takeover::Yield`].
    pub fn takeover(mut self, takeover: Takeover) -> Self {
        self.settings.takeover = takeover;
        self
    }

    /// For tests: makes the waits before reconnects the same in every run.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// The socket. It connects when it is first used.
    ///
    /// # Errors
    /// All are `NotSent`: an endpoint that is neither `wss` nor on this machine, an empty token, a
    /// machine without root certificates, or a token that another socket of this process uses.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn open(self) -> Result<Socket, Error> {
        let transport = replykit_transport::TokioWebSockets::new()?;
        self.open_over(transport)
    }

    /// The same, by a transport of your choice.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn open_over(self, transport: impl WebSocketTransport) -> Result<Socket, Error> {
        check_socket_target(&self.endpoint)?;
        let session = Session::new(encode_connect(&self.token)?, encode_heartbeat(), self.settings);
        let place = Place::take(&self.endpoint, &self.token).ok_or_else(|| {
            let rule = "another socket of this process uses it, and the server keeps one connection \
                        for a token: clone that socket";
            Invalid::new("token", None, rule)
        })?;
        let inbox = Arc::new(Inbox::default());
        let (orders, ordered) = mpsc::unbounded_channel();
        let driver = Driver::new(
            session,
            Arc::new(transport),
            self.endpoint.clone(),
            inbox.clone(),
            ordered,
            self.seed,
        );
        tokio::spawn(driver);
        Ok(Socket(Arc::new(Handle {
            endpoint: self.endpoint,
            token: self.token,
            inbox,
            orders,
            next_id: AtomicU64::new(0),
            _place: place,
        })))
    }
}

impl Client {
    /// A client whose commands go over the socket, one at a time. Commands by POST do not wait for
    /// each other, so with both at hand [`Client::new`] is the better choice; this one needs no second
    /// endpoint.
    ///
    /// Answers on a socket carry no id. One that is late or may be another's closes the connection,
    /// and the command's outcome is `Unknown`.
    pub fn over_socket(socket: &Socket) -> Self {
        Self::over(OverSocket(socket.clone()), socket.0.token.clone())
    }
}

/// An exchange by WebSocket.
#[derive(Debug)]
struct OverSocket(Socket);

#[async_trait]
impl Exchange for OverSocket {
    async fn exchange(&self, frame: &Frame) -> Result<Bytes, Error> {
        self.0.submit(frame).await
    }
}

fn error_of(failure: Failure) -> Error {
    use TransportErrorKind as Kind;
    let (phase, kind, message) = match failure {
        Failure::NotSent => (
            Phase::Queue,
            Kind::Timeout,
            "the deadline passed before the command could be sent over the socket",
        ),
        Failure::Ended(end) => return ended(end),
        Failure::Late => (Phase::Exchange, Kind::Timeout, "no answer within the deadline"),
        Failure::Lost => (
            Phase::Exchange,
            Kind::Interrupted,
            "the connection ended before the answer to the command came",
        ),
        Failure::Ambiguous => return Error::protocol(ProtocolProblem::Mismatch, b""),
    };
    TransportError::new(phase, kind, message).into()
}

/// The error of a command on a socket that opens no connection any more.
fn ended(end: SocketEnd) -> Error {
    let error = TransportError::new(Phase::Connect, TransportErrorKind::Closed, end.to_string());
    Error::new(ErrorKind::Transport(error))
}

/// Shows the host of the endpoint only: a path or query may hold a secret.
impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket").field("host", &self.0.endpoint.host()).finish_non_exhaustive()
    }
}

impl fmt::Debug for SocketBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocketBuilder")
            .field("host", &self.endpoint.host())
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// Poisoned or not, what is inside is sound: nothing panics while it is held.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
