use std::fmt;

use crate::{ErrorCode, Outcome, RetryRule, WhatsAppError, redact::Hidden};

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
        match (self.behind_3002(), self.code) {
            (Some(whatsapp), _) => whatsapp.outcome(),
            (None, Some(code)) => code.outcome(),
            (None, None) => Outcome::Unknown,
        }
    }

    /// Whether and when the same command makes sense again. With code 3002 the rule is that of
    /// WhatsApp's code, otherwise that of the code.
    ///
    /// [`RetryRule::Never`] for a code that is not documented and for none at all: the command may
    /// have been carried out, and nobody knows what a repeat would do. No rule repeats a command
    /// that sends or creates when its [`outcome`](Self::outcome) is [`Outcome::Unknown`].
    #[must_use]
    pub fn retry(&self) -> RetryRule {
        match (self.behind_3002(), self.code.and_then(ErrorCode::info)) {
            (Some(whatsapp), _) => whatsapp.retry(),
            (None, Some(info)) => info.retry,
            (None, None) => RetryRule::Never,
        }
    }

    fn behind_3002(&self) -> Option<&WhatsAppError> {
        self.whatsapp.as_ref().filter(|_| self.code == Some(ErrorCode::WhatsApp))
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
        match (
            self.behind_3002().and_then(WhatsAppError::info),
            self.code.and_then(ErrorCode::info),
        ) {
            (Some(info), _) => write!(f, ", {}: {}", info.meaning, info.remedy),
            (None, Some(info)) => write!(f, ": {}", info.remedy),
            (None, None) => f.write_str("; the server's own words are in ApiError::message"),
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn refusal(code: Option<i64>, whatsapp: Option<i64>) -> ApiError {
        ApiError {
            command: "SendWhatsAppTemplate".to_owned(),
            code: code.map(ErrorCode::from),
            message: String::new(),
            whatsapp: whatsapp.map(|code| WhatsAppError::new(code, "")),
        }
    }

    #[test]
    fn behind_3002_the_code_of_whatsapp_counts() {
        let throughput = refusal(Some(3002), Some(130_429));
        assert_eq!(throughput.outcome(), Outcome::Rejected);
        assert_eq!(throughput.retry(), RetryRule::After(Duration::from_secs(1)));
        for whatsapp in [Some(131_000), Some(7), None] {
            let doubtful = refusal(Some(3002), whatsapp);
            assert_eq!(doubtful.outcome(), Outcome::Unknown, "{whatsapp:?}");
            assert_eq!(doubtful.retry(), RetryRule::Never, "{whatsapp:?}");
        }
    }

    #[test]
    fn beside_another_code_the_code_of_whatsapp_does_not_count() {
        let timeout = refusal(Some(2003), Some(130_429));
        assert_eq!(timeout.outcome(), Outcome::Unknown);
        assert_eq!(timeout.retry(), RetryRule::UnlessSend(Duration::from_secs(1)));
        let without_a_code = refusal(None, Some(130_429));
        assert_eq!(without_a_code.outcome(), Outcome::Unknown);
        assert_eq!(without_a_code.retry(), RetryRule::Never);
    }

    #[test]
    fn a_code_that_is_not_documented_is_never_repeated() {
        assert_eq!(refusal(Some(4711), None).retry(), RetryRule::Never);
        assert_eq!(refusal(None, None).retry(), RetryRule::Never);
    }

    #[test]
    fn the_text_names_the_remedy_of_the_code_that_counts() {
        assert_eq!(
            refusal(Some(3002), Some(131_047)).to_string(),
            "SendWhatsAppTemplate was refused with error 3002, WhatsApp error (WhatsApp code \
             131047), the 24-hour window is closed: send a template"
        );
        assert_eq!(
            refusal(Some(3002), Some(7)).to_string(),
            "SendWhatsAppTemplate was refused with error 3002, WhatsApp error (WhatsApp code 7): \
             read the WhatsApp error code"
        );
    }
}
