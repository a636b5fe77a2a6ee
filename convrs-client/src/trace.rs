//! What a subscriber of `tracing` sees: a span for a call and one for each attempt, and events in
//! between. Command names, numbers and outcomes, never a token, a phone number, a name or a text.

#[cfg(feature = "ws")]
pub(crate) mod socket;

use std::{pin::Pin, time::Duration};

use crate::Error;
#[cfg(feature = "tracing")]
use crate::Outcome;

/// The span of a call, or of an attempt in it. Without the feature `tracing` it is nothing.
pub(crate) struct Trace {
    #[cfg(feature = "tracing")]
    span: tracing::Span,
    #[cfg(feature = "tracing")]
    start: tokio::time::Instant,
}

/// What ended a call or an attempt.
pub(crate) type Ended<'a> = Result<(), &'a Error>;

#[cfg(feature = "tracing")]
impl Trace {
    pub(crate) fn call(command: &'static str) -> Self {
        let span = tracing::debug_span!(
            "convrs.call",
            otel.kind = %"client",
            rpc.method = %command,
            attempts = tracing::field::Empty,
            outcome = tracing::field::Empty,
            error.type = tracing::field::Empty,
            code = tracing::field::Empty,
            elapsed_ms = tracing::field::Empty,
        );
        Self { span, start: tokio::time::Instant::now() }
    }

    pub(crate) fn attempt(&self, attempt: u32) -> Self {
        let span = tracing::debug_span!(
            parent: &self.span,
            "convrs.attempt",
            attempt,
            outcome = tracing::field::Empty,
            error.type = tracing::field::Empty,
            code = tracing::field::Empty,
            elapsed_ms = tracing::field::Empty,
        );
        Self { span, start: tokio::time::Instant::now() }
    }

    /// As `Instrument` does it, without another reference to the span.
    pub(crate) fn follow<F: Future>(
        &self,
        mut future: Pin<&mut F>,
    ) -> impl Future<Output = F::Output> {
        std::future::poll_fn(move |cx| {
            let _entered = self.span.enter();
            future.as_mut().poll(cx)
        })
    }

    /// `attempts` is how many the call made; an attempt leaves it out.
    pub(crate) fn ended(&self, ended: Ended<'_>, attempts: Option<u32>) {
        if self.span.is_disabled() {
            return;
        }
        let elapsed_ms = milliseconds(self.start.elapsed());
        // In one go: each record makes a subscriber format the span's fields anew.
        match (ended, attempts) {
            (Ok(()), None) => tracing::record_all!(self.span, outcome = %"sent", elapsed_ms),
            (Ok(()), Some(attempts)) => {
                tracing::record_all!(self.span, outcome = %"sent", elapsed_ms, attempts);
            }
            (Err(error), attempts) => tracing::record_all!(
                self.span,
                outcome = %name_of(error.outcome()),
                elapsed_ms,
                attempts,
                error.type = %error.kind().name(),
                code = error.code().map(crate::ErrorCode::number),
            ),
        }
    }

    pub(crate) fn retry(&self, error: &Error, wait: Duration) {
        let code = error.code().map(crate::ErrorCode::number);
        tracing::info!(
            parent: &self.span,
            wait_ms = milliseconds(wait),
            outcome = %name_of(error.outcome()),
            error.type = %error.kind().name(),
            code,
            "the attempt failed, another one follows",
        );
    }

    pub(crate) fn budget_spent(&self) {
        tracing::warn!(
            parent: &self.span,
            "the attempt failed, and too many calls had to be repeated lately for another one",
        );
    }

    pub(crate) fn limited(&self, wait: Duration) {
        if !wait.is_zero() {
            let wait_ms = milliseconds(wait);
            tracing::debug!(parent: &self.span, wait_ms, "the attempt waited for the rate limit");
        }
    }

    pub(crate) fn reconciled(command: &'static str, found: &'static str) {
        tracing::info!(rpc.method = %command, found, "looked for what became of a send");
    }
}

#[cfg(feature = "tracing")]
fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(feature = "tracing")]
fn name_of(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::NotSent => "not_sent",
        Outcome::Rejected => "rejected",
        Outcome::Unknown => "unknown",
    }
}

#[cfg(not(feature = "tracing"))]
impl Trace {
    pub(crate) fn call(_: &'static str) -> Self {
        Self {}
    }

    pub(crate) fn attempt(&self, _: u32) -> Self {
        Self {}
    }

    pub(crate) fn follow<F: Future>(&self, future: Pin<&mut F>) -> impl Future<Output = F::Output> {
        future
    }

    pub(crate) fn ended(&self, _: Ended<'_>, _: Option<u32>) {}
    pub(crate) fn retry(&self, _: &Error, _: Duration) {}
    pub(crate) fn budget_spent(&self) {}
    pub(crate) fn limited(&self, _: Duration) {}
    pub(crate) fn reconciled(_: &'static str, _: &'static str) {}
}
