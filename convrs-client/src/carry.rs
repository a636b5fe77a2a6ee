//! One call: its attempts, the rate limits before them, and the waits between them.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use replykit_transport::{FailedAttempt, Limiter, RetryBudget, RetryPolicy};

use crate::{
    E164, Error, ErrorCode, Exchange, Frame, OperationClass, Outcome, RateLimits, SendId, Token,
    error::History, rates::Rates,
};

/// What carries the commands of a client.
#[derive(Clone)]
pub(crate) struct Carrier {
    exchange: Arc<dyn Exchange>,
    pub(crate) token: Token,
    pub(crate) retry: RetryPolicy,
    pub(crate) limiter: Limiter,
    rates: Arc<Rates>,
    budget: Arc<RetryBudget>,
    random: Arc<Mutex<fastrand::Rng>>,
}

/// One call.
pub(crate) struct Job {
    pub(crate) frame: Frame,
    pub(crate) recipient: Option<E164>,
    pub(crate) send_id: Option<SendId>,
    pub(crate) resend: bool,
}

impl Carrier {
    pub(crate) fn new(exchange: impl Exchange, token: Token) -> Self {
        Self {
            exchange: Arc::new(exchange),
            retry: RetryPolicy::default(),
            limiter: Limiter::in_memory(),
            rates: Arc::new(Rates::new(RateLimits::default(), &token)),
            budget: Arc::default(),
            random: Arc::new(Mutex::new(fastrand::Rng::new())),
            token,
        }
    }

    pub(crate) fn set_limits(&mut self, limits: RateLimits) {
        self.rates = Arc::new(Rates::new(limits, &self.token));
    }

    pub(crate) fn seed(&mut self, seed: u64) {
        self.random = Arc::new(Mutex::new(fastrand::Rng::with_seed(seed)));
    }

    pub(crate) fn next_send_id(&self) -> SendId {
        SendId::from_number(self.random(|random| random.u128(..)))
    }

    /// Makes attempts until one succeeds, or no other makes sense. `read` reads a reply;
    /// `done_before` gives the result where a refusal of a repeat says that an earlier attempt was
    /// carried out.
    pub(crate) async fn carry<T>(
        &self,
        job: Job,
        read: impl Fn(Bytes) -> Result<T, Error>,
        done_before: impl Fn(ErrorCode) -> Option<T>,
    ) -> Result<T, Error> {
        let start = now();
        let mut history = History { send_id: job.send_id.clone(), ..History::default() };
        self.budget.deposit();
        loop {
            history.attempts = history.attempts.saturating_add(1);
            let failed = match self.attempt(&job).await.and_then(&read) {
                Ok(output) => return Ok(output),
                Err(failed) => failed,
            };
            if history.doubtful
                && let Some(output) = failed.code().and_then(&done_before)
            {
                return Ok(output);
            }
            self.learn(&failed, &job).await;
            match self.wait_after(&failed, &job, &mut history) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => {
                    history.elapsed = now().saturating_duration_since(start);
                    return Err(failed.with_history(history));
                }
            }
            history.doubtful |= failed.last_outcome() == Outcome::Unknown;
        }
    }

    async fn attempt(&self, job: &Job) -> Result<Bytes, Error> {
        if job.frame.class == OperationClass::Send {
            let charges = self.rates.charges(job.recipient, now());
            self.limiter.acquire(&charges, job.frame.deadline).await?;
        }
        self.exchange.exchange(&job.frame).await
    }

    /// The server counts on its own clock, and others may send with the token: its word counts.
    async fn learn(&self, failed: &Error, job: &Job) {
        match (failed.code(), job.recipient) {
            (Some(ErrorCode::PhoneRateLimit), Some(number)) => {
                self.limiter.hold(Rates::key(number), HOLD).await;
            }
            (Some(ErrorCode::TokenRateLimit), _) => self.rates.lower(now()),
            _ => {}
        }
    }

    fn wait_after(&self, failed: &Error, job: &Job, history: &mut History) -> Option<Duration> {
        let class = if job.resend { OperationClass::Write } else { job.frame.class };
        // The rules say so as well; this is the promise of the crate, so it stands on its own.
        if failed.last_outcome() == Outcome::Unknown && !class.may_repeat() {
            return None;
        }
        let attempt = FailedAttempt {
            class,
            rule: failed.retry(),
            retry_after: failed.retry_after(),
            attempts: history.attempts,
            time_left: job.frame.deadline.saturating_duration_since(now()),
        };
        let wait = self.retry.decide(&attempt, self.random(fastrand::Rng::f64))?;
        history.budget_spent = !self.budget.withdraw();
        (!history.budget_spent).then_some(wait)
    }

    fn random<T>(&self, make: impl FnOnce(&mut fastrand::Rng) -> T) -> T {
        make(&mut self.random.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Carrier")
            .field("exchange", &self.exchange)
            .field("retry", &self.retry)
            .field("limiter", &self.limiter)
            .finish_non_exhaustive()
    }
}

/// How long a number rests after the server found it too busy.
const HOLD: Duration = Duration::from_millis(1100);

/// The time of the runtime, which tests can hold.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// When a call ends that may take `time` from now. A span too long for the clock counts as a day.
pub(crate) fn deadline(time: Duration) -> Instant {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    let now = now();
    now.checked_add(time).unwrap_or(now + DAY)
}

#[cfg(test)]
mod tests;
