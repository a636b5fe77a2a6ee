use std::{fmt, time::Duration};

use http::StatusCode;
use replykit_transport::{Phase, TransportError, TransportErrorKind};

use crate::{
    ApiError, ErrorCode, Invalid, Malformed, Mid, Outcome, ProtocolError, ProtocolProblem,
    RetryRule, SendId, Truncated,
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
    retry_after: Option<Duration>,
    history: History,
}

/// What a call went through before it failed.
#[derive(Debug, Default)]
pub(crate) struct History {
    pub(crate) attempts: u32,
    pub(crate) elapsed: Duration,
    /// Whether an attempt before the last one may have been carried out.
    pub(crate) doubtful: bool,
    pub(crate) budget_spent: bool,
    pub(crate) send_id: Option<SendId>,
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

impl ErrorKind {
    /// The stage in one word, for logs.
    #[cfg(feature = "tracing")]
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "invalid",
            Self::Transport(_) => "transport",
            Self::Api(_) => "api",
            Self::Http { .. } => "http",
            Self::Protocol(_) => "protocol",
            Self::Malformed(_) => "malformed",
            Self::Truncated(_) => "truncated",
        }
    }
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
    ///
    /// It is that of the last attempt, and `Unknown` when an attempt before it may have been carried
    /// out.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        if self.0.history.doubtful {
            return Outcome::Unknown;
        }
        self.last_outcome()
    }

    /// The outcome of the last attempt alone.
    pub(crate) fn last_outcome(&self) -> Outcome {
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

    /// Whether and when the same command makes sense again. The client keeps to it: a command that
    /// sends or creates is never repeated when it may have been carried out.
    #[must_use]
    pub fn retry(&self) -> RetryRule {
        let unless_send = RetryRule::UnlessSend(Duration::ZERO);
        match self.kind() {
            ErrorKind::Invalid(_) | ErrorKind::Malformed(_) | ErrorKind::Truncated(_) => {
                RetryRule::Never
            }
            ErrorKind::Transport(error) => match (error.phase(), error.kind()) {
                (_, TransportErrorKind::TooLarge | TransportErrorKind::Encoding) => {
                    RetryRule::Never
                }
                (Phase::Connect, TransportErrorKind::Connect | TransportErrorKind::Timeout) => {
                    RetryRule::After(Duration::ZERO)
                }
                (Phase::Unwritten, TransportErrorKind::Interrupted) => {
                    RetryRule::After(Duration::ZERO)
                }
                (Phase::Exchange | Phase::Body, _) => unless_send,
                _ => RetryRule::Never,
            },
            ErrorKind::Api(error) => error.retry(),
            ErrorKind::Http { status } => match status.as_u16() {
                425 | 429 => RetryRule::After(Duration::from_secs(1)),
                408 | 499 | 500 | 502..=504 | 520..=599 => unless_send,
                _ => RetryRule::Never,
            },
            ErrorKind::Protocol(error) => match error.problem() {
                ProtocolProblem::NotJson => RetryRule::OnceUnlessSend(Duration::from_secs(1)),
                _ => RetryRule::Never,
            },
        }
    }

    /// How long the server asked to wait, by the `Retry-After` of its answer.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// How many attempts the call made. 0 for a command that was not sent for breaking a rule.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.history.attempts
    }

    /// How long the call took, waits included.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.history.elapsed
    }

    /// Whether the call gave up although a repeat made sense, because the repeats of this client had
    /// used up their budget: the service is in trouble.
    #[must_use]
    pub fn retry_budget_spent(&self) -> bool {
        self.0.history.budget_spent
    }

    /// The id that went out with a send whose callbacks bring it back: a callback with the same
    /// [`send_id`](crate::DeliveryCallback::send_id) says what became of it.
    #[must_use]
    pub fn send_id(&self) -> Option<&SendId> {
        self.0.history.send_id.as_ref()
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
        let (evidence_mid, retry_after, history) = (None, None, History::default());
        Self(Box::new(Inner { kind, evidence_mid, retry_after, history }))
    }

    pub(crate) fn protocol(problem: ProtocolProblem, answer: &[u8]) -> Self {
        Self::new(ErrorKind::Protocol(ProtocolError::new(problem, answer)))
    }

    pub(crate) fn with_evidence(mut self, mid: Option<Mid>) -> Self {
        self.0.evidence_mid = mid;
        self
    }

    pub(crate) fn with_retry_after(mut self, time: Option<Duration>) -> Self {
        self.0.retry_after = time;
        self
    }

    pub(crate) fn set_history(&mut self, history: History) {
        self.0.history = history;
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
        }?;
        let History { attempts, elapsed, doubtful, budget_spent, .. } = &self.0.history;
        if *attempts > 1 {
            write!(f, "; this was attempt {attempts}, after {:.1} s", elapsed.as_secs_f64())?;
        }
        if *doubtful {
            f.write_str("; an attempt before it may have been carried out")?;
        }
        if *budget_spent {
            f.write_str("; no more attempts, for too many calls had to be repeated lately")?;
        }
        Ok(())
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
