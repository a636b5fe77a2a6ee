#![doc = include_str!("../README.md")]

#[macro_use]
mod open_enum;

mod app_type;
mod endpoint;
mod failure;
mod handler;
mod handlers;
mod incoming;
mod local_time;
mod redact;
mod rejection;
mod reply;
mod response;
mod service;
#[cfg(test)]
mod testing;

pub use app_type::AppType;
pub use endpoint::AutoReply;
pub use failure::Failure;
pub use handler::{BoxError, ReplyHandler};
pub use handlers::Keywords;
pub use incoming::Incoming;
pub use local_time::LocalTime;
pub use rejection::{ErrorBody, FieldProblem, Rejection};
pub use reply::{Reply, ReplyStatus};
pub use replykit_inbound::{InvalidKeys, Keys};
