//! One call: its attempts, the rate limits before them, and the waits between them.

use std::{
    fmt,
    hash::{BuildHasher, Hasher, RandomState},
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use replykit_transport::{FailedAttempt, Limiter, RetryBudget, RetryPolicy};

use crate::{
    Command, Deliveries, E164, Error, ErrorCode, Exchange, Frame, OperationClass, Outcome,
    RateLimits, SendId, SendMark, Token,
    answers::Answers,
    deliveries::Sending,
    error::History,
    race::{First, race},
    rates::Rates,
    trace::Trace,
};

/// What carries the commands of a client.
#[derive(Clone)]
pub(crate) struct Carrier {
    exchange: Arc<dyn Exchange>,
    pub(crate) token: Token,
    pub(crate) retry: RetryPolicy,
    pub(crate) limiter: Limiter,
    pub(crate) deliveries: Option<Deliveries>,
    #[cfg(feature = "proof")]
    pub(crate) callback_keys: Option<Arc<crate::CallbackKeys>>,
    rates: Arc<Rates>,
    budget: Arc<RetryBudget>,
    random: Arc<Mutex<fastrand::Rng>>,
}

/// One call.
pub(crate) struct Job {
    pub(crate) start: Instant,
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
            deliveries: None,
            #[cfg(feature = "proof")]
            callback_keys: None,
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

    /// Marks a command whose callbacks come back to the client.
    pub(crate) fn mark(&self, command: &mut impl Command) -> Option<SendId> {
        if command.class() != OperationClass::Send {
            return None;
        }
        let id = SendId::from_number(self.random(|random| random.u128(..)));
        command.mark(&SendMark::new(&id, &|id| self.prove(id))).then_some(id)
    }

    #[cfg(feature = "proof")]
    fn prove(&self, id: &SendId) -> Option<String> {
        self.callback_keys.as_ref()?.prove(id, crate::proof::wall_clock())
    }

    #[cfg(not(feature = "proof"))]
    fn prove(&self, _: &SendId) -> Option<String> {
        None
    }

    /// Makes attempts until one succeeds, a callback tells that one did, or no other makes sense.
    pub(crate) async fn carry<T>(&self, job: &Job, answers: &impl Answers<T>) -> Result<T, Error> {
        let trace = Trace::call(job.frame.name);
        let mut history = History { send_id: job.send_id.clone(), ..History::default() };
        let sending = job.send_id.as_ref().zip(self.deliveries.as_ref());
        // Boxed, so that no other call is larger for it.
        let sending = sending.map(|(id, deliveries)| Box::new(deliveries.expect(id, job.resend)));
        self.budget.deposit();
        let mut result =
            self.attempts(job, answers, sending.as_deref(), &trace, &mut history).await;
        if history.budget_spent {
            trace.budget_spent();
        }
        let attempts = history.attempts;
        if let Err(failed) = &mut result {
            history.elapsed = now().saturating_duration_since(job.start);
            failed.set_history(history);
        }
        if let Some(sending) = sending {
            match &result {
                Ok(output) => sending.ended(answers.message_of(output)),
                Err(failed) if failed.outcome() != Outcome::Unknown => sending.not_sent(),
                // A callback may still tell.
                Err(_) => {}
            }
        }
        trace.ended(result.as_ref().map(drop), Some(attempts));
        result
    }

    async fn attempts<T>(
        &self,
        job: &Job,
        answers: &impl Answers<T>,
        sending: Option<&Sending>,
        trace: &Trace,
        history: &mut History,
    ) -> Result<T, Error> {
        loop {
            history.attempts = history.attempts.saturating_add(1);
            let number = history.attempts;
            let result = match sending {
                None => self.attempt(job, number, trace, answers).await,
                // Boxed, so that no other call is larger for it.
                Some(sending) => {
                    Box::pin(self.attempt_or_proof(job, number, trace, answers, sending)).await
                }
            };
            let failed = match result {
                Ok(output) => return Ok(output),
                Err(failed) => failed,
            };
            if history.doubtful
                && let Some(output) = failed.code().and_then(|code| answers.done_before(code))
            {
                return Ok(output);
            }
            // A refusal is an answer; what is in doubt is settled by a callback that came before it.
            if (history.doubtful || failed.last_outcome() == Outcome::Unknown)
                && let Some(output) = sending.and_then(|s| s.proof(|state| answers.proven(state)))
            {
                return Ok(output);
            }
            // These are boxed, so that a call that succeeds at once is not larger for them.
            Box::pin(self.learn(&failed, job)).await;
            let Some(wait) = self.wait_after(&failed, job, history) else {
                return Err(failed);
            };
            trace.retry(&failed, wait);
            if let Some(output) = Box::pin(pause(wait, sending, answers)).await {
                return Ok(output);
            }
            history.doubtful |= failed.last_outcome() == Outcome::Unknown;
        }
    }

    /// An attempt, until it ends or a callback proves that the message went out.
    async fn attempt_or_proof<T>(
        &self,
        job: &Job,
        number: u32,
        trace: &Trace,
        answers: &impl Answers<T>,
        sending: &Sending,
    ) -> Result<T, Error> {
        let attempt = self.attempt(job, number, trace, answers);
        match race(attempt, sending.proven(|state| answers.proven(state))).await {
            First::One(result) => result,
            First::Other(output) => {
                self.rest(job).await;
                Ok(output)
            }
        }
    }

    /// One attempt, from the wait for the rate limit to the reply.
    async fn attempt<T>(
        &self,
        job: &Job,
        attempt: u32,
        call: &Trace,
        answers: &impl Answers<T>,
    ) -> Result<T, Error> {
        let trace = call.attempt(attempt);
        let result = trace.follow(pin!(self.exchange(job, &trace))).await;
        let result = result.and_then(|reply| answers.read(reply));
        trace.ended(result.as_ref().map(drop), None);
        result
    }

    async fn exchange(&self, job: &Job, trace: &Trace) -> Result<Bytes, Error> {
        if job.frame.class == OperationClass::Send {
            let start = now();
            let charges = self.rates.charges(job.recipient, start);
            // Boxed, so that no other call is larger for it.
            Box::pin(self.limiter.acquire(&charges, job.frame.deadline)).await?;
            trace.limited(now().saturating_duration_since(start));
        }
        let reply = self.exchange.exchange(&job.frame).await;
        let arrived = reply.as_ref().err().is_none_or(|e| e.outcome() != Outcome::NotSent);
        if arrived {
            self.rest(job).await;
        }
        reply
    }

    /// Lets the number rest that a message has gone to.
    async fn rest(&self, job: &Job) {
        if job.frame.class == OperationClass::Send
            && let (Some(number), Some(rest)) = (job.recipient, self.rates.rest())
        {
            Box::pin(self.limiter.hold(Rates::key(number), rest)).await;
        }
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

/// Waits before a repeat. A callback that proves that the message went out ends the wait: there will
/// be no repeat.
async fn pause<T>(
    wait: Duration,
    sending: Option<&Sending>,
    answers: &impl Answers<T>,
) -> Option<T> {
    let sleep = tokio::time::sleep(wait);
    let Some(sending) = sending else {
        sleep.await;
        return None;
    };
    match race(sending.proven(|state| answers.proven(state)), sleep).await {
        First::One(output) => Some(output),
        First::Other(()) => None,
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
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// When a call ends that may take `time`. A span too long for the clock counts as a day.
pub(crate) fn deadline(start: Instant, time: Duration) -> Instant {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    start.checked_add(time).unwrap_or(start + DAY)
}

#[cfg(test)]
mod tests;
