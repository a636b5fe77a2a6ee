//! Which URLs are connected to, and what comes of everything that can go wrong until there is a
//! WebSocket. None of it sent anything.

use tokio::net::TcpSocket;

use super::*;

type Facts = (Phase, Kind, Outcome);

const INVALID: Facts = (Phase::Prepare, Kind::Invalid, Outcome::NotSent);
const FAILED: Facts = (Phase::Connect, Kind::Connect, Outcome::NotSent);
const TLS_REFUSED: Facts = (Phase::Connect, Kind::Tls, Outcome::NotSent);
const LATE: Facts = (Phase::Connect, Kind::Timeout, Outcome::NotSent);
/// A deadline that is meant to pass.
const SOON: Duration = Duration::from_millis(50);

fn wss(server: &Server, host: &str) -> String {
    format!("wss://{host}:{}", server.port())
}

fn trusting(pem: String) -> TokioWebSockets {
    TokioWebSockets::builder().root_certificate_pem(pem).build().unwrap()
}

#[tokio::test]
async fn d02_a_plain_socket_reaches_this_machine_by_every_name() {
    let server = Server::start(|stream| async move {
        let _peer = Peer::upgrade(stream).await;
        std::future::pending().await
    })
    .await;
    for host in ["127.0.0.1", "localhost", "LOCALHOST"] {
        let url = format!("ws://{host}:{}", server.port());
        assert!(connect(&plain(), &url).await.is_ok(), "{host}");
    }
    assert_eq!(server.connections(), 3);
}

#[tokio::test]
async fn d02_a_plain_socket_to_another_machine_is_refused_before_its_name_is_resolved() {
    let transport = TokioWebSockets::new().unwrap();
    for url in ["ws://example.invalid", "ws://192.0.2.1", "ws://localhost.example.invalid"] {
        let error = failure(&transport, url).await;
        assert_eq!(facts(&error), INVALID, "{url}");
        assert!(error.to_string().contains("use wss"), "{error}");
    }
    let untouched = Untouched::new();
    let with_password = untouched.url().replace("//", &format!("//user:{CANARY}@"));
    let wrong_scheme = untouched.url().replace("http", "ftp");
    for url in [with_password, wrong_scheme] {
        assert_eq!(facts(&failure(&transport, &url).await), INVALID, "{url}");
    }
    untouched.assert_untouched();
}

#[tokio::test]
async fn a_transport_for_this_machine_opens_sockets_to_no_other() {
    let error = failure(&plain(), "wss://example.invalid").await;
    assert_eq!(facts(&error), INVALID);
    assert!(error.to_string().contains("this machine only"), "{error}");
}

#[tokio::test]
async fn the_request_is_that_of_the_rfc_and_no_more() {
    let server = Server::answering("HTTP/1.1 400 Bad Request\r\n\r\n").await;
    failure(&plain(), &server.url()).await;
    let request = server.requests().pop().unwrap();
    let line = format!("GET /{CANARY}?token={CANARY} HTTP/1.1\r\n");
    assert!(request.starts_with(&line), "{request}");
    for (name, value) in [
        ("host", format!("127.0.0.1:{}", server.port())),
        ("upgrade", "websocket".to_owned()),
        ("connection", "Upgrade".to_owned()),
        ("sec-websocket-version", "13".to_owned()),
    ] {
        assert_eq!(header(&request, name), [value]);
    }
    assert_eq!(header(&request, "sec-websocket-key")[0].len(), 24);
    for absent in ["sec-websocket-extensions", "origin", "cookie", "user-agent"] {
        assert!(header(&request, absent).is_empty(), "{request}");
    }
}

#[tokio::test]
async fn h01_a_refused_connection_opens_no_socket() {
    // Bound but not listening: the port is taken, and connecting to it is refused.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    for scheme in ["ws", "wss"] {
        let error = failure(&plain(), &format!("{scheme}://{address}")).await;
        assert_eq!(facts(&error), FAILED);
    }
}

#[tokio::test]
async fn h02_a_certificate_has_to_be_trusted_and_of_this_host_and_time() {
    let (server, pem) = Server::with_tls("localhost", 4000).await;
    let error = failure(&plain(), &wss(&server, "localhost")).await;
    assert_eq!(facts(&error), TLS_REFUSED, "an unknown issuer");
    assert!(error.to_string().contains("certificate"), "{error}");

    let trusting_it = trusting(pem);
    assert!(connect(&trusting_it, &wss(&server, "localhost")).await.is_ok());
    let error = failure(&trusting_it, &wss(&server, "127.0.0.1")).await;
    assert_eq!(facts(&error), TLS_REFUSED, "another host");

    let (server, pem) = Server::with_tls("localhost", 2001).await;
    let error = failure(&trusting(pem), &wss(&server, "localhost")).await;
    assert_eq!(facts(&error), TLS_REFUSED, "expired");

    let (server, pem) = Server::with_tls("127.0.0.1", 4000).await;
    assert!(connect(&trusting(pem), &wss(&server, "127.0.0.1")).await.is_ok());
}

