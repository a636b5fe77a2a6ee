//! H05 to H10: the connection was there, and no answer that can be read came back over it.

use std::time::Duration;

use convrs_client::{
    ErrorKind, GetUsers, Outcome, ProtocolProblem, RetryRule,
    transport::{Phase, TransportErrorKind},
};
use replykit_tests::fault_server::{FaultServer, Script};

use super::harness::{
    Expected, Fault, Kind, MID, Op, PATIENT, UNLESS_SEND, YES, client, fails, fault, late,
    loopback, row, unclear,
};
use crate::PROVES_UNWRITTEN;

const fn lost(phase: Phase) -> Expected {
    fails(Kind::Transport(phase, TransportErrorKind::Interrupted), Outcome::Unknown, UNLESS_SEND)
}

const NO_ANSWER: Expected = lost(Phase::Exchange);
const HALF_AN_ANSWER: Expected = lost(Phase::Body);

const fn refused_body(kind: TransportErrorKind) -> Expected {
    fails(Kind::Transport(Phase::Body, kind), Outcome::Unknown, RetryRule::Never)
}

const TOO_LARGE: Expected = refused_body(TransportErrorKind::TooLarge);
const CODED: Expected = refused_body(TransportErrorKind::Encoding);

#[tokio::test]
async fn h05_a_connection_lost_behind_the_request_is_repeated_by_reads_and_writes_alone() {
    let early = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
    let go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    row(
        "H05",
        [
            fault("FIN", Script::request().fin(), NO_ANSWER),
            fault("RST", Script::request().reset(), NO_ANSWER),
            fault("103, then FIN", Script::answer(early), NO_ANSWER),
            fault("100, then FIN", Script::answer(go_on), NO_ANSWER),
            fault("103, then RST", Script::request().write(early).reset(), NO_ANSWER),
        ],
    )
    .await;
}

#[tokio::test]
async fn h03_h05_a_connection_lost_before_the_request_was_read_counts_as_lost_behind_it() {
    // Nothing was carried out, but over TCP the client cannot know: on the safe side.
    row(
        "H03 and H05",
        [
            fault("RST behind one byte", Script::part(1).reset(), NO_ANSWER),
            fault("FIN within the head", Script::part(60).fin(), NO_ANSWER),
            fault("RST within the head", Script::part(60).reset(), NO_ANSWER),
            fault("closed within a long body", Script::part(4000), NO_ANSWER).with_long_request(),
        ],
    )
    .await;
}

#[tokio::test]
async fn h05_a_connection_that_is_closed_at_once_is_lost_unless_nothing_was_written() {
    for script in [Script::close(), Script::close().reset()] {
        for op in Op::ALL {
            let server = FaultServer::start(script.clone()).await;
            let error =
                op.execute(&client(loopback(), &server.url()), PATIENT, 0).await.unwrap_err();
            let ErrorKind::Transport(lost) = error.kind() else { panic!("{error:?}") };
            assert_eq!(lost.kind(), TransportErrorKind::Interrupted, "{op:?}");
            // Which comes first, the byte or the end, is up to the machine.
            match lost.phase() {
                Phase::Unwritten => {
                    assert!(PROVES_UNWRITTEN && error.attempts() == 3, "{op:?}: {error:?}");
                    // A read may have been carried out by an attempt before.
                    let all = !op.class().may_repeat();
                    assert!(!all || error.outcome() == Outcome::NotSent, "{op:?}: {error:?}");
                }
                phase => {
                    assert_eq!((phase, error.outcome()), (Phase::Exchange, Outcome::Unknown));
                }
            }
        }
    }
}

#[tokio::test]
async fn h06_a_server_that_falls_silent_leaves_the_call_unknown_at_its_deadline() {
    row(
        "H06",
        [
            late("silence behind the request", Script::request().hold(), Phase::Exchange),
            late(
                "silence behind 103",
                Script::request().write("HTTP/1.1 103 Early Hints\r\n\r\n").hold(),
                Phase::Exchange,
            ),
            late("reads nothing", Script::close().hold(), Phase::Exchange).with_long_request(),
            late("stops reading", Script::part(100).hold(), Phase::Exchange).with_long_request(),
        ],
    )
    .await;
}

