#![doc = include_str!("../README.md")]

mod error;

pub use error::{ApiError, Error, ErrorKind, Invalid, ProtocolError};
pub use replykit_transport as transport;
pub use replykit_transport::{OperationClass, Outcome, RetryPolicy, RetryRule};
