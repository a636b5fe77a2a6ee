//! The tests of `tests/it` that ask something of any transport, with this one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod building;
mod proof;
mod proxies;

#[path = "../it"]
mod suite {
    mod answers;
    mod connecting;
    mod connections;
    mod headers;
    mod redirects;
    pub(crate) mod support;
    mod targets;
    mod uploads;
}

use replykit_transport::HyperTransport as Transport;
use suite::support;

/// Whether it can tell that no byte of a request was written.
const PROVES_UNWRITTEN: bool = true;
