//! What the numbering plans of all countries say of a number. Feature `phonenumber`.

use phonenumber::{
    Mode, PhoneNumber, Type,
    metadata::{DATABASE, Descriptor, Descriptors, Metadata},
};

use crate::{E164, ErrorCode, Invalid};

/// With the feature `phonenumber`: what the numbering plans of all countries say.
///
/// The first call in a process reads the plans: 50 to 100 ms in which the thread stands still, so a
/// service makes one call when it starts. After that a country that was used lately takes some 20
/// microseconds, any other 1 to 5 ms; memory grows to between 7 and 20 MB. The plans change, and so
/// do the answers when the dependency is updated.
impl E164 {
    /// Checks that the number is valid in its country and can be a mobile one. Where mobile numbers
    /// look like landlines, as in the USA and Canada, the number passes.
    ///
    /// No command asks for this, and the server may take what fails here: the document's own
    /// `+44151999999` and `+441511234567` do. So do forms that a country has given up but WhatsApp
    /// still uses in a uid, such as `+52 1` in Mexico.
    ///
    /// ```
    /// # use convrs_client::PhoneNumber;
    /// let number = PhoneNumber::from("44-792-202-1419").e164()?;
    /// assert_eq!(number.check_strict(), Ok(()));
    /// assert_eq!((number.country(), number.is_mobile()), (Some("GB"), Some(true)));
    /// # Ok::<(), convrs_client::Invalid>(())
    /// ```
    ///
    /// # Errors
    /// [`Invalid`] with 1007 for a length that no mobile number of the country has; with 1006 for a
    /// country code that does not exist, for a number that its country does not give out or that
    /// has a digit too many in front (`+44 (0) 792 ...`), and for a landline or another number that
    /// is not mobile.
    ///
    /// Source: Convrs API > Phone Number Formats
    pub fn check_strict(self) -> Result<(), Invalid> {
        let invalid = |code, rule| Err(Invalid::new("phone", Some(code), rule));
        let written = self.with_plus();
        let Some(number) = parse(&written) else {
            return invalid(
                ErrorCode::InvalidPhone,
                "no country has this country code: write it in front, as in +44",
            );
        };
        if !number.is_valid() {
            return if has_mobile_length(&number) {
                invalid(
                    ErrorCode::InvalidPhone,
                    "its country has no such number: check the digits behind the country code",
                )
            } else {
                invalid(
                    ErrorCode::InvalidPhoneLength,
                    "mobile numbers of its country have another length: check for missing digits",
                )
            };
        }
        if number.format().mode(Mode::E164).to_string() != written {
            return invalid(
                ErrorCode::InvalidPhone,
                "leave out what is dialled inside the country only, such as the 0 in +44 (0)",
            );
        }
        if is_mobile(&number) == Some(false) {
            return invalid(
                ErrorCode::InvalidPhone,
                "it is a landline or another number that is not mobile: ask for a mobile number",
            );
        }
        Ok(())
    }

    /// Whether the number is mobile. `None` where that cannot be told: the country gives mobile
    /// phones and landlines the same numbers, or the number is not valid.
    #[must_use]
    pub fn is_mobile(self) -> Option<bool> {
        is_mobile(&parse(&self.with_plus())?)
    }

    /// The country as two letters, such as `GB` (ISO 3166-1 alpha-2, and `XK` for Kosovo). `None` for
    /// a country code that does not exist or belongs to no country, and where several countries share
    /// the code and the number is in none of their ranges. Some islands come out as the country whose
    /// ranges they use.
    #[must_use]
    pub fn country(self) -> Option<&'static str> {
        let plan = parse(&self.with_plus())?.metadata(&DATABASE)?;
        // "001" stands for the whole world.
        Some(plan.id()).filter(|id| *id != "001")
    }
}

/// Only of [`E164::with_plus`]: without the plus a number does not parse, and letters do.
fn parse(number: &str) -> Option<PhoneNumber> {
    phonenumber::parse(None, number).ok()
}

fn is_mobile(number: &PhoneNumber) -> Option<bool> {
    if !number.is_valid() {
        return None;
    }
    // The library drops leading zeros before it looks for the type: mobile numbers of Ivory Coast
    // become nothing, and some landlines of Italy mobile.
    if number.national().zeros() > 0 {
        let national = number.national().to_string();
        let fits = |pick: fn(&Descriptors) -> Option<&Descriptor>| {
            plans(number).iter().any(|plan| {
                pick(plan.descriptors()).is_some_and(|numbers| numbers.is_match(&national))
            })
        };
        return match (fits(Descriptors::mobile), fits(Descriptors::fixed_line)) {
            (true, true) => None,
            (mobile, _) => Some(mobile),
        };
    }
    match number.number_type(&DATABASE) {
        Type::Mobile => Some(true),
        Type::FixedLineOrMobile | Type::Unknown => None,
        _ => Some(false),
    }
}

