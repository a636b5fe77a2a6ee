use std::{fmt, time::Duration};

use bytes::Bytes;

use super::{Received, frame};

/// What a connection does, step by step. Behind the last step it is closed without further ado: with
/// FIN, or with RST where something that came was not read.
#[derive(Debug, Clone, Default)]
pub struct Script(pub(super) Vec<Step>);

/// One thing that a connection does.
#[derive(Debug, Clone)]
pub enum Step {
    /// Reads one request to its end, by its `content-length`.
    Read,
    /// Reads a request up to this many of its bytes, and no further. A request that ends within them
    /// was received.
    ReadBytes(usize),
    /// Reads a request as [`Read`](Self::Read) does, and answers it with the upgrade to a WebSocket.
    Upgrade,
    /// Writes these bytes.
    Write(Bytes),
    /// Writes these bytes one by one, with a pause behind each.
    Drip(Bytes, Duration),
    /// Writes these bytes again and again until the client has gone.
    Endless(Bytes),
    /// Keeps the connection open, silent and unread, until the client has gone.
    Hold,
    /// Closes the sending side, then lets the client finish.
    Fin,
    /// Closes with RST, over TLS too.
    Reset,
    /// Waits for the next request on this connection, and begins the next script of the plan with it.
    Next,
}

impl Script {
    /// No step: closes the connection before anything is read.
    #[must_use]
    pub fn close() -> Self {
        Self::default()
    }

    /// Reads a request. What happens then is yet to be added.
    #[must_use]
    pub fn request() -> Self {
        Self::close().then(Step::Read)
    }

    /// Reads so many bytes of a request. What happens then is yet to be added.
    #[must_use]
    pub fn part(bytes: usize) -> Self {
        Self::close().then(Step::ReadBytes(bytes))
    }

    /// Reads a request, writes `answer` and closes the connection in good order.
    #[must_use]
    pub fn answer(answer: impl Into<Bytes>) -> Self {
        Self::request().write(answer).fin()
    }

    /// [`answer`](Self::answer) with a whole HTTP answer of this status and body, which says that the
    /// connection closes.
    #[must_use]
    pub fn reply(status: u16, body: &str) -> Self {
        Self::reply_with(status, "", body)
    }

    /// [`reply`](Self::reply) with header lines of your own, each with its `\r\n`.
    #[must_use]
    pub fn reply_with(status: u16, headers: &str, body: &str) -> Self {
        let length = body.len();
        Self::answer(format!(
            "HTTP/1.1 {status} Status\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
        ))
    }

    /// Upgrades to a WebSocket. What happens then is yet to be added.
    #[must_use]
    pub fn upgrade() -> Self {
        Self::close().then(Step::Upgrade)
    }

    /// Upgrades to a WebSocket of the Convrs API on which `connect` and the first heartbeat are
    /// answered with yes. It reads neither.
    #[must_use]
    pub fn connected() -> Self {
        Self::upgrade().connect()
    }

    /// Answers `connect` and the first heartbeat with yes.
    #[must_use]
    pub fn connect(self) -> Self {
        let heartbeat =
            r#"{"ok":1,"cmd":"heartbeat","data":{"datetime":"2026-02-28T14:30:00.000Z"}}"#;
        self.text(r#"{"cmd":"connected","ok":1}"#).text(heartbeat)
    }

    /// Writes a whole text frame.
    #[must_use]
    pub fn text(self, text: &str) -> Self {
        self.write(frame(0x81, text.as_bytes()))
    }

    /// Adds a step.
    #[must_use]
    pub fn then(mut self, step: Step) -> Self {
        self.0.push(step);
        self
    }

    /// Adds [`Step::Write`].
    #[must_use]
    pub fn write(self, bytes: impl Into<Bytes>) -> Self {
        self.then(Step::Write(bytes.into()))
    }

    /// Writes the first `length` of these bytes, all if there are fewer.
    #[must_use]
    pub fn write_first(self, length: usize, bytes: impl Into<Bytes>) -> Self {
        let mut bytes = bytes.into();
        bytes.truncate(length);
        self.write(bytes)
    }

    /// Adds [`Step::Drip`].
    #[must_use]
    pub fn drip(self, bytes: impl Into<Bytes>, pause: Duration) -> Self {
        self.then(Step::Drip(bytes.into(), pause))
    }

    /// Adds [`Step::Endless`].
    #[must_use]
    pub fn endless(self, bytes: impl Into<Bytes>) -> Self {
        self.then(Step::Endless(bytes.into()))
    }

    /// Adds [`Step::Hold`].
    #[must_use]
    pub fn hold(self) -> Self {
        self.then(Step::Hold)
    }

    /// Adds [`Step::Fin`].
    #[must_use]
    pub fn fin(self) -> Self {
        self.then(Step::Fin)
    }

    /// Adds [`Step::Reset`].
    #[must_use]
    pub fn reset(self) -> Self {
        self.then(Step::Reset)
    }

    /// Adds [`Step::Next`].
    #[must_use]
    pub fn next(self) -> Self {
        self.then(Step::Next)
    }

    /// Whether a request is read to its end before anything else happens.
    #[must_use]
    pub fn reads(&self) -> bool {
        matches!(self.0.first(), Some(Step::Read | Step::Upgrade))
    }
}

/// Which script comes next.
///
/// Made of a [`Script`] for all connections, of several for one after the other (the last one stays),
/// or of a closure.
pub struct Plan(pub(super) Choice);

pub(super) enum Choice {
    /// Without a look at the request: the script reads it, or does not.
    Turn(Box<dyn Fn(usize) -> Script + Send + Sync>),
    /// For a request that was read already.
    Request(Box<dyn Fn(&Received) -> Script + Send + Sync>),
}

impl Plan {
    /// Chooses a script for each connection, and behind each [`Step::Next`], by how many were begun
    /// before.
    pub fn by_turn(choose: impl Fn(usize) -> Script + Send + Sync + 'static) -> Self {
        Self(Choice::Turn(Box::new(choose)))
    }

    /// Reads a request to its end, then chooses what follows, which therefore begins without
    /// [`Step::Read`].
    pub fn by_request(choose: impl Fn(&Received) -> Script + Send + Sync + 'static) -> Self {
        Self(Choice::Request(Box::new(choose)))
    }
}

impl From<Script> for Plan {
    fn from(script: Script) -> Self {
        Self::by_turn(move |_| script.clone())
    }
}

impl<const N: usize> From<[Script; N]> for Plan {
    fn from(scripts: [Script; N]) -> Self {
        Self::by_turn(move |turn| scripts.get(turn).or(scripts.last()).cloned().unwrap_or_default())
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Plan(..)")
    }
}
