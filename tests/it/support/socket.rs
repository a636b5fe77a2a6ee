//! A WebSocket client by hand, so that no library of ours stands between a test and the bytes.

use std::{io, net::SocketAddr, time::Duration};

use replykit_sandbox::Sandbox;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    time::timeout,
};

const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;

/// What comes over a socket.
#[derive(Debug, PartialEq)]
pub(crate) enum Came {
    Text(Vec<u8>),
    /// A close frame with this code.
    Close(u16),
    Pong,
    /// FIN, behind so many bytes that are no whole frame.
    Fin(usize),
    Reset,
}

pub(crate) struct RawSocket {
    stream: BufReader<TcpStream>,
}

impl RawSocket {
    /// Asks for an upgrade, and reads no answer.
    pub(crate) async fn ask(address: SocketAddr, headers: &[(&str, &str)]) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let mut request = format!("GET /convrs/api HTTP/1.1\r\nHost: {address}\r\n");
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str("\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        Self { stream: BufReader::new(stream) }
    }

    /// Asks with the key of RFC 6455, section 1.3.
    pub(crate) async fn ask_as_documented(sandbox: &Sandbox) -> Self {
        let headers = [
            ("Upgrade", "websocket"),
            ("Connection", "keep-alive, Upgrade"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        Self::ask(sandbox.address(), &headers).await
    }

    /// The status and the headers of the answer, in small letters.
    pub(crate) async fn answer(&mut self) -> (u16, String) {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let read = timeout(Duration::from_secs(10), self.stream.read_line(&mut head)).await;
            assert_ne!(read.expect("an answer in time").unwrap(), 0, "ended after: {head}");
        }
        (head[9..12].parse().unwrap(), head.to_lowercase())
    }

    pub(crate) async fn open(sandbox: &Sandbox) -> Self {
        let mut socket = Self::ask_as_documented(sandbox).await;
        assert_eq!(socket.answer().await.0, 101);
        socket
    }

    /// A socket on which `connect` was answered with yes.
    pub(crate) async fn connected(sandbox: &Sandbox) -> Self {
        let mut socket = Self::open(sandbox).await;
        let answer = socket.ask_for(&json!({"cmd": "connect", "token": sandbox.token()})).await;
        assert_eq!(answer, json!({"cmd": "connected", "ok": 1}));
        socket
    }

    pub(crate) async fn send(&mut self, json: &Value) {
        self.write(TEXT, json.to_string().as_bytes()).await;
    }

    /// Sends a frame whose mask is nought, which leaves its bytes as they are.
    pub(crate) async fn write(&mut self, opcode: u8, payload: &[u8]) {
        let mut frame = vec![0x80 | opcode];
        match u16::try_from(payload.len()).unwrap() {
            short @ ..=125 => frame.push(0x80 | u8::try_from(short).unwrap()),
            medium => {
                frame.push(0x80 | 126);
                frame.extend(medium.to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend(payload);
        self.stream.write_all(&frame).await.unwrap();
    }

    pub(crate) async fn close(&mut self) {
        self.write(CLOSE, &1000_u16.to_be_bytes()).await;
    }

    /// No more is written, though still read.
    pub(crate) async fn fin(&mut self) {
        self.stream.shutdown().await.unwrap();
    }

    pub(crate) async fn next(&mut self) -> Came {
        let read = timeout(Duration::from_secs(10), self.read()).await.expect("a frame in time");
        read.unwrap_or_else(|error| {
            assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
            Came::Reset
        })
    }

    async fn read(&mut self) -> io::Result<Came> {
        let mut header = [0; 2];
        for (read, byte) in header.iter_mut().enumerate() {
            match self.stream.read_u8().await {
                Ok(came) => *byte = came,
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    return Ok(Came::Fin(read));
                }
                Err(error) => return Err(error),
            }
        }
        let length = match header[1] {
            126 => u64::from(self.stream.read_u16().await?),
            127 => self.stream.read_u64().await?,
            short => u64::from(short),
        };
        let mut payload = Vec::new();
        (&mut self.stream).take(length).read_to_end(&mut payload).await?;
        if (payload.len() as u64) < length {
            return Ok(Came::Fin(2 + payload.len()));
        }
        Ok(match header[0] {
            0x81 => Came::Text(payload),
            0x88 => Came::Close(u16::from_be_bytes([payload[0], payload[1]])),
            0x8a => Came::Pong,
            other => panic!("a frame that begins with {other:#x}"),
        })
    }

    /// The next bytes as they are.
    pub(crate) async fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        let read = timeout(Duration::from_secs(10), self.stream.read_exact(&mut bytes)).await;
        read.expect("bytes in time").unwrap();
        bytes
    }

    pub(crate) async fn json(&mut self) -> Value {
        match self.next().await {
            Came::Text(text) => serde_json::from_slice(&text).unwrap(),
            other => panic!("{other:?} is no JSON"),
        }
    }

    pub(crate) async fn ask_for(&mut self, request: &Value) -> Value {
        self.send(request).await;
        self.json().await
    }

    /// Whether nothing was written to the socket that was not read: the answer to a ping comes next.
    pub(crate) async fn is_silent(&mut self) -> bool {
        self.write(PING, b"").await;
        self.next().await == Came::Pong
    }
}

/// Sends a request by hand over a socket of its own, and gives the answer to it.
pub(crate) async fn ws_post(sandbox: &Sandbox, request: &Value) -> Value {
    let mut socket = RawSocket::connected(sandbox).await;
    socket.send(request).await;
    loop {
        let came = socket.json().await;
        // An event may come first.
        let is_event = came["cmd"].as_str().is_some_and(|cmd| cmd.starts_with("onUser"));
        if !is_event {
            return came;
        }
    }
}
