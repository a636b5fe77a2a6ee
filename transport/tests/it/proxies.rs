//! A proxy carries calls to other machines, and never one to this machine.

use std::{io::Read, net::TcpListener, time::Duration};

use replykit_transport::{
    HttpTransport, Outcome, Phase, ReqwestTransport, TransportErrorKind as Kind,
};

use crate::support::{
    CANARY, OK, Server, Untouched, assert_passed, assert_silent, facts, failure, header, is_alone,
    patient, run_alone, secret_request,
};

#[tokio::test]
async fn a_call_to_this_machine_does_not_go_to_the_proxy() {
    let proxy = Untouched::new();
    let transport =
        ReqwestTransport::builder().proxy(proxy.url().parse().unwrap()).build().unwrap();
    let server = Server::answering(OK).await;
    for host in ["127.0.0.1", "localhost"] {
        let url = format!("http://{host}:{}", server.port());
        assert_eq!(transport.send(secret_request(&url), &patient()).await.unwrap().status(), 200);
    }
    if let Ok(server) = Server::answering_on("[::1]:0", OK).await {
        let answer = transport.send(secret_request(&server.url()), &patient()).await.unwrap();
        assert_eq!(answer.status(), 200);
    }
    proxy.assert_untouched();
}

#[tokio::test]
async fn a_call_to_another_machine_asks_the_proxy_for_a_tunnel() {
    let proxy = Server::answering("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n").await;
    let url = proxy.url().replace("//", &format!("//user:{CANARY}@"));
    let transport = ReqwestTransport::builder().proxy(url.parse().unwrap()).build().unwrap();
    let error = failure(&transport, "https://example.invalid", &patient()).await;
    assert_eq!(facts(&error), (Phase::Connect, Kind::Connect, Outcome::NotSent));

    let seen = &proxy.requests()[0];
    assert!(seen.starts_with("CONNECT example.invalid:443 HTTP/1.1\r\n"), "{seen}");
    assert_eq!(header(seen, "proxy-authorization").len(), 1, "{seen}");
    assert!(!seen.contains(CANARY), "{seen}");
}

#[test]
fn the_password_of_a_proxy_is_not_shown() {
    let url = format!("http://user:{CANARY}@127.0.0.1:9");
    let builder = ReqwestTransport::builder().proxy(url.parse().unwrap());
    assert!(!format!("{builder:?}").contains(CANARY), "{builder:?}");
    let transport = builder.build().unwrap();
    assert!(!format!("{transport:#?}").contains(CANARY), "{transport:#?}");
}

#[test]
fn a_proxy_that_reqwest_would_go_around_is_an_error() {
    for scheme in ["socks5", "ftp", "direct"] {
        let url = format!("{scheme}://user:{CANARY}@127.0.0.1:9");
        assert_is_refused(ReqwestTransport::builder().proxy(url.parse().unwrap()).build());
    }
    assert_is_refused(ReqwestTransport::builder().proxy("/nowhere".parse().unwrap()).build());
}

#[test]
fn the_proxy_of_the_environment_is_used_for_other_machines_only() {
    if is_alone() {
        return block_on(async {
            let transport = ReqwestTransport::builder()
                .connect_timeout(Duration::from_millis(200))
                .build()
                .unwrap();
            let server = Server::answering(OK).await;
            let request = secret_request(&server.url());
            assert_eq!(transport.send(request, &patient()).await.unwrap().status(), 200);
            let error = failure(&transport, "https://example.invalid", &patient()).await;
            assert_eq!(facts(&error), (Phase::Connect, Kind::Timeout, Outcome::NotSent));
        });
    }
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = proxy.local_addr().unwrap().to_string();
        assert_passed(&run_alone(
            "proxies::the_proxy_of_the_environment_is_used_for_other_machines_only",
            &[(variable, &address)],
        ));
        // The caller is gone, its one connection is waiting in the queue of the listener.
        proxy.set_nonblocking(true).unwrap();
        let (mut connection, _) = proxy.accept().expect(variable);
        connection.set_nonblocking(false).unwrap();
        let mut seen = String::new();
        connection.read_to_string(&mut seen).unwrap();
        assert!(seen.starts_with("CONNECT example.invalid:443 HTTP/1.1\r\n"), "{seen}");
        proxy.accept().map(drop).expect_err("one connection is enough");
    }
}

#[test]
fn a_bad_proxy_in_the_environment_is_an_error_unless_no_proxy_is_wanted() {
    if is_alone() {
        assert_is_refused(ReqwestTransport::new());
        ReqwestTransport::builder().no_proxy().build().unwrap();
        return;
    }
    let socks = format!("socks5://user:{CANARY}@127.0.0.1:9");
    for value in [socks.as_str(), "not a url", "http://"] {
        assert_passed(&run_alone(
            "proxies::a_bad_proxy_in_the_environment_is_an_error_unless_no_proxy_is_wanted",
            &[("HTTPS_PROXY", value)],
        ));
    }
}

fn assert_is_refused(built: Result<ReqwestTransport, replykit_transport::TransportError>) {
    let error = built.unwrap_err();
    assert_silent(&error);
    assert_eq!(facts(&error), (Phase::Prepare, Kind::Invalid, Outcome::NotSent));
    assert!(error.to_string().contains("http://proxy.example:3128"), "{error}");
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}
