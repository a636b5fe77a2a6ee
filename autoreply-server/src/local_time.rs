use std::fmt;

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use crate::redact::Redacted;

/// A date and time as the phone's own clock shows it, `yyyy-MM-dd HH:mm:ss`.
///
/// The text is kept as it came, so that it is written back unchanged and no message is lost because
/// of its clock; [`civil`](Self::civil) reads it.
///
/// Undocumented: the time zone. Assumed: the phone's local time, so none is made up. Order messages
/// by when they arrived, not by this.
///
/// Source: AutoReply Mate Server API > Request Format > Field Descriptions
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LocalTime(String);

impl LocalTime {
    /// The text as it came.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The date and time, or `None` when the text is not exactly of the documented form.
    pub fn civil(&self) -> Option<DateTime> {
        // The parser also takes fractions and other separators, and drops an offset without a word.
        // Only a text that is written back the same was read without a loss.
        let civil = self.0.parse().ok()?;
        (documented_form(civil) == self.0).then_some(civil)
    }
}

impl From<DateTime> for LocalTime {
    fn from(civil: DateTime) -> Self {
        Self(documented_form(civil))
    }
}

impl From<String> for LocalTime {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for LocalTime {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

// A text of the wrong form may be anything, a personal one included.
impl fmt::Debug for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.civil() {
            Some(_) => f.write_str(&self.0),
            None => Redacted(&self.0).fmt(f),
        }
    }
}

fn documented_form(civil: DateTime) -> String {
    civil.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn the_documented_form_is_read_and_written() {
        let civil = date(2026, 2, 28).at(14, 30, 5, 0);
        assert_eq!(LocalTime::from("2026-02-28 14:30:05").civil(), Some(civil));
        assert_eq!(LocalTime::from(civil).as_str(), "2026-02-28 14:30:05");
        assert_eq!(LocalTime::from(date(987, 1, 2).at(0, 0, 0, 0)).as_str(), "0987-01-02 00:00:00");
    }

    #[test]
    fn any_other_form_is_kept_but_not_read() {
        for text in [
            "",
            "now",
            "2026-02-28 14:30:00+02:00",
            "2026-02-28 14:30:00-00:00",
            "2026-02-28 14:30:00Z",
            "2026-02-28 14:30:00 +0200",
            "2026-02-28 14:30:00[Europe/Bucharest]",
            "2026-02-28T14:30:00",
            "2026-02-28t14:30:00",
            "2026-02-28 14:30:00.5",
            "2026-02-28 14:30",
            "2026-2-28 14:30:00",
            "2026-02-28 14:30:60",
            "2026-02-30 14:30:00",
            "2026-02-28",
            " 2026-02-28 14:30:00",
            "2026-02-28 14:30:00\n",
            "20260228 143000",
        ] {
            let time = LocalTime::from(text);
            assert_eq!(time.civil(), None, "{text:?}");
            assert_eq!(time.as_str(), text);
        }
    }

    #[test]
    fn debug_shows_a_time_and_hides_what_is_none() {
        assert_eq!(format!("{:?}", LocalTime::from("2026-02-28 14:30:00")), "2026-02-28 14:30:00");
        assert_eq!(format!("{:?}", LocalTime::from("canary")), "<6 chars>");
    }
}
