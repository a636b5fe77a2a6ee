use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use replykit_transport::{Charge, LimitKey};

use crate::{E164, Token};

/// How many messages a second the account may send. Convrs raises the numbers on request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimits {
    /// To one phone number. Default: 1.
    pub per_number: u32,
    /// With the token, in all. Default: 10.
    pub per_token: u32,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self { per_number: 1, per_token: 10 }
    }
}

/// A twentieth more than the server's second: it counts when messages arrive, and one may take
/// longer on its way than the next.
const WINDOW: Duration = Duration::from_millis(1050);
/// How long the rate of the token stays down by one more message a second.
const STEP: Duration = Duration::from_secs(10);

/// What each send is charged to. After a refusal for the token's rate, somebody else is using the
/// token as well: the rate is halved and comes back by one message a second every ten seconds.
#[derive(Debug)]
pub(crate) struct Rates {
    limits: RateLimits,
    token: LimitKey,
    /// The rate after the last refusal, and its time.
    lowered: Mutex<Option<(u32, Instant)>>,
}

impl Rates {
    pub(crate) fn new(limits: RateLimits, token: &Token) -> Self {
        let token = LimitKey::new("convrs token", token.expose());
        Self { limits, token, lowered: Mutex::default() }
    }

    pub(crate) fn charges(&self, recipient: Option<E164>, now: Instant) -> Vec<Charge> {
        let token = Charge { key: self.token, limit: self.per_token(now), window: WINDOW };
        let own = recipient.map(|number| Charge {
            key: Self::key(number),
            limit: self.limits.per_number,
            window: WINDOW,
        });
        own.into_iter().chain([token]).collect()
    }

    pub(crate) fn key(number: E164) -> LimitKey {
        LimitKey::new("convrs phone", &number.digits())
    }

    /// How long a number rests after an answer for it. The server counted the message before it
    /// answered, so then it counts as over there too, however long the way was.
    pub(crate) fn rest(&self) -> Option<Duration> {
        (self.limits.per_number <= 1).then_some(Duration::from_secs(1))
    }

    pub(crate) fn lower(&self, now: Instant) {
        let rate = (self.per_token(now) / 2).max(1);
        *self.lowered.lock().unwrap_or_else(PoisonError::into_inner) = Some((rate, now));
    }

    fn per_token(&self, now: Instant) -> u32 {
        let lowered = *self.lowered.lock().unwrap_or_else(PoisonError::into_inner);
        let rate = lowered.map_or(u32::MAX, |(rate, since)| {
            let steps = now.saturating_duration_since(since).as_secs() / STEP.as_secs();
            rate.saturating_add(u32::try_from(steps).unwrap_or(u32::MAX))
        });
        rate.min(self.limits.per_token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_halves_the_rate_and_it_comes_back_by_one_in_ten_seconds() {
        let rates = Rates::new(RateLimits::default(), &Token::from("t"));
        let start = Instant::now();
        let after = |seconds| rates.per_token(start + Duration::from_secs(seconds));
        assert_eq!(after(0), 10);
        rates.lower(start);
        assert_eq!((after(0), after(9), after(10), after(29)), (5, 5, 6, 7));
        assert_eq!((after(49), after(50), after(5000)), (9, 10, 10));
        for _ in 0..10 {
            rates.lower(start);
        }
        assert_eq!(after(0), 1);
    }

    #[test]
    fn one_number_is_one_key_however_it_is_written() {
        let key = |written: &str| Rates::key(crate::PhoneNumber::from(written).e164().unwrap());
        assert_eq!(key("+44 792 202 1419"), key("44-792-202-1419"));
        assert_ne!(key("+447922021419"), key("+447922021418"));
    }
}
