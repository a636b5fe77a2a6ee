//! One call: its attempts, the rate limits before them, and the waits between them.

use std::{
    fmt,
    hash::{BuildHasher, Hasher, RandomState},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use replykit_transport::{FailedAttempt, Limiter, RetryBudget, RetryPolicy};

use crate::{
    E164, Error, ErrorCode, Exchange, Frame, OperationClass, Outcome, RateLimits, SendId, Token,
    error::History, rates::Rates, trace::Trace,
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
            random: Arc::new(Mutex::new(fastrand::Rng::with_seed(entropy()))),
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
        read: impl Fn(Bytes) -> Result<T, Error> + Send + Sync,
        done_before: impl Fn(ErrorCode) -> Option<T> + Send + Sync,
    ) -> Result<T, Error> {
        let start = now();
        let trace = Trace::call(job.frame.name);
        let mut history = History { send_id: job.send_id.clone(), ..History::default() };
        self.budget.deposit();
        let result = loop {
            history.attempts = history.attempts.saturating_add(1);
            let failed = match self.attempt(&job, history.attempts, &trace, &read).await {
                Ok(output) => break Ok(output),
                Err(failed) => failed,
            };
            if history.doubtful
                && let Some(output) = failed.code().and_then(&done_before)
            {
                break Ok(output);
            }
            self.learn(&failed, &job).await;
            let Some(wait) = self.wait_after(&failed, &job, &mut history) else {
                break Err(failed);
            };
            trace.retry(&failed, wait);
            tokio::time::sleep(wait).await;
            history.doubtful |= failed.last_outcome() == Outcome::Unknown;
        };
        let elapsed = now().saturating_duration_since(start);
        history.elapsed = elapsed;
        let attempts = Some(history.attempts);
        if history.budget_spent {
            trace.budget_spent();
        }
        let result = result.map_err(|failed| failed.with_history(history));
        trace.ended(result.as_ref().map(drop), elapsed, attempts);
        result
    }

    /// One attempt, from the wait for the rate limit to the reply.
    async fn attempt<T>(
        &self,
        job: &Job,
        attempt: u32,
        call: &Trace,
        read: impl Fn(Bytes) -> Result<T, Error> + Send,
    ) -> Result<T, Error> {
        let start = now();
        let trace = call.attempt(attempt);
        let result = trace.follow(self.exchange(job, &trace)).await.and_then(read);
        let elapsed = now().saturating_duration_since(start);
        trace.ended(result.as_ref().map(drop), elapsed, None);
        result
    }

    async fn exchange(&self, job: &Job, trace: &Trace) -> Result<Bytes, Error> {
        if job.frame.class == OperationClass::Send {
            let start = now();
            let charges = self.rates.charges(job.recipient, start);
            self.limiter.acquire(&charges, job.frame.deadline).await?;
            trace.limited(now().saturating_duration_since(start));
        }
        let reply = self.exchange.exchange(&job.frame).await;
        let arrived = reply.as_ref().err().is_none_or(|e| e.outcome() != Outcome::NotSent);
        if job.frame.class == OperationClass::Send
            && arrived
            && let (Some(number), Some(rest)) = (job.recipient, self.rates.rest())
        {
            self.limiter.hold(Rates::key(number), rest).await;
        }
        reply
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

/// From the system, as ids of sends have to differ between processes and machines.
fn entropy() -> u64 {
    RandomState::new().build_hasher().finish()
}

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
