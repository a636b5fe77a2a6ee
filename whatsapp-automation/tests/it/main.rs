//! What the clients put on the wire and make of what comes back, over real connections.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

mod forms;
mod log;
mod odd_answers;
mod readme;
mod session_faults;
mod session_uploads;
mod session_wire;
mod shareable;
mod uploads;
mod wire;

use replykit_transport::ReqwestTransport;
use whatsapp_automation::{crm, session};

/// A transport that no proxy of the environment can come between.
fn transport() -> ReqwestTransport {
    ReqwestTransport::builder().loopback_only().build().unwrap()
}

fn client(base: &str) -> crm::Client {
    crm::Client::over(transport(), base.parse().unwrap()).unwrap().seed(1)
}

fn session_client(base: &str) -> session::Client {
    session::Client::over(transport(), base.parse().unwrap()).unwrap().seed(1)
}
