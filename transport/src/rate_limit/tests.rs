use proptest::prelude::*;
use tokio::time::Instant as Virtual;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn phone(number: usize) -> Charge {
    let key = LimitKey::new("phone", &number.to_string());
    Charge { key, limit: 1, window: SECOND }
}

fn token() -> Charge {
    Charge { key: LimitKey::new("token", "t"), limit: 10, window: SECOND }
}

fn soon() -> Instant {
    (Virtual::now() + Duration::from_secs(3600)).into_std()
}

/// Sends to these numbers at once; each number with the time at which it passed.
async fn pass(limiter: &Limiter, numbers: impl IntoIterator<Item = usize>) -> Vec<(usize, u128)> {
    let start = Virtual::now();
    let tasks: Vec<_> = numbers
        .into_iter()
        .map(|number| {
            let limiter = limiter.clone();
            tokio::spawn(async move {
                limiter.acquire(&[phone(number), token()], soon()).await.unwrap();
                (number, start.elapsed().as_millis())
            })
        })
        .collect();
    let mut passed = Vec::new();
    for task in tasks {
        passed.push(task.await.unwrap());
    }
    passed
}

/// A runtime whose time passes when all wait.
fn paused() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

#[test]
fn keys_are_the_same_in_every_version() {
    assert_eq!(LimitKey::new("phone", "447922021419").get(), 1_372_975_523_820_050_944);
    assert_ne!(LimitKey::new("a", "bc"), LimitKey::new("ab", "c"));
    assert_eq!(format!("{:?}", token().key), "LimitKey([redacted])");
}

#[test]
fn all_limits_are_looked_at_before_any_is_charged() {
    let limits = MemoryLimits::default();
    let start = Instant::now();
    assert_eq!(limits.take_at(&[phone(0), token()], start), Take::Granted);
    for _ in 0..100 {
        let wait = limits.take_at(&[phone(0), token()], start);
        assert_eq!(wait, Take::Wait { charge: 0, time: SECOND });
    }
    for number in 1..10 {
        assert_eq!(limits.take_at(&[phone(number), token()], start), Take::Granted, "{number}");
    }
    let wait = limits.take_at(&[phone(10), token()], start);
    assert_eq!(wait, Take::Wait { charge: 1, time: SECOND });
    assert_eq!(limits.take_at(&[phone(0), token()], start + SECOND), Take::Granted);
}

#[test]
fn idle_keys_take_no_memory() {
    let limits = MemoryLimits::default();
    let mut now = Instant::now();
    for number in 0..10_000 {
        now += SECOND / 10;
        assert_eq!(limits.take_at(&[phone(number), token()], now), Take::Granted);
    }
    let counts = limits.counts();
    assert!(counts.live.keys() <= 11 && counts.log.len() <= 20, "{}", counts.live.keys());
}

#[test]
fn the_memory_of_a_rush_goes_back() {
    let limits = MemoryLimits::default();
    let mut now = Instant::now();
    for number in 0..10_000 {
        assert_eq!(limits.take_at(&[phone(number)], now), Take::Granted);
    }
    assert_eq!(limits.counts().log.len(), 10_000);
    for number in 0..100 {
        now += SECOND;
        assert_eq!(limits.take_at(&[phone(number)], now), Take::Granted);
    }
    let counts = limits.counts();
    assert_eq!((counts.live.keys(), counts.log.len()), (1, 1));
    assert!(counts.log.capacity() <= 128, "{}", counts.log.capacity());
}

