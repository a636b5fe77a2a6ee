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

#[tokio::test(start_paused = true)]
async fn without_a_cursor_the_stream_begins_with_what_happens_now() {
    let mut scene = Scene::new().await;
    scene.world.user("old", -10);
    let server = scene.connect(0).await;
    server.created("new");
    server.user("onUserDisable", "new");
    assert_eq!(scene.lines(3).await, ["connected", "onUserCreate new", "onUserDisable new"]);
    assert_eq!(scene.world.with(|account| account.asked.clone()), ["GetOpenConversations"]);
}

#[tokio::test(start_paused = true)]
async fn w16_a_gap_is_told_and_filled_and_nothing_comes_twice_or_out_of_order() {
    let mut scene = Scene::new().await;
    scene.world.open("long", "a", -20_000);
    let server = scene.connect(0).await;
    scene.world.user("a", 1);
    server.created("a");
    server.beat(30);
    assert_eq!(scene.lines(2).await, ["connected", "onUserCreate a"]);
    scene.lose(server).await;

    // While nobody listens: a user, a short conversation, and the end of one from hours ago.
    scene.world.user("b", 40);
    scene.world.open("short", "b", 45);
    scene.world.close("short");
    scene.world.close("long");
    let server = scene.connect(60).await;
    // Pushed at once, and found as well.
    scene.world.user("c", 60);
    server.created("c");
    server.user("onUserEnable", "b");
    server.closed("short", "b");
    server.user("onUserDelete", "b");
    let lines = scene.lines(8).await;
    assert_eq!(lines[..2], ["connected", "gap 30..60: 4"]);
    let (backfilled, live) = lines[2..].split_at(4);
    assert_eq!(
        backfilled,
        [
            "onUserCreate b (backfill)",
            "onUserCreate c (backfill)",
            "onUserConversation b 2 (backfill)",
            "onUserConversation a 2 (backfill)"
        ]
    );
    assert_eq!(live, ["onUserEnable b", "onUserDelete b"]);
    // One who was deleted can come again.
    server.created("b");
    assert_eq!(scene.line().await, "onUserCreate b");
}

#[tokio::test(start_paused = true)]
async fn w16_a_user_comes_before_the_conversation_even_when_both_happen_during_a_backfill() {
    let mut scene = Scene::new().await;
    let server = scene.connect(0).await;
    scene.line().await;
    scene.lose(server).await;
    scene.world.with(|account| account.meanwhile = Some(("a".to_owned(), 61)));
    let server = scene.connect(60).await;
    assert_eq!(scene.lines(2).await, ["connected", "gap 0..60: 1"]);
    server.created("a");
    server.closed("of a", "a");
    assert_eq!(scene.lines(2).await, ["onUserCreate a (backfill)", "onUserConversation a 2"]);
}

#[tokio::test(start_paused = true)]
async fn what_was_given_long_after_the_last_time_of_the_server_does_not_come_twice() {
    let mut scene = Scene::new().await;
    let server = scene.connect(0).await;
    // No heartbeat is answered for an hour.
    scene.world.user("a", 3590);
    server.created("a");
    scene.world.open("short", "a", 3590);
    scene.world.close("short");
    server.closed("short", "a");
    server.beat(3600);
    let lines = ["connected", "onUserCreate a", "onUserConversation a 2"];
    assert_eq!(scene.lines(3).await, lines);
    scene.lose(server).await;
    // Found long after the time that was told before it was asked.
    scene.world.user("b", 7190);
    scene.world.open("late", "b", 7190);
    scene.world.close("late");
    let server = scene.connect(3610).await;
    assert_eq!(scene.lines(2).await, ["connected", "gap 3600..3610: 1"]);
    assert_eq!(scene.line().await, "onUserCreate b (backfill)");
    server.closed("late", "b");
    server.beat(7200);
    assert_eq!(scene.line().await, "onUserConversation b 2");
    scene.lose(server).await;
    let _server = scene.connect(7210).await;
    assert_eq!(scene.lines(2).await, ["connected", "gap 7200..7210: 0"]);
}

