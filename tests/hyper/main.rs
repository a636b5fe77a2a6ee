//! What `tests/it` asks of the clients over one transport, asked over the other: conformance, the bytes
//! on the wire, the ways to the sandbox, and the fault matrix.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

#[path = "../it"]
mod suite {
    mod conformance;
    mod crm_client;
    #[path = "faults"]
    mod faults {
        mod answers;
        mod calls;
        mod codes;
        mod connecting;
        mod exchange;
        pub(crate) mod harness;
        mod keep_alive;
        mod rest;
        mod statuses;
    }
    pub(crate) mod fixtures;
    pub(crate) mod layering;
    mod lead_client;
    mod session_client;
    #[allow(dead_code, reason = "what the other suite needs")]
    pub(crate) mod support;
    mod wire;
}

use convrs_client::transport::{HyperTransport as Transport, HyperTransportBuilder as Builder};
use suite::{fixtures, layering, support};

/// Whether the transport can tell that no byte of a request was written.
const PROVES_UNWRITTEN: bool = true;
