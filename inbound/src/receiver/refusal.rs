use http::{
    HeaderMap, HeaderValue, Response, StatusCode,
    header::{ALLOW, CONNECTION, CONTENT_TYPE, RETRY_AFTER},
};

/// What was taken in, and why it was answered with 200.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// The sink has it.
    Stored,
    /// The sink has had it before, and was not asked again.
    Repeated,
}

impl Accepted {
    /// The answer: 200.
    #[must_use]
    pub fn into_response(self) -> Response<String> {
        response(StatusCode::OK, r#"{"status":"ok"}"#.to_owned())
    }
}

/// Why a request was turned away. What it answers is constant and repeats nothing of the request.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.row().2)]
pub enum Refusal {
    /// 404: the path does not end with a secret.
    NotFound,
    /// 401: no secret, a wrong one or several in the header, or no proof in what came.
    Unauthorized,
    /// 405: another method than POST.
    MethodNotAllowed,
    /// 415: declared to be something else than JSON, or compressed.
    UnsupportedMediaType,
    /// 413: longer than the limit.
    PayloadTooLarge,
    /// 408: the body did not come in time.
    BodyTimeout,
    /// 400: the body broke off.
    BrokenBody,
    /// 503: too many requests were in work for too long.
    Busy,
    /// 503: the sink returned an error, or took too long.
    NotStored,
    /// 500: the sink panicked, or the code that reads a body.
    Internal,
}

impl Refusal {
    /// The HTTP status.
    #[must_use]
    pub fn status(self) -> StatusCode {
        self.row().0
    }

    /// The word in the field `status` of the body.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.row().1
    }

    /// The complete answer: JSON with `error` for people and `status` for programs.
    #[must_use]
    pub fn into_response(self) -> Response<String> {
        let (status, code, message) = self.row();
        let mut response =
            response(status, format!(r#"{{"error":"{message}","status":"{code}"}}"#));
        let headers = response.headers_mut();
        if self.leaves_the_body() {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        match self {
            Self::MethodNotAllowed => add(headers, ALLOW, "POST"),
            Self::Busy | Self::NotStored => add(headers, RETRY_AFTER, "5"),
            _ => {}
        }
        response
    }

    /// Whether there may be a body on the connection that nobody reads.
    fn leaves_the_body(self) -> bool {
        !matches!(self, Self::NotStored | Self::Internal)
    }

    fn row(self) -> (StatusCode, &'static str, &'static str) {
        use StatusCode as Http;
        match self {
            Self::NotFound => (Http::NOT_FOUND, "not_found", "No such endpoint"),
            Self::Unauthorized => (Http::UNAUTHORIZED, "unauthorized", "No valid secret"),
            Self::MethodNotAllowed => {
                (Http::METHOD_NOT_ALLOWED, "method_not_allowed", "Use the POST method")
            }
            Self::UnsupportedMediaType => {
                (Http::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "Send plain JSON")
            }
            Self::PayloadTooLarge => {
                (Http::PAYLOAD_TOO_LARGE, "payload_too_large", "The body is too large")
            }
            Self::BodyTimeout => (Http::REQUEST_TIMEOUT, "timeout", "The body took too long"),
            Self::BrokenBody => (Http::BAD_REQUEST, "bad_request", "The body broke off"),
            Self::Busy => (Http::SERVICE_UNAVAILABLE, "busy", "Busy, try again"),
            Self::NotStored => {
                (Http::SERVICE_UNAVAILABLE, "unavailable", "It could not be stored, try again")
            }
            Self::Internal => (Http::INTERNAL_SERVER_ERROR, "internal_error", "Something broke"),
        }
    }
}

fn add(headers: &mut HeaderMap, name: http::HeaderName, value: &'static str) {
    headers.insert(name, HeaderValue::from_static(value));
}

fn response(status: StatusCode, json: String) -> Response<String> {
    let mut response = Response::new(json);
    *response.status_mut() = status;
    add(response.headers_mut(), CONTENT_TYPE, "application/json");
    response
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const ALL: [(Refusal, u16); 10] = [
        (Refusal::NotFound, 404),
        (Refusal::Unauthorized, 401),
        (Refusal::MethodNotAllowed, 405),
        (Refusal::UnsupportedMediaType, 415),
        (Refusal::PayloadTooLarge, 413),
        (Refusal::BodyTimeout, 408),
        (Refusal::BrokenBody, 400),
        (Refusal::Busy, 503),
        (Refusal::NotStored, 503),
        (Refusal::Internal, 500),
    ];

    #[test]
    fn every_refusal_is_json_with_its_status_and_word() {
        for (refusal, status) in ALL {
            let response = refusal.into_response();
            assert_eq!(response.status(), status);
            assert_eq!(response.headers()["content-type"], "application/json");
            let body: Value = serde_json::from_str(response.body()).unwrap();
            assert_eq!(body, json!({"error": refusal.to_string(), "status": refusal.code()}));
        }
    }

    #[test]
    fn a_405_names_the_method_and_a_503_says_when() {
        assert_eq!(Refusal::MethodNotAllowed.into_response().headers()["allow"], "POST");
        for refusal in [Refusal::Busy, Refusal::NotStored] {
            assert_eq!(refusal.into_response().headers()["retry-after"], "5");
        }
    }

    #[test]
    fn e10_a_body_that_is_left_unread_ends_the_connection() {
        for refusal in [Refusal::PayloadTooLarge, Refusal::BodyTimeout, Refusal::NotFound] {
            assert_eq!(refusal.into_response().headers()["connection"], "close");
        }
        for kept in [Refusal::NotStored.into_response(), Accepted::Stored.into_response()] {
            assert!(!kept.headers().contains_key("connection"));
        }
    }
}
