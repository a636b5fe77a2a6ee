//! The transport over real sockets, all of them on loopback.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod answers;
mod building;
mod connecting;
mod connections;
mod headers;
mod proxies;
mod redirects;
mod support;
mod targets;
mod uploads;
mod websockets;

use replykit_transport::{ReqwestTransport as Transport, ReqwestTransportBuilder as Builder};

/// Whether it can tell that no byte of a request was written.
const PROVES_UNWRITTEN: bool = false;
