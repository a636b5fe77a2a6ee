use std::{error::Error, fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{
    HeaderMap, Method, Request, Response,
    header::{CONTENT_ENCODING, CONTENT_TYPE},
    request::Parts,
};
use http_body::Body;
use tokio::time::timeout;

use crate::{BodyProblem, catch_panic, is_json, read_body};

mod access;
mod handover;
mod refusal;
mod seen;
mod sink;
mod state;
mod whole;

pub use access::{Access, InvalidAccess, NoRandomness, generate_secret};
pub use refusal::{Accepted, Refusal};
pub use sink::{BoxError, DeadLetter, Sink, SinkFailure};
pub use state::Identity;

use self::{
    handover::Handover,
    sink::{ErasedSink, FailureHook},
    state::State,
    whole::Whole,
};

/// The core of a webhook receiver: takes a request, hands what it holds to a sink once, and says yes
/// only when the sink has said yes.
///
/// A request is checked in this order, and the first fault is the answer:
/// 1. the secret in the path: 404; in the header: 401
/// 2. the method: 405
/// 3. the content type, where one is declared, and the content coding: 415
/// 4. a place among the requests in work: 503 when none is free in time
/// 5. the size of the body: 413; its time: 408; a body that breaks off: 400
/// 6. what the decoder refuses, and then the checks
/// 7. whether the sink has had it before: 200, without asking the sink
/// 8. then the sink is asked: 503 when it fails or takes too long, 500 when it panics
///
/// Two with the same identity are never at the sink at a time: the second waits, and is asked for
/// only when the first has failed. What was stored is known for a day, and by this process only.
///
/// A clone costs next to nothing and shares all of that. Run it in a tokio runtime with time enabled.
pub struct Receiver<T> {
    access: Arc<Access>,
    decode: Arc<Decoder<T>>,
    checks: Vec<Arc<Check<T>>>,
    sink: Arc<dyn ErasedSink<T>>,
    on_failure: Option<FailureHook>,
    on_refusal: Option<Arc<dyn Fn(Refusal) + Send + Sync>>,
    state: Arc<State>,
}

type Check<T> = dyn Fn(&T) -> Result<(), Refusal> + Send + Sync;
type Decoder<T> = dyn Fn(&Bytes) -> Result<Decoded<T>, Refusal> + Send + Sync;

/// What a body holds.
#[derive(Clone, Debug)]
pub struct Decoded<T> {
    /// What the sink gets.
    pub item: T,
    /// By what a repeat of it is known.
    pub identity: Identity,
}

/// How much a [`Receiver`] takes on. Each has a default, and none is without a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReceiverLimits {
    /// The longest body, in bytes. 1 MiB.
    pub body: usize,
    /// How long a body may take to come. 10 s.
    pub body_time: Duration,
    /// How long the sink may take. 10 s.
    pub sink_time: Duration,
    /// How many requests are in work at a time, from the reading of the body to the answer of the
    /// sink; at least 1. 256. Times [`body`](Self::body) it is the most memory that bodies take.
    pub in_work: u16,
    /// How long the others wait for a place, or for one with the same identity. 10 s.
    pub wait: Duration,
    /// How long a repeat is known. 24 h.
    pub seen_age: Duration,
    /// How many of them. 100,000, which take about 7 MB.
    pub seen_keys: usize,
}

impl Default for ReceiverLimits {
    fn default() -> Self {
        let ten_seconds = Duration::from_secs(10);
        Self {
            body: 1 << 20,
            body_time: ten_seconds,
            sink_time: ten_seconds,
            in_work: 256,
            wait: ten_seconds,
            seen_age: Duration::from_secs(24 * 60 * 60),
            seen_keys: 100_000,
        }
    }
}

