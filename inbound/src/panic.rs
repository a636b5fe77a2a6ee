use std::{
    future::poll_fn,
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    task::Poll,
};

/// Somebody's code panicked. What it said went to the panic hook; it is not kept here, because a
/// panic message may quote what was being worked on.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the code that was called panicked")]
pub struct Panicked;

/// Runs the future that `build` makes and turns a panic into an error, be it in `build` itself or
/// while the future runs. After a panic the future is not polled again. A panic while it is dropped is
/// caught too, and leaves the output as it was.
///
/// A program compiled with `panic = "abort"` still ends.
///
/// # Errors
/// [`Panicked`] when `build` or its future panicked.
pub async fn catch_panic<F: Future>(build: impl FnOnce() -> F) -> Result<F::Output, Panicked> {
    let mut future = Box::pin(guarded(build)?);
    let output = poll_fn(|context| match guarded(|| future.as_mut().poll(context)) {
        Ok(poll) => poll.map(Ok),
        Err(panicked) => Poll::Ready(Err(panicked)),
    })
    .await;
    // The output is there by now, whatever the future does on its way out.
    let _ = guarded(|| drop(future));
    output
}

// Safe to assert: whatever the panic left half done belongs to the future, which is dropped.
fn guarded<T>(step: impl FnOnce() -> T) -> Result<T, Panicked> {
    catch_unwind(AssertUnwindSafe(step)).map_err(|payload| {
        // What a panic carries may panic when it is dropped, and so may what that one carries.
        if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            mem::forget(again);
        }
        Panicked
    })
}

#[cfg(test)]
mod tests {
    use std::{
        future::{Ready, pending, ready},
        panic::panic_any,
        pin::Pin,
        task::Context,
    };

    use super::*;

    #[tokio::test]
    async fn a_future_that_does_not_panic_gives_its_output() {
        let wakes_once = || async {
            tokio::task::yield_now().await;
            7
        };
        assert_eq!(catch_panic(wakes_once).await, Ok(7));
    }

    #[tokio::test]
    async fn a_panic_while_building_is_caught() {
        fn build() -> Ready<u8> {
            panic!("canary")
        }
        assert_eq!(catch_panic(build).await, Err(Panicked));
    }

    #[tokio::test]
    async fn a_panic_in_the_first_or_a_later_poll_is_caught() {
        assert_eq!(catch_panic(|| async { panic!("canary") }).await, Err::<(), _>(Panicked));
        let later = || async {
            tokio::task::yield_now().await;
            panic!("canary")
        };
        assert_eq!(catch_panic(later).await, Err::<(), _>(Panicked));
    }

    /// Panics when it is dropped.
    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("canary");
        }
    }

    impl Future for Bomb {
        type Output = u8;

        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<u8> {
            Poll::Ready(7)
        }
    }

    #[tokio::test]
    async fn a_payload_that_panics_when_it_is_dropped_is_caught() {
        assert_eq!(catch_panic(|| async { panic_any(Bomb) }).await, Err::<(), _>(Panicked));
    }

    #[tokio::test]
    async fn a_future_that_panics_when_it_is_dropped_gives_its_output() {
        assert_eq!(catch_panic(|| Bomb).await, Ok(7));
    }

    #[tokio::test]
    async fn the_error_does_not_repeat_the_panic_message() {
        let error = catch_panic(|| async { panic!("canary") as () }).await.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary"));
    }

    #[test]
    fn the_future_can_be_sent_between_threads() {
        fn sendable(_: impl Send) {}
        sendable(catch_panic(|| ready(1)));
        sendable(catch_panic(pending::<u8>));
    }
}
