use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::{ErrorCode, Invalid, redact::Hidden, scalar};

/// A phone number as somebody wrote it. It goes over the wire as written.
///
/// Four forms are documented, and all of them are one number to [`e164`](Self::e164):
/// `+447922021419`, `447922021419`, `+44 792 202 1419` and `44-792-202-1419`. Dots and brackets are
/// taken as separators too.
///
/// The check is one of form: the country code comes first, 8 to 15 digits in all. Whether such a
/// number is in use, and whether it is mobile, only the server knows; the document's own
/// `+44151999999` would fail a stricter check. There is one, `E164::check_strict`, with the feature
/// `phonenumber`.
///
/// `Debug` shows the length only, and there is no `Display`.
///
/// Source: Convrs API > Phone Number Formats
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[serde(transparent)]
pub struct PhoneNumber(String);

impl PhoneNumber {
    /// The number as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is no number.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The number itself, the same for every way of writing it. Allocates nothing.
    ///
    /// # Errors
    /// [`Invalid`] with 1006 for a character that does not belong to a number (letters, digits of
    /// other scripts, an extension) or a missing country code, 1007 for less than 8 or more than 15
    /// digits, 1009 for no number at all.
    pub fn e164(&self) -> Result<E164, Invalid> {
        E164::parse(&self.0)
    }
}

impl From<&str> for PhoneNumber {
    fn from(number: &str) -> Self {
        Self(number.to_owned())
    }
}

impl From<String> for PhoneNumber {
    fn from(number: String) -> Self {
        Self(number)
    }
}

impl<'de> Deserialize<'de> for PhoneNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        scalar::text(deserializer).map(Self)
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PhoneNumber({:?})", Hidden(&self.0))
    }
}

/// A phone number in its one international form: country code and subscriber, 8 to 15 digits.
///
/// Two of them are equal exactly when the digits are. `Debug` hides the number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct E164(u64);

impl E164 {
    const MIN_DIGITS: usize = 8;
    const MAX_DIGITS: usize = 15;

    pub(crate) fn parse(written: &str) -> Result<Self, Invalid> {
        let invalid = |code, rule| Err(Invalid::new("phone", Some(code), rule));
        let written = written.trim();
        if written.is_empty() {
            return invalid(ErrorCode::MissingPhone, "a phone number is needed");
        }
        let (mut number, mut digits) = (0_u64, 0_usize);
        for c in written.strip_prefix('+').unwrap_or(written).chars() {
            match c {
                '0'..='9' => {
                    digits += 1;
                    // Only the first 15 digits are counted up, so this cannot overflow.
                    if digits <= Self::MAX_DIGITS {
                        number = number * 10 + u64::from(c as u32 - '0' as u32);
                    }
                }
                ' ' | '-' | '.' | '(' | ')' => {}
                _ => {
                    return invalid(
                        ErrorCode::InvalidPhone,
                        "only the digits 0-9, spaces, dashes, dots and brackets may follow the +",
                    );
                }
            }
            if digits == 1 && number == 0 {
                return invalid(
                    ErrorCode::InvalidPhone,
                    "it must begin with the country code, as in +44 or 44, not with 0 or 00",
                );
            }
        }
        if !(Self::MIN_DIGITS..=Self::MAX_DIGITS).contains(&digits) {
            return invalid(ErrorCode::InvalidPhoneLength, "it must have 8 to 15 digits");
        }
        Ok(Self(number))
    }

    /// The number as `+447922021419`.
    #[must_use]
    pub fn with_plus(self) -> String {
        format!("+{}", self.0)
    }

    /// The number as `447922021419`, which is how a [`Uid`](crate::Uid) holds it.
    #[must_use]
    pub fn digits(self) -> String {
        self.0.to_string()
    }
}

impl fmt::Debug for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("E164([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn e164(written: &str) -> Result<String, Option<ErrorCode>> {
        PhoneNumber::from(written).e164().map(E164::with_plus).map_err(|e| e.code())
    }

    #[test]
    fn the_four_documented_forms_are_one_number() {
        for form in ["+447922021419", "447922021419", "+44 792 202 1419", "44-792-202-1419"] {
            assert_eq!(e164(form).unwrap(), "+447922021419", "{form}");
        }
    }

    #[test]
    fn the_documents_own_numbers_pass() {
        for number in ["+44151999999", "+441511234567", "44-792-202-1411", "+44 7912 031410"] {
            assert!(e164(number).is_ok(), "{number}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused_with_the_servers_code() {
        for (written, code) in [
            ("", ErrorCode::MissingPhone),
            ("  ", ErrorCode::MissingPhone),
            ("+44 792 CALL ME", ErrorCode::InvalidPhone),
            ("+٤٤٧٩٢٢٠٢١٤١٩", ErrorCode::InvalidPhone),
            ("+447922021419;ext=5", ErrorCode::InvalidPhone),
            ("07922021419", ErrorCode::InvalidPhone),
            ("00447922021419", ErrorCode::InvalidPhone),
            ("++447922021419", ErrorCode::InvalidPhone),
            ("+4479220", ErrorCode::InvalidPhoneLength),
            ("+", ErrorCode::InvalidPhoneLength),
            ("+4479220214191234", ErrorCode::InvalidPhoneLength),
            ("99999999999999999999999999999999", ErrorCode::InvalidPhoneLength),
        ] {
            assert_eq!(e164(written), Err(Some(code)), "{written}");
        }
    }

    #[test]
    fn the_written_form_goes_over_the_wire() {
        let phone: PhoneNumber = serde_json::from_str("\"44-792-202-1411\"").unwrap();
        assert_eq!(serde_json::to_string(&phone).unwrap(), "\"44-792-202-1411\"");
    }

    #[test]
    fn debug_hides_the_number() {
        let phone = PhoneNumber::from("+447922021419");
        assert_eq!(format!("{phone:?}"), "PhoneNumber(<13 chars>)");
        assert_eq!(format!("{:?}", phone.e164().unwrap()), "E164([redacted])");
    }

    proptest! {
        #[test]
        fn normalising_is_idempotent_and_never_panics(written in ".{0,40}") {
            if let Ok(number) = PhoneNumber::from(written).e164() {
                prop_assert_eq!(PhoneNumber::from(number.with_plus()).e164(), Ok(number));
                prop_assert_eq!(PhoneNumber::from(number.digits()).e164(), Ok(number));
            }
        }
    }
}
