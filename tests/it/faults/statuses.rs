//! H17 to H21: a status, and nothing of the API's own with it.

use std::{io::ErrorKind as Io, net::TcpListener, time::Duration};

use convrs_client::{Outcome, RetryRule};
use replykit_tests::fault_server::{FaultServer, Script};

use super::harness::{
    Fault, Kind, LATER, Op, PATIENT, UNLESS_SEND, client, fails, fault, loopback, row,
};

fn bare(status: u16, outcome: Outcome, rule: RetryRule) -> [Fault; 2] {
    let expected = || fails(Kind::Http(status), outcome, rule);
    ["<html>no</html>", ""]
        .map(|body| fault(format!("{status} {body:?}"), Script::reply(status, body), expected()))
}

#[tokio::test]
async fn h17_a_status_that_refuses_before_any_work_ends_the_call() {
    for status in
        [400, 401, 403, 404, 405, 406, 410, 411, 413, 414, 415, 417, 421, 422, 431, 501, 505]
    {
        row("H17", bare(status, Outcome::Rejected, RetryRule::Never)).await;
    }
}

#[tokio::test]
async fn h18_too_many_requests_and_too_early_may_be_repeated_by_every_command() {
    for status in [429, 425] {
        row("H18", bare(status, Outcome::Rejected, LATER)).await;
    }
}

#[tokio::test]
async fn h19_a_status_that_may_hide_a_send_is_repeated_by_reads_and_writes_alone() {
    for status in [408, 499, 500, 502, 503, 504, 520, 521, 555, 599] {
        row("H19", bare(status, Outcome::Unknown, UNLESS_SEND)).await;
    }
    row("H19", bare(409, Outcome::Unknown, RetryRule::Never)).await;
}

#[tokio::test]
async fn h20_a_redirect_is_not_followed_and_its_target_gets_nothing() {
    // The kernel takes connections without being asked, so one that was opened is waiting there.
    let target = TcpListener::bind("127.0.0.1:0").unwrap();
    target.set_nonblocking(true).unwrap();
    let elsewhere = format!("http://{}/api", target.local_addr().unwrap());
    for (status, outcome) in [
        (307, Outcome::Rejected),
        (308, Outcome::Rejected),
        (301, Outcome::Unknown),
        (302, Outcome::Unknown),
        (303, Outcome::Unknown),
    ] {
        row(
            "H20",
            [elsewhere.as_str(), "/api/", "//127.0.0.1/"].map(|location| {
                let header = format!("Location: {location}\r\n");
                let expected = fails(Kind::Http(status), outcome, RetryRule::Never);
                fault(
                    format!("{status} to {location}"),
                    Script::reply_with(status, &header, ""),
                    expected,
                )
            }),
        )
        .await;
        let nobody = target.accept().map(|_| "a connection").unwrap_err();
        assert_eq!(nobody.kind(), Io::WouldBlock, "H20, {status}");
    }
}

const DATE: &str = "Date: Wed, 21 Oct 2015 07:28:00 GMT\r\n";

/// What the error of a 429 with these header lines says to wait.
async fn asked_to_wait(headers: &str) -> Option<Duration> {
    let server = FaultServer::start(Script::reply_with(429, headers, "busy")).await;
    let client = client(loopback(), &server.url());
    let error = Op::Sms.execute(&client, PATIENT, 0).await.unwrap_err();
    assert_eq!((error.outcome(), error.attempts()), (Outcome::Rejected, 1), "H21, {headers}");
    error.retry_after()
}

#[tokio::test]
async fn h21_a_retry_after_that_is_too_long_ends_the_call_and_stands_in_the_error() {
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    for (headers, time) in [
        ("Retry-After: 120\r\n".to_owned(), seconds(120)),
        ("Retry-After: 0\r\n".to_owned(), seconds(0)),
        ("Retry-After: 1000000000000\r\n".to_owned(), seconds(1_000_000_000_000)),
        (format!("Retry-After: Wed, 21 Oct 2015 07:30:00 GMT\r\n{DATE}"), seconds(120)),
        (format!("Retry-After: Wed, 21 Oct 2015 07:27:00 GMT\r\n{DATE}"), seconds(0)),
        ("Retry-After: Wed, 21 Oct 2015 07:30:00 GMT\r\n".to_owned(), None),
        ("Retry-After: -5\r\n".to_owned(), None),
        ("Retry-After: 1e12\r\n".to_owned(), None),
        ("Retry-After: soon\r\n".to_owned(), None),
        ("Retry-After: \r\n".to_owned(), None),
        (String::new(), None),
    ] {
        assert_eq!(asked_to_wait(&headers).await, time, "H21, {headers}");
    }
}

#[tokio::test]
async fn h21_a_read_obeys_a_retry_after_and_a_send_that_may_be_hidden_does_not() {
    let now = format!("Retry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n{DATE}");
    let obeyed = fails(Kind::Http(503), Outcome::Unknown, UNLESS_SEND);
    row("H21", [fault("503, at once", Script::reply_with(503, &now, ""), obeyed)]).await;

    let long = Script::reply_with(503, "Retry-After: 61\r\n", "");
    let server = FaultServer::start(long).await;
    let client = client(loopback(), &server.url());
    for op in Op::ALL {
        let error = op.execute(&client, PATIENT, 0).await.unwrap_err();
        assert_eq!(error.retry_after(), Some(Duration::from_secs(61)), "H21, {op:?}");
        assert_eq!(error.attempts(), 1, "H21, {op:?}");
    }
    assert_eq!(server.received().len(), Op::ALL.len());
}

#[tokio::test]
async fn h21_a_call_that_is_repeated_and_then_answered_is_done() {
    let yes = super::harness::YES;
    let turns = [Script::reply_with(503, "Retry-After: 0\r\n", ""), Script::reply(200, yes)];
    let server = FaultServer::start(turns).await;
    let client = client(loopback(), &server.url());
    assert!(Op::Read.execute(&client, PATIENT, 0).await.is_ok());
    assert_eq!(server.received().len(), 2);
}
