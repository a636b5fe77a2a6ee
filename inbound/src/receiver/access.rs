use std::fmt;

use http::{HeaderName, request::Parts};
use secrecy::SecretString;

use super::Refusal;
use crate::Keys;

/// The fewest bytes that a secret may have.
const SHORTEST: usize = 16;

/// By which secret a sender is known: in a header, as the last segment of the path, or both.
///
/// Several secrets are accepted at a time, so that one can be replaced without a gap. They are
/// compared in constant time and never shown.
pub struct Access {
    header: Option<(HeaderName, Keys)>,
    path: Option<Keys>,
}

/// Why a set of secrets was refused. The secrets themselves are never shown.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAccess {
    /// A secret is too short to stand against guessing.
    #[error(
        "a secret has {length} bytes: use at least {SHORTEST}, `generate_secret` makes a good one"
    )]
    TooShort {
        /// The length of the shortest one, in bytes.
        length: usize,
    },
    /// A secret for the path holds a character that a URL may show in another way.
    #[error("a secret for the path may hold only A-Z, a-z, 0-9 and - . _ ~")]
    NotAPathSegment,
}

impl Access {
    /// Asks for one of the keys in this header, once. Anything else is 401.
    ///
    /// # Errors
    /// [`InvalidAccess::TooShort`] below 16 bytes.
    pub fn by_header(name: HeaderName, keys: Keys) -> Result<Self, InvalidAccess> {
        Self { header: None, path: None }.and_header(name, keys)
    }

    /// Asks for one of the keys as the last segment of the path: `/hooks/<key>`. Any other path is
    /// 404, whatever else may be right or wrong with the request.
    ///
    /// What stands before the last segment is left to the router, and a query is passed over. Keep
    /// the path out of access logs.
    ///
    /// # Errors
    /// [`InvalidAccess::TooShort`] below 16 bytes, [`InvalidAccess::NotAPathSegment`] for other
    /// characters than `A-Z a-z 0-9 - . _ ~`.
    pub fn by_path(keys: Keys) -> Result<Self, InvalidAccess> {
        long_enough(&keys)?;
        if !keys.stand_in_a_path() {
            return Err(InvalidAccess::NotAPathSegment);
        }
        Ok(Self { header: None, path: Some(keys) })
    }

    /// Asks for a key in this header as well, in place of a header asked for before.
    ///
    /// # Errors
    /// As [`by_header`](Self::by_header).
    pub fn and_header(self, name: HeaderName, keys: Keys) -> Result<Self, InvalidAccess> {
        long_enough(&keys)?;
        Ok(Self { header: Some((name, keys)), ..self })
    }

    /// Lets everybody in. Whoever finds the address can post what looks like an event, so keep this
    /// to a private network or a first try.
    pub fn allow_unauthenticated() -> Self {
        Self { header: None, path: None }
    }