/// Whether some mobile number of the country is as long, or it has none at all.
fn has_mobile_length(number: &PhoneNumber) -> bool {
    let digits = number.national().to_string().len();
    let plans = plans(number);
    let mut mobile = plans.iter().filter_map(|plan| plan.descriptors().mobile()).peekable();
    mobile.peek().is_none()
        || mobile.any(|numbers| numbers.possible_length().iter().any(|n| usize::from(*n) == digits))
}

/// The plans of the countries that share the number's country code.
fn plans(number: &PhoneNumber) -> Vec<&'static Metadata> {
    DATABASE.by_code(&number.code().value()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::PhoneNumber as Written;

    fn e164(written: &str) -> E164 {
        Written::from(written).e164().unwrap()
    }

    fn strict(written: &str) -> Result<(), ErrorCode> {
        e164(written).check_strict().map_err(|e| e.code().unwrap())
    }

    #[test]
    fn the_four_documented_forms_are_a_mobile_number_of_great_britain() {
        for form in ["+447922021419", "447922021419", "+44 792 202 1419", "44-792-202-1419"] {
            assert_eq!(strict(form), Ok(()), "{form}");
            assert_eq!(e164(form).is_mobile(), Some(true), "{form}");
            assert_eq!(e164(form).country(), Some("GB"), "{form}");
        }
    }

    #[test]
    fn two_of_the_documents_own_numbers_pass_the_default_check_and_fail_this_one() {
        assert_eq!(strict("+44151999999"), Err(ErrorCode::InvalidPhoneLength));
        assert_eq!(e164("+44151999999").is_mobile(), None);
        assert_eq!(strict("+441511234567"), Err(ErrorCode::InvalidPhone));
        assert_eq!(e164("+441511234567").is_mobile(), Some(false));
    }

    #[test]
    fn what_fails_has_the_servers_code_and_a_rule_that_helps() {
        for (written, code, rule) in [
            ("+999 123 456 789", ErrorCode::InvalidPhone, "country code"),
            ("+44 6000 000 000", ErrorCode::InvalidPhone, "no such number"),
            ("+44 (0) 7922 021419", ErrorCode::InvalidPhone, "leave out"),
            ("+1 800 723 3456", ErrorCode::InvalidPhone, "not mobile"),
            ("+800 1234 5678", ErrorCode::InvalidPhone, "not mobile"),
            ("+39 0322 123456", ErrorCode::InvalidPhone, "not mobile"),
            ("+44 792 202 141", ErrorCode::InvalidPhoneLength, "another length"),
            ("+44 792 202 1419 0", ErrorCode::InvalidPhoneLength, "another length"),
            ("+52 1 55 1234 5678", ErrorCode::InvalidPhoneLength, "another length"),
        ] {
            let invalid = e164(written).check_strict().unwrap_err();
            assert_eq!(invalid.code(), Some(code), "{written}");
            assert!(invalid.rule().contains(rule), "{written}: {invalid}");
            assert!(
                !invalid.to_string().contains(&e164(written).digits().split_off(2)),
                "{invalid}"
            );
        }
    }

    #[test]
    fn a_number_that_may_be_mobile_or_a_landline_passes() {
        let number = e164("+1 520 878 2491");
        assert_eq!(number.check_strict(), Ok(()));
        assert_eq!(number.is_mobile(), None);
        assert_eq!(number.country(), Some("US"));
    }

    #[test]
    fn the_sample_mobile_number_of_every_country_passes() {
        let (mut countries, mut too_short) = (0, Vec::new());
        for plan in DATABASE.iter() {
            let Some(sample) = plan.descriptors().mobile().and_then(Descriptor::example) else {
                continue;
            };
            let Ok(number) = Written::from(format!("+{}{sample}", plan.country_code())).e164()
            else {
                too_short.push(plan.id());
                continue;
            };
            assert_eq!(number.check_strict(), Ok(()), "{}", plan.id());
            assert_ne!(number.is_mobile(), Some(false), "{}", plan.id());
            countries += 1;
        }
        assert!(countries > 240, "{countries}");
        // Tokelau, whose numbers have 7 digits with the country code.
        assert_eq!(too_short, ["TK"]);
    }

    #[test]
    fn a_country_is_told_where_several_share_the_code() {
        for (written, country) in [
            ("+1 613 782 7274", Some("CA")),
            ("+7 701 234 56 78", Some("KZ")),
            ("+44 7781 123456", Some("GG")),
            ("+225 07 12 34 56 78", Some("CI")),
            ("+44 151 999 999", None),
            ("+800 1234 5678", None),
            ("+999 123 456 789", None),
        ] {
            assert_eq!(e164(written).country(), country, "{written}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_number_panics_and_what_passes_is_not_known_to_be_a_landline(
            digits in "[1-9][0-9]{7,14}"
        ) {
            let number = e164(&digits);
            let _ = number.country();
            if number.check_strict().is_ok() {
                prop_assert_ne!(number.is_mobile(), Some(false));
            }
        }
    }
}
