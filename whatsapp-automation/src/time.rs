use std::fmt;

use jiff::{Timestamp, civil, tz::Offset};
use serde::{Deserialize, Serialize};

use crate::redact::Hidden;

/// A date and time as a backend writes it, ISO 8601 such as `2025-02-20T10:00:00Z`. The text is kept,
/// so it encodes back as it came.
///
/// Assumed: a time without a zone is UTC.
#[derive(Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DateTime(String);

impl DateTime {
    /// The text as it stands on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The point in time, `None` when the text is no date and time: a date alone is none, nor is one with
    /// the name of a zone in brackets behind it, which backends do not know.
    #[must_use]
    pub fn timestamp(&self) -> Option<Timestamp> {
        if !self.0.contains([':', 'T', 't']) || self.0.contains('[') {
            return None;
        }
        // The civil parser would drop an offset in silence, so it comes second.
        self.0.parse().ok().or_else(|| {
            let civil: civil::DateTime = self.0.parse().ok()?;
            Offset::UTC.to_timestamp(civil).ok()
        })
    }
}

/// Shows a time, and of anything else the length.
impl fmt::Debug for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.timestamp() {
            Some(time) => write!(f, "DateTime({time})"),
            None => write!(f, "DateTime({:?})", Hidden(&self.0)),
        }
    }
}

impl From<&str> for DateTime {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for DateTime {
    fn from(text: String) -> Self {
        Self(text)
    }
}

/// Written in whole seconds, as the document does it, and where there is more, in microseconds.
impl From<Timestamp> for DateTime {
    fn from(time: Timestamp) -> Self {
        let whole = time.subsec_nanosecond() == 0;
        Self(if whole { format!("{time:.0}") } else { format!("{time:.6}") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Option<Timestamp> {
        DateTime::from(text).timestamp()
    }

    #[test]
    fn a_time_is_utc_whatever_its_zone() {
        let noon = "2025-02-20T10:00:00Z".parse().ok();
        for text in ["2025-02-20T10:00:00Z", "2025-02-20T10:00:00", "2025-02-20T11:00:00+01:00"] {
            assert_eq!(at(text), noon, "{text}");
        }
        assert_eq!(at("2025-02-20T10:00:00.123456Z").unwrap().subsec_nanosecond(), 123_456_000);
    }

    #[test]
    fn a_day_and_a_named_zone_are_no_point_in_time() {
        for text in ["2025-02-20", "2025-02-20T10:00:00[Europe/Paris]", "10:00", "", "T"] {
            assert_eq!(at(text), None, "{text}");
        }
    }

    #[test]
    fn a_text_that_is_no_time_is_kept_and_not_shown() {
        let time = DateTime::from("canary");
        assert_eq!(time.timestamp(), None);
        assert_eq!(serde_json::to_string(&time).unwrap(), r#""canary""#);
        assert_eq!(format!("{time:?}"), "DateTime(<6 chars>)");
    }

    #[test]
    fn a_timestamp_is_written_as_the_document_writes_it() {
        let time: Timestamp = "2025-02-20T10:00:00Z".parse().unwrap();
        assert_eq!(DateTime::from(time).as_str(), "2025-02-20T10:00:00Z");
        let time: Timestamp = "2025-02-20T10:00:00.123456789Z".parse().unwrap();
        assert_eq!(DateTime::from(time).as_str(), "2025-02-20T10:00:00.123456Z");
    }
}
