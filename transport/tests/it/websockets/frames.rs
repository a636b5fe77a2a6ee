//! What goes over a WebSocket.

use std::sync::Mutex;

use bytes::Bytes;
use replykit_transport::DEFAULT_MAX_MESSAGE;
use tokio::sync::oneshot;

use super::*;

const BROKEN: (Phase, Kind, Outcome) = (Phase::Exchange, Kind::Interrupted, Outcome::Unknown);
const TOO_LARGE: (Phase, Kind, Outcome) = (Phase::Exchange, Kind::TooLarge, Outcome::Unknown);
const EMOJI: &str = "\u{1f600}";

/// A WebSocket, and its other side. The server has to live as long.
async fn open() -> (Server, Box<dyn WebSocket>, Peer) {
    let (sender, peer) = oneshot::channel();
    let sender = Mutex::new(Some(sender));
    let server = Server::start(move |stream| {
        let sender = sender.lock().unwrap().take().unwrap();
        async move { _ = sender.send(Peer::upgrade(stream).await) }
    })
    .await;
    let socket = connect(&plain(), &server.url()).await.unwrap();
    (server, socket, peer.await.unwrap())
}

/// What is read of these bytes until the connection ends, by either side.
async fn read(bytes: impl AsRef<[u8]>) -> Vec<SocketMessage> {
    let (_server, mut socket, mut peer) = open().await;
    peer.write(bytes).await;
    drop(peer);
    let mut messages = Vec::new();
    while let Some(Ok(message)) = receive(&mut socket).await {
        messages.push(message);
    }
    messages
}

/// How the connection breaks that is read next.
async fn fault(socket: &mut Box<dyn WebSocket>) -> (Phase, Kind, Outcome) {
    match receive(socket).await {
        Some(Err(error)) => {
            assert_silent(&error);
            facts(&error)
        }
        other => panic!("{other:?}"),
    }
}

fn text(text: &'static str) -> SocketMessage {
    SocketMessage::Text(Bytes::from_static(text.as_bytes()))
}

/// The header of a text frame of this length.
fn announced(length: u64) -> Vec<u8> {
    [&[0x81, 127][..], &length.to_be_bytes()].concat()
}

#[tokio::test]
async fn texts_and_bytes_come_as_they_are_and_in_order() {
    let frames = [
        frame(0x81, EMOJI.as_bytes()),
        frame(0x82, b"\xff\x00"),
        frame(0x81, b""),
        frame(0x8a, b"a pong"),
    ];
    let binary = SocketMessage::Binary(Bytes::from_static(b"\xff\x00"));
    let came = read(frames.concat()).await;
    assert_eq!(came, [text(EMOJI), binary, text(""), SocketMessage::Control]);
}

#[tokio::test]
async fn a_message_in_pieces_is_one_with_a_ping_in_between() {
    let emoji = EMOJI.as_bytes();
    let frames = [
        frame(0x01, &emoji[..1]),
        frame(0x89, b"ping"),
        frame(0x00, &emoji[1..3]),
        frame(0x00, b""),
        frame(0x80, &emoji[3..]),
    ];
    assert_eq!(read(frames.concat()).await, [SocketMessage::Control, text(EMOJI)]);
}

#[tokio::test]
async fn w12_a_ping_is_answered_though_nothing_else_is_sent() {
    let (_server, mut socket, mut peer) = open().await;
    peer.write([frame(0x89, b"are you there"), frame(0x81, b"text")].concat()).await;
    assert!(matches!(receive(&mut socket).await, Some(Ok(SocketMessage::Control))));
    assert!(matches!(receive(&mut socket).await, Some(Ok(SocketMessage::Text(_)))));
    let pong = tokio::select! {
        _ = receive(&mut socket) => panic!("nothing else was sent"),
        pong = peer.frame() => pong,
    };
    assert_eq!(pong, (0x8a, b"are you there".to_vec()));
}

#[tokio::test]
async fn a_text_goes_out_masked_and_whole() {
    let (_server, mut socket, mut peer) = open().await;
    for text in [String::new(), "Hello".to_owned(), "long ".repeat(10_000)] {
        socket.send(Bytes::from(text.clone())).unwrap();
        let flush = poll_fn(|cx| socket.poll_flush(cx));
        let (flushed, mut frame) = tokio::join!(flush, peer.frame());
        flushed.unwrap();
        let mut whole = frame.1.clone();
        while frame.0 & 0x80 == 0 {
            frame = peer.frame().await;
            whole.extend(&frame.1);
        }
        assert_eq!(whole, text.as_bytes());
    }
}

