use std::{
    fmt,
    future::{Future, IntoFuture},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use http::Uri;
use replykit_transport::{HttpTransport, Limiter, RetryPolicy, check_target};
use serde::de::DeserializeOwned;

use crate::{
    Command, Deliveries, Error, Exchange, Frame, Invalid, Items, ItemsIter, Malformed,
    OperationClass, RateLimits, Token,
    answers::{Answers, InItems, Whole},
    carry::{Carrier, Job, deadline, now},
    envelope,
    over_http::OverHttp,
};

/// A client of the Convrs API for one organisation. Cloning is cheap, and clones share their rate
/// limits, their queue and their retry budget. Needs a tokio runtime with time.
#[derive(Clone)]
pub struct Client(Arc<Carrier>);

impl Client {
    /// A client that POSTs to `endpoint`, which the dashboard shows under Integrations > Convrs API.
    /// Usually it is `https://data.conv.rs/api`.
    ///
    /// ```no_run
    /// use convrs_client::{Client, GetUser};
    ///
    /// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// let client = Client::new("https://data.conv.rs/api".parse()?, "the dashboard's token")?;
    /// let user = client.execute(GetUser::new("73-tel-615940546")).await?;
    /// println!("{}", user.name.as_deref().unwrap_or("nameless"));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// An endpoint that is neither https nor on this machine, or a machine without root
    /// certificates; both are `NotSent`.
    #[cfg(feature = "reqwest")]
    pub fn new(endpoint: Uri, token: impl Into<Token>) -> Result<Self, Error> {
        Self::over_http(replykit_transport::ReqwestTransport::new()?, endpoint, token)
    }

    /// A client that POSTs to `endpoint` by a transport of your choice.
    ///
    /// # Errors
    /// An endpoint that is neither https nor on this machine.
    pub fn over_http(
        transport: impl HttpTransport,
        endpoint: Uri,
        token: impl Into<Token>,
    ) -> Result<Self, Error> {
        check_target(&endpoint)?;
        Ok(Self::over(OverHttp { transport, endpoint }, token))
    }

    /// A client over a carrier of your own.
    pub fn over(exchange: impl Exchange, token: impl Into<Token>) -> Self {
        Self(Arc::new(Carrier::new(exchange, token.into())))
    }

    /// Repeats failed commands by this policy. Default: three attempts in all, and none that could
    /// send or create anything twice, see [`Error::retry`].
    #[must_use]
    pub fn retry_policy(self, policy: RetryPolicy) -> Self {
        self.set(|carrier| carrier.retry = policy)
    }

    /// Sends no faster than this. Default: one message a second to a number, ten in all.
    #[must_use]
    pub fn rate_limits(self, limits: RateLimits) -> Self {
        self.set(|carrier| carrier.set_limits(limits))
    }

    /// Waits in the queue of this limiter. Give one to all clients of a token, for the server counts
    /// them together.
    #[must_use]
    pub fn limiter(self, limiter: Limiter) -> Self {
        self.set(|carrier| carrier.limiter = limiter)
    }

    /// Hears from these deliveries what became of messages: give the same ones to the receiver of the
    /// callbacks.
    ///
    /// A template with a `webhook_url` then succeeds as soon as a callback says that it went out,
    /// whatever becomes of the reply, and is not sent again. [`wait_for`](Self::wait_for) wakes up at
    /// once, and [`reconcile`](Self::reconcile) waits for the callback of a template.
    ///
    /// The receipt of such a success has the message's id, its user and the number that was sent to;
    /// the country is empty. A callback that says that the message has failed makes no success of a
    /// call: the reply decides, and where it is lost the outcome is `Unknown`, while
    /// [`Deliveries::resolved`] names the message. A call that was refused is refused, even when a
    /// callback comes later; one that comes while a refused attempt waits to be repeated is believed,
    /// for sending again would be worse.
    ///
    /// ```
    /// use convrs_client::{Client, Deliveries};
    /// # fn connect(client: Client) {
    /// let deliveries = Deliveries::new();
    /// let client = client.deliveries(deliveries.clone());
    /// // In the receiver: deliveries.record(&callback)
    /// # }
    /// ```
    #[must_use]
    pub fn deliveries(self, deliveries: Deliveries) -> Self {
        self.set(|carrier| carrier.deliveries = Some(deliveries))
    }

    /// Puts a proof into every template with a `webhook_url`, by which its callbacks can be told from
    /// forged ones, see [`CallbackKeys`](crate::CallbackKeys).
    #[cfg(feature = "proof")]
    #[must_use]
    pub fn callback_keys(self, keys: crate::CallbackKeys) -> Self {
        self.set(|carrier| carrier.callback_keys = Some(Arc::new(keys)))
    }

    /// For tests: makes the waits between attempts, and the ids of sends, the same in every run.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        self.set(|carrier| carrier.seed(seed))
    }

    fn set(self, change: impl FnOnce(&mut Carrier)) -> Self {
        let mut carrier = Arc::unwrap_or_clone(self.0);
        change(&mut carrier);
        Self(Arc::new(carrier))
    }

    pub(crate) fn shared_deliveries(&self) -> Option<Deliveries> {
        self.0.deliveries.clone()
    }

    /// Sends a command and reads its reply. Nothing happens before the [`Call`] is awaited.
    pub fn execute<C: Command>(&self, command: C) -> Call<'_, C> {
        Call { client: self, command, time: None, resend: false }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Client").field(&self.0).finish()
    }
}

