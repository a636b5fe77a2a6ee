#![doc = include_str!("../README.md")]

mod api_error;
mod error;
mod invalid;
mod protocol_error;

pub use api_error::ApiError;
pub use error::{Error, ErrorKind};
pub use invalid::Invalid;
pub use protocol_error::ProtocolError;
pub use replykit_transport as transport;
pub use replykit_transport::{OperationClass, Outcome, RetryPolicy, RetryRule};
