use std::{
    fmt,
    future::{Future, IntoFuture},
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::Uri;
use replykit_transport::{CallOptions, HttpTransport, check_target};
use serde::de::DeserializeOwned;

use crate::{
    Command, Error, Exchange, Frame, Items, ItemsIter, Malformed, OperationClass, Token,
    envelope::{self, items::into_items},
    over_http::OverHttp,
};

/// A client of the Convrs API for one organisation. Cloning is cheap.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    exchange: Box<dyn Exchange>,
    token: Token,
}

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
        Self(Arc::new(Inner { exchange: Box::new(exchange), token: token.into() }))
    }

    /// Sends a command and reads its reply. Nothing happens before the [`Call`] is awaited.
    pub fn execute<C: Command>(&self, command: C) -> Call<'_, C> {
        Call { client: self, command, time: None }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("exchange", &self.0.exchange).finish_non_exhaustive()
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

    async fn carry(self) -> Result<Bytes, Error> {
        let Self { client, command, time } = self;
        command.validate()?;
        let class = command.class();
        let json = envelope::encode_request(&command, &client.0.token)?;
        let deadline = deadline(time.unwrap_or_else(|| default_time(class, C::LIST)));
        let mut frame = Frame::new(C::NAME, class, json, deadline);
        if C::LIST {
            frame.max_reply = MAX_LIST;
        }
        client.0.exchange.exchange(&frame).await
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
        let reply = self.carry().await?;
        envelope::decode_each::<C, T>(&reply, each)
    }

    /// Sends the command and returns the items of the reply as an iterator, which reads each one when
    /// it is asked for.
    ///
    /// # Errors
    /// Those of the call, as far as they show before the first item. For a reply that turns out to be
    /// cut short see [`ItemsIter`].
    pub async fn iter(self) -> Result<ItemsIter<'static, T>, Error> {
        into_items::<C, T>(self.carry().await?)
    }
}

impl<'a, C: Command + 'a> IntoFuture for Call<'a, C> {
    type Output = Result<C::Output, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { envelope::decode_reply::<C>(&self.carry().await?) })
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

fn deadline(time: Duration) -> Instant {
    CallOptions::within(time).deadline
}

#[cfg(test)]
mod tests;
