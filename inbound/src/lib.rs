#![doc = include_str!("../README.md")]

mod body;
mod content_type;
mod keys;
mod panic;
#[cfg(feature = "receiver")]
mod receiver;
mod repair;

pub use body::{BodyProblem, read_body};
pub use content_type::is_json;
pub use keys::{InvalidKeys, KeyProblem, Keys};
pub use panic::{Panicked, catch_panic};
#[cfg(feature = "receiver")]
pub use receiver::{
    Accepted, Access, BoxError, DeadLetter, Decoded, Identity, InvalidAccess, NoRandomness,
    Receiver, ReceiverLimits, Refusal, Sink, SinkFailure, generate_secret,
};
pub use repair::repair_json;
