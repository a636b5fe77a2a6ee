use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Response, StatusCode};
use replykit_inbound::repair_json;
use replykit_transport::{
    Outcome, Phase, RestFailed, RestFailure, RetryRule, TransportError, TransportErrorKind,
    excerpt, retry_after,
};
use serde::Deserialize;

use crate::{ApiError, Invalid, LoginError, LoginProblem, ProtocolError, ProtocolProblem};

/// Why a call did not succeed. [`outcome`](Self::outcome) tells whether it can have been carried out
/// all the same.
///
/// Neither `Display` nor `Debug` shows a cookie, a password, a phone number, a name or a text.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    retry_after: Option<Duration>,
    course: Course,
}

/// What is known of the call that an error ended.
#[derive(Debug, Default)]
pub(crate) struct Course {
    pub(crate) attempts: u32,
    pub(crate) elapsed: Duration,
    /// An attempt before the last one may have been carried out.
    pub(crate) doubtful: bool,
    pub(crate) budget_spent: bool,
}

impl Course {
    pub(crate) fn of<E>(failed: &RestFailed<E>) -> Self {
        let RestFailed { attempts, elapsed, doubtful, budget_spent, .. } = *failed;
        Self { attempts, elapsed, doubtful, budget_spent }
    }
}

/// The stage at which a call failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request breaks a rule. It was not sent.
    Invalid(Invalid),
    /// No complete answer came back.
    Transport(TransportError),
    /// The server refused the request, in its own words.
    Api(ApiError),
    /// An HTTP status other than 2xx, and nothing of the API's own in the body, such as a page of HTML.
    Http {
        /// The status.
        status: StatusCode,
    },
    /// An answer came that says neither yes nor no.
    Protocol(ProtocolError),
    /// The call needs a session, and there is none. Only the clients of `session` have it.
    Login(LoginError),
}

impl Error {
    /// The stage at which the call failed, with what is known about it.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// Whether the request can have been carried out all the same.
    ///
    /// | kind | outcome |
    /// |---|---|
    /// | `Invalid`, `Login` | `NotSent` |
    /// | `Transport` | `NotSent` until there was a connection, then `Unknown` |
    /// | `Api`, `Http` | by the status, see [`Outcome::of_status`]; `Rejected` where it is 2xx |
    /// | `Protocol` | `Unknown` |
    ///
    /// It is that of the last attempt, and `Unknown` when an attempt before it may have been carried
    /// out.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        if self.0.course.doubtful { Outcome::Unknown } else { RestFailure::outcome(self) }
    }

    /// What is wrong with the session, where the call failed for that.
    #[must_use]
    pub fn login_problem(&self) -> Option<LoginProblem> {
        match self.kind() {
            ErrorKind::Login(error) => Some(error.problem()),
            _ => None,
        }
    }

    /// How long to wait: what the server asked for by the `Retry-After` of its answer, or until a login
    /// is tried again.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// How many attempts the call made. 0 for a request that was not sent for breaking a rule.
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

    pub(crate) fn new(kind: ErrorKind) -> Self {
        Self(Box::new(Inner { kind, retry_after: None, course: Course::default() }))
    }

    /// With what is known of the call that it ended.
    pub(crate) fn of_call(mut self, course: Course) -> Self {
        self.0.course = course;
        self
    }

    /// With how long the whole call took.
    pub(crate) fn after(mut self, elapsed: Duration) -> Self {
        self.0.course.elapsed = elapsed;
        self
    }

    pub(crate) fn login(problem: LoginProblem, cause: Option<Arc<Self>>) -> Self {
        Self::new(ErrorKind::Login(LoginError { problem, cause }))
    }

    /// The failure of a login that was to renew a session.
    pub(crate) fn failed_login(cause: Arc<Self>) -> Self {
        let refused = cause.is_refusal();
        let problem = if refused { LoginProblem::Refused } else { LoginProblem::Failed };
        let retry_after = cause.retry_after();
        let mut error = Self::login(problem, Some(cause));
        error.0.retry_after = retry_after;
        error
    }

    /// Whether the server said no, and would say it again.
    pub(crate) fn is_refusal(&self) -> bool {
        self.outcome() == Outcome::Rejected
            && !self.status().is_some_and(|status| matches!(status.as_u16(), 425 | 429))
    }

    pub(crate) fn locked(time: Duration, cause: Option<Arc<Self>>) -> Self {
        let mut error = Self::login(LoginProblem::Locked, cause);
        error.0.retry_after = Some(time);
        error
    }

    pub(crate) fn protocol(problem: ProtocolProblem, answer: &[u8]) -> Self {
        let excerpt = excerpt(answer);
        Self::new(ErrorKind::Protocol(ProtocolError { problem, excerpt }))
    }

    pub(crate) fn refused(refusal: ApiError) -> Self {
        Self::new(ErrorKind::Api(refusal))
    }

    /// What an answer with a status other than 2xx says.
    pub(crate) fn of_answer(answer: &Response<Bytes>) -> Self {
        let status = answer.status();
        if status.is_client_error() && says_yes(answer.body()) {
            return Self::protocol(ProtocolProblem::Conflict, answer.body());
        }
        let kind = match ApiError::read(status, answer.body()) {
            Some(refusal) => ErrorKind::Api(refusal),
            None => ErrorKind::Http { status },
        };
        let mut error = Self::new(kind);
        error.0.retry_after = retry_after(answer.headers());
        error
    }

    /// The status of the answer, where that was a refusal or none of 2xx.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        match self.kind() {
            ErrorKind::Api(refusal) => Some(refusal.status),
            ErrorKind::Http { status } => Some(*status),
            _ => None,
        }
    }
}

