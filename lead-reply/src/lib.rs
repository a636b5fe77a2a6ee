// The examples of the README need the features; its text does not.
#![cfg_attr(
    any(not(doctest), all(feature = "mock", feature = "reqwest", feature = "webhook")),
    doc = include_str!("../README.md")
)]

mod client;
mod error;
mod id;
mod invalid;
mod lead;
mod protocol_problem;
mod redact;
mod refusal;
mod secret;
mod settings;
mod trace;
mod wire_format;

#[cfg(feature = "webhook")]
pub mod webhook;

pub use client::{Call, Client};
pub use error::{Error, ErrorKind};
pub use id::{LeadId, MessageId};
pub use invalid::Invalid;
pub use lead::{Activity, ActivityKind, Direction, Field, FieldNames, Lead, Message, Source};
pub use protocol_problem::ProtocolProblem;
pub use refusal::{Refusal, RefusalKind};
pub use replykit_transport as transport;
pub use replykit_transport::{OperationClass, Outcome, RetryPolicy, RetryRule};
pub use secret::{BoxError, InvalidSecret, Secret, SecretError, SecretProvider};
pub use settings::SourceSettings;
pub use wire_format::{RefusalRule, Replied, SecretPlace, WireFormat};
