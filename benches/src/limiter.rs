//! One message a second to a phone and ten a second in all: a million phones over a day.

use std::{
    cell::Cell,
    hint::black_box,
    num::NonZeroU32,
    rc::Rc,
    time::{Duration, Instant},
};

use governor::{
    Quota, RateLimiter,
    clock::{Clock, FakeRelativeClock},
    middleware::NoOpMiddleware,
    nanos::Nanos,
    state::{InMemoryState, NotKeyed, keyed::DashMapStateStore},
};
use replykit_transport::{Charge, LimitKey, Limiter, MemoryLimits, Take};
use tokio::runtime::{Builder, Runtime};

use crate::{
    Case, Figure,
    measure::{heap, time},
    report::Report,
    users::Numbers,
};

pub(crate) const FIGURE: Figure = Figure {
    name: "limiter",
    about: "1 a second to a phone inside 10 a second in all, beside governor keyed and direct",
    cases,
    judge,
};

const PHONES: u64 = 1_000_000;
/// Ten a second.
const DAY: usize = 864_000;
const STEP: Duration = Duration::from_millis(100);
/// So many that a microsecond of all is a nanosecond of one.
const CHECKS: usize = 1000;
const SECOND: Duration = Duration::from_secs(1);
/// Phones that always have something to send, and for how long.
const BUSY: usize = 15;
const RACE: Duration = Duration::from_secs(600);
/// Ten at once, and ten more in each second.
const MOST_SENDS: u32 = 6010;
const PER_TOKEN: u32 = 10;

/// Both limits of this family, at times of the caller's choice.
struct Ours {
    limits: MemoryLimits,
    token: LimitKey,
    now: Cell<Instant>,
}

impl Ours {
    fn new() -> Self {
        Self { limits: MemoryLimits::default(), token: token(), now: Cell::new(Instant::now()) }
    }

    fn check(&self, phone: LimitKey) -> Take {
        self.limits.take_at(&charges(phone, self.token), self.now.get())
    }

    fn advance(&self, by: Duration) {
        self.now.set(self.now.get() + by);
    }
}

fn token() -> LimitKey {
    LimitKey::new("token", "t")
}

fn phone(number: u64) -> LimitKey {
    LimitKey::new("phone", &number.to_string())
}

fn charges(phone: LimitKey, token: LimitKey) -> [Charge; 2] {
    let charge = |key, limit| Charge { key, limit, window: SECOND };
    [charge(phone, 1), charge(token, PER_TOKEN)]
}

type Governed<K, S> = RateLimiter<K, S, FakeRelativeClock, NoOpMiddleware<Nanos>>;

/// Asks whether a phone may get a message: if not, how long to wait.
type Ask = fn(&Governor, u64) -> Result<(), Duration>;

/// Governor knows no limit inside another: one limiter for the phones, one for the token.
struct Governor {
    phones: Governed<u64, DashMapStateStore<u64>>,
    token: Governed<NotKeyed, InMemoryState>,
    clock: FakeRelativeClock,
}

impl Governor {
    fn new() -> Self {
        let clock = FakeRelativeClock::default();
        let per_token = NonZeroU32::MIN.saturating_add(PER_TOKEN - 1);
        Self {
            phones: RateLimiter::dashmap_with_clock(
                Quota::per_second(NonZeroU32::MIN),
                clock.clone(),
            ),
            token: RateLimiter::direct_with_clock(Quota::per_second(per_token), clock.clone()),
            clock,
        }
    }

    fn phone_first(&self, phone: u64) -> Result<(), Duration> {
        self.check_phone(phone).and_then(|()| self.check_token())
    }

    fn token_first(&self, phone: u64) -> Result<(), Duration> {
        self.check_token().and_then(|()| self.check_phone(phone))
    }

    fn check_phone(&self, phone: u64) -> Result<(), Duration> {
        self.phones.check_key(&phone).map_err(|until| until.wait_time_from(self.clock.now()))
    }

    fn check_token(&self) -> Result<(), Duration> {
        self.token.check().map_err(|until| until.wait_time_from(self.clock.now()))
    }
}

/// Whom a day's messages go to, over and over.
#[derive(Clone)]
struct Schedule {
    phones: Rc<[LimitKey]>,
    next: Cell<usize>,
}

impl Schedule {
    fn new() -> Self {
        let mut numbers = Numbers(11);
        let phones = (0..DAY).map(|_| phone(numbers.next(PHONES))).collect();
        Self { phones, next: Cell::new(0) }
    }

    fn take(&self, count: usize) -> impl Iterator<Item = LimitKey> {
        let from = self.next.get();
        self.next.set((from + count) % DAY);
        self.phones.iter().copied().skip(from).take(count)
    }
}

