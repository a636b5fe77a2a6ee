use std::{fmt, time::Duration};

use crate::{Outcome, RetryRule};

/// What a documented [`ErrorCode`] means and what to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorCodeInfo {
    /// The number in `errorCode`.
    pub number: i64,
    /// The variant of the number.
    pub code: ErrorCode,
    /// What the server says with it.
    pub meaning: &'static str,
    /// What most often brings it about.
    pub cause: &'static str,
    /// What to do.
    pub remedy: &'static str,
    /// Whether the command can have been carried out all the same.
    pub outcome: Outcome,
    /// Whether and when the same request makes sense again.
    pub retry: RetryRule,
}

macro_rules! error_codes {
    ($($number:literal $code:ident, $outcome:ident, $retry:expr;
        $meaning:literal, $cause:literal, $remedy:literal;)*) => {
        /// The number in `errorCode` of a refusal: one variant per documented code.
        ///
        /// Source: Convrs API > API Error Codes
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $(
                #[doc = concat!("`", $number, "`: ", $meaning, ".")]
                $code,
            )*
            /// A code that is not documented.
            Other(i64),
        }

        impl ErrorCode {
            /// The documented codes, lowest number first.
            pub const TABLE: &'static [ErrorCodeInfo] = &[$(
                ErrorCodeInfo {
                    number: $number,
                    code: ErrorCode::$code,
                    meaning: $meaning,
                    cause: $cause,
                    remedy: $remedy,
                    outcome: Outcome::$outcome,
                    retry: $retry,
                },
            )*];

            /// The number on the wire.
            #[must_use]
            pub const fn number(self) -> i64 {
                match self {
                    $(Self::$code => $number,)*
                    Self::Other(number) => number,
                }
            }
        }

        impl From<i64> for ErrorCode {
            fn from(number: i64) -> Self {
                match number {
                    $($number => Self::$code,)*
                    other => Self::Other(other),
                }
            }
        }
    };
}

impl ErrorCode {
    /// What the code means, `None` for one that is not documented.
    #[must_use]
    pub fn info(self) -> Option<&'static ErrorCodeInfo> {
        Self::TABLE.iter().find(|info| info.code == self)
    }

    /// Whether the command can have been carried out all the same. [`Outcome::Unknown`] for a code
    /// that is not documented. For 3002 the WhatsApp code may know more, see
    /// [`WhatsAppError::outcome`](crate::WhatsAppError::outcome).
    #[must_use]
    pub fn outcome(self) -> Outcome {
        self.info().map_or(Outcome::Unknown, |info| info.outcome)
    }
}

/// The number and, for a documented code, its meaning: `1005, unknown user`.
impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.info() {
            Some(info) => write!(f, "{}, {}", info.number, info.meaning),
            None => write!(f, "{}, not documented", self.number()),
        }
    }
}

const fn after(milliseconds: u64) -> RetryRule {
    RetryRule::After(Duration::from_millis(milliseconds))
}

const fn unless_send(milliseconds: u64) -> RetryRule {
    RetryRule::UnlessSend(Duration::from_millis(milliseconds))
}

use RetryRule::{Never, WithNewToken};

