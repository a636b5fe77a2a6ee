//! The rules of the service, each once. Lengths are those of the text without white space around it,
//! in characters, as the service counts. It takes no NUL in any text.

use crate::{DateTime, Invalid};

/// Seen on a running backend: PUT and PATCH refuse longer ones, POST of a contact does not. A contact
/// that cannot be changed again is of no use, so it is refused here.
pub(crate) fn phone_number(phone_number: &str) -> Result<(), Invalid> {
    present("phone_number", phone_number)?;
    at_most("phone_number", phone_number, 20, "at most 20 characters")
}

pub(crate) fn present(field: &'static str, text: &str) -> Result<(), Invalid> {
    if trim(text).is_empty() {
        return Err(Invalid::new(field, "must not be blank"));
    }
    without_nul(field, text)
}

pub(crate) fn without_nul(field: &'static str, text: &str) -> Result<(), Invalid> {
    if text.contains('\0') { Err(Invalid::new(field, "must not contain NUL")) } else { Ok(()) }
}

/// The text as the service keeps it. It is written in Python, whose white space has four more.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\x1c'..='\x1f'))
}

pub(crate) fn status_text(text: &str) -> Result<(), Invalid> {
    without_nul("text", text)?;
    at_most("text", text, 255, "at most 255 characters")
}

/// A past time is none of our business: the service takes it, and sends at once.
pub(crate) fn scheduled_at(time: Option<&DateTime>) -> Result<(), Invalid> {
    match time {
        Some(time) if time.timestamp().is_none() => {
            Err(Invalid::new("scheduled_at", "must be a date and time of ISO 8601"))
        }
        _ => Ok(()),
    }
}

pub(crate) fn max_capacity(max_capacity: Option<u32>) -> Result<(), Invalid> {
    if max_capacity == Some(0) {
        return Err(Invalid::new("max_capacity", "must be at least 1"));
    }
    Ok(())
}

/// A rule for a field that a request may leave out.
pub(crate) fn if_given(
    text: Option<&String>,
    rule: impl Fn(&str) -> Result<(), Invalid>,
) -> Result<(), Invalid> {
    text.map_or(Ok(()), |text| rule(text))
}

fn at_most(
    field: &'static str,
    text: &str,
    most: usize,
    rule: &'static str,
) -> Result<(), Invalid> {
    if trim(text).chars().count() > most { Err(Invalid::new(field, rule)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_number_has_one_to_20_characters() {
        assert_eq!(phone_number("+1234567890123456789"), Ok(()));
        assert_eq!(phone_number("\x1f +1234567890123456789 "), Ok(()));
        assert_eq!(phone_number(&"\u{664}".repeat(20)), Ok(()));
        for bad in ["", " ", "\u{3000}\x1c\u{85}", "+1\0", "+12345678901234567890"] {
            assert_eq!(phone_number(bad).unwrap_err().field(), "phone_number", "{bad}");
        }
    }

    #[test]
    fn a_status_text_has_255_characters_not_bytes() {
        assert_eq!(status_text(&"ä".repeat(255)), Ok(()));
        assert!(status_text(&"a".repeat(256)).is_err());
        assert!(status_text("a\0").is_err());
    }

    #[test]
    fn a_past_time_is_taken_and_a_word_is_not() {
        assert_eq!(scheduled_at(Some(&"2005-02-20T10:00:00Z".into())), Ok(()));
        assert!(scheduled_at(Some(&"tomorrow".into())).is_err());
    }
}
