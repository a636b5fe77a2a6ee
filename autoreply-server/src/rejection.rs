use std::{borrow::Cow, error::Error, fmt};

use http::{HeaderValue, Response, StatusCode, header::ALLOW};
use serde::{Deserialize, Serialize};

use crate::response::{json_response, json_text};

/// Why a request is not answered with a reply. The phone sends nothing to the person then.
///
/// The bodies for a missing key, a wrong key and invalid JSON are documented, word for word.
/// Undocumented: all others. Assumed: the same shape, with the `status` texts of this table.
///
/// Source: AutoReply Mate Server API > Error Responses
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// 401: no `X-API-Key` header, or an empty one.
    MissingKey,
    /// 403: the key is wrong, or there are two.
    WrongKey,
    /// 404: not the path of the endpoint.
    NotFound,
    /// 405: not a POST.
    MethodNotAllowed,
    /// 415: the body is not declared to be JSON.
    UnsupportedMediaType,
    /// 413: the body is longer than the limit.
    PayloadTooLarge,
    /// 400: the body is not one JSON object, or it broke off.
    InvalidJson,
    /// 400: a field cannot be used.
    InvalidField {
        /// Its name in JSON.
        field: &'static str,
        /// What is wrong with it.
        problem: FieldProblem,
    },
    /// 500: the handler failed or panicked.
    Internal,
    /// 503: never given by this crate; for a load limit in front of it.
    Unavailable,
    /// 504: never given by this crate; for a time limit around it.
    Timeout,
}

/// What is wrong with a field of a request.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldProblem {
    /// It is not there.
    #[error("is missing")]
    Missing,
    /// It holds something else than a string.
    #[error("must be a string")]
    NotAString,
    /// It is there more than once.
    #[error("is given more than once")]
    Repeated,
}

/// The body of a rejection: `{"error": "Invalid API key", "status": "forbidden"}`.
///
/// Source: AutoReply Mate Server API > Error Responses
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// What went wrong, for people.
    pub error: String,
    /// The same as a fixed word, for programs.
    pub status: String,
}

impl Rejection {
    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.row().0
    }

    /// The word in the field `status` of the body.
    pub fn code(&self) -> &'static str {
        self.row().1
    }

    /// The text in the field `error` of the body. It never repeats what was sent.
    pub fn message(&self) -> Cow<'static, str> {
        self.row().2
    }

    /// The JSON body, see [`ErrorBody`].
    pub fn body(&self) -> String {
        let (_, code, message) = self.row();
        json_text(&ErrorBody { error: message.into_owned(), status: code.to_owned() })
    }

    /// The complete answer, for middleware of your own that turns a request away.
    pub fn into_response(self) -> Response<String> {
        let mut response = json_response(self.status(), self.body());
        if self == Self::MethodNotAllowed {
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
        }
        response
    }

    fn row(&self) -> (StatusCode, &'static str, Cow<'static, str>) {
        use StatusCode as Http;
        let (status, code, message) = match self {
            Self::MissingKey => (Http::UNAUTHORIZED, "unauthorized", "Missing X-API-Key header"),
            Self::WrongKey => (Http::FORBIDDEN, "forbidden", "Invalid API key"),
            Self::NotFound => (Http::NOT_FOUND, "not_found", "No such endpoint"),
            Self::MethodNotAllowed => {
                (Http::METHOD_NOT_ALLOWED, "method_not_allowed", "Use the POST method")
            }
            Self::UnsupportedMediaType => (
                Http::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "Use Content-Type: application/json",
            ),
            Self::PayloadTooLarge => {
                (Http::PAYLOAD_TOO_LARGE, "payload_too_large", "The request body is too large")
            }
            Self::InvalidJson => (Http::BAD_REQUEST, "bad_request", "Invalid JSON format"),
            Self::InvalidField { field, problem } => {
                let message = format!("Field \"{field}\" {problem}");
                return (Http::BAD_REQUEST, "bad_request", message.into());
            }
            Self::Internal => {
                (Http::INTERNAL_SERVER_ERROR, "internal_error", "The reply could not be made")
            }
            Self::Unavailable => (Http::SERVICE_UNAVAILABLE, "unavailable", "Busy, try again"),
            Self::Timeout => (Http::GATEWAY_TIMEOUT, "timeout", "The reply took too long"),
        };
        (status, code, message.into())
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())
    }
}

impl Error for Rejection {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documented_bodies_are_written_word_for_word() {
        for (rejection, status, body) in [
            (
                Rejection::MissingKey,
                401,
                r#"{"error":"Missing X-API-Key header","status":"unauthorized"}"#,
            ),
            (Rejection::WrongKey, 403, r#"{"error":"Invalid API key","status":"forbidden"}"#),
            (
                Rejection::InvalidJson,
                400,
                r#"{"error":"Invalid JSON format","status":"bad_request"}"#,
            ),
        ] {
            assert_eq!(rejection.status().as_u16(), status);
            assert_eq!(rejection.body(), body);
        }
    }

    #[test]
    fn every_other_rejection_has_its_status_and_word() {
        for (rejection, status, code) in [
            (Rejection::NotFound, 404, "not_found"),
            (Rejection::MethodNotAllowed, 405, "method_not_allowed"),
            (Rejection::PayloadTooLarge, 413, "payload_too_large"),
            (Rejection::UnsupportedMediaType, 415, "unsupported_media_type"),
            (Rejection::Internal, 500, "internal_error"),
            (Rejection::Unavailable, 503, "unavailable"),
            (Rejection::Timeout, 504, "timeout"),
        ] {
            assert_eq!((rejection.status().as_u16(), rejection.code()), (status, code));
        }
    }

    #[test]
    fn a_field_is_named_in_a_body_that_can_be_read_back() {
        for (problem, words) in [
            (FieldProblem::Missing, "is missing"),
            (FieldProblem::NotAString, "must be a string"),
            (FieldProblem::Repeated, "is given more than once"),
        ] {
            let rejection = Rejection::InvalidField { field: "sender", problem };
            assert_eq!(rejection.status(), StatusCode::BAD_REQUEST);
            let body: ErrorBody = serde_json::from_str(&rejection.body()).unwrap();
            assert_eq!(body.error, format!("Field \"sender\" {words}"));
            assert_eq!(body.error, rejection.to_string());
            assert_eq!(body.status, "bad_request");
        }
    }

    #[test]
    fn an_answer_is_json_and_a_405_tells_the_method() {
        let response = Rejection::MethodNotAllowed.into_response();
        assert_eq!(response.headers()["content-type"], "application/json");
        assert_eq!(response.headers()["allow"], "POST");
        assert!(!Rejection::NotFound.into_response().headers().contains_key("allow"));
    }
}
