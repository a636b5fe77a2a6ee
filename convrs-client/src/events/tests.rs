mod ends;
mod gaps;
mod stream;

use std::{
    path::PathBuf,
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

use async_trait::async_trait;
use bytes::Bytes;
use replykit_transport::{MockServer, MockWebSockets};
use serde_json::{Value, json};

use super::*;
use crate::{Client, Exchange, Frame, RetryPolicy, SocketEnd};

/// The server behind the POSTs: what exists, and when it came about in seconds.
#[derive(Clone, Default)]
struct World(Arc<Mutex<Account>>);

#[derive(Default)]
struct Account {
    users: Vec<(String, i64)>,
    /// Id, user, beginning.
    open: Vec<(String, String, i64)>,
    closed: Vec<(String, String, i64)>,
    failures: usize,
    asked: Vec<String>,
    /// A user who comes, and whose conversation is closed, right behind the first list.
    meanwhile: Option<(String, i64)>,
}

const START: i64 = 1_772_289_000;

fn time(seconds: i64) -> Timestamp {
    Timestamp::from_second(START + seconds).unwrap()
}

impl World {
    fn with<T>(&self, change: impl FnOnce(&mut Account) -> T) -> T {
        change(&mut self.0.lock().unwrap())
    }

    fn user(&self, uid: &str, seconds: i64) {
        self.with(|account| account.users.push((uid.to_owned(), seconds)));
    }

    fn open(&self, cid: &str, uid: &str, seconds: i64) {
        self.with(|account| account.open.push((cid.to_owned(), uid.to_owned(), seconds)));
    }

    fn close(&self, cid: &str) {
        self.with(|account| {
            let place = account.open.iter().position(|(open, ..)| open == cid).unwrap();
            let conversation = account.open.remove(place);
            account.closed.push(conversation);
        });
    }

    fn answer(&self, request: &Value) -> Value {
        let since =
            |field: &str| request[field].as_str().map(|text| text.parse::<Timestamp>().unwrap());
        let cmd = request["cmd"].as_str().unwrap();
        let data = self.with(|account| {
            account.asked.push(cmd.to_owned());
            let data: Vec<_> = match cmd {
                "GetUsers" => account
                    .users
                    .iter()
                    .filter(|(_, at)| since("CreatedDate").is_none_or(|since| time(*at) > since))
                    .map(|(uid, at)| json!({"uid": uid, "created": time(*at).to_string()}))
                    .collect(),
                "GetOpenConversations" => account
                    .open
                    .iter()
                    .map(|(cid, uid, at)| json!({"id": cid, "uid": uid, "bid": 73, "sdt": time(*at).to_string()}))
                    .collect(),
                _ => account
                    .closed
                    .iter()
                    .filter(|(.., at)| since("StartDate").unwrap() <= time(*at))
                    .filter(|(.., at)| time(*at) <= since("EndDate").unwrap())
                    .flat_map(|(cid, uid, _)| {
                        ["1", "2"].map(|n| message(cid, uid, n, true))
                    })
                    .collect(),
            };
            if cmd != "GetOpenConversations"
                && let Some((uid, at)) = account.meanwhile.take()
            {
                account.users.push((uid.clone(), at));
                account.closed.push((format!("of {uid}"), uid, at));
            }
            data
        });
        json!({"cmd": cmd, "ok": 1, "data": data})
    }
}

fn message(cid: &str, uid: &str, number: &str, flat: bool) -> Value {
    let mut message = json!({
        "uid": uid, "mid": format!("{cid}-{number}"), "typ": "text", "sender": "client", "bot": "WA3",
        "msg": "Hello", "name": "Billy"
    });
    if flat {
        message["cid"] = cid.into();
    }
    message
}

#[derive(Debug)]
struct Post(World);

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("World")
    }
}

#[async_trait]
impl Exchange for Post {
    async fn exchange(&self, frame: &Frame) -> Result<Bytes, Error> {
        let failed = self.0.with(|account| {
            let fails = account.failures > 0;
            account.failures = account.failures.saturating_sub(1);
            fails
        });
        if failed {
            let refused = json!({"cmd": frame.name, "ok": 0, "error": "no", "errorCode": 2004});
            return Ok(refused.to_string().into());
        }
        let request = serde_json::from_slice(&frame.json).unwrap();
        Ok(self.0.answer(&request).to_string().into())
    }
}

