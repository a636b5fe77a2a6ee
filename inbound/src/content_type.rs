use http::{HeaderMap, header::CONTENT_TYPE};

/// Whether the headers declare the body to be JSON.
///
/// True for exactly one `Content-Type` that is `application/json` or `application/<name>+json`, in
/// any case and with any parameters; false for an absent, doubled or unreadable one.
pub fn is_json(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    match (values.next(), values.next()) {
        (Some(only), None) => only.to_str().is_ok_and(names_json),
        _ => false,
    }
}

fn names_json(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    let media_type = media_type.to_ascii_lowercase();
    let Some(subtype) = media_type.strip_prefix("application/") else { return false };
    match subtype.strip_suffix("+json") {
        Some(name) => !name.is_empty() && name.bytes().all(may_be_in_a_name),
        None => subtype == "json",
    }
}

// Without this check a list of two types in one header would pass by the end of the second.
fn may_be_in_a_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn declares_json(values: &[&[u8]]) -> bool {
        let values = values.iter().map(|value| HeaderValue::from_bytes(value).unwrap());
        is_json(&values.map(|value| (CONTENT_TYPE, value)).collect())
    }

    #[test]
    fn json_and_its_relatives_are_json() {
        for yes in [
            "application/json",
            "Application/JSON",
            "application/json; charset=utf-8",
            "application/json;charset=\"utf-8\" ; x=y",
            "application/problem+json",
            "application/vnd.api+JSON; v=1",
        ] {
            assert!(declares_json(&[yes.as_bytes()]), "{yes}");
        }
    }

    #[test]
    fn anything_else_is_not() {
        for no in [
            "",
            "json",
            "text/json",
            "application/jsonp",
            "application/x-www-form-urlencoded",
            "application/+json",
            "application/json, application/json",
            "text/plain; application/json",
            "application/x, application/y+json",
        ] {
            assert!(!declares_json(&[no.as_bytes()]), "{no}");
        }
    }

    #[test]
    fn an_absent_doubled_or_unreadable_header_is_not_json() {
        assert!(!declares_json(&[]));
        assert!(!declares_json(&[b"application/json", b"application/json"]));
        assert!(!declares_json(&[b"application/json\xff"]));
    }
}
