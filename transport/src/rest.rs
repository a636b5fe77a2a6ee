//! Calls of a REST API: the attempts of one call, the waits between them, and what is known when all
//! have failed.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri, header};
use tokio::time::Instant;

use crate::{
    Body, CallOptions, Connection, DEFAULT_MAX_BODY, FailedAttempt, HttpTransport, OperationClass,
    Outcome, RetryBudget, RetryPolicy, RetryRule, TransportError, check_target,
};

/// One request of a REST API, below a base URL.
#[derive(Clone)]
#[non_exhaustive]
pub struct RestRequest {
    /// For logs, such as `crm.create_contact`.
    pub name: &'static str,
    /// What a repeat would do.
    pub class: OperationClass,
    /// The method.
    pub method: Method,
    /// The path below the base URL, without a slash in front, its segments encoded
    /// ([`encode_segment`]). A query may follow.
    pub path: String,
    /// Headers besides those of the body.
    pub headers: HeaderMap,
    /// The body and its type.
    pub body: Option<(HeaderValue, Body)>,
    /// The time that the call may take in all.
    pub time: Duration,
    /// The largest answer, in bytes.
    pub max_body: usize,
}

impl RestRequest {
    /// A request without a body. It may take 15 s, one that sends 30 s.
    #[must_use]
    pub fn new(
        name: &'static str,
        class: OperationClass,
        method: Method,
        path: impl Into<String>,
    ) -> Self {
        let time = Duration::from_secs(if class == OperationClass::Send { 30 } else { 15 });
        Self {
            name,
            class,
            method,
            path: path.into(),
            headers: HeaderMap::new(),
            body: None,
            time,
            max_body: DEFAULT_MAX_BODY,
        }
    }

    /// Adds a JSON body.
    #[must_use]
    pub fn json(mut self, json: impl Into<Bytes>) -> Self {
        self.body = Some((HeaderValue::from_static("application/json"), Body::from(json.into())));
        self
    }
}

/// Shows no path, query, header or body: all of them may hold personal data or a secret.
impl fmt::Debug for RestRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RestRequest")
            .field("name", &self.name)
            .field("class", &self.class)
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

/// What a failed attempt has to say of itself.
pub trait RestFailure: From<TransportError> {
    /// Whether the request can have been carried out.
    fn outcome(&self) -> Outcome;
    /// Whether and when it makes sense again.
    fn retry(&self) -> RetryRule;
    /// What the server asked for, `Retry-After`.
    fn retry_after(&self) -> Option<Duration> {
        None
    }
}

/// A call that failed for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RestFailed<E> {
    /// Why the last attempt failed.
    pub error: E,
    /// How many attempts were made.
    pub attempts: u32,
    /// How long the call took, waits included.
    pub elapsed: Duration,
    /// Whether an attempt before the last one may have been carried out.
    pub doubtful: bool,
    /// Whether another attempt made sense, and there was none because too many calls had to be repeated
    /// lately.
    pub budget_spent: bool,
}

impl<E: RestFailure> RestFailed<E> {
    /// That of the last attempt, and `Unknown` when one before it may have been carried out.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        if self.doubtful { Outcome::Unknown } else { self.error.outcome() }
    }
}

/// Calls below one base URL. Clones share the connections and the budget of repeats. Needs a tokio
/// runtime with time.
#[derive(Clone)]
pub struct RestClient {
    transport: Arc<dyn HttpTransport>,
    base: Uri,
    retry: RetryPolicy,
    budget: Arc<RetryBudget>,
    random: Arc<Mutex<fastrand::Rng>>,
}

impl RestClient {
    /// A client for `base`, such as `http://127.0.0.1:8000/`.
    ///
    /// # Errors
    /// A base that is neither https nor on this machine.
    pub fn new(transport: impl HttpTransport, base: Uri) -> Result<Self, TransportError> {
        check_target(&base)?;
        if base.query().is_some() {
            return Err(TransportError::invalid("the base URL has a query: leave it out"));
        }
        Ok(Self {
            transport: Arc::new(transport),
            base,
            retry: RetryPolicy::default(),
            budget: Arc::default(),
            random: Arc::new(Mutex::new(fastrand::Rng::new())),
        })
    }

