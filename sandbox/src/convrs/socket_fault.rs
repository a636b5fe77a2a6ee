use convrs_client::ErrorCode;
use http::StatusCode;

/// What goes wrong on a WebSocket, once. Faults wait in line for what they concern: an upgrade, a
/// `connect`, a session, an event or a command.
///
/// ```
/// use replykit_sandbox::{Sandbox, SocketFault};
///
/// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sandbox = Sandbox::start().await?;
/// // The next one to connect is told that another took its place, and its next upgrade fails.
/// sandbox.convrs().socket_fault(SocketFault::TakenOver);
/// sandbox.convrs().socket_fault(SocketFault::RefuseUpgrade(http::StatusCode::BAD_GATEWAY));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SocketFault {
    /// The next upgrade is answered with this status, and a 3xx with a `Location`. A status below
    /// 200 would end no exchange: it is answered as 500.
    RefuseUpgrade(StatusCode),
    /// The next upgrade has no answer. The TCP connection stays.
    SilentUpgrade,

    /// The next `connect` has no answer, nor has anything after it. The socket stays.
    SilentConnect,
    /// The next `connect` is refused with this code, and the socket closed.
    ConnectError(ErrorCode),
    /// 1018 goes to the next one that connects, which stays connected; one that it takes the place
    /// of is closed without a word. Undocumented: which side is told of a takeover.
    TellNew,

    /// The session ends with a close frame, and FIN behind it. This and the next ones happen at
    /// once to the session that is connected, or else one to each of the next as soon as it is.
    Close,
    /// The session ends with FIN, without a close frame.
    Drop,
    /// The session ends with RST. What was written and not yet received is lost.
    Reset,
    /// 1018 comes as if another one had connected, then the socket closes.
    TakenOver,
    /// The TCP connection stays, and nothing comes over it any more. Events go into it and are lost.
    HalfOpen,
    /// Commands and heartbeats are not answered any more, though commands are carried out. Events
    /// still come.
    Stall,
    /// Bytes come that are no frame.
    Garbage,
    /// The header of a text frame comes that announces so many bytes, and none of them. A frame can
    /// announce up to 2^63 - 1; what is more is taken for that.
    TooLarge(u64),

    /// Half of the frame of the next event comes, then FIN.
    CutFrame,
    /// The next event comes as a text frame that ends in the middle of a character.
    CutUtf8,
    /// The next event comes twice.
    Duplicate,
    /// The next event comes behind the next one of another user, and is held back until then.
    Reorder,

    /// The next command is carried out, and its answer comes right before the next one, to whatever
    /// that belongs.
    LateReply,
}

/// What a fault waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Upgrade,
    Connect,
    Session,
    Event,
    Command,
}

impl SocketFault {
    pub(super) fn stage(self) -> Stage {
        match self {
            Self::RefuseUpgrade(_) | Self::SilentUpgrade => Stage::Upgrade,
            Self::SilentConnect | Self::ConnectError(_) | Self::TellNew => Stage::Connect,
            Self::CutFrame | Self::CutUtf8 | Self::Duplicate | Self::Reorder => Stage::Event,
            Self::LateReply => Stage::Command,
            _ => Stage::Session,
        }
    }
}

/// Two reserved bits and an opcode that nobody assigned.
pub(super) const GARBAGE: &[u8] = &[0xff; 16];

/// The header of a text frame of the server, which is not masked.
pub(super) fn header(length: u64) -> Vec<u8> {
    const TEXT: u8 = 0x81;
    let length = length.min(i64::MAX.cast_unsigned());
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ ..=125), _) => vec![TEXT, short],
        (_, Ok(medium)) => [&[TEXT, 126], &medium.to_be_bytes()[..]].concat(),
        _ => [&[TEXT, 127], &length.to_be_bytes()[..]].concat(),
    }
}

/// The first half of the frame of a text.
pub(super) fn half_a_frame(text: &str) -> Vec<u8> {
    let mut frame = header(text.len() as u64);
    frame.extend(text.bytes().take(text.len() / 2));
    frame
}

/// The frame of a text that ends in the middle of a character.
pub(super) fn cut_character(text: &str) -> Vec<u8> {
    const HALF_AN_EMOJI: &[u8] = b"\xf0\x9f";
    let mut frame = header((text.len() + HALF_AN_EMOJI.len()) as u64);
    frame.extend_from_slice(text.as_bytes());
    frame.extend_from_slice(HALF_AN_EMOJI);
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_has_the_shortest_form_of_its_length() {
        assert_eq!(header(125), [0x81, 125]);
        assert_eq!(header(126), [0x81, 126, 0, 126]);
        assert_eq!(header(65_535), [0x81, 126, 0xff, 0xff]);
        assert_eq!(header(65_536), [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
        let most = [0x81, 127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(header(u64::MAX), most);
    }
}
