//! What a subscriber of `tracing` sees: a span for each call. Names of calls, numbers and outcomes,
//! never a URL, a secret, a lead or a text.

use crate::Error;
#[cfg(feature = "tracing")]
use crate::{ErrorKind, Outcome};

/// The span of a call. Without the feature `tracing` it is nothing.
pub(crate) struct Trace {
    #[cfg(feature = "tracing")]
    span: tracing::Span,
    #[cfg(feature = "tracing")]
    start: tokio::time::Instant,
}

#[cfg(feature = "tracing")]
impl Trace {
    pub(crate) fn call(operation: &'static str) -> Self {
        let span = tracing::debug_span!(
            "lead_reply.call",
            otel.kind = %"client",
            rpc.system = %"lead-reply",
            rpc.method = %operation,
            attempts = tracing::field::Empty,
            outcome = tracing::field::Empty,
            error.type = tracing::field::Empty,
            http.response.status_code = tracing::field::Empty,
            elapsed_ms = tracing::field::Empty,
        );
        Self { span, start: tokio::time::Instant::now() }
    }

    pub(crate) async fn follow<F: Future>(&self, future: F) -> F::Output {
        // As `Instrument` does it, without another reference to the span.
        let mut future = std::pin::pin!(future);
        std::future::poll_fn(|cx| {
            let _entered = self.span.enter();
            future.as_mut().poll(cx)
        })
        .await
    }

    pub(crate) fn ended(&self, error: Option<&Error>) {
        if self.span.is_disabled() {
            return;
        }
        let elapsed_ms = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        // In one go: each record makes a subscriber format the span's fields anew.
        match error {
            None => tracing::record_all!(self.span, outcome = %"done", elapsed_ms),
            Some(error) => tracing::record_all!(
                self.span,
                outcome = %name_of(error.outcome()),
                elapsed_ms,
                attempts = error.attempts(),
                error.type = %kind_of(error.kind()),
                http.response.status_code = error.status().map(|status| status.as_u16()),
            ),
        }
    }
}

#[cfg(feature = "tracing")]
fn name_of(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::NotSent => "not_sent",
        Outcome::Rejected => "rejected",
        Outcome::Unknown => "unknown",
    }
}

#[cfg(feature = "tracing")]
fn kind_of(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Invalid(_) => "invalid",
        ErrorKind::Transport(_) => "transport",
        ErrorKind::Refused(_) => "refused",
        ErrorKind::Http { .. } => "http",
        ErrorKind::Protocol(_) => "protocol",
        ErrorKind::Secret(_) => "secret",
    }
}

#[cfg(not(feature = "tracing"))]
impl Trace {
    pub(crate) fn call(_: &'static str) -> Self {
        Self {}
    }

    pub(crate) async fn follow<F: Future>(&self, future: F) -> F::Output {
        future.await
    }

    pub(crate) fn ended(&self, _: Option<&Error>) {}
}