    /// Repeats failed requests by this policy. Default: three attempts in all, and none that could send
    /// or create anything twice.
    #[must_use]
    pub fn retry_policy(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// For tests: makes the waits between attempts the same in every run.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.random = Arc::new(Mutex::new(fastrand::Rng::with_seed(seed)));
        self
    }

    /// The base URL.
    #[must_use]
    pub fn base(&self) -> &Uri {
        &self.base
    }

    /// Makes a request until an attempt succeeds, or no other makes sense. `read` reads an answer of
    /// any status.
    ///
    /// # Errors
    /// A [`RestFailed`] with what the last attempt failed of.
    pub async fn call<T, E: RestFailure>(
        &self,
        request: &RestRequest,
        read: impl Fn(Response<Bytes>) -> Result<T, E>,
    ) -> Result<T, RestFailed<E>> {
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        let start = Instant::now();
        let deadline = start.checked_add(request.time).unwrap_or(start + DAY);
        let (mut attempts, mut doubtful) = (0_u32, false);
        self.budget.deposit();
        loop {
            attempts = attempts.saturating_add(1);
            let error = match self.attempt(request, deadline).await.map_err(E::from).and_then(&read)
            {
                Ok(output) => return Ok(output),
                Err(error) => error,
            };
            let wait = self.wait_after(request, &error, attempts, deadline);
            let budget_spent = wait.is_some() && !self.budget.withdraw();
            let Some(wait) = wait.filter(|_| !budget_spent) else {
                let elapsed = start.elapsed();
                return Err(RestFailed { error, attempts, elapsed, doubtful, budget_spent });
            };
            doubtful |= error.outcome() == Outcome::Unknown;
            tokio::time::sleep(wait).await;
        }
    }

    async fn attempt(
        &self,
        request: &RestRequest,
        deadline: Instant,
    ) -> Result<Response<Bytes>, TransportError> {
        let mut sent = Request::new(Body::empty());
        *sent.method_mut() = request.method.clone();
        *sent.uri_mut() = self.url(&request.path)?;
        *sent.headers_mut() = request.headers.clone();
        if let Some((kind, body)) = &request.body {
            sent.headers_mut().insert(header::CONTENT_TYPE, kind.clone());
            *sent.body_mut() = body.clone();
        }
        // A server that drops idle connections must not make a send ambiguous.
        let connection =
            if request.class.may_repeat() { Connection::Pooled } else { Connection::Fresh };
        let options =
            CallOptions::new(deadline.into_std()).max_body(request.max_body).connection(connection);
        self.transport.send(sent, &options).await
    }

    fn url(&self, path: &str) -> Result<Uri, TransportError> {
        let base = self.base.to_string();
        let slash = if base.ends_with('/') { "" } else { "/" };
        format!("{base}{slash}{path}")
            .parse()
            .map_err(|_| TransportError::invalid("the path cannot be part of a URL"))
    }

    fn wait_after(
        &self,
        request: &RestRequest,
        error: &impl RestFailure,
        attempts: u32,
        deadline: Instant,
    ) -> Option<Duration> {
        // The rules say so as well; this is the promise of the family, so it stands on its own.
        if error.outcome() == Outcome::Unknown && !request.class.may_repeat() {
            return None;
        }
        let failed = FailedAttempt {
            class: request.class,
            rule: error.retry(),
            retry_after: error.retry_after(),
            attempts,
            time_left: deadline.saturating_duration_since(Instant::now()),
        };
        let random = self.random.lock().unwrap_or_else(PoisonError::into_inner).f64();
        self.retry.decide(&failed, random)
    }
}

/// Shows the host only.
impl fmt::Debug for RestClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RestClient")
            .field("host", &self.base.host())
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}

/// A text as one segment of a path: everything but letters, digits and `-_~` is encoded, a dot too, so
/// that no id can climb out of its place.
#[must_use]
pub fn encode_segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
#[cfg(feature = "mock")]
mod tests;
