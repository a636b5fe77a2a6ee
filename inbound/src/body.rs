use std::{error::Error, future::poll_fn, mem, pin::pin};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http_body::Body;

/// Why a request body could not be read.
#[derive(Debug, thiserror::Error)]
pub enum BodyProblem {
    /// It is longer than the limit. What was read of it has been dropped.
    #[error("the body is longer than the limit")]
    TooLarge,
    /// It broke off, or what carries it failed.
    #[error("the body broke while it was being read")]
    Broken(#[source] Box<dyn Error + Send + Sync>),
}

/// Reads a body of at most `limit` bytes and leaves out its trailers.
///
/// A body that announces more is refused before a byte is read, one that lies about its length as
/// soon as it passes the limit. A body that comes in one piece is handed on without a copy.
/// There is no timer in here: a body that never ends is for the server's read timeout to stop.
///
/// # Errors
/// [`BodyProblem::TooLarge`] past the limit, [`BodyProblem::Broken`] when the body itself fails.
pub async fn read_body<B>(body: B, limit: usize) -> Result<Bytes, BodyProblem>
where
    B: Body,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    if usize::try_from(body.size_hint().lower()).map_or(true, |announced| announced > limit) {
        return Err(BodyProblem::TooLarge);
    }
    let mut body = pin!(body);
    let mut first = Bytes::new();
    let mut joined = BytesMut::new();
    while let Some(frame) = poll_fn(|context| body.as_mut().poll_frame(context)).await {
        let frame = frame.map_err(|error| BodyProblem::Broken(error.into()))?;
        let Ok(mut data) = frame.into_data() else { continue };
        let held = first.len() + joined.len();
        if data.remaining() > limit - held {
            return Err(BodyProblem::TooLarge);
        }
        if held == 0 {
            first = data.copy_to_bytes(data.remaining());
        } else {
            joined.put(mem::take(&mut first));
            joined.put(data);
        }
    }
    Ok(if joined.is_empty() { first } else { joined.freeze() })
}

#[cfg(test)]
mod tests {
    use std::{
        collections::VecDeque,
        io,
        pin::Pin,
        task::{Context, Poll},
    };

    use http::HeaderMap;
    use http_body::{Frame, SizeHint};

    use super::*;

    /// A body of prepared frames; the announced length may lie.
    #[derive(Default)]
    struct Script {
        frames: VecDeque<Result<Frame<Bytes>, io::Error>>,
        announced: u64,
        polls: usize,
    }

    impl Script {
        fn of(pieces: &[&'static str]) -> Self {
            let frames = pieces.iter().map(|piece| Ok(data(piece))).collect();
            Self { frames, ..Self::default() }
        }
    }

    impl Body for &mut Script {
        type Data = Bytes;
        type Error = io::Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
            self.polls += 1;
            Poll::Ready(self.frames.pop_front())
        }

        fn size_hint(&self) -> SizeHint {
            let mut hint = SizeHint::new();
            hint.set_lower(self.announced);
            hint
        }
    }

    fn data(piece: &'static str) -> Frame<Bytes> {
        Frame::data(Bytes::from_static(piece.as_bytes()))
    }

    #[tokio::test]
    async fn a_body_in_one_piece_is_not_copied() {
        let text = "one piece";
        let read = read_body(&mut Script::of(&[text]), 100).await.unwrap();
        assert_eq!(read.as_ptr(), text.as_ptr());
        assert_eq!(read, text);
    }

    #[tokio::test]
    async fn pieces_are_joined_and_trailers_left_out() {
        let mut body = Script::of(&["a", "", "bc", "d"]);
        body.frames.insert(2, Ok(Frame::trailers(HeaderMap::new())));
        assert_eq!(read_body(&mut body, 4).await.unwrap(), "abcd");
    }

    #[tokio::test]
    async fn an_empty_body_is_empty_even_with_a_limit_of_nothing() {
        assert_eq!(read_body(&mut Script::default(), 0).await.unwrap(), "");
    }

    #[tokio::test]
    async fn an_announced_excess_is_refused_before_reading() {
        let mut body = Script::of(&["abc"]);
        body.announced = 11;
        assert!(matches!(read_body(&mut body, 10).await, Err(BodyProblem::TooLarge)));
        assert_eq!(body.polls, 0);
    }

    #[tokio::test]
    async fn an_unannounced_excess_is_refused_at_the_piece_that_passes_the_limit() {
        let mut body = Script::of(&["12345", "67890", "1", "never read"]);
        assert!(matches!(read_body(&mut body, 10).await, Err(BodyProblem::TooLarge)));
        assert_eq!(body.polls, 3);
    }

    #[tokio::test]
    async fn a_broken_body_keeps_its_cause() {
        let mut body = Script::of(&["half"]);
        body.frames.push_back(Err(io::ErrorKind::ConnectionReset.into()));
        let problem = read_body(&mut body, 10).await.unwrap_err();
        assert!(problem.source().unwrap().is::<io::Error>());
    }
}
