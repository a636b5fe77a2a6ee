use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::{Context, Poll},
};

use bytes::{Bytes, BytesMut};
use http::{Response, header};
use http_body::Body as HttpBody;
use hyper::body::Incoming;
use tokio::{
    task::yield_now,
    time::{Instant, Sleep, sleep_until, timeout_at},
};

use super::{
    connect::Link,
    late,
    upload::{Outgoing, Upload},
};
use crate::{Body, Phase, TransportError, TransportErrorKind as Kind, body::unreadable};

pub(super) const MAX_HEAD: usize = 64 * 1024;

/// A request whose body is open.
pub(super) struct Ready {
    request: Box<http::Request<Outgoing>>,
    upload: Option<Upload>,
}

impl Ready {
    /// # Errors
    /// A request whose body does not fit: [`open`](Self::open) it.
    pub(super) fn whole(request: http::Request<Body>) -> Result<Self, Box<http::Request<Body>>> {
        match request.body().at_once().cloned() {
            Some(bytes) => {
                let request = Box::new(request.map(|_| Outgoing::Whole(Some(bytes))));
                Ok(Self { request, upload: None })
            }
            None => Err(Box::new(request)),
        }
    }

    pub(super) async fn open(
        request: Box<http::Request<Body>>,
        end: Instant,
    ) -> Result<Self, TransportError> {
        let opened = timeout_at(end, request.body().open()).await;
        let stream = opened.map_err(|_| late())??;
        let upload = Upload::default();
        upload.state().left = request.body().len();
        let pieces = Outgoing::Pieces { stream, upload: upload.clone() };
        Ok(Self { request: Box::new(request.map(|_| pieces)), upload: Some(upload) })
    }
}

/// Sends a request and reads its answer. After a failure the connection must not be used again.
pub(super) async fn run(
    link: &mut Link,
    ready: Ready,
    max_body: usize,
    end: Instant,
) -> Result<Response<Bytes>, TransportError> {
    let Ready { request, upload } = ready;
    let mut end = pin!(sleep_until(end));
    let upload = upload.as_ref();
    let (parts, body) = head(link, request, upload, end.as_mut()).await?.into_parts();
    let answer = read(link, body, max_body, end.as_mut(), |kind, message| {
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

/// Sends a request and waits for the head of its answer.
#[allow(clippy::boxed_local, reason = "a future that holds the request twice is twice as large")]
async fn head(
    link: &mut Link,
    request: Box<http::Request<Outgoing>>,
    upload: Option<&Upload>,
    mut end: Pin<&mut Sleep>,
) -> Result<Response<Incoming>, TransportError> {
    if link.is_new {
        // A server that has no use for a connection mostly closes it at once. A look before the first
        // byte can prove what none behind it can.
        yield_now().await;
        link.is_new = false;
    }
    if let Some(upload) = upload {
        upload.state().written = link.written.clone();
    }
    let before = link.written.bytes();
    let head = match within(end.as_mut(), |cx| link.poll_ready(cx)).await {
        Some(Ok(())) => {
            let mut sending = Box::pin(link.sender.send_request(*request));
            // There is no answer before a look at the connection.
            within(end, |cx| {
                link.drive(cx);
                sending.as_mut().poll(cx)
            })
            .await
        }
        Some(Err(error)) => Some(Err(error)),
        None => None,
    };
    let (kind, message, source) = match head {
        Some(Ok(head)) => return check(&head).map(|()| head),
        Some(Err(error)) => {
            (Kind::Interrupted, "the connection ended without a complete answer", Some(error))
        }
        None => (Kind::Timeout, "no answer within the deadline", None),
    };
    let unwritten = link.written.bytes() == before;
    let phase = if unwritten { Phase::Unwritten } else { Phase::Exchange };
    let message = if unwritten { "no byte of the request could be written" } else { message };
    let error = match upload.and_then(|upload| upload.state().failure.take()) {
        Some(error) => unreadable(phase, error),
        None => TransportError::new(phase, kind, message),
    };
    Err(match source {
        Some(source) => error.with_source(source),
        None => error,
    })
}

/// What comes of it before the end, if anything does.
fn within<T>(
    mut end: Pin<&mut Sleep>,
    mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
) -> impl Future<Output = Option<T>> {
    poll_fn(move |cx| match poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => end.as_mut().poll(cx).map(|()| None),
    })
}

fn check(head: &Response<Incoming>) -> Result<(), TransportError> {
    let (mut length, mut is_plain) = (0, true);
    for (name, value) in head.headers() {
        length += name.as_str().len() + value.len();
        is_plain &=
            *name != header::CONTENT_ENCODING || value.as_bytes().eq_ignore_ascii_case(b"identity");
    }
    if length > MAX_HEAD {
        let message = "the head of the answer is longer than 64 KiB";
        return Err(TransportError::new(Phase::Exchange, Kind::Interrupted, message));
    }
    if !is_plain {
        let message = "the answer is compressed although it was asked for uncompressed";
        return Err(TransportError::new(Phase::Body, Kind::Encoding, message));
    }
    Ok(())
}

async fn read(
    link: &mut Link,
    mut body: Incoming,
    max_body: usize,
    mut end: Pin<&mut Sleep>,
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
        let frame = |cx: &mut Context<'_>| match Pin::new(&mut body).poll_frame(cx) {
            Poll::Pending => {
                link.drive(cx);
                Pin::new(&mut body).poll_frame(cx)
            }
            frame => frame,
        };
        let (kind, message) = match within(end.as_mut(), frame).await {
            Some(None) => return Ok(read.freeze()),
            Some(Some(Ok(frame))) => {
                let Ok(piece) = frame.into_data() else { continue };
                if piece.len() > max_body - read.len() {
                    return Err(too_large());
                }
                read.extend_from_slice(&piece);
                continue;
            }
            Some(Some(Err(_))) => (Kind::Interrupted, "the answer was cut short"),
            None => (Kind::Timeout, "the answer was not complete within the deadline"),
        };
        return match failed(kind, message) {
            Some(error) => Err(error.with_received(read.freeze())),
            None => Ok(read.freeze()),
        };
    }
}

/// A success counts when the server has taken the whole request.
async fn taken(
    link: &mut Link,
    upload: &Upload,
    end: Pin<&mut Sleep>,
) -> Result<(), TransportError> {
    within(end, |cx| {
        link.drive(cx);
        let over = link.sender.is_closed() || upload.state().failure.is_some();
        if upload.is_taken() || over { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
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
