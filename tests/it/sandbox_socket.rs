//! The sandbox's WebSocket, frame by frame and written by hand.

mod faults;

use std::time::Duration;

use convrs_client::User;
use http::Method;
use replykit_sandbox::{EventDelivery, PushResult, Sandbox, SocketFault, Way};
use serde_json::{Value, json};

use crate::support::{
    Receiver, TOKEN, fixture, send,
    socket::{Came, RawSocket, ws_post},
};

const BILLY: &str = "73-tel-615940546";

async fn sandbox() -> Sandbox {
    Sandbox::builder().token(TOKEN).start().await.unwrap()
}

/// An error envelope with this code.
fn is_error(envelope: &Value, code: i64) {
    assert_eq!(envelope["ok"], 0, "{envelope}");
    assert_eq!(envelope["errorCode"], code, "{envelope}");
    assert!(!envelope["error"].as_str().unwrap().is_empty(), "{envelope}");
}

/// The socket is closed by the other side, with a close frame and FIN.
async fn is_closed(socket: &mut RawSocket) {
    assert_eq!(socket.next().await, Came::Close(1000));
    assert_eq!(socket.next().await, Came::Fin(0));
}

fn by_socket(events: Vec<EventDelivery>) -> Vec<EventDelivery> {
    events.into_iter().filter(|event| event.way == Way::Socket).collect()
}

#[tokio::test]
async fn the_upgrade_is_that_of_the_rfc() {
    let sandbox = sandbox().await;
    assert_eq!(sandbox.convrs_ws_url(), format!("ws://{}/convrs/api", sandbox.address()));
    let (status, head) = RawSocket::ask_as_documented(&sandbox).await.answer().await;
    assert_eq!(status, 101);
    assert!(head.contains("\r\nsec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=\r\n"), "{head}");
    assert!(head.contains("\r\nupgrade: websocket\r\n"), "{head}");
    assert!(head.contains("\r\nconnection: upgrade\r\n"), "{head}");
}

#[tokio::test]
async fn a_get_that_is_no_upgrade_is_told_so() {
    let sandbox = sandbox().await;
    let answer = send(Method::GET, &sandbox.convrs_url(), &[], "").await;
    assert_eq!(answer.status(), 426);
    assert_eq!(answer.headers()["upgrade"], "websocket");
    let said: Value = serde_json::from_slice(answer.body()).unwrap();
    assert_eq!(said, json!({"error": "a GET opens a WebSocket: commands go by POST"}));

    let upgrade = [("Upgrade", "websocket"), ("Connection", "Upgrade")];
    for (more, status) in [
        (&[("Sec-WebSocket-Version", "8"), ("Sec-WebSocket-Key", "dGhl")][..], 426),
        (&[("Sec-WebSocket-Version", "13")][..], 400),
    ] {
        let headers = [&upgrade[..], more].concat();
        let mut socket = RawSocket::ask(sandbox.address(), &headers).await;
        assert_eq!(socket.answer().await.0, status);
    }
}

#[tokio::test]
async fn the_documented_frames_are_answered_as_documented() {
    let sandbox = sandbox().await;
    let mut socket = RawSocket::open(&sandbox).await;
    let connect = json!({"cmd": "connect", "token": TOKEN});
    let connected = json!({"cmd": "connected", "ok": 1});
    assert_eq!(socket.ask_for(&connect).await, connected);
    sandbox.advance(Duration::from_millis(1500)).await;
    assert_eq!(
        socket.ask_for(&json!({"cmd": "heartbeat"})).await,
        json!({"ok": 1, "cmd": "heartbeat", "data": {"datetime": "2026-02-28T14:30:01.500Z"}})
    );
    assert_eq!(socket.ask_for(&connect).await, connected, "to connect again changes nothing");
    socket.write(9, b"ping").await;
    assert_eq!(socket.bytes(6).await, [&[0x8a, 4], &b"ping"[..]].concat());
    let sockets = sandbox.convrs().sockets();
    assert_eq!((sockets.connected, sockets.accepted), (1, 1));
    assert_eq!((sockets.upgraded, sockets.heartbeats), (1, 1));

    socket.close().await;
    is_closed(&mut socket).await;
    sandbox.convrs().sockets_when(|sockets| sockets.connected == 0).await;
}

