//! The secret key of a source, and where a client gets it from.

use std::fmt;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

mod keeper;

pub use keeper::SecretError;
pub(crate) use keeper::{Keeper, Key};

/// An error of a user's own code.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The secret key of a source. It cannot be printed or serialized, and its memory is overwritten when it
/// is dropped.
///
/// It stands on the card of the Lead Reply API. Regenerate makes another one, and the old one fails at
/// once; Disconnect clears it.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// A secret as the card shows it.
    ///
    /// # Errors
    /// One that is blank, that has white space around it (trim what is read from a file), or a control
    /// character in it. Whether a header can carry it is checked when a call is made.
    pub fn new(secret: impl Into<SecretString>) -> Result<Self, InvalidSecret> {
        let secret = Self(secret.into());
        let text = secret.expose();
        if text.trim().is_empty() {
            return Err(InvalidSecret::Blank);
        }
        if text.trim() != text {
            return Err(InvalidSecret::WhiteSpaceAround);
        }
        if text.chars().any(char::is_control) {
            return Err(InvalidSecret::ControlCharacter);
        }
        Ok(secret)
    }

    /// Whether it is the same one. How long this takes tells no more of it than its length.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.expose().as_bytes().ct_eq(other.expose().as_bytes()).into()
    }

    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([redacted])")
    }
}

/// Why a text is no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidSecret {
    /// It is empty or only white space.
    Blank,
    /// There is white space before or behind it.
    WhiteSpaceAround,
    /// It holds a control character, such as a line end.
    ControlCharacter,
}

impl fmt::Display for InvalidSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Blank => {
                "the secret is blank: check the variable or the file that it is read from"
            }
            Self::WhiteSpaceAround => {
                "the secret has white space around it: trim what is read from a file"
            }
            Self::ControlCharacter => "the secret holds a control character: copy it once more",
        })
    }
}

impl std::error::Error for InvalidSecret {}

/// Where a client gets its secret from: a fixed [`Secret`], a closure, or a store of your own.
///
/// A closure is asked anew for a newer secret:
///
/// ```
/// use lead_reply::{BoxError, Client, Secret};
/// # use lead_reply::transport::MockTransport;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let transport = MockTransport::new();
/// let secret = || async {
///     let text = std::fs::read_to_string("/run/secrets/lead-reply")?;
///     Ok::<_, BoxError>(Secret::new(text.trim())?)
/// };
/// let client = Client::over(transport, "https://example.com/source".parse()?, secret)?;
/// # Ok(()) }
/// ```
#[async_trait]
pub trait SecretProvider: Send + Sync + 'static {
    /// The secret as it is now. A client asks once and keeps it until the service refuses it.
    ///
    /// # Errors
    /// Any that keeps it from being read. The call then fails with
    /// [`ErrorKind::Secret`](crate::ErrorKind::Secret), and nothing was sent.
    async fn secret(&self) -> Result<Secret, BoxError>;

    /// A newer one than that which the service has just refused. Without one of your own this is
    /// [`secret`](Self::secret).
    ///
    /// Many calls that are refused at a time ask once. `None` and the same secret mean that there is no
    /// newer one, and nobody asks again for 30 s.
    ///
    /// # Errors
    /// Any that keeps it from being read. The call then fails with the refusal, and
    /// [`Error::secret_error`](crate::Error::secret_error) has this one.
    async fn newer_than(&self, refused: &Secret) -> Result<Option<Secret>, BoxError> {
        let _ = refused;
        self.secret().await.map(Some)
    }
}

#[async_trait]
impl SecretProvider for Secret {
    async fn secret(&self) -> Result<Secret, BoxError> {
        Ok(self.clone())
    }

    async fn newer_than(&self, _refused: &Secret) -> Result<Option<Secret>, BoxError> {
        Ok(None)
    }
}

#[async_trait]
impl<F, Fut> SecretProvider for F
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Secret, BoxError>> + Send,
{
    async fn secret(&self) -> Result<Secret, BoxError> {
        self().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_file_or_variable_should_hold_is_no_secret() {
        for (text, problem) in [
            ("", InvalidSecret::Blank),
            (" \n", InvalidSecret::Blank),
            ("canary\n", InvalidSecret::WhiteSpaceAround),
            (" canary", InvalidSecret::WhiteSpaceAround),
            ("can\nary", InvalidSecret::ControlCharacter),
            ("can\0ary", InvalidSecret::ControlCharacter),
        ] {
            let error = Secret::new(text).unwrap_err();
            assert_eq!(error, problem, "{text:?}");
            assert!(!format!("{error} {error:?}").contains("ary"));
        }
        assert!(Secret::new("clé secrète").is_ok(), "a field of JSON can carry it");
    }

    #[test]
    fn a_secret_matches_itself_alone_and_is_not_shown() {
        let secret = |text: &str| Secret::new(text).unwrap();
        assert!(secret("canary").matches(&secret("canary")));
        for other in ["canarz", "canar", "canary2", "Canary"] {
            assert!(!secret("canary").matches(&secret(other)), "{other}");
        }
        assert_eq!(format!("{:?}", secret("canary")), "Secret([redacted])");
    }
}