#[tokio::test]
async fn h02_h03_what_speaks_no_tls_or_hangs_up_opens_no_socket() {
    let server = Server::start(|mut stream| async move {
        let _ = stream.read_u8().await;
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        std::future::pending().await
    })
    .await;
    let error = failure(&plain(), &wss(&server, "localhost")).await;
    assert_eq!(facts(&error), TLS_REFUSED);

    let server = Server::start(|stream| async move { drop(stream) }).await;
    for url in [wss(&server, "localhost"), server.url()] {
        assert_eq!(facts(&failure(&plain(), &url).await), FAILED);
    }
}

#[tokio::test]
async fn w02_silence_at_any_time_ends_by_the_deadline() {
    let silent = Server::start(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let half = Server::stalling("HTTP/1.1 101 Switching").await;
    for url in [wss(&silent, "localhost"), silent.url(), half.url()] {
        let error = connect_within(&plain(), &url, SOON).await.err().unwrap();
        assert_eq!(facts(&error), LATE, "{url}");
    }
    let untouched = Untouched::new();
    let error = connect_within(&plain(), &untouched.url(), Duration::ZERO).await.err().unwrap();
    assert_eq!(facts(&error), (Phase::Prepare, Kind::Timeout, Outcome::NotSent));
    untouched.assert_untouched();
}

#[tokio::test]
async fn w02_a_connection_that_nobody_takes_ends_by_the_deadline() {
    let listener = TcpSocket::new_v4().unwrap();
    listener.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = listener.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    // Until the kernel's line is full, and nobody is taken any more.
    let mut line = Vec::new();
    while let Ok(Ok(stream)) = tokio::time::timeout(SOON, TcpStream::connect(address)).await {
        line.push(stream);
    }
    let error = connect_within(&plain(), &format!("ws://{address}"), SOON).await.err().unwrap();
    assert_eq!(facts(&error), LATE);
}

#[tokio::test]
async fn w01_w02_a_status_in_place_of_the_upgrade_is_told_and_no_redirect_followed() {
    let target = Untouched::new();
    let many: String = (0..90).map(|number| format!("X-{number}: x\r\n")).collect();
    let long = format!("X-Long: {}\r\n", "x".repeat(80 << 10));
    let location = format!("Location: {}/there\r\n", target.url().replace("http", "ws"));
    for status in [200, 301, 302, 307, 400, 401, 403, 404, 429, 500, 503] {
        for fields in ["", &many, &long, &location] {
            let answer = format!("HTTP/1.1 {status} Status\r\n{fields}\r\n{CANARY}");
            let server = Server::answering(answer).await;
            let error = failure(&plain(), &server.url()).await;
            let Kind::Refused { status: told } = error.kind() else { panic!("{error:?}") };
            assert_eq!((told.as_u16(), error.outcome()), (status, Outcome::NotSent));
        }
    }
    target.assert_untouched();
}

#[tokio::test]
async fn w01_a_status_that_comes_byte_by_byte_is_told() {
    let server = Server::start(|mut stream| async move {
        read_request(&mut stream).await.unwrap();
        stream.set_nodelay(true).unwrap();
        for byte in b"HTTP/1.1 403 Forbidden\r\n\r\n" {
            stream.write_all(&[*byte]).await.unwrap();
            tokio::task::yield_now().await;
        }
    })
    .await;
    let error = failure(&plain(), &server.url()).await;
    assert!(matches!(error.kind(), Kind::Refused { status } if status == 403), "{error:?}");
}

#[tokio::test]
async fn w10_an_answer_whose_head_is_too_long_or_none_is_given_up() {
    let server = Server::start(|mut stream| async move {
        let request = read_request(&mut stream).await.unwrap();
        let answer = websocket_answer(&request).unwrap();
        stream.write_all(answer.trim_end().as_bytes()).await.unwrap();
        stream.write_all(b"\r\nX-Long: ").await.unwrap();
        while stream.write_all(&[b'x'; 16 << 10]).await.is_ok() {}
    })
    .await;
    assert_eq!(facts(&failure(&plain(), &server.url()).await), FAILED);
    for answer in [
        "SSH-2.0-OpenSSH_9.6\r\n\r\n".to_owned(),
        "HTTP/1.1 101 Switching Protocols\r\n\r\n".to_owned(),
        websocket_answer("GET / HTTP/1.1\r\nSec-WebSocket-Key: another").unwrap(),
        String::new(),
    ] {
        let server = Server::answering(answer.clone()).await;
        assert_eq!(facts(&failure(&plain(), &server.url()).await), FAILED, "{answer}");
    }
}

#[test]
fn a_root_certificate_of_a_socket_that_is_no_pem_is_an_error() {
    let key = rcgen::KeyPair::generate().unwrap().serialize_pem();
    let damaged = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for pem in ["", CANARY, &key, damaged] {
        let error = TokioWebSockets::builder().root_certificate_pem(pem).build().unwrap_err();
        assert_silent(&error);
        assert_eq!(facts(&error), INVALID);
        assert!(error.to_string().contains("root certificate"), "{error}");
    }
}
