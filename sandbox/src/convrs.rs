//! The Convrs API: real state behind the documented commands.

mod access;
mod control;
mod conversations;
mod country;
mod delivery;
mod fault;
mod push;
mod rates;
mod seed;
mod serve;
mod session;
mod socket_fault;
mod sockets;
mod state;

use access::Access;
pub use control::{ControlError, ConvrsControl};
use convrs_client::{
    ApiError, Command, ErrorCode,
    envelope::{self, RequestHead},
    for_each_command,
};
pub use delivery::Recipient;
pub use fault::Fault;
use jiff::Timestamp;
pub use push::{CallbackDelivery, EventDelivery, PushResult, Way};
pub(crate) use push::{PATIENCE, PendingPush};
use serve::Serve;
pub(crate) use session::Session;
pub use socket_fault::SocketFault;
pub use sockets::SocketCounts;
pub(crate) use sockets::{End, Order, Unwritten};
pub(crate) use state::State;

impl State {
    /// Answers one request. The checks come in a fixed order: JSON, token, name of the command,
    /// missing fields, format and length, existence, rate limits, state.
    pub(crate) fn answer(&mut self, request: &[u8], now: Timestamp) -> String {
        self.reply(request, now, Access::check).unwrap_or_else(|e| envelope::encode_error(&e))
    }

    /// Answers one request of a socket that is connected.
    fn answer_connected(&mut self, request: &[u8], now: Timestamp) -> String {
        let check = Access::check_connected;
        self.reply(request, now, check).unwrap_or_else(|e| envelope::encode_error(&e))
    }

    fn reply(
        &mut self,
        request: &[u8],
        now: Timestamp,
        check: fn(&Access, &RequestHead) -> Result<(), ApiError>,
    ) -> Result<String, ApiError> {
        let head = RequestHead::decode(request)?;
        check(&self.access, &head)?;
        self.dispatch(head.cmd(), request, now)
    }

    fn serve<C: Serve>(&mut self, request: &[u8], now: Timestamp) -> Result<String, ApiError> {
        let command = envelope::decode_request::<C>(request)?;
        let fault = self.faults.iter().position(|fault| fault.hits(C::NAME));
        let fault = fault.map(|place| self.faults.remove(place));
        if let Some(fault) = fault.as_ref().filter(|fault| !fault.carried_out) {
            return Err(fault.error(C::NAME));
        }
        let output = command.serve(self, now).map_err(|refusal| refusal.error(C::NAME))?;
        match fault {
            Some(fault) => Err(fault.error(C::NAME)),
            None => Ok(envelope::encode_reply::<C>(&output)),
        }
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
