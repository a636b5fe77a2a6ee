use std::{
    io,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll, ready},
};

use http::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The longest head of an answer to the handshake. The library has no limit.
const MAX_HEAD: usize = 64 * 1024;

/// Fails when more than `left` bytes were read, and looks at the status on the way.
pub(super) struct Head<S> {
    stream: S,
    left: usize,
    /// The first line, as far as it was read and is of use.
    line: Vec<u8>,
    status: Arc<OnceLock<StatusCode>>,
}

impl<S> Head<S> {
    /// Tells the status to `status`, as soon as it is there.
    pub(super) fn new(stream: S, status: Arc<OnceLock<StatusCode>>) -> Self {
        Self { stream, left: MAX_HEAD, line: Vec::new(), status }
    }

    /// What comes from now on is no head any more.
    pub(super) fn end(&mut self) {
        self.left = usize::MAX;
    }

    fn look(&mut self, came: &[u8]) {
        const LINE: usize = "HTTP/1.1 200".len();
        let missing = LINE.saturating_sub(self.line.len());
        self.line.extend(came.iter().take(missing));
        let is_status = self.line.len() == LINE && self.line.starts_with(b"HTTP/1.");
        let status = self.line.get(LINE - 3..).filter(|_| is_status);
        if let Some(Ok(status)) = status.map(StatusCode::from_bytes) {
            // It is set once, for the line is not looked at again.
            let _ = self.status.set(status);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Head<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.left == 0 {
            let message = "the head of the answer is longer than 64 KiB";
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, message)));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        if self.left != usize::MAX {
            let came = buffer.filled().get(before..).unwrap_or_default();
            self.left = self.left.saturating_sub(came.len());
            if self.status.get().is_none() {
                self.look(came);
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Head<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buffer)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
