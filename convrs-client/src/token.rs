use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// The API token of an organisation. It cannot be printed, compared or serialized.
///
/// The dashboard shows it once, under Integrations > Convrs API; Reset Token makes the old one fail
/// at once.
///
/// ```compile_fail
/// # use convrs_client::Token;
/// let same = Token::from("a") == Token::from("a"); // a comparison would take time by content
/// ```
#[derive(Clone)]
pub struct Token(SecretString);

impl Token {
    /// A token as the dashboard shows it.
    #[must_use]
    pub fn new(token: impl Into<String>) -> Self {
        Self(SecretString::from(token.into()))
    }

    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl From<&str> for Token {
    fn from(token: &str) -> Self {
        Self::new(token)
    }
}

impl From<String> for Token {
    fn from(token: String) -> Self {
        Self::new(token)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token([redacted])")
    }
}