#[test]
fn a_key_that_is_held_lets_nothing_pass() {
    let limits = MemoryLimits::default();
    let now = Instant::now();
    limits.hold_at(phone(0).key, 5 * SECOND, now);
    limits.hold_at(phone(0).key, SECOND, now);
    let wait = Take::Wait { charge: 0, time: 5 * SECOND };
    assert_eq!(limits.take_at(&[phone(0), token()], now), wait);
    assert_eq!(limits.take_at(&[phone(1), token()], now), Take::Granted);
    assert_eq!(limits.take_at(&[phone(0), token()], now + 5 * SECOND), Take::Granted);
    assert!(limits.counts().held.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_busy_number_passes_in_order_and_delays_no_other() {
    let limiter = Limiter::in_memory();
    let busy = std::iter::repeat_n(0, 20);
    let passed = pass(&limiter, busy.chain(1..=8)).await;
    let times = |of: &dyn Fn(usize) -> bool| -> Vec<u128> {
        passed.iter().filter(|(number, _)| of(*number)).map(|(_, at)| *at).collect()
    };
    assert_eq!(times(&|n| n != 0), [0; 8]);
    assert_eq!(times(&|n| n == 0), (0..20).map(|n| n * 1000).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn ten_pass_in_a_second_in_the_order_in_which_they_came() {
    let limiter = Limiter::in_memory();
    let passed = pass(&limiter, 0..100).await;
    let expected: Vec<_> = (0..100).map(|n| (n, (n / 10) as u128 * 1000)).collect();
    assert_eq!(passed, expected);
    assert!(limiter.0.lines().is_empty(), "no line is left");
    assert_eq!(limiter.0.waiting.load(Ordering::Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_costs_nothing() {
    let limiter = Limiter::in_memory();
    pass(&limiter, [0]).await;
    let charges = [phone(0), token()];
    let soon = (Virtual::now() + SECOND / 2).into_std();
    let error = limiter.acquire(&charges, soon).await.unwrap_err();
    assert_eq!((error.phase(), error.kind()), (Phase::Queue, TransportErrorKind::Timeout));
    assert_eq!(error.outcome(), crate::Outcome::NotSent);
    let dropped = tokio::time::timeout(SECOND / 4, limiter.acquire(&charges, self::soon())).await;
    assert!(dropped.is_err());
    assert_eq!(pass(&limiter, [0]).await, [(0, 250)], "what is left of the first second");
    assert!(limiter.0.lines().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_refuses_at_once() {
    let limiter = Limiter::new(MemoryLimits::default(), 1);
    pass(&limiter, [0]).await;
    let waiting = tokio::spawn({
        let limiter = limiter.clone();
        async move { limiter.acquire(&[phone(0), token()], soon()).await }
    });
    tokio::task::yield_now().await;
    let error = limiter.acquire(&[phone(1), token()], soon()).await.unwrap_err();
    assert_eq!((error.phase(), error.kind()), (Phase::Queue, TransportErrorKind::Overloaded));
    waiting.await.unwrap().unwrap();
    limiter.acquire(&[phone(1), token()], soon()).await.unwrap();
}

#[tokio::test]
async fn a_store_that_fails_lets_nothing_pass() {
    #[derive(Debug)]
    struct Down;
    #[async_trait]
    impl LimitStore for Down {
        async fn take(&self, _: &[Charge]) -> Result<Take, Box<dyn StdError + Send + Sync>> {
            Err("down".into())
        }
        async fn hold(
            &self,
            _: LimitKey,
            _: Duration,
        ) -> Result<(), Box<dyn StdError + Send + Sync>> {
            Err("down".into())
        }
    }
    let limiter = Limiter::new(Down, 10);
    limiter.hold(token().key, SECOND).await;
    let error = limiter.acquire(&[token()], soon()).await.unwrap_err();
    assert_eq!(error.outcome(), crate::Outcome::NotSent);
    assert_eq!(error.source().unwrap().to_string(), "down");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Strict in every window.
    #[test]
    fn no_window_of_any_schedule_holds_more_than_its_limit(
        sends in prop::collection::vec((0..15usize, 0..3000u64), 1..200),
    ) {
        let mut passed: Vec<(usize, u128)> = paused().block_on(async {
            let limiter = Limiter::in_memory();
            let start = Virtual::now();
            let tasks: Vec<_> = sends
                .iter()
                .map(|&(number, at)| {
                    let limiter = limiter.clone();
                    tokio::spawn(async move {
                        sleep(Duration::from_millis(at)).await;
                        limiter.acquire(&[phone(number), token()], soon()).await.unwrap();
                        (number, start.elapsed().as_millis())
                    })
                })
                .collect();
            let mut passed = Vec::new();
            for task in tasks {
                passed.push(task.await.unwrap());
            }
            passed
        });
        passed.sort_by_key(|(_, at)| *at);
        let all: Vec<u128> = passed.iter().map(|(_, at)| *at).collect();
        prop_assert!(all.windows(11).all(|w| w[10] - w[0] >= 1000), "{all:?}");
        for number in 0..15 {
            let own: Vec<u128> =
                passed.iter().filter(|(n, _)| *n == number).map(|(_, at)| *at).collect();
            prop_assert!(own.windows(2).all(|w| w[1] - w[0] >= 1000), "{own:?}");
        }
    }
    /// No slower than it has to be, as long as enough different numbers wait.
    #[test]
    fn at_least_95_percent_of_the_limit_is_used(
        numbers in prop::collection::vec(0..800usize, 1000),
    ) {
        let passed = paused().block_on(pass(&Limiter::in_memory(), numbers));
        for second in 1..=60 {
            let until_then = passed.iter().filter(|(_, at)| *at < second * 1000).count() as f64;
            let share = until_then / (10.0 * second as f64);
            prop_assert!((0.95..=1.0).contains(&share), "{share} after {second} s");
        }
    }
}
