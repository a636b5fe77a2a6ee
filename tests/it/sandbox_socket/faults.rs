//! Each fault of a socket, once.

use convrs_client::ErrorCode;
use http::StatusCode;

use super::*;
use crate::support::repository;

async fn with(fault: SocketFault) -> (Sandbox, RawSocket) {
    let sandbox = sandbox().await;
    let socket = RawSocket::connected(&sandbox).await;
    sandbox.convrs().socket_fault(fault);
    (sandbox, socket)
}

/// Events of two users in turn, four in all.
async fn push(sandbox: &Sandbox) {
    let convrs = sandbox.convrs();
    let both = [BILLY, "3941-wa3-44151999999"];
    both.iter().for_each(|uid| convrs.disable_user(*uid).unwrap());
    both.iter().for_each(|uid| convrs.enable_user(*uid).unwrap());
    sandbox.advance(Duration::ZERO).await;
}

/// The events that come, by user and in short.
async fn names(socket: &mut RawSocket, count: usize) -> Vec<String> {
    let mut names = Vec::new();
    for _ in 0..count {
        let event = socket.json().await;
        let who = if event["uid"] == BILLY { "billy" } else { "other" };
        let what = event["cmd"].as_str().unwrap().strip_prefix("onUser").unwrap().to_lowercase();
        names.push(format!("{who} {what}"));
    }
    names
}

fn lost(sandbox: &Sandbox) -> usize {
    let failed = |event: &EventDelivery| matches!(event.result, PushResult::Failed(_));
    by_socket(sandbox.convrs().events()).iter().filter(|event| failed(event)).count()
}

#[tokio::test]
async fn an_upgrade_is_refused_as_often_as_was_said() {
    let sandbox = sandbox().await;
    for status in [401, 403, 404, 500, 503] {
        let status = StatusCode::from_u16(status).unwrap();
        sandbox.convrs().socket_fault(SocketFault::RefuseUpgrade(status));
    }
    for status in [401, 403, 404, 500, 503, 101] {
        let mut socket = RawSocket::ask_as_documented(&sandbox).await;
        assert_eq!(socket.answer().await.0, status);
    }
    sandbox.convrs().socket_fault(SocketFault::RefuseUpgrade(StatusCode::FOUND));
    let (status, head) = RawSocket::ask_as_documented(&sandbox).await.answer().await;
    assert_eq!(status, 302);
    assert!(head.contains("\r\nlocation: /convrs/api\r\n"), "{head}");
    sandbox.convrs().socket_fault(SocketFault::RefuseUpgrade(StatusCode::CONTINUE));
    assert_eq!(RawSocket::ask_as_documented(&sandbox).await.answer().await.0, 500);
}

#[tokio::test]
async fn an_upgrade_can_have_no_answer() {
    let sandbox = sandbox().await;
    sandbox.convrs().socket_fault(SocketFault::SilentUpgrade);
    let mut socket = RawSocket::ask_as_documented(&sandbox).await;
    socket.fin().await;
    assert_eq!(socket.next().await, Came::Fin(0), "not a byte came before");
    assert_eq!(sandbox.convrs().sockets().upgraded, 0);
    RawSocket::connected(&sandbox).await;
}

#[tokio::test]
async fn a_connect_can_have_no_answer() {
    let sandbox = sandbox().await;
    sandbox.convrs().socket_fault(SocketFault::SilentConnect);
    let mut socket = RawSocket::open(&sandbox).await;
    socket.send(&json!({"cmd": "connect", "token": TOKEN})).await;
    socket.send(&json!({"cmd": "heartbeat"})).await;
    socket.close().await;
    is_closed(&mut socket).await;
    assert_eq!(sandbox.convrs().sockets().accepted, 0);
}

#[tokio::test]
async fn a_connect_can_be_refused_with_any_code() {
    let sandbox = sandbox().await;
    for code in [ErrorCode::MissingToken, ErrorCode::InvalidToken, ErrorCode::from(2004)] {
        sandbox.convrs().socket_fault(SocketFault::ConnectError(code));
        let mut socket = RawSocket::open(&sandbox).await;
        let error = socket.ask_for(&json!({"cmd": "connect", "token": TOKEN})).await;
        is_error(&error, code.number());
        is_closed(&mut socket).await;
    }
    RawSocket::connected(&sandbox).await;
}

#[tokio::test]
async fn the_new_one_can_be_told_of_the_takeover() {
    let (sandbox, mut first) = with(SocketFault::TellNew).await;
    let mut second = RawSocket::connected(&sandbox).await;
    is_error(&second.json().await, 1018);
    is_closed(&mut first).await;
    assert_eq!(second.ask_for(&json!({"cmd": "heartbeat"})).await["ok"], 1, "it stays open");
}

