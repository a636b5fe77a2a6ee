use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use bytes::Bytes;

use crate::{Body, CallOptions, HttpTransport, TransportError};

/// A transport without a network: it gives out queued answers, first in first out, and records the
/// requests.
///
/// It checks neither URL nor deadline nor size: what is queued is what comes. Clones share the queue
/// and the record. A call that finds the queue empty fails as not sent, and so does one whose body
/// cannot be read.
///
/// ```
/// use replykit_transport::{Body, CallOptions, HttpTransport, MockTransport};
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mock = MockTransport::new();
/// mock.answer(200, r#"{"ok":1}"#);
///
/// let request = http::Request::post("https://example.com/api").body(Body::from("{}"))?;
/// let answer = mock.send(request, &CallOptions::within(Duration::from_secs(1))).await?;
///
/// assert_eq!(answer.body(), r#"{"ok":1}"#);
/// assert_eq!(mock.requests()[0].uri(), "https://example.com/api");
/// # Ok(()) }
/// ```
#[derive(Clone, Default)]
pub struct MockTransport(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    answers: VecDeque<Result<http::Response<Bytes>, TransportError>>,
    requests: Vec<http::Request<Bytes>>,
}

impl MockTransport {
    /// A transport with nothing queued.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Queues an answer with `status` and a JSON body. A status outside 100-999 becomes 500.
    pub fn answer(&self, status: u16, body: impl Into<Bytes>) {
        let mut response = http::Response::new(body.into());
        *response.status_mut() =
            http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
        response
            .headers_mut()
            .insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
        self.respond(response);
    }

    /// Queues a whole answer.
    pub fn respond(&self, response: http::Response<Bytes>) {
        self.state().answers.push_back(Ok(response));
    }

    /// Queues a failure.
    pub fn fail(&self, error: TransportError) {
        self.state().answers.push_back(Err(error));
    }

    /// The requests so far, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<http::Request<Bytes>> {
        self.state().requests.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl HttpTransport for MockTransport {
    async fn send(
        &self,
        request: http::Request<Body>,
        _options: &CallOptions,
    ) -> Result<http::Response<Bytes>, TransportError> {
        let (head, body) = request.into_parts();
        let body = body.into_bytes().await?;
        let mut state = self.state();
        state.requests.push(http::Request::from_parts(head, body));
        state.answers.pop_front().unwrap_or_else(|| {
            Err(TransportError::invalid(
                "MockTransport has no answer left: queue one with answer(), respond() or fail()",
            ))
        })
    }
}

impl fmt::Debug for MockTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("MockTransport")
            .field("answers", &state.answers.len())
            .field("requests", &state.requests.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{Outcome, Phase, TransportErrorKind};

    async fn call(mock: &MockTransport) -> Result<http::Response<Bytes>, TransportError> {
        let request = http::Request::post("https://example.com/").body(Body::empty()).unwrap();
        mock.send(request, &CallOptions::within(Duration::from_secs(1))).await
    }

    #[tokio::test]
    async fn answers_come_in_the_order_they_were_queued() {
        let mock = MockTransport::new();
        mock.answer(200, "first");
        mock.fail(TransportError::new(Phase::Connect, TransportErrorKind::Connect, "refused"));
        assert_eq!(call(&mock).await.unwrap().body(), "first");
        assert_eq!(call(&mock).await.unwrap_err().phase(), Phase::Connect);
        assert_eq!(mock.clone().requests().len(), 2);
    }

    #[tokio::test]
    async fn an_empty_queue_is_an_error_that_says_so() {
        let error = call(&MockTransport::new()).await.unwrap_err();
        assert_eq!(error.outcome(), Outcome::NotSent);
        assert!(error.to_string().contains("queue one"));
    }
}
