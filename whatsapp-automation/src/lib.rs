// The examples of the README need the features; its text does not.
#![cfg_attr(
    any(not(doctest), all(feature = "mock", feature = "qr", feature = "reqwest")),
    doc = include_str!("../README.md")
)]

mod api_error;
mod error;
mod invalid;
mod items;
mod json;
mod login_error;
mod media;
mod multipart;
mod protocol_error;
mod redact;
mod scalar;
mod time;
mod trace;

pub mod crm;
pub mod session;

pub use api_error::ApiError;
pub use error::{Error, ErrorKind};
pub use invalid::Invalid;
pub use items::{Items, Malformed};
pub use login_error::{LoginError, LoginProblem};
pub use media::Media;
pub use protocol_error::{ProtocolError, ProtocolProblem};
pub use replykit_transport as transport;
pub use replykit_transport::{OperationClass, Outcome, RetryPolicy, RetryRule};
pub use time::DateTime;