#[tokio::test]
async fn what_comes_before_connect_is_1019() {
    let sandbox = sandbox().await;
    for first in [&b"{\"cmd\":\"heartbeat\"}"[..], b"{\"cmd\":\"GetUser\"}", b"{", b"[]", b""] {
        let mut socket = RawSocket::open(&sandbox).await;
        socket.write(1, first).await;
        is_error(&socket.json().await, 1019);
        is_closed(&mut socket).await;
    }
    assert_eq!(sandbox.convrs().sockets().accepted, 0);
}

#[tokio::test]
async fn a_wrong_token_closes_the_socket() {
    let sandbox = sandbox().await;
    for (connect, code) in [
        (json!({"cmd": "connect"}), 1000),
        (json!({"cmd": "connect", "token": ""}), 1000),
        (json!({"cmd": "connect", "token": "old"}), 1001),
    ] {
        let mut socket = RawSocket::open(&sandbox).await;
        let error = socket.ask_for(&connect).await;
        is_error(&error, code);
        assert_eq!(error["cmd"], "connect");
        is_closed(&mut socket).await;
    }
}

#[tokio::test]
async fn a_token_that_no_longer_counts_closes_the_socket() {
    let sandbox = sandbox().await;
    for disable in [false, true] {
        let mut socket = RawSocket::connected(&sandbox).await;
        if disable {
            sandbox.convrs().disable();
        } else {
            sandbox.convrs().reset_token();
        }
        is_error(&socket.json().await, 1001);
        is_closed(&mut socket).await;
        assert_eq!(sandbox.convrs().sockets().connected, 0);
    }
    let mut socket = RawSocket::open(&sandbox).await;
    let connect = json!({"cmd": "connect", "token": sandbox.token()});
    is_error(&socket.ask_for(&connect).await, 1001);
}

#[tokio::test]
async fn commands_are_answered_with_and_without_a_token() {
    let sandbox = sandbox().await;
    let mut request = fixture("convrs/07-GetUser-request");
    let answer = ws_post(&sandbox, &request).await;
    assert_eq!((&answer["cmd"], &answer["ok"]), (&json!("GetUser"), &json!(1)));

    let mut socket = RawSocket::connected(&sandbox).await;
    request.as_object_mut().unwrap().remove("token");
    assert_eq!(socket.ask_for(&request).await, answer);
    socket.write(2, request.to_string().as_bytes()).await;
    assert_eq!(socket.json().await, answer, "a binary frame");
    request["token"] = json!("old");
    is_error(&socket.ask_for(&request).await, 1001);
    is_error(&socket.ask_for(&json!({"cmd": "Nonsense"})).await, 1004);
    socket.write(1, b"{").await;
    is_error(&socket.json().await, 1017);
    let unknown = json!({"cmd": "GetUser", "uid": "73-tel-0"});
    is_error(&socket.ask_for(&unknown).await, 1005);
}

#[tokio::test]
async fn a_second_socket_takes_the_place_of_the_first() {
    let sandbox = sandbox().await;
    let mut first = RawSocket::connected(&sandbox).await;
    let mut second = RawSocket::connected(&sandbox).await;
    sandbox.convrs().socket_connected(2).await;
    is_error(&first.json().await, 1018);
    is_closed(&mut first).await;
    sandbox.convrs().disable_user(BILLY).unwrap();
    sandbox.advance(Duration::ZERO).await;
    assert_eq!(second.json().await["cmd"], "onUserDisable");
    assert_eq!(sandbox.convrs().sockets().connected, 1);
}