#[tokio::test(start_paused = true)]
async fn w16_a_gap_names_every_kind_that_nothing_recovers() {
    let mut scene = Scene::new().await;
    let server = scene.connect(0).await;
    scene.line().await;
    scene.lose(server).await;
    let _server = scene.connect(60).await;
    scene.line().await;
    let SocketEvent::Gap(gap) = scene.next().await else { panic!() };
    assert_eq!(
        gap.unrecoverable,
        ["onUserUpdate", "onUserDelete", "onUserDisable", "onUserEnable"]
    );
    assert!(gap.truncated.is_empty());
    let told = gap.to_string();
    assert!(told.contains("0 events recovered; onUserUpdate, onUserDelete"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn w17_what_the_server_does_not_give_is_told() {
    let mut scene = Scene::new().await;
    let server = scene.connect(0).await;
    scene.line().await;
    scene.lose(server).await;
    for number in 0..5000 {
        scene.world.user(&format!("u{number}"), 10);
    }
    let _server = scene.connect(60).await;
    scene.line().await;
    let SocketEvent::Gap(gap) = scene.next().await else { panic!() };
    assert_eq!(gap.recovered, 5000);
    assert_eq!(gap.truncated, [Truncated::UnnamedBot { bot_id: None }]);
}

#[tokio::test(start_paused = true)]
async fn w17_a_backfill_that_fails_is_told_and_repeated_and_what_is_live_waits_for_it() {
    let store = MemoryCursor::default();
    let mut scene = Scene::with(World::default(), store.clone()).await;
    let server = scene.connect(0).await;
    server.beat(30);
    assert_eq!(scene.line().await, "connected");
    server.user("onUserEnable", "a");
    scene.line().await;
    scene.lose(server).await;
    scene.world.user("b", 40);
    scene.world.with(|account| account.failures = 10);
    let server = scene.connect(60).await;
    server.user("onUserDisable", "b");
    server.beat(90);
    assert_eq!(scene.line().await, "connected");
    let mut waits = Vec::new();
    for _ in 0..10 {
        let event = loop {
            tokio::select! {
                event = scene.next() => break event,
                () = tokio::time::sleep(DRAIN) => server.beat(90),
            }
        };
        let SocketEvent::BackfillFailed { error, retry_in } = event else { panic!() };
        assert_eq!(error.code().map(crate::ErrorCode::number), Some(2004));
        waits.push(retry_in.as_secs());
        let saved = store.load().await.unwrap().unwrap();
        assert_eq!(saved.position, time(30), "the position stays");
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300]);
    let beating = async {
        loop {
            tokio::time::sleep(DRAIN).await;
            server.beat(90);
        }
    };
    let lines = tokio::select! {
        lines = scene.lines(3) => lines,
        () = beating => Vec::new(),
    };
    assert_eq!(lines, ["gap 30..90: 1", "onUserCreate b (backfill)", "onUserDisable b"]);
}

#[tokio::test(start_paused = true)]
async fn w01_w17_a_token_that_is_replaced_during_a_backfill_ends_the_stream() {
    let store = MemoryCursor::default();
    let world = World::default();
    let mut scene = Scene::with(world.clone(), store.clone()).await;
    let server = scene.connect(0).await;
    server.beat(30);
    server.user("onUserEnable", "a");
    scene.lines(2).await;
    scene.lose(server).await;
    world.user("a", 40);
    // Nothing that is asked with the old token is answered any more.
    world.with(|account| account.failures = usize::MAX);
    let server = scene.connect(60).await;
    server.created("a");
    server.user("onUserDisable", "a");
    assert_eq!(scene.line().await, "connected");
    assert!(matches!(scene.next().await, SocketEvent::BackfillFailed { .. }));
    server.0.send(r#"{"cmd":"connect","ok":0,"error":"no","errorCode":1001}"#);
    let start = tokio::time::Instant::now();
    assert_eq!(scene.line().await, "onUserDisable a", "what cannot be asked for is given");
    let refused = SocketEnd::Refused(crate::ErrorCode::InvalidToken);
    assert!(matches!(scene.next().await, SocketEvent::Ended(end) if end == refused));
    assert!(scene.events.next().await.is_none());
    assert_eq!(start.elapsed(), Duration::ZERO);

    world_without_failures(&world);
    let mut scene = Scene::with(world, store).await;
    let _server = scene.connect(120).await;
    assert_eq!(scene.lines(3).await, ["connected", "gap 30..120: 1", "onUserCreate a (backfill)"]);
}

#[tokio::test(start_paused = true)]
async fn without_a_connection_the_server_is_asked_every_minute() {
    let mut scene = Scene::new().await;
    let server = scene.connect(0).await;
    scene.line().await;
    drop(server);
    for _ in 0..100 {
        scene.mock.keep_silent();
    }
    scene.world.user("a", 20);
    let mut found = Vec::new();
    while found.len() < 2 {
        let line = scene.line().await;
        if line.starts_with("onUser") {
            found.push(line);
            scene.world.user("b", 30);
        }
    }
    assert_eq!(found, ["onUserCreate a (backfill)", "onUserCreate b (backfill)"]);
}

fn file() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name =
        format!("replykit-cursor-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    std::env::temp_dir().join(name)
}

#[tokio::test(start_paused = true)]
async fn w16_w19_a_restart_begins_behind_the_last_event_that_was_confirmed() {
    let path = file();
    let world = World::default();
    let mut scene = Scene::with(world.clone(), FileCursor::new(&path)).await;
    let server = scene.connect(0).await;
    server.beat(30);
    for uid in ["a", "b", "c"] {
        world.user(uid, 31);
        server.created(uid);
    }
    assert_eq!(scene.lines(3).await, ["connected", "onUserCreate a", "onUserCreate b"]);
    scene.events.shut_down();
    // What came before is given all the same, and the next call confirms it.
    assert_eq!(scene.line().await, "onUserCreate c");
    assert!(matches!(scene.next().await, SocketEvent::Ended(SocketEnd::Closed)));
    assert!(scene.events.next().await.is_none());
    assert!(scene.events.next().await.is_none());

    world.user("d", 50);
    let mut scene = Scene::with(world.clone(), FileCursor::new(&path)).await;
    let server = scene.connect(60).await;
    let lines = scene.lines(3).await;
    assert_eq!(lines, ["connected", "gap 30..60: 1", "onUserCreate d (backfill)"]);
    server.beat(90);
    server.user("onUserEnable", "d");
    assert_eq!(scene.line().await, "onUserEnable d");
    let saved = FileCursor::new(&path).load().await.unwrap().unwrap();
    assert_eq!(saved.position, time(90));
    assert!(!format!("{saved:?}").contains('d'.to_string().repeat(2).as_str()));
    std::fs::write(&path, "{").unwrap();
    let (socket, _) = socket();
    let client = Client::over(Post(world), "t");
    let damaged = client.events(&socket).cursor(FileCursor::new(&path)).open().await;
    assert!(matches!(damaged, Err(EventsError::Cursor(_))), "never taken for none");
    std::fs::remove_file(path).unwrap();
}

#[tokio::test(start_paused = true)]
async fn w19_shutting_down_during_a_backfill_leaves_the_gap_to_the_next_start() {
    let store = MemoryCursor::default();
    let world = World::default();
    let mut scene = Scene::with(world.clone(), store.clone()).await;
    let server = scene.connect(0).await;
    server.beat(30);
    scene.line().await;
    server.user("onUserEnable", "a");
    scene.line().await;
    scene.lose(server).await;
    world.user("b", 40);
    world.with(|account| account.failures = 3);
    let server = scene.connect(60).await;
    world.open("one", "b", 40);
    world.close("one");
    world.open("two", "b", 61);
    world.close("two");
    server.closed("two", "b");
    server.user("onUserDisable", "b");
    server.beat(90);
    assert_eq!(scene.line().await, "connected");
    assert!(matches!(scene.next().await, SocketEvent::BackfillFailed { .. }));
    scene.events.shut_down();
    assert_eq!(scene.line().await, "onUserDisable b", "what cannot be asked for is given");
    assert!(matches!(scene.next().await, SocketEvent::Ended(_)));
    assert!(scene.events.next().await.is_none());
    assert_eq!(store.load().await.unwrap().unwrap().position, time(30));
    let mut scene = Scene::with(world, store).await;
    world_without_failures(&scene.world);
    let _server = scene.connect(120).await;
    assert_eq!(scene.lines(3).await, ["connected", "gap 30..120: 3", "onUserCreate b (backfill)"]);
    let both = ["onUserConversation b 2 (backfill)"; 2];
    assert_eq!(scene.lines(2).await, both, "in order, so neither was given before");
}

fn world_without_failures(world: &World) {
    world.with(|account| account.failures = 0);
}

#[tokio::test(start_paused = true)]
async fn w19_a_stream_that_is_not_read_to_the_end_ends_after_ten_seconds() {
    let mut scene = Scene::new().await;
    let server = scene.connect(0).await;
    for number in 0..10 {
        server.created(&format!("u{number}"));
    }
    scene.lines(2).await;
    scene.events.shut_down();
    tokio::time::sleep(DRAIN).await;
    assert!(scene.events.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn w18_a_handler_that_panics_loses_its_own_event_to_the_dead_letters_and_no_other() {
    let mut scene = Scene::new().await;
    let server = scene.connect(0).await;
    for uid in ["a", "b", "c"] {
        server.created(uid);
    }
    server.beat(30);
    let socket = scene.socket.clone();
    let handled = Mutex::new(Vec::new());
    let mut dead = Vec::new();
    let handler = |event: Arc<SocketEvent>| {
        let line = line(&event);
        handled.lock().unwrap().push(line.clone());
        if line.ends_with('c') {
            socket.close();
        }
        async move { assert!(!line.ends_with('b'), "a bug") }
    };
    scene.events.for_each(handler, |event| dead.push(line(&event))).await;
    let handled = handled.into_inner().unwrap();
    assert_eq!(handled[..4], ["connected", "onUserCreate a", "onUserCreate b", "onUserCreate c"]);
    assert_eq!(dead, ["onUserCreate b"]);
}

#[tokio::test(start_paused = true)]
async fn what_the_server_pushes_twice_is_given_once() {
    let mut scene = Scene::new().await;
    let server = scene.connect(0).await;
    for _ in 0..2 {
        server.created("a");
        server.closed("one", "a");
        server.user("onUserDisable", "a");
    }
    server.closed("two", "a");
    assert_eq!(
        scene.lines(6).await,
        [
            "connected",
            "onUserCreate a",
            "onUserConversation a 2",
            "onUserDisable a",
            "onUserDisable a",
            "onUserConversation a 2"
        ],
        "an event without an id may well happen twice"
    );
}

#[tokio::test(start_paused = true)]
async fn a_user_created_anew_is_new_although_the_deletion_was_missed() {
    let mut scene = Scene::new().await;
    let server = scene.connect(0).await;
    let created = |seconds: i64| {
        let user = json!({"uid": "a", "created": time(seconds).to_string()});
        json!({"cmd": "onUserCreate", "ok": 1, "data": user}).to_string()
    };
    for seconds in [1, 1, 2] {
        server.0.send(created(seconds));
    }
    server.user("onUserEnable", "b");
    assert_eq!(
        scene.lines(4).await,
        ["connected", "onUserCreate a", "onUserCreate a", "onUserEnable b"]
    );
}

#[tokio::test(start_paused = true)]
async fn how_far_back_to_ask_is_looked_up_as_time_goes_by() {
    let store = MemoryCursor::default();
    let mut scene = Scene::with(World::default(), store.clone()).await;
    scene.world.open("old", "a", -10_000);
    let server = scene.connect(0).await;
    scene.line().await;
    let reach = async || {
        let kept = store.load().await.unwrap().unwrap();
        kept.conversations_from.as_second() - START
    };
    let mut hour = 0;
    let mut beat = async |scene: &mut Scene| {
        hour += 3600;
        server.beat(hour);
        server.user("onUserEnable", "a");
        scene.line().await;
    };
    beat(&mut scene).await;
    assert_eq!(reach().await, -10_300, "the beginning of the oldest, and five minutes");
    scene.world.close("old");
    server.closed("old", "a");
    scene.line().await;
    for _ in 0..4 {
        beat(&mut scene).await;
    }
    assert!(reach().await >= 3300, "{}", reach().await);
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_a_socket_that_has_ended_says_so() {
    let mut scene = Scene::new().await;
    scene.socket.close();
    assert!(matches!(scene.next().await, SocketEvent::Ended(SocketEnd::Closed)));
    assert!(scene.events.next().await.is_none());
    let client = Client::over(Post(scene.world.clone()), "t");
    let Scene { socket, events, .. } = scene;
    assert!(matches!(client.events(&socket).open().await, Err(EventsError::AlreadyRead)));
    drop(events);
    let mut again = client.events(&socket).open().await.unwrap();
    assert!(matches!(again.next().await, Some(SocketEvent::Ended(SocketEnd::Closed))));
    assert!(again.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn w01_a_socket_that_has_ended_waits_for_no_backfill_that_fails() {
    let store = MemoryCursor::default();
    let mut scene = Scene::with(World::default(), store.clone()).await;
    let server = scene.connect(0).await;
    server.beat(30);
    assert_eq!(scene.line().await, "connected");
    server.user("onUserEnable", "a");
    scene.line().await;
    scene.lose(server).await;
    scene.world.with(|account| account.failures = 10);
    let server = scene.connect(60).await;
    server.user("onUserDisable", "b");
    assert_eq!(scene.line().await, "connected");
    assert!(matches!(scene.next().await, SocketEvent::BackfillFailed { .. }));

    let now = tokio::time::Instant::now();
    server.0.send(r#"{"cmd":"connect","ok":0,"error":"reset","errorCode":1001}"#);
    assert_eq!(scene.line().await, "onUserDisable b");
    assert!(matches!(scene.next().await, SocketEvent::Ended(SocketEnd::Refused(_))));
    assert!(scene.events.next().await.is_none());
    assert_eq!(now.elapsed(), Duration::ZERO);
    let saved = store.load().await.unwrap().unwrap();
    assert_eq!(saved.position, time(30), "the next start asks for the gap");
}

#[tokio::test(start_paused = true)]
async fn w06_a_taken_place_ends_the_stream() {
    let mut scene = Scene::new().await;
    let server = scene.connect(0).await;
    scene.line().await;
    server.0.send(r#"{"ok":0,"error":"reused","errorCode":1018}"#);
    drop(server);
    assert!(matches!(scene.next().await, SocketEvent::Disconnected(_)));
    assert!(matches!(scene.next().await, SocketEvent::Ended(SocketEnd::TakenOver)));
    assert!(scene.events.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn dropping_next_at_any_time_loses_nothing() {
    let mut scene = Scene::new().await;
    let mut server = scene.connect(0).await;
    let mut lines = Vec::new();
    let mut random = fastrand::Rng::with_seed(7);
    for round in 0..400 {
        let uid = format!("u{round}");
        scene.world.user(&uid, round);
        if random.u8(..4) > 0 {
            server.created(&uid);
        }
        if random.u8(..8) == 0 {
            server.beat(round);
        }
        if round == 399 || random.u8(..40) == 0 {
            drop(server);
            loop {
                tokio::select! {
                    biased;
                    reconnected = scene.mock.accept() => {
                        let mut reconnected = reconnected;
                        reconnected.received().await.unwrap();
                        reconnected.send(r#"{"cmd":"connected","ok":1}"#);
                        reconnected.received().await.unwrap();
                        server = Server(reconnected);
                        server.beat(round);
                        break;
                    }
                    event = scene.events.next() => lines.push(line(&event.unwrap())),
                }
            }
        }
        // Polled so many times, and dropped.
        for _ in 0..random.u8(..4) {
            tokio::select! {
                event = scene.events.next() => lines.push(line(&event.unwrap())),
                () = async { for _ in 0..random.u8(..6) { tokio::task::yield_now().await } } => {}
            }
        }
    }
    server.user("onUserDelete", "end");
    while lines.last().is_none_or(|last| last != "onUserDelete end") {
        lines.push(scene.line().await);
    }
    let created = |line: &&String| line.starts_with("onUserCreate");
    let mut uids: Vec<&str> =
        lines.iter().filter(created).map(|line| line.split(' ').nth(1).unwrap()).collect();
    let count = uids.len();
    uids.sort_unstable();
    uids.dedup();
    assert_eq!((count, uids.len()), (400, 400));
}

#[tokio::test(start_paused = true)]
async fn a_backfill_over_the_same_socket_does_not_wait_for_the_events_behind_it() {
    let (socket, mock) = socket();
    let world = World::default();
    let client = Client::over_socket(&socket).retry_policy(RetryPolicy::never());
    let mut events = client.events(&socket).open().await.unwrap();
    let answering = async {
        let mut server = mock.accept().await;
        server.received().await.unwrap();
        server.send(r#"{"cmd":"connected","ok":1}"#);
        let mut server = Server(server);
        let mut flooded = false;
        while let Some(request) = server.0.received().await {
            let request: Value = serde_json::from_slice(&request).unwrap();
            if request["cmd"] == "heartbeat" {
                server.beat(0);
                continue;
            }
            if !std::mem::replace(&mut flooded, true) {
                for number in 0..20_000 {
                    let uid = format!("u{number}");
                    world.user(&uid, 1);
                    server.created(&uid);
                }
            }
            let answer = world.answer(&request);
            server.0.send(answer.to_string());
        }
    };
    let reading = async {
        let mut uids = std::collections::BTreeSet::new();
        while uids.len() < 20_000 {
            if let SocketEvent::Event { event: Event::UserCreated(user), .. } =
                events.next().await.unwrap()
            {
                assert!(uids.insert(user.uid), "twice");
            }
        }
    };
    tokio::select! {
        () = answering => panic!("the connection was lost"),
        () = reading => {}
    }
}
