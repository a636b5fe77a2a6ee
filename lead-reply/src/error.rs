use std::{fmt, time::Duration};

use bytes::Bytes;
use http::{Response, StatusCode};
use replykit_transport::{
    Outcome, Phase, RestFailed, RestFailure, RetryRule, TransportError, TransportErrorKind,
    excerpt, retry_after,
};

use crate::{Invalid, ProtocolProblem, Refusal, RefusalKind, SecretError, redact};

/// Why a call did not succeed. [`outcome`](Self::outcome) tells whether it can have been carried out
/// all the same.
///
/// Neither `Display` nor `Debug` shows a secret, a lead, a text or the words of the server.
#[derive(Debug)]
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    retry_after: Option<Duration>,
    excerpt: Option<String>,
    secret_error: Option<SecretError>,
    course: Course,
}

redact::debug!(Inner { kind, retry_after, secret_error, course } hides { excerpt });

/// What is known of the call that an error ended.
#[derive(Debug, Default)]
pub(crate) struct Course {
    pub(crate) attempts: u32,
    pub(crate) elapsed: Duration,
    /// An attempt before the last one may have been carried out.
    pub(crate) doubtful: bool,
    pub(crate) budget_spent: bool,
}

/// The stage at which a call failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The call breaks a rule. It was not sent.
    Invalid(Invalid),
    /// There is no secret to send. It was not sent.
    Secret(SecretError),
    /// No complete answer came back.
    Transport(TransportError),
    /// The service refused the call.
    Refused(Refusal),
    /// An HTTP status other than 2xx that is no refusal by the rules of the wire format.
    Http {
        /// The status.
        status: StatusCode,
    },
    /// An answer came that says neither yes nor no.
    Protocol(ProtocolProblem),
}

impl Error {
    /// The stage at which the call failed, with what is known about it.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// The refusal, where it was one.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        match self.kind() {
            ErrorKind::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// Whether the call can have been carried out all the same.
    ///
    /// | kind | outcome |
    /// |---|---|
    /// | `Invalid`, `Secret` | `NotSent` |
    /// | `Transport` | `NotSent` until there was a connection, then `Unknown` |
    /// | `Refused` | `Rejected` |
    /// | `Http` | by the status, see [`Outcome::of_status`] |
    /// | `Protocol` | `Unknown` |
    ///
    /// It is that of the last attempt, and `Unknown` when an attempt before it may have been carried
    /// out.
    ///
    /// The API has nothing to read by which an `Unknown` reply could be looked up, so it stays unknown.
    /// A person can look into the conversation; and the webhook tells of messages that went out, our own
    /// included. Assumed: it does.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        if self.0.course.doubtful { Outcome::Unknown } else { RestFailure::outcome(self) }
    }

    /// Whether the same call may succeed later without a change: a limit, a server in trouble, a
    /// connection that was lost. It says nothing of what became of this one, [`outcome`](Self::outcome)
    /// does.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        !matches!(RestFailure::retry(self), RetryRule::Never | RetryRule::WithNewToken)
    }

    /// How long the server asked to wait, by the `Retry-After` of its answer.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Why there was no newer secret to try, where the service refused the one there was, and asking for
    /// another one failed.
    #[must_use]
    pub fn secret_error(&self) -> Option<&SecretError> {
        match self.kind() {
            ErrorKind::Secret(error) => Some(error),
            _ => self.0.secret_error.as_ref(),
        }
    }

    /// How many attempts the call made. 0 for a call that was not sent for breaking a rule.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.course.attempts
    }

    /// How long the call took, waits included.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.course.elapsed
    }

    /// Whether the call gave up although a repeat made sense, because the repeats of this client had
    /// used up their budget: the service is in trouble.
    #[must_use]
    pub fn retry_budget_spent(&self) -> bool {
        self.0.course.budget_spent
    }

    /// The status of the answer, where one came and was no success.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        match self.kind() {
            ErrorKind::Refused(refusal) => Some(refusal.status),
            ErrorKind::Http { status } => Some(*status),
            _ => None,
        }
    }

    /// The beginning of the answer, 256 bytes at most, in which what looks like a phone number, an
    /// e-mail address or a token is masked. It may hold names and texts, so `Debug` and `Display` do
    /// not show it.
    #[must_use]
    pub fn excerpt(&self) -> Option<&str> {
        self.0.excerpt.as_deref()
    }

    pub(crate) fn new(kind: ErrorKind) -> Self {
        let course = Course::default();
        let (retry_after, excerpt, secret_error) = (None, None, None);
        Self(Box::new(Inner { kind, retry_after, excerpt, secret_error, course }))
    }

    pub(crate) fn of_answer(kind: ErrorKind, answer: &Response<Bytes>) -> Self {
        let mut error = Self::new(kind);
        error.0.retry_after = retry_after(answer.headers());
        error.0.excerpt = Some(excerpt(answer.body()));
        error
    }

    /// With what is known of the call that it ended.
    pub(crate) fn of_call(mut self, course: Course) -> Self {
        self.0.course = course;
        self
    }

    pub(crate) fn with_secret_error(mut self, error: SecretError) -> Self {
        self.0.secret_error = Some(error);
        self
    }

    /// Whether another secret could change it.
    pub(crate) fn is_about_the_secret(&self) -> bool {
        RestFailure::retry(self) == RetryRule::WithNewToken
    }
}