#[tokio::test]
async fn a_session_ends_in_each_way() {
    let (_sandbox, mut socket) = with(SocketFault::Close).await;
    is_closed(&mut socket).await;
    let (_sandbox, mut socket) = with(SocketFault::Drop).await;
    assert_eq!(socket.next().await, Came::Fin(0));
    let (_sandbox, mut socket) = with(SocketFault::Reset).await;
    assert_eq!(socket.next().await, Came::Reset);
    let (sandbox, mut socket) = with(SocketFault::TakenOver).await;
    is_error(&socket.json().await, 1018);
    is_closed(&mut socket).await;
    assert_eq!(sandbox.convrs().sockets().connected, 0);
}

#[tokio::test]
async fn a_fault_of_a_session_waits_for_one() {
    let sandbox = sandbox().await;
    sandbox.convrs().socket_fault(SocketFault::Drop);
    sandbox.convrs().socket_fault(SocketFault::Close);
    let mut socket = RawSocket::connected(&sandbox).await;
    assert_eq!(socket.next().await, Came::Fin(0));
    is_closed(&mut RawSocket::connected(&sandbox).await).await;
    assert_eq!(sandbox.convrs().sockets().accepted, 2);
}

#[tokio::test]
async fn a_fault_that_a_session_has_waits_for_the_next_one() {
    let (sandbox, _first) = with(SocketFault::HalfOpen).await;
    sandbox.convrs().socket_fault(SocketFault::HalfOpen);
    sandbox.convrs().socket_fault(SocketFault::HalfOpen);
    let mut sockets = Vec::new();
    for lost_so_far in [4, 8, 12] {
        push(&sandbox).await;
        assert_eq!(lost(&sandbox), lost_so_far);
        sockets.push(RawSocket::connected(&sandbox).await);
    }
    push(&sandbox).await;
    assert_eq!(lost(&sandbox), 12);
}

#[tokio::test]
async fn a_half_open_socket_takes_everything_and_says_nothing() {
    let (sandbox, mut socket) = with(SocketFault::HalfOpen).await;
    socket.send(&json!({"cmd": "heartbeat"})).await;
    push(&sandbox).await;
    assert_eq!(lost(&sandbox), 4);
    let sockets = sandbox.convrs().sockets();
    assert_eq!((sockets.connected, sockets.heartbeats), (1, 0));

    let mut next = RawSocket::connected(&sandbox).await;
    assert_eq!(next.ask_for(&json!({"cmd": "heartbeat"})).await["ok"], 1);
    socket.fin().await;
    assert_eq!(socket.next().await, Came::Fin(0), "not even of the takeover it was told");
}

#[tokio::test]
async fn a_stalled_session_answers_nothing_and_still_pushes() {
    let (sandbox, mut socket) = with(SocketFault::Stall).await;
    socket.send(&json!({"cmd": "SetUserNotes", "uid": BILLY, "notes": "kept"})).await;
    socket.send(&json!({"cmd": "heartbeat"})).await;
    sandbox.convrs().sockets_when(|sockets| sockets.heartbeats == 1).await;
    sandbox.advance(Duration::ZERO).await;
    assert_eq!(socket.json().await["data"]["update"], json!({"notes": "kept"}), "it was done");
    assert!(socket.is_silent().await);
}

