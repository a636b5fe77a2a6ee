//! Failures before there is a connection, which prove that nothing was sent.

use std::time::Duration;

use replykit_transport::{HttpTransport, Outcome, Phase, TransportErrorKind as Kind};
use tokio::{io::AsyncReadExt, net::TcpSocket};

use crate::{
    PROVES_UNWRITTEN, Transport,
    support::{OK, Server, facts, failure, hasty, patient, secret_request, transport},
};

const TLS_REFUSED: (Phase, Kind, Outcome) = (Phase::Connect, Kind::Tls, Outcome::NotSent);

#[tokio::test]
async fn h01_a_refused_connection_is_not_sent() {
    // Bound but not listening: the port is taken, and connecting to it is refused.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    for scheme in ["http", "https"] {
        let error = failure(&transport(), &format!("{scheme}://{address}"), &patient()).await;
        assert_eq!(facts(&error), (Phase::Connect, Kind::Connect, Outcome::NotSent));
    }
}

#[tokio::test]
async fn h01_a_connect_timeout_shorter_than_the_deadline_is_not_sent() {
    let server = silent().await;
    let transport = Transport::builder()
        .no_proxy()
        .connect_timeout(Duration::from_millis(100))
        .build()
        .unwrap();
    let error = failure(&transport, &https(&server, "localhost"), &patient()).await;
    assert_eq!(facts(&error), (Phase::Connect, Kind::Timeout, Outcome::NotSent));
}

#[tokio::test]
async fn h04_a_deadline_shorter_than_the_connect_timeout_proves_what_can_be_proven() {
    let server = silent().await;
    let error = failure(&transport(), &https(&server, "localhost"), &hasty()).await;
    let (phase, outcome) = if PROVES_UNWRITTEN {
        (Phase::Connect, Outcome::NotSent)
    } else {
        (Phase::Exchange, Outcome::Unknown)
    };
    assert_eq!(facts(&error), (phase, Kind::Timeout, outcome));
}

#[tokio::test]
async fn h02_a_certificate_of_an_unknown_issuer_is_not_sent() {
    let (server, _) = Server::with_tls("localhost", 4000).await;
    let error = failure(&transport(), &https(&server, "localhost"), &patient()).await;
    assert_eq!(facts(&error), TLS_REFUSED);
    assert!(error.to_string().contains("root certificate"), "{error}");
}

#[tokio::test]
async fn h02_a_certificate_that_was_added_is_trusted_for_its_host_only() {
    let (server, pem) = Server::with_tls("localhost", 4000).await;
    let transport = trusting(pem);
    let request = secret_request(&https(&server, "localhost"));
    assert_eq!(transport.send(request, &patient()).await.unwrap().body(), "ok");

    let error = failure(&transport, &https(&server, "127.0.0.1"), &patient()).await;
    assert_eq!(facts(&error), TLS_REFUSED);
}

#[tokio::test]
async fn h02_an_expired_certificate_is_not_sent_even_if_it_was_added() {
    let (server, pem) = Server::with_tls("localhost", 2001).await;
    let error = failure(&trusting(pem), &https(&server, "localhost"), &patient()).await;
    assert_eq!(facts(&error), TLS_REFUSED);
}

#[tokio::test]
async fn h02_a_server_that_speaks_no_tls_is_not_sent() {
    let server = Server::start(|mut stream| async move {
        let _ = stream.read_u8().await;
        tokio::io::AsyncWriteExt::write_all(&mut stream, OK.as_bytes()).await.unwrap();
        std::future::pending().await
    })
    .await;
    let error = failure(&transport(), &https(&server, "localhost"), &patient()).await;
    assert_eq!(facts(&error), TLS_REFUSED);
}

#[tokio::test]
async fn h03_a_handshake_that_is_cut_off_is_not_sent() {
    let server = Server::start(|stream| async move { drop(stream) }).await;
    let error = failure(&transport(), &https(&server, "localhost"), &patient()).await;
    assert_eq!(facts(&error), (Phase::Connect, Kind::Connect, Outcome::NotSent));
}

/// A server that accepts and says nothing.
async fn silent() -> Server {
    Server::start(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await
}

fn trusting(pem: String) -> Transport {
    Transport::builder().no_proxy().root_certificate_pem(pem).build().unwrap()
}

fn https(server: &Server, host: &str) -> String {
    format!("https://{host}:{}", server.port())
}
