use std::{
    io,
    pin::{Pin, pin},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::{sync::oneshot, task::yield_now};

use crate::{Body, BodyStream, Phase, TransportError, TransportErrorKind, body::unreadable};

/// A stream on its way: the call's end of it. The stream is closed with it, and the connection broken
/// unless the request was complete by then.
pub(super) struct Upload {
    state: Arc<Mutex<State>>,
    over: oneshot::Receiver<()>,
}

/// The connection's end of the same.
pub(super) struct Frames {
    state: Arc<Mutex<State>>,
    _over: oneshot::Sender<()>,
}

struct State {
    /// `None` when the call is over, or the stream has failed.
    stream: Option<BodyStream>,
    left: u64,
    failure: Option<io::Error>,
    reader: Option<Waker>,
    /// Whether there was a pause before the piece that is due.
    paused: bool,
}

impl Upload {
    pub(super) async fn open(body: &Body) -> Result<(Self, Frames), TransportError> {
        let stream = Some(body.open().await?);
        let state = State { stream, left: body.len(), failure: None, reader: None, paused: false };
        let state = Arc::new(Mutex::new(state));
        let (sender, over) = oneshot::channel();
        Ok((Self { state: Arc::clone(&state), over }, Frames { state, _over: sender }))
    }

    /// What the stream failed of.
    pub(super) fn failure(&self) -> Option<io::Error> {
        lock(&self.state).failure.take()
    }

    /// Whether the connection took all of it.
    pub(super) fn is_taken(&self) -> bool {
        lock(&self.state).left == 0
    }

    /// Waits until the connection took all of it.
    pub(super) async fn taken(&mut self) -> Result<(), TransportError> {
        let _ = (&mut self.over).await;
        match self.failure() {
            Some(error) => Err(unreadable(Phase::Body, error)),
            None if self.is_taken() => Ok(()),
            None => Err(hasty()),
        }
    }
}

/// A success that is none: it came before the server had the whole request, and it took no more.
pub(super) fn hasty() -> TransportError {
    TransportError::new(
        Phase::Body,
        TransportErrorKind::Interrupted,
        "the server answered before it had the whole request, and took no more of it",
    )
}

impl Drop for Upload {
    fn drop(&mut self) {
        let mut state = lock(&self.state);
        let (stream, reader) = (state.stream.take(), state.reader.take());
        drop(state);
        drop(stream);
        if let Some(reader) = reader {
            reader.wake();
        }
    }
}

impl http_body::Body for Frames {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let mut state = lock(&self.state);
        if state.left == 0 {
            return Poll::Ready(None);
        }
        // Between two pieces the runtime looks for what has come in. Otherwise the refusal of a server
        // that closes at once would often lose against the next write, which fails.
        if !std::mem::replace(&mut state.paused, true) {
            state.reader = Some(cx.waker().clone());
            return pin!(yield_now()).poll(cx).map(|()| None);
        }
        let Some(stream) = &mut state.stream else {
            return Poll::Ready(Some(Err(io::Error::other("the call is over"))));
        };
        match stream.as_mut().poll_next(cx) {
            Poll::Pending => {
                state.reader = Some(cx.waker().clone());
                Poll::Pending
            }
            Poll::Ready(Some(Ok(piece))) => {
                state.paused = false;
                state.left = state.left.saturating_sub(piece.len() as u64);
                state.reader = Some(cx.waker().clone());
                Poll::Ready(Some(Ok(Frame::data(piece))))
            }
            Poll::Ready(Some(Err(error))) => {
                let told = io::Error::from(error.kind());
                (state.stream, state.failure) = (None, Some(error));
                Poll::Ready(Some(Err(told)))
            }
            Poll::Ready(None) => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        lock(&self.state).left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(lock(&self.state).left)
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
