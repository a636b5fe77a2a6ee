//! What a client knows of its session, and what it does when that is over. No I/O and no clock: whoever
//! asks says what time it is.
//!
//! Sessions are told apart by a generation, which changes whenever one begins or ends. An answer that
//! belongs to an older generation changes nothing: a slow one must not bring a session back that was
//! ended, nor replace the one that followed.

use std::{sync::Arc, time::Duration};

use http::HeaderValue;
use tokio::time::Instant;

use super::{
    Login,
    cookie::{SessionCookie, Told},
};
use crate::{Error, LoginProblem};

/// How long no login is tried after one that was refused.
const LOCK: Duration = Duration::from_secs(30);
/// How long none is tried at most, whatever the server asks for.
const LONGEST_LOCK: Duration = Duration::from_secs(60);

#[derive(Default)]
pub(super) struct Jar {
    generation: u64,
    cookie: Option<SessionCookie>,
    /// What the user allowed to keep.
    login: Option<Login>,
    /// A session was ended by the server.
    was_ended: bool,
    /// What is no end of this session: it came again right after a new login.
    ruled_out: Vec<End>,
    locked_until: Option<Instant>,
    renewals: u64,
    failure: Option<Arc<Error>>,
}

/// What a request gets of the session.
pub(super) struct Pass {
    pub(super) generation: u64,
    pub(super) cookie: Option<HeaderValue>,
    /// What counts as the end of the session besides 401.
    pub(super) suspects: Vec<End>,
}

/// How an answer says, or seems to say, that the session is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Unauthorized,
    Forbidden,
    LoginPage,
}

/// What to do where a session is needed and there is none.
pub(super) enum Renewal {
    /// There is one, somebody else was faster.
    Done(Pass),
    /// Nothing can be done.
    No(Error),
    /// Log in, in place of the session of this generation.
    By(Login, u64),
}

impl Jar {
    pub(super) fn pass(&self) -> Pass {
        let counts = |end: &End| self.login.is_some() && !self.ruled_out.contains(end);
        Pass {
            generation: self.generation,
            cookie: self.cookie.as_ref().and_then(SessionCookie::header),
            suspects: [End::Forbidden, End::LoginPage].into_iter().filter(counts).collect(),
        }
    }

    pub(super) fn cookie(&self) -> Option<&SessionCookie> {
        self.cookie.as_ref()
    }

    /// An answer of this generation came, with this cookie.
    pub(super) fn answered(&mut self, generation: u64, told: Told) {
        if generation != self.generation {
            return;
        }
        match told {
            Told::Set(cookie) => self.cookie = Some(cookie),
            Told::Ended => self.over(generation),
        }
    }

    /// The server does not know the session of this generation any more.
    pub(super) fn over(&mut self, generation: u64) {
        if generation == self.generation {
            self.next(None);
            self.was_ended = true;
        }
    }

    /// A session begins, by the user's will.
    pub(super) fn begin(&mut self, cookie: SessionCookie, login: Option<Login>) {
        self.next(Some(cookie));
        self.login = login;
        self.locked_until = None;
        self.failure = None;
    }

    /// The session of this generation ends, by the user's will. One that was restored meanwhile goes on.
    pub(super) fn end(&mut self, generation: u64) {
        if generation == self.generation || self.cookie.is_none() {
            self.next(None);
            self.login = None;
        }
    }

    pub(super) fn forget_password(&mut self) {
        self.login = None;
    }

    /// What ended the session of this generation came again right after a new login. By 401 it locks the
    /// login; anything else is no end, then.
    pub(super) fn over_again(&mut self, generation: u64, end: End, now: Instant) {
        if generation != self.generation {
            return;
        }
        if end == End::Unauthorized {
            self.over(generation);
            self.locked_until = Some(now + LOCK);
        } else {
            self.ruled_out.push(end);
        }
    }

    /// How many logins of our own there were. To be remembered before queueing for one.
    pub(super) fn renewals(&self) -> u64 {
        self.renewals
    }

    /// What to do at the head of the queue, into which one came when there had been so many `renewals`.
    pub(super) fn renewal(&self, renewals: u64, now: Instant) -> Renewal {
        let pass = self.pass();
        if pass.cookie.is_some() {
            return Renewal::Done(pass);
        }
        let Some(login) = &self.login else {
            let problem =
                if self.was_ended { LoginProblem::Expired } else { LoginProblem::NotLoggedIn };
            return Renewal::No(Error::login(problem, None));
        };
        // Whoever waited for a login shares what became of it.
        if self.renewals != renewals
            && let Some(failure) = &self.failure
        {
            return Renewal::No(Error::failed_login(failure.clone()));
        }
        let left = self.locked_until.map(|end| end.saturating_duration_since(now));
        match left.filter(|left| !left.is_zero()) {
            Some(left) => Renewal::No(Error::locked(left, self.failure.clone())),
            None => Renewal::By(login.clone(), self.generation),
        }
    }

    /// What became of it. A session that was restored meanwhile goes on in its place.
    pub(super) fn renewed(
        &mut self,
        generation: u64,
        result: Result<SessionCookie, Error>,
        now: Instant,
    ) -> Result<Pass, Error> {
        self.renewals += 1;
        if generation != self.generation && self.cookie.is_some() {
            return Ok(self.pass());
        }
        match result {
            Ok(cookie) => {
                self.next(Some(cookie));
                self.failure = None;
                Ok(self.pass())
            }
            Err(error) => {
                let error = Arc::new(error);
                let asked = error.retry_after().unwrap_or_default().min(LONGEST_LOCK);
                let lock = if error.is_refusal() { asked.max(LOCK) } else { asked };
                self.locked_until = Some(now + lock);
                self.failure = Some(error.clone());
                Err(Error::failed_login(error))
            }
        }
    }

    fn next(&mut self, cookie: Option<SessionCookie>) {
        self.generation += 1;
        self.cookie = cookie;
        self.was_ended = false;
        self.ruled_out.clear();
    }
}

#[cfg(test)]
mod tests;
