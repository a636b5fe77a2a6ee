use std::fmt;

use http::StatusCode;
use replykit_transport::excerpt;

use crate::redact::Hidden;

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
    pub(crate) fn new(problem: ProtocolProblem, answer: &[u8]) -> Self {
        Self { problem, excerpt: excerpt(answer) }
    }

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
