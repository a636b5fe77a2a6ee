use convrs_client::ErrorCode;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{SocketCounts, SocketFault};

/// `"close"`, `{"refuse_upgrade": 503}` and so on.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Misfortune {
    RefuseUpgrade(u16),
    SilentUpgrade,
    SilentConnect,
    ConnectError(i64),
    TellNew,
    Close,
    Drop,
    Reset,
    TakenOver,
    HalfOpen,
    Stall,
    Garbage,
    TooLarge(u64),
    CutFrame,
    #[serde(rename = "cut_utf8")]
    CutUtf8,
    Duplicate,
    Reorder,
    LateReply,
}

impl Misfortune {
    pub(super) fn fault(self) -> Result<SocketFault, String> {
        Ok(match self {
            Self::RefuseUpgrade(status) => {
                let status = StatusCode::from_u16(status).ok().filter(|s| !s.is_informational());
                SocketFault::RefuseUpgrade(status.ok_or("a refusal has a status from 200 on")?)
            }
            Self::ConnectError(code) => match ErrorCode::from(code) {
                ErrorCode::Other(code) => return Err(format!("{code} is no documented code")),
                code => SocketFault::ConnectError(code),
            },
            Self::TooLarge(length) => SocketFault::TooLarge(length),
            Self::SilentUpgrade => SocketFault::SilentUpgrade,
            Self::SilentConnect => SocketFault::SilentConnect,
            Self::TellNew => SocketFault::TellNew,
            Self::Close => SocketFault::Close,
            Self::Drop => SocketFault::Drop,
            Self::Reset => SocketFault::Reset,
            Self::TakenOver => SocketFault::TakenOver,
            Self::HalfOpen => SocketFault::HalfOpen,
            Self::Stall => SocketFault::Stall,
            Self::Garbage => SocketFault::Garbage,
            Self::CutFrame => SocketFault::CutFrame,
            Self::CutUtf8 => SocketFault::CutUtf8,
            Self::Duplicate => SocketFault::Duplicate,
            Self::Reorder => SocketFault::Reorder,
            Self::LateReply => SocketFault::LateReply,
        })
    }
}

pub(super) fn counts(sockets: SocketCounts) -> Value {
    json!({
        "connected": sockets.connected,
        "accepted": sockets.accepted,
        "upgraded": sockets.upgraded,
        "heartbeats": sockets.heartbeats,
    })
}
