use std::{error::Error, fmt, pin::Pin, sync::Arc};

use bytes::Bytes;

/// Any error of a sink.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// Where what came in goes: your database, your queue.
///
/// A closure that returns a future is one. Write out the type of its argument, which the compiler
/// cannot guess, and clone what it needs for each item.
///
/// A sink runs in a task of its own, which goes on when the sender hangs up. At the time limit it is
/// dropped at its next `await`; one that has stored the item by then is called again when the sender
/// repeats it, so it should be able to see an item twice.
pub trait Sink<T>: Send + Sync + 'static {
    /// Stores one item. Many may be in work at a time, but no two with the same identity.
    ///
    /// # Errors
    /// Any error: the sender is told to try again, and nothing of the error. A panic is treated the
    /// same.
    fn accept(&self, item: T) -> impl Future<Output = Result<(), BoxError>> + Send;
}

impl<T, F, Fut> Sink<T> for F
where
    F: Fn(T) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), BoxError>> + Send,
{
    fn accept(&self, item: T) -> impl Future<Output = Result<(), BoxError>> + Send {
        self(item)
    }
}

impl<T, S: Sink<T>> Sink<T> for Arc<S> {
    fn accept(&self, item: T) -> impl Future<Output = Result<(), BoxError>> + Send {
        S::accept(self, item)
    }
}

pub(super) type Accepting<'a> = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send + 'a>>;

/// The same with a boxed future, so that the receiver needs no type parameter.
pub(super) trait ErasedSink<T>: Send + Sync {
    fn accept_boxed(&self, item: T) -> Accepting<'_>;
}

impl<T: Send + 'static, S: Sink<T>> ErasedSink<T> for S {
    fn accept_boxed(&self, item: T) -> Accepting<'_> {
        Box::pin(self.accept(item))
    }
}

/// What the sink did not store, for a store of last resort.
///
/// The sender was told to try again, but may not: for a service that does not, this is the last that
/// is seen of it. `Debug` shows no more of the body than its length.
#[non_exhaustive]
pub struct DeadLetter {
    /// The body, as it came.
    pub body: Bytes,
    /// Why it was not stored.
    pub reason: SinkFailure,
}

impl DeadLetter {
    /// A dead letter, for tests of a hook.
    pub fn new(body: impl Into<Bytes>, reason: SinkFailure) -> Self {
        Self { body: body.into(), reason }
    }
}

impl fmt::Debug for DeadLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = self.body.len();
        f.debug_struct("DeadLetter").field("body", &length).field("reason", &self.reason).finish()
    }
}

/// Why a sink did not store an item.
///
/// Neither `Display` nor `Debug` shows the sink's own error, because it may quote the item. Take it
/// out of [`SinkFailure::Error`] to log it where that is fine.
#[non_exhaustive]
#[derive(thiserror::Error)]
pub enum SinkFailure {
    /// It returned this error.
    #[error("the sink returned an error")]
    Error(#[source] BoxError),
    /// It took longer than the limit.
    #[error("the sink took too long")]
    Timeout,
    /// It panicked. The message of the panic went to the program's panic hook.
    #[error("the sink panicked")]
    Panic,
}

impl fmt::Debug for SinkFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error(_) => "Error(..)",
            Self::Timeout => "Timeout",
            Self::Panic => "Panic",
        })
    }
}

pub(super) type FailureHook = Arc<dyn Fn(&DeadLetter) + Send + Sync>;
