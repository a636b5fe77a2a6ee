//! Bodies that are streams: what arrives, and what becomes of those that break.

use std::{
    io,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use replykit_transport::{
    Body, BodyStream, CallOptions, Connection, HttpTransport, OperationClass, Outcome, Phase,
    RestClient, RestFailure, RestRequest, RetryRule, TransportError, TransportErrorKind as Kind,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use self::support::{PIECE, Zeros, counting, drain, failure, post, read_head};
use crate::{
    PROVES_UNWRITTEN, Transport,
    support::{OK, Server, Untouched, facts, hasty, header, patient, transport},
};

mod support;

#[tokio::test]
async fn a_stream_arrives_whole_with_its_length_announced() {
    for connection in [Connection::Fresh, Connection::Pooled] {
        let (server, mut seen) = counting(|_| Some(OK)).await;
        for len in [1, PIECE as u64, 3 * PIECE as u64 + 1] {
            let body = Zeros::default().body(len, len, None);
            let options = patient().connection(connection);
            let answer = transport().send(post(&server.url(), body), &options).await.unwrap();
            assert_eq!(answer.body(), "ok");
            let (head, read) = seen.recv().await.unwrap();
            assert_eq!(header(&head, "content-length"), [len.to_string()]);
            assert!(header(&head, "transfer-encoding").is_empty(), "{head}");
            assert_eq!(read, len);
        }
    }
}

#[tokio::test]
async fn no_more_is_read_ahead_than_a_few_pieces() {
    const LEN: u64 = 64 * 1024 * 1024;
    let zeros = Zeros::default();
    let source = zeros.clone();
    let server = Server::start(move |mut stream| {
        let source = source.clone();
        async move {
            let (_, mut read) = read_head(&mut stream).await;
            while read < LEN {
                read += drain(&mut stream, (LEN - read).min(PIECE as u64)).await;
                let ahead = source.given() - read;
                // What the library holds, and what the kernel does on both sides of loopback.
                assert!(ahead < 16 * 1024 * 1024, "{ahead} bytes ahead");
            }
            stream.write_all(OK.as_bytes()).await.unwrap();
        }
    })
    .await;
    let body = zeros.body(LEN, LEN, None);
    transport().send(post(&server.url(), body), &patient()).await.unwrap();
    assert_eq!(zeros.given(), LEN);
}

#[tokio::test]
async fn k05_a_body_that_cannot_be_opened_is_not_sent_and_nobody_is_called() {
    let server = Untouched::new();
    let body = Body::stream(4, || async { Err(io::ErrorKind::PermissionDenied.into()) });
    let error = failure(&server.url(), body, &patient()).await;
    assert_eq!(facts(&error), (Phase::Prepare, Kind::Upload, Outcome::NotSent));
    assert!(error.to_string().ends_with("permission denied"), "{error}");

    let stuck = Body::stream(4, std::future::pending);
    let error = failure(&server.url(), stuck, &hasty()).await;
    assert_eq!(facts(&error), (Phase::Prepare, Kind::Timeout, Outcome::NotSent));
    server.assert_untouched();
}

#[tokio::test]
async fn k05_a_stream_that_breaks_or_has_another_length_never_makes_a_whole_request() {
    let (server, mut seen) = counting(|_| None).await;
    let piece = PIECE as u64;
    let broken = Some(io::ErrorKind::BrokenPipe);
    for (len, real, end) in [
        (10 * piece, 5 * piece, None),
        (10 * piece, 0, None),
        (10, 9, None),
        (10 * piece, 5 * piece, broken),
        (10 * piece, 0, broken),
        (10 * piece, 10 * piece, broken),
        (10 * piece, 10 * piece + 1, None),
        (10, 11, None),
        (piece, 5 * piece, None),
    ] {
        let zeros = Zeros::default();
        let error = failure(&server.url(), zeros.body(len, real, end), &patient()).await;
        let (_, read) = seen.recv().await.unwrap();
        assert!(read < len, "{read} of {len}");
        let (phase, outcome) = match error.phase() {
            Phase::Unwritten => {
                assert_eq!((PROVES_UNWRITTEN, read), (true, 0));
                (Phase::Unwritten, Outcome::NotSent)
            }
            _ => (Phase::Exchange, Outcome::Unknown),
        };
        assert_eq!(facts(&error), (phase, Kind::Upload, outcome), "{len} {real}");
        zeros.all_closed().await;
    }
}

#[tokio::test]
async fn k05_a_connection_that_breaks_in_the_middle_is_unknown_and_one_request() {
    let piece = PIECE as u64;
    for offset in [0, 1, piece - 1, piece, 10 * piece, 100 * piece - 1] {
        let server = Server::start(move |mut stream| async move {
            let (_, read) = read_head(&mut stream).await;
            drain(&mut stream, offset.saturating_sub(read)).await;
        })
        .await;
        let zeros = Zeros::default();
        let body = zeros.body(100 * piece, 100 * piece, None);
        let error = failure(&server.url(), body, &patient()).await;
        assert_eq!(facts(&error), (Phase::Exchange, Kind::Interrupted, Outcome::Unknown));
        assert_eq!((server.connections(), zeros.opened()), (1, 1));
        zeros.all_closed().await;
    }
}

const TOO_LARGE: &str =
    "HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 9\r\n\r\ntoo large";

#[tokio::test]
async fn k05_a_refusal_before_the_end_of_the_upload_is_heard_and_ends_it() {
    const LEN: u64 = 64 * 1024 * 1024;
    let (seen, mut counts) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::start(move |mut stream| {
        let seen = seen.clone();
        async move {
            let (_, read) = read_head(&mut stream).await;
            stream.write_all(TOO_LARGE.as_bytes()).await.unwrap();
            seen.send(read + drain(&mut stream, u64::MAX).await).unwrap();
        }
    })
    .await;
    for connection in [Connection::Fresh, Connection::Pooled] {
        let zeros = Zeros::default();
        let request = post(&server.url(), zeros.body(LEN, LEN, None));
        let answer = transport().send(request, &patient().connection(connection)).await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.body().as_ref()), (413, &b"too large"[..]));
        assert!(counts.recv().await.unwrap() < LEN, "the upload went on");
        zeros.all_closed().await;
    }
}

