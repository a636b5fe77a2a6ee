use convrs_client::{ApiError, ErrorCode, Token, envelope::RequestHead};

/// Who may ask: the switch and the token of the dashboard.
#[derive(Default)]
pub(super) struct Access {
    first_token: String,
    issued: u32,
    disabled: bool,
}

impl Access {
    pub(super) fn new(token: String) -> Self {
        Self { first_token: token, issued: 0, disabled: false }
    }

    /// The token that counts now, or counted last.
    pub(super) fn token(&self) -> String {
        match self.issued {
            0 => self.first_token.clone(),
            more => format!("{}-{}", self.first_token, more.saturating_add(1)),
        }
    }

    /// Issues a token, and the old one fails at once.
    pub(super) fn reset_token(&mut self) {
        self.issued = self.issued.saturating_add(1);
    }

    /// Enabling what was disabled issues a token.
    pub(super) fn enable(&mut self) {
        if self.disabled {
            self.reset_token();
            self.disabled = false;
        }
    }

    pub(super) fn disable(&mut self) {
        self.disabled = true;
    }

    /// Without access no token is right.
    pub(super) fn check(&self, head: &RequestHead) -> Result<(), ApiError> {
        head.check_token(&Token::from(self.token()))?;
        if self.disabled {
            return Err(ApiError::new(head.cmd(), ErrorCode::InvalidToken));
        }
        Ok(())
    }

    /// One who is connected need not show the token again. Assumed: the commands on a socket carry it
    /// all the same, as their tables ask for it, and a wrong one is refused.
    pub(super) fn check_connected(&self, head: &RequestHead) -> Result<(), ApiError> {
        match self.check(head) {
            Err(error) if error.code == Some(ErrorCode::MissingToken) => Ok(()),
            checked => checked,
        }
    }
}