fn cases() -> Vec<Case> {
    let schedule = Schedule::new();
    let [checked, governed, day, governed_day, queued] = std::array::from_fn(|_| schedule.clone());
    let ours = Ours::new();
    let governor = Governor::new();
    for number in 0..PHONES {
        let _ = governor.phones.check_key(&phone(number).get());
    }
    let runtime = paused();
    vec![
        Case::new("limits", move || {
            for phone in checked.take(CHECKS) {
                ours.advance(STEP);
                black_box(ours.check(phone));
            }
        }),
        Case::new("governor", move || {
            for phone in governed.take(CHECKS) {
                governor.clock.advance(STEP);
                let _ = black_box(governor.phone_first(phone.get()));
            }
        }),
        Case::new("limits: a day", move || {
            let ours = Ours::new();
            for phone in day.take(DAY) {
                ours.advance(STEP);
                black_box(ours.check(phone));
            }
        }),
        Case::new("limiter with its queue: a day", move || {
            if let Ok(runtime) = &runtime {
                runtime.block_on(acquire_all(queued.take(DAY)));
            }
        }),
        Case::new("governor: a day", move || {
            let governor = Governor::new();
            for phone in governed_day.take(DAY) {
                governor.clock.advance(STEP);
                let _ = black_box(governor.phone_first(phone.get()));
            }
        }),
    ]
}

/// A runtime whose time passes when all wait.
fn paused() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_time().start_paused(true).build()
}

async fn acquire_all(phones: impl Iterator<Item = LimitKey>) {
    let limiter = Limiter::in_memory();
    for phone in phones {
        tokio::time::advance(STEP).await;
        let deadline = (tokio::time::Instant::now() + SECOND).into_std();
        let _ = black_box(limiter.acquire(&charges(phone, token()), deadline).await);
    }
}

fn judge(cases: &[Case], report: &mut Report) -> Result<(), String> {
    let [ours, governor, days @ ..] = cases else {
        return Err("a case is missing".to_owned());
    };
    report
        .note("1000 checks at ten a second, each of one phone in a million, so us are ns of one:");
    let sides = [ours, governor];
    let times = time(sides);
    for (side, time) in sides.iter().zip(&times) {
        report.time(&side.name, time);
    }
    let [ours_time, governor_time] = times.map(|spread| spread.median);
    report.at_most("time, of governor", ours_time / governor_time, 0.25);

    report.note("864000 such checks in a simulated day, with no call to reclaim:");
    for day in days {
        let heap = heap(FIGURE.name, day)?;
        report.heap(&day.name, heap);
        if !day.name.starts_with("governor") {
            report.at_most(&format!("{}: KiB", day.name), heap.peak as f64 / 1024.0, 64.0);
        }
    }
    judge_sends(report)
}

fn judge_sends(report: &mut Report) -> Result<(), String> {
    report.note("15 phones that always have something to send, 600 s, of the best possible:");
    let share = |sends: u32| f64::from(sends) / f64::from(MOST_SENDS);

    let ours = Ours::new();
    let start = ours.now.get();
    let sends = race(|number, at| {
        ours.now.set(start + at);
        match ours.check(phone(number)) {
            Take::Granted => Ok(()),
            Take::Wait { time, .. } => Err(time),
        }
    });
    report.at_least("limits", share(sends), 0.99);
    let runtime = paused().map_err(|e| e.to_string())?;
    report.at_least("limiter with its queue", share(runtime.block_on(race_in_tasks())), 0.99);

    let governed = |ask: Ask| {
        let governor = Governor::new();
        let mut before = Duration::ZERO;
        race(|phone, at| {
            governor.clock.advance(at - before);
            before = at;
            ask(&governor, phone)
        })
    };
    report.info("governor, phone first", share(governed(Governor::phone_first)));
    report.info("governor, token first", share(governed(Governor::token_first)));
    let impatient: Ask = |governor, phone| governor.token_first(phone).map_err(|_| STEP / 10);
    report.info("governor, token first, asked every 10 ms", share(governed(impatient)));
    Ok(())
}

/// How many sends pass when each phone asks again as soon as it may.
fn race(mut ask: impl FnMut(u64, Duration) -> Result<(), Duration>) -> u32 {
    let mut due = [Duration::ZERO; BUSY];
    let mut sends = 0;
    loop {
        let next = due.iter_mut().zip(0..).min_by_key(|(due, _)| **due);
        let Some((due, phone)) = next.filter(|(due, _)| **due <= RACE) else { return sends };
        match ask(phone, *due) {
            Ok(()) => sends += 1,
            Err(wait) => *due += wait.max(Duration::from_nanos(1)),
        }
    }
}

async fn race_in_tasks() -> u32 {
    let limiter = Limiter::in_memory();
    let deadline = (tokio::time::Instant::now() + RACE).into_std();
    let tasks: Vec<_> = (0..BUSY as u64)
        .map(|number| {
            let limiter = limiter.clone();
            tokio::spawn(async move {
                let mut sends = 0;
                while limiter.acquire(&charges(phone(number), token()), deadline).await.is_ok() {
                    sends += 1;
                }
                sends
            })
        })
        .collect();
    let mut sends = 0;
    for task in tasks {
        sends += task.await.unwrap_or(0);
    }
    sends
}
