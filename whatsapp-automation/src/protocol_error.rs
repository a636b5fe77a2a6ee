use std::fmt;

/// An answer that says neither yes nor no.
#[derive(Clone, PartialEq, Eq)]
pub struct ProtocolError {
    pub(crate) problem: ProtocolProblem,
    pub(crate) excerpt: String,
}

/// What is wrong with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProtocolProblem {
    /// It is no JSON, such as a page of HTML.
    NotJson,
    /// It is JSON of another kind than was due, such as a list where an object was, or an object
    /// without an id.
    Shape,
    /// Its status is a success, but none that the endpoint has.
    Status,
    /// Its status refuses the request, and it holds an object with an id, as only a success does.
    Conflict,
    /// It tells of another object than the one that was asked for.
    Mismatch,
    /// It ought to set a session cookie, and sets none that can be used.
    NoCookie,
}

impl ProtocolProblem {
    fn text(self) -> &'static str {
        match self {
            Self::NotJson => "the answer is no JSON",
            Self::Shape => "the answer is JSON of another kind than was due",
            Self::Status => "the answer's status is a success, but none of this endpoint",
            Self::Conflict => "the answer's status says no, and its object says yes",
            Self::Mismatch => "the answer tells of another object than the one asked for",
            Self::NoCookie => {
                "the answer to the login sets no cookie `connect.sid` for this server"
            }
        }
    }
}

impl ProtocolError {
    /// What is wrong.
    #[must_use]
    pub fn problem(&self) -> ProtocolProblem {
        self.problem
    }

    /// The beginning of the answer, 256 bytes at most, in which what looks like a phone number, an
    /// e-mail address or a token is masked. It may hold names and texts, so `Debug` and `Display` do
    /// not show it.
    #[must_use]
    pub fn excerpt(&self) -> &str {
        &self.excerpt
    }
}

impl fmt::Debug for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProtocolError").field("problem", &self.problem).finish_non_exhaustive()
    }
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; ProtocolError::excerpt shows its beginning", self.problem.text())
    }
}

impl std::error::Error for ProtocolError {}
