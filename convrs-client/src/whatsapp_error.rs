use std::fmt;

use crate::{Outcome, redact::Hidden};

/// The error that WhatsApp gave: inside a refusal with code 3002, or behind ack -1.
#[derive(Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct WhatsAppError {
    /// `whatsappErrorCode`, such as 131047.
    pub code: Option<i64>,
    /// `whatsappErrorDesc`, WhatsApp's own words.
    pub description: Option<String>,
}

impl WhatsAppError {
    /// An error with this code.
    #[must_use]
    pub fn new(code: i64, description: impl Into<String>) -> Self {
        Self { code: Some(code), description: Some(description.into()) }
    }

    /// Whether the message can have gone out all the same. [`Outcome::Rejected`] for the codes with
    /// which WhatsApp refuses a message before it takes it, [`Outcome::Unknown`] for every other.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self.code {
            // Throughput, pair rate, spam and policy limits, billing.
            Some(4 | 80007 | 130429 | 131056 | 131048 | 131049 | 368 | 131031 | 131042) => {
                Outcome::Rejected
            }
            // Recipient, window, opt-in, parameters, template, registration.
            Some(
                100
                | 130472
                | 131008
                | 131009
                | 131021
                | 131026
                | 131047
                | 131050
                | 131051
                | 133010
                | 132000..=132999,
            ) => Outcome::Rejected,
            _ => Outcome::Unknown,
        }
    }
}

/// Shows the code, and of the description its length.
impl fmt::Debug for WhatsAppError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WhatsAppError")
            .field("code", &self.code)
            .field("description", &Hidden(&self.description))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_codes_prove_that_nothing_went_out() {
        let of = |code| WhatsAppError { code, description: None }.outcome();
        for code in [130429, 131056, 131049, 131047, 132000, 132015, 133010] {
            assert_eq!(of(Some(code)), Outcome::Rejected, "{code}");
        }
        for code in [Some(131000), Some(131016), Some(131057), Some(1), Some(2), Some(7), None] {
            assert_eq!(of(code), Outcome::Unknown, "{code:?}");
        }
    }
}