/// A command about to be sent: set options, then await it.
///
/// # Errors
/// An [`Error`], whose [`outcome`](Error::outcome) tells whether the command can have been carried
/// out. Dropping the future ends the call; a command that was on its way by then may still be
/// carried out.
#[must_use = "a call does nothing until it is awaited"]
pub struct Call<'a, C> {
    client: &'a Client,
    command: C,
    time: Option<Duration>,
    resend: bool,
}

impl<C: Command> Call<'_, C> {
    /// The time that the call may take in all. Default: 30 s for a command that sends, 60 s for one
    /// that lists, 15 s for every other.
    ///
    /// Keep it above the transport's limit on connecting, 5 s by default: below it, a server that
    /// cannot be reached can no longer be told from one that does not answer, and the outcome is
    /// `Unknown` where it could have been `NotSent`.
    pub fn deadline(mut self, time: Duration) -> Self {
        self.time = Some(time);
        self
    }

    /// Repeats the command even when it may have been carried out, as often as the retry policy
    /// says. **The person may get the message more than once.** For a message that must arrive and
    /// may be doubled, such as an alarm.
    pub fn resend_even_if_unknown(mut self) -> Self {
        self.resend = true;
        self
    }

    async fn carry<T, A: Answers<T>>(self, answers: impl FnOnce(C) -> A) -> Result<T, Error> {
        let client = self.client;
        let (job, command) = self.prepare()?;
        client.0.carry(&job, &answers(command)).await
    }

    fn prepare(self) -> Result<(Job, C), Invalid> {
        let Self { client, mut command, time, resend } = self;
        let start = now();
        command.validate()?;
        let class = command.class();
        let send_id = client.0.mark(&mut command);
        let json = envelope::encode_request(&command, &client.0.token)?;
        let time = time.unwrap_or_else(|| default_time(class, C::LIST));
        let mut frame = Frame::new(C::NAME, class, json, deadline(start, time));
        if C::LIST {
            frame.max_reply = MAX_LIST;
        }
        let job = Job { start, frame, recipient: command.recipient(), send_id, resend };
        Ok((job, command))
    }
}

/// Lists item by item: in place of the whole list, only the reply's bytes and one item are in memory.
impl<C, T> Call<'_, C>
where
    C: Command<Output = Items<T>>,
    T: DeserializeOwned,
{
    /// Sends the command and hands over the items of the reply one by one, those that cannot be read
    /// included. Returns how many there were.
    ///
    /// ```
    /// # use convrs_client::{Client, Error, GetUsers};
    /// # async fn run(client: &Client) -> Result<(), Error> {
    /// let seen = client
    ///     .execute(GetUsers::new())
    ///     .each(|user| match user {
    ///         Ok(user) => println!("{}", user.uid.as_str()),
    ///         Err(malformed) => println!("item {} is damaged", malformed.index()),
    ///     })
    ///     .await?;
    /// # let _ = seen; Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Those of the call. A refusal comes before any item; a reply that turns out to be cut short, or
    /// to be no yes after all, comes behind items that were handed over.
    pub async fn each<F>(self, each: F) -> Result<usize, Error>
    where
        F: FnMut(Result<T, Malformed>) + Send,
    {
        // Only what comes before the first item can make the client repeat the call.
        self.iter().await?.each(each)
    }

    /// Sends the command and returns the items of the reply as an iterator, which reads each one when
    /// it is asked for.
    ///
    /// # Errors
    /// Those of the call, as far as they show before the first item. For a reply that turns out to be
    /// cut short see [`ItemsIter`].
    pub async fn iter(self) -> Result<ItemsIter<'static, T>, Error> {
        self.carry(InItems::of).await
    }
}

impl<'a, C: Command + 'a> IntoFuture for Call<'a, C> {
    type Output = Result<C::Output, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.carry(Whole))
    }
}

impl<C> fmt::Debug for Call<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("time", &self.time).finish_non_exhaustive()
    }
}

/// 5000 users come to about 1.4 MB; this leaves room for long notes.
const MAX_LIST: usize = 64 * 1024 * 1024;

fn default_time(class: OperationClass, list: bool) -> Duration {
    Duration::from_secs(match class {
        OperationClass::Send => 30,
        _ if list => 60,
        _ => 15,
    })
}

#[cfg(test)]
mod tests;
