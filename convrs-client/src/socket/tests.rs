use std::sync::atomic::AtomicU32;

use replykit_transport::{MockServer, MockWebSockets, SocketMessage};

use super::*;
use crate::{
    ErrorCode, GetUser, GetUsers, Outcome, RateLimits, RetryPolicy, SendTextMessage,
    session::Notice,
};

const CONNECTED: &str = r#"{"cmd":"connected","ok":1}"#;
const BEAT: &str = r#"{"ok":1,"cmd":"heartbeat","data":{"datetime":"2026-02-28T14:30:00.000Z"}}"#;

/// A socket with a token that no other test has.
fn socket() -> (Socket, MockWebSockets) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let mock = MockWebSockets::new();
    let token = format!("token {}", NEXT.fetch_add(1, Ordering::Relaxed));
    let socket = Socket::builder("wss://example.com/api".parse().unwrap(), token)
        .seed(1)
        .open_over(mock.clone())
        .unwrap();
    (socket, mock)
}

fn client(socket: &Socket) -> Client {
    let mut limits = RateLimits::default();
    (limits.per_number, limits.per_token) = (u32::MAX, u32::MAX);
    Client::over_socket(socket).retry_policy(RetryPolicy::never()).rate_limits(limits)
}

async fn text(server: &mut MockServer) -> String {
    String::from_utf8(server.received().await.unwrap().to_vec()).unwrap()
}

