//! Handlers that are ready to use.

mod keywords;

pub use keywords::Keywords;
