//! The Convrs API: real state behind the documented commands.

mod callbacks;
mod control;
mod country;
mod seed;
mod serve;
mod state;

pub(crate) use callbacks::PendingCallback;
pub use callbacks::{CallbackDelivery, CallbackResult};
pub use control::SceneError;
use convrs_client::{ApiError, Command, ErrorCode, Token, envelope, for_each_command};
use jiff::Timestamp;
use serve::{Refusal, Serve};
pub(crate) use state::State;

impl State {
    /// Answers one request. The checks come in a fixed order: JSON, token, name of the command,
    /// missing fields, format and length, existence, rate limits, state.
    pub(crate) fn answer(&mut self, request: &[u8], token: &Token, now: Timestamp) -> String {
        self.reply(request, token, now).unwrap_or_else(|error| envelope::encode_error(&error))
    }

    fn reply(&mut self, request: &[u8], token: &Token, now: Timestamp) -> Result<String, ApiError> {
        let head = envelope::RequestHead::decode(request)?;
        head.check_token(token)?;
        self.dispatch(head.cmd(), request, now)
    }

    fn serve<C: Serve>(&mut self, request: &[u8], now: Timestamp) -> Result<String, ApiError> {
        let output =
            envelope::decode_request::<C>(request)?.serve(self, now).map_err(|refusal| {
                let (code, whatsapp) = match refusal {
                    Refusal::Code(code) => (code, None),
                    Refusal::WhatsApp(error) => (ErrorCode::WhatsApp, Some(error)),
                };
                let mut error = ApiError::new(C::NAME, code);
                error.whatsapp = whatsapp;
                error
            })?;
        Ok(envelope::encode_reply::<C>(&output))
    }
}

macro_rules! dispatch {
    ($($command:ty),* $(,)?) => {
        impl State {
            fn dispatch(
                &mut self,
                cmd: &str,
                request: &[u8],
                now: Timestamp,
            ) -> Result<String, ApiError> {
                match cmd {
                    $(<$command as Command>::NAME => self.serve::<$command>(request, now),)*
                    unknown => Err(ApiError::new(unknown, ErrorCode::UnknownCommand)),
                }
            }
        }
    };
}

for_each_command!(dispatch);
