//! The answers that are about the request and not about an object.

use http::{HeaderValue, Method, StatusCode, header};

use super::refusal;
use crate::rest::{Answer, escape};

/// How an answer is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    Json,
    Html,
}

/// What an `Accept` asks for: JSON where it says nothing; nothing where neither will do.
pub(super) fn wanted(accept: &str) -> Option<Shown> {
    let ranges: Vec<_> =
        accept.split(',').map(|range| range.split(';').next().unwrap_or_default().trim()).collect();
    let has = |wanted: &str| ranges.iter().any(|range| range.eq_ignore_ascii_case(wanted));
    // The more exact a range, the more it counts.
    let order = [
        ("application/json", Shown::Json),
        ("text/html", Shown::Html),
        ("application/*", Shown::Json),
        ("text/*", Shown::Html),
        ("*/*", Shown::Json),
        ("", Shown::Json),
    ];
    order.into_iter().find(|(range, _)| has(range)).map(|(_, shown)| shown)
}

impl Shown {
    /// The page for people has the JSON in it.
    pub(super) fn of(self, mut answer: Answer) -> Answer {
        let kind = answer.headers.iter_mut().find(|(name, _)| *name == header::CONTENT_TYPE);
        if let (Self::Html, Some((_, kind))) = (self, kind)
            && kind.as_bytes() == b"application/json"
        {
            *kind = HeaderValue::from_static("text/html; charset=utf-8");
            let json = format!("<pre>{}</pre>", escape(&String::from_utf8_lossy(&answer.body)));
            answer.body = Answer::html(answer.status, "WhatsApp Automation", &json).body;
        }
        answer
    }
}

pub(super) fn not_found() -> Answer {
    let text = "The requested resource was not found on this server.";
    Answer::html(StatusCode::NOT_FOUND, "Not Found", text)
}

pub(super) fn server_error() -> Answer {
    Answer::html(StatusCode::INTERNAL_SERVER_ERROR, "Server Error (500)", "")
}

/// Assumed: the words. The key was seen.
pub(super) fn no_such_object() -> Answer {
    refusal(StatusCode::NOT_FOUND, "detail", "Not found.")
}

pub(super) fn not_acceptable() -> Answer {
    let why = "Could not satisfy the request Accept header.";
    refusal(StatusCode::NOT_ACCEPTABLE, "detail", why)
}

pub(super) fn not_allowed(method: &Method, allowed: &str) -> Answer {
    let why = format!("Method \"{method}\" not allowed.");
    refusal(StatusCode::METHOD_NOT_ALLOWED, "detail", &why).with(header::ALLOW, allowed)
}

pub(super) fn unsupported(content_type: &str) -> Answer {
    let why = format!("Unsupported media type \"{content_type}\" in request.");
    refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, "detail", &why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_comes_unless_html_is_asked_for_more_exactly() {
        for accept in
            ["", "*/*", "application/json", "text/html, application/json", "application/*"]
        {
            assert_eq!(wanted(accept), Some(Shown::Json), "{accept}");
        }
        for accept in ["text/html", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", "text/*"] {
            assert_eq!(wanted(accept), Some(Shown::Html), "{accept}");
        }
        assert_eq!(wanted("image/png"), None);
    }
}
