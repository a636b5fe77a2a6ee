use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Instant,
};

use async_trait::async_trait;
use bytes::Bytes;
use http::Uri;
use tokio::sync::{
    Mutex as AsyncMutex,
    mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
};

use crate::{
    DEFAULT_MAX_MESSAGE, Phase, SocketMessage, TransportError, TransportErrorKind, WebSocket,
    WebSocketTransport,
};

/// WebSockets without a network: a test plays the server. Clones share the connections.
///
/// ```
/// use replykit_transport::{MockWebSockets, WebSocketTransport};
/// use std::{future::poll_fn, time::{Duration, Instant}};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mock = MockWebSockets::new();
/// let deadline = Instant::now() + Duration::from_secs(1);
/// let mut socket = mock.connect(&"wss://example.com/".parse()?, deadline).await?;
/// let mut server = mock.accept().await;
///
/// socket.send("hello".into())?;
/// poll_fn(|cx| socket.poll_flush(cx)).await?;
/// assert_eq!(server.received().await.unwrap(), "hello");
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct MockWebSockets {
    opened: UnboundedSender<MockServer>,
    accepted: Arc<AsyncMutex<UnboundedReceiver<MockServer>>>,
    failures: Arc<Mutex<VecDeque<Option<TransportError>>>>,
}

impl MockWebSockets {
    /// WebSockets that open at once.
    #[must_use]
    pub fn new() -> Self {
        let (opened, accepted) = unbounded_channel();
        let accepted = Arc::new(AsyncMutex::new(accepted));
        Self { opened, accepted, failures: Arc::default() }
    }

    /// Fails the next attempt to connect.
    pub fn fail(&self, error: TransportError) {
        self.next(Some(error));
    }

    /// Leaves the next attempt to connect without an answer.
    pub fn keep_silent(&self) {
        self.next(None);
    }

    fn next(&self, failure: Option<TransportError>) {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).push_back(failure);
    }

    /// The server's end of the connection that was opened first and not accepted yet. Waits for one.
    ///
    /// # Panics
    /// Never: this value keeps the channel open.
    pub async fn accept(&self) -> MockServer {
        loop {
            if let Some(server) = self.accepted.lock().await.recv().await {
                return server;
            }
        }
    }
}

impl Default for MockWebSockets {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MockWebSockets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockWebSockets").finish_non_exhaustive()
    }
}

#[async_trait]
impl WebSocketTransport for MockWebSockets {
    async fn connect(
        &self,
        _: &Uri,
        deadline: Instant,
    ) -> Result<Box<dyn WebSocket>, TransportError> {
        let failure = self.failures.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        match failure {
            Some(Some(error)) => return Err(error),
            Some(None) => {
                tokio::time::sleep_until(deadline.into()).await;
                let (phase, kind) = (Phase::Connect, TransportErrorKind::Timeout);
                return Err(TransportError::new(
                    phase,
                    kind,
                    "no WebSocket within the time allowed",
                ));
            }
            None => {}
        }
        let (to_client, from_server) = unbounded_channel();
        let (to_server, from_client) = unbounded_channel();
        // Without anybody who accepts, nobody misses it either.
        let _ = self.opened.send(MockServer { to_client, from_client });
        let taken = Vec::new();
        Ok(Box::new(MockSocket { from_server, to_server, taken, max: DEFAULT_MAX_MESSAGE }))
    }
}

/// The server's end of a mock connection. Dropping it ends the connection without a word.
#[derive(Debug)]
pub struct MockServer {
    to_client: UnboundedSender<Result<SocketMessage, TransportError>>,
    from_client: UnboundedReceiver<Bytes>,
}

impl MockServer {
    /// Sends a text.
    pub fn send(&self, text: impl Into<Bytes>) {
        self.message(Ok(SocketMessage::Text(text.into())));
    }

    /// Sends a message of any kind, or breaks the connection with an error.
    pub fn message(&self, message: Result<SocketMessage, TransportError>) {
        // A client that has gone misses nothing.
        let _ = self.to_client.send(message);
    }

    /// The next text of the client; `None` when it has closed or dropped the connection.
    pub async fn received(&mut self) -> Option<Bytes> {
        self.from_client.recv().await
    }

    /// The next text of the client if it has come already.
    pub fn try_received(&mut self) -> Option<Bytes> {
        self.from_client.try_recv().ok()
    }
}

struct MockSocket {
    from_server: UnboundedReceiver<Result<SocketMessage, TransportError>>,
    to_server: UnboundedSender<Bytes>,
    taken: Vec<Bytes>,
    max: usize,
}

impl WebSocket for MockSocket {
    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<SocketMessage, TransportError>>> {
        self.from_server.poll_recv(cx).map(|message| {
            message.map(|message| match message {
                Ok(SocketMessage::Text(text)) if text.len() > self.max => Err(TransportError::new(
                    Phase::Exchange,
                    TransportErrorKind::TooLarge,
                    "a message is larger than the WebSocket allows",
                )),
                message => message,
            })
        })
    }

    fn send(&mut self, text: Bytes) -> Result<(), TransportError> {
        self.taken.push(text);
        Ok(())
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        for text in self.taken.drain(..) {
            // What is written to a dead connection is written all the same.
            let _ = self.to_server.send(text);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_close(&mut self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }

    fn set_max_message(&mut self, bytes: usize) {
        self.max = bytes;
    }
}
