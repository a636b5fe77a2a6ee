use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::{BoxError, Secret, SecretProvider};

/// How long nobody asks for a newer secret after there was none.
const REST: Duration = Duration::from_secs(30);

/// The provider did not give a secret.
#[derive(Clone)]
pub struct SecretError {
    /// `None`: the call had no more time.
    cause: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl SecretError {
    pub(crate) const LATE: Self = Self { cause: None };

    /// The provider's own error, `None` where it took longer than the call had. What it says is the
    /// provider's matter, so neither `Debug` nor `Display` shows it, and it is no
    /// [`source`](std::error::Error::source).
    #[must_use]
    pub fn cause(&self) -> Option<&(dyn std::error::Error + Send + Sync + 'static)> {
        self.cause.as_deref()
    }
}

impl From<BoxError> for SecretError {
    fn from(cause: BoxError) -> Self {
        Self { cause: Some(cause.into()) }
    }
}

impl fmt::Debug for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretError")
            .field("in_time", &self.cause.is_some())
            .finish_non_exhaustive()
    }
}

impl fmt::Display for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.cause {
            Some(_) => "the provider gave no secret; SecretError::cause tells why",
            None => "the provider gave no secret in the time that the call had",
        })
    }
}

impl std::error::Error for SecretError {}

/// A secret, and which one in turn it is.
pub(crate) struct Key {
    pub(crate) secret: Secret,
    generation: u64,
}

/// What the clones of a client know of their secret. One question at a time goes to the provider, and
/// whoever waited meanwhile shares what came of it.
pub(crate) struct Keeper {
    provider: Box<dyn SecretProvider>,
    turn: tokio::sync::Mutex<()>,
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    current: Option<Secret>,
    generation: u64,
    /// How many questions were answered, and how the last one failed.
    questions: u64,
    failure: Option<SecretError>,
    rests_until: Option<Instant>,
}

impl Keeper {
    pub(crate) fn new(provider: impl SecretProvider) -> Self {
        let (turn, book) = Default::default();
        Self { provider: Box::new(provider), turn, book }
    }

    /// The secret in use.
    pub(crate) async fn key(&self) -> Result<Key, SecretError> {
        let asked = {
            let book = self.book();
            if let Some(key) = book.key() {
                return Ok(key);
            }
            book.questions
        };
        let _turn = self.turn.lock().await;
        {
            let book = self.book();
            if let Some(key) = book.key() {
                return Ok(key);
            }
            if let Some(failure) = book.failure.as_ref().filter(|_| book.questions != asked) {
                return Err(failure.clone());
            }
        }
        let answer = self.provider.secret().await;
        self.book().answered(answer)
    }

    /// Another one than that which the service refused, `None` where there is none.
    pub(crate) async fn newer_than(&self, refused: &Key) -> Result<Option<Key>, SecretError> {
        let asked = self.book().questions;
        let _turn = self.turn.lock().await;
        {
            let book = self.book();
            if book.generation != refused.generation {
                return Ok(book.key().filter(|key| !key.secret.matches(&refused.secret)));
            }
            if book.questions != asked {
                return book.failure.clone().map_or(Ok(None), Err);
            }
            if book.rests_until.is_some_and(|end| Instant::now() < end) {
                return Ok(None);
            }
        }
        let answer = self.provider.newer_than(&refused.secret).await;
        let mut book = self.book();
        match answer {
            Ok(Some(secret)) if !secret.matches(&refused.secret) => {
                book.answered(Ok(secret)).map(Some)
            }
            Ok(_) => {
                book.none_newer(Instant::now());
                Ok(None)
            }
            Err(error) => book.answered(Err(error)).map(Some),
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn key(&self) -> Option<Key> {
        let secret = self.current.clone()?;
        Some(Key { secret, generation: self.generation })
    }

    fn answered(&mut self, answer: Result<Secret, BoxError>) -> Result<Key, SecretError> {
        self.questions += 1;
        match answer {
            Ok(secret) => {
                self.generation += 1;
                self.current = Some(secret.clone());
                (self.failure, self.rests_until) = (None, None);
                Ok(Key { secret, generation: self.generation })
            }
            Err(error) => {
                let error = SecretError::from(error);
                self.failure = Some(error.clone());
                Err(error)
            }
        }
    }

    fn none_newer(&mut self, now: Instant) {
        self.questions += 1;
        (self.failure, self.rests_until) = (None, Some(now + REST));
    }
}

#[cfg(test)]
mod tests;
