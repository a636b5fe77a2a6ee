//! Everything that a server can do once it has the request.

use std::sync::Arc;

use proptest::{prelude::*, test_runner::TestRunner};
use replykit_transport::{
    Body, HttpTransport, MockTransport, Outcome, Phase, TransportErrorKind as Kind,
};

use crate::support::{
    CANARY, OK, Server, assert_silent, facts, failure, hasty, patient, read_request,
    secret_request, transport,
};

const INTERRUPTED: (Phase, Kind, Outcome) = (Phase::Exchange, Kind::Interrupted, Outcome::Unknown);
const CUT_SHORT: (Phase, Kind, Outcome) = (Phase::Body, Kind::Interrupted, Outcome::Unknown);
const TOO_LARGE: (Phase, Kind, Outcome) = (Phase::Body, Kind::TooLarge, Outcome::Unknown);

#[tokio::test]
async fn an_answer_of_any_status_is_ok() {
    for status in [200, 201, 204, 304, 400, 401, 403, 404, 409, 429, 500, 503, 599, 999] {
        let server = Server::answering(format!(
            "HTTP/1.1 {status} Any\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n"
        ))
        .await;
        let answer = transport().send(secret_request(&server.url()), &patient()).await.unwrap();
        assert_eq!(answer.status(), status);
        assert_eq!(answer.version(), http::Version::HTTP_11);
        let cookies: Vec<_> = answer.headers().get_all("set-cookie").iter().collect();
        assert_eq!(cookies, ["a=1", "b=2"]);
    }
}

#[tokio::test]
async fn transports_are_interchangeable_behind_the_trait() {
    let server = Server::answering(OK).await;
    let mock = MockTransport::new();
    mock.answer(200, "ok");
    let transports: [Arc<dyn HttpTransport>; 2] = [Arc::new(transport()), Arc::new(mock)];
    for transport in transports {
        let request = secret_request(&server.url());
        let call = tokio::spawn(async move { transport.send(request, &patient()).await });
        assert_eq!(call.await.unwrap().unwrap().body(), "ok");
    }
}

#[tokio::test]
async fn h05_a_connection_closed_after_the_request_leaves_it_unknown() {
    for start in ["", "HTTP/1.1 103 Early Hints\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Le"] {
        let server = Server::answering(start).await;
        let error = failure(&transport(), &server.url(), &patient()).await;
        assert_eq!(facts(&error), INTERRUPTED, "{start:?}");
    }
}

#[tokio::test]
async fn h05_a_connection_reset_after_the_request_leaves_it_unknown() {
    let server = Server::start(|mut stream| async move {
        read_request(&mut stream).await;
        stream.set_zero_linger().unwrap();
    })
    .await;
    let error = failure(&transport(), &server.url(), &patient()).await;
    assert_eq!(facts(&error), INTERRUPTED);
}

#[tokio::test]
async fn h06_silence_after_the_request_leaves_it_unknown_at_the_deadline() {
    let server = Server::stalling("").await;
    let error = failure(&transport(), &server.url(), &hasty()).await;
    assert_eq!(facts(&error), (Phase::Exchange, Kind::Timeout, Outcome::Unknown));
}

#[tokio::test]
async fn h06_a_server_that_stops_reading_leaves_it_unknown_at_the_deadline() {
    let server = Server::start(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let body = CANARY.repeat(2 << 20);
    let request = http::Request::post(server.url()).body(Body::from(body)).unwrap();
    let error = transport().send(request, &hasty()).await.unwrap_err();
    assert_silent(&error);
    assert_eq!(facts(&error), (Phase::Exchange, Kind::Timeout, Outcome::Unknown));
}

#[tokio::test]
async fn h07_a_head_that_is_not_http_leaves_it_unknown() {
    let many_fields = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X-Field: 1\r\n".repeat(200));
    let huge_field = format!("HTTP/1.1 200 OK\r\nX-Field: {}\r\n\r\n", "x".repeat(1 << 20));
    for head in [
        "SSH-2.0-OpenSSH_9.9\r\n\r\n",
        "\0\u{1}\u{2}\r\n\r\n",
        "HTTP/1.1 twohundred OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon here\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
        &many_fields,
        &huge_field,
    ] {
        let server = Server::answering(head).await;
        let error = failure(&transport(), &server.url(), &patient()).await;
        assert_eq!(facts(&error), INTERRUPTED, "{}", head.escape_debug());
    }
}

#[tokio::test]
async fn h08_a_body_cut_short_leaves_it_unknown() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"ok\":1}",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{\"ok\":1}\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnot a length\r\n",
    ] {
        let server = Server::answering(answer).await;
        let error = failure(&transport(), &server.url(), &patient()).await;
        assert_eq!(facts(&error), CUT_SHORT, "{answer:?}");
    }
}

