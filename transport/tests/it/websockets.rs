//! WebSockets over real connections.

mod frames;
mod opening;

use std::{
    future::poll_fn,
    time::{Duration, Instant},
};

use replykit_transport::{
    Outcome, Phase, SocketMessage, TokioWebSockets, TransportError, TransportErrorKind as Kind,
    WebSocket, WebSocketTransport,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{
    CANARY, Server, Untouched, assert_silent, facts, header, read_request, websocket_answer,
};

async fn connect_within(
    transport: &TokioWebSockets,
    base: &str,
    time: Duration,
) -> Result<Box<dyn WebSocket>, TransportError> {
    let url = format!("{}/{CANARY}?token={CANARY}", base.replacen("http", "ws", 1));
    let ended = transport.connect(&url.parse().unwrap(), Instant::now() + time).await;
    ended.inspect_err(|error| assert_silent(error))
}

/// Within more time than it needs.
async fn connect(
    transport: &TokioWebSockets,
    base: &str,
) -> Result<Box<dyn WebSocket>, TransportError> {
    connect_within(transport, base, Duration::from_secs(20)).await
}

/// The error of an attempt that has to fail.
async fn failure(transport: &TokioWebSockets, base: &str) -> TransportError {
    connect(transport, base).await.err().expect("no connection comes about")
}

fn plain() -> TokioWebSockets {
    TokioWebSockets::builder().loopback_only().build().unwrap()
}

/// The next message, which has to come in time.
async fn receive(socket: &mut Box<dyn WebSocket>) -> Option<Result<SocketMessage, TransportError>> {
    let next = poll_fn(|cx| socket.poll_receive(cx));
    tokio::time::timeout(Duration::from_secs(10), next).await.expect("a message in time")
}

/// The server's side of a WebSocket.
struct Peer(TcpStream);

impl Peer {
    async fn upgrade(mut stream: TcpStream) -> Self {
        let request = read_request(&mut stream).await.unwrap();
        stream.write_all(websocket_answer(&request).unwrap().as_bytes()).await.unwrap();
        Self(stream)
    }

    /// A client that has seen enough may be gone.
    async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.0.write_all(bytes.as_ref()).await;
    }

    /// The first byte of the next frame, and its payload without the mask.
    async fn frame(&mut self) -> (u8, Vec<u8>) {
        let first = self.0.read_u8().await.unwrap();
        let length = self.0.read_u8().await.unwrap();
        assert_eq!(length & 0x80, 0x80, "a client masks");
        let length = match length & 0x7f {
            126 => usize::from(self.0.read_u16().await.unwrap()),
            short => usize::from(short),
        };
        let mut mask = [0; 4];
        self.0.read_exact(&mut mask).await.unwrap();
        let mut payload = vec![0; length];
        self.0.read_exact(&mut payload).await.unwrap();
        payload.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
        (first, payload)
    }
}

/// A frame of a server.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = match payload.len() {
        short @ ..=125 => vec![u8::try_from(short).unwrap()],
        medium @ ..=65_535 => [&[126], &u16::try_from(medium).unwrap().to_be_bytes()[..]].concat(),
        long => [&[127], &(long as u64).to_be_bytes()[..]].concat(),
    };
    [&[first][..], &length, payload].concat()
}
