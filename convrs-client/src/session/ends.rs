use std::fmt;

use crate::ErrorCode;

/// Why a connection was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Disconnect {
    /// The server closed it, with this code of the WebSocket protocol if it gave one.
    Closed(Option<u16>),
    /// It broke, or what came was no WebSocket message.
    Broken,
    /// What came was larger than 1 MiB.
    TooLarge,
    /// Nothing came any more, not even an answer to two heartbeats.
    Silent,
    /// A command on it got no answer in time, or none that is surely its own, so a late one could have
    /// met the next command.
    Poisoned,
    /// Events were not read for 60 s.
    Stalled,
    /// The server asked for `connect` again.
    OutOfOrder,
}

/// Why a socket has no connection any more and opens no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SocketEnd {
    /// The server refused the token with this code.
    Refused(ErrorCode),
    /// The server answered this HTTP status where a WebSocket was asked for: is the URL right?
    Status(u16),
    /// Another connection with the token took its place.
    TakenOver,
    /// Connections with the token took each other's place too often.
    Contended,
    /// The server asked for `connect` three times in a row although it was sent.
    OutOfOrder,
    /// It was closed from this side.
    Closed,
}

impl fmt::Display for Disconnect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed(Some(code)) => return write!(f, "the server closed it with code {code}"),
            Self::Closed(None) => "the server closed it",
            Self::Broken => "it broke",
            Self::TooLarge => "a message was larger than 1 MiB",
            Self::Silent => "nothing came any more, not even an answer to two heartbeats",
            Self::Poisoned => "a command got no answer in time, or one that may be another's",
            Self::Stalled => "the events were not read for 60 s",
            Self::OutOfOrder => "the server asked for connect again",
        })
    }
}

impl fmt::Display for SocketEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused(code) => {
                return write!(
                    f,
                    "the server refused the token with {}: set the one that the dashboard shows",
                    code.number()
                );
            }
            Self::Status(status @ (401 | 403)) => {
                return write!(f, "the server answered HTTP {status} in place of a WebSocket");
            }
            Self::Status(status) => {
                return write!(
                    f,
                    "the server answered HTTP {status} in place of a WebSocket: is the URL right?"
                );
            }
            Self::TakenOver => {
                "another connection with the token took its place: stop that program, or give it a \
                 token of its own"
            }
            Self::Contended => {
                "connections with the token took each other's place too often: let one program \
                 have the token"
            }
            Self::OutOfOrder => "the server asked for connect again and again",
            Self::Closed => "the socket was closed",
        })
    }
}
