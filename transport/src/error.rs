use std::{borrow::Cow, error::Error as StdError};

use bytes::Bytes;
use http::StatusCode;

use crate::{Body, Outcome};

/// Why no answer came back from an [`HttpTransport`](crate::HttpTransport).
///
/// An answer with a status other than 2xx is an answer, not an error.
///
/// `Display` is one sentence without URL, header or body; the library's own error is the
/// [`source`](StdError::source).
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct TransportError {
    phase: Phase,
    kind: TransportErrorKind,
    message: Cow<'static, str>,
    source: Option<Box<dyn StdError + Send + Sync>>,
    received: Body,
}

/// How far a request came before it failed. Later phases compare greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Before any I/O: the request or the settings were refused, or the deadline had passed.
    Prepare,
    /// Waiting in this process for a rate limit.
    Queue,
    /// Resolving the name, opening the connection, the TLS handshake.
    Connect,
    /// A connection was there, and no byte of the request was written to it.
    Unwritten,
    /// A connection was there: bytes of the request may have been written, no answer had begun.
    Exchange,
    /// The head of the answer was read; its body was not read to the end.
    Body,
}

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The request or a setting cannot be used: relative URL, http to another machine, bad proxy.
    Invalid,
    /// The rate limiter has no place left, or cannot count.
    Overloaded,
    /// The name did not resolve, or nobody took the connection.
    Connect,
    /// The TLS handshake failed: wrong or expired certificate, or no TLS spoken there.
    Tls,
    /// The deadline of the call, or the shorter limit on connecting, passed.
    Timeout,
    /// The server answered with this status where a WebSocket was asked for.
    Refused {
        /// The status.
        status: StatusCode,
    },
    /// The connection was given up for good, and no other will be opened.
    Closed,
    /// The connection broke, or what came over it was not HTTP or WebSocket.
    Interrupted,
    /// The body of the request could not be read, or is not as long as was said. The request did not
    /// become complete.
    Upload,
    /// The answer is larger than the call allows.
    TooLarge,
    /// The answer is compressed although `identity` was asked for.
    Encoding,
}

impl TransportError {
    /// How many bytes of a broken answer an error keeps: 4 KiB.
    pub const MOST_RECEIVED: usize = 4 * 1024;

    /// A failure of `kind` in `phase`. `message` is one sentence for a person, without any part of
    /// the request.
    pub fn new(
        phase: Phase,
        kind: TransportErrorKind,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { phase, kind, message: message.into(), source: None, received: Body::empty() }
    }

    /// Adds the underlying error. It is shown to people: strip URLs and secrets first.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Adds what had come of the answer's body. Its first [`MOST_RECEIVED`](Self::MOST_RECEIVED) bytes
    /// are kept.
    #[must_use]
    pub fn with_received(mut self, mut body: Bytes) -> Self {
        if body.len() > Self::MOST_RECEIVED {
            // A copy, so that the rest is let go.
            body = body.into_iter().take(Self::MOST_RECEIVED).collect();
        }
        self.received = body.into();
        self
    }

    /// The beginning of the answer's body, as far as it had come: a trace of what the server did. It
    /// may hold names and texts, so `Debug` and `Display` do not show it.
    #[must_use]
    pub fn received(&self) -> Bytes {
        self.received.as_bytes().cloned().unwrap_or_default()
    }

    /// How far the request came.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// Whether the request can have been carried out: [`Outcome::NotSent`] as long as no connection
    /// was there, or no byte was written to it, [`Outcome::Unknown`] from then on. Never `Rejected`: a refusal is an answer.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self.phase {
            Phase::Prepare | Phase::Queue | Phase::Connect | Phase::Unwritten => Outcome::NotSent,
            Phase::Exchange | Phase::Body => Outcome::Unknown,
        }
    }

    pub(crate) fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Phase::Prepare, TransportErrorKind::Invalid, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outcome_is_not_sent_until_there_is_a_connection() {
        let outcome = |phase| TransportError::new(phase, TransportErrorKind::Timeout, "").outcome();
        assert_eq!(outcome(Phase::Prepare), Outcome::NotSent);
        assert_eq!(outcome(Phase::Queue), Outcome::NotSent);
        assert_eq!(outcome(Phase::Connect), Outcome::NotSent);
        assert_eq!(outcome(Phase::Exchange), Outcome::Unknown);
        assert_eq!(outcome(Phase::Body), Outcome::Unknown);
    }

    #[test]
    fn the_beginning_of_the_answer_is_kept_and_not_shown() {
        let answer = "secret".repeat(1000);
        let error = TransportError::new(Phase::Body, TransportErrorKind::Timeout, "late");
        assert!(error.received().is_empty());
        let error = error.with_received(answer.clone().into());
        assert_eq!(error.received(), answer.as_bytes()[..TransportError::MOST_RECEIVED]);
        assert!(!format!("{error:?} {error}").contains("secret"), "{error:?}");
    }

    #[test]
    fn the_source_is_kept() {
        let error = TransportError::invalid("no").with_source("cause");
        assert_eq!(error.to_string(), "no");
        assert_eq!(error.source().unwrap().to_string(), "cause");
    }
}