/// Whether this is what a success looks like: an object with a number for an id, or one that says so.
/// What is wrong with an `id` would be a text.
fn says_yes(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Yes {
        Crm {
            #[serde(rename = "id")]
            _id: serde_json::Number,
        },
        Session {
            success: bool,
        },
    }
    match serde_json::from_str(&repair_json(body)) {
        Ok(Yes::Crm { .. }) => true,
        Ok(Yes::Session { success }) => success,
        Err(_) => false,
    }
}

impl RestFailure for Error {
    fn outcome(&self) -> Outcome {
        match (self.kind(), self.status()) {
            (ErrorKind::Invalid(_) | ErrorKind::Login(_), _) => Outcome::NotSent,
            (ErrorKind::Transport(error), _) => error.outcome(),
            (ErrorKind::Api(_), Some(status)) if status.is_success() => Outcome::Rejected,
            (_, Some(status)) => Outcome::of_status(status),
            _ => Outcome::Unknown,
        }
    }

    fn retry(&self) -> RetryRule {
        let unless_send = RetryRule::UnlessSend(Duration::ZERO);
        match (self.kind(), self.status()) {
            (ErrorKind::Transport(error), _) => match (error.phase(), error.kind()) {
                (
                    _,
                    TransportErrorKind::TooLarge
                    | TransportErrorKind::Encoding
                    | TransportErrorKind::Upload,
                ) => RetryRule::Never,
                (Phase::Connect, TransportErrorKind::Connect | TransportErrorKind::Timeout) => {
                    RetryRule::After(Duration::ZERO)
                }
                (Phase::Unwritten, TransportErrorKind::Interrupted) => {
                    RetryRule::After(Duration::ZERO)
                }
                (Phase::Exchange | Phase::Body, _) => unless_send,
                _ => RetryRule::Never,
            },
            (_, Some(status)) => match status.as_u16() {
                425 | 429 => RetryRule::After(Duration::from_secs(1)),
                408 | 499 | 500 | 502..=504 | 520..=599 => unless_send,
                _ => RetryRule::Never,
            },
            // A page of a proxy that is gone a moment later; what is JSON would come again.
            (ErrorKind::Protocol(error), _) if error.problem() == ProtocolProblem::NotJson => {
                RetryRule::OnceUnlessSend(Duration::from_secs(1))
            }
            _ => RetryRule::Never,
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
            ErrorKind::Transport(error) => error.fmt(f),
            ErrorKind::Api(error) => error.fmt(f),
            ErrorKind::Http { status } => {
                write!(f, "the server answered HTTP {} and nothing of the API", status.as_u16())
            }
            ErrorKind::Protocol(error) => error.fmt(f),
            ErrorKind::Login(error) => error.fmt(f),
        }?;
        if self.0.course.attempts > 1 {
            let (attempts, elapsed) = (self.0.course.attempts, self.0.course.elapsed.as_secs_f64());
            write!(f, "; this was attempt {attempts}, after {elapsed:.1} s")?;
        }
        if self.0.course.doubtful {
            f.write_str("; an attempt before it may have been carried out")?;
        }
        if self.0.course.budget_spent {
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
            ErrorKind::Login(error) => error.source(),
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

impl From<RestFailed<Self>> for Error {
    fn from(failed: RestFailed<Self>) -> Self {
        let course = Course::of(&failed);
        failed.error.of_call(course)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, body: &'static str) -> Error {
        let mut answer = Response::new(Bytes::from_static(body.as_bytes()));
        *answer.status_mut() = StatusCode::from_u16(status).unwrap();
        Error::of_answer(&answer)
    }

    #[test]
    fn every_shape_of_refusal_is_read() {
        let ErrorKind::Api(refusal) = of(400, r#"{"name":["required"],"group":"full"}"#).0.kind
        else {
            panic!()
        };
        assert_eq!(refusal.fields["name"], ["required"]);
        assert_eq!(refusal.fields["group"], ["full"]);
        for body in [r#"{"error":"no"}"#, r#"{"detail":"no"}"#, r#"{"message":"no"}"#] {
            let error = of(404, body);
            let ErrorKind::Api(refusal) = error.kind() else { panic!() };
            assert_eq!(refusal.message.as_deref(), Some("no"));
            assert_eq!(error.outcome(), Outcome::Rejected);
        }
        // Half an emoji, cut out of what was sent, and a byte order mark.
        for body in ["{\"error\":\"no \\ud83d\"}", "\u{feff}{\"error\":\"no \u{fffd}\"}"] {
            let error = of(404, body);
            let ErrorKind::Api(refusal) = error.kind() else { panic!("{error:?}") };
            assert_eq!(refusal.message.as_deref(), Some("no \u{fffd}"));
        }
        for page in ["<html>Server Error (500)</html>", "", "[]", "{}"] {
            let error = of(500, page);
            assert!(matches!(error.kind(), ErrorKind::Http { .. }), "{page}");
            assert_eq!(error.outcome(), Outcome::Unknown);
        }
    }

    #[test]
    fn h16_a_refusal_with_an_object_is_unknown() {
        for status in [400, 404, 409, 429] {
            let error = of(status, r#"{"id":7,"message":"Hi","status":"Sent"}"#);
            let ErrorKind::Protocol(protocol) = error.kind() else { panic!("{error:?}") };
            assert_eq!(protocol.problem(), ProtocolProblem::Conflict);
            assert_eq!(error.outcome(), Outcome::Unknown);
        }
        let about_an_id = of(400, r#"{"id":["A valid integer is required."]}"#);
        assert_eq!(about_an_id.outcome(), Outcome::Rejected);
    }

    #[test]
    fn a_refusal_shows_no_word_of_the_server() {
        let error = of(400, r#"{"phone_number":["+40712345678 exists"],"error":"canary"}"#);
        let shown = format!("{error} {error:?}");
        assert!(shown.contains("phone_number") && shown.contains("400"), "{shown}");
        assert!(!shown.contains("4071") && !shown.contains("canary"), "{shown}");
        for (body, fields) in [
            (r#"{"error":"canary"}"#, ""),
            (r#"{"name":["canary"]}"#, ", for name"),
            (r#"{"name":["canary"],"canary":["no"]}"#, ", for name and 1 more"),
            (r#"{"canary":["no"],"+40712345678":["no"]}"#, ", for 2 fields"),
        ] {
            let error = of(400, body);
            let said = format!("the server refused with HTTP 400{fields}; ");
            assert!(error.to_string().starts_with(&said), "{error}");
            assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
        }
        let error = Error::protocol(ProtocolProblem::Shape, b"canary");
        assert!(!format!("{error} {error:?}").contains("canary"));
    }
}
