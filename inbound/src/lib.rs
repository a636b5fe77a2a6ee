#![doc = include_str!("../README.md")]

mod body;
mod content_type;
mod keys;
mod panic;
mod repair;

pub use body::{BodyProblem, read_body};
pub use content_type::is_json;
pub use keys::{InvalidKeys, KeyProblem, Keys};
pub use panic::{Panicked, catch_panic};
pub use repair::repair_json;
