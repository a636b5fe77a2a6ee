//! What a text that came over the socket is.

use jiff::Timestamp;

use crate::{
    Command, DateTime, ErrorCode,
    envelope::{self, CONNECT, HEARTBEAT, SocketFrame},
    for_each_command,
};

pub(super) enum Inbound {
    Event,
    Connected,
    Heartbeat(Option<Timestamp>),
    /// 1019: `connect` was expected as the first command.
    Expected,
    /// An answer to the command named, or to one that is not named.
    Answer {
        cmd: String,
    },
    /// A refusal, of the command named or of one that is not named.
    Refusal {
        cmd: String,
        code: Option<ErrorCode>,
    },
}

/// Whether the text is surely an event: its first field says so. It spares the common case a look at
/// the whole text.
pub(super) fn is_event(text: &[u8]) -> bool {
    let after = |text: &[u8], token: &[u8]| -> Option<usize> {
        let rest = text.trim_ascii_start();
        rest.starts_with(token).then(|| text.len() - rest.len() + token.len())
    };
    let mut rest = text;
    for token in [b"{".as_slice(), b"\"cmd\"", b":", b"\"on"] {
        match after(rest, token).and_then(|at| rest.get(at..)) {
            Some(behind) => rest = behind,
            None => return false,
        }
    }
    true
}

/// Whether a refusal may be one of the connection itself.
pub(super) fn is_connect(cmd: &str) -> bool {
    cmd.is_empty() || cmd == CONNECT || cmd == envelope::CONNECTED
}

pub(super) fn read(text: &[u8]) -> Inbound {
    let Some(SocketFrame { cmd, refused, code, datetime }) = envelope::decode_socket_frame(text)
    else {
        return Inbound::Event;
    };
    if refused && code == Some(ErrorCode::ConnectExpected) {
        return Inbound::Expected;
    }
    match cmd.as_str() {
        HEARTBEAT => Inbound::Heartbeat(datetime.as_ref().and_then(DateTime::timestamp)),
        _ if refused => Inbound::Refusal { cmd, code },
        CONNECT | envelope::CONNECTED => Inbound::Connected,
        "" => Inbound::Answer { cmd },
        _ if COMMANDS.contains(&cmd.as_str()) => Inbound::Answer { cmd },
        _ => Inbound::Event,
    }
}

macro_rules! names {
    ($($command:ty),* $(,)?) => {
        const COMMANDS: &[&str] = &[$(<$command as Command>::NAME),*];
    };
}

for_each_command!(names);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_known_by_their_first_field() {
        assert!(is_event(br#"{"cmd":"onUserCreate","ok":1}"#));
        assert!(is_event(b" {\r\n\t\"cmd\" : \"onUserDelete\"}"));
        for other in [
            r#"{"cmd":"GetUser","ok":1}"#,
            r#"{"ok":1,"cmd":"onUserCreate"}"#,
            r#"["cmd":"on"]"#,
            "",
            "{",
            r#"{"cmd""#,
        ] {
            assert!(!is_event(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn every_frame_is_told_apart() {
        let read = |text: &str| read(text.as_bytes());
        assert!(matches!(read(r#"{"cmd":"connected","ok":1}"#), Inbound::Connected));
        let heartbeat =
            r#"{"ok":1,"cmd":"heartbeat","data":{"datetime":"2020-04-29T14:34:34.376Z"}}"#;
        assert!(matches!(read(heartbeat), Inbound::Heartbeat(Some(_))));
        assert!(matches!(read(r#"{"ok":0,"cmd":"heartbeat"}"#), Inbound::Heartbeat(None)));
        assert!(matches!(read(r#"{"ok":1,"cmd":"onUserDelete","uid":"u"}"#), Inbound::Event));
        assert!(matches!(read(r#"{"ok":1,"cmd":"somethingNew"}"#), Inbound::Event));
        assert!(matches!(read("no JSON"), Inbound::Event));
        assert!(matches!(read(r#"{"ok":0,"errorCode":1019}"#), Inbound::Expected));
        assert!(matches!(
            read(r#"{"ok":1,"cmd":"GetUser","data":{"uid":"u"}}"#),
            Inbound::Answer { cmd } if cmd == "GetUser"
        ));
        assert!(matches!(
            read(r#"{"ok":0,"error":"no","errorCode":"1005"}"#),
            Inbound::Refusal { cmd, code: Some(ErrorCode::UnknownUser) } if cmd.is_empty()
        ));
    }
}
