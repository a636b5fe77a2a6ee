#![doc = include_str!("../README.md")]

mod id;
mod lead;
mod redact;

#[cfg(feature = "webhook")]
pub mod webhook;

pub use id::{LeadId, MessageId};
pub use lead::{Activity, ActivityKind, Direction, Field, FieldNames, Lead, Message, Source};
