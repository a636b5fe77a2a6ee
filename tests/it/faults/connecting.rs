//! H01 to H04: before there is a connection that could carry the command.

use std::time::Duration;

use convrs_client::{
    Outcome, RetryRule,
    transport::{Phase, TransportErrorKind},
};
use replykit_tests::fault_server::{Certificate, FaultServer, Script, Setup};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use super::harness::{AT_ONCE, Expected, HASTY, Kind, Op, YES, client, fails, loopback, row_with};
use crate::{PROVES_UNWRITTEN, Transport};

const fn not_sent(kind: TransportErrorKind, rule: RetryRule) -> Expected {
    fails(Kind::Transport(Phase::Connect, kind), Outcome::NotSent, rule)
}

const UNREACHABLE: Expected = not_sent(TransportErrorKind::Connect, AT_ONCE);
const TOO_SLOW: Expected = not_sent(TransportErrorKind::Timeout, AT_ONCE);
const NO_TLS: Expected = not_sent(TransportErrorKind::Tls, RetryRule::Never);

/// A limit on connecting that is meant to pass.
pub(super) const SHORT: Duration = Duration::from_millis(40);

#[tokio::test]
async fn h01_a_server_that_cannot_be_reached_is_tried_three_times_and_got_nothing() {
    // Bound but not listening: the port is taken, and connecting to it is refused.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    for scheme in ["http", "https"] {
        let refused = client(loopback(), &format!("{scheme}://{address}/api"));
        row_with("H01", &format!("{scheme} refused"), &refused, &UNREACHABLE).await;
    }
}

#[tokio::test]
async fn h01_a_name_that_does_not_resolve_is_tried_three_times_and_got_nothing() {
    // No label may be longer than 63 bytes, so this name is not even asked for.
    let endpoint = format!("https://{}.invalid/api", "x".repeat(64));
    let nowhere = client(Transport::builder().no_proxy(), &endpoint);
    row_with("H01", "no such name", &nowhere, &UNREACHABLE).await;
}

#[tokio::test]
async fn h01_a_connection_that_nobody_takes_is_tried_three_times_and_got_nothing() {
    let (_full, endpoint) = full_listener().await;
    let slow = client(loopback().connect_timeout(SHORT), &endpoint);
    row_with("H01", "no room in the queue of the listener", &slow, &TOO_SLOW).await;
}

/// A listener whose queue is full, so that the kernel leaves further connections without an answer.
pub(super) async fn full_listener() -> ((TcpListener, Vec<TcpStream>), String) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queued = Vec::new();
    while let Ok(stream) = tokio::time::timeout(HASTY, TcpStream::connect(address)).await {
        queued.push(stream.unwrap());
        assert!(queued.len() < 10, "the queue has no end");
    }
    ((listener, queued), format!("http://{address}/api"))
}

#[tokio::test]
async fn h02_a_certificate_that_proves_nothing_ends_the_call_and_the_server_got_nothing() {
    let wrong_host = Certificate::of("example.com");
    let expired = Certificate::expired("localhost");
    for (name, trusted, certificate) in [
        ("signed by itself", None, Certificate::of("localhost")),
        ("for another host", Some(wrong_host.pem()), wrong_host),
        ("expired", Some(expired.pem()), expired),
    ] {
        let server = FaultServer::with(Setup::tls(certificate), Script::reply(200, YES)).await;
        let transport =
            trusted.into_iter().fold(loopback(), |builder, pem| builder.root_certificate_pem(pem));
        let client = client(transport, &server.https_url("localhost"));
        row_with("H02", name, &client, &NO_TLS).await;
        assert!(server.received().is_empty(), "H02, {name}");
        assert_eq!(server.connections(), Op::ALL.len(), "H02, {name}");
    }
}

#[tokio::test]
async fn h02_a_server_without_tls_gets_nothing_and_the_call_ends() {
    for (name, script) in [
        ("http in place of TLS", Script::part(1).write("HTTP/1.1 400 Bad Request\r\n\r\n").hold()),
        ("an alert", Script::part(1).write(&b"\x15\x03\x03\x00\x02\x02\x28"[..]).hold()),
    ] {
        let server = FaultServer::start(script).await;
        let client = client(loopback(), &server.https_url("localhost"));
        row_with("H02", name, &client, &NO_TLS).await;
        assert_eq!(server.connections(), Op::ALL.len(), "H02, {name}");
    }
}

#[tokio::test]
async fn h02_the_certificate_of_the_right_host_is_taken_when_it_is_trusted() {
    let certificate = Certificate::of("localhost");
    let transport = loopback().root_certificate_pem(certificate.pem());
    let server = FaultServer::with(Setup::tls(certificate), Script::reply(200, YES)).await;
    let client = client(transport, &server.https_url("localhost"));
    row_with("H02", "a good certificate", &client, &Expected::Done).await;
    assert_eq!(server.received().len(), Op::ALL.len());
}

#[tokio::test]
async fn h03_a_handshake_that_breaks_is_tried_three_times_and_the_server_got_nothing() {
    for (name, script, expected) in [
        ("closed before the handshake", Script::close(), UNREACHABLE),
        ("FIN in the handshake", Script::part(20).fin(), UNREACHABLE),
        ("RST in the handshake", Script::part(20).reset(), UNREACHABLE),
        (
            "half a record",
            Script::part(20).write(&b"\x16\x03\x03\x00\x50\x02"[..]).fin(),
            UNREACHABLE,
        ),
        ("silence in the handshake", Script::part(20).hold(), TOO_SLOW),
        ("nothing is read", Script::close().hold(), TOO_SLOW),
    ] {
        let server = FaultServer::start(script).await;
        let limit = if matches!(&expected, Expected::Fails { kind, .. }
            if *kind == Kind::Transport(Phase::Connect, TransportErrorKind::Timeout))
        {
            SHORT
        } else {
            Duration::from_secs(5)
        };
        let client = client(loopback().connect_timeout(limit), &server.https_url("localhost"));
        row_with("H03", name, &client, &expected).await;
        assert!(server.received().is_empty(), "H03, {name}");
    }
}

#[tokio::test]
async fn h04_a_deadline_within_the_limit_on_connecting_ends_the_call_and_proves_what_it_can() {
    let server = FaultServer::start(Script::close().hold()).await;
    let client = client(loopback(), &server.https_url("localhost"));
    for op in Op::ALL {
        let error = op.execute(&client, HASTY, 0).await.unwrap_err();
        // On the safe side, where the transport cannot tell.
        let outcome = if PROVES_UNWRITTEN { Outcome::NotSent } else { Outcome::Unknown };
        assert_eq!(error.outcome(), outcome, "H04, {op:?}");
        assert_eq!(error.attempts(), 1, "H04, {op:?}");
    }
    assert!(server.received().is_empty());
}