impl RestFailure for Error {
    fn outcome(&self) -> Outcome {
        match self.kind() {
            ErrorKind::Invalid(_) | ErrorKind::Secret(_) => Outcome::NotSent,
            ErrorKind::Transport(error) => error.outcome(),
            ErrorKind::Refused(_) => Outcome::Rejected,
            ErrorKind::Http { status } => Outcome::of_status(*status),
            ErrorKind::Protocol(_) => Outcome::Unknown,
        }
    }

    fn retry(&self) -> RetryRule {
        let unless_send = RetryRule::UnlessSend(Duration::ZERO);
        match self.kind() {
            ErrorKind::Invalid(_) | ErrorKind::Secret(_) => RetryRule::Never,
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
            ErrorKind::Refused(refusal) => match refusal.kind {
                RefusalKind::BadSecret | RefusalKind::SecretOrOff => RetryRule::WithNewToken,
                RefusalKind::RateLimited | RefusalKind::Transient => {
                    RetryRule::After(Duration::from_secs(1))
                }
                _ => RetryRule::Never,
            },
            ErrorKind::Http { status } => match status.as_u16() {
                425 | 429 => RetryRule::After(Duration::from_secs(1)),
                408 | 499 | 500 | 502..=504 | 520..=599 => unless_send,
                _ => RetryRule::Never,
            },
            // A page of a proxy that is gone a moment later; what is JSON would come again.
            ErrorKind::Protocol(ProtocolProblem::NotJson) => {
                RetryRule::OnceUnlessSend(Duration::from_secs(1))
            }
            ErrorKind::Protocol(_) => RetryRule::Never,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind() {
            ErrorKind::Invalid(error) => error.fmt(f),
            ErrorKind::Secret(error) => error.fmt(f),
            ErrorKind::Transport(error) => error.fmt(f),
            ErrorKind::Refused(refusal) => refusal.fmt(f),
            ErrorKind::Http { status } => {
                write!(
                    f,
                    "the server answered HTTP {}, which is no refusal by any rule",
                    status.as_u16()
                )
            }
            ErrorKind::Protocol(problem) => problem.fmt(f),
        }?;
        if self.0.secret_error.is_some() {
            f.write_str(
                "; the provider of the secret could not tell whether there is a newer one",
            )?;
        }
        let Course { attempts, elapsed, doubtful, budget_spent } = &self.0.course;
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

impl From<SecretError> for Error {
    fn from(error: SecretError) -> Self {
        Self::new(ErrorKind::Secret(error))
    }
}

impl From<TransportError> for Error {
    fn from(error: TransportError) -> Self {
        Self::new(ErrorKind::Transport(error))
    }
}

impl From<RestFailed<Self>> for Error {
    fn from(failed: RestFailed<Self>) -> Self {
        let RestFailed { attempts, elapsed, doubtful, budget_spent, .. } = failed;
        failed.error.of_call(Course { attempts, elapsed, doubtful, budget_spent })
    }
}
