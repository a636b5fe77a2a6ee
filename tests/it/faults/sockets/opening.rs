//! W01, W02, W03 and W08: before a connection is of use.

use convrs_client::ErrorCode;
use http::StatusCode;
use replykit_sandbox::SocketFault;
use replykit_tests::fault_server::{FaultServer, Script, Step};

use super::*;

#[tokio::test]
async fn w01_a_refused_upgrade_ends_the_socket_for_good() {
    for status in [401, 403, 404] {
        let sandbox = sandbox().await;
        let refusal = StatusCode::from_u16(status).unwrap();
        sandbox.convrs().socket_fault(SocketFault::RefuseUpgrade(refusal));
        let mut scene = Scene::opening(sandbox, |builder| builder).await;
        assert_eq!(scene.lines(2).await, [&format!("ended: Status({status})"), "nothing"]);
        is_not_sent(&scene.client()).await;
        assert_eq!(scene.sandbox.convrs().sockets().upgraded, 0);
    }
}

#[tokio::test]
async fn w01_a_refused_token_ends_the_socket_for_good() {
    for (code, end) in [
        (ErrorCode::MissingToken, "ended: Refused(MissingToken)"),
        (ErrorCode::InvalidToken, "ended: Refused(InvalidToken)"),
    ] {
        let sandbox = sandbox().await;
        sandbox.convrs().socket_fault(SocketFault::ConnectError(code));
        let mut scene = Scene::opening(sandbox, |builder| builder).await;
        assert_eq!(scene.lines(2).await, [end, "nothing"]);
        is_not_sent(&scene.client()).await;
        assert_eq!(scene.sandbox.convrs().sockets().upgraded, 1);
    }
}

#[tokio::test]
async fn w01_a_token_that_is_reset_ends_the_socket_that_has_it() {
    for disable in [false, true] {
        let mut scene = Scene::live().await;
        let convrs = scene.sandbox.convrs();
        if disable {
            convrs.disable()
        } else {
            _ = convrs.reset_token()
        }
        assert_eq!(scene.lines(2).await, ["ended: Refused(InvalidToken)", "nothing"]);
        is_not_sent(&scene.client()).await;
        assert_eq!(scene.sandbox.convrs().sockets().upgraded, 1);
    }
}

#[tokio::test]
async fn w02_a_status_that_may_pass_is_tried_again() {
    for status in [500, 502, 503, 429] {
        let sandbox = sandbox().await;
        let refusal = StatusCode::from_u16(status).unwrap();
        for _ in 0..2 {
            sandbox.convrs().socket_fault(SocketFault::RefuseUpgrade(refusal));
        }
        let mut scene = Scene::opening(sandbox, |builder| builder).await;
        assert_eq!(scene.lines(3).await, ["attempt 1", "attempt 2", "connected"], "{status}");
    }
}

#[tokio::test]
async fn w02_a_redirect_is_not_followed_and_its_target_gets_no_byte() {
    let target = FaultServer::start(Script::connected().hold()).await;
    for status in [301, 302, 307, 308] {
        let location = format!("Location: {}\r\n", target.ws_url());
        let redirect = Script::reply_with(status, &location, "");
        let server = server([redirect, Script::connected().hold()]).await;
        let mut scene = Scene::of(&server, |builder| builder).await;
        assert_eq!(scene.lines(2).await, ["attempt 1", "connected"]);
        assert_eq!(target.connections(), 0);
    }
}

#[tokio::test]
async fn w02_what_is_silent_is_given_up_and_tried_again() {
    let sandbox = sandbox().await;
    sandbox.convrs().socket_fault(SocketFault::SilentUpgrade);
    let url = sandbox.convrs_ws_url();
    let hasty = Duration::from_millis(100);
    let mut scene = Scene::to(sandbox, &url, hasty, |builder| builder).await;
    assert_eq!(scene.lines(2).await, ["attempt 1", "connected"]);

    // The time runs once the client has sent its first frame. The pings, which are longer than the answer
    // to the upgrade, tell when that is.
    let pings = [[0x89, 125].as_slice(), &[0; 125]].concat().repeat(2);
    let told = pings.len() as u64;
    let silent = Script::upgrade().then(Step::ReadBytes(1)).write(pings).hold();
    let server = server([silent, Script::connected().hold()]).await;
    let mut scene = Scene::of(&server, |builder| builder).await;
    while server.written() < told {
        tokio::task::yield_now().await;
    }
    leap(Duration::from_secs(10)).await;
    assert_eq!(scene.lines(2).await, ["attempt 1", "connected"]);
}

#[tokio::test]
async fn w02_what_is_no_http_or_ends_early_is_tried_again() {
    for script in [
        Script::close(),
        Script::request().reset(),
        Script::request().write("SSH-2.0-OpenSSH_9.6\r\n\r\n").fin(),
        Script::request().write("HTTP/1.1 101 Switching Protocols\r\n\r\n").fin(),
        Script::reply(200, "Hello"),
    ] {
        let case = format!("{script:?}");
        let server = server([script, Script::connected().hold()]).await;
        let mut scene = Scene::of(&server, |builder| builder).await;
        assert_eq!(scene.lines(2).await, ["attempt 1", "connected"], "{case}");
    }
}

#[tokio::test]
async fn w03_connect_expected_is_fatal_the_third_time() {
    let sandbox = sandbox().await;
    for _ in 0..2 {
        sandbox.convrs().socket_fault(SocketFault::ConnectError(ErrorCode::ConnectExpected));
    }
    let mut scene = Scene::opening(sandbox, |builder| builder).await;
    assert_eq!(scene.lines(3).await, ["attempt 1", "attempt 2", "connected"]);

    let sandbox = super::sandbox().await;
    for _ in 0..3 {
        sandbox.convrs().socket_fault(SocketFault::ConnectError(ErrorCode::ConnectExpected));
    }
    let mut scene = Scene::opening(sandbox, |builder| builder).await;
    let told = ["attempt 1", "attempt 2", "ended: OutOfOrder", "nothing"];
    assert_eq!(scene.lines(4).await, told);
}

#[tokio::test]
async fn w03_an_event_before_connected_is_delivered() {
    let server = server(Script::upgrade().text(EVENT).connect().hold()).await;
    let mut scene = Scene::of(&server, |builder| builder).await;
    assert_eq!(scene.lines(2).await, ["connected", "live onUserDelete"]);
}

#[tokio::test]
async fn w08_a_second_socket_of_a_process_is_refused_until_the_first_is_gone() {
    let sandbox = sandbox().await;
    let first = sandbox.convrs_socket().unwrap();
    let error = sandbox.convrs_socket().unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent);
    assert!(error.to_string().contains("another socket of this process"), "{error}");
    let clone = first.clone();
    drop(first);
    assert!(sandbox.convrs_socket().is_err());
    drop(clone);
    assert!(sandbox.convrs_socket().is_ok());
}
