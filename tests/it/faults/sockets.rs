//! The rows of the WebSocket: what a socket and its events make of everything that can go wrong with a
//! connection. The sandbox plays the server, or a script where its bytes matter.

mod commands;
mod ending;
mod frames;
mod gaps;
mod opening;

use std::time::{Duration, Instant};

use async_trait::async_trait;
use convrs_client::{
    Client, Event, Events, Origin, Outcome, RateLimits, Reconnect, RetryPolicy, Socket,
    SocketBuilder, SocketEvent,
    transport::{TokioWebSockets, TransportError, WebSocket, WebSocketTransport},
};
use http::Uri;
use replykit_sandbox::Sandbox;
use replykit_tests::fault_server::{FaultServer, Plan, Setup};
use tokio::sync::watch;

use crate::support::TOKEN;

const BILLY: &str = "73-tel-615940546";
const EVENT: &str = r#"{"cmd":"onUserDelete","ok":1,"uid":"73-tel-1"}"#;
/// More time than anything here needs.
const PATIENT: Duration = Duration::from_secs(20);

/// Connects while its gate is open, and gives up early.
#[derive(Debug)]
struct Gated {
    inner: TokioWebSockets,
    gate: watch::Receiver<bool>,
    time: Duration,
}

#[async_trait]
impl WebSocketTransport for Gated {
    async fn connect(
        &self,
        endpoint: &Uri,
        deadline: Instant,
    ) -> Result<Box<dyn WebSocket>, TransportError> {
        let _ = self.gate.clone().wait_for(|open| *open).await;
        let deadline = deadline.min(tokio::time::Instant::now().into_std() + self.time);
        self.inner.connect(endpoint, deadline).await
    }
}

/// A socket with its events, and the account behind it.
struct Scene {
    sandbox: Sandbox,
    gate: watch::Sender<bool>,
    socket: Socket,
    events: Events,
}

type Adjust = fn(SocketBuilder) -> SocketBuilder;

impl Scene {
    /// Connected, with all that happened before behind it.
    async fn live() -> Self {
        Self::live_with(|builder| builder).await
    }

    async fn live_with(adjust: Adjust) -> Self {
        let mut scene = Self::opening(sandbox().await, adjust).await;
        assert_eq!(scene.line().await, "connected");
        scene.is_live().await;
        scene
    }

    /// About to connect.
    async fn opening(sandbox: Sandbox, adjust: Adjust) -> Self {
        let url = sandbox.convrs_ws_url();
        Self::to(sandbox, &url, PATIENT, adjust).await
    }

    /// The socket of another server. What was missed is asked of the sandbox all the same.
    async fn of(server: &FaultServer, adjust: Adjust) -> Self {
        Self::to(sandbox().await, &server.ws_url(), PATIENT, adjust).await
    }

    async fn to(sandbox: Sandbox, url: &str, time: Duration, adjust: Adjust) -> Self {
        let (gate, open) = watch::channel(true);
        let inner = TokioWebSockets::builder().loopback_only().build().unwrap();
        let builder = Socket::builder(url.parse().unwrap(), TOKEN).reconnect(at_once());
        let transport = Gated { inner, gate: open, time };
        let socket = adjust(builder).open_over(transport).unwrap();
        let events = sandbox.convrs_client().unwrap().events(&socket).open().await.unwrap();
        Self { sandbox, gate, socket, events }
    }

    /// A client whose commands go over the socket, one attempt for each.
    fn client(&self) -> Client {
        let mut limits = RateLimits::default();
        (limits.per_number, limits.per_token) = (1000, 1000);
        let client = Client::over_socket(&self.socket);
        client.rate_limits(limits).retry_policy(RetryPolicy::never())
    }

    async fn next(&mut self) -> Option<SocketEvent> {
        let next = tokio::time::timeout(PATIENT, self.events.next()).await;
        next.expect("an event in time")
    }

    /// The next event, in short.
    async fn line(&mut self) -> String {
        self.next().await.map_or_else(|| "nothing".to_owned(), |event| line(&event))
    }

    async fn lines(&mut self, count: usize) -> Vec<String> {
        let mut lines = Vec::new();
        for _ in 0..count {
            lines.push(self.line().await);
        }
        lines
    }

    /// What is told of a connection that is lost, and of the next one.
    async fn comes_back(&mut self, why: &str) {
        let [lost, attempt] = [format!("lost: {why}"), "attempt 1".to_owned()];
        assert_eq!(self.lines(3).await, [lost, attempt, "connected".to_owned()]);
    }

    /// Events come as they happen.
    async fn is_live(&mut self) {
        self.sandbox.convrs().disable_user(BILLY).unwrap();
        self.sandbox.convrs().enable_user(BILLY).unwrap();
        self.sandbox.advance(Duration::ZERO).await;
        assert_eq!(self.lines(2).await, ["live onUserDisable", "live onUserEnable"]);
    }

    /// Keeps the socket from connecting, until [`open`](Self::open).
    fn shut(&self) {
        self.gate.send_replace(false);
    }

    fn open(&self) {
        self.gate.send_replace(true);
    }
}

/// Waits that are hardly any.
fn at_once() -> Reconnect {
    let mut reconnect = Reconnect::default();
    let wait = Duration::from_millis(4);
    (reconnect.first, reconnect.base, reconnect.most) = (wait, wait, wait);
    reconnect
}

async fn sandbox() -> Sandbox {
    Sandbox::builder().token(TOKEN).start().await.unwrap()
}

/// A server that stalls early, for its kernel takes little.
async fn server(plan: impl Into<Plan>) -> FaultServer {
    let setup = Setup { receive_buffer: Some(64 << 10), ..Setup::default() };
    FaultServer::with(setup, plan).await
}

fn line(event: &SocketEvent) -> String {
    match event {
        SocketEvent::Event { event, origin: Origin::Live } => format!("live {}", name(event)),
        SocketEvent::Event { event, .. } => format!("backfilled {}", name(event)),
        SocketEvent::Connected => "connected".to_owned(),
        SocketEvent::Disconnected(why) => format!("lost: {why:?}"),
        SocketEvent::Reconnecting { attempt, .. } => format!("attempt {attempt}"),
        SocketEvent::Gap(gap) => {
            assert!(gap.from <= gap.to, "{gap}");
            assert_eq!(gap.unrecoverable.len(), 4);
            format!("gap with {}, {} cut", gap.recovered, gap.truncated.len())
        }
        SocketEvent::BackfillFailed { error, retry_in } => {
            format!("not filled: {:?}, {retry_in:?}", error.code())
        }
        SocketEvent::TookOver => "took over".to_owned(),
        SocketEvent::Ended(end) => format!("ended: {end:?}"),
        other => panic!("{other:?}"),
    }
}

fn name(event: &Event) -> String {
    match event {
        Event::Unknown(raw) => format!("unknown {}", raw.cmd()),
        Event::Malformed(raw) => format!("malformed {}", raw.cmd()),
        event => event.cmd().to_owned(),
    }
}

/// Lets so much of the runtime's time pass at once. Who waits for the system is not kept from it.
async fn leap(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

/// A command that a socket without connection, and without hope of one, must not leave waiting.
async fn is_not_sent(client: &Client) {
    let send = convrs_client::SendTextMessage::new(BILLY, "Hello");
    let error = client.execute(send).deadline(PATIENT).await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent, "{error:?}");
}
