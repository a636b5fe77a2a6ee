//! The frames that keep a WebSocket session going. They are no commands: they do nothing to an account.

use jiff::Timestamp;
use serde::Serialize;

use super::{json, token_of};
use crate::{Invalid, Token};

/// `cmd` of the first frame of a session, which shows the token.
pub const CONNECT: &str = "connect";
/// `cmd` of the frame that keeps a session alive, and of the answer to it.
pub const HEARTBEAT: &str = "heartbeat";
/// `cmd` of the answer to [`CONNECT`].
pub(crate) const CONNECTED: &str = "connected";

/// Writes the first frame of a session.
///
/// # Errors
/// 1000 for an empty token.
pub fn encode_connect(token: &Token) -> Result<String, Invalid> {
    let token = json(token_of(token)?);
    Ok(format!(r#"{{"cmd":"{CONNECT}","token":{token}}}"#))
}

/// Writes the answer to the first frame, as the server gives it.
#[must_use]
pub fn encode_connected() -> String {
    format!(r#"{{"cmd":"{CONNECTED}","ok":1}}"#)
}

/// Writes a heartbeat. It carries no token.
#[must_use]
pub fn encode_heartbeat() -> String {
    format!(r#"{{"cmd":"{HEARTBEAT}"}}"#)
}

/// Writes the answer to a heartbeat, as the server gives it: with the server's time.
#[must_use]
pub fn encode_heartbeat_reply(now: Timestamp) -> String {
    #[derive(Serialize)]
    struct Data {
        datetime: String,
    }
    let data = json(&Data { datetime: format!("{now:.3}") });
    format!(r#"{{"ok":1,"cmd":"{HEARTBEAT}","data":{data}}}"#)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;

    #[test]
    fn the_frames_are_those_of_the_document() {
        let token = Token::from("2730b3490cf32a1c16ac8b91e034aa9f073996f7");
        assert_eq!(
            encode_connect(&token).unwrap(),
            r#"{"cmd":"connect","token":"2730b3490cf32a1c16ac8b91e034aa9f073996f7"}"#
        );
        assert_eq!(encode_connected(), r#"{"cmd":"connected","ok":1}"#);
        assert_eq!(encode_heartbeat(), r#"{"cmd":"heartbeat"}"#);
        assert_eq!(
            encode_heartbeat_reply("2020-04-29T14:34:34.376Z".parse().unwrap()),
            r#"{"ok":1,"cmd":"heartbeat","data":{"datetime":"2020-04-29T14:34:34.376Z"}}"#
        );
    }

    #[test]
    fn an_empty_token_is_not_sent() {
        assert_eq!(
            encode_connect(&Token::from(" ")).unwrap_err().code(),
            Some(ErrorCode::MissingToken)
        );
    }
}
