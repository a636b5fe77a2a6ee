use std::io;
#[cfg(feature = "data")]
use std::path::PathBuf;

use replykit_transport::TransportError;

#[cfg(feature = "data")]
use crate::DataError;

/// Why a sandbox did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The port cannot be listened on.
    #[error("cannot listen on 127.0.0.1:{port}: choose another port, or 0 for a free one")]
    Listen {
        /// The port that was asked for.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
    /// The HTTP client for callbacks and bots cannot be set up.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The file cannot keep the state.
    #[cfg(feature = "data")]
    #[error("cannot keep data in {}", path.display())]
    Data {
        /// The file that was asked for.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        source: DataError,
    },
}

/// Why the phone cannot be connected to a bot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidBot {
    /// The URL is not on this machine. The sandbox talks to no other.
    #[error(
        "the sandbox talks to this machine only: use a URL such as \
         http://127.0.0.1:8080/api/autoreply"
    )]
    NotLoopback,
    /// The key holds a line break or another control character.
    #[error("the bot's key holds a character that a header cannot carry")]
    Key,
}