/// What is not read when it closes makes the server's kernel break the connection. All of it was written
/// by then: the library would otherwise meet the broken connection before the answer, now and then, and
/// the call is then `Unknown`.
#[tokio::test]
async fn k05_a_refusal_whose_server_closes_at_once_is_heard_even_if_its_page_is_cut() {
    for len in [TOO_LARGE.len(), TOO_LARGE.len() - 4] {
        let server = Server::start(move |mut stream| async move {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            assert_eq!(drain(&mut stream, 9).await, 9);
            stream.write_all(&TOO_LARGE.as_bytes()[..len]).await.unwrap();
        })
        .await;
        let stuck = Body::stream(20, || async {
            let pieces = stream::iter([Ok(Bytes::from_static(&[0; 10]))]);
            Ok(Box::pin(pieces.chain(stream::pending())) as BodyStream)
        });
        let answer = transport().send(post(&server.url(), stuck), &patient()).await.unwrap();
        assert_eq!(answer.status().as_u16(), 413);
        assert!(b"too large".starts_with(answer.body()), "{answer:?}");
    }
}

/// Answers 200 at once. Reads `most` bytes of the body, then closes.
async fn hasty_server(most: u64) -> (Server, tokio::sync::mpsc::UnboundedReceiver<u64>) {
    let (seen, counts) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::start(move |mut stream| {
        let seen = seen.clone();
        async move {
            let (_, read) = read_head(&mut stream).await;
            stream.write_all(OK.as_bytes()).await.unwrap();
            // Not every test wants to know.
            let _ = seen.send(read + drain(&mut stream, most - read).await);
        }
    })
    .await;
    (server, counts)
}

#[tokio::test]
async fn k05_a_success_counts_when_the_server_took_the_whole_request() {
    const LEN: u64 = 16 * 1024 * 1024;
    // Where the last bytes wait when the answer is there, differs.
    for len in (0..30).map(|number| LEN / 4 + number * 4099) {
        let (server, mut counts) = hasty_server(len).await;
        let zeros = Bytes::from(vec![0; usize::try_from(len).unwrap()]);
        for body in [Zeros::default().body(len, len, None), Body::from(zeros)] {
            let answer = transport().send(post(&server.url(), body), &patient()).await.unwrap();
            assert_eq!((answer.status().as_u16(), counts.recv().await.unwrap()), (200, len));
        }
    }

    let zeros = Bytes::from(vec![0; usize::try_from(LEN).unwrap()]);
    for body in [Zeros::default().body(LEN, LEN, None), Body::from(zeros)] {
        let (server, _) = hasty_server(LEN / 2).await;
        let error = failure(&server.url(), body, &patient()).await;
        assert_eq!(facts(&error), (Phase::Body, Kind::Interrupted, Outcome::Unknown));
        assert_eq!(error.received(), "ok");
    }

    let (server, _) = hasty_server(LEN).await;
    let error = failure(&server.url(), Zeros::default().body(LEN, LEN / 2, None), &patient()).await;
    assert_eq!(facts(&error), (Phase::Body, Kind::Upload, Outcome::Unknown));
}

#[tokio::test]
async fn a_stream_arrives_whole_over_tls() {
    const LEN: u64 = 100 * 1024;
    let (server, pem) = Server::with_tls("localhost", 4000).await;
    let transport = Transport::builder().no_proxy().root_certificate_pem(pem).build().unwrap();
    let body = Zeros::default().body(LEN, LEN, None);
    let request = post(&format!("https://localhost:{}", server.port()), body);
    let answer = transport.send(request, &patient()).await.unwrap();
    assert_eq!((answer.status().as_u16(), &answer.body()[..]), (200, &b"ok"[..]));
}

