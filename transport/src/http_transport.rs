use std::{
    fmt,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use bytes::Bytes;

use crate::{Body, TransportError};

/// The cap on an answer's body unless a call sets another: 1 MiB.
pub const DEFAULT_MAX_BODY: usize = 1024 * 1024;

/// Carries one HTTP request to a server and its answer back.
///
/// This is the only seam between the typed clients and the network: implement it to use an HTTP
/// library of your own, or to test without one (`MockTransport`, feature `mock`).
///
/// An implementation
/// - sends the request at most once, and follows no redirect: secrets travel in header and body;
/// - opens a body that is a stream ([`Body::open`]) before the connection, announces its length, and
///   breaks the connection where it fails;
/// - keeps [`CallOptions::deadline`] and [`CallOptions::max_body`];
/// - returns an answer of any status as `Ok`;
/// - reports in a [`TransportError`] the last phase that it can prove, and a later one in doubt.
#[async_trait]
pub trait HttpTransport: fmt::Debug + Send + Sync + 'static {
    /// Sends `request`, whose URI is absolute, and reads the whole answer.
    ///
    /// # Errors
    /// A [`TransportError`] when no complete answer came back;
    /// [`outcome`](TransportError::outcome) says whether the request can have arrived.
    async fn send(
        &self,
        request: http::Request<Body>,
        options: &CallOptions,
    ) -> Result<http::Response<Bytes>, TransportError>;
}

/// How one call is to be carried.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CallOptions {
    /// When the call ends, answered or not. There is no call without one.
    pub deadline: Instant,
    /// The largest body of an answer, in bytes. Default: [`DEFAULT_MAX_BODY`].
    pub max_body: usize,
    /// Whether an idle connection may be used. Default: [`Connection::Pooled`].
    pub connection: Connection,
}

impl CallOptions {
    /// Options for a call that ends at `deadline`.
    #[must_use]
    pub fn new(deadline: Instant) -> Self {
        Self { deadline, max_body: DEFAULT_MAX_BODY, connection: Connection::Pooled }
    }

    /// Options for a call that may take `time` from now. A span too long for the clock counts as a
    /// day.
    #[must_use]
    pub fn within(time: Duration) -> Self {
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        let now = Instant::now();
        Self::new(now.checked_add(time).unwrap_or(now + DAY))
    }

    /// Sets [`max_body`](Self::max_body).
    #[must_use]
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// Sets [`connection`](Self::connection).
    #[must_use]
    pub fn connection(mut self, connection: Connection) -> Self {
        self.connection = connection;
        self
    }

    /// The time left until the deadline, zero when it has passed.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
}

/// Which connection a call may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Connection {
    /// One that was opened for this call. A server that closes idle connections cannot make a send
    /// ambiguous this way.
    Fresh,
    /// An idle one where there is one: faster, for calls that may be repeated.
    Pooled,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_time_does_not_overflow_the_clock() {
        let options = CallOptions::within(Duration::MAX);
        assert!(options.remaining() > Duration::from_secs(60 * 60));
    }
}
