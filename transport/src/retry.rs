use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// What a repeat of an operation would do, and so whether it may be repeated when nobody knows if the
/// first one was carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OperationClass {
    /// Changes nothing.
    Read,
    /// Changes something to the same state again.
    Write,
    /// Would make a second one.
    Create,
    /// Would reach a person a second time.
    Send,
}

impl OperationClass {
    /// Whether a repeat does no harm.
    #[must_use]
    pub fn may_repeat(self) -> bool {
        matches!(self, Self::Read | Self::Write)
    }
}

/// Whether the same request makes sense again after a failure. A time is the least to wait, and
/// doubles with each attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RetryRule {
    /// Not by itself: something has to be changed first, or a person has to decide.
    Never,
    /// Once, with a different token.
    WithNewToken,
    /// Any operation: nothing was done.
    After(Duration),
    /// As [`After`](Self::After), but a second repeat will not help.
    OnceAfter(Duration),
    /// No operation that sends or creates: it may have been carried out.
    UnlessSend(Duration),
    /// As [`UnlessSend`](Self::UnlessSend), but a second repeat will not help.
    OnceUnlessSend(Duration),
}

/// When a failed request is made again. A pure decision: it reads no clock and makes no randomness.
///
/// Waits grow with the attempts and are spread over their whole length ("full jitter"), so that
/// clients that failed together do not come back together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// How many attempts a call makes at most, the first one included. Default: 3.
    pub max_attempts: u32,
    /// The longest wait before the second attempt, where the failure asks for none. It doubles with
    /// each attempt. Default: 200 ms.
    pub base: Duration,
    /// Where that doubling ends. Default: 5 s.
    pub cap: Duration,
    /// The longest wait that a server may ask for; if it asks for more, the call fails at once and
    /// its error tells. Default: 60 s.
    pub longest_wait: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 3,
            base: Duration::from_millis(200),
            cap: Duration::from_secs(5),
            longest_wait: Duration::from_secs(60),
        }
    }
}

/// An attempt that failed, as far as a [`RetryPolicy`] needs to know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailedAttempt {
    /// What a repeat would do.
    pub class: OperationClass,
    /// What the failure says of a repeat.
    pub rule: RetryRule,
    /// What the server asked for, `Retry-After`.
    pub retry_after: Option<Duration>,
    /// How many attempts were made, this one included.
    pub attempts: u32,
    /// The time that the call has left.
    pub time_left: Duration,
}

impl RetryPolicy {
    /// Makes one attempt.
    #[must_use]
    pub fn never() -> Self {
        Self { max_attempts: 1, ..Self::default() }
    }

    /// How long to wait before the next attempt, `None` to give up. `random` is in `0.0..1.0`.
    #[must_use]
    pub fn decide(&self, failed: &FailedAttempt, random: f64) -> Option<Duration> {
        if failed.attempts >= self.max_attempts {
            return None;
        }
        let least = match failed.rule {
            RetryRule::After(least) => least,
            RetryRule::OnceAfter(least) if failed.attempts == 1 => least,
            RetryRule::UnlessSend(least) if failed.class.may_repeat() => least,
            RetryRule::OnceUnlessSend(least)
                if failed.class.may_repeat() && failed.attempts == 1 =>
            {
                least
            }
            _ => return None,
        };
        let doubled = |time: Duration| {
            time.saturating_mul(
                1u32.checked_shl(failed.attempts.saturating_sub(1)).unwrap_or(u32::MAX),
            )
        };
        let jitter = doubled(self.base).min(self.cap).mul_f64(random.clamp(0.0, 1.0));
        let least = doubled(least).max(failed.retry_after.unwrap_or_default());
        // On top of what was asked for, so that clients that were told the same time spread too.
        let wait = least.saturating_add(jitter);
        (least <= self.longest_wait && wait < failed.time_left).then_some(wait)
    }
}

/// Keeps retries a small part of all requests, so that a service in trouble is not buried in them:
/// each call pays in a fifth of a retry, each retry takes one out.
#[derive(Debug)]
pub struct RetryBudget(Mutex<u32>);

impl RetryBudget {
    const PER_CALL: u32 = 1;
    const PER_RETRY: u32 = 5;
    const MOST: u32 = 100;

    /// Pays in for a call.
    pub fn deposit(&self) {
        let mut saved = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *saved = saved.saturating_add(Self::PER_CALL).min(Self::MOST);
    }

    /// Takes out a retry, `false` when there is none left.
    #[must_use]
    pub fn withdraw(&self) -> bool {
        let mut saved = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match saved.checked_sub(Self::PER_RETRY) {
            Some(left) => {
                *saved = left;
                true
            }
            None => false,
        }
    }
}

