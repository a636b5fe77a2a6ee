use std::fmt;

use http::{HeaderMap, HeaderName};
use secrecy::{ExposeSecret, SecretString};
use subtle::{Choice, ConstantTimeEq};

/// The secrets a receiver accepts: one as a rule, several while a secret is being replaced.
///
/// A secret is compared in constant time and never shown: there is no `Display`, no `PartialEq`
/// and no serialisation, and `Debug` writes only how many there are.
pub struct Keys {
    keys: Vec<Key>,
}

/// Why a set of keys was refused. The position counts from 1; the key itself is never shown.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKeys {
    /// The set was empty, so that no request could ever pass.
    #[error("no key was given: pass at least one, or run without keys by an explicit choice")]
    NoKey,
    /// A key was empty or only blanks.
    #[error("key {position} is empty: check the variable or the file that it is read from")]
    Empty {
        /// Which key of the set, counted from 1.
        position: usize,
    },
    /// A key was longer than 256 bytes.
    #[error("key {position} has {length} bytes: use at most 256")]
    TooLong {
        /// Which key of the set, counted from 1.
        position: usize,
        /// Its length in bytes.
        length: usize,
    },
    /// No HTTP header could carry the key as it is, so that no request would ever match it.
    #[error(
        "key {position} is not fit for a header: use visible ASCII characters only, with no blank \
         or line end before or after them (trim what is read from a file)"
    )]
    NotAHeaderValue {
        /// Which key of the set, counted from 1.
        position: usize,
    },
}

/// Why a request did not show a valid key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyProblem {
    /// The header is absent, or its value is empty.
    #[error("the request shows no key")]
    Missing,
    /// The value is none of the keys, or the header came more than once.
    #[error("the request shows a wrong key")]
    Wrong,
}

impl Keys {
    /// Takes the accepted secrets, each 1 to 256 visible ASCII characters (blanks only inside).
    ///
    /// # Errors
    /// [`InvalidKeys`] when the set is empty or a key is empty, too long or unfit for a header.
    pub fn new(
        keys: impl IntoIterator<Item = impl Into<SecretString>>,
    ) -> Result<Self, InvalidKeys> {
        let keys: Vec<Key> = keys
            .into_iter()
            .zip(1..)
            .map(|(key, position)| Key::new(&key.into(), position))
            .collect::<Result<_, _>>()?;
        if keys.is_empty() { Err(InvalidKeys::NoKey) } else { Ok(Self { keys }) }
    }

    /// Whether the candidate is one of the keys.
    ///
    /// How long this takes tells nothing about the keys: all of them are always compared, each over
    /// the same 256 bytes.
    pub fn check(&self, candidate: &[u8]) -> bool {
        // A longer candidate is cut here and fails by its length.
        let mut padded = [0; MAX_LENGTH];
        for (slot, byte) in padded.iter_mut().zip(candidate) {
            *slot = *byte;
        }
        let nothing_yet = Choice::from(0);
        self.keys
            .iter()
            .fold(nothing_yet, |right, key| right | key.matches(&padded, candidate.len()))
            .into()
    }

    /// Whether the request's header of this name holds one of the keys.
    ///
    /// # Errors
    /// [`KeyProblem::Missing`] when the header is absent or empty; [`KeyProblem::Wrong`] when its
    /// value is no key, or when it came more than once, be one of the values right or not.
    pub fn check_header(&self, headers: &HeaderMap, name: &HeaderName) -> Result<(), KeyProblem> {
        let mut values = headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (None, _) => Err(KeyProblem::Missing),
            (Some(only), None) if only.as_bytes().trim_ascii().is_empty() => {
                Err(KeyProblem::Missing)
            }
            (Some(only), None) if self.check(only.as_bytes()) => Ok(()),
            _ => Err(KeyProblem::Wrong),
        }
    }
}

#[cfg(feature = "receiver")]
impl Keys {
    /// The length of the shortest one, in bytes.
    pub(crate) fn shortest(&self) -> usize {
        self.keys.iter().map(|key| key.length).min().unwrap_or_default()
    }

    /// Whether a URL shows each of them as it is, whoever wrote the URL.
    pub(crate) fn stand_in_a_path(&self) -> bool {
        let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let stands = |key: &Key| expose(&key.padded).bytes().take(key.length).all(unreserved);
        self.keys.iter().all(stands)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("count", &self.keys.len()).finish()
    }
}

const MAX_LENGTH: usize = 256;

/// One key, kept at the length that all comparisons have.
struct Key {
    padded: SecretString,
    length: usize,
}

