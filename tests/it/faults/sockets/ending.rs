//! W04 to W07, W09 and W19: how a connection ends, and what comes behind it.

use convrs_client::{Takeover, User};
use replykit_sandbox::{SocketFault, Way};

use super::*;
use crate::support::socket::{Came, RawSocket};

#[tokio::test]
async fn w04_a_half_open_connection_is_found_by_its_heartbeats() {
    let heartbeat = |builder: SocketBuilder| builder.heartbeat(Duration::from_millis(80));
    let mut scene = Scene::live_with(heartbeat).await;
    scene.sandbox.convrs().socket_fault(SocketFault::HalfOpen);
    scene.sandbox.convrs().create_user(User::new("73-tel-2")).unwrap();
    scene.sandbox.advance(Duration::ZERO).await;

    scene.comes_back("Silent").await;
    assert_eq!(scene.lines(2).await, ["gap with 1, 0 cut", "backfilled onUserCreate"]);
    scene.is_live().await;
}

#[tokio::test]
async fn w04_answers_that_stay_away_end_no_connection_on_which_events_come() {
    let heartbeat = |builder: SocketBuilder| builder.heartbeat(Duration::from_millis(40));
    let mut scene = Scene::live_with(heartbeat).await;
    scene.sandbox.convrs().socket_fault(SocketFault::Stall);
    for heartbeats in 2..5 {
        scene.sandbox.convrs().sockets_when(|sockets| sockets.heartbeats >= heartbeats).await;
        scene.is_live().await;
    }
    assert_eq!(scene.sandbox.convrs().sockets().accepted, 1);
}

#[tokio::test]
async fn w05_a_connection_that_ends_in_any_way_is_followed_by_another() {
    for (fault, why) in [
        (SocketFault::Close, "Closed(Some(1000))"),
        (SocketFault::Drop, "Closed(None)"),
        (SocketFault::Reset, "Broken"),
        (SocketFault::Garbage, "Broken"),
    ] {
        let mut scene = Scene::live().await;
        scene.sandbox.convrs().socket_fault(fault);
        scene.comes_back(why).await;
        assert_eq!(scene.line().await, "gap with 0, 0 cut", "{fault:?}");
        scene.is_live().await;
    }
}

#[tokio::test]
async fn w05_a_server_that_is_gone_is_tried_again_and_again() {
    let mut scene = Scene::live().await;
    let port = scene.sandbox.address().port();
    let gone = std::mem::replace(&mut scene.sandbox, sandbox().await);
    drop(gone);
    assert!(scene.line().await.starts_with("lost: "));
    assert_eq!(scene.lines(3).await, ["attempt 1", "attempt 2", "attempt 3"]);

    scene.sandbox = Sandbox::builder().token(TOKEN).port(port).start().await.unwrap();
    while scene.line().await != "connected" {}
    assert_eq!(scene.line().await, "gap with 0, 0 cut");
    scene.is_live().await;
}

#[tokio::test]
async fn w06_a_taken_place_is_left_to_the_other() {
    let mut scene = Scene::live().await;
    let mut other = RawSocket::connected(&scene.sandbox).await;
    assert!(scene.line().await.starts_with("lost: Closed"));
    assert_eq!(scene.lines(2).await, ["ended: TakenOver", "nothing"]);
    is_not_sent(&scene.client()).await;
    assert!(other.is_silent().await, "nobody took the place back");
    assert_eq!(scene.sandbox.convrs().sockets().accepted, 2);
}

#[tokio::test]
async fn w06_a_contender_takes_its_place_back_after_half_a_minute() {
    let contend = |builder: SocketBuilder| builder.takeover(Takeover::Contend);
    let mut scene = Scene::live_with(contend).await;
    let mut other = RawSocket::connected(&scene.sandbox).await;
    assert!(scene.line().await.starts_with("lost: Closed"));
    let Some(SocketEvent::Reconnecting { attempt: 1, wait }) = scene.next().await else { panic!() };
    assert_eq!(wait, Duration::from_secs(30));
    leap(wait).await;
    assert_eq!(scene.lines(2).await, ["connected", "gap with 0, 0 cut"]);
    assert_eq!(other.json().await["errorCode"], 1018);
    scene.is_live().await;
}

#[tokio::test]
async fn w07_a_notice_on_a_connection_that_stays_open_is_about_another() {
    let sandbox = sandbox().await;
    let mut other = RawSocket::connected(&sandbox).await;
    sandbox.convrs().socket_fault(SocketFault::TellNew);
    let mut scene = Scene::opening(sandbox, |builder| builder).await;
    assert_eq!(scene.line().await, "connected");
    assert_eq!(other.next().await, Came::Close(1000));
    scene.is_live().await;
    leap(Duration::from_secs(5)).await;
    assert_eq!(scene.line().await, "took over");
    scene.is_live().await;
    assert_eq!(scene.sandbox.convrs().sockets().accepted, 2);
}

#[tokio::test]
async fn w09_a_reader_that_stands_still_loses_nothing() {
    const EVENTS: usize = 6000;
    let mut scene = Scene::live().await;
    let convrs = scene.sandbox.convrs();
    for _ in 0..EVENTS / 2 {
        convrs.disable_user(BILLY).unwrap();
        convrs.enable_user(BILLY).unwrap();
    }
    scene.sandbox.advance(Duration::ZERO).await;
    for _ in 0..EVENTS / 2 {
        assert_eq!(scene.lines(2).await, ["live onUserDisable", "live onUserEnable"]);
    }
    let pushed = scene.sandbox.convrs().events();
    assert_eq!(pushed.iter().filter(|event| event.way == Way::Socket).count(), EVENTS + 2);
}

#[tokio::test]
async fn w19_shutting_down_says_goodbye_and_gives_what_came_before() {
    let mut scene = Scene::live().await;
    scene.sandbox.convrs().disable_user(BILLY).unwrap();
    scene.sandbox.advance(Duration::ZERO).await;
    // An answer comes behind the event, so that one is in the queue.
    scene.client().execute(convrs_client::GetUser::new(BILLY)).await.unwrap();
    scene.events.shut_down();
    let lines = scene.lines(3).await;
    assert_eq!(lines, ["live onUserDisable", "ended: Closed", "nothing"]);
    scene.sandbox.convrs().sockets_when(|sockets| sockets.connected == 0).await;
    is_not_sent(&scene.client()).await;
}
