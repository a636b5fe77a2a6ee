use http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE};
use serde::Serialize;

/// The JSON text of one of our own types.
pub(crate) fn json_text(value: &impl Serialize) -> String {
    // They are structs of strings, which cannot fail to serialise.
    serde_json::to_string(value).unwrap_or_default()
}

pub(crate) fn json_response(status: StatusCode, json: String) -> Response<String> {
    let mut response = Response::new(json);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
