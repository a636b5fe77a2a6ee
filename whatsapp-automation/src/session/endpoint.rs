use http::{HeaderValue, Method};
use replykit_transport::Body;

use crate::{Invalid, OperationClass, ProtocolProblem, session::Login};

/// An endpoint of the service: a type whose fields are the request.
///
/// To call one that this crate does not know, implement the trait for a type of your own.
pub trait Endpoint: Send + Sync {
    /// For logs, such as `session.send_message`.
    const NAME: &'static str;
    /// The method.
    const METHOD: Method;
    /// What a repeat would do.
    const CLASS: OperationClass;
    /// What it has to do with the session. Default: it needs one.
    const SESSION: SessionUse = SessionUse::Needs;
    /// Whether the answer is a list that may be long: it may then have 64 MiB in place of 1 MiB, and
    /// take 60 s.
    const LIST: bool = false;

    /// What the answer holds.
    type Output: Send;

    /// The path below the base URL, without a slash in front, such as `api/users/me`. A query may
    /// follow.
    fn path(&self) -> String;

    /// Checks the rules before anything is sent.
    ///
    /// # Errors
    /// The first breach.
    fn validate(&self) -> Result<(), Invalid> {
        Ok(())
    }

    /// The body and its type, `None` for no body.
    ///
    /// # Errors
    /// A value that cannot be written.
    fn body(&self) -> Result<Option<(HeaderValue, Body)>, Invalid> {
        Ok(None)
    }

    /// Reads an answer whose status is 2xx, and which is not `{"success": false}`.
    ///
    /// # Errors
    /// What is wrong with the answer. The outcome of the call is then `Unknown`.
    fn read(&self, body: &[u8]) -> Result<Self::Output, ProtocolProblem>;

    /// Of an endpoint that begins a session: the login that the client keeps in memory, to begin another
    /// one when that is over. `None`: the client keeps no password.
    fn keeps(&self) -> Option<Login> {
        None
    }
}

/// What an endpoint has to do with the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SessionUse {
    /// It is called with the session's cookie.
    Needs,
    /// Its answer begins a session, which takes the place of the one before.
    Begins,
    /// Its success ends the session. 401 is one too, and is read as `{}`.
    Ends,
}
