use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Uri, header};
use replykit_transport::{Body, CallOptions, Connection, HttpTransport, retry_after};

use crate::{
    Error, ErrorKind, Exchange, Frame, ProtocolProblem,
    envelope::{self, Verdict},
};

/// An exchange by POST.
pub(crate) struct OverHttp<T> {
    pub(crate) transport: T,
    pub(crate) endpoint: Uri,
}

/// Shows the host of the endpoint only: a path or query may hold a secret.
impl<T: fmt::Debug> fmt::Debug for OverHttp<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OverHttp")
            .field("transport", &self.transport)
            .field("host", &self.endpoint.host())
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl<T: HttpTransport> Exchange for OverHttp<T> {
    async fn exchange(&self, frame: &Frame) -> Result<Bytes, Error> {
        let mut request = Request::new(Body::from(frame.json.clone()));
        // These two, and the four of the transport.
        *request.headers_mut() = HeaderMap::with_capacity(6);
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = self.endpoint.clone();
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().insert(header::ACCEPT, json.clone());
        request.headers_mut().insert(header::CONTENT_TYPE, json);

        // A server that drops idle connections must not make a send ambiguous.
        let connection =
            if frame.class.may_repeat() { Connection::Pooled } else { Connection::Fresh };
        let options =
            CallOptions::new(frame.deadline).max_body(frame.max_reply).connection(connection);
        let response = self.transport.send(request, &options).await.map_err(|error| {
            let mid = envelope::mid_in_part(frame.name, &error.received());
            Error::from(error).with_evidence(mid)
        })?;

        let status = response.status();
        if status.is_success() {
            return Ok(response.into_body());
        }
        let wait = retry_after(response.headers());
        let body = response.into_body();
        match envelope::verdict(&body) {
            Verdict::Refused => Ok(body),
            Verdict::Contradicts { mid } => {
                Err(Error::protocol(ProtocolProblem::Conflict { status }, &body).with_evidence(mid))
            }
            Verdict::Foreign => Err(Error::new(ErrorKind::Http { status }).with_retry_after(wait)),
        }
    }
}
