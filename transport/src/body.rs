use std::{
    collections::VecDeque,
    fmt, io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;

use crate::{Phase, TransportError, TransportErrorKind};

/// The pieces of a body, in order. A piece may be empty.
pub type BodyStream = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// The body of a request: bytes, or a stream of known length that is opened anew for each attempt.
///
/// Cloning is cheap, and copies no content. Bodies are equal when they hold the same bytes, or are
/// clones of one stream. `Debug` shows the length only.
///
/// [`from_iter`](FromIterator::from_iter) puts bodies one behind the other.
#[derive(Clone)]
pub struct Body(Content);

#[derive(Clone)]
enum Content {
    Bytes(Bytes),
    Stream { len: u64, open: Arc<Open> },
}

type Open = dyn Fn() -> Opening + Send + Sync;
type Opening = Pin<Box<dyn Future<Output = io::Result<BodyStream>> + Send>>;

impl Body {
    /// No body.
    #[must_use]
    pub fn empty() -> Self {
        Self::from(Bytes::new())
    }

    /// A body of exactly `len` bytes, from the stream that `open` gives. It is never whole in memory.
    ///
    /// `open` is called once for each attempt, before there is a connection: what fails there is
    /// `NotSent`. A stream that fails later, ends early or goes on behind `len` breaks the connection
    /// before the request is complete; the call is then `Unknown`. Both are
    /// [`TransportErrorKind::Upload`]. What `open` and the stream say of an error is shown to people:
    /// keep names and paths out of it.
    #[must_use]
    pub fn stream<F, Fut>(len: u64, open: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = io::Result<BodyStream>> + Send + 'static,
    {
        if len == 0 {
            return Self::empty();
        }
        Self(Content::Stream { len, open: Arc::new(move || Box::pin(open())) })
    }

    /// The body's length in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        match &self.0 {
            Content::Bytes(bytes) => bytes.len() as u64,
            Content::Stream { len, .. } => *len,
        }
    }

    /// Whether there is nothing to send.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The whole body, where it is in memory; `None` for a stream.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&Bytes> {
        match &self.0 {
            Content::Bytes(bytes) => Some(bytes),
            Content::Stream { .. } => None,
        }
    }

    /// The whole body, where it is no longer than what a socket takes at once: then nobody has to
    /// watch how far it has come.
    #[cfg(any(feature = "reqwest", feature = "hyper"))]
    pub(crate) fn at_once(&self) -> Option<&Bytes> {
        self.as_bytes().filter(|bytes| bytes.len() <= 16 * 1024)
    }

    /// The whole body, read into memory where it is a stream.
    ///
    /// # Errors
    /// [`TransportErrorKind::Upload`] in [`Phase::Prepare`]: the stream failed, or has another length.
    pub async fn into_bytes(self) -> Result<Bytes, TransportError> {
        if let Content::Bytes(bytes) = self.0 {
            return Ok(bytes);
        }
        let mut stream = self.open().await?;
        let mut bytes = BytesMut::new();
        while let Some(piece) = std::future::poll_fn(|cx| stream.as_mut().poll_next(cx)).await {
            bytes.extend_from_slice(&piece.map_err(|error| unreadable(Phase::Prepare, error))?);
        }
        Ok(bytes.freeze())
    }

    /// Opens the body, for one attempt to send it. The stream gives [`len`](Self::len) bytes or fails,
    /// and its last piece only when nothing is left behind it.
    ///
    /// # Errors
    /// [`TransportErrorKind::Upload`] in [`Phase::Prepare`].
    pub async fn open(&self) -> Result<BodyStream, TransportError> {
        self.exact().await.map_err(|error| unreadable(Phase::Prepare, error))
    }

    async fn exact(&self) -> io::Result<BodyStream> {
        Ok(match &self.0 {
            Content::Bytes(bytes) => {
                // In pieces, so that whoever sends them sees how far it has come.
                let (mut rest, mut pieces) = (bytes.clone(), VecDeque::new());
                while !rest.is_empty() {
                    pieces.push_back(Part::Bytes(rest.split_to(rest.len().min(PIECE))));
                }
                Box::pin(Row(pieces))
            }
            Content::Stream { len, open } => {
                Box::pin(Exact { stream: Some(open().await?), left: *len, last: None })
            }
        })
    }
}

const PIECE: usize = 64 * 1024;

/// The body of a request failed in `phase`.
pub(crate) fn unreadable(phase: Phase, error: io::Error) -> TransportError {
    let message = format!("the body of the request could not be read: {}", error.kind());
    TransportError::new(phase, TransportErrorKind::Upload, message).with_source(error)
}

