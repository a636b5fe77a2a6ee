use std::{
    future::poll_fn,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    body::{Body, HttpBody},
    extract::{Request, State},
    response::Response,
};
use bytes::Bytes;
use http::{StatusCode, header};
use hyper::body::Frame;

use crate::{
    Shared,
    rest::{self, Answer, Ending, MAX_BODY},
};

pub(super) async fn crm(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let request = match read("/crm/", request).await {
        Ok(request) => request,
        Err(refusal) => return write(refusal, &shared).await,
    };
    let answer = shared.crm().answer(&request, shared.clock.now());
    shared.pacing.scheduled.notify_one();
    write(kept(answer, &shared), &shared).await
}

pub(super) async fn session(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let request = match read("/session/", request).await {
        Ok(request) => request,
        Err(refusal) => return write(refusal, &shared).await,
    };
    let answer = shared.session().answer(&request, shared.clock.now());
    shared.pacing.scheduled.notify_one();
    write(kept(answer, &shared), &shared).await
}

pub(super) async fn lead_reply(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let request = match read("/lead-reply/", request).await {
        Ok(request) => request,
        Err(refusal) => return write(refusal, &shared).await,
    };
    let answer = shared.lead_reply().answer(&request, shared.clock.now());
    shared.pacing.scheduled.notify_one();
    write(answer, &shared).await
}

/// The answer, unless what it tells of would be gone after a restart.
fn kept(answer: Answer, shared: &Shared) -> Answer {
    match shared.check_kept() {
        Ok(()) => answer,
        Err(why) => Answer::html(StatusCode::INTERNAL_SERVER_ERROR, "Not Kept", why),
    }
}

async fn read(base: &str, request: Request) -> Result<rest::Request, Answer> {
    let (head, body) = request.into_parts();
    let Some(body) = collect(body).await else {
        // Who hung up in the middle does not see it.
        let status = StatusCode::PAYLOAD_TOO_LARGE;
        return Err(Answer::html(status, "Payload Too Large", ""));
    };
    let path = head.uri.path().strip_prefix(base).unwrap_or_default().to_owned();
    let query = head.uri.query().unwrap_or_default().to_owned();
    Ok(rest::Request::new(head.method, path, query, head.headers, body).await)
}

/// The whole body, nothing if it is too large or breaks off. Too large a one is read to its end all the
/// same, as servers do that want their answer to be heard: whoever is still writing would see a broken
/// connection in its place.
async fn collect(mut body: Body) -> Option<Bytes> {
    const MOST_READ: usize = 8 * MAX_BODY;
    let (mut kept, mut length) = (Vec::new(), 0);
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let Ok(data) = frame.ok()?.into_data() else { continue };
        length += data.len();
        if length <= MAX_BODY {
            kept.extend_from_slice(&data);
        } else if length <= MOST_READ {
            kept = Vec::new();
        } else {
            return None;
        }
    }
    (length <= MAX_BODY).then(|| kept.into())
}

async fn write(answer: Answer, shared: &Shared) -> Response {
    let length = answer.body.len();
    let body = match answer.ending {
        Ending::Whole => Body::from(answer.body),
        Ending::Cut if length > 1 => {
            let half = answer.body.slice(..length / 2);
            Body::new(Broken { left: Some(half), rested: false })
        }
        // Whatever the answer is: of one that may have no body, such as a 204, none would be asked for.
        Ending::Cut | Ending::Dropped => {
            return Response::new(Body::new(Broken { left: None, rested: true }));
        }
        Ending::Silent => {
            shared.stopped().await;
            Body::empty()
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = answer.status;
    for (name, value) in answer.headers {
        response.headers_mut().append(name, value);
    }
    if answer.ending == Ending::Cut {
        response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    }
    response
}

/// A body that fails, upon which the server ends the connection. What was written before a rest has
/// gone out by then; without one not even the head has.
struct Broken {
    left: Option<Bytes>,
    rested: bool,
}

impl HttpBody for Broken {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(left) = self.left.take() {
            return Poll::Ready(Some(Ok(Frame::data(left))));
        }
        if !self.rested {
            self.rested = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into())))
    }
}