impl Key {
    fn new(secret: &SecretString, position: usize) -> Result<Self, InvalidKeys> {
        let text = expose(secret);
        let length = text.len();
        if text.trim().is_empty() {
            return Err(InvalidKeys::Empty { position });
        }
        if length > MAX_LENGTH {
            return Err(InvalidKeys::TooLong { position, length });
        }
        if text.trim() != text || !text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return Err(InvalidKeys::NotAHeaderValue { position });
        }
        // Full capacity from the start: growing would leave an unwiped copy behind.
        let mut padded = String::with_capacity(MAX_LENGTH);
        padded.push_str(text);
        padded.extend(std::iter::repeat_n('\0', MAX_LENGTH - length));
        Ok(Self { padded: padded.into(), length })
    }

    fn matches(&self, padded: &[u8; MAX_LENGTH], length: usize) -> Choice {
        expose(&self.padded).as_bytes().ct_eq(padded) & self.length.ct_eq(&length)
    }
}

fn expose(secret: &SecretString) -> &str {
    secret.expose_secret()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    const NAME: HeaderName = HeaderName::from_static("x-api-key");

    fn keys(keys: &[&str]) -> Keys {
        Keys::new(keys.iter().copied()).unwrap()
    }

    fn headers(values: &[&[u8]]) -> HeaderMap {
        values.iter().map(|v| (NAME, HeaderValue::from_bytes(v).unwrap())).collect()
    }

    #[test]
    fn only_the_whole_key_is_right() {
        let keys = keys(&["correct horse"]);
        assert!(keys.check(b"correct horse"));
        for wrong in ["", "correct", "correct horse ", "correct horse\0", "Correct horse", "x"] {
            assert!(!keys.check(wrong.as_bytes()), "{wrong:?}");
        }
    }

    #[test]
    fn every_key_of_the_set_is_accepted() {
        let keys = keys(&["old", "new"]);
        assert!(keys.check(b"old") && keys.check(b"new"));
        assert!(!keys.check(b"oldnew"));
    }

    #[test]
    fn a_key_of_256_bytes_is_accepted_and_nothing_longer_matches_it() {
        let longest = "k".repeat(256);
        let keys = keys(&[&longest]);
        assert!(keys.check(longest.as_bytes()));
        assert!(!keys.check(format!("{longest}k").as_bytes()));
        assert!(!keys.check(&vec![b'k'; 1 << 20]));
    }

    #[test]
    fn unusable_keys_are_refused_with_their_position() {
        use InvalidKeys::*;
        let none: [&str; 0] = [];
        assert_eq!(Keys::new(none).unwrap_err(), NoKey);
        assert_eq!(Keys::new([""]).unwrap_err(), Empty { position: 1 });
        assert_eq!(Keys::new(["good", " \t\n"]).unwrap_err(), Empty { position: 2 });
        let long = "k".repeat(257);
        assert_eq!(Keys::new([long]).unwrap_err(), TooLong { position: 1, length: 257 });
        for unfit in ["line\n", " lead", "in\tside", "caf\u{e9}", "nul\0", "del\u{7f}"] {
            assert_eq!(
                Keys::new([unfit]).unwrap_err(),
                NotAHeaderValue { position: 1 },
                "{unfit:?}"
            );
        }
    }

    #[test]
    fn an_absent_or_empty_header_is_a_missing_key() {
        let keys = keys(&["right"]);
        assert_eq!(keys.check_header(&headers(&[]), &NAME), Err(KeyProblem::Missing));
        assert_eq!(keys.check_header(&headers(&[b""]), &NAME), Err(KeyProblem::Missing));
        assert_eq!(keys.check_header(&headers(&[b"  "]), &NAME), Err(KeyProblem::Missing));
    }

    #[test]
    fn a_second_header_makes_even_a_right_key_wrong() {
        let keys = keys(&["right"]);
        assert_eq!(keys.check_header(&headers(&[b"right"]), &NAME), Ok(()));
        for pair in [[b"right".as_slice(), b"wrong"], [b"right", b"right"], [b"", b"right"]] {
            assert_eq!(keys.check_header(&headers(&pair), &NAME), Err(KeyProblem::Wrong));
        }
    }

    #[test]
    fn a_header_that_is_not_ascii_is_a_wrong_key() {
        let keys = keys(&["right"]);
        assert_eq!(keys.check_header(&headers(&[b"right\xff"]), &NAME), Err(KeyProblem::Wrong));
    }

    #[test]
    fn neither_debug_nor_an_error_shows_a_key() {
        assert_eq!(format!("{:?}", keys(&["canary", "canary"])), "Keys { count: 2 }");
        let error = Keys::new(["canary\n"]).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary"));
    }

    proptest! {
        #[test]
        fn a_candidate_is_right_exactly_when_it_is_one_of_the_keys(
            key in "[!-~]{1,256}", other in prop::collection::vec(any::<u8>(), 0..300)
        ) {
            let keys = keys(&["first", &key]);
            prop_assert!(keys.check(key.as_bytes()));
            prop_assert_eq!(keys.check(&other), other == key.as_bytes() || other == b"first");
        }
    }
}