#[tokio::test]
async fn bytes_come_that_are_no_frame() {
    let (_sandbox, mut socket) = with(SocketFault::Garbage).await;
    assert_eq!(socket.bytes(16).await, [0xff; 16]);
    let (_sandbox, mut socket) = with(SocketFault::TooLarge(u64::MAX)).await;
    let most = [0x81, 127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    assert_eq!(socket.bytes(10).await, most);
    let (_sandbox, mut socket) = with(SocketFault::TooLarge(1024 * 1024 + 1)).await;
    assert_eq!(socket.bytes(10).await, [0x81, 127, 0, 0, 0, 0, 0, 0x10, 0, 1]);
}

#[tokio::test]
async fn an_event_is_cut_in_its_frame_or_in_a_character() {
    let (sandbox, mut socket) = with(SocketFault::CutFrame).await;
    push(&sandbox).await;
    let whole = json!({"cmd": "onUserDisable", "ok": 1, "uid": BILLY}).to_string();
    assert_eq!(socket.next().await, Came::Fin(2 + whole.len() / 2));
    assert_eq!(lost(&sandbox), 1, "the others found nobody");
    assert_eq!(sandbox.convrs().events().len(), 1);

    let (sandbox, mut socket) = with(SocketFault::CutUtf8).await;
    push(&sandbox).await;
    let Came::Text(text) = socket.next().await else { panic!("no text") };
    let error = std::str::from_utf8(&text).unwrap_err();
    assert_eq!((error.valid_up_to(), error.error_len()), (text.len() - 2, None));
    assert_eq!(names(&mut socket, 3).await, ["other disable", "billy enable", "other enable"]);
    assert_eq!(lost(&sandbox), 1);
}

#[tokio::test]
async fn an_event_comes_twice() {
    let (sandbox, mut socket) = with(SocketFault::Duplicate).await;
    push(&sandbox).await;
    let came = names(&mut socket, 5).await;
    assert_eq!(came[..3], ["billy disable", "billy disable", "other disable"]);
    assert_eq!(by_socket(sandbox.convrs().events()).len(), 5);
}

#[tokio::test]
async fn events_of_two_users_change_places() {
    let (sandbox, mut socket) = with(SocketFault::Reorder).await;
    push(&sandbox).await;
    let came = names(&mut socket, 4).await;
    assert_eq!(came, ["other disable", "billy disable", "billy enable", "other enable"]);

    sandbox.convrs().socket_fault(SocketFault::Reorder);
    sandbox.convrs().disable_user(BILLY).unwrap();
    sandbox.convrs().enable_user(BILLY).unwrap();
    sandbox.advance(Duration::ZERO).await;
    assert!(socket.is_silent().await, "those of one user stay in order, and wait together");
    sandbox.convrs().socket_fault(SocketFault::Close);
    is_closed(&mut socket).await;
    assert_eq!(lost(&sandbox), 2);
}

#[tokio::test]
async fn an_answer_comes_late() {
    let (_sandbox, mut socket) = with(SocketFault::LateReply).await;
    socket.send(&json!({"cmd": "GetUser", "uid": BILLY})).await;
    socket.send(&json!({"cmd": "GetUserTags", "uid": BILLY})).await;
    assert_eq!(socket.json().await["cmd"], "GetUser");
    assert_eq!(socket.json().await["cmd"], "GetUserTags");

    let (_sandbox, mut socket) = with(SocketFault::LateReply).await;
    assert_eq!(socket.ask_for(&json!({"cmd": "heartbeat"})).await["cmd"], "heartbeat");
    socket.send(&json!({"cmd": "GetUser", "uid": BILLY})).await;
    socket.send(&json!({"cmd": "heartbeat"})).await;
    assert_eq!(socket.json().await["cmd"], "GetUser");
    assert_eq!(socket.json().await["cmd"], "heartbeat");
}

#[tokio::test]
async fn every_fault_has_its_name_in_the_control_api() {
    let sandbox = sandbox().await;
    let readme = std::fs::read_to_string(repository().join("sandbox/README.md")).unwrap();
    let url = format!("http://{}/convrs/control", sandbox.address());
    let control = async |request: Value| {
        let answer = send(Method::POST, &url, &[], request.to_string()).await;
        (answer.status().as_u16(), serde_json::from_slice::<Value>(answer.body()).unwrap())
    };
    for fault in [
        json!({"refuse_upgrade": 503}),
        json!("silent_upgrade"),
        json!("silent_connect"),
        json!({"connect_error": 2004}),
        json!("tell_new"),
        json!("close"),
        json!("drop"),
        json!("reset"),
        json!("taken_over"),
        json!("half_open"),
        json!("stall"),
        json!("garbage"),
        json!({"too_large": u64::MAX}),
        json!("cut_frame"),
        json!("cut_utf8"),
        json!("duplicate"),
        json!("reorder"),
        json!("late_reply"),
    ] {
        let request = json!({"action": "socket_fault", "fault": fault, "times": 2});
        assert_eq!(control(request).await, (200, json!({})), "{fault}");
        let name = match &fault {
            Value::Object(fault) => format!("`{{\"{}\": ", fault.keys().next().unwrap()),
            name => format!("`{}`", name.as_str().unwrap()),
        };
        assert!(readme.contains(&name), "{name} is not in the README");
    }
    for _ in 0..2 {
        assert_eq!(RawSocket::ask_as_documented(&sandbox).await.answer().await.0, 503);
    }
    for (fault, says) in [
        (json!("explode"), "unknown variant `explode`"),
        (json!({"refuse_upgrade": 101}), "from 200 on"),
        (json!({"connect_error": 4711}), "no documented code"),
    ] {
        let (status, answer) = control(json!({"action": "socket_fault", "fault": fault})).await;
        assert_eq!(status, 400);
        assert!(answer["error"].as_str().unwrap().contains(says), "{answer}");
    }
}

#[tokio::test]
async fn the_control_api_tells_of_sockets() {
    let sandbox = sandbox().await;
    let mut socket = RawSocket::connected(&sandbox).await;
    sandbox.convrs().disable_user(BILLY).unwrap();
    sandbox.advance(Duration::ZERO).await;
    assert_eq!(socket.json().await["cmd"], "onUserDisable");
    let url = format!("http://{}/convrs/control", sandbox.address());
    let control = async |action: &str| {
        let request = json!({ "action": action }).to_string();
        let answer = send(Method::POST, &url, &[], request).await;
        serde_json::from_slice::<Value>(answer.body()).unwrap()
    };
    let counts = json!({"connected": 1, "accepted": 1, "upgraded": 1, "heartbeats": 0});
    assert_eq!(control("sockets").await, counts);
    let event = json!({
        "cmd": "onUserDisable", "uid": BILLY, "way": "socket", "result": {"sent": true}
    });
    assert_eq!(control("events").await, json!({ "events": [event] }));
}
