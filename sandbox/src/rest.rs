//! What the REST servers have in common: a request and its answer, free of the server library.

mod fault;
mod multipart;
pub(crate) mod time;

use bytes::Bytes;
pub(crate) use fault::Faults;
pub use fault::HttpFault;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
pub(crate) use multipart::{Form, Part};
use serde::Serialize;

/// The largest body that is taken, in bytes. Undocumented. Assumed: 128 MiB, which is above what
/// WhatsApp takes.
pub(crate) const MAX_BODY: usize = 128 * 1024 * 1024;

/// One request to one of them.
pub(crate) struct Request {
    pub(crate) method: Method,
    /// What stands behind the base, without its first slash: `contacts/1/`.
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The parts of the body, if it is `multipart/form-data`.
    pub(crate) form: Option<Form>,
}

impl Request {
    pub(crate) async fn new(
        method: Method,
        path: String,
        query: String,
        headers: HeaderMap,
        body: Bytes,
    ) -> Self {
        let form = multipart::read(&headers, &body).await;
        Self { method, path, query, headers, body, form }
    }

    /// A header that can be read, or nothing.
    pub(crate) fn header(&self, name: HeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The type of the body in lower case, without parameters.
    pub(crate) fn content_type(&self) -> String {
        let full = self.header(header::CONTENT_TYPE);
        full.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }
}

/// The answer to a request.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Bytes,
    pub(crate) ending: Ending,
}

/// How an answer goes over the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Whole,
    /// The connection ends before the answer begins.
    Dropped,
    /// The connection ends in the middle of the body.
    Cut,
    /// Nothing comes, and the connection stays open.
    Silent,
}

impl Answer {
    pub(crate) fn new(status: StatusCode, content_type: &str, body: impl Into<Bytes>) -> Self {
        let mut answer =
            Self { status, headers: Vec::new(), body: body.into(), ending: Ending::Whole };
        answer.set(header::CONTENT_TYPE, content_type);
        answer
    }

    pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Self {
        // Values and texts always encode.
        Self::new(status, "application/json", serde_json::to_vec(body).unwrap_or_default())
    }

    /// A page for people.
    pub(crate) fn html(status: StatusCode, title: &str, text: &str) -> Self {
        let page = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n  <title>{title}</title>\n</head>\n<body>\n  \
             <h1>{title}</h1><p>{text}</p>\n</body>\n</html>\n"
        );
        Self::new(status, "text/html; charset=utf-8", page)
    }

    /// Success with nothing to say.
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::new(), ending: Ending::Whole }
    }

    /// Adds a header. A value that no header can carry is left out.
    pub(crate) fn set(&mut self, name: HeaderName, value: &str) {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
    }

    pub(crate) fn with(mut self, name: HeaderName, value: &str) -> Self {
        self.set(name, value);
        self
    }
}

/// A text as it stands in a page.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Stands for a personal text in `Debug`: tells its length and nothing else.
pub(crate) struct Redacted<'a>(pub(crate) &'a str);

impl std::fmt::Debug for Redacted<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "<{} chars>", self.0.chars().count())
    }
}
