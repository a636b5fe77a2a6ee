//! The tests that need more than one crate.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

mod commands;
mod conformance;
mod control;
mod crm_client;
mod crm_contacts;
mod crm_control;
mod crm_wire;
mod data;
mod deliveries;
mod faults;
mod fixtures;
mod flows;
mod layering;
mod lead_client;
mod lead_control;
mod lead_webhook;
mod lead_wire;
mod pages;
mod phone;
mod reconcile;
mod repository;
mod sandbox_socket;
mod sandbox_wire;
mod session_client;
mod session_control;
mod session_wire;
mod support;
mod webhook;
mod wire;

use convrs_client::transport::{ReqwestTransport as Transport, ReqwestTransportBuilder as Builder};

/// Whether the transport can tell that no byte of a request was written.
const PROVES_UNWRITTEN: bool = false;
