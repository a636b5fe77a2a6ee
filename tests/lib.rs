//! Tests of the replykit family as a whole: `cargo test -p replykit-tests`.
//!
//! The library itself is empty. It includes the README of the repository, so that its code compiles;
//! the READMEs of the crates are compiled as their crate docs.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
