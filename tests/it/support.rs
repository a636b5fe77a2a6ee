//! What several modules need.

pub(crate) mod socket;

use std::{
    collections::VecDeque,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, routing};
use bytes::Bytes;
use convrs_client::{
    Ack, DeliveryCallback,
    transport::{Body, CallOptions, HttpTransport},
};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use serde_json::Value;
use tokio::{
    net::TcpListener,
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
};

use crate::Transport;

/// The token of the document's examples.
pub(crate) const TOKEN: &str = "2730b3490cf32a1c16ac8b91e034aa9f073996f7";

pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A documented example, such as `convrs/01-GetUser-response`.
pub(crate) fn fixture(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(format!("{name}.json"));
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap()
}

/// One that no proxy of the environment can come between.
pub(crate) fn transport() -> Transport {
    Transport::builder().loopback_only().build().unwrap()
}

/// A request by hand, without any client.
pub(crate) async fn send(
    method: Method,
    url: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Response<Bytes> {
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let options = CallOptions::within(Duration::from_secs(10));
    let request = request.body(body.into()).unwrap();
    transport().send(request, &options).await.unwrap()
}

pub(crate) async fn post(url: &str, json: &Value) -> Value {
    let headers = [("Content-Type", "application/json")];
    let answer = send(Method::POST, url, &headers, json.to_string()).await;
    assert_eq!(answer.status(), 200);
    serde_json::from_slice(answer.body()).unwrap()
}

/// A receiver of callbacks and events that answers everything with one status, unless told otherwise.
pub(crate) struct Receiver {
    pub(crate) url: String,
    received: UnboundedReceiver<(HeaderMap, Bytes)>,
    first: Arc<Mutex<VecDeque<u16>>>,
}

impl Receiver {
    pub(crate) async fn start(status: u16) -> Self {
        let (seen, received) = unbounded_channel();
        let first = Arc::<Mutex<VecDeque<u16>>>::default();
        let next = first.clone();
        let receive = move |headers: HeaderMap, body: Bytes| {
            seen.send((headers, body)).unwrap();
            let status = next.lock().unwrap().pop_front().unwrap_or(status);
            async move { StatusCode::from_u16(status).unwrap() }
        };
        let app = Router::new().route("/hook", routing::post(receive));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, received, first }
    }

    /// Answers the next posts with these, one after the other.
    pub(crate) fn answer_first(&self, statuses: impl IntoIterator<Item = u16>) {
        self.first.lock().unwrap().extend(statuses);
    }

    /// The post that comes next, from a sandbox that need not wait for the answer.
    pub(crate) async fn next_post(&mut self) -> (HeaderMap, Bytes) {
        let next = tokio::time::timeout(Duration::from_secs(10), self.received.recv()).await;
        next.expect("a post in time").unwrap()
    }

    /// The ack that comes next, from a sandbox whose clock runs.
    pub(crate) async fn next_ack(&mut self) -> Ack {
        let (_, body) = self.next_post().await;
        DeliveryCallback::from_json(&body).unwrap().ack
    }

    /// What came since the last look: a sandbox posts before `advance` returns.
    pub(crate) fn posts(&mut self) -> Vec<(HeaderMap, Bytes)> {
        std::iter::from_fn(|| self.received.try_recv().ok()).collect()
    }

    pub(crate) fn bodies(&mut self) -> Vec<Bytes> {
        self.posts().into_iter().map(|(_, body)| body).collect()
    }
}
