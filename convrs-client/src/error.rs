use std::{borrow::Cow, fmt};

use http::StatusCode;
use replykit_transport::TransportError;

use crate::{ErrorCode, Mid, Outcome, WhatsAppError, redact, redact::Hidden};

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
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self.kind() {
            ErrorKind::Invalid(_) => Outcome::NotSent,
            ErrorKind::Transport(error) => error.outcome(),
            ErrorKind::Api(error) => error.outcome(),
            ErrorKind::Http { status } => Outcome::of_status(*status),
            ErrorKind::Protocol(_) => Outcome::Unknown,
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

    pub(crate) fn new(kind: ErrorKind) -> Self {
        Self(Box::new(Inner { kind, evidence_mid: None }))
    }

    pub(crate) fn protocol(problem: ProtocolProblem, answer: &[u8]) -> Self {
        Self::new(ErrorKind::Protocol(ProtocolError { problem, excerpt: redact::excerpt(answer) }))
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

/// A field that breaks a documented rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    field: &'static str,
    code: Option<ErrorCode>,
    rule: Cow<'static, str>,
}

impl Invalid {
    /// `field` as the document names it, the code that the server has for it, and what to change.
    /// `rule` must not repeat the value.
    pub fn new(
        field: &'static str,
        code: Option<ErrorCode>,
        rule: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { field, code, rule: rule.into() }
    }

    /// The field, as the document names it.
    #[must_use]
    pub fn field(&self) -> &'static str {
        self.field
    }

    /// The code that the server has for this breach, `None` where it has none.
    #[must_use]
    pub fn code(&self) -> Option<ErrorCode> {
        self.code
    }

    /// The rule, and so what to change.
    #[must_use]
    pub fn rule(&self) -> &str {
        &self.rule
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the command was not sent: {}: {}", self.field, self.rule)?;
        match self.code {
            Some(code) => write!(f, " (the server's code: {})", code.number()),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Invalid {}

/// A refusal: an answer with `ok` 0.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiError {
    /// The command that was refused, empty where the request named none.
    pub command: String,
    /// `errorCode`. An answer of an earlier edition may lack it.
    pub code: Option<ErrorCode>,
    /// `error`: the server's own words. They may quote what was sent, so they are not shown by
    /// `Debug` and `Display`.
    pub message: String,
    /// With code 3002: what WhatsApp said.
    pub whatsapp: Option<WhatsAppError>,
}

impl ApiError {
    /// A refusal of `command`. The message is the code's documented meaning.
    #[must_use]
    pub fn new(command: impl Into<String>, code: ErrorCode) -> Self {
        let message = code.info().map_or("error", |info| info.meaning).to_owned();
        Self { command: command.into(), code: Some(code), message, whatsapp: None }
    }

    /// Whether the command can have been carried out all the same.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match (&self.whatsapp, self.code) {
            (Some(whatsapp), Some(ErrorCode::WhatsApp)) => whatsapp.outcome(),
            (_, Some(code)) => code.outcome(),
            (_, None) => Outcome::Unknown,
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let command = if self.command.is_empty() { "the command" } else { &self.command };
        write!(f, "{command} was refused")?;
        match self.code {
            Some(code) => write!(f, " with error {code}")?,
            None => write!(f, " without an error code")?,
        }
        if let Some(code) = self.whatsapp.as_ref().and_then(|whatsapp| whatsapp.code) {
            write!(f, " (WhatsApp code {code})")?;
        }
        match self.code.and_then(ErrorCode::info) {
            Some(info) => write!(f, ": {}", info.remedy),
            None => f.write_str("; the server's own words are in ApiError::message"),
        }
    }
}

impl std::error::Error for ApiError {}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiError")
            .field("command", &self.command)
            .field("code", &self.code)
            .field("message", &Hidden(&self.message))
            .field("whatsapp", &self.whatsapp)
            .finish()
    }
}

/// An answer that says neither yes nor no.
#[derive(Clone, PartialEq, Eq)]
pub struct ProtocolError {
    problem: ProtocolProblem,
    excerpt: String,
}

/// What is wrong with an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProtocolProblem {
    /// It is not one JSON object: an HTML page, a text cut short, trailing bytes.
    NotJson,
    /// `ok` is missing, neither yes nor no, or both.
    BadOk,
    /// It answers another command.
    Mismatch,
    /// It says yes, or nothing clear, under an HTTP status that says no.
    Conflict {
        /// The status.
        status: StatusCode,
    },
    /// It is no delivery callback: no JSON object, or one whose mid or ack is missing or unreadable.
    Callback,
    /// It says yes, but its data is missing or cannot be read.
    Data,
}

impl ProtocolError {
    /// What is wrong.
    #[must_use]
    pub fn problem(&self) -> &ProtocolProblem {
        &self.problem
    }

    /// The beginning of the answer, 256 bytes at most, in which what looks like a phone number, an
    /// e-mail address or a token is masked. It may hold names and texts, so `Debug` and `Display` do
    /// not show it.
    #[must_use]
    pub fn excerpt(&self) -> &str {
        &self.excerpt
    }
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.problem {
            ProtocolProblem::NotJson => f.write_str("the answer is not one JSON object"),
            ProtocolProblem::Callback => {
                f.write_str("this is no delivery callback: it needs a mid and an ack")
            }
            ProtocolProblem::BadOk => f.write_str("the answer's ok is neither yes nor no"),
            ProtocolProblem::Mismatch => f.write_str("the answer belongs to another command"),
            ProtocolProblem::Conflict { status } => {
                write!(f, "the answer does not say no under HTTP status {}", status.as_u16())
            }
            ProtocolProblem::Data => f.write_str("the answer says ok, but its data is unreadable"),
        }?;
        f.write_str("; ProtocolError::excerpt shows its beginning")
    }
}

impl std::error::Error for ProtocolError {}

impl fmt::Debug for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProtocolError")
            .field("problem", &self.problem)
            .field("excerpt", &Hidden(&self.excerpt))
            .finish()
    }
}