#[tokio::test]
async fn w05_each_way_to_end_is_told_apart() {
    let policy = [&1008_u16.to_be_bytes()[..], CANARY.as_bytes()].concat();
    for (payload, code) in
        [(&1000_u16.to_be_bytes()[..], Some(1000)), (&policy, Some(1008)), (b"", None)]
    {
        let came = read(frame(0x88, payload)).await;
        assert_eq!(came, [SocketMessage::Close(code)]);
        assert!(!format!("{came:?}").contains(CANARY));
    }
    let (_server, mut socket, peer) = open().await;
    drop(peer);
    assert!(receive(&mut socket).await.is_none(), "FIN");

    let (_server, mut socket, peer) = open().await;
    peer.0.set_zero_linger().unwrap();
    drop(peer);
    assert_eq!(fault(&mut socket).await, BROKEN, "RST");

    let (_server, mut socket, mut peer) = open().await;
    peer.write(&frame(0x81, b"half of it")[..6]).await;
    drop(peer);
    assert_eq!(fault(&mut socket).await, BROKEN, "FIN within a frame");
}

#[tokio::test]
async fn closing_says_goodbye_and_waits_for_the_answer() {
    let (_server, mut socket, mut peer) = open().await;
    let answer = async {
        let close = peer.frame().await;
        peer.write(frame(0x81, b"what came before the goodbye")).await;
        peer.write(frame(0x88, &close.1)).await;
        assert_eq!(peer.0.read(&mut [0]).await.unwrap(), 0);
        close.0
    };
    let both = async { tokio::join!(answer, poll_fn(|cx| socket.poll_close(cx))) };
    let ended = tokio::time::timeout(Duration::from_secs(10), both).await;
    assert_eq!(ended.expect("an end in time").0, 0x88);
}

#[tokio::test]
async fn w10_a_message_is_as_large_as_it_may_be_and_no_larger() {
    let most = vec![b'x'; DEFAULT_MAX_MESSAGE];
    let pieces = [frame(0x01, &most[1..]), frame(0x80, b"x")].concat();
    for whole in [frame(0x81, &most), frame(0x82, &most), pieces] {
        let (_server, mut socket, mut peer) = open().await;
        let (message, ()) = tokio::join!(receive(&mut socket), peer.write(whole));
        let Some(Ok(SocketMessage::Text(came) | SocketMessage::Binary(came))) = message else {
            panic!("{message:?}")
        };
        assert_eq!(came.len(), most.len());
    }
    let too_many_pieces = [frame(0x01, &most), frame(0x00, b"x")].concat();
    for bytes in [
        announced(DEFAULT_MAX_MESSAGE as u64 + 1),
        announced(1 << 32),
        announced(1 << 63),
        announced(u64::MAX),
        too_many_pieces,
    ] {
        let (_server, mut socket, mut peer) = open().await;
        let (fault, ()) = tokio::join!(fault(&mut socket), peer.write(bytes));
        assert_eq!(fault, TOO_LARGE);
    }
}

#[tokio::test]
async fn the_largest_message_can_be_set_while_the_socket_is_open() {
    let (_server, mut socket, mut peer) = open().await;
    let larger = vec![b'x'; DEFAULT_MAX_MESSAGE + 1];
    socket.set_max_message(larger.len());
    let (message, ()) = tokio::join!(receive(&mut socket), peer.write(frame(0x81, &larger)));
    assert!(matches!(message, Some(Ok(SocketMessage::Text(_)))));
    socket.set_max_message(4);
    peer.write([frame(0x81, b"four"), frame(0x81, b"fiver")].concat()).await;
    assert!(matches!(receive(&mut socket).await, Some(Ok(SocketMessage::Text(_)))));
    assert_eq!(fault(&mut socket).await, TOO_LARGE);
}

#[tokio::test]
async fn w11_what_is_no_message_breaks_the_connection() {
    for (name, bytes) in [
        ("invalid UTF-8", frame(0x81, b"\xc3\x28")),
        ("half a character", frame(0x81, b"\xf0\x9f")),
        ("a reserved bit", frame(0xc1, b"text")),
        ("an opcode that nobody assigned", frame(0x83, b"text")),
        ("a frame with a mask", [&[0x81, 0x84][..], &[0; 4], b"text"].concat()),
        ("a piece of nothing", frame(0x80, b"text")),
        ("a ping in pieces", frame(0x09, b"ping")),
        ("a long ping", frame(0x89, &[b'x'; 126])),
        ("a close with half a code", frame(0x88, b"x")),
        ("garbage", vec![0xff; 16]),
    ] {
        let (_server, mut socket, mut peer) = open().await;
        peer.write(bytes).await;
        assert_eq!(fault(&mut socket).await, BROKEN, "{name}");
    }
}
