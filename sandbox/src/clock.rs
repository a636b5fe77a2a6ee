use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};

/// The sandbox's time: it stands still, or runs with the real one. Either can be moved forward.
#[derive(Debug)]
pub(crate) struct Clock {
    running_since: Option<Instant>,
    /// The time at the start, and all that the clock was moved.
    base: Mutex<Timestamp>,
}

impl Clock {
    /// Stands at the time of the document's auto-reply example.
    pub(crate) fn standing() -> Self {
        const START: Timestamp = Timestamp::constant(1_772_289_000, 0);
        Self { running_since: None, base: Mutex::new(START) }
    }

    pub(crate) fn running() -> Self {
        Self { running_since: Some(Instant::now()), base: Mutex::new(Timestamp::now()) }
    }

    pub(crate) fn now(&self) -> Timestamp {
        later(*self.base(), self.run())
    }

    pub(crate) fn after(&self, time: Duration) -> Timestamp {
        later(self.now(), time)
    }

    /// How long until `time`, zero when it has passed.
    pub(crate) fn until(&self, time: Timestamp) -> Duration {
        time.duration_since(self.now()).try_into().unwrap_or_default()
    }

    /// Moves the clock to `time`, never back.
    pub(crate) fn advance_to(&self, time: Timestamp) {
        let mut base = self.base();
        if let Ok(ahead) = Duration::try_from(time.duration_since(later(*base, self.run()))) {
            *base = later(*base, ahead);
        }
    }

    fn run(&self) -> Duration {
        self.running_since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    fn base(&self) -> MutexGuard<'_, Timestamp> {
        self.base.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The end of time is where the calendar ends.
fn later(time: Timestamp, by: Duration) -> Timestamp {
    let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
    time.saturating_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standing_clock_moves_only_when_told() {
        let clock = Clock::standing();
        let start = clock.now();
        assert_eq!(start, "2026-02-28T14:30:00Z".parse().unwrap());
        assert_eq!(clock.now(), start);
        clock.advance_to(clock.after(Duration::from_secs(5)));
        assert_eq!(clock.now(), start + SignedDuration::from_secs(5));
        assert_eq!(clock.until(start), Duration::ZERO);
    }

    #[test]
    fn no_clock_goes_back_or_past_the_end() {
        let clock = Clock::running();
        let start = clock.now();
        clock.advance_to(start - SignedDuration::from_secs(60));
        assert!(clock.now() >= start);
        clock.advance_to(clock.after(Duration::MAX));
        assert_eq!(clock.now(), Timestamp::MAX);
    }
}