#[tokio::test]
async fn h07_a_head_that_is_cut_or_no_http_is_repeated_by_reads_and_writes_alone() {
    let whole = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{YES}", YES.len());
    let head = whole.len() - YES.len();
    let cuts = [1, 8, 12, 17, 30, head - 3, head - 2, head - 1];
    let mut faults: Vec<Fault> = cuts
        .into_iter()
        .map(|cut| {
            let script = Script::request().write_first(cut, whole.clone()).fin();
            fault(format!("cut behind {cut} bytes"), script, NO_ANSWER)
        })
        .collect();
    let stalled = Script::request().write_first(head - 1, whole.clone()).hold();
    faults.push(late("stalls within the head", stalled, Phase::Exchange));
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n{YES}", "X-Field: 1\r\n".repeat(101));
    let long = format!("HTTP/1.1 200 OK\r\nX-Field: {}\r\n\r\n{YES}", "x".repeat(1 << 16));
    let huge = format!("HTTP/1.1 200 OK\r\nX-Field: {}\r\n\r\n{YES}", "x".repeat(1 << 20));
    for (name, head) in [
        ("another protocol", "SSH-2.0-OpenSSH_9.9\r\n\r\n"),
        ("NUL bytes", "\0\u{1}\u{2}\r\n\r\n"),
        ("no number for a status", "HTTP/1.1 twohundred OK\r\n\r\n"),
        ("HTTP/3", "HTTP/3 200 OK\r\n\r\n"),
        ("a field without a colon", "HTTP/1.1 200 OK\r\nno colon here\r\n\r\n"),
        ("a length that is no number", "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n"),
        ("two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}"),
        ("101 fields", many.as_str()),
        ("a field of 64 KiB", long.as_str()),
        ("a field of 1 MiB", huge.as_str()),
    ] {
        faults.push(fault(name, Script::answer(head.to_owned()), NO_ANSWER));
    }
    row("H07", faults).await;
}

const LONG: &str = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n";
/// The beginning of a yes, as far as the message.
const NAMED: &str = r#"{"ok":1,"mid":"6462","da"#;
const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

