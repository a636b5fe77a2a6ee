use std::collections::VecDeque;

use convrs_client::{E164, ErrorCode};
use jiff::{SignedDuration, Timestamp};

const WINDOW: SignedDuration = SignedDuration::from_secs(1);

/// The rate limits: so many messages in any second, to one number and in all.
pub(super) struct Rates {
    pub(super) per_number: usize,
    pub(super) per_token: usize,
    /// The sends of the last second, oldest first; a number where there is one.
    recent: VecDeque<(Timestamp, Option<E164>)>,
}

impl Default for Rates {
    fn default() -> Self {
        Self { per_number: 1, per_token: 10, recent: VecDeque::new() }
    }
}

impl Rates {
    /// Looks at both limits before either is charged. `None` is a person without a number, who
    /// counts in all only.
    pub(super) fn check(&mut self, phone: Option<E164>, now: Timestamp) -> Result<(), ErrorCode> {
        let over = |sent: Timestamp| now.duration_since(sent) >= WINDOW;
        while self.recent.front().is_some_and(|(sent, _)| over(*sent)) {
            self.recent.pop_front();
        }
        let to_number = self.recent.iter().filter(|(_, number)| *number == phone).count();
        if phone.is_some() && to_number >= self.per_number {
            Err(ErrorCode::PhoneRateLimit)
        } else if self.recent.len() >= self.per_token {
            Err(ErrorCode::TokenRateLimit)
        } else {
            Ok(())
        }
    }

    pub(super) fn charge(&mut self, phone: Option<E164>, now: Timestamp) {
        self.recent.push_back((now, phone));
    }
}
