use std::fmt;

use jiff::{Timestamp, civil, tz::Offset};
use serde::{Deserialize, Serialize};

use crate::redact::Hidden;

/// A date and time as the API writes it, ISO 8601. The text is kept, so it encodes back as it came.
///
/// Assumed: a time without a zone, as in delivery callbacks, is UTC.
#[derive(Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DateTime(String);

impl DateTime {
    /// The text as it stands on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The point in time, `None` when the text is no date and time.
    #[must_use]
    pub fn timestamp(&self) -> Option<Timestamp> {
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
            Some(_) => write!(f, "DateTime({})", self.0),
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

/// Written with milliseconds and `Z`, as in `2020-04-23T16:15:24.000Z`.
impl From<Timestamp> for DateTime {
    fn from(time: Timestamp) -> Self {
        Self(format!("{time:.3}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Option<Timestamp> {
        DateTime::from(text).timestamp()
    }

    #[test]
    fn the_documented_forms_are_points_in_time() {
        assert_eq!(at("2020-04-23T16:15:24.000Z"), "2020-04-23T16:15:24Z".parse().ok());
        assert_eq!(at("2024-11-14T14:28:08"), "2024-11-14T14:28:08Z".parse().ok());
    }

    #[test]
    fn an_offset_is_not_dropped() {
        assert_eq!(at("2020-12-15T10:30:00+01:00"), "2020-12-15T09:30:00Z".parse().ok());
    }

    #[test]
    fn a_text_that_is_no_time_is_kept() {
        let time = DateTime::from("yesterday");
        assert_eq!(time.timestamp(), None);
        assert_eq!(time.as_str(), "yesterday");
    }

    #[test]
    fn a_timestamp_is_written_in_the_documented_form() {
        let time: Timestamp = "2020-04-23T16:15:24Z".parse().unwrap();
        assert_eq!(DateTime::from(time).as_str(), "2020-04-23T16:15:24.000Z");
    }
}
