use std::fmt;

/// An answer that says neither yes nor no.
#[derive(Clone, PartialEq, Eq)]
pub struct ProtocolError {
    pub(crate) problem: &'static str,
    pub(crate) excerpt: String,
}

impl ProtocolError {
    /// What is wrong.
    #[must_use]
    pub fn problem(&self) -> &str {
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
        write!(f, "{}; ProtocolError::excerpt shows the answer's beginning", self.problem)
    }
}
