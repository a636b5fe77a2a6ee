//! A server that pushes one event as fast as it is read.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    thread,
};

use tokio_tungstenite::tungstenite::{Message, accept};

use super::fail;

pub(super) struct Server {
    address: SocketAddr,
}

/// How many events are written at once.
const BATCH: usize = 200;

impl Server {
    pub(super) fn start(event: &[u8]) -> Self {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap_or_else(|error| fail(&error));
        let address = listener.local_addr().unwrap_or_else(|error| fail(&error));
        let batch = frame(event).repeat(BATCH);
        // It ends with the process.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let batch = batch.clone();
                thread::spawn(move || serve(stream, &batch));
            }
        });
        Self { address }
    }

    pub(super) fn address(&self) -> String {
        self.address.to_string()
    }

    pub(super) fn url(&self) -> String {
        format!("ws://{}/", self.address)
    }
}

fn serve(stream: TcpStream, batch: &[u8]) {
    let _ = stream.set_nodelay(true);
    let Ok(mut socket) = accept(stream) else { return };
    loop {
        let Ok(Message::Text(text)) = socket.read() else { return };
        let answer = match text.as_str() {
            text if text.contains("\"connect\"") => r#"{"cmd":"connected","ok":1}"#,
            text if text.contains("heartbeat") => {
                r#"{"ok":1,"cmd":"heartbeat","data":{"datetime":"2026-02-28T14:30:00.000Z"}}"#
            }
            _ => break,
        };
        if socket.send(Message::text(answer)).is_err() {
            return;
        }
        if answer.contains("heartbeat") {
            break;
        }
    }
    let stream = socket.get_mut();
    // The client goes when it has enough.
    while stream.write_all(batch).is_ok() {}
    let _ = stream.read(&mut [0]);
}

/// A text frame of a server.
fn frame(text: &[u8]) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap_or_else(|error| fail(&error));
    let mut frame = vec![0x81, 126];
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(text);
    frame
}