#[tokio::test]
async fn h08_a_body_that_stalls_leaves_it_unknown_at_the_deadline() {
    let server = Server::stalling("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"ok\":1}").await;
    let error = failure(&transport(), &server.url(), &hasty()).await;
    assert_eq!(facts(&error), (Phase::Body, Kind::Timeout, Outcome::Unknown));
}

#[tokio::test]
async fn h09_a_body_over_the_cap_leaves_it_unknown() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n12345678901",
        "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n1",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n12345678901\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n12345678901",
    ] {
        let server = Server::answering(answer).await;
        let error = failure(&transport(), &server.url(), &patient().max_body(10)).await;
        assert_eq!(facts(&error), TOO_LARGE, "{answer:?}");
        assert!(error.to_string().contains("10 bytes"), "{error}");
    }
}

#[tokio::test]
async fn h09_a_body_without_end_stops_at_the_cap() {
    let server = Server::start(|mut stream| async move {
        use tokio::io::AsyncWriteExt;
        read_request(&mut stream).await;
        let mut piece = "HTTP/1.1 200 OK\r\n\r\n".to_owned();
        while stream.write_all(piece.as_bytes()).await.is_ok() {
            piece = "x".repeat(4096);
        }
    })
    .await;
    let error = failure(&transport(), &server.url(), &patient()).await;
    assert_eq!(facts(&error), TOO_LARGE);
}

#[test]
fn h09_a_body_arrives_whole_up_to_the_cap_and_not_beyond_however_it_is_cut() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let transport = transport();
    let pieces = prop::collection::vec(1..200_usize, 1..6);
    let config = ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() };
    TestRunner::new(config)
        .run(&(pieces, -2..3_isize, any::<bool>()), |(pieces, spare, chunked)| {
            let length: usize = pieces.iter().sum();
            let cap = length.saturating_add_signed(spare);
            let body: String = (0..length).map(|at| char::from(b'a' + (at % 26) as u8)).collect();
            let answer = if chunked {
                let mut rest = body.as_str();
                let mut text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned();
                for piece in pieces {
                    let (now, later) = rest.split_at(piece);
                    text += &format!("{piece:x}\r\n{now}\r\n");
                    rest = later;
                }
                text + "0\r\n\r\n"
            } else {
                format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}")
            };
            let result = runtime.block_on(async {
                let server = Server::answering(answer).await;
                transport.send(secret_request(&server.url()), &patient().max_body(cap)).await
            });
            match result {
                Ok(answer) => {
                    prop_assert!(length <= cap);
                    prop_assert_eq!(answer.body(), body.as_bytes());
                }
                Err(error) => {
                    prop_assert!(length > cap);
                    prop_assert_eq!(facts(&error), TOO_LARGE);
                }
            }
            Ok(())
        })
        .unwrap();
}

#[tokio::test]
async fn h09_a_compressed_answer_leaves_it_unknown() {
    for codings in ["Content-Encoding: gzip", "Content-Encoding: identity\r\nContent-Encoding: br"]
    {
        let server = Server::answering(format!(
            "HTTP/1.1 200 OK\r\n{codings}\r\nContent-Length: 2\r\n\r\nok"
        ))
        .await;
        let error = failure(&transport(), &server.url(), &patient()).await;
        assert_eq!(facts(&error), (Phase::Body, Kind::Encoding, Outcome::Unknown), "{codings}");
    }
    let server = Server::answering(
        "HTTP/1.1 200 OK\r\nContent-Encoding: Identity\r\nContent-Length: 2\r\n\r\nok",
    )
    .await;
    let answer = transport().send(secret_request(&server.url()), &patient()).await.unwrap();
    assert_eq!(answer.body(), "ok");
}
