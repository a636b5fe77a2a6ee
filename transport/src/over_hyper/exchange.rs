use std::{
    future::{Future, poll_fn},
    io,
    pin::{Pin, pin},
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Response, header};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::{
    task::yield_now,
    time::{Instant, timeout_at},
};

use super::connect::Link;
use crate::{
    Body, BodyStream, Phase, TransportError, TransportErrorKind as Kind, body::unreadable,
};

pub(super) const MAX_HEAD: usize = 64 * 1024;

/// A body on its way.
pub(super) enum Outgoing {
    Whole(Option<Bytes>),
    Pieces { stream: BodyStream, upload: Upload },
}

/// How far a stream has come. Both ends have it.
#[derive(Clone, Default)]
pub(super) struct Upload(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    left: u64,
    failure: Option<io::Error>,
}

impl Upload {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_taken(&self) -> bool {
        self.state().left == 0
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
            Self::Pieces { upload, .. } => upload.is_taken(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(match self {
            Self::Whole(bytes) => bytes.as_ref().map_or(0, |bytes| bytes.len() as u64),
            Self::Pieces { upload, .. } => upload.state().left,
        })
    }
}

/// A request whose body is open.
pub(super) struct Ready {
    request: http::Request<Outgoing>,
    upload: Option<Upload>,
}

pub(super) async fn open(request: http::Request<Body>) -> Result<Ready, TransportError> {
    let (head, body) = request.into_parts();
    let (body, upload) = match body.as_bytes() {
        Some(bytes) => (Outgoing::Whole(Some(bytes.clone())), None),
        None => {
            let stream = body.open().await?;
            let upload = Upload::default();
            upload.state().left = body.len();
            (Outgoing::Pieces { stream, upload: upload.clone() }, Some(upload))
        }
    };
    Ok(Ready { request: http::Request::from_parts(head, body), upload })
}

/// Sends a request and reads its answer. After a failure the connection must not be used again.
pub(super) async fn run(
    link: &mut Link,
    ready: Ready,
    max_body: usize,
    end: Instant,
) -> Result<Response<Bytes>, TransportError> {
    let Ready { request, upload } = ready;
    let (written, before) = (link.written.clone(), link.written.get());
    let upload = upload.as_ref();
    let failed = |kind, message: &'static str| {
        let unwritten = written.get() == before;
        let phase = if unwritten { Phase::Unwritten } else { Phase::Exchange };
        let message = if unwritten { "no byte of the request could be written" } else { message };
        match upload.and_then(|upload| upload.state().failure.take()) {
            Some(error) => unreadable(phase, error),
            None => TransportError::new(phase, kind, message),
        }
    };
    let head = match timeout_at(end, head(link, request)).await {
        Ok(Ok(head)) => head,
        Ok(Err(error)) => {
            let message = "the connection ended without a complete answer";
            return Err(failed(Kind::Interrupted, message).with_source(error));
        }
        Err(_) => return Err(failed(Kind::Timeout, "no answer within the deadline")),
    };
    let (parts, body) = head.into_parts();
    check(&parts)?;
    let answer = read(link, body, max_body, end, |kind, message| {
        // A server that closes in the middle of an upload takes its page with it. Its word stands.
        let stands = kind == Kind::Interrupted && !parts.status.is_success();
        let stands = stands && upload.is_some_and(|upload| !upload.is_taken());
        if stands { None } else { Some(TransportError::new(Phase::Body, kind, message)) }
    });
    let answer = answer.await?;
    if parts.status.is_success()
        && let Some(upload) = upload
    {
        taken(link, upload, end).await.map_err(|error| error.with_received(answer.clone()))?;
    }
    Ok(Response::from_parts(parts, answer))
}

/// Waits for the head of the answer.
async fn head(
    link: &mut Link,
    request: http::Request<Outgoing>,
) -> Result<Response<Incoming>, hyper::Error> {
    // A server that has no use for a connection mostly closes it at once. A look before the first byte
    // can prove what none behind it can.
    yield_now().await;
    poll_fn(|cx| {
        link.drive(cx);
        link.sender.poll_ready(cx)
    })
    .await?;
    let mut sending = pin!(link.sender.send_request(request));
    poll_fn(|cx| {
        if let Poll::Ready(answer) = sending.as_mut().poll(cx) {
            return Poll::Ready(answer);
        }
        link.drive(cx);
        sending.as_mut().poll(cx)
    })
    .await
}

fn check(head: &http::response::Parts) -> Result<(), TransportError> {
    let length: usize = head.headers.iter().map(|(n, v)| n.as_str().len() + v.len()).sum();
    if length > MAX_HEAD {
        let message = "the head of the answer is longer than 64 KiB";
        return Err(TransportError::new(Phase::Exchange, Kind::Interrupted, message));
    }
    let plain = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
    if !head.headers.get_all(header::CONTENT_ENCODING).iter().all(plain) {
        let message = "the answer is compressed although it was asked for uncompressed";
        return Err(TransportError::new(Phase::Body, Kind::Encoding, message));
    }
    Ok(())
}

async fn read(
    link: &mut Link,
    mut body: Incoming,
    max_body: usize,
    end: Instant,
    failed: impl Fn(Kind, &'static str) -> Option<TransportError>,
) -> Result<Bytes, TransportError> {
    let too_large = || {
        let message = format!("the answer is larger than the {max_body} bytes this call allows");
        TransportError::new(Phase::Body, Kind::TooLarge, message)
    };
    let announced = body.size_hint().lower();
    if announced > max_body as u64 {
        return Err(too_large());
    }
    let mut read = BytesMut::with_capacity(usize::try_from(announced).unwrap_or(0));
    loop {
        let (kind, message) = match timeout_at(end, frame(link, &mut body)).await {
            Ok(None) => return Ok(read.freeze()),
            Ok(Some(Ok(frame))) => {
                let Ok(piece) = frame.into_data() else { continue };
                if piece.len() > max_body - read.len() {
                    return Err(too_large());
                }
                read.extend_from_slice(&piece);
                continue;
            }
            Ok(Some(Err(_))) => (Kind::Interrupted, "the answer was cut short"),
            Err(_) => (Kind::Timeout, "the answer was not complete within the deadline"),
        };
        return match failed(kind, message) {
            Some(error) => Err(error.with_received(read.freeze())),
            None => Ok(read.freeze()),
        };
    }
}

async fn frame(link: &mut Link, body: &mut Incoming) -> Option<Result<Frame<Bytes>, hyper::Error>> {
    poll_fn(|cx| {
        if let Poll::Ready(frame) = Pin::new(&mut *body).poll_frame(cx) {
            return Poll::Ready(frame);
        }
        link.drive(cx);
        Pin::new(&mut *body).poll_frame(cx)
    })
    .await
}

/// A success counts when the server has taken the whole request.
async fn taken(link: &mut Link, upload: &Upload, end: Instant) -> Result<(), TransportError> {
    let all = poll_fn(|cx| {
        link.drive(cx);
        let over = link.sender.is_closed() || upload.state().failure.is_some();
        if upload.is_taken() || over { Poll::Ready(()) } else { Poll::Pending }
    });
    let _ = timeout_at(end, all).await;
    let failure = upload.state().failure.take();
    match failure {
        Some(error) => Err(unreadable(Phase::Body, error)),
        None if upload.is_taken() => Ok(()),
        None => Err(TransportError::new(
            Phase::Body,
            Kind::Interrupted,
            "the server answered before it had the whole request, and took no more of it",
        )),
    }
}
