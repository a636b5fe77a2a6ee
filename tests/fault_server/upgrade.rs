//! As much of RFC 6455 as a server needs that says what it was told to.

use base64::{Engine, engine::general_purpose::STANDARD};
use sha1_smol::Sha1;

use super::Received;

/// A frame of a server. `first` is its first byte: 0x80 for the last fragment of a message, and the
/// opcode, such as 1 for a text.
#[must_use]
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(short @ ..=125), _) => frame.push(short),
        (_, Ok(medium)) => {
            frame.push(126);
            frame.extend(medium.to_be_bytes());
        }
        _ => {
            frame.push(127);
            frame.extend((payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(payload);
    frame
}

/// The answer to a request that asks for a WebSocket.
pub(super) fn answer(request: &Received) -> Vec<u8> {
    const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    let mut hash = Sha1::new();
    hash.update(request.header("sec-websocket-key").unwrap_or_default().as_bytes());
    hash.update(GUID.as_bytes());
    let accept = STANDARD.encode(hash.digest().bytes());
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    )
    .into_bytes()
}
