use std::{
    fmt,
    future::{Future, IntoFuture},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::Uri;
use replykit_transport::{HttpTransport, RestClient, RetryPolicy};

use super::{SavedSession, cookie::SessionCookie, jar::Jar};
use crate::{Error, Invalid, session::Endpoint, trace::Trace};

/// A client of the service behind a login. Cloning is cheap, and clones share their session, their
/// connections and their budget of repeats. Needs a tokio runtime with time.
///
/// # The session
/// It begins with [`Login`](super::Login), [`Register`](super::Register) or
/// [`restore`](Self::restore), and is one cookie, `connect.sid`, that goes to this server alone.
///
/// A session that is over is begun anew where
/// [`Login::keep_password`](super::Login::keep_password) allowed it: one login for all who wait for it,
/// and the call is made once more. A call that may have sent a message is not, unless the server said
/// by 401 or 403 that it did nothing. After a login that was refused none is tried for 30 s,
/// nor as long as the server asks to wait (60 s at most).
#[derive(Clone)]
pub struct Client {
    pub(super) rest: RestClient,
    pub(super) session: Arc<Session>,
}

#[derive(Default)]
pub(super) struct Session {
    jar: Mutex<Jar>,
    /// Whose turn it is to begin or end a session.
    pub(super) turn: tokio::sync::Mutex<()>,
}

impl Session {
    pub(super) fn jar(&self) -> MutexGuard<'_, Jar> {
        self.jar.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Client {
    /// A client of the service at `base`, such as `https://wa.example.com/`. Undocumented: where the
    /// service is.
    ///
    /// ```no_run
    /// use whatsapp_automation::session::{Client, GetWhatsAppStatus, Login};
    ///
    /// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// let client = Client::new("https://wa.example.com/".parse()?)?;
    /// client.execute(Login::new("johndoe", std::env::var("PASSWORD")?)).await?;
    /// println!("{:?}", client.execute(GetWhatsAppStatus::new()).await?.status);
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
        Ok(Self { rest: RestClient::new(transport, base)?, session: Arc::default() })
    }

    /// Repeats failed calls by this policy. Default: three attempts in all, and none that could send
    /// or create anything twice.
    #[must_use]
    pub fn retry_policy(self, policy: RetryPolicy) -> Self {
        Self { rest: self.rest.retry_policy(policy), ..self }
    }

    /// For tests: makes the waits between attempts the same in every run.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        Self { rest: self.rest.seed(seed), ..self }
    }

    /// Calls an endpoint. Nothing happens before the [`Call`] is awaited.
    pub fn execute<E: Endpoint>(&self, endpoint: E) -> Call<'_, E> {
        Call { client: self, endpoint, time: None }
    }

    /// Whether there is a session, as far as this side knows: the server may have ended it.
    #[must_use]
    pub fn is_logged_in(&self) -> bool {
        self.session.jar().cookie().is_some()
    }

    /// The session, to go on with it in another process. `None`: there is none.
    ///
    /// ```
    /// use whatsapp_automation::session::{Client, SavedSession};
    /// # use whatsapp_automation::transport::MockTransport;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let transport = MockTransport::new();
    /// let client = Client::over(transport, "https://wa.example.com/".parse()?)?;
    /// let text = r#"{"origin":"https://wa.example.com","cookie":"s%3A..."}"#;
    /// client.restore(&serde_json::from_str::<SavedSession>(text)?)?;
    ///
    /// assert_eq!(serde_json::to_string(&client.save())?, text);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn save(&self) -> Option<SavedSession> {
        let jar = self.session.jar();
        Some(SavedSession::new(self.rest.base(), jar.cookie()?))
    }

    /// Goes on with a session that was saved. It takes the place of the one before, and of the password
    /// that was kept for it. Calls that wait for a login go on with it too, so take another client for
    /// another account.
    ///
    /// # Errors
    /// A session of another server, or a cookie that is none.
    pub fn restore(&self, saved: &SavedSession) -> Result<(), Invalid> {
        let cookie: SessionCookie = saved.cookie(self.rest.base())?;
        self.session.jar().begin(cookie, None);
        Ok(())
    }

    /// Forgets the password that was kept. The session goes on until the server ends it.
    pub fn forget_password(&self) {
        self.session.jar().forget_password();
    }
}

/// Shows the host, and whether there is a session.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("rest", &self.rest)
            .field("is_logged_in", &self.is_logged_in())
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
pub struct Call<'a, E> {
    pub(super) client: &'a Client,
    pub(super) endpoint: E,
    pub(super) time: Option<Duration>,
}

impl<E: Endpoint> Call<'_, E> {
    /// The time that the call may take in all, a login in between included. Default: 30 s for one that
    /// sends, 60 s for one that lists, 15 s for every other. A large file needs more.
    ///
    /// Keep it above the transport's limit on connecting, 5 s by default: below it, a server that
    /// cannot be reached can no longer be told from one that does not answer, and the outcome is
    /// `Unknown` where it could have been `NotSent`.
    pub fn deadline(mut self, time: Duration) -> Self {
        self.time = Some(time);
        self
    }
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
