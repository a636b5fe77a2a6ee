#![doc = include_str!("../README.md")]

mod autoreply_app;
mod builder;
mod clock;
mod control_api;
mod convrs;
mod crm;
mod data;
mod error;
mod lead_reply;
mod pacing;
mod rest;
mod server;
mod session;
mod websocket;

use std::{
    fmt,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use autoreply_app::{App, Bot};
pub use builder::SandboxBuilder;
use clock::Clock;
pub use convrs::{
    CallbackDelivery, ControlError, ConvrsControl, EventDelivery, Fault, PushResult, Recipient,
    SocketCounts, SocketFault, Way,
};
use convrs_client::{Client, RateLimits, Reconnect, RetryPolicy, Socket};
pub use crm::{CrmControl, CrmSent, Provider};
#[cfg(feature = "data")]
pub use data::DataError;
use data::{File, Locked, NOT_KEPT};
pub use error::{InvalidBot, StartError};
use http::{HeaderValue, Uri};
use jiff::Timestamp;
pub use lead_reply::{LeadDelivery, LeadMessage, LeadReplyControl, LeadSender, WebhookFault};
use pacing::Pacing;
use replykit_transport::{ReqwestTransport, TokioWebSockets, check_target, is_loopback};
pub use rest::HttpFault;
use secrecy::SecretString;
pub use session::{SessionControl, SessionGroup, SessionMedia, SessionSent};
use tokio::{sync::watch, task::AbortHandle};

/// A running sandbox. It ends when it is dropped.
///
/// ```
/// use convrs_client::{Ack, GetMessageDetails, SendWhatsAppTemplate};
/// use replykit_sandbox::Sandbox;
/// use std::time::Duration;
///
/// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sandbox = Sandbox::start().await?;
/// let client = sandbox.convrs_client()?;
///
/// let sent = client
///     .execute(SendWhatsAppTemplate::new(3941, "+44151999999", "order_update", "en"))
///     .await?;
/// sandbox.advance(Duration::from_secs(2)).await;
///
/// let details = client.execute(GetMessageDetails::new(sent.mid)).await?;
/// assert_eq!(details.ack, Ack::Delivered);
/// # Ok(()) }
/// ```
pub struct Sandbox {
    shared: Arc<Shared>,
    address: SocketAddr,
    tasks: Vec<AbortHandle>,
    /// Dropped with the sandbox, which the tasks of its sockets notice.
    _running: watch::Sender<()>,
}

/// What the servers share.
struct Shared {
    clock: Clock,
    transport: ReqwestTransport,
    sockets: TokioWebSockets,
    convrs: Mutex<convrs::State>,
    crm: Mutex<crm::State>,
    session: Mutex<session::State>,
    lead_reply: Mutex<lead_reply::State>,
    /// What outlasts the process, where that is wanted.
    file: Option<File>,
    app: App,
    pacing: Pacing,
    running: watch::Receiver<()>,
}

impl Sandbox {
    /// Starts a sandbox on a free port of 127.0.0.1, in memory, with the token `sandbox-token` and a
    /// clock that stands still until [`advance`](Self::advance) moves it.
    ///
    /// # Errors
    /// As [`SandboxBuilder::start`].
    pub async fn start() -> Result<Self, StartError> {
        Self::builder().start().await
    }

    /// A sandbox with settings of your own.
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder::new()
    }

    /// The address that all servers listen on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The endpoint of the Convrs API: `http://127.0.0.1:PORT/convrs/api`.
    #[must_use]
    pub fn convrs_url(&self) -> String {
        format!("http://{}/convrs/api", self.address)
    }

    /// The WebSocket of the Convrs API: `ws://127.0.0.1:PORT/convrs/api`.
    #[must_use]
    pub fn convrs_ws_url(&self) -> String {
        format!("ws://{}/convrs/api", self.address)
    }

    /// The token of the Convrs API that counts now.
    #[must_use]
    pub fn token(&self) -> String {
        self.convrs().token()
    }

    /// The other side of the Convrs API: its dashboard, its users and agents, faults at will.
    #[must_use]
    pub fn convrs(&self) -> ConvrsControl<'_> {
        ConvrsControl::new(&self.shared)
    }

    /// A client of this sandbox's Convrs API, for tests: it makes one attempt and knows no rate limit
    /// of its own, for it would wait in real time and the sandbox counts in its own.
    ///
    /// # Errors
    /// As [`Client::over_http`].
    pub fn convrs_client(&self) -> Result<Client, convrs_client::Error> {
        // The address was printed from a `SocketAddr`, so it parses.
        let endpoint = self.convrs_url().parse().unwrap_or_default();
        let mut limits = RateLimits::default();
        (limits.per_number, limits.per_token) = (u32::MAX, u32::MAX);
        let client = Client::over_http(self.shared.transport.clone(), endpoint, self.token())?;
        Ok(client.rate_limits(limits).retry_policy(RetryPolicy::never()))
    }

    /// A socket to this sandbox's Convrs API, for tests: it comes back within milliseconds, where a
    /// real one waits for seconds. The process can have one at a time.
    ///
    /// ```
    /// use convrs_client::{SocketEvent, User};
    /// use replykit_sandbox::Sandbox;
    /// use std::time::Duration;
    ///
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sandbox = Sandbox::start().await?;
    /// let socket = sandbox.convrs_socket()?;
    /// let mut events = sandbox.convrs_client()?.events(&socket).open().await?;
    /// assert!(matches!(events.next().await, Some(SocketEvent::Connected)));
    ///
    /// sandbox.convrs().create_user(User::new("73-tel-1"))?;
    /// sandbox.advance(Duration::ZERO).await;
    /// let Some(SocketEvent::Event { event, .. }) = events.next().await else { panic!() };
    /// assert_eq!(event.cmd(), "onUserCreate");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`SocketBuilder::open`](convrs_client::SocketBuilder::open).
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn convrs_socket(&self) -> Result<Socket, convrs_client::Error> {
        let endpoint = self.convrs_ws_url().parse().unwrap_or_default();
        let mut reconnect = Reconnect::default();
        reconnect.first = Duration::from_millis(10);
        (reconnect.base, reconnect.most) = (reconnect.first, 4 * reconnect.first);
        Socket::builder(endpoint, self.token())
            .reconnect(reconnect)
            .open_over(self.shared.sockets.clone())
    }

    /// The base of the open REST API of the WhatsApp automation: `http://127.0.0.1:PORT/crm/`.
    #[must_use]
    pub fn crm_url(&self) -> String {
        format!("http://{}/crm/", self.address)
    }

    /// The other side of the open REST API: its provider, its landing pages, people, faults at will.
    #[must_use]
    pub fn crm(&self) -> CrmControl<'_> {
        CrmControl::new(&self.shared)
    }

    /// The base of the WhatsApp automation behind a login: `http://127.0.0.1:PORT/session/`, so that a
    /// login is posted to `http://127.0.0.1:PORT/session/api/auth/login`.
    #[must_use]
    pub fn session_url(&self) -> String {
        format!("http://{}/session/", self.address)
    }

    /// The other side of the WhatsApp automation behind a login: the phones of its accounts, faults at
    /// will.
    #[must_use]
    pub fn session(&self) -> SessionControl<'_> {
        SessionControl::new(&self.shared)
    }

    /// Where replies to the leads of the source `main` are posted: `http://127.0.0.1:PORT/lead-reply/main`.
    #[must_use]
    pub fn lead_reply_url(&self) -> String {
        self.lead_reply().url()
    }

    /// The other side of Auto-Respond's source `main`: its cards and its leads, faults at will.
    /// [`LeadReplyControl::source`] goes to the other one.
    #[must_use]
    pub fn lead_reply(&self) -> LeadReplyControl<'_> {
        LeadReplyControl::new(&self.shared)
    }

    /// Where messages to the simulated phone are posted: `http://127.0.0.1:PORT/phone/messages`.
    #[must_use]
    pub fn phone_url(&self) -> String {
        format!("http://{}/phone/messages", self.address)
    }

    /// Connects the phone app to a bot, in place of the one before: from now on it posts the
    /// messages that the phone receives to `url`, with `key` as `X-API-Key` if there is one.
    ///
    /// # Errors
    /// A URL that is not on this machine, or a key that no header can carry.
    pub fn connect_bot(&self, url: Uri, key: Option<&str>) -> Result<(), InvalidBot> {
        if check_target(&url).is_err() || !is_loopback(&url) {
            return Err(InvalidBot::NotLoopback);
        }
        if key.is_some_and(|key| HeaderValue::from_str(key).is_err()) {
            return Err(InvalidBot::Key);
        }
        self.shared.app.connect(Bot { url, key: key.map(SecretString::from) });
        Ok(())
    }

    /// The sandbox's time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    /// Moves the clock, and returns when everything that fell due is done: each callback was
    /// answered, or refused, or had no answer for 5 s, and each event for a socket was written to it,
    /// or could not be for 5 s. [`Duration::ZERO`] does what is due now.
    ///
    /// A socket whose reader is that slow is not waited for again until it has read something; its
    /// events stay in line. A callback receiver must not await this before it answers: each would wait for the other.
    /// Dropping the future loses no callback.
    pub async fn advance(&self, time: Duration) {
        self.shared.step_and_wait(self.shared.clock.after(time)).await;
    }
}

impl Shared {
    fn convrs(&self) -> MutexGuard<'_, convrs::State> {
        self.convrs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn crm(&self) -> Locked<'_, crm::State> {
        let state = self.crm.lock().unwrap_or_else(PoisonError::into_inner);
        Locked::new(state, self.file.as_ref(), &self.clock)
    }

    fn session(&self) -> Locked<'_, session::State> {
        let state = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        Locked::new(state, self.file.as_ref(), &self.clock)
    }

    fn lead_reply(&self) -> MutexGuard<'_, lead_reply::State> {
        self.lead_reply.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// # Errors
    /// When something could not be kept, in words.
    fn check_kept(&self) -> Result<(), &'static str> {
        if self.file.as_ref().is_none_or(File::is_open) { Ok(()) } else { Err(NOT_KEPT) }
    }

    /// Returns when the sandbox was dropped.
    async fn stopped(&self) {
        // Nothing is ever sent.
        let _ = self.running.clone().changed().await;
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
        self.shared.pacing.stop();
        // A connection that is still there would hold the file.
        if let Some(file) = &self.shared.file {
            file.close();
        }
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("address", &self.address).finish_non_exhaustive()
    }
}