/// Enough for 20 retries in a row.
impl Default for RetryBudget {
    fn default() -> Self {
        Self(Mutex::new(Self::MOST))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [OperationClass; 4] =
        [OperationClass::Read, OperationClass::Write, OperationClass::Create, OperationClass::Send];

    fn failed(class: OperationClass, rule: RetryRule) -> FailedAttempt {
        let time_left = Duration::from_secs(30);
        FailedAttempt { class, rule, retry_after: None, attempts: 1, time_left }
    }

    fn decide(failed: FailedAttempt) -> Option<Duration> {
        RetryPolicy::default().decide(&failed, 0.0)
    }

    #[test]
    fn what_may_have_been_carried_out_is_repeated_only_where_that_does_no_harm() {
        let zero = Duration::ZERO;
        for class in ALL {
            let unknown = decide(failed(class, RetryRule::UnlessSend(zero)));
            assert_eq!(unknown.is_some(), class.may_repeat(), "{class:?}");
            assert_eq!(decide(failed(class, RetryRule::After(zero))), Some(zero));
            assert_eq!(decide(failed(class, RetryRule::Never)), None);
            assert_eq!(decide(failed(class, RetryRule::WithNewToken)), None);
        }
    }

    #[test]
    fn waits_double_and_end_after_three_attempts() {
        let least = Duration::from_secs(1);
        let mut failed = failed(OperationClass::Send, RetryRule::After(least));
        assert_eq!(decide(failed), Some(least));
        failed.attempts = 2;
        assert_eq!(decide(failed), Some(2 * least));
        failed.attempts = 3;
        assert_eq!(decide(failed), None);

        for rule in [RetryRule::OnceUnlessSend(least), RetryRule::OnceAfter(least)] {
            let once = FailedAttempt { class: OperationClass::Read, rule, ..failed };
            assert_eq!(decide(FailedAttempt { attempts: 1, ..once }), Some(least));
            assert_eq!(decide(FailedAttempt { attempts: 2, ..once }), None);
        }
    }

    #[test]
    fn the_wait_fits_into_the_time_that_is_left() {
        let mut failed = failed(OperationClass::Read, RetryRule::After(Duration::from_secs(1)));
        failed.time_left = Duration::from_secs(1);
        assert_eq!(decide(failed), None);
        failed.time_left += Duration::from_millis(1);
        assert_eq!(decide(failed), Some(Duration::from_secs(1)));
    }

    #[test]
    fn h21_what_the_server_asks_for_is_kept_up_to_a_minute() {
        let mut failed = failed(OperationClass::Send, RetryRule::After(Duration::ZERO));
        failed.time_left = Duration::from_secs(3600);
        failed.retry_after = Some(Duration::from_secs(60));
        assert_eq!(decide(failed), failed.retry_after);
        failed.retry_after = Some(Duration::from_secs(61));
        assert_eq!(decide(failed), None);
    }

    #[test]
    fn h27_a_fifth_of_the_calls_may_be_retries() {
        let budget = RetryBudget::default();
        let burst = std::iter::from_fn(|| budget.withdraw().then_some(())).count();
        assert_eq!(burst, 20);
        let mut retries = 0;
        for _ in 0..1000 {
            budget.deposit();
            retries += u32::from(budget.withdraw());
        }
        assert_eq!(retries, 200);
    }

    proptest! {
        #[test]
        fn no_failure_makes_a_wait_that_does_not_end_in_time(
            class in prop::sample::select(ALL.to_vec()),
            kind in 0..6u8,
            least in any::<u64>(),
            retry_after in any::<Option<u64>>(),
            attempts in any::<u32>(),
            left in any::<u64>(),
            random in -1.0..2.0f64,
        ) {
            let least = Duration::from_millis(least);
            let rule = match kind {
                0 => RetryRule::Never,
                1 => RetryRule::WithNewToken,
                2 => RetryRule::After(least),
                3 => RetryRule::UnlessSend(least),
                4 => RetryRule::OnceAfter(least),
                _ => RetryRule::OnceUnlessSend(least),
            };
            let failed = FailedAttempt {
                class, rule, attempts,
                retry_after: retry_after.map(Duration::from_secs),
                time_left: Duration::from_millis(left),
            };
            let policy = RetryPolicy { max_attempts: u32::MAX, ..RetryPolicy::default() };
            if let Some(wait) = policy.decide(&failed, random) {
                prop_assert!(wait < failed.time_left);
                prop_assert!(wait <= policy.longest_wait + policy.cap);
                prop_assert!(wait >= failed.retry_after.unwrap_or_default());
                let undone = matches!(rule, RetryRule::After(_) | RetryRule::OnceAfter(_));
                let safe = undone || class.may_repeat();
                prop_assert!(safe);
            }
        }
    }
}