#[tokio::test]
async fn k05_a_call_that_ends_closes_its_stream_and_its_connection() {
    const LEN: u64 = 64 * 1024 * 1024;
    let (started, mut starts) = tokio::sync::mpsc::unbounded_channel();
    let (ended, mut ends) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::start(move |mut stream| {
        let (started, ended) = (started.clone(), ended.clone());
        async move {
            read_head(&mut stream).await;
            // Nothing more is read before the call has ended.
            let (go, gone) = tokio::sync::oneshot::channel::<()>();
            started.send(go).unwrap();
            let _ = gone.await;
            ended.send(drain(&mut stream, u64::MAX).await).unwrap();
        }
    })
    .await;
    // Given up by its caller.
    let zeros = Zeros::default();
    let request = post(&server.url(), zeros.body(LEN, LEN, None));
    let (transport, options) = (transport(), patient());
    let go = tokio::select! {
        go = starts.recv() => go.unwrap(),
        answer = transport.send(request, &options) => panic!("{answer:?}"),
    };
    zeros.all_closed().await;
    drop(go);
    assert!(ends.recv().await.unwrap() < LEN);

    // Ended by its deadline.
    let zeros = Zeros::default();
    let error = failure(&server.url(), zeros.body(LEN, LEN, None), &hasty()).await;
    assert_eq!(facts(&error), (Phase::Exchange, Kind::Timeout, Outcome::Unknown));
    zeros.all_closed().await;
    drop(starts.recv().await.unwrap());
    assert!(ends.recv().await.unwrap() < LEN);
}

#[derive(Debug)]
struct Failure(TransportError);

impl From<TransportError> for Failure {
    fn from(error: TransportError) -> Self {
        Self(error)
    }
}

impl RestFailure for Failure {
    fn outcome(&self) -> Outcome {
        self.0.outcome()
    }

    fn retry(&self) -> RetryRule {
        match self.0.phase() {
            Phase::Connect => RetryRule::After(Duration::ZERO),
            _ => RetryRule::UnlessSend(Duration::ZERO),
        }
    }
}

/// Goes to a port where nobody listens first, and to the server from then on.
#[derive(Debug)]
struct RefusedOnce(Transport, AtomicUsize);

#[async_trait::async_trait]
impl HttpTransport for RefusedOnce {
    async fn send(
        &self,
        mut request: http::Request<Body>,
        options: &CallOptions,
    ) -> Result<http::Response<Bytes>, TransportError> {
        if self.1.fetch_add(1, Ordering::SeqCst) == 0 {
            let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
            *request.uri_mut() = format!("http://{nobody}/").parse().unwrap();
        }
        self.0.send(request, options).await
    }
}

#[tokio::test]
async fn k05_a_repeat_opens_the_stream_anew_and_sends_all_of_it() {
    const LEN: u64 = 3 * PIECE as u64 + 1;
    let (server, mut seen) = counting(|_| Some(OK)).await;
    let zeros = Zeros::default();
    let mut request = RestRequest::new("upload", OperationClass::Send, http::Method::POST, "media");
    let kind = http::HeaderValue::from_static("application/octet-stream");
    request.body = Some((kind, zeros.body(LEN, LEN, None)));
    let refused_once = RefusedOnce(transport(), AtomicUsize::new(0));
    let client = RestClient::new(refused_once, server.url().parse().unwrap()).unwrap().seed(1);
    client.call(&request, Ok::<_, Failure>).await.unwrap();
    assert_eq!((seen.recv().await.unwrap().1, zeros.opened()), (LEN, 2));
    // What was opened for the refused attempt was not read.
    assert_eq!(zeros.given(), LEN);
}

#[tokio::test]
async fn k05_an_upload_that_broke_is_repeated_only_where_that_does_no_harm() {
    const LEN: u64 = 3 * PIECE as u64;
    for (class, attempts) in [(OperationClass::Send, 1), (OperationClass::Write, 3)] {
        let (server, _seen) = counting(|_| None).await;
        let zeros = Zeros::default();
        let mut request = RestRequest::new("upload", class, http::Method::POST, "media");
        let kind = http::HeaderValue::from_static("application/octet-stream");
        request.body = Some((kind, zeros.body(LEN, LEN, None)));
        let client = RestClient::new(transport(), server.url().parse().unwrap()).unwrap().seed(1);
        let failed = client.call(&request, Ok::<_, Failure>).await.unwrap_err();
        assert_eq!((failed.outcome(), failed.attempts), (Outcome::Unknown, attempts));
        assert_eq!((zeros.opened(), server.connections()), (attempts as usize, attempts as usize));
    }
}
