use std::{
    fmt,
    future::{Future, IntoFuture},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use http::Uri;
use replykit_transport::{
    HttpTransport, Outcome, Phase, RestClient, RestFailed, RetryPolicy, TransportError,
    TransportErrorKind, check_target,
};
use serde_json::{Map, Value};
use tokio::time::{Instant, timeout_at};

use crate::{
    Error, LeadId, Replied, SecretError, SecretProvider, WireFormat,
    error::Course,
    secret::{Keeper, Key},
    trace::Trace,
    wire_format::{Operation, Target},
};

/// A client of the Lead Reply API of one source. Cloning is cheap, and clones share their secret, their
/// connections and their budget of repeats. Needs a tokio runtime with time.
///
/// # The secret
/// Its provider is asked at the first call. When the service refuses the secret, the provider is asked
/// once for a newer one, for all calls that wait, and each call is made once more if it gives a different
/// one. After it had none, nobody asks for 30 s.
#[derive(Clone)]
pub struct Client {
    rest: RestClient,
    target: Arc<Target>,
    keeper: Arc<Keeper>,
    wire: Arc<WireFormat>,
}

impl Client {
    /// A client of the source at this URL. Undocumented: what it looks like.
    ///
    /// ```no_run
    /// use lead_reply::{Client, Secret};
    ///
    /// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// let secret = Secret::new(std::env::var("LEAD_REPLY_SECRET")?)?;
    /// let client = Client::new(std::env::var("LEAD_REPLY_URL")?.parse()?, secret)?;
    /// client.validate_connection().await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// A URL that is neither https nor on this machine, or a machine without root certificates; both
    /// are `NotSent`.
    #[cfg(feature = "reqwest")]
    pub fn new(source_url: Uri, secret: impl SecretProvider) -> Result<Self, Error> {
        Self::over(replykit_transport::ReqwestTransport::new()?, source_url, secret)
    }

    /// A client over a transport of your choice.
    ///
    /// # Errors
    /// A URL that is neither https nor on this machine.
    pub fn over(
        transport: impl HttpTransport,
        source_url: Uri,
        secret: impl SecretProvider,
    ) -> Result<Self, Error> {
        check_target(&source_url)?;
        let target = Arc::new(Target::of(&source_url));
        let mut host = source_url.into_parts();
        host.path_and_query = Some(http::uri::PathAndQuery::from_static("/"));
        let host = Uri::from_parts(host).map_err(|_| {
            TransportError::new(Phase::Prepare, TransportErrorKind::Invalid, "the URL has no host")
        })?;
        let (keeper, wire) = (Arc::new(Keeper::new(secret)), Arc::default());
        Ok(Self { rest: RestClient::new(transport, host)?, target, keeper, wire })
    }

    /// Speaks so, where the service proves to do it another way than assumed.
    ///
    /// # Errors
    /// A format that cannot be used, see [`WireFormat::check`].
    pub fn wire_format(self, wire: WireFormat) -> Result<Self, Error> {
        wire.check()?;
        Ok(Self { wire: Arc::new(wire), ..self })
    }

    /// Repeats failed calls by this policy. Default: three attempts in all, and no reply that may have
    /// gone out.
    #[must_use]
    pub fn retry_policy(self, policy: RetryPolicy) -> Self {
        Self { rest: self.rest.retry_policy(policy), ..self }
    }

    /// For tests: makes the waits between attempts the same in every run.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        Self { rest: self.rest.seed(seed), ..self }
    }

    /// Sends a text to a lead, as if the team had written it. Nothing happens before the [`Call`] is
    /// awaited.
    ///
    /// # Errors
    /// [`Outcome::Unknown`] where the reply may have gone out: nothing is sent again then, and the API
    /// has nothing by which to look it up. Otherwise a
    /// [`RefusalKind`](crate::RefusalKind) tells what the service refused it for.
    ///
    /// Source: Lead Reply API > Typical setup. Undocumented: the request and the answer; see
    /// [`WireFormat`].
    pub fn reply(&self, lead: impl Into<LeadId>, text: impl Into<String>) -> Call<'_, Replied> {
        let operation = Operation::Reply { lead: lead.into(), text: text.into() };
        Call { client: self, operation, time: None, read: Replied::read }
    }

    /// Asks whether the secret is that of the source. It judges the secret alone, and succeeds while
    /// Enable is off.
    ///
    /// Source: Lead Reply API > Validate Connection. Undocumented: whether there is such a call outside
    /// the app; see [`WireFormat::validate_path`](crate::WireFormat#structfield.validate_path).
    pub fn validate_connection(&self) -> Call<'_, ()> {
        Call { client: self, operation: Operation::Validate, time: None, read: |_, _| () }
    }
}

