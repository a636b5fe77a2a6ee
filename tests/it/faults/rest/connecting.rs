//! H01 to H04: before there is a connection that could carry the request.

use std::time::Duration;

use convrs_client::transport::TransportErrorKind;
use replykit_tests::fault_server::{Certificate, FaultServer, Script, Setup};
use tokio::net::TcpSocket;
use whatsapp_automation::{Outcome, RetryRule};

use super::{
    super::{
        connecting::{SHORT, full_listener},
        harness::{AT_ONCE, HASTY, loopback},
    },
    Ends, Op, YES, client, not_sent, row,
};
use crate::{PROVES_UNWRITTEN, Transport};

const UNREACHABLE: Ends = not_sent(TransportErrorKind::Connect, AT_ONCE);
const TOO_SLOW: Ends = not_sent(TransportErrorKind::Timeout, AT_ONCE);
const NO_TLS: Ends = not_sent(TransportErrorKind::Tls, RetryRule::Never);

#[tokio::test]
async fn h01_a_service_that_cannot_be_reached_is_tried_three_times_and_got_nothing() {
    // Bound but not listening: the port is taken, and connecting to it is refused.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    for scheme in ["http", "https"] {
        let refused = client(loopback(), &format!("{scheme}://{address}/"));
        row("H01", scheme, &refused, &UNREACHABLE).await;
    }
    // No label may be longer than 63 bytes, so this name is not even asked for.
    let base = format!("https://{}.invalid/", "x".repeat(64));
    let nowhere = client(Transport::builder().no_proxy(), &base);
    row("H01", "no such name", &nowhere, &UNREACHABLE).await;
    let (_full, base) = full_listener().await;
    let slow = client(loopback().connect_timeout(SHORT), &base);
    row("H01", "no room in the queue of the listener", &slow, &TOO_SLOW).await;
}

#[tokio::test]
async fn h02_a_service_whose_certificate_proves_nothing_gets_nothing() {
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
        row("H02", name, &client(transport, &server.https_url("localhost")), &NO_TLS).await;
        assert!(server.received().is_empty(), "H02, {name}");
        assert_eq!(server.connections(), Op::ALL.len(), "H02, {name}");
    }
    let plain = Script::part(1).write("HTTP/1.1 400 Bad Request\r\n\r\n").hold();
    let server = FaultServer::start(plain).await;
    let client = client(loopback(), &server.https_url("localhost"));
    row("H02", "http in place of TLS", &client, &NO_TLS).await;
    assert_eq!(server.connections(), Op::ALL.len());
}

#[tokio::test]
async fn h03_a_handshake_with_a_service_that_breaks_is_tried_three_times_and_it_got_nothing() {
    for (name, script, limit, ends) in [
        ("FIN in the handshake", Script::part(20).fin(), None, UNREACHABLE),
        ("RST in the handshake", Script::part(20).reset(), None, UNREACHABLE),
        ("silence in the handshake", Script::part(20).hold(), Some(SHORT), TOO_SLOW),
    ] {
        let server = FaultServer::start(script).await;
        let limit = limit.unwrap_or(Duration::from_secs(5));
        let transport = loopback().connect_timeout(limit);
        row("H03", name, &client(transport, &server.https_url("localhost")), &ends).await;
        assert!(server.received().is_empty(), "H03, {name}");
    }
}

#[tokio::test]
async fn h04_a_deadline_of_a_service_within_the_limit_on_connecting_proves_what_it_can() {
    let server = FaultServer::start(Script::close().hold()).await;
    let client = client(loopback(), &server.https_url("localhost"));
    for op in Op::ALL {
        let error = op.execute(&client, HASTY, 0).await.unwrap_err();
        let outcome = if PROVES_UNWRITTEN { Outcome::NotSent } else { Outcome::Unknown };
        assert_eq!((error.outcome(), error.attempts()), (outcome, 1), "H04, {op:?}");
        // No time at all is another matter: nothing was begun.
        let error = op.execute(&client, Duration::ZERO, 0).await.unwrap_err();
        assert_eq!((error.outcome(), error.attempts()), (Outcome::NotSent, 1), "H04, {op:?}");
    }
    assert!(server.received().is_empty());
}
