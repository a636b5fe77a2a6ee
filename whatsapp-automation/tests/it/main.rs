//! What the clients put on the wire and make of what comes back, over real connections.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

mod faults;
mod forms;
mod log;
mod readme;
mod wire;

use replykit_transport::ReqwestTransport;
use whatsapp_automation::crm::Client;

/// A client that no proxy of the environment can come between.
fn client(base: &str) -> Client {
    let transport = ReqwestTransport::builder().loopback_only().build().unwrap();
    Client::over(transport, base.parse().unwrap()).unwrap().seed(1)
}
