use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use tokio::sync::Notify;

use super::*;

fn secret(text: &str) -> Secret {
    Secret::new(text).unwrap()
}

/// A provider that answers when it is told to, and counts.
#[derive(Default)]
struct Shelf {
    newest: Mutex<Option<&'static str>>,
    asked: AtomicUsize,
    go: Notify,
    waits: bool,
}

impl Shelf {
    fn with(newest: &'static str) -> Arc<Self> {
        Arc::new(Self { newest: Mutex::new(Some(newest)), ..Self::default() })
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
        if self.waits {
            self.go.notified().await;
        }
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

#[tokio::test]
async fn l01_many_that_are_refused_at_a_time_ask_one_question() {
    for newest in [Some("second"), Some("first"), None] {
        let shelf = Arc::new(Shelf { waits: true, ..Shelf::default() });
        shelf.put(Some("first"));
        let keeper = Arc::new(Keeper::new(shelf.clone()));
        shelf.go.notify_one();
        let first = Arc::new(keeper.key().await.unwrap());
        shelf.put(newest);
        let calls: Vec<_> = (0..10)
            .map(|_| {
                let (keeper, first) = (keeper.clone(), first.clone());
                tokio::spawn(async move { keeper.newer_than(&first).await })
            })
            .collect();
        // All of them have come so far when the first question is answered.
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        shelf.go.notify_one();
        for call in calls {
            let result = call.await.unwrap();
            assert_eq!(result.is_err(), newest.is_none());
            let newer = text(result.ok().flatten().as_ref());
            assert_eq!(newer.as_deref(), newest.filter(|newest| *newest != "first"));
        }
        assert_eq!(shelf.asked(), 2, "{newest:?}");
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
    let shelf = Arc::new(Shelf { waits: true, ..Shelf::default() });
    shelf.put(Some("first"));
    let keeper = Arc::new(Keeper::new(shelf.clone()));
    let asks = {
        let keeper = keeper.clone();
        tokio::spawn(async move { keeper.key().await.map(drop) })
    };
    tokio::task::yield_now().await;
    assert_eq!(shelf.asked(), 1);
    asks.abort();
    assert!(asks.await.unwrap_err().is_cancelled());
    shelf.go.notify_one();
    assert!(keeper.key().await.is_ok());
    assert_eq!(shelf.asked(), 2);
}

#[tokio::test]
async fn a_fixed_secret_has_no_newer_one() {
    let keeper = Keeper::new(secret("first"));
    let first = keeper.key().await.unwrap();
    assert!(keeper.newer_than(&first).await.unwrap().is_none());
}