struct Scene {
    world: World,
    mock: MockWebSockets,
    socket: Socket,
    events: Events,
}

fn socket() -> (Socket, MockWebSockets) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let mock = MockWebSockets::new();
    let token = format!("events {}", NEXT.fetch_add(1, Ordering::Relaxed));
    let builder = Socket::builder("wss://example.com/api".parse().unwrap(), token).seed(1);
    (builder.open_over(mock.clone()).unwrap(), mock)
}

impl Scene {
    async fn new() -> Self {
        Self::with(World::default(), MemoryCursor::default()).await
    }

    async fn with(world: World, store: impl CursorStore) -> Self {
        let (socket, mock) = socket();
        let client = Client::over(Post(world.clone()), "t").retry_policy(RetryPolicy::never());
        let events = client.events(&socket).cursor(store).open().await.unwrap();
        Self { world, mock, socket, events }
    }

    /// Accepts a connection at this time of the server's.
    async fn connect(&mut self, seconds: i64) -> Server {
        let mut server = self.mock.accept().await;
        server.received().await.unwrap();
        server.send(r#"{"cmd":"connected","ok":1}"#);
        server.received().await.unwrap();
        let server = Server(server);
        server.beat(seconds);
        server
    }

    async fn next(&mut self) -> SocketEvent {
        self.events.next().await.expect("something comes")
    }

    /// The next event, told in one line.
    async fn line(&mut self) -> String {
        line(&self.next().await)
    }

    async fn lines(&mut self, count: usize) -> Vec<String> {
        let mut lines = Vec::new();
        for _ in 0..count {
            lines.push(self.line().await);
        }
        lines
    }

    /// The connection breaks. What is told of it is left out.
    async fn lose(&mut self, server: Server) {
        drop(server);
        assert!(matches!(self.next().await, SocketEvent::Disconnected(_)));
        assert!(matches!(self.next().await, SocketEvent::Reconnecting { .. }));
    }
}

/// The server's end of a connection.
struct Server(MockServer);

impl Server {
    fn beat(&self, seconds: i64) {
        let now = format!("{:.3}", time(seconds));
        self.0.send(json!({"ok": 1, "cmd": "heartbeat", "data": {"datetime": now}}).to_string());
    }

    fn created(&self, uid: &str) {
        self.0.send(json!({"cmd": "onUserCreate", "ok": 1, "data": {"uid": uid}}).to_string());
    }

    fn user(&self, event: &str, uid: &str) {
        self.0.send(json!({"cmd": event, "ok": 1, "uid": uid}).to_string());
    }

    fn closed(&self, cid: &str, uid: &str) {
        let messages = ["1", "2"].map(|number| message(cid, uid, number, false));
        let event = json!({"cmd": "onUserConversation", "ok": 1, "uid": uid, "data": messages});
        self.0.send(event.to_string());
    }
}

fn line(event: &SocketEvent) -> String {
    match event {
        SocketEvent::Event { event, origin } => {
            let of = match event {
                Event::UserCreated(user) => user.uid.as_str().to_owned(),
                Event::UserDeleted(uid) | Event::UserDisabled(uid) | Event::UserEnabled(uid) => {
                    uid.as_str().to_owned()
                }
                Event::ConversationClosed { uid, messages } => {
                    format!("{} {}", uid.as_str(), messages.len())
                }
                other => format!("{other:?}"),
            };
            let from = if *origin == Origin::Live { "" } else { " (backfill)" };
            format!("{} {of}{from}", event.cmd())
        }
        SocketEvent::Gap(gap) => format!(
            "gap {}..{}: {}",
            gap.from.as_second() - START,
            gap.to.as_second() - START,
            gap.recovered
        ),
        SocketEvent::Connected => "connected".to_owned(),
        other => format!("{other:?}"),
    }
}

fn file() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name =
        format!("replykit-cursor-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    std::env::temp_dir().join(name)
}

fn world_without_failures(world: &World) {
    world.with(|account| account.failures = 0);
}
