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
mod rate_limit;
mod retry;
mod retry_after;
mod target;

pub use error::{Phase, TransportError, TransportErrorKind};
pub use http_transport::{Body, CallOptions, Connection, DEFAULT_MAX_BODY, HttpTransport};
#[cfg(feature = "mock")]
pub use mock::MockTransport;
pub use outcome::Outcome;
#[cfg(feature = "reqwest")]
pub use over_reqwest::{ReqwestTransport, ReqwestTransportBuilder};
pub use rate_limit::{Charge, LimitKey, LimitStore, Limiter, MemoryLimits, Take};
pub use retry::{FailedAttempt, OperationClass, RetryBudget, RetryPolicy, RetryRule};
pub use retry_after::retry_after;
pub use target::{check_target, is_loopback};
