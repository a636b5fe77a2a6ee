//! A source that counts, and what reads on the other side.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use replykit_transport::{Body, BodyStream, CallOptions, HttpTransport, TransportError};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::watch,
};

use crate::support::{CANARY, Server, assert_silent, header, transport};

pub(super) const PIECE: usize = 64 * 1024;

/// A stream of zeros that counts: how many bytes were asked of it, how often it was opened, and how
/// many are open.
#[derive(Clone, Default)]
pub(super) struct Zeros(Arc<Counts>);

#[derive(Default)]
struct Counts {
    given: AtomicU64,
    opened: AtomicUsize,
    closed: watch::Sender<usize>,
}

struct CloseMark(Arc<Counts>);

impl Drop for CloseMark {
    fn drop(&mut self) {
        self.0.closed.send_modify(|closed| *closed += 1);
    }
}

impl Zeros {
    /// A body that says `len`, and gives `real` bytes before `end`.
    pub(super) fn body(&self, len: u64, real: u64, end: Option<io::ErrorKind>) -> Body {
        let counts = Arc::clone(&self.0);
        Body::stream(len, move || {
            counts.opened.fetch_add(1, Ordering::SeqCst);
            let mark = CloseMark(Arc::clone(&counts));
            let pieces = stream::unfold((0, mark), move |(given, mark)| async move {
                let piece = (real - given).min(PIECE as u64);
                mark.0.given.fetch_add(piece, Ordering::SeqCst);
                let zeros = Bytes::from(vec![0; usize::try_from(piece).unwrap()]);
                (piece > 0).then(|| (Ok(zeros), (given + piece, mark)))
            });
            let failure = end.map(|kind| Err(io::Error::new(kind, "the disk is gone")));
            async { Ok(Box::pin(pieces.chain(stream::iter(failure))) as BodyStream) }
        })
    }

    pub(super) fn given(&self) -> u64 {
        self.0.given.load(Ordering::SeqCst)
    }

    pub(super) fn opened(&self) -> usize {
        self.0.opened.load(Ordering::SeqCst)
    }

    pub(super) async fn all_closed(&self) {
        let opened = self.opened();
        self.0.closed.subscribe().wait_for(|closed| *closed == opened).await.unwrap();
    }
}

pub(super) fn post(base: &str, body: Body) -> http::Request<Body> {
    http::Request::post(format!("{base}/{CANARY}")).body(body).unwrap()
}

pub(super) async fn failure(base: &str, body: Body, options: &CallOptions) -> TransportError {
    let error = transport().send(post(base, body), options).await.unwrap_err();
    assert_silent(&error);
    error
}

/// Reads a head, and says how much came behind it in the same go. The head is empty where the
/// connection ended before it was whole.
pub(super) async fn read_head(stream: &mut TcpStream) -> (String, u64) {
    let mut bytes = Vec::new();
    loop {
        if !matches!(stream.read_buf(&mut bytes).await, Ok(1..)) {
            return (String::new(), 0);
        }
        if let Some(at) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            let body = bytes.len() - at - 4;
            return (String::from_utf8_lossy(&bytes[..at]).into_owned(), body as u64);
        }
    }
}

/// Reads to the end of the connection, `most` bytes at most. Returns how many came.
pub(super) async fn drain(stream: &mut TcpStream, most: u64) -> u64 {
    let mut sink = vec![0; PIECE];
    let mut read = 0;
    while read < most {
        let room = usize::try_from(most - read).unwrap_or(PIECE).min(PIECE);
        match stream.read(&mut sink[..room]).await {
            Ok(0) | Err(_) => break,
            Ok(count) => read += count as u64,
        }
    }
    read
}

/// Tells of each connection how many bytes of the body came, once it has ended.
pub(super) async fn counting(
    answer: impl Fn(u64) -> Option<&'static str> + Clone + Send + Sync + 'static,
) -> (Server, tokio::sync::mpsc::UnboundedReceiver<(String, u64)>) {
    let (seen, counts) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::start(move |mut stream| {
        let (seen, answer) = (seen.clone(), answer.clone());
        async move {
            let (head, mut read) = read_head(&mut stream).await;
            let len = header(&head, "content-length").first().map_or(0, |len| len.parse().unwrap());
            read += drain(&mut stream, len - read).await;
            if let Some(answer) = answer(read) {
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
            seen.send((head, read)).unwrap();
        }
    })
    .await;
    (server, counts)
}