impl<T: Send + 'static> Receiver<T> {
    /// Hands what the decoder makes of a body to the sink.
    ///
    /// The decoder decides what a body that it cannot read comes to. A sender that does not try
    /// again has no use for a refusal: hand such a body on as an item of its own.
    pub fn new(
        access: Access,
        decode: impl Fn(&Bytes) -> Result<Decoded<T>, Refusal> + Send + Sync + 'static,
        sink: impl Sink<T>,
    ) -> Self {
        Self {
            access: Arc::new(access),
            decode: Arc::new(decode),
            checks: Vec::new(),
            sink: Arc::new(sink),
            on_failure: None,
            on_refusal: None,
            state: Arc::new(State::new(ReceiverLimits::default())),
        }
    }

    /// Sets the limits. Do so before anything is received: it forgets what was.
    #[must_use]
    pub fn limits(mut self, limits: ReceiverLimits) -> Self {
        self.state = Arc::new(State::new(limits));
        self
    }

    /// Asks this about every item before it is looked up among those that were stored, or handed on;
    /// of several such checks each has to say yes.
    #[must_use]
    pub fn verify(
        mut self,
        check: impl Fn(&T) -> Result<(), Refusal> + Send + Sync + 'static,
    ) -> Self {
        self.checks.push(Arc::new(check));
        self
    }

    /// Calls this with whatever the sink did not store; one such hook at a time. A hook that panics
    /// does not change the answer.
    #[must_use]
    pub fn on_failure(mut self, hook: impl Fn(&DeadLetter) + Send + Sync + 'static) -> Self {
        self.on_failure = Some(Arc::new(hook));
        self
    }

    /// Calls this with every refusal that is answered with; one such hook at a time. Not every failure of
    /// the sink is among them: whoever asked may be gone by then.
    #[must_use]
    pub fn on_refusal(mut self, hook: impl Fn(Refusal) + Send + Sync + 'static) -> Self {
        self.on_refusal = Some(Arc::new(hook));
        self
    }

    /// How many requests were turned away for want of a place, since the start.
    #[must_use]
    pub fn shed(&self) -> u64 {
        self.state.shed()
    }

    /// Waits until nothing is in work: for the end of a program, after its server has stopped. The
    /// sink may be at work on requests whose sender has hung up, of which a server knows nothing.
    pub async fn idle(&self) {
        self.state.idle().await;
    }

    /// Answers one request. There is always an answer, whatever came in.
    pub async fn respond<B>(&self, request: Request<B>) -> Response<String>
    where
        B: Body,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        match self.receive(request).await {
            Ok(accepted) => accepted.into_response(),
            Err(refusal) => {
                if let Some(hook) = &self.on_refusal {
                    hook(refusal);
                }
                refusal.into_response()
            }
        }
    }

    /// Answers one request whose body was read already: bytes in, bytes out, for servers that speak
    /// neither `http-body` nor `tower`. The server's own limits on bodies come before those here.
    pub async fn handle(&self, request: Request<Bytes>) -> Response<Bytes> {
        self.respond(request.map(Whole::new)).await.map(Bytes::from)
    }

    /// Takes one request in, and leaves the answer to the caller.
    ///
    /// # Errors
    /// The [`Refusal`] to answer with.
    pub async fn receive<B>(&self, request: Request<B>) -> Result<Accepted, Refusal>
    where
        B: Body,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let (head, body) = request.into_parts();
        self.check_head(&head)?;
        let place = self.state.admit().await?;
        let body = self.read(body).await?;
        let decode = || std::future::ready(self.decode(&body));
        let decoded = catch_panic(decode).await.map_err(|_| Refusal::Internal)??;
        let key = self.state.key(&decoded.identity);
        if self.state.has_seen(key) {
            return Ok(Accepted::Repeated);
        }
        let handover = Handover {
            sink: self.sink.clone(),
            on_failure: self.on_failure.clone(),
            state: self.state.clone(),
            key,
            item: decoded.item,
            body,
            _place: place,
        };
        // A task of its own, which goes on when the sender hangs up.
        tokio::spawn(handover.run()).await.unwrap_or(Err(Refusal::Internal))
    }

    fn check_head(&self, head: &Parts) -> Result<(), Refusal> {
        self.access.check(head)?;
        if head.method != Method::POST {
            return Err(Refusal::MethodNotAllowed);
        }
        // No declaration is taken for JSON: what is refused may never come again.
        let declared = head.headers.contains_key(CONTENT_TYPE);
        if (declared && !is_json(&head.headers)) || is_coded(&head.headers) {
            return Err(Refusal::UnsupportedMediaType);
        }
        Ok(())
    }

    fn decode(&self, body: &Bytes) -> Result<Decoded<T>, Refusal> {
        let decoded = (self.decode)(body)?;
        self.checks.iter().try_for_each(|check| check(&decoded.item))?;
        Ok(decoded)
    }

    async fn read<B>(&self, body: B) -> Result<Bytes, Refusal>
    where
        B: Body,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let limits = self.state.limits();
        match timeout(limits.body_time, read_body(body, limits.body)).await {
            Ok(Ok(body)) => Ok(body),
            Ok(Err(BodyProblem::TooLarge)) => Err(Refusal::PayloadTooLarge),
            Ok(Err(BodyProblem::Broken(_))) => Err(Refusal::BrokenBody),
            Err(_) => Err(Refusal::BodyTimeout),
        }
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        Self {
            access: self.access.clone(),
            decode: self.decode.clone(),
            checks: self.checks.clone(),
            sink: self.sink.clone(),
            on_failure: self.on_failure.clone(),
            on_refusal: self.on_refusal.clone(),
            state: self.state.clone(),
        }
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("access", &self.access)
            .field("limits", &self.state.limits())
            .finish_non_exhaustive()
    }
}

fn is_coded(headers: &HeaderMap) -> bool {
    headers.get_all(CONTENT_ENCODING).iter().any(|coding| coding != "identity")
}

#[cfg(test)]
mod tests;
