use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use tokio::sync::Semaphore;

use super::*;

fn secret(text: &str) -> Secret {
    Secret::new(text).unwrap()
}

/// A provider that answers when it is told to, and counts.
struct Shelf {
    newest: Mutex<Option<&'static str>>,
    asked: AtomicUsize,
    permits: Semaphore,
}

impl Shelf {
    /// One that answers at once.
    fn with(newest: &'static str) -> Arc<Self> {
        let shelf = Self::waiting(newest);
        shelf.go();
        shelf
    }

    /// One that waits until it may answer.
    fn waiting(newest: &'static str) -> Arc<Self> {
        let (asked, permits) = (AtomicUsize::new(0), Semaphore::new(0));
        Arc::new(Self { newest: Mutex::new(Some(newest)), asked, permits })
    }

    fn go(&self) {
        self.permits.add_permits(100);
    }

    fn put(&self, newest: Option<&'static str>) {
        *self.newest.lock().unwrap() = newest;
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl SecretProvider for Arc<Shelf> {
    async fn secret(&self) -> Result<Secret, BoxError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.permits.acquire().await?.forget();
        let newest = *self.newest.lock().unwrap();
        newest.map(secret).ok_or_else(|| "canary".into())
    }
}

fn text(key: Option<&Key>) -> Option<String> {
    key.map(|key| key.secret.expose().to_owned())
}

#[tokio::test]
async fn the_secret_is_asked_for_once_and_kept_until_it_is_refused() {
    let shelf = Shelf::with("first");
    let keeper = Keeper::new(shelf.clone());
    let first = keeper.key().await.unwrap();
    shelf.put(Some("second"));
    assert_eq!(text(keeper.key().await.ok().as_ref()).as_deref(), Some("first"));
    assert_eq!(shelf.asked(), 1);
    let second = keeper.newer_than(&first).await.unwrap();
    assert_eq!(text(second.as_ref()).as_deref(), Some("second"));
    assert_eq!(text(keeper.key().await.ok().as_ref()).as_deref(), Some("second"));
    assert_eq!(shelf.asked(), 2);
    // One that is refused late finds the newer one, and asks nobody.
    let late = keeper.newer_than(&first).await.unwrap();
    assert_eq!(text(late.as_ref()).as_deref(), Some("second"));
    assert_eq!(shelf.asked(), 2);
}

/// Ten calls that ask at a time, and what each gets.
async fn ten<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    shelf: &Shelf,
    call: impl Fn() -> F,
) -> Vec<T> {
    let calls: Vec<_> = (0..10).map(|_| tokio::spawn(call())).collect();
    // All of them have come so far when the first question is answered.
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    shelf.go();
    let mut results = Vec::new();
    for call in calls {
        results.push(call.await.unwrap());
    }
    results
}

#[tokio::test]
async fn l01_many_that_are_refused_at_a_time_ask_one_question() {
    for newest in [Some("second"), Some("first"), None] {
        let shelf = Shelf::waiting("first");
        shelf.permits.add_permits(1);
        let keeper = Arc::new(Keeper::new(shelf.clone()));
        let first = Arc::new(keeper.key().await.unwrap());
        shelf.put(newest);
        let call = || {
            let (keeper, first) = (keeper.clone(), first.clone());
            async move { keeper.newer_than(&first).await }
        };
        for result in ten(&shelf, call).await {
            assert_eq!(result.is_err(), newest.is_none());
            let newer = text(result.ok().flatten().as_ref());
            assert_eq!(newer.as_deref(), newest.filter(|newest| *newest != "first"));
        }
        assert_eq!(shelf.asked(), 2, "{newest:?}");
    }
}

#[tokio::test]
async fn many_first_calls_ask_one_question() {
    for newest in [Some("first"), None] {
        let shelf = Shelf::waiting("first");
        shelf.put(newest);
        let keeper = Arc::new(Keeper::new(shelf.clone()));
        let call = || {
            let keeper = keeper.clone();
            async move { keeper.key().await }
        };
        for result in ten(&shelf, call).await {
            assert_eq!(text(result.ok().as_ref()).as_deref(), newest);
        }
        assert_eq!(shelf.asked(), 1, "{newest:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn l01_after_there_was_no_newer_secret_nobody_asks_for_30_seconds() {
    let shelf = Shelf::with("first");
    let keeper = Keeper::new(shelf.clone());
    let first = keeper.key().await.unwrap();
    assert!(keeper.newer_than(&first).await.unwrap().is_none());
    shelf.put(Some("second"));
    tokio::time::advance(Duration::from_millis(29_999)).await;
    assert!(keeper.newer_than(&first).await.unwrap().is_none());
    assert_eq!(shelf.asked(), 2);
    tokio::time::advance(Duration::from_millis(1)).await;
    assert!(keeper.newer_than(&first).await.unwrap().is_some());
    assert_eq!(shelf.asked(), 3);
}

#[tokio::test]
async fn a_provider_that_fails_is_asked_again_by_the_next_call_and_not_shown() {
    let shelf = Shelf::with("first");
    shelf.put(None);
    let keeper = Keeper::new(shelf.clone());
    let error = keeper.key().await.err().unwrap();
    assert_eq!(error.cause().unwrap().to_string(), "canary");
    assert!(!format!("{error} {error:?}").contains("canary"));
    shelf.put(Some("first"));
    let first = keeper.key().await.unwrap();
    shelf.put(None);
    assert!(keeper.newer_than(&first).await.is_err());
    shelf.put(Some("second"));
    assert!(keeper.newer_than(&first).await.unwrap().is_some());
    assert_eq!(shelf.asked(), 4);
}

#[tokio::test]
async fn one_that_gives_up_does_not_keep_the_others_waiting() {
    let shelf = Shelf::waiting("first");
    let keeper = Arc::new(Keeper::new(shelf.clone()));
    let asks = {
        let keeper = keeper.clone();
        tokio::spawn(async move { keeper.key().await.map(drop) })
    };
    tokio::task::yield_now().await;
    assert_eq!(shelf.asked(), 1);
    asks.abort();
    assert!(asks.await.unwrap_err().is_cancelled());
    shelf.go();
    assert!(keeper.key().await.is_ok());
    assert_eq!(shelf.asked(), 2);
}

#[tokio::test]
async fn a_fixed_secret_has_no_newer_one() {
    let keeper = Keeper::new(secret("first"));
    let first = keeper.key().await.unwrap();
    assert!(keeper.newer_than(&first).await.unwrap().is_none());
}
