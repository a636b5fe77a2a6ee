//! Which URLs a request may go to.

use std::time::Instant;

use proptest::prelude::*;
use replykit_transport::{
    Body, CallOptions, HttpTransport, Outcome, Phase, TransportErrorKind as Kind, check_target,
    is_loopback,
};
use tokio::io::AsyncWriteExt;

use crate::{
    Transport,
    support::{
        CANARY, OK, Server, Untouched, assert_silent, facts, failure, patient, read_request,
        secret_request, transport,
    },
};

#[tokio::test]
async fn d02_plain_http_reaches_this_machine_by_every_name() {
    let server = Server::answering(OK).await;
    for host in ["127.0.0.1", "localhost", "LOCALHOST"] {
        let url = format!("http://{host}:{}", server.port());
        let answer = transport().send(secret_request(&url), &patient()).await.unwrap();
        assert_eq!(answer.body(), "ok", "{host}");
    }
    // A machine without IPv6 has nothing to test here.
    if let Ok(server) = Server::answering_on("[::1]:0", OK).await {
        let answer = transport().send(secret_request(&server.url()), &patient()).await.unwrap();
        assert_eq!(answer.body(), "ok");
    }
}

#[tokio::test]
async fn a_url_without_a_path_asks_for_the_root() {
    for (end, target) in [("", "/"), ("/", "/"), ("?a=1", "/?a=1"), ("/?a=1", "/?a=1")] {
        let server = Server::answering(OK).await;
        let request = http::Request::get(format!("{}{end}", server.url())).body(Body::empty());
        transport().send(request.unwrap(), &patient()).await.unwrap();
        let line = format!("GET {target} HTTP/1.1\r\n");
        assert!(server.requests()[0].starts_with(&line), "{end}: {:?}", server.requests());
    }
}

#[tokio::test]
async fn d02_plain_http_to_another_host_is_refused_before_its_name_is_resolved() {
    for url in ["http://example.invalid", "http://192.0.2.1", "http://localhost.example.invalid"] {
        let error = failure(&transport(), url, &patient()).await;
        assert_eq!(facts(&error), (Phase::Prepare, Kind::Invalid, Outcome::NotSent), "{url}");
        assert!(error.to_string().contains("use https"), "{error}");
    }
}

#[tokio::test]
async fn another_scheme_is_refused_however_well_the_server_is_known() {
    let server = Server::start(|mut stream| async move {
        while read_request(&mut stream).await.is_some() {
            stream.write_all(OK.as_bytes()).await.unwrap();
        }
    })
    .await;
    let transport = transport();
    transport.send(secret_request(&server.url()), &patient()).await.unwrap();
    let error = failure(&transport, &server.url().replace("http:", "ftp:"), &patient()).await;
    assert_eq!(facts(&error), (Phase::Prepare, Kind::Invalid, Outcome::NotSent));
}

#[tokio::test]
async fn a_transport_for_this_machine_talks_to_no_other() {
    let transport = Transport::builder().loopback_only().build().unwrap();
    let error = failure(&transport, "https://example.invalid", &patient()).await;
    assert_eq!(facts(&error), (Phase::Prepare, Kind::Invalid, Outcome::NotSent));
    assert!(error.to_string().contains("this machine only"), "{error}");

    let server = Server::answering(OK).await;
    let answer = transport.send(secret_request(&server.url()), &patient()).await.unwrap();
    assert_eq!(answer.body(), "ok");
}

#[tokio::test]
async fn d02_a_url_with_a_password_is_refused_without_repeating_it() {
    let server = Untouched::new();
    let url = server.url().replace("//", &format!("//user:{CANARY}@"));
    let error = failure(&transport(), &url, &patient()).await;
    assert_eq!(facts(&error), (Phase::Prepare, Kind::Invalid, Outcome::NotSent));
    server.assert_untouched();
}

#[tokio::test]
async fn a_relative_url_is_refused() {
    let request = http::Request::get(format!("/api?token={CANARY}")).body(Body::empty()).unwrap();
    let error = transport().send(request, &patient()).await.unwrap_err();
    assert_silent(&error);
    assert_eq!(facts(&error), (Phase::Prepare, Kind::Invalid, Outcome::NotSent));
    assert!(error.to_string().contains("not absolute"), "{error}");
}

#[tokio::test]
async fn a_host_that_cannot_exist_is_refused() {
    for url in ["https://999.1.1.1", "https://example.invalid:99999"] {
        let error = failure(&transport(), url, &patient()).await;
        assert_eq!(facts(&error), (Phase::Prepare, Kind::Invalid, Outcome::NotSent), "{url}");
    }
}

#[tokio::test]
async fn h04_a_deadline_that_has_passed_opens_no_connection() {
    let server = Untouched::new();
    let error = failure(&transport(), &server.url(), &CallOptions::new(Instant::now())).await;
    assert_eq!(facts(&error), (Phase::Prepare, Kind::Timeout, Outcome::NotSent));
    server.assert_untouched();
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn d02_no_url_gets_plain_http_past_the_check_unless_it_names_this_machine(
        url in "(https?|ftp|HTTP)://([a-z]{1,3}@)?(localhost|127\\.0\\.0\\.1|\\[::1\\]|0|[a-z0-9.-]{1,8})(\\.[a-z]{1,3})?(:[0-9]{1,5})?(/[!-~]{0,8})?"
    ) {
        let Ok(uri) = url.parse::<http::Uri>() else { return Ok(()) };
        let result = check_target(&uri);
        let https = uri.scheme_str() == Some("https");
        let http = uri.scheme_str() == Some("http");
        prop_assert_eq!(
            result.is_ok(),
            (https || http && is_loopback(&uri)) && !uri.authority().unwrap().as_str().contains('@')
        );
    }

    #[test]
    fn d02_what_is_called_loopback_is_loopback_for_the_standard_library(host in "[0-9a-f:.x\\[\\]]{1,16}") {
        let Ok(uri) = format!("http://{host}/").parse::<http::Uri>() else { return Ok(()) };
        if is_loopback(&uri) {
            let address = uri.host().unwrap().trim_matches(['[', ']']);
            prop_assert!(address.parse::<std::net::IpAddr>().unwrap().is_loopback());
        }
    }
}
