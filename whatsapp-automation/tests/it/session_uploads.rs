//! Files from the disk whose upload finds the session over.

use std::path::PathBuf;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use whatsapp_automation::{
    ErrorKind, Media, Outcome,
    session::{Client, Login, SendMessage},
    transport::{Phase, TransportErrorKind},
};

use crate::uploads::{Folder, rewrite};

const FILE: u64 = 8 * 1024 * 1024;

const LOGGED_IN: &str = "HTTP/1.1 200 OK\r\nSet-Cookie: connect.sid=s%3Ax; Path=/\r\n\
                         Content-Length: 2\r\nConnection: close\r\n\r\n{}";
const OVER: &str = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
const ACCEPTED: &str = "HTTP/1.1 200 OK\r\nContent-Length: 36\r\nConnection: close\r\n\r\n\
                        {\"success\":true,\"messageId\":\"msg_1\"}\n";

/// A request whose head and, up to so many bytes, body were read.
struct Request {
    stream: TcpStream,
    head: String,
    read: u64,
}

impl Request {
    async fn next(listener: &TcpListener) -> Self {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        Self { stream, head: String::from_utf8(head).unwrap(), read: 0 }
    }

    fn len(&self) -> u64 {
        let head = self.head.to_ascii_lowercase();
        let len = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        len.unwrap().parse().unwrap()
    }

    /// Reads on to `offset`, or to the end of the connection.
    async fn read_to(&mut self, offset: u64) {
        let mut piece = vec![0; 64 * 1024];
        while self.read < offset {
            match self.stream.read(&mut piece).await {
                Ok(0) | Err(_) => return,
                Ok(read) => self.read += read as u64,
            }
        }
    }

    async fn answer(&mut self, answer: &str) {
        self.stream.write_all(answer.as_bytes()).await.unwrap();
    }
}

/// A client with a session, and a file to upload.
async fn start(folder: &Folder) -> (TcpListener, Client, PathBuf, SendMessage) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = crate::session_client(&format!("http://{}/", listener.local_addr().unwrap()));
    let login = client.execute(Login::new("johndoe", "canary").keep_password());
    let (login, ()) = tokio::join!(login.into_future(), log_in(&listener));
    login.unwrap();
    let path = folder.zeros("film.mp4", FILE);
    let media = Media::file(path.clone()).await.unwrap();
    (listener, client, path, SendMessage::new("+1", "Hi").media(media))
}

async fn log_in(listener: &TcpListener) {
    let mut login = Request::next(listener).await;
    assert!(login.head.starts_with("POST /api/auth/login "), "{}", login.head);
    login.read_to(login.len()).await;
    login.answer(LOGGED_IN).await;
}

#[tokio::test]
async fn k01_a_file_is_opened_anew_for_the_session_that_follows() {
    // How much the server reads before it says that the session is over.
    for early in [0, 1024 * 1024, u64::MAX] {
        let folder = Folder::new();
        let (listener, client, _, send) = start(&folder).await;
        let serve = async {
            let mut first = Request::next(&listener).await;
            first.read_to(early.min(first.len())).await;
            first.answer(OVER).await;
            first.read_to(u64::MAX).await;
            log_in(&listener).await;
            let mut second = Request::next(&listener).await;
            second.read_to(second.len()).await;
            second.answer(ACCEPTED).await;
            (first.read, second.read, second.len())
        };
        let (sent, (first, second, len)) = tokio::join!(client.execute(send).into_future(), serve);
        assert_eq!(sent.unwrap().message_id.as_str(), "msg_1");
        assert_eq!(second, len);
        assert!(first == len || early < len, "{first}");
    }
}

#[tokio::test]
async fn k01_a_file_that_changed_during_the_login_is_not_sent() {
    let folder = Folder::new();
    let (listener, client, path, send) = start(&folder).await;
    let serve = async {
        let mut first = Request::next(&listener).await;
        first.read_to(first.len()).await;
        first.answer(OVER).await;
        rewrite(&path);
        log_in(&listener).await;
    };
    let (sent, ()) = tokio::join!(client.execute(send).into_future(), serve);
    let error = sent.unwrap_err();
    let ErrorKind::Transport(failure) = error.kind() else { panic!("{error:?}") };
    assert_eq!((failure.phase(), failure.kind()), (Phase::Prepare, TransportErrorKind::Upload));
    assert_eq!((error.outcome(), error.attempts()), (Outcome::NotSent, 2));
    assert!(!format!("{error} {error:?}").contains("film"), "{error:?}");
}

#[tokio::test]
async fn k05_a_call_that_is_dropped_in_the_login_sends_no_more_of_its_file() {
    let folder = Folder::new();
    let (listener, client, _, send) = start(&folder).await;
    {
        let mut call = client.execute(send).into_future();
        let until_login = async {
            let mut first = Request::next(&listener).await;
            first.read_to(first.len()).await;
            first.answer(OVER).await;
            Request::next(&listener).await
        };
        tokio::select! {
            result = &mut call => panic!("{result:?}"),
            _ = until_login => {}
        }
    }
    // The next call logs in first, and nothing else is on its way.
    let profile = client.execute(whatsapp_automation::session::GetProfile::new());
    let serve = async {
        log_in(&listener).await;
        let mut next = Request::next(&listener).await;
        next.answer("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n{\"id\":1}").await;
        next.head
    };
    let (profile, head) = tokio::join!(profile.into_future(), serve);
    profile.unwrap();
    assert!(head.starts_with("GET /api/users/me "), "{head}");
}