#[tokio::test]
async fn h08_a_body_that_is_cut_short_is_no_answer_even_if_it_begins_with_yes() {
    let with = |head: &str, body: &str| Script::request().write(format!("{head}{body}"));
    let chunk = format!("{:x}\r\n{YES}\r\n", YES.len());
    row(
        "H08",
        [
            fault("FIN before the body", with(LONG, "").fin(), HALF_AN_ANSWER),
            fault("FIN behind ok", with(LONG, r#"{"ok":1,"#).fin(), HALF_AN_ANSWER),
            fault("FIN within the mid", with(LONG, r#"{"ok":1,"mid":"64"#).fin(), HALF_AN_ANSWER),
            fault("FIN behind the mid", with(LONG, NAMED).fin(), HALF_AN_ANSWER).naming(MID),
            fault("FIN behind a whole envelope", with(LONG, YES).fin(), HALF_AN_ANSWER).naming(MID),
            fault("RST behind ok", with(LONG, r#"{"ok":1,"#).reset(), HALF_AN_ANSWER),
            fault("FIN between chunks", with(CHUNKED, &chunk).fin(), HALF_AN_ANSWER).naming(MID),
            fault("a chunk of no length", with(CHUNKED, "not a length\r\n").fin(), HALF_AN_ANSWER),
            fault("FIN within a chunk", with(CHUNKED, "ff\r\n{\"ok\"").fin(), HALF_AN_ANSWER),
        ],
    )
    .await;
}

#[tokio::test]
async fn h08_a_body_that_stalls_or_drips_leaves_the_call_unknown_at_its_deadline() {
    let with = |head: &str, body: &str| Script::request().write(format!("{head}{body}"));
    let drip = Script::request().write(LONG).drip(" ".repeat(100), Duration::from_millis(100));
    row(
        "H08",
        [
            late("stalls before the body", with(LONG, "").hold(), Phase::Body),
            late("stalls behind ok", with(LONG, r#"{"ok":1,"#).hold(), Phase::Body),
            late(
                "stalls before the last chunk",
                with(CHUNKED, &format!("{:x}\r\n{YES}\r\n", YES.len())).hold(),
                Phase::Body,
            )
            .naming(MID),
            late("drips", drip, Phase::Body),
            late("stalls behind the mid", with(LONG, NAMED).hold(), Phase::Body).naming(MID),
        ],
    )
    .await;
}

#[tokio::test]
async fn h08_an_answer_that_comes_byte_by_byte_in_time_is_an_answer() {
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{YES}", YES.len());
    let drip = Script::request().drip(answer, Duration::ZERO).fin();
    row("H08", [fault("drips quickly", drip, Expected::Done)]).await;
}

#[tokio::test]
async fn h09_a_body_over_the_limit_or_in_a_coding_is_not_repeated() {
    let over = (1 << 20) + 1;
    let long = format!("HTTP/1.1 200 OK\r\nContent-Length: {over}\r\n\r\n{YES}");
    let huge = "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n1";
    let chunk = format!("4000\r\n{}\r\n", " ".repeat(0x4000));
    let endless = |head: &'static str, piece: String| Script::request().write(head).endless(piece);
    let coded =
        |coding: &str| Script::reply_with(200, &format!("Content-Encoding: {coding}\r\n"), YES);
    row(
        "H09",
        [
            fault("announces one byte too many", Script::answer(long), TOO_LARGE),
            fault("announces 8 EiB", Script::answer(huge), TOO_LARGE),
            fault("chunks without end", endless(CHUNKED, chunk), TOO_LARGE),
            fault(
                "no length and no end",
                endless("HTTP/1.1 200 OK\r\n\r\n", YES.into()),
                TOO_LARGE,
            ),
            fault("gzip", coded("gzip"), CODED),
            fault("br behind identity", coded("identity\r\nContent-Encoding: br"), CODED),
            fault("identity", coded("identity"), Expected::Done),
        ],
    )
    .await;
}

#[tokio::test]
async fn h09_no_more_of_an_endless_body_is_taken_than_the_limit_and_what_the_kernels_hold() {
    let chunk = format!("4000\r\n{}\r\n", " ".repeat(0x4000));
    let server = FaultServer::start(Script::request().write(CHUNKED).endless(chunk)).await;
    let client = client(loopback(), &server.url());
    Op::Sms.execute(&client, PATIENT, 0).await.unwrap_err();
    let taken = server.written();
    assert!(taken < 24 << 20, "{taken} bytes, of which 1 MiB is the limit");
}

#[tokio::test]
async fn h09_a_list_may_be_64_mib_and_not_a_byte_more() {
    let over = (64 << 20) + 1;
    let server = FaultServer::start(Script::answer(format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {over}\r\n\r\n"
    )))
    .await;
    let error = client(loopback(), &server.url()).execute(GetUsers::new()).await.unwrap_err();
    assert!(error.to_string().contains("67108864 bytes"), "{error}");
    assert_eq!((error.attempts(), server.received().len()), (1, 1));
}

#[tokio::test]
async fn h10_what_is_not_one_json_object_is_asked_for_once_more_by_reads_and_writes_alone() {
    let deep = format!(r#"{{"ok":{}{}}}"#, "[".repeat(129), "]".repeat(129));
    let not_json = || unclear(ProtocolProblem::NotJson);
    let with = |name: &str, body: &str| fault(name, Script::reply(200, body), not_json());
    row(
        "H10",
        [
            with("HTML", "<html><body>It works</body></html>"),
            with("nothing", ""),
            with("text", "OK"),
            with("a byte order mark alone", "\u{feff}"),
            with("129 levels", &deep),
            with("a list", "[]"),
            with("half an envelope", r#"{"ok":1,"mid":"64"#),
            with("bytes behind the envelope", &format!("{YES}<!-- cached -->")).naming(MID),
            with("two envelopes", &format!("{YES}{YES}")).naming(MID),
            fault("204", Script::answer("HTTP/1.1 204 No Content\r\n\r\n"), not_json()),
        ],
    )
    .await;
}

#[tokio::test]
async fn h10_the_excerpt_of_an_answer_is_short_and_names_nobody() {
    let private = ["+447922021419", "billy@example.com", crate::support::TOKEN];
    let page = format!("<p>{} {} {}</p>", private[0], private[1], private[2]).repeat(20);
    let server = FaultServer::start(Script::reply(200, &page)).await;
    let client = client(loopback(), &server.url());
    let error = Op::Sms.execute(&client, PATIENT, 0).await.unwrap_err();
    let ErrorKind::Protocol(protocol) = error.kind() else { panic!("{error:?}") };
    assert!(protocol.excerpt().starts_with("<p>"), "H10, {}", protocol.excerpt());
    assert!(protocol.excerpt().len() <= 256, "H10, {} bytes", protocol.excerpt().len());
    for text in private {
        assert!(!protocol.excerpt().contains(text), "H10, {}", protocol.excerpt());
    }
}