    pub(super) fn check(&self, head: &Parts) -> Result<(), Refusal> {
        if let Some(keys) = &self.path {
            let segment = head.uri.path().rsplit('/').next().unwrap_or_default();
            if !keys.check(segment.as_bytes()) {
                return Err(Refusal::NotFound);
            }
        }
        match &self.header {
            Some((name, keys)) => {
                keys.check_header(&head.headers, name).map_err(|_| Refusal::Unauthorized)
            }
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").field("header", &self.header).field("path", &self.path).finish()
    }
}

fn long_enough(keys: &Keys) -> Result<(), InvalidAccess> {
    let length = keys.shortest();
    if length < SHORTEST { Err(InvalidAccess::TooShort { length }) } else { Ok(()) }
}

/// The system gave no random bytes.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system gave no random bytes")]
pub struct NoRandomness;

/// A new secret for a webhook: 32 random bytes as 64 hexadecimal digits, fit for a header and for a
/// path. Make it once and keep it where the program finds it again.
///
/// # Errors
/// [`NoRandomness`], which no usual system ever leads to.
pub fn generate_secret() -> Result<SecretString, NoRandomness> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|_| NoRandomness)?;
    // Full capacity from the start: growing would leave an unwiped copy behind.
    let mut text = String::with_capacity(2 * bytes.len());
    for half in bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]) {
        text.extend(char::from_digit(half.into(), 16));
    }
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use http::Request;
    use secrecy::ExposeSecret;

    use super::*;

    const NAME: HeaderName = HeaderName::from_static("x-webhook-secret");
    const SECRET: &str = "0123456789abcdef";

    fn keys(keys: &[&str]) -> Keys {
        Keys::new(keys.iter().copied()).unwrap()
    }

    fn check(access: &Access, path: &str, secrets: &[&str]) -> Result<(), Refusal> {
        let mut request = Request::post(path);
        for secret in secrets {
            request = request.header(NAME, *secret);
        }
        access.check(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn e01_a_short_secret_is_no_configuration() {
        let short = InvalidAccess::TooShort { length: 15 };
        let short_keys = || keys(&[SECRET, "0123456789abcde"]);
        assert_eq!(Access::by_header(NAME, short_keys()).unwrap_err(), short);
        assert_eq!(Access::by_path(short_keys()).unwrap_err(), short);
        let by_path = Access::by_path(keys(&[SECRET])).unwrap();
        assert_eq!(by_path.and_header(NAME, short_keys()).unwrap_err(), short);
        assert!(Access::by_header(NAME, keys(&[SECRET])).is_ok());
    }

    #[test]
    fn e01_only_one_header_with_a_whole_secret_is_let_in() {
        let access = Access::by_header(NAME, keys(&[SECRET, "fedcba9876543210"])).unwrap();
        for right in [SECRET, "fedcba9876543210"] {
            assert_eq!(check(&access, "/", &[right]), Ok(()));
        }
        for wrong in
            [&[][..], &[""], &["0123456789abcde"], &["0123456789abcdef0"], &[SECRET, SECRET]]
        {
            assert_eq!(check(&access, "/", wrong), Err(Refusal::Unauthorized), "{wrong:?}");
        }
    }

    #[test]
    fn e02_only_a_whole_secret_at_the_end_of_the_path_is_let_in() {
        let access = Access::by_path(keys(&[SECRET, "fedcba9876543210"])).unwrap();
        for right in ["/0123456789abcdef", "/hooks/fedcba9876543210?query=1"] {
            assert_eq!(check(&access, right, &[]), Ok(()), "{right}");
        }
        for wrong in [
            "/",
            "/hooks",
            "/hooks/0123456789abcde",
            "/hooks/0123456789abcdef0",
            "/0123456789abcdef/",
            "/0123456789abcdef/x",
            "/%30123456789abcdef",
            "/x?0123456789abcdef",
        ] {
            assert_eq!(check(&access, wrong, &[SECRET]), Err(Refusal::NotFound), "{wrong}");
        }
    }

    #[test]
    fn with_both_asked_for_both_have_to_be_right() {
        let access = Access::by_path(keys(&[SECRET])).unwrap();
        let both = access.and_header(NAME, keys(&["fedcba9876543210"])).unwrap();
        assert_eq!(check(&both, "/0123456789abcdef", &["fedcba9876543210"]), Ok(()));
        assert_eq!(check(&both, "/0123456789abcdef", &[SECRET]), Err(Refusal::Unauthorized));
        assert_eq!(check(&both, "/x", &["fedcba9876543210"]), Err(Refusal::NotFound));
    }

    #[test]
    fn a_secret_that_a_url_may_show_in_another_way_is_none_for_the_path() {
        for unfit in ["0123456789abcde/", "0123456789abcde%", "0123456789abcd e"] {
            let refused = Access::by_path(keys(&[unfit])).unwrap_err();
            assert_eq!(refused, InvalidAccess::NotAPathSegment, "{unfit}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let access = Access::by_path(keys(&[SECRET])).unwrap();
        let access = access.and_header(NAME, keys(&["fedcba9876543210"])).unwrap();
        let shown = format!("{access:?}");
        assert!(shown.contains("x-webhook-secret"), "{shown}");
        assert!(!shown.contains("0123") && !shown.contains("fedc"), "{shown}");
    }

    #[test]
    fn e01_a_generated_secret_is_long_and_fits_anywhere() {
        let secret = generate_secret().unwrap();
        assert_eq!(secret.expose_secret().len(), 64);
        assert_ne!(secret.expose_secret(), generate_secret().unwrap().expose_secret());
        assert!(Access::by_path(Keys::new([secret]).unwrap()).is_ok());
    }
}