error_codes! {
    1000 MissingToken, Rejected, WithNewToken;
        "no API token", "the request holds no token", "set the token that the dashboard shows";
    1001 InvalidToken, Rejected, WithNewToken;
        "wrong API token", "the token was reset or the API disabled", "take the current token from the dashboard";
    1002 InvalidEndDate, Rejected, Never;
        "wrong end date", "the end date is not ISO 8601", "write it as 2020-03-01T00:00:00";
    1003 InvalidStartDate, Rejected, Never;
        "wrong start date", "the start date is not ISO 8601", "write it as 2020-03-01T00:00:00";
    1004 UnknownCommand, Rejected, Never;
        "unknown command", "a misspelt command name; names are case sensitive", "check the name, or update this crate";
    1005 UnknownUser, Rejected, Never;
        "unknown user", "the uid was never created, or the user was deleted", "look the uid up with GetUsers";
    1006 InvalidPhone, Rejected, Never;
        "wrong phone number", "letters, a missing country code, or a number that is not mobile", "write the number with its country code, as in +447922021419";
    1007 InvalidPhoneLength, Rejected, Never;
        "wrong length of phone number", "digits are missing or too many", "check the number against its country's length";
    1008 MissingBotId, Rejected, Never;
        "no bot id", "botID is absent or 0", "set the bot's number from the dashboard";
    1009 MissingPhone, Rejected, Never;
        "no phone number", "phone is absent or empty", "set the recipient's number";
    1010 MissingMessage, Rejected, Never;
        "no message", "message is absent or empty", "set a text";
    1011 MissingRoute, Rejected, Never;
        "no route", "route is absent or empty", "name a route of the organisation";
    1012 UnknownRoute, Rejected, Never;
        "unknown route", "the route is not configured, or its name is wrong", "configure the route in the dashboard";
    1013 MessageTooLong, Rejected, Never;
        "message too long", "the text has more than 2000 characters", "shorten the text or split it";
    1014 RouteTooLong, Rejected, Never;
        "route name too long", "the name has more than 256 characters", "use the route's own name";
    1015 UnknownBot, Rejected, Never;
        "unknown bot", "the botID belongs to no bot of the organisation", "check the bot's number in the dashboard";
    1016 WrongBotType, Rejected, Never;
        "wrong type of bot", "the bot does not serve the channel that the command needs", "use a bot of that channel";
    1017 InvalidJson, Rejected, Never;
        "invalid JSON", "a field has the wrong JSON type", "check the fields set by hand";
    1018 ConnectionReused, Unknown, unless_send(30_000);
        "connection taken over", "a second WebSocket connected with the same token", "let one process hold the socket";
    1019 ConnectExpected, Rejected, Never;
        "connect expected first", "a command was sent on a socket before connect", "connect first";
    1020 UnknownMessage, Rejected, after(2_000);
        "unknown message", "the mid is wrong, or too new to be known", "use the mid of a template or SMS send";
    1021 StartAfterEnd, Rejected, Never;
        "start date after end date", "the two dates are swapped", "swap them";
    1022 InvalidName, Rejected, Never;
        "wrong name", "the name has less than 3 or more than 50 characters", "use 3 to 50 characters";
    1023 InvalidNote, Rejected, Never;
        "wrong note", "the note has more than 1024 characters", "shorten the note";
    1024 InvalidEmail, Rejected, Never;
        "wrong e-mail address", "the text is no e-mail address", "use an address such as john@example.com";
    1025 MissingUid, Rejected, Never;
        "no uid", "uid is absent or empty", "set the user's uid";
    2000 CannotCreateUser, Unknown, unless_send(2_000);
        "the user could not be created", "a fault at the server", "look for the message before you send again";
    2001 UserWithAgent, Rejected, Never;
        "the user is chatting with an agent", "an agent holds the conversation", "send when the conversation is closed";
    2002 InvalidAgent, Unknown, Never;
        "the agent could not be assigned", "agentEmail is no agent of the organisation", "correct agentEmail; look for the message before you send again";
    2003 Timeout, Unknown, unless_send(1_000);
        "internal timeout", "the server gave up after about 5 seconds", "look for the message before you send again";
    2004 Internal, Unknown, unless_send(1_000);
        "internal error", "a fault at the server", "look for the message before you send again";
    2005 SmsFailed, Unknown, Never;
        "the SMS could not be sent", "the SMS provider reported an error", "look for the message before you send again";
    2006 Unsubscribed, Rejected, Never;
        "the user has unsubscribed", "the person opted out of automatic content", "stop sending to this person";
    2007 PhoneRateLimit, Rejected, after(1_100);
        "too many messages to this number", "more than 1 message in a second", "wait a second, or ask Convrs Support for a higher limit";
    2008 TokenRateLimit, Rejected, after(250);
        "too many messages with this token", "more than 10 messages in a second", "send more slowly, or ask Convrs Support for a higher limit";
    2009 WhatsAppBusy, Rejected, after(5_000);
        "WhatsApp is too busy", "WhatsApp takes no more messages for now", "wait, longer each time";
    3000 NoTemplates, Rejected, Never;
        "the bot has no templates", "no WhatsApp template was made for this bot", "create one in Meta Business Manager";
    3001 UnknownTemplate, Rejected, Never;
        "unknown template", "no template has this name and language, or it is paused", "check name, language and status";
    3002 WhatsApp, Unknown, Never;
        "WhatsApp error", "WhatsApp refused or failed", "read the WhatsApp error code";
    3003 MissingTemplateName, Rejected, Never;
        "no template name", "templateName is absent or empty", "set the template's name";
    3004 MissingTemplateLanguage, Rejected, Never;
        "no template language", "language is absent or empty", "set the language code, as in en";
    3050 InvalidTag, Rejected, Never;
        "wrong tag", "the tag has less than 3 or more than 50 characters", "use 3 to 50 characters";
    3051 InvalidTagColor, Rejected, Never;
        "wrong tag color", "the color is not # and six hex digits", "write it as #FF5733";
    3052 InvalidTagDescription, Rejected, Never;
        "wrong tag description", "the description has more than 100 characters", "shorten it";
    3053 UnknownTag, Rejected, Never;
        "unknown tag", "the tag was never created", "create it with CreateUserTag";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_table_holds_the_45_documented_codes() {
        let documented: BTreeSet<i64> =
            (1000..=1025).chain(2000..=2009).chain(3000..=3004).chain(3050..=3053).collect();
        let table: Vec<i64> = ErrorCode::TABLE.iter().map(|info| info.number).collect();
        assert_eq!(table.len(), 45);
        assert_eq!(table.into_iter().collect::<BTreeSet<_>>(), documented);
    }

    #[test]
    fn a_number_and_its_variant_are_the_same_thing() {
        for info in ErrorCode::TABLE {
            assert_eq!(ErrorCode::from(info.number), info.code);
            assert_eq!(info.code.number(), info.number);
        }
        assert_eq!(ErrorCode::from(4711), ErrorCode::Other(4711));
        assert_eq!(ErrorCode::Other(4711).number(), 4711);
    }

    #[test]
    fn a_send_may_have_gone_out_after_these_codes_and_no_others() {
        let unknown: Vec<i64> = ErrorCode::TABLE
            .iter()
            .filter(|info| info.outcome == Outcome::Unknown)
            .map(|info| info.number)
            .collect();
        assert_eq!(unknown, [1018, 2000, 2002, 2003, 2004, 2005, 3002]);
        assert_eq!(ErrorCode::Other(4711).outcome(), Outcome::Unknown);
    }

    #[test]
    fn no_rule_repeats_a_send_that_may_have_gone_out() {
        for info in ErrorCode::TABLE {
            let repeats_sends = matches!(info.retry, RetryRule::After(_) | WithNewToken);
            assert!(!(repeats_sends && info.outcome == Outcome::Unknown), "{}", info.number);
        }
    }
}
