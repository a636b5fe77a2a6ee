//! What the server does for each command.

mod conversations;
mod sending;
mod tags;
mod users;

use convrs_client::{Command, ErrorCode, WhatsAppError};
use jiff::Timestamp;

use super::state::State;

/// What the server does for a command whose fields were found good.
pub(super) trait Serve: Command {
    fn serve(self, state: &mut State, now: Timestamp) -> Result<Self::Output, Refusal>;
}

/// Why the server does not do it.
pub(super) enum Refusal {
    Code(ErrorCode),
    WhatsApp(WhatsAppError),
}

impl From<ErrorCode> for Refusal {
    fn from(code: ErrorCode) -> Self {
        Self::Code(code)
    }
}
