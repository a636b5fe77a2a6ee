use std::fmt;

use crate::{ErrorCode, Outcome, WhatsAppError, redact::Hidden};

/// A refusal: an answer with `ok` 0.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiError {
    /// The command that was refused, empty where the request named none.
    pub command: String,
    /// `errorCode`. An answer of an earlier edition may lack it.
    pub code: Option<ErrorCode>,
    /// `error`: the server's own words. They may quote what was sent, so they are not shown by
    /// `Debug` and `Display`.
    pub message: String,
    /// With code 3002: what WhatsApp said.
    pub whatsapp: Option<WhatsAppError>,
}

impl ApiError {
    /// A refusal of `command`. The message is the code's documented meaning.
    #[must_use]
    pub fn new(command: impl Into<String>, code: ErrorCode) -> Self {
        let message = code.info().map_or("error", |info| info.meaning).to_owned();
        Self { command: command.into(), code: Some(code), message, whatsapp: None }
    }

    /// Whether the command can have been carried out all the same.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match (&self.whatsapp, self.code) {
            (Some(whatsapp), Some(ErrorCode::WhatsApp)) => whatsapp.outcome(),
            (_, Some(code)) => code.outcome(),
            (_, None) => Outcome::Unknown,
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let command = if self.command.is_empty() { "the command" } else { &self.command };
        write!(f, "{command} was refused")?;
        match self.code {
            Some(code) => write!(f, " with error {code}")?,
            None => write!(f, " without an error code")?,
        }
        if let Some(code) = self.whatsapp.as_ref().and_then(|whatsapp| whatsapp.code) {
            write!(f, " (WhatsApp code {code})")?;
        }
        match self.code.and_then(ErrorCode::info) {
            Some(info) => write!(f, ": {}", info.remedy),
            None => f.write_str("; the server's own words are in ApiError::message"),
        }
    }
}

impl std::error::Error for ApiError {}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiError")
            .field("command", &self.command)
            .field("code", &self.code)
            .field("message", &Hidden(&self.message))
            .field("whatsapp", &self.whatsapp)
            .finish()
    }
}
