use std::{fmt, time::Duration};

use crate::{Outcome, RetryRule, redact::Hidden};

/// The error that WhatsApp gave: inside a refusal with code 3002, or behind ack -1.
#[derive(Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct WhatsAppError {
    /// `whatsappErrorCode`, such as 131047.
    pub code: Option<i64>,
    /// `whatsappErrorDesc`, WhatsApp's own words.
    pub description: Option<String>,
}

/// What a code of WhatsApp means and what to do about it.
///
/// Undocumented: the Convrs API hands WhatsApp's codes through and does not list them.
/// Assumed: they are those of Meta's Cloud API, where a limit, a policy or a fault of the message
/// stops it before it goes out, and a fault of WhatsApp itself proves nothing. `outcome` and `retry`
/// are for a refusal with 3002; behind ack -1 the message has failed.
///
/// Source: WhatsApp Cloud API > Error codes
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct WhatsAppErrorInfo {
    /// The number in `whatsappErrorCode`.
    pub number: i64,
    /// What WhatsApp says with it.
    pub meaning: &'static str,
    /// What most often brings it about.
    pub cause: &'static str,
    /// What to do.
    pub remedy: &'static str,
    /// Whether the message can have gone out all the same.
    pub outcome: Outcome,
    /// Whether and when the same message makes sense again.
    pub retry: RetryRule,
}

impl WhatsAppError {
    /// An error with this code.
    #[must_use]
    pub fn new(code: i64, description: impl Into<String>) -> Self {
        Self { code: Some(code), description: Some(description.into()) }
    }

    /// What the code means, `None` for one that is not in [`TABLE`](Self::TABLE).
    #[must_use]
    pub fn info(&self) -> Option<&'static WhatsAppErrorInfo> {
        self.code.and_then(WhatsAppErrorInfo::of)
    }

    /// Whether the message can have gone out all the same. [`Outcome::Rejected`] for the codes with
    /// which WhatsApp refuses a message before it takes it, and for all of 132000 to 132999, which
    /// find fault with a template; [`Outcome::Unknown`] for every other.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match (self.info(), self.code) {
            (Some(info), _) => info.outcome,
            (None, Some(132_000..=132_999)) => Outcome::Rejected,
            (None, _) => Outcome::Unknown,
        }
    }

    /// Whether and when the same message makes sense again. [`RetryRule::Never`] for a code that is
    /// not in [`TABLE`](Self::TABLE).
    #[must_use]
    pub fn retry(&self) -> RetryRule {
        self.info().map_or(Never, |info| info.retry)
    }
}

impl WhatsAppErrorInfo {
    /// The row of a code, such as the `whatsapp_error_code` of a delivery callback.
    #[must_use]
    pub fn of(code: i64) -> Option<&'static Self> {
        WhatsAppError::TABLE.iter().find(|info| info.number == code)
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

macro_rules! whatsapp_errors {
    ($($number:literal $outcome:ident, $retry:expr;
        $meaning:literal, $cause:literal, $remedy:literal;)*) => {
        impl WhatsAppError {
            /// The codes that are understood, lowest number first.
            pub const TABLE: &'static [WhatsAppErrorInfo] = &[$(
                WhatsAppErrorInfo {
                    number: $number,
                    meaning: $meaning,
                    cause: $cause,
                    remedy: $remedy,
                    outcome: Outcome::$outcome,
                    retry: $retry,
                },
            )*];
        }
    };
}

const fn after(seconds: u64) -> RetryRule {
    RetryRule::After(Duration::from_secs(seconds))
}

use RetryRule::Never;

