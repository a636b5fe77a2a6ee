//! Faults of a connection, played by a server that speaks bytes.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use whatsapp_automation::{
    ErrorKind, Outcome,
    crm::{CreateContact, CreateGroup, DeleteContact, GetContact, PostStatus, SendMessage},
};

/// Gives one canned answer to each connection in turn, the last one over and over, and closes it. An
/// answer that is empty is a connection closed without one. Returns the base URL and the count.
async fn server(answers: Vec<&'static str>) -> (String, tokio::sync::watch::Receiver<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/", listener.local_addr().unwrap());
    let (count, seen) = tokio::sync::watch::channel(0);
    tokio::spawn(async move {
        loop {
            let (mut connection, _) = listener.accept().await.unwrap();
            let answer = answers[(*count.borrow()).min(answers.len() - 1)];
            let mut request = Vec::new();
            while !is_whole(&request) {
                if connection.read_buf(&mut request).await.unwrap() == 0 {
                    break;
                }
            }
            count.send_modify(|count| *count += 1);
            connection.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (base, seen)
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.map_or(0, |length| length.parse().unwrap())
}

const CUT: &str =
    "HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{\"id\":7,\"status\":\"Sent\"}";
const CONTACT: &str = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 8\r\n\r\n{\"id\":7}";
const NOT_FOUND: &str = "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Type: application/json\r\n\
                         Content-Length: 23\r\n\r\n{\"detail\":\"Not found.\"}";

#[tokio::test]
async fn h05_h08_a_send_whose_answer_is_cut_is_unknown_and_made_once() {
    for answer in ["", CUT, "HTTP/1.1 20", "not HTTP\r\n\r\n"] {
        let (base, seen) = server(vec![answer]).await;
        let client = crate::client(&base);
        let errors = [
            client.execute(SendMessage::new("+1", "Hi")).await.unwrap_err(),
            client.execute(PostStatus::text("Hi")).await.unwrap_err(),
            client.execute(CreateGroup::new("shoes")).await.unwrap_err(),
            client.execute(CreateContact::new("Billy", "+1", "shoes")).await.unwrap_err(),
        ];
        for error in errors {
            assert!(matches!(error.kind(), ErrorKind::Transport(_)), "{error:?}");
            assert_eq!((error.outcome(), error.attempts()), (Outcome::Unknown, 1), "{answer}");
        }
        assert_eq!(*seen.borrow(), 4);
    }
}

#[tokio::test]
async fn h05_what_only_reads_is_asked_again() {
    let (base, seen) = server(vec!["", CONTACT]).await;
    let contact = crate::client(&base).execute(GetContact::new(7)).await.unwrap();
    assert_eq!((contact.id.get(), *seen.borrow()), (7, 2));
}

#[tokio::test]
async fn d03_a_deletion_whose_answer_was_lost_succeeds_by_404() {
    let (base, seen) = server(vec!["", NOT_FOUND]).await;
    crate::client(&base).execute(DeleteContact::new(7)).await.unwrap();
    assert_eq!(*seen.borrow(), 2);
    let (base, _) = server(vec![NOT_FOUND]).await;
    let error = crate::client(&base).execute(DeleteContact::new(7)).await.unwrap_err();
    assert_eq!((error.outcome(), error.attempts()), (Outcome::Rejected, 1));
}

#[tokio::test]
async fn d01_a_post_is_not_turned_into_a_list_by_a_redirect() {
    let redirect = "HTTP/1.1 301 Moved Permanently\r\nConnection: close\r\nLocation: /whatsapp/\r\n\
                    Content-Length: 0\r\n\r\n";
    let list = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 10\r\n\r\n[{\"id\":7}]";
    let (base, seen) = server(vec![redirect, list]).await;
    let error = crate::client(&base).execute(SendMessage::new("+1", "Hi")).await.unwrap_err();
    assert_eq!((error.outcome(), *seen.borrow()), (Outcome::Unknown, 1));
    assert_eq!(error.status().unwrap().as_u16(), 301);
}

#[tokio::test]
async fn h01_a_server_that_is_not_there_has_seen_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let error = crate::client(&base).execute(SendMessage::new("+1", "Hi")).await.unwrap_err();
    assert_eq!((error.outcome(), error.attempts()), (Outcome::NotSent, 3));
}

#[tokio::test]
async fn h06_silence_ends_at_the_deadline_and_is_unknown() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/", listener.local_addr().unwrap());
    let client = crate::client(&base);
    let call = client.execute(SendMessage::new("+1", "Hi")).deadline(Duration::from_millis(200));
    let error = call.await.unwrap_err();
    assert_eq!((error.outcome(), error.attempts()), (Outcome::Unknown, 1));
}
