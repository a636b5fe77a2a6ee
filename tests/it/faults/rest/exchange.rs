//! H05 to H11, and H21: the connection was there, and no answer came that could be read, or it came in
//! an odd way.

use std::time::Duration;

use convrs_client::transport::{Phase, TransportErrorKind};
use replykit_tests::fault_server::{FaultServer, Script};
use whatsapp_automation::{
    ErrorKind, Outcome, ProtocolProblem, RetryRule,
    crm::{GetContact, ListMessages, SendMessage},
};

use super::{
    super::harness::{PATIENT, UNLESS_SEND, loopback},
    Ends, Fault, Op, YES, client, fault, rows, unknown,
};

const NO_ANSWER: Ends = unknown(Phase::Exchange, TransportErrorKind::Interrupted, UNLESS_SEND);
const HALF: Ends = unknown(Phase::Body, TransportErrorKind::Interrupted, UNLESS_SEND);
const SILENT: Ends = unknown(Phase::Exchange, TransportErrorKind::Timeout, UNLESS_SEND);
const STALLED: Ends = unknown(Phase::Body, TransportErrorKind::Timeout, UNLESS_SEND);
const TOO_LARGE: Ends = unknown(Phase::Body, TransportErrorKind::TooLarge, RetryRule::Never);
const CODED: Ends = unknown(Phase::Body, TransportErrorKind::Encoding, RetryRule::Never);

const LONG: &str = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

#[tokio::test]
async fn h05_a_service_lost_behind_the_request_is_asked_again_by_reads_and_writes_alone() {
    let early = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
    let within = fault("closed within a long body", Script::part(4000), NO_ANSWER);
    rows(
        "H05",
        [
            fault("FIN", Script::request().fin(), NO_ANSWER),
            fault("RST", Script::request().reset(), NO_ANSWER),
            fault("103, then FIN", Script::answer(early), NO_ANSWER),
            fault("RST behind one byte", Script::part(1).reset(), NO_ANSWER),
            Fault { padding: 8 << 20, ..within },
        ],
    )
    .await;
}

#[tokio::test]
async fn h06_a_service_that_falls_silent_leaves_the_call_unknown_at_its_deadline() {
    let unread = fault("reads nothing", Script::close().hold(), SILENT);
    let silent = fault("silence", Script::request().hold(), SILENT);
    rows("H06", [silent, Fault { padding: 8 << 20, ..unread }]).await;
}

#[tokio::test]
async fn h07_a_head_of_a_service_that_is_cut_or_no_http_is_no_answer() {
    let whole = format!("HTTP/1.1 201 Created\r\nContent-Length: 8\r\n\r\n{YES}");
    let cut = |length| Script::request().write_first(length, whole.clone()).fin();
    let many = format!("HTTP/1.1 201 Created\r\n{}\r\n{YES}", "X-Field: 1\r\n".repeat(101));
    let long = format!("HTTP/1.1 201 Created\r\nX-Field: {}\r\n\r\n{YES}", "x".repeat(1 << 16));
    rows(
        "H07",
        [
            fault("cut within the status", cut(11), NO_ANSWER),
            fault("cut before the body", cut(whole.len() - YES.len() - 1), NO_ANSWER),
            fault("another protocol", Script::answer("SSH-2.0-OpenSSH_9.9\r\n\r\n"), NO_ANSWER),
            fault("101 fields", Script::answer(many), NO_ANSWER),
            fault("a field of 64 KiB", Script::answer(long), NO_ANSWER),
        ],
    )
    .await;
}

