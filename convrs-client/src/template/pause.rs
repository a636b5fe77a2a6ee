use std::time::Duration;

use jiff::Timestamp;

use super::Quality;

/// How long a template rests after the first and after the second time that too many people
/// complained: 3 hours and 6 hours. After the third time it is disabled for good.
///
/// Source: Convrs API > Understanding WhatsApp Message Templates > Template Quality Rating
pub const PAUSES: [Duration; 2] =
    [Duration::from_secs(3 * 60 * 60), Duration::from_secs(6 * 60 * 60)];

/// How long the quality has to be medium or high without a break until a template counts as active
/// again: 7 days.
pub const RECOVERY: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// When a template may be sent.
///
/// ```
/// # use convrs_client::template::Availability;
/// # use jiff::Timestamp;
/// let paused_at: Timestamp = "2025-03-01T09:00:00Z".parse()?;
/// let again = Availability::after_pauses(1, paused_at);
/// assert_eq!(again, Availability::From("2025-03-01T12:00:00Z".parse()?));
/// assert!(!again.is_open("2025-03-01T11:59:59Z".parse()?));
/// assert_eq!(Availability::after_pauses(3, paused_at), Availability::Never);
/// # Ok::<(), jiff::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Availability {
    /// At any time.
    Always,
    /// From this time on.
    From(Timestamp),
    /// Not any more: write a new template.
    Never,
}

impl Availability {
    /// When a template may be sent that was paused `pauses` times, the last time at `last`.
    ///
    /// Undocumented: whether it may be sent between the end of a pause and its recovery. Assumed:
    /// yes, for otherwise the pause would need no length. Undocumented: whether a recovery makes
    /// WhatsApp forget earlier pauses. Assumed: no, so count all of them. A time out of range is the
    /// last one in range.
    #[must_use]
    pub fn after_pauses(pauses: usize, last: Timestamp) -> Self {
        match pauses.checked_sub(1).map(|before| PAUSES.get(before)) {
            None => Self::Always,
            Some(Some(pause)) => Self::From(later(last, *pause)),
            Some(None) => Self::Never,
        }
    }

    /// Whether it may be sent at `now`.
    #[must_use]
    pub fn is_open(self, now: Timestamp) -> bool {
        match self {
            Self::Always => true,
            Self::From(time) => now >= time,
            Self::Never => false,
        }
    }
}

/// When a template becomes active again whose quality has been `quality` or better since
/// `good_since`, [`RECOVERY`] later. `None` while the quality is neither medium nor high: the days
/// are counted anew once it is. A template that was disabled stays so.
#[must_use]
pub fn active_again(quality: &Quality, good_since: Timestamp) -> Option<Timestamp> {
    quality.counts_as_good().then(|| later(good_since, RECOVERY))
}

pub(super) fn later(time: Timestamp, by: Duration) -> Timestamp {
    time.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: &str) -> Timestamp {
        time.parse().unwrap()
    }

    #[test]
    fn a_template_rests_3_hours_then_6_and_then_for_good() {
        let last = at("2025-03-01T09:00:00Z");
        assert_eq!(Availability::after_pauses(0, last), Availability::Always);
        let from = |time| Availability::From(at(time));
        assert_eq!(Availability::after_pauses(1, last), from("2025-03-01T12:00:00Z"));
        assert_eq!(Availability::after_pauses(2, last), from("2025-03-01T15:00:00Z"));
        assert_eq!(Availability::after_pauses(3, last), Availability::Never);
        assert_eq!(Availability::after_pauses(usize::MAX, last), Availability::Never);
    }

    #[test]
    fn a_pause_ends_at_its_end() {
        let again = Availability::From(at("2025-03-01T12:00:00Z"));
        assert!(!again.is_open(at("2025-03-01T11:59:59.999Z")));
        assert!(again.is_open(at("2025-03-01T12:00:00Z")));
        assert!(Availability::Always.is_open(Timestamp::MIN));
        assert!(!Availability::Never.is_open(Timestamp::MAX));
    }

    #[test]
    fn seven_good_days_make_a_template_active_again() {
        let since = at("2025-02-25T09:00:00Z");
        assert_eq!(active_again(&Quality::Medium, since), Some(at("2025-03-04T09:00:00Z")));
        assert_eq!(active_again(&Quality::High, since), Some(at("2025-03-04T09:00:00Z")));
        assert_eq!(active_again(&Quality::Low, since), None);
        assert_eq!(active_again(&Quality::from("NEW"), since), None);
    }

    #[test]
    fn the_end_of_time_is_no_panic() {
        for time in [Timestamp::MIN, Timestamp::MAX] {
            assert_eq!(active_again(&Quality::High, time), Some(later(time, RECOVERY)));
            assert!(Availability::after_pauses(2, time).is_open(Timestamp::MAX));
        }
    }
}
