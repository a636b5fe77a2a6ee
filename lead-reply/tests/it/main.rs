//! What the client puts on the wire and makes of what comes back, over real connections.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

mod faults;
mod log;
mod readme;
mod wire;

use lead_reply::{Client, Secret, SecretProvider};
use replykit_transport::ReqwestTransport;

/// A client that no proxy of the environment can come between.
fn client_with(url: &str, secret: impl SecretProvider) -> Client {
    let transport = ReqwestTransport::builder().loopback_only().build().unwrap();
    Client::over(transport, url.parse().unwrap(), secret).unwrap().seed(1)
}

fn client(url: &str) -> Client {
    client_with(url, Secret::new("s3cret").unwrap())
}