whatsapp_errors! {
    1 Unknown, Never;
        "unknown error at Meta", "a fault at Meta, or a request that it could not read", "look for the message before you send again";
    2 Unknown, Never;
        "Meta's service is down or overloaded", "a fault at Meta", "look for the message before you send again";
    4 Rejected, after(1);
        "too many API calls", "the app behind the bot has used up its calls", "send more slowly, and wait longer each time";
    100 Rejected, Never;
        "invalid parameter", "a field of the message is unknown, misspelt or out of range", "read WhatsApp's description and correct the message";
    368 Rejected, Never;
        "the account is blocked for a time", "it broke WhatsApp's policies", "stop sending, and let a person see the account in WhatsApp Manager";
    80007 Rejected, after(1);
        "too many calls for this WhatsApp account", "all numbers of the account together have used up its calls", "send more slowly, and wait longer each time";
    130429 Rejected, after(1);
        "too many messages at once", "the sending number is at its greatest throughput", "send more slowly, and wait longer each time";
    130472 Rejected, Never;
        "the person is in an experiment of WhatsApp", "WhatsApp withholds marketing messages from some people", "do not send it again; wait until the person writes, or use another channel";
    131000 Unknown, Never;
        "something went wrong at WhatsApp", "a fault at WhatsApp", "look for the message before you send again";
    131008 Rejected, Never;
        "a required parameter is missing", "a parameter of the template was left out", "compare the parameters with the template";
    131009 Rejected, Never;
        "a parameter has a wrong value", "a value of the wrong type or length, or a wrong number", "read WhatsApp's description and correct the parameter";
    131016 Unknown, Never;
        "a service of WhatsApp is not available", "an overload or a fault at WhatsApp", "look for the message before you send again";
    131021 Rejected, Never;
        "sender and recipient are the same", "the message goes to the bot's own number", "send to another number";
    131026 Rejected, Never;
        "the message cannot be delivered", "the person is not on WhatsApp, uses an old version, or has not accepted its terms", "reach the person by another channel";
    131031 Rejected, Never;
        "the account is locked", "it broke a policy, or its data could not be verified", "stop sending, and let a person see the account in WhatsApp Manager";
    131042 Rejected, Never;
        "the account cannot be billed", "no valid payment method, or a credit limit is reached", "have the account's billing put right in WhatsApp Manager";
    131047 Rejected, Never;
        "the 24-hour window is closed", "more than 24 hours since the person last wrote", "send a template";
    131048 Rejected, Never;
        "too many messages were taken for spam", "people blocked or reported the sending number", "stop sending, and let a person see the number's quality in WhatsApp Manager";
    131049 Rejected, Never;
        "WhatsApp chose not to deliver", "the person gets enough marketing messages as it is", "wait a day at least, then let a person decide";
    131050 Rejected, Never;
        "the person wants no marketing messages from you", "the person opted out in WhatsApp", "stop sending marketing to this person";
    131051 Rejected, Never;
        "message type not supported", "WhatsApp does not know this type of message", "use a documented type";
    131056 Rejected, RetryRule::OnceAfter(Duration::from_secs(6));
        "too many messages to this person", "more than 1 message in 6 seconds from this number to that one", "wait 6 seconds; go on with other people meanwhile";
    131057 Unknown, Never;
        "the account is under maintenance", "WhatsApp moves or upgrades the account", "wait some minutes, and look for the message before you send again";
    132000 Rejected, Never;
        "wrong number of template parameters", "more or fewer parameters than the template has placeholders", "compare the parameters with the template";
    132001 Rejected, Never;
        "no such template", "the template does not exist in this language, or is not approved", "check name, language and status";
    132005 Rejected, Never;
        "the filled-in template is too long", "long parameters, or a long translation", "shorten the parameters";
    132007 Rejected, Never;
        "the template breaks a format rule", "characters or formatting that WhatsApp does not allow", "correct the template and submit it again";
    132012 Rejected, Never;
        "a template parameter has the wrong format", "a parameter of another type than the template was approved with", "compare the parameters with the template";
    132015 Rejected, Never;
        "the template is paused", "people reported it or did not read it", "improve the template, or wait until it is active again";
    132016 Rejected, Never;
        "the template is disabled", "it was paused too often for low quality", "create a new template with other content";
    132068 Rejected, Never;
        "the flow of the template is blocked", "the flow fails too often", "correct the flow";
    132069 Rejected, Never;
        "the flow of the template is throttled", "10 messages with this flow went out within the last hour", "correct the flow, or wait an hour";
    133010 Rejected, Never;
        "the sending number is not registered", "the bot's number is not registered with WhatsApp", "have the number registered";
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(code: Option<i64>) -> WhatsAppError {
        WhatsAppError { code, description: None }
    }

    #[test]
    fn the_table_is_sorted_and_every_row_says_what_to_do() {
        assert!(WhatsAppError::TABLE.is_sorted_by(|a, b| a.number < b.number));
        for info in WhatsAppError::TABLE {
            assert_eq!(WhatsAppErrorInfo::of(info.number), Some(info));
            for text in [info.meaning, info.cause, info.remedy] {
                assert!(!text.is_empty() && !text.ends_with('.'), "{}", info.number);
            }
        }
    }

    #[test]
    fn each_code_has_the_outcome_and_the_rule_of_its_group() {
        let rows = |outcome, retry| -> Vec<i64> {
            let fits = |info: &&WhatsAppErrorInfo| info.outcome == outcome && info.retry == retry;
            WhatsAppError::TABLE.iter().filter(fits).map(|info| info.number).collect()
        };
        assert_eq!(rows(Outcome::Unknown, Never), [1, 2, 131000, 131016, 131057]);
        assert_eq!(rows(Outcome::Rejected, after(1)), [4, 80007, 130429]);
        let once = RetryRule::OnceAfter(Duration::from_secs(6));
        assert_eq!(rows(Outcome::Rejected, once), [131056]);
        let limits = [368, 131031, 131042, 131048, 131049];
        let permanent = [100, 130472, 131008, 131009, 131021, 131026, 131047, 131050, 131051];
        let templates =
            [132000, 132001, 132005, 132007, 132012, 132015, 132016, 132068, 132069, 133010];
        let mut never = [&limits[..], &permanent, &templates].concat();
        never.sort_unstable();
        assert_eq!(rows(Outcome::Rejected, Never), never);
        assert_eq!(WhatsAppError::TABLE.len(), never.len() + 9);
    }

    #[test]
    fn no_rule_repeats_a_send_that_may_have_gone_out() {
        for info in WhatsAppError::TABLE {
            assert!(info.retry == Never || info.outcome == Outcome::Rejected, "{}", info.number);
        }
    }

    #[test]
    fn a_code_outside_the_table_proves_nothing_unless_it_is_about_a_template() {
        for code in [Some(131_999), Some(133_000), Some(7), Some(-1), None] {
            assert_eq!(of(code).info(), None, "{code:?}");
            assert_eq!(of(code).outcome(), Outcome::Unknown, "{code:?}");
            assert_eq!(of(code).retry(), Never, "{code:?}");
        }
        for code in [132_002, 132_999] {
            assert_eq!(of(Some(code)).info(), None, "{code}");
            assert_eq!(of(Some(code)).outcome(), Outcome::Rejected, "{code}");
            assert_eq!(of(Some(code)).retry(), Never, "{code}");
        }
    }
}
