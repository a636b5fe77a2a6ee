use std::fmt;

use http::StatusCode;
use replykit_transport::TransportError;

use crate::{
    ApiError, ErrorCode, Invalid, Malformed, Mid, Outcome, ProtocolError, ProtocolProblem,
    Truncated,
};

/// Why a command did not succeed. [`outcome`](Self::outcome) tells whether it can have been carried
/// out all the same.
///
/// Neither `Display` nor `Debug` shows a token, a phone number, a name or a text.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    evidence_mid: Option<Mid>,
}

/// The stage at which a command failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The command breaks a documented rule. It was not sent.
    Invalid(Invalid),
    /// No complete answer came back.
    Transport(TransportError),
    /// The server refused the command.
    Api(ApiError),
    /// An HTTP status other than 2xx, and nothing of the API's own in the body.
    Http {
        /// The status.
        status: StatusCode,
    },
    /// An answer came that says neither yes nor no.
    Protocol(ProtocolError),
    /// An entry of a stream cannot be read; the stream goes on.
    Malformed(Malformed),
    /// A part of a stream may be incomplete; the stream goes on where it can.
    Truncated(Truncated),
}

impl Error {
    /// The stage at which the command failed, with what is known about it.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// Whether the command can have been carried out all the same.
    ///
    /// | kind | outcome |
    /// |---|---|
    /// | `Invalid` | `NotSent` |
    /// | `Transport` | `NotSent` until there was a connection, then `Unknown` |
    /// | `Api` | by the code: mostly `Rejected`; `Unknown` for 1018, 2000, 2002-2005, a code that is not documented, none at all, and for 3002 unless the WhatsApp code says no |
    /// | `Http` | by the status, see [`Outcome::of_status`] |
    /// | `Protocol` | `Unknown` |
    /// | `Malformed`, `Truncated` | `Unknown`; they come of reading only |
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self.kind() {
            ErrorKind::Invalid(_) => Outcome::NotSent,
            ErrorKind::Transport(error) => error.outcome(),
            ErrorKind::Api(error) => error.outcome(),
            ErrorKind::Http { status } => Outcome::of_status(*status),
            ErrorKind::Protocol(_) | ErrorKind::Malformed(_) | ErrorKind::Truncated(_) => {
                Outcome::Unknown
            }
        }
    }

    /// The server's error code, or the one that it would have given for an invalid command.
    #[must_use]
    pub fn code(&self) -> Option<ErrorCode> {
        match self.kind() {
            ErrorKind::Invalid(invalid) => invalid.code(),
            ErrorKind::Api(error) => error.code,
            _ => None,
        }
    }

    /// The id of a message that an unreadable answer named all the same: a sign that the message
    /// went out, and what to ask `GetMessageDetails` for.
    #[must_use]
    pub fn evidence_mid(&self) -> Option<&Mid> {
        self.0.evidence_mid.as_ref()
    }

    /// The stage at which the command failed, to keep.
    #[must_use]
    pub fn into_kind(self) -> ErrorKind {
        self.0.kind
    }

    pub(crate) fn new(kind: ErrorKind) -> Self {
        Self(Box::new(Inner { kind, evidence_mid: None }))
    }

    pub(crate) fn protocol(problem: ProtocolProblem, answer: &[u8]) -> Self {
        Self::new(ErrorKind::Protocol(ProtocolError::new(problem, answer)))
    }

    pub(crate) fn with_evidence(mut self, mid: Option<Mid>) -> Self {
        self.0.evidence_mid = mid;
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind() {
            ErrorKind::Invalid(error) => error.fmt(f),
            ErrorKind::Transport(error) => error.fmt(f),
            ErrorKind::Api(error) => error.fmt(f),
            ErrorKind::Http { status } => {
                write!(f, "the server answered HTTP {} and nothing of the API: ", status.as_u16())?;
                f.write_str(match status.as_u16() {
                    429 | 425 => "wait before you go on",
                    401 | 403 | 407 => "something in front of it asks for credentials",
                    500.. => "it has a fault, or something in front of it",
                    _ => "is the endpoint URL right?",
                })
            }
            ErrorKind::Protocol(error) => error.fmt(f),
            ErrorKind::Malformed(malformed) => malformed.fmt(f),
            ErrorKind::Truncated(truncated) => truncated.fmt(f),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // What Display repeats is not a source as well; only its causes are.
        match self.kind() {
            ErrorKind::Transport(error) => error.source(),
            _ => None,
        }
    }
}

impl From<Invalid> for Error {
    fn from(invalid: Invalid) -> Self {
        Self::new(ErrorKind::Invalid(invalid))
    }
}

impl From<TransportError> for Error {
    fn from(error: TransportError) -> Self {
        Self::new(ErrorKind::Transport(error))
    }
}

impl From<ApiError> for Error {
    fn from(error: ApiError) -> Self {
        Self::new(ErrorKind::Api(error))
    }
}
