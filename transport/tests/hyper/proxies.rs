//! A proxy carries calls to other machines by a tunnel, and never one to this machine.

use std::time::Duration;

use replykit_transport::{
    HttpTransport, HyperTransport, HyperTransportBuilder, Outcome, Phase,
    TransportErrorKind as Kind,
};
use tokio::{
    io::{AsyncWriteExt, copy_bidirectional},
    net::TcpStream,
};

use crate::support::{
    CANARY, OK, Server, Untouched, facts, failure, patient, read_request, secret_request,
};

fn through(proxy: &str) -> HyperTransportBuilder {
    HyperTransport::builder().proxy(proxy.parse().unwrap())
}

#[tokio::test]
async fn a_call_to_this_machine_does_not_go_to_the_proxy() {
    let proxy = Untouched::new();
    let (tls, pem) = Server::with_tls("localhost", 4000).await;
    let server = Server::answering(OK).await;
    let transport = through(&proxy.url()).root_certificate_pem(pem).build().unwrap();
    let secure = format!("https://localhost:{}", tls.port());
    for url in [server.url(), format!("http://localhost:{}", server.port()), secure] {
        assert_eq!(transport.send(secret_request(&url), &patient()).await.unwrap().status(), 200);
    }
    proxy.assert_untouched();
}

#[tokio::test]
async fn a_call_to_another_machine_goes_through_a_tunnel() {
    let (server, pem) = Server::with_tls("example.invalid", 4000).await;
    let (asked, mut requests) = tokio::sync::mpsc::unbounded_channel();
    let port = server.port();
    let proxy = Server::start(move |mut stream| {
        let asked = asked.clone();
        async move {
            asked.send(read_request(&mut stream).await.unwrap()).unwrap();
            let mut server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            stream.write_all(b"HTTP/1.1 200 Connected\r\nVia: a proxy\r\n\r\n").await.unwrap();
            let _ = copy_bidirectional(&mut stream, &mut server).await;
        }
    })
    .await;
    let transport = through(&proxy.url()).root_certificate_pem(pem).build().unwrap();
    let request = secret_request("https://example.invalid");
    assert_eq!(transport.send(request, &patient()).await.unwrap().body(), "ok");
    let expected = "CONNECT example.invalid:443 HTTP/1.1\r\nHost: example.invalid:443\r\n\r\n";
    assert_eq!(requests.recv().await.unwrap(), expected);
}

#[tokio::test]
async fn without_a_tunnel_nothing_is_sent() {
    for answer in [
        "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n".to_owned(),
        "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n".to_owned(),
        "HTTP/1.1 200".to_owned(),
        "220 mail.example ESMTP\r\n\r\n".to_owned(),
        format!("HTTP/1.1 200 OK\r\nA: {}\r\n\r\n", "a".repeat(70 * 1024)),
    ] {
        let proxy = Server::answering(answer).await;
        let transport = through(&proxy.url()).build().unwrap();
        let error = failure(&transport, "https://example.invalid", &patient()).await;
        assert_eq!(facts(&error), (Phase::Connect, Kind::Connect, Outcome::NotSent));
        assert!(error.to_string().contains("the proxy opened no tunnel"), "{error}");
        assert!(!proxy.requests()[0].contains(CANARY));
    }

    let proxy = Server::stalling("HTTP/1.1 200").await;
    let short = through(&proxy.url()).connect_timeout(Duration::from_millis(50));
    let error = failure(&short.build().unwrap(), "https://example.invalid", &patient()).await;
    assert_eq!(facts(&error), (Phase::Connect, Kind::Timeout, Outcome::NotSent));

    let nobody = through("http://127.0.0.1:1").build().unwrap();
    let error = failure(&nobody, "https://example.invalid", &patient()).await;
    assert_eq!(facts(&error), (Phase::Connect, Kind::Connect, Outcome::NotSent));
    assert!(error.to_string().contains("the proxy could not be reached"), "{error}");
}

#[test]
fn a_proxy_that_cannot_be_used_is_an_error_and_its_password_is_not_shown() {
    let password = format!("http://user:{CANARY}@127.0.0.1:9");
    for url in ["socks5://127.0.0.1:9", "https://127.0.0.1:9", "/nowhere", password.as_str()] {
        let builder = through(url);
        assert!(!format!("{builder:?}").contains(CANARY), "{builder:?}");
        let error = builder.build().unwrap_err();
        assert_eq!(facts(&error), (Phase::Prepare, Kind::Invalid, Outcome::NotSent));
        assert!(error.to_string().contains("http://proxy.example:3128"), "{error}");
        assert!(!format!("{error:?} {error}").contains(CANARY), "{error:?}");
    }
}
