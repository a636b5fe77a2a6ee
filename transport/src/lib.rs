// The examples of the README need both features; its text does not.
#![cfg_attr(
    any(not(doctest), all(feature = "hyper", feature = "mock", feature = "reqwest")),
    doc = include_str!("../README.md")
)]

mod body;
mod error;
mod excerpt;
mod http_transport;
#[cfg(feature = "mock")]
mod mock;
#[cfg(feature = "mock")]
mod mock_websocket;
mod outcome;
#[cfg(feature = "hyper")]
mod over_hyper;
#[cfg(feature = "reqwest")]
mod over_reqwest;
#[cfg(feature = "ws")]
mod over_websocket;
mod rate_limit;
mod rest;
mod retry;
mod retry_after;
mod target;
mod websocket;

pub use body::{Body, BodyStream};
pub use error::{Phase, TransportError, TransportErrorKind};
pub use excerpt::excerpt;
pub use http_transport::{CallOptions, Connection, DEFAULT_MAX_BODY, HttpTransport};
#[cfg(feature = "mock")]
pub use mock::MockTransport;
#[cfg(feature = "mock")]
pub use mock_websocket::{MockServer, MockWebSockets};
pub use outcome::Outcome;
#[cfg(feature = "hyper")]
pub use over_hyper::{HyperTransport, HyperTransportBuilder};
#[cfg(feature = "reqwest")]
pub use over_reqwest::{ReqwestTransport, ReqwestTransportBuilder};
#[cfg(feature = "ws")]
pub use over_websocket::{TokioWebSockets, TokioWebSocketsBuilder};
pub use rate_limit::{Charge, LimitKey, LimitStore, Limiter, MemoryLimits, Take};
pub use rest::{RestClient, RestFailed, RestFailure, RestRequest, encode_segment};
pub use retry::{FailedAttempt, OperationClass, RetryBudget, RetryPolicy, RetryRule};
pub use retry_after::retry_after;
pub use target::{check_socket_target, check_target, is_loopback};
pub use websocket::{DEFAULT_MAX_MESSAGE, SocketMessage, WebSocket, WebSocketTransport};
