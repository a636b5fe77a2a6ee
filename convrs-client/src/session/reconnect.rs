//! When the next connection is opened, and when no other is.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use super::{Disconnect, SocketEnd};

/// How a [`Socket`](crate::Socket) comes back after its connection was lost: after a random part of
/// `first`, then with full jitter from a limit that doubles from `base` to `most`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reconnect {
    /// The longest wait after a connection that was healthy. Default: 5 s.
    pub first: Duration,
    /// The limit of the wait after the first failure. Default: 1 s.
    pub base: Duration,
    /// The longest wait. Default: 60 s.
    pub most: Duration,
    /// How long a connection has to last to count as healthy. Default: 60 s.
    pub healthy: Duration,
}

impl Default for Reconnect {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(5),
            base: Duration::from_secs(1),
            most: Duration::from_secs(60),
            healthy: Duration::from_secs(60),
        }
    }
}

/// What a [`Socket`](crate::Socket) does when another connection with the token takes its place: the
/// server keeps one connection for a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Takeover {
    /// It leaves the place to the other.
    #[default]
    Yield,
    /// It takes the place back, after 30 s, then after twice as long each time up to 15 min, and five
    /// times an hour at most.
    Contend,
}

/// After so many messages in a row that were too large the next connection would end like the last.
const MOST_TOO_LARGE: u32 = 3;
const LONG: Duration = Duration::from_secs(15 * 60);
const CONTEND: Duration = Duration::from_secs(30);
const MOST_TAKEOVERS: usize = 5;
const HOUR: Duration = Duration::from_secs(60 * 60);

pub(super) enum Next {
    /// The number of the attempt, and the wait before it.
    Wait(u32, Duration),
    End(SocketEnd),
}

#[derive(Debug)]
pub(super) struct Plan {
    reconnect: Reconnect,
    takeover: Takeover,
    /// Attempts since a connection was healthy.
    attempts: u32,
    too_large: u32,
    /// When the place was taken, in the last hour.
    taken: VecDeque<Instant>,
}

impl Plan {
    pub(super) fn new(reconnect: Reconnect, takeover: Takeover) -> Self {
        Self { reconnect, takeover, attempts: 0, too_large: 0, taken: VecDeque::new() }
    }

    pub(super) fn after_failure(&mut self, random: f64) -> Next {
        self.attempts = self.attempts.saturating_add(1);
        let doublings = self.attempts.saturating_sub(1).min(31);
        let limit = self.reconnect.base.saturating_mul(1 << doublings).min(self.reconnect.most);
        Next::Wait(self.attempts, limit.mul_f64(random.clamp(0.0, 1.0)))
    }

    /// After a connection that lasted since then. `taken`: another took its place.
    pub(super) fn after_live(
        &mut self,
        why: Disconnect,
        taken: bool,
        since: Instant,
        now: Instant,
        random: f64,
    ) -> Next {
        if taken {
            return self.after_takeover(now);
        }
        self.too_large = if why == Disconnect::TooLarge { self.too_large + 1 } else { 0 };
        if self.too_large >= MOST_TOO_LARGE {
            self.attempts = self.attempts.saturating_add(1);
            return Next::Wait(self.attempts, LONG);
        }
        if now.saturating_duration_since(since) >= self.reconnect.healthy {
            self.attempts = 0;
        }
        if self.attempts == 0 {
            self.attempts = 1;
            return Next::Wait(1, self.reconnect.first.mul_f64(random.clamp(0.0, 1.0)));
        }
        self.after_failure(random)
    }

    fn after_takeover(&mut self, now: Instant) -> Next {
        if self.takeover == Takeover::Yield {
            return Next::End(SocketEnd::TakenOver);
        }
        self.taken.retain(|taken| now.saturating_duration_since(*taken) < HOUR);
        if self.taken.len() >= MOST_TAKEOVERS {
            return Next::End(SocketEnd::Contended);
        }
        let doublings = u32::try_from(self.taken.len()).unwrap_or(u32::MAX).min(31);
        self.taken.push_back(now);
        Next::Wait(1, CONTEND.saturating_mul(1 << doublings).min(LONG))
    }
}
