use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};

use super::witness::Written;
use crate::BodyStream;

/// A body on its way.
pub(super) enum Outgoing {
    Whole(Option<Bytes>),
    Pieces { stream: BodyStream, upload: Upload },
}

/// How far a long body has come. Both ends have it.
#[derive(Clone, Default)]
pub(super) struct Upload(Arc<Mutex<State>>);

#[derive(Default)]
pub(super) struct State {
    pub(super) left: u64,
    pub(super) failure: Option<io::Error>,
    /// The connection that it goes by, and how often that had been flushed before the last piece.
    pub(super) written: Written,
    flushes: u64,
}

impl Upload {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the kernel has all of it: hyper flushes a connection when it has nothing left to write.
    pub(super) fn is_taken(&self) -> bool {
        let state = self.state();
        state.left == 0 && state.written.flushes() > state.flushes
    }
}

impl HttpBody for Outgoing {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match self.get_mut() {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Pieces { stream, upload } => match stream.as_mut().poll_next(cx) {
                Poll::Pending => Poll::Pending,
                Poll::Ready(None) => Poll::Ready(None),
                Poll::Ready(Some(Ok(piece))) => {
                    let mut state = upload.state();
                    state.left = state.left.saturating_sub(piece.len() as u64);
                    state.flushes = state.written.flushes();
                    Poll::Ready(Some(Ok(Frame::data(piece))))
                }
                Poll::Ready(Some(Err(error))) => {
                    let told = io::Error::from(error.kind());
                    upload.state().failure = Some(error);
                    Poll::Ready(Some(Err(told)))
                }
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.as_ref().is_none_or(Bytes::is_empty),
            Self::Pieces { upload, .. } => upload.state().left == 0,
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(match self {
            Self::Whole(bytes) => bytes.as_ref().map_or(0, |bytes| bytes.len() as u64),
            Self::Pieces { upload, .. } => upload.state().left,
        })
    }
}
