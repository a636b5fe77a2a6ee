use std::{
    fmt,
    future::{Future, IntoFuture},
    pin::Pin,
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, Uri, header};
use replykit_transport::{HttpTransport, RestClient, RestFailed, RestRequest, RetryPolicy};

use crate::{Error, ErrorKind, crm::Endpoint, trace::Trace};

/// A client of the open REST service. Cloning is cheap, and clones share their connections and their
/// budget of repeats. Needs a tokio runtime with time.
#[derive(Clone)]
pub struct Client(RestClient);

impl Client {
    /// A client of the service at `base`, such as `http://127.0.0.1:8000/`.
    ///
    /// ```no_run
    /// use whatsapp_automation::crm::{Client, ListContacts};
    ///
    /// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// let client = Client::new("http://127.0.0.1:8000/".parse()?)?;
    /// for contact in &client.execute(ListContacts::new()).await? {
    ///     println!("{} is in {:?}", contact.id, contact.group);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// A base that is neither https nor on this machine, or a machine without root certificates;
    /// both are `NotSent`.
    #[cfg(feature = "reqwest")]
    pub fn new(base: Uri) -> Result<Self, Error> {
        Self::over(replykit_transport::ReqwestTransport::new()?, base)
    }

    /// A client over a transport of your choice.
    ///
    /// # Errors
    /// A base that is neither https nor on this machine.
    pub fn over(transport: impl HttpTransport, base: Uri) -> Result<Self, Error> {
        Ok(Self(RestClient::new(transport, base)?))
    }

    /// Repeats failed calls by this policy. Default: three attempts in all, and none that could send
    /// or create anything twice.
    #[must_use]
    pub fn retry_policy(self, policy: RetryPolicy) -> Self {
        Self(self.0.retry_policy(policy))
    }

    /// For tests: makes the waits between attempts the same in every run.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        Self(self.0.seed(seed))
    }

    /// Calls an endpoint. Nothing happens before the [`Call`] is awaited.
    pub fn execute<E: Endpoint>(&self, endpoint: E) -> Call<'_, E> {
        Call { client: self, endpoint, time: None }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Client").field(&self.0).finish()
    }
}

/// A call about to be made: set options, then await it.
///
/// # Errors
/// An [`Error`], whose [`outcome`](Error::outcome) tells whether the call can have been carried out.
/// Dropping the future ends the call; a request that was on its way by then may still be carried
/// out.
#[must_use = "a call does nothing until it is awaited"]
pub struct Call<'a, E> {
    client: &'a Client,
    endpoint: E,
    time: Option<Duration>,
}

impl<E: Endpoint> Call<'_, E> {
    /// The time that the call may take in all. Default: 30 s for one that sends, 60 s for one that
    /// lists, 15 s for every other.
    ///
    /// Keep it above the transport's limit on connecting, 5 s by default: below it, a server that
    /// cannot be reached can no longer be told from one that does not answer, and the outcome is
    /// `Unknown` where it could have been `NotSent`.
    pub fn deadline(mut self, time: Duration) -> Self {
        self.time = Some(time);
        self
    }

    async fn run(self) -> Result<E::Output, Error> {
        self.endpoint.validate()?;
        let request = self.request()?;
        let endpoint = self.endpoint;
        let read = |answer: Response<Bytes>| {
            if !answer.status().is_success() {
                return Err(Error::of_answer(&answer));
            }
            let read = endpoint.read(answer.status(), answer.body());
            read.map_err(|problem| Error::protocol(problem, answer.body()))
        };
        match self.client.0.call(&request, read).await {
            Ok(output) => Ok(output),
            Err(failed) => done_before(&endpoint, &failed).ok_or_else(|| Error::from(failed)),
        }
    }

    fn request(&self) -> Result<RestRequest, Error> {
        const MAX_LIST: usize = 64 * 1024 * 1024;
        let mut path = self.endpoint.path();
        // Without it a POST may come back as the list that a redirect leads to.
        if !path.ends_with('/') && !path.contains('?') {
            path.push('/');
        }
        let mut request = RestRequest::new(E::NAME, E::CLASS, E::METHOD, path);
        // With `text/html` the service answers a page.
        request.headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        request.body = self.endpoint.body()?;
        if let Some((_, body)) = &request.body {
            // The answer shows what was sent, perhaps with each character escaped, and a little more. One
            // that could not be read would leave a success in doubt.
            let sent = usize::try_from(body.len()).unwrap_or(MAX_LIST);
            let longest = sent.saturating_mul(6).saturating_add(64 * 1024).min(MAX_LIST);
            request.max_body = request.max_body.max(longest);
        }
        if E::LIST {
            request.max_body = MAX_LIST;
            request.time = Duration::from_secs(60);
        }
        if let Some(time) = self.time {
            request.time = time;
        }
        Ok(request)
    }
}

/// The output, where a repeat found nothing because an attempt before it, of which nobody knew, had
/// done it. Only the service's own 404 counts: a page says that nobody was there to do it.
fn done_before<E: Endpoint>(endpoint: &E, failed: &RestFailed<Error>) -> Option<E::Output> {
    let not_found = matches!(
        failed.error.kind(),
        ErrorKind::Api(refusal) if refusal.status == StatusCode::NOT_FOUND
    );
    if failed.doubtful && not_found { endpoint.gone() } else { None }
}

impl<'a, E: Endpoint + 'a> IntoFuture for Call<'a, E> {
    type Output = Result<E::Output, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async {
            let trace = Trace::call(E::NAME);
            let result = trace.follow(self.run()).await;
            trace.ended(result.as_ref().err());
            result
        })
    }
}

impl<E: Endpoint> fmt::Debug for Call<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("endpoint", &E::NAME)
            .field("time", &self.time)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
