use std::{fmt, sync::Arc};

use crate::Error;

/// Why a call that needs a session was not carried out. Its [`Outcome`](crate::Outcome) is `NotSent`.
#[derive(Debug, Clone)]
pub struct LoginError {
    pub(crate) problem: LoginProblem,
    pub(crate) cause: Option<Arc<Error>>,
}

/// What is wrong with the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LoginProblem {
    /// Nobody has logged in.
    NotLoggedIn,
    /// The server has ended the session, and no password was kept to begin another one.
    Expired,
    /// The server refused the login that was to begin another session, or refused that session right
    /// away. None is tried for 30 s, or for longer where the server asks for that, 60 s at most.
    Refused,
    /// The login that was to begin another session could not be carried out in time.
    Failed,
    /// A login was refused less than 30 s ago, or the server asked to wait before the next one, so none
    /// was tried. [`Error::retry_after`] says for how long.
    Locked,
}

impl LoginError {
    /// What is wrong.
    #[must_use]
    pub fn problem(&self) -> LoginProblem {
        self.problem
    }

    /// How the login failed, where there was one. Everyone who waited for it gets the same.
    #[must_use]
    pub fn cause(&self) -> Option<&Error> {
        self.cause.as_deref()
    }
}

impl fmt::Display for LoginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.problem {
            LoginProblem::NotLoggedIn => "nobody is logged in: execute Login first",
            LoginProblem::Expired => {
                "the session is over and no password was kept: execute Login again"
            }
            LoginProblem::Refused => {
                "the session is over and the server refused another one: check the username and the \
                 password, then execute Login"
            }
            LoginProblem::Failed => "the session is over, and the login for another one failed",
            LoginProblem::Locked => {
                "the server refused a login a moment ago or asked to wait, so none was tried: wait, \
                 or check the username and the password and execute Login"
            }
        })
    }
}

impl std::error::Error for LoginError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause().map(|cause| cause as _)
    }
}
