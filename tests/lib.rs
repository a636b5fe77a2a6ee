//! Tests of the replykit family as a whole: `cargo test -p replykit-tests`.
//!
//! The library holds what the tests and the program for long runs share. It includes the README of the
//! repository, so that its code compiles; the READMEs of the crates are compiled as their crate docs.

pub mod fault_server;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