impl Default for Body {
    fn default() -> Self {
        Self::empty()
    }
}

impl<T: Into<Bytes>> From<T> for Body {
    fn from(bytes: T) -> Self {
        Self(Content::Bytes(bytes.into()))
    }
}

/// One behind the other. All of their streams are opened before the first is read, and each has to
/// have its own length: the body ends where one of them fails.
impl FromIterator<Self> for Body {
    fn from_iter<I: IntoIterator<Item = Self>>(bodies: I) -> Self {
        let bodies: Vec<Self> = bodies.into_iter().filter(|body| !body.is_empty()).collect();
        if let [one] = bodies.as_slice() {
            return one.clone();
        }
        let in_memory: Option<Vec<&Bytes>> = bodies.iter().map(Self::as_bytes).collect();
        if let Some(pieces) = in_memory {
            let mut bytes = BytesMut::with_capacity(pieces.iter().map(|piece| piece.len()).sum());
            pieces.into_iter().for_each(|piece| bytes.extend_from_slice(piece));
            return Self::from(bytes.freeze());
        }
        let len = bodies.iter().fold(0, |sum: u64, body| sum.saturating_add(body.len()));
        Self::stream(len, move || {
            let bodies = bodies.clone();
            async move {
                let mut parts = VecDeque::with_capacity(bodies.len());
                for body in bodies {
                    parts.push_back(match body.0 {
                        Content::Bytes(bytes) => Part::Bytes(bytes),
                        Content::Stream { .. } => Part::Stream(body.exact().await?),
                    });
                }
                Ok(Box::pin(Row(parts)) as BodyStream)
            }
        })
    }
}

impl PartialEq for Body {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Content::Bytes(ours), Content::Bytes(theirs)) => ours == theirs,
            (Content::Stream { open: ours, .. }, Content::Stream { open: theirs, .. }) => {
                Arc::ptr_eq(ours, theirs)
            }
            _ => false,
        }
    }
}

impl Eq for Body {}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} bytes>", self.len())
    }
}

/// A stream that is as long as was said, or fails before its last byte is given out.
struct Exact {
    /// `None` when it is over.
    stream: Option<BodyStream>,
    left: u64,
    /// The piece that makes it whole. It is kept until nothing comes behind it.
    last: Option<Bytes>,
}

impl Exact {
    fn fail(&mut self, error: io::Error) -> Poll<Option<io::Result<Bytes>>> {
        self.stream = None;
        Poll::Ready(Some(Err(error)))
    }
}

impl Stream for Exact {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        while let Some(stream) = &mut self.stream {
            match ready!(stream.as_mut().poll_next(cx)) {
                Some(Ok(piece)) if piece.is_empty() => {}
                Some(Ok(piece)) => match self.left.checked_sub(piece.len() as u64) {
                    Some(0) => (self.left, self.last) = (0, Some(piece)),
                    Some(left) => {
                        self.left = left;
                        return Poll::Ready(Some(Ok(piece)));
                    }
                    None => {
                        let text = "the stream is longer than was said";
                        return self.fail(io::Error::new(io::ErrorKind::FileTooLarge, text));
                    }
                },
                Some(Err(error)) => return self.fail(error),
                None if self.left > 0 => {
                    let text = format!("the stream ended {} bytes early", self.left);
                    return self.fail(io::Error::new(io::ErrorKind::UnexpectedEof, text));
                }
                None => {
                    self.stream = None;
                    return Poll::Ready(self.last.take().map(Ok));
                }
            }
        }
        Poll::Ready(None)
    }
}

/// Parts one behind the other.
struct Row(VecDeque<Part>);

enum Part {
    Bytes(Bytes),
    Stream(BodyStream),
}

impl Stream for Row {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        while let Some(part) = self.0.front_mut() {
            let piece = match part {
                Part::Bytes(bytes) if bytes.is_empty() => None,
                Part::Bytes(bytes) => Some(Ok(std::mem::take(bytes))),
                Part::Stream(stream) => ready!(stream.as_mut().poll_next(cx)),
            };
            match piece {
                Some(Ok(piece)) => return Poll::Ready(Some(Ok(piece))),
                Some(Err(error)) => {
                    self.0.clear();
                    return Poll::Ready(Some(Err(error)));
                }
                None => drop(self.0.pop_front()),
            }
        }
        Poll::Ready(None)
    }
}

#[cfg(test)]
mod tests;
