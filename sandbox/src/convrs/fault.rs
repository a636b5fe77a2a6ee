use convrs_client::{ApiError, Command, ErrorCode, WhatsAppError};

/// An answer that a caller of the API cannot bring about: the next request gets it.
///
/// ```
/// use convrs_client::{ErrorCode, Outcome, SendSmsMessage};
/// use replykit_sandbox::{Fault, Sandbox};
///
/// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sandbox = Sandbox::start().await?;
/// let client = sandbox.convrs_client()?;
/// sandbox.convrs().fail_next(Fault::new(ErrorCode::Timeout).carried_out());
///
/// let error = client.execute(SendSmsMessage::new(3941, "+447922021419", "Hello")).await.unwrap_err();
/// assert_eq!(error.code(), Some(ErrorCode::Timeout));
/// assert_eq!(error.outcome(), Outcome::Unknown);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    code: ErrorCode,
    whatsapp: Option<WhatsAppError>,
    command: Option<&'static str>,
    pub(super) carried_out: bool,
}

impl Fault {
    /// Answers with this code, whatever the command, and does nothing else.
    #[must_use]
    pub fn new(code: ErrorCode) -> Self {
        Self { code, whatsapp: None, command: None, carried_out: false }
    }

    /// Answers 3002 with this error of WhatsApp's.
    #[must_use]
    pub fn whatsapp(error: WhatsAppError) -> Self {
        Self { whatsapp: Some(error), ..Self::new(ErrorCode::WhatsApp) }
    }

    /// Waits for a command of this type.
    #[must_use]
    pub fn of<C: Command>(self) -> Self {
        self.of_name(C::NAME)
    }

    pub(crate) fn of_name(mut self, command: &'static str) -> Self {
        self.command = Some(command);
        self
    }

    /// Carries the command out and answers with the code all the same: what the caller is told is
    /// then not what happened. A command that is refused for a cause of its own gets that refusal.
    #[must_use]
    pub fn carried_out(mut self) -> Self {
        self.carried_out = true;
        self
    }

    pub(super) fn hits(&self, command: &str) -> bool {
        self.command.is_none_or(|wanted| wanted == command)
    }

    pub(super) fn error(&self, command: &str) -> ApiError {
        let mut error = ApiError::new(command, self.code);
        error.whatsapp.clone_from(&self.whatsapp);
        error
    }
}