#[tokio::test]
async fn all_six_events_go_to_the_socket_and_to_the_webhook() {
    let sandbox = sandbox().await;
    let mut receiver = Receiver::start(200).await;
    let mut socket = RawSocket::connected(&sandbox).await;
    let convrs = sandbox.convrs();
    convrs.set_webhook_url(Some(&receiver.url)).unwrap();
    convrs.create_user(User::new("73-tel-2")).unwrap();
    convrs.rename_user("73-tel-2", "Jane Doe").unwrap();
    convrs.disable_user("73-tel-2").unwrap();
    convrs.enable_user("73-tel-2").unwrap();
    convrs.user_writes("73-tel-2", "Hello").unwrap();
    convrs.close_conversation("73-tel-2").unwrap();
    convrs.delete_user("73-tel-2").unwrap();
    assert!(socket.is_silent().await, "the clock stands still");

    sandbox.advance(Duration::ZERO).await;
    let posted = receiver.bodies();
    assert_eq!(posted.len(), 6);
    for body in posted {
        assert_eq!(socket.json().await, serde_json::from_slice::<Value>(&body).unwrap());
    }
    assert!(socket.is_silent().await);
    let pushed = by_socket(convrs.events());
    assert_eq!(pushed.len(), 6);
    assert!(pushed.iter().all(|event| event.result == PushResult::Sent));
    let last = pushed.last().unwrap();
    assert_eq!((last.cmd.as_str(), last.uid.as_str()), ("onUserDelete", "73-tel-2"));
}

#[tokio::test]
async fn an_event_is_lost_when_nobody_is_connected() {
    let sandbox = sandbox().await;
    sandbox.convrs().disable_user(BILLY).unwrap();
    sandbox.advance(Duration::ZERO).await;
    let mut socket = RawSocket::connected(&sandbox).await;
    sandbox.convrs().enable_user(BILLY).unwrap();
    sandbox.advance(Duration::ZERO).await;
    assert_eq!(socket.json().await["cmd"], "onUserEnable");
    assert_eq!(sandbox.convrs().events().len(), 1);
}

#[tokio::test]
async fn events_come_by_themselves_where_the_clock_runs() {
    let sandbox = Sandbox::builder().real_time().start().await.unwrap();
    let mut socket = RawSocket::connected(&sandbox).await;
    sandbox.convrs().disable_user(BILLY).unwrap();
    assert_eq!(socket.json().await["cmd"], "onUserDisable");
}

#[tokio::test]
async fn many_events_come_in_order() {
    const COUNT: usize = 5000;
    let sandbox = sandbox().await;
    let mut socket = RawSocket::connected(&sandbox).await;
    for number in 0..COUNT {
        sandbox.convrs().create_user(User::new(format!("73-tel-{number}"))).unwrap();
    }
    let reader = tokio::spawn(async move {
        for number in 0..COUNT {
            assert_eq!(socket.json().await["data"]["uid"], format!("73-tel-{number}"));
        }
    });
    sandbox.advance(Duration::ZERO).await;
    assert_eq!(by_socket(sandbox.convrs().events()).len(), COUNT);
    reader.await.unwrap();
}

#[tokio::test]
async fn one_who_reads_nothing_holds_up_the_clock_for_five_seconds_once() {
    const COUNT: usize = 40;
    let sandbox = sandbox().await;
    let mut socket = RawSocket::connected(&sandbox).await;
    let text = "a".repeat(1024 * 1024);
    for _ in 0..COUNT {
        sandbox.convrs().user_writes(BILLY, &text).unwrap();
        sandbox.convrs().close_conversation(BILLY).unwrap();
    }
    // The time of the runtime, which runs ahead when there is nothing to do.
    tokio::time::pause();
    let before = tokio::time::Instant::now();
    sandbox.advance(Duration::ZERO).await;
    sandbox.advance(Duration::ZERO).await;
    assert_eq!(before.elapsed().as_secs(), 5);
    tokio::time::resume();
    assert!(by_socket(sandbox.convrs().events()).len() < COUNT);

    for _ in 0..COUNT {
        assert_eq!(socket.json().await["cmd"], "onUserConversation");
    }
    sandbox.advance(Duration::ZERO).await;
    assert_eq!(by_socket(sandbox.convrs().events()).len(), COUNT);
}

#[tokio::test]
async fn sockets_end_with_the_sandbox() {
    let sandbox = sandbox().await;
    let mut socket = RawSocket::connected(&sandbox).await;
    drop(sandbox);
    assert_eq!(socket.next().await, Came::Fin(0));
}