#[tokio::test]
async fn h08_a_body_of_a_service_that_is_cut_or_stalls_is_no_answer_even_with_an_id() {
    let with = |head: &str, body: &str| Script::request().write(format!("{head}{body}"));
    let chunk = format!("{:x}\r\n{YES}\r\n", YES.len());
    rows(
        "H08",
        [
            fault("FIN behind the object", with(LONG, YES).fin(), HALF),
            fault("RST within the object", with(LONG, r#"{"id""#).reset(), HALF),
            fault("FIN between chunks", with(CHUNKED, &chunk).fin(), HALF),
            fault("stalls behind the object", with(LONG, YES).hold(), STALLED),
        ],
    )
    .await;
}

#[tokio::test]
async fn h09_an_answer_of_a_service_over_the_limit_or_in_a_coding_is_not_asked_for_again() {
    let over = |limit: usize| format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", limit + 1);
    let chunk = format!("4000\r\n{}\r\n", " ".repeat(0x4000));
    rows(
        "H09",
        [
            fault("one byte too many", Script::answer(over(1 << 20)), TOO_LARGE),
            fault("no end", Script::request().write(CHUNKED).endless(chunk), TOO_LARGE),
            fault("gzip", Script::reply_with(200, "Content-Encoding: gzip\r\n", YES), CODED),
        ],
    )
    .await;
    // A list may be longer.
    let server = FaultServer::start(Script::answer(over(64 << 20))).await;
    let error =
        client(loopback(), &server.url()).crm.execute(ListMessages::new()).await.unwrap_err();
    assert!(error.to_string().contains("67108864 bytes"), "{error}");
    let list = format!(r#"[{{"id":7,"message":"{}"}}]"#, "x".repeat(2 << 20));
    let server = FaultServer::start(Script::reply(200, &list)).await;
    let messages =
        client(loopback(), &server.url()).crm.execute(ListMessages::new()).await.unwrap();
    assert_eq!(messages[0].message.len(), 2 << 20);
}

#[tokio::test]
async fn h10_a_page_in_place_of_an_object_is_unknown() {
    for page in ["<html>It works</html>", "", "OK", "[", r#"{"id":7"#] {
        let server = FaultServer::start(Script::reply(200, page)).await;
        let client = client(loopback(), &server.url());
        for op in Op::ALL {
            let error = op.execute(&client, PATIENT, 0).await.unwrap_err();
            let ErrorKind::Protocol(protocol) = error.kind() else { panic!("{page}: {error:?}") };
            assert_eq!(protocol.problem(), ProtocolProblem::NotJson, "{page}, {op:?}");
            assert_eq!(
                (error.outcome(), error.attempts()),
                (Outcome::Unknown, 1),
                "{page}, {op:?}"
            );
        }
    }
}

#[tokio::test]
async fn h11_an_object_counts_whatever_its_content_type_and_whatever_is_before_it() {
    let typed = |kind: &str| Script::reply_with(200, &format!("Content-Type: {kind}\r\n"), YES);
    for script in [
        typed("text/html"),
        typed("?"),
        Script::reply(200, YES),
        Script::reply(200, &format!("\u{feff}{YES}")),
        Script::reply(200, &format!("\r\n {YES}\n")),
    ] {
        let server = FaultServer::start(script).await;
        let client = client(loopback(), &server.url());
        for op in Op::ALL {
            op.execute(&client, PATIENT, 0).await.unwrap_or_else(|e| panic!("{op:?}: {e:?}"));
        }
    }
}

#[tokio::test]
async fn h21_the_retry_after_of_a_service_is_obeyed_or_told() {
    let turns = [Script::reply_with(503, "Retry-After: 0\r\n", ""), Script::reply(200, YES)];
    let server = FaultServer::start(turns.clone()).await;
    client(loopback(), &server.url()).crm.execute(GetContact::new(7)).await.unwrap();
    let server = FaultServer::start(turns).await;
    let send = SendMessage::new("+1", "Hi");
    let error = client(loopback(), &server.url()).crm.execute(send).await.unwrap_err();
    assert_eq!((error.outcome(), error.attempts()), (Outcome::Unknown, 1));
    for (header, time) in [("120", Some(120)), ("-5", None), ("1e12", None), ("soon", None)] {
        let header = format!("Retry-After: {header}\r\n");
        let server = FaultServer::start(Script::reply_with(429, &header, "")).await;
        let send = SendMessage::new("+1", "Hi");
        let error = client(loopback(), &server.url()).crm.execute(send).await.unwrap_err();
        assert_eq!(error.retry_after(), time.map(Duration::from_secs), "{header}");
        assert_eq!((error.outcome(), error.attempts()), (Outcome::Rejected, 1), "{header}");
    }
}
