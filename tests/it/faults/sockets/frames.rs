//! W10 to W13: what comes over a connection.

use convrs_client::User;
use replykit_sandbox::SocketFault;
use replykit_tests::fault_server::{Script, frame};

use super::*;

const MOST: u64 = 1 << 20;
/// What the kernels of both sides may hold, and then some.
const MOST_WRITTEN: u64 = 32 << 20;

/// The events that come of these frames, behind a connection that is up.
async fn read(frames: Vec<Vec<u8>>) -> Vec<Event> {
    let count = frames.len();
    let server = server(Script::connected().write(frames.concat()).hold()).await;
    let mut scene = Scene::of(&server, |builder| builder).await;
    assert_eq!(scene.line().await, "connected");
    let mut events = Vec::new();
    while events.len() < count {
        match scene.next().await {
            Some(SocketEvent::Event { event, origin: Origin::Live }) => events.push(event),
            other => panic!("{other:?}"),
        }
    }
    events
}

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| frame(0x81, text.as_bytes())).collect()
}

#[tokio::test]
async fn w10_a_frame_that_announces_too_much_is_not_waited_for() {
    for length in [u64::MAX, 1 << 62, MOST + 1] {
        let mut scene = Scene::live().await;
        scene.sandbox.convrs().socket_fault(SocketFault::TooLarge(length));
        scene.comes_back("TooLarge").await;
        assert_eq!(scene.line().await, "gap with 0, 0 cut");
        scene.is_live().await;
    }
}

#[tokio::test]
async fn w10_the_third_in_a_row_makes_a_long_pause_in_which_the_server_is_asked() {
    let mut scene = Scene::live().await;
    for _ in 0..2 {
        scene.sandbox.convrs().socket_fault(SocketFault::TooLarge(u64::MAX));
        assert_eq!(scene.line().await, "lost: TooLarge");
        scene.next().await;
        assert_eq!(scene.lines(2).await, ["connected", "gap with 0, 0 cut"]);
    }
    scene.sandbox.convrs().socket_fault(SocketFault::TooLarge(u64::MAX));
    assert_eq!(scene.line().await, "lost: TooLarge");
    let Some(SocketEvent::Reconnecting { wait, .. }) = scene.next().await else { panic!() };
    assert_eq!(wait, Duration::from_secs(15 * 60));

    scene.sandbox.convrs().create_user(User::new("73-tel-2")).unwrap();
    leap(Duration::from_secs(60)).await;
    assert_eq!(scene.line().await, "backfilled onUserCreate");
}

#[tokio::test]
async fn w10_a_message_in_pieces_without_end_is_given_up_at_the_limit() {
    let piece = frame(0, &[b' '; 64 << 10]);
    let endless = Script::connected().write(frame(1, b"{")).endless(piece);
    let server = server([endless, Script::connected().hold()]).await;
    let mut scene = Scene::of(&server, |builder| builder).await;
    assert_eq!(scene.lines(2).await, ["connected", "lost: TooLarge"]);
    assert_eq!(scene.lines(2).await, ["attempt 1", "connected"]);
    assert!(server.written() < MOST_WRITTEN, "{}", server.written());
}

#[tokio::test]
async fn w10_pieces_with_nothing_in_them_are_no_sign_of_life() {
    let nothing = frame(0, b"").repeat(4096);
    let endless = Script::connected().write(frame(1, b"{")).endless(nothing);
    let server = server([endless, Script::connected().hold()]).await;
    let heartbeat = |builder: SocketBuilder| builder.heartbeat(Duration::from_millis(80));
    let mut scene = Scene::of(&server, heartbeat).await;
    assert_eq!(scene.lines(2).await, ["connected", "lost: Silent"]);
}

#[tokio::test]
async fn w10_an_answer_to_the_upgrade_without_end_is_given_up() {
    let start = Script::request().write("HTTP/1.1 101 Switching Protocols\r\nX-Filler: ");
    let server = server([start.endless(vec![b'x'; 16 << 10]), Script::connected().hold()]).await;
    let mut scene = Scene::of(&server, |builder| builder).await;
    assert_eq!(scene.lines(2).await, ["attempt 1", "connected"]);
    assert!(server.written() < MOST_WRITTEN, "{}", server.written());
}

#[tokio::test]
async fn w11_an_event_that_was_cut_in_a_character_is_recovered() {
    let mut scene = Scene::live().await;
    scene.sandbox.convrs().socket_fault(SocketFault::CutUtf8);
    scene.sandbox.convrs().create_user(User::new("73-tel-2")).unwrap();
    scene.sandbox.advance(Duration::ZERO).await;
    scene.comes_back("Broken").await;
    assert_eq!(scene.lines(2).await, ["gap with 1, 0 cut", "backfilled onUserCreate"]);
}

#[tokio::test]
async fn w11_a_binary_frame_is_read_as_json_and_kept_when_it_is_none() {
    let frames = vec![frame(0x82, EVENT.as_bytes()), frame(0x82, b"\xff\xfe"), frame(0x81, b"no")];
    let events = read(frames).await;
    assert!(matches!(&events[0], Event::UserDeleted(uid) if uid.as_str() == "73-tel-1"));
    for (event, bytes) in events[1..].iter().zip([&b"\xff\xfe"[..], b"no"]) {
        let (Event::Malformed(raw) | Event::Unknown(raw)) = event else { panic!("{event:?}") };
        assert_eq!(raw.bytes(), bytes);
    }
}

#[tokio::test]
async fn w12_a_flood_of_pings_by_one_who_reads_no_pong_is_not_read_any_further() {
    let flood = Script::connected().endless(frame(0x89, &[0; 125]).repeat(512));
    let server = server([flood, Script::connected().hold()]).await;
    let heartbeat = |builder: SocketBuilder| builder.heartbeat(Duration::from_millis(80));
    let mut scene = Scene::of(&server, heartbeat).await;
    assert_eq!(scene.lines(2).await, ["connected", "lost: Silent"]);
    assert!(server.written() < 2 * MOST_WRITTEN, "{}", server.written());
}

#[tokio::test]
async fn w13_what_is_new_or_odd_costs_nothing_else() {
    let events = read(texts(&[
        r#"{"cmd":"onUserMoved","ok":1,"uid":"73-tel-1"}"#,
        r#"{"cmd":"somethingNew","ok":1}"#,
        r#"{"cmd":"onUserCreate","ok":1,"data":{"uid":"73-tel-1","shoe_size":43},"seq":7}"#,
        r#"{"cmd":"onUserCreate","ok":1,"data":[1]}"#,
        r#"{"cmd":"onUserConversation","ok":1,"uid":"73-tel-1","data":[
            {"mid":"1","typ":"text","sender":"client","msg":"one"}, {"mid":{}},
            {"mid":"3","typ":"text","sender":"client","msg":"three"}]}"#,
        EVENT,
    ]))
    .await;
    let names: Vec<_> = events.iter().map(name).collect();
    assert_eq!(names[..2], ["unknown onUserMoved", "unknown somethingNew"]);
    assert_eq!(names[2..4], ["onUserCreate", "malformed onUserCreate"]);
    assert_eq!(names[4..], ["onUserConversation", "onUserDelete"]);
    let Event::UserCreated(user) = &events[2] else { panic!() };
    assert_eq!(user.extra.get("shoe_size").unwrap(), 43);
    let Event::ConversationClosed { messages, .. } = &events[4] else { panic!() };
    assert_eq!((messages.len(), messages.malformed().len()), (2, 1));
}
