use std::sync::Arc;

use bytes::Bytes;
use tokio::{sync::OwnedSemaphorePermit, time::timeout};

use super::{
    Accepted, DeadLetter, Refusal, SinkFailure,
    sink::{ErasedSink, FailureHook},
    state::{Key, State},
};
use crate::catch_panic;

/// One item on its way to the sink.
pub(super) struct Handover<T> {
    pub(super) sink: Arc<dyn ErasedSink<T>>,
    pub(super) on_failure: Option<FailureHook>,
    pub(super) state: Arc<State>,
    pub(super) key: Key,
    pub(super) item: T,
    pub(super) body: Bytes,
    pub(super) _place: OwnedSemaphorePermit,
}

impl<T: Send + 'static> Handover<T> {
    pub(super) async fn run(self) -> Result<Accepted, Refusal> {
        let _turn = self.state.turn(self.key).await?;
        if self.state.has_seen(self.key) {
            return Ok(Accepted::Repeated);
        }
        let (sink, item) = (self.sink, self.item);
        let limit = self.state.limits().sink_time;
        // The limit inside: what it drops is the sink's code too, and may panic.
        let reason = match catch_panic(|| timeout(limit, sink.accept_boxed(item))).await {
            Ok(Ok(Ok(()))) => {
                self.state.remember(self.key);
                return Ok(Accepted::Stored);
            }
            Ok(Ok(Err(error))) => SinkFailure::Error(error),
            Ok(Err(_)) => SinkFailure::Timeout,
            Err(_) => SinkFailure::Panic,
        };
        let refusal = match reason {
            SinkFailure::Panic => Refusal::Internal,
            _ => Refusal::NotStored,
        };
        report(DeadLetter::new(self.body, reason), self.on_failure).await;
        Err(refusal)
    }
}

async fn report(letter: DeadLetter, hook: Option<FailureHook>) {
    if let Some(hook) = hook {
        let _ = catch_panic(|| async { hook(&letter) }).await;
    }
    // The error is the sink's own type, so dropping it is the sink's code too. Apart from the hook,
    // because of two panics at a time the second ends the program.
    let _ = catch_panic(|| async move { drop(letter) }).await;
}
