//! What several modules need.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use convrs_client::transport::{Body, CallOptions, HttpTransport, ReqwestTransport};
use http::{Method, Request, Response};
use serde_json::Value;

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
pub(crate) fn transport() -> ReqwestTransport {
    ReqwestTransport::builder().loopback_only().build().unwrap()
}

/// A request by hand, without any client.
pub(crate) async fn send(
    method: Method,
    url: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Response<bytes::Bytes> {
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
