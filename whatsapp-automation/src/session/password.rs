use secrecy::{ExposeSecret, SecretString};

/// A password. It shows nowhere, and its memory is overwritten when it is dropped.
#[derive(Clone)]
pub(super) struct Password(SecretString);

impl Password {
    pub(super) fn new(password: impl Into<String>) -> Self {
        Self(SecretString::from(password.into()))
    }

    /// For the body of a login.
    pub(super) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}
