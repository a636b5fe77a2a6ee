// The examples of the README need both features; its text does not.
#![cfg_attr(
    any(not(doctest), all(feature = "mock", feature = "reqwest")),
    doc = include_str!("../README.md")
)]

mod error;
mod http_transport;
#[cfg(feature = "mock")]
mod mock;
mod outcome;
#[cfg(feature = "reqwest")]
mod over_reqwest;
mod target;

pub use error::{Phase, TransportError, TransportErrorKind};
pub use http_transport::{Body, CallOptions, Connection, DEFAULT_MAX_BODY, HttpTransport};
#[cfg(feature = "mock")]
pub use mock::MockTransport;
pub use outcome::Outcome;
#[cfg(feature = "reqwest")]
pub use over_reqwest::{ReqwestTransport, ReqwestTransportBuilder};
pub use target::{check_target, is_loopback};
