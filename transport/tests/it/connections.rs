//! Fresh and pooled connections.

use replykit_transport::{Connection, HttpTransport};
use tokio::io::AsyncWriteExt;

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
