use std::{
    fmt,
    task::{Context, Poll},
    time::Instant,
};

use async_trait::async_trait;
use bytes::Bytes;
use http::Uri;

use crate::TransportError;

/// The largest message of a [`WebSocket`] unless it is told another: 1 MiB.
pub const DEFAULT_MAX_MESSAGE: usize = 1024 * 1024;

/// Opens WebSockets: the seam to the network for clients that hold a connection.
///
/// An implementation
/// - follows no redirect, and refuses a plain `ws` to another machine;
/// - ends by the deadline, whatever the server does or does not do.
#[async_trait]
pub trait WebSocketTransport: fmt::Debug + Send + Sync + 'static {
    /// Connects to `endpoint`, a `wss` URL or a `ws` URL of this machine, and shakes hands.
    ///
    /// # Errors
    /// A [`TransportError`] in a phase up to [`Phase::Connect`](crate::Phase::Connect); a server
    /// that answers with a status in place of the handshake is
    /// [`TransportErrorKind::Refused`](crate::TransportErrorKind::Refused).
    async fn connect(
        &self,
        endpoint: &Uri,
        deadline: Instant,
    ) -> Result<Box<dyn WebSocket>, TransportError>;
}

/// One open WebSocket. Dropping it drops the connection without a word.
pub trait WebSocket: Send {
    /// The next message, `None` when the connection has ended in good order. Pings are answered here,
    /// as far as the server reads the answers: one that does not is not read any further either.
    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<SocketMessage, TransportError>>>;

    /// Takes a text to be sent. It goes out with [`poll_flush`](Self::poll_flush).
    ///
    /// # Errors
    /// When the connection has ended.
    fn send(&mut self, text: Bytes) -> Result<(), TransportError>;

    /// Writes what was taken, as far as the server reads. `Ready` tells that the system has it, not
    /// that the server has.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>>;

    /// Says goodbye, and waits for the server to do so as well.
    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<()>;

    /// Sets the largest message from now on, in bytes. Default: [`DEFAULT_MAX_MESSAGE`].
    fn set_max_message(&mut self, bytes: usize);
}

/// What came over a WebSocket.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SocketMessage {
    /// A text, which is valid UTF-8.
    Text(Bytes),
    /// Bytes.
    Binary(Bytes),
    /// A ping or a pong: the server lives.
    Control,
    /// The server closes the connection, with this code if it gave one.
    Close(Option<u16>),
}

/// Shows sizes only.
impl fmt::Debug for SocketMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "Text(<{} bytes>)", text.len()),
            Self::Binary(bytes) => write!(f, "Binary(<{} bytes>)", bytes.len()),
            Self::Control => f.write_str("Control"),
            Self::Close(code) => f.debug_tuple("Close").field(code).finish(),
        }
    }
}
