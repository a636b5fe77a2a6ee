//! What the server does for each command.

mod conversations;
mod sending;
mod tags;
mod users;

use convrs_client::{ApiError, Command, ErrorCode, WhatsAppError};
use jiff::Timestamp;
pub(super) use users::rename;

use super::state::State;

/// What the server does for a command whose fields were found good.
pub(super) trait Serve: Command {
    fn serve(self, state: &mut State, now: Timestamp) -> Result<Self::Output, Refusal>;
}

/// Why the server does not do it.
pub(super) enum Refusal {
    Code(ErrorCode),
    Because(ErrorCode, &'static str),
    WhatsApp(WhatsAppError),
}

impl Refusal {
    pub(super) fn error(self, command: &str) -> ApiError {
        match self {
            Self::Code(code) => ApiError::new(command, code),
            Self::Because(code, why) => {
                let mut error = ApiError::new(command, code);
                error.message = format!("{}: {why}", error.message);
                error
            }
            Self::WhatsApp(whatsapp) => {
                let mut error = ApiError::new(command, ErrorCode::WhatsApp);
                error.whatsapp = Some(whatsapp);
                error
            }
        }
    }
}

impl From<ErrorCode> for Refusal {
    fn from(code: ErrorCode) -> Self {
        Self::Code(code)
    }
}