/// Shows the host and the wire format.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("rest", &self.rest)
            .field("wire", &self.wire)
            .finish_non_exhaustive()
    }
}

/// A call about to be made: set options, then await it.
///
/// # Errors
/// An [`Error`], whose [`outcome`](Error::outcome) tells whether the call can have been carried out.
/// Dropping the future ends the call; a request that was on its way by then may still be carried
/// out.
#[must_use = "a call does nothing until it is awaited"]
pub struct Call<'a, T> {
    client: &'a Client,
    operation: Operation,
    time: Option<Duration>,
    read: fn(&WireFormat, Map<String, Value>) -> T,
}

impl<T> Call<'_, T> {
    /// The time that the call may take in all, the question for a newer secret included. Default: 30 s
    /// for a reply, 15 s to validate.
    ///
    /// Keep it above the transport's limit on connecting, 5 s by default: below it, a server that
    /// cannot be reached can no longer be told from one that does not answer, and the outcome is
    /// `Unknown` where it could have been `NotSent`.
    pub fn deadline(mut self, time: Duration) -> Self {
        self.time = Some(time);
        self
    }

    async fn run(self) -> Result<T, Error> {
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        self.operation.check()?;
        let (start, keeper) = (Instant::now(), &self.client.keeper);
        let time = self.time.unwrap_or_else(|| self.operation.usual_time());
        let end = start.checked_add(time).unwrap_or(start + DAY);
        let key = timeout_at(end, keeper.key()).await.unwrap_or(Err(SecretError::LATE))?;
        let first = match self.round(&key, end).await? {
            Ok(output) => return Ok(output),
            Err(first) if !first.error.is_about_the_secret() => return Err(first.into()),
            Err(first) => first,
        };
        let key = match timeout_at(end, keeper.newer_than(&key)).await {
            Ok(Ok(Some(key))) => key,
            Ok(Ok(None)) => return Err(first.into()),
            Ok(Err(error)) => return Err(Error::from(first).with_secret_error(error)),
            Err(_) => return Err(Error::from(first).with_secret_error(SecretError::LATE)),
        };
        let again = match self.round(&key, end).await? {
            Ok(output) => return Ok(output),
            Err(again) => again,
        };
        let attempts = first.attempts + again.attempts;
        // A refusal for its secret proves nothing of the attempts before it.
        let doubtful = first.outcome() == Outcome::Unknown || again.doubtful;
        let (elapsed, budget_spent) = (start.elapsed(), again.budget_spent);
        Err(again.error.of_call(Course { attempts, elapsed, doubtful, budget_spent }))
    }

    /// The attempts that are made with one secret.
    async fn round(&self, key: &Key, end: Instant) -> Result<Result<T, RestFailed<Error>>, Error> {
        let Client { rest, target, wire, .. } = self.client;
        let mut request = wire.request(&self.operation, target, &key.secret)?;
        request.time = end.saturating_duration_since(Instant::now());
        let result = rest.call(&request, |answer| wire.read(&self.operation, &answer)).await;
        Ok(result.map(|fields| (self.read)(wire, fields)))
    }
}

impl<'a, T: Send + 'a> IntoFuture for Call<'a, T> {
    type Output = Result<T, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async {
            let trace = Trace::call(self.operation.name());
            let result = trace.follow(self.run()).await;
            trace.ended(result.as_ref().err());
            result
        })
    }
}

impl<T> fmt::Debug for Call<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("operation", &self.operation.name())
            .field("time", &self.time)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
