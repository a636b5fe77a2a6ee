use replykit_inbound::repair_json;
use serde::{Deserialize, de::IgnoredAny};
use serde_json::Value;

use super::{
    HEARTBEAT,
    head::{Flag, Head},
};
use crate::{DateTime, ErrorCode};

/// What a text that came over the socket says of itself.
pub(crate) struct SocketFrame {
    pub(crate) cmd: String,
    pub(crate) refused: bool,
    pub(crate) code: Option<ErrorCode>,
    /// The server's time, of a heartbeat.
    pub(crate) datetime: Option<DateTime>,
}

/// `None` for what is no object of the API's.
pub(crate) fn decode_socket_frame(text: &[u8]) -> Option<SocketFrame> {
    #[derive(Deserialize)]
    struct Data {
        datetime: DateTime,
    }
    let text = repair_json(text);
    let head = Head::<IgnoredAny>::read(&text, None)?;
    let cmd = head.cmd.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned();
    if cmd.is_empty() && head.ok == Flag::Missing {
        return None;
    }
    let datetime = (cmd == HEARTBEAT)
        .then(|| Head::<Data>::read(&text, Some("data"))?.data)
        .flatten()
        .map(|data| data.datetime);
    Some(SocketFrame { refused: head.ok == Flag::No, code: head.code(), cmd, datetime })
}