/// The server's side of a connection that is up.
async fn live(mock: &MockWebSockets) -> MockServer {
    let mut server = mock.accept().await;
    assert!(text(&mut server).await.contains(r#""cmd":"connect""#));
    server.send(CONNECTED);
    assert_eq!(text(&mut server).await, r#"{"cmd":"heartbeat"}"#);
    server.send(BEAT);
    server
}

/// The next command, past heartbeats.
async fn command(server: &mut MockServer) -> String {
    loop {
        let text = text(server).await;
        if text.contains("heartbeat") {
            server.send(BEAT);
        } else {
            return text;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_command_goes_over_the_socket_with_the_token_and_its_answer_comes_back() {
    let (socket, mock) = socket();
    let client = client(&socket);
    let server = async {
        let mut server = live(&mock).await;
        let request = command(&mut server).await;
        assert!(request.starts_with(r#"{"token":"token "#), "{request}");
        server.send(r#"{"cmd":"onUserDelete","ok":1,"uid":"73-tel-2"}"#);
        server.send(r#"{"cmd":"GetUser","ok":1,"data":{"uid":"73-tel-1"}}"#);
        server
    };
    let (user, _) = tokio::join!(client.execute(GetUser::new("73-tel-1")).into_future(), server);
    assert_eq!(user.unwrap().uid.as_str(), "73-tel-1");
}

#[tokio::test(start_paused = true)]
async fn w15_a_write_that_succeeds_is_not_sent_before_an_answer_says_so() {
    let (socket, mock) = socket();
    let client = client(&socket);
    let server = async {
        let mut server = live(&mock).await;
        command(&mut server).await;
        drop(server);
    };
    let send = client.execute(SendTextMessage::new("73-tel-1", "Hello"));
    let (sent, ()) = tokio::join!(send.into_future(), server);
    assert_eq!(sent.unwrap_err().outcome(), Outcome::Unknown);
}

#[tokio::test(start_paused = true)]
async fn w14_an_answer_that_is_late_reaches_nobody() {
    let (socket, mock) = socket();
    let client = client(&socket);
    let first =
        client.execute(SendTextMessage::new("73-tel-1", "one")).deadline(Duration::from_secs(1));
    let server = async {
        let mut server = live(&mock).await;
        assert!(command(&mut server).await.contains("one"));
        assert!(server.received().await.is_none(), "the connection is given up");
        server.send(r#"{"cmd":"SendTextMessage","ok":1}"#);
        let mut next = live(&mock).await;
        assert!(command(&mut next).await.contains("two"));
        next.send(r#"{"cmd":"SendTextMessage","ok":0,"errorCode":2001}"#);
        next
    };
    let calls = async {
        assert_eq!(first.await.unwrap_err().outcome(), Outcome::Unknown);
        let second = client.execute(SendTextMessage::new("73-tel-1", "two")).await;
        assert_eq!(second.unwrap_err().code(), Some(ErrorCode::UserWithAgent));
    };
    tokio::join!(calls, server);
}

#[tokio::test(start_paused = true)]
async fn w14_a_dropped_call_gives_up_the_connection_only_when_it_was_sent() {
    let (socket, mock) = socket();
    let client = client(&socket);
    let mut call = Box::pin(client.execute(GetUser::new("73-tel-1")).into_future());
    tokio::select! {
        _ = &mut call => panic!("without an answer"),
        mut server = async {
            let mut server = live(&mock).await;
            command(&mut server).await;
            server
        } => {
            drop(call);
            assert!(server.received().await.is_none());
        }
    }
    // One that waits for its turn harms nobody.
    let mut server = live(&mock).await;
    let mut sent = Box::pin(client.execute(GetUser::new("73-tel-2")).into_future());
    tokio::select! { _ = &mut sent => panic!(), _ = command(&mut server) => {} }
    let mut waiting = Box::pin(client.execute(GetUser::new("73-tel-3")).into_future());
    assert!(poll_once(&mut waiting).await.is_none());
    drop(waiting);
    server.send(r#"{"cmd":"GetUser","ok":1,"data":{"uid":"73-tel-2"}}"#);
    assert_eq!(sent.await.unwrap().uid.as_str(), "73-tel-2");
}

/// Polls once.
async fn poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    std::future::poll_fn(|cx| {
        std::task::Poll::Ready(match std::pin::Pin::new(&mut *future).poll(cx) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        })
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn a_command_without_a_connection_ends_by_its_deadline_and_was_not_sent() {
    let (socket, mock) = socket();
    for _ in 0..50 {
        mock.keep_silent();
    }
    let error = client(&socket).execute(GetUser::new("73-tel-1")).await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent);
    let ErrorKind::Transport(error) = error.kind() else { panic!("{error:?}") };
    assert_eq!((error.phase(), error.kind()), (Phase::Queue, TransportErrorKind::Timeout));
}

#[tokio::test(start_paused = true)]
async fn w01_a_socket_that_is_refused_fails_every_command_as_not_sent() {
    let (socket, mock) = socket();
    let client = client(&socket);
    let server = async {
        let mut server = mock.accept().await;
        text(&mut server).await;
        server.send(r#"{"cmd":"connect","ok":0,"error":"no","errorCode":1001}"#);
        server
    };
    let (first, _) = tokio::join!(client.execute(GetUser::new("u")).into_future(), server);
    for error in [first.unwrap_err(), client.execute(GetUser::new("u")).await.unwrap_err()] {
        assert_eq!(error.outcome(), Outcome::NotSent);
        assert!(error.to_string().contains("refused the token with 1001"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn w08_a_token_has_one_socket_in_a_process() {
    let (socket, mock) = socket();
    let again = || {
        Socket::builder(socket.0.endpoint.clone(), socket.0.token.clone()).open_over(mock.clone())
    };
    let error = again().unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent);
    assert!(error.to_string().contains("another socket of this process"), "{error}");
    let elsewhere =
        Socket::builder("wss://example.org/api".parse().unwrap(), socket.0.token.clone());
    elsewhere.open_over(mock.clone()).unwrap();
    let (endpoint, token) = (socket.0.endpoint.clone(), socket.0.token.clone());
    drop(socket);
    Socket::builder(endpoint, token).open_over(mock).unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_is_not_a_secure_endpoint_is_refused_without_a_word_of_the_token() {
    for url in ["ws://example.com/api", "https://example.com/api", "wss://u:p@example.com/"] {
        let refused =
            Socket::builder(url.parse().unwrap(), "canary").open_over(MockWebSockets::new());
        let error = refused.unwrap_err();
        assert_eq!(error.outcome(), Outcome::NotSent, "{url}");
        assert!(!format!("{error:?} {error}").contains("canary"));
    }
    let (socket, _) = socket();
    let shown = format!("{socket:?} {:?}", client(&socket));
    assert!(shown.contains("example.com") && !shown.contains("token "), "{shown}");
}

#[tokio::test(start_paused = true)]
async fn a_list_may_be_larger_than_an_event() {
    let (socket, mock) = socket();
    let client = client(&socket);
    let server = async {
        let mut server = live(&mock).await;
        command(&mut server).await;
        let name = "n".repeat(2 << 20);
        server
            .send(format!(r#"{{"cmd":"GetUsers","ok":1,"data":[{{"uid":"u","name":"{name}"}}]}}"#));
        command(&mut server).await;
        server.send(format!(r#"{{"cmd":"GetUser","ok":1,"data":{{"uid":"{name}"}}}}"#));
        server
    };
    let calls = async {
        assert_eq!(client.execute(GetUsers::new()).await.unwrap().len(), 1);
        let error = client.execute(GetUser::new("u")).await.unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown);
    };
    tokio::join!(calls, server);
}

/// Takes what came, once there is something.
async fn taken(inbox: &Inbox) -> Vec<Item> {
    let mut items = std::collections::VecDeque::new();
    assert!(std::future::poll_fn(|cx| inbox.poll_take(&mut items, cx)).await);
    items.into()
}

#[tokio::test(start_paused = true)]
async fn w09_a_reader_that_stands_still_stops_the_reading_and_gets_all_that_was_read() {
    let (socket, mock) = socket();
    assert!(socket.inbox().subscribe());
    socket.start();
    let mut server = live(&mock).await;
    for number in 0..2000 {
        server.send(format!(r#"{{"cmd":"onUserDelete","ok":1,"uid":"73-tel-{number}"}}"#));
    }
    // Heartbeats go on, their answers are not read, and after a minute it is over.
    let start = tokio::time::Instant::now();
    while server.received().await.is_some() {}
    assert_eq!(start.elapsed(), Duration::from_secs(60));
    let items = taken(socket.inbox()).await;
    let events = items.iter().filter(|item| matches!(item, Item::Event(_))).count();
    assert!((500..1024).contains(&events), "{events}");
    assert!(matches!(items.last(), Some(Item::Notice(Notice::Reconnecting(..)))));
    live(&mock).await;
}

#[tokio::test(start_paused = true)]
async fn w12_pings_are_signs_of_life_and_bother_nobody() {
    let (socket, mock) = socket();
    assert!(socket.inbox().subscribe());
    socket.start();
    let mut server = live(&mock).await;
    taken(socket.inbox()).await;
    for _ in 0..100_000 {
        server.message(Ok(SocketMessage::Control));
    }
    for _ in 0..10 {
        tokio::time::sleep(Duration::from_secs(40)).await;
        server.message(Ok(SocketMessage::Control));
    }
    while let Some(text) = server.try_received() {
        assert_eq!(text, r#"{"cmd":"heartbeat"}"#);
    }
    server.send(r#"{"cmd":"onUserDelete","ok":1,"uid":"73-tel-1"}"#);
    let mut items = Vec::new();
    while !items.iter().any(|item| matches!(item, Item::Event(_))) {
        items.extend(taken(socket.inbox()).await);
    }
    let lost = |item: &Item| matches!(item, Item::Notice(Notice::Disconnected(_)));
    assert!(!items.iter().any(lost), "{items:?}");
}

#[tokio::test(start_paused = true)]
async fn dropping_every_handle_closes_the_connection() {
    let (socket, mock) = socket();
    socket.start();
    let mut server = live(&mock).await;
    let inbox = socket.inbox().clone();
    drop(socket);
    assert!(server.received().await.is_none());
    let mut items = std::collections::VecDeque::new();
    assert!(!std::future::poll_fn(|cx| inbox.poll_take(&mut items, cx)).await, "it has ended");
}

#[tokio::test(start_paused = true)]
async fn h26_the_servers_clock_goes_on_when_it_does_not_tell_its_time() {
    let inbox = Inbox::default();
    assert_eq!(inbox.estimate(), None);
    let told: jiff::Timestamp = "2026-02-28T14:30:00Z".parse().unwrap();
    inbox.connected(true);
    inbox.server_time(told);
    inbox.connected(false);
    tokio::time::advance(Duration::from_secs(90)).await;
    assert_eq!(inbox.estimate(), Some("2026-02-28T14:31:30Z".parse().unwrap()));
}
