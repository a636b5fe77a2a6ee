//! Fresh and pooled connections.

use replykit_transport::{Connection, HttpTransport};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{OK, Server, patient, read_request, secret_request, transport};

const CALLS: usize = 10;

#[tokio::test]
async fn a_fresh_call_opens_a_connection_of_its_own() {
    assert_eq!(connections_for(&[Connection::Fresh; CALLS]).await, CALLS);
}

#[tokio::test]
async fn pooled_calls_share_connections() {
    // One connection as a rule. A call may open a second one while the first is being put back.
    assert!(connections_for(&[Connection::Pooled; CALLS]).await < CALLS);
}

#[tokio::test]
async fn a_fresh_call_does_not_take_the_idle_connection_of_a_pooled_one() {
    let calls = [Connection::Pooled, Connection::Fresh, Connection::Fresh];
    assert_eq!(connections_for(&calls).await, calls.len());
}

#[tokio::test]
async fn h29_fresh_calls_never_meet_a_connection_that_the_server_has_closed() {
    let server = Server::answering(OK).await;
    let transport = transport();
    let options = patient().connection(Connection::Fresh);
    for _ in 0..200 {
        transport.send(secret_request(&server.url()), &options).await.unwrap();
    }
    assert_eq!(server.requests().len(), 200);
}

#[tokio::test]
async fn a_connection_that_the_server_will_not_use_again_is_closed_and_not_kept() {
    const LAST: &str = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";
    let (closed, mut closings) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::start(move |mut stream| {
        let closed = closed.clone();
        async move {
            read_request(&mut stream).await;
            stream.write_all(LAST.as_bytes()).await.unwrap();
            closed.send(stream.read(&mut [0]).await.unwrap()).unwrap();
        }
    })
    .await;
    let transport = transport();
    for _ in 0..CALLS {
        let options = patient().connection(Connection::Pooled);
        transport.send(secret_request(&server.url()), &options).await.unwrap();
        assert_eq!(closings.recv().await, Some(0));
    }
}

/// How many connections these calls, one after the other, take to a server that keeps them open.
async fn connections_for(calls: &[Connection]) -> usize {
    let server = Server::start(|mut stream| async move {
        while read_request(&mut stream).await.is_some() {
            stream.write_all(OK.as_bytes()).await.unwrap();
        }
    })
    .await;
    let transport = transport();
    for connection in calls {
        let options = patient().connection(*connection);
        let answer = transport.send(secret_request(&server.url()), &options).await.unwrap();
        assert_eq!(answer.body(), "ok");
    }
    server.connections()
}
