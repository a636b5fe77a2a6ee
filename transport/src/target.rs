use std::net::IpAddr;

use http::Uri;

use crate::TransportError;

/// Refuses a URL that a secret must not be sent to.
///
/// Accepted are absolute URLs with `https`, and with `http` where the host [is this
/// machine](is_loopback). A user name or password in the URL is refused: URLs end up in logs.
///
/// # Errors
/// [`TransportErrorKind::Invalid`](crate::TransportErrorKind::Invalid), saying what to change.
pub fn check_target(uri: &Uri) -> Result<(), TransportError> {
    check(uri, "https", "http")
}

/// The same for the URL of a WebSocket: `wss`, and `ws` to this machine.
///
/// # Errors
/// As [`check_target`].
pub fn check_socket_target(uri: &Uri) -> Result<(), TransportError> {
    check(uri, "wss", "ws")
}

fn check(uri: &Uri, secure: &str, plain: &str) -> Result<(), TransportError> {
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(TransportError::invalid(format!(
            "the URL is not absolute: write it with scheme and host, as in {secure}://example.com/api"
        )));
    };
    if authority.as_str().contains('@') {
        return Err(TransportError::invalid(
            "the URL holds a user name or password: remove the part before the @",
        ));
    }
    if scheme == secure || (scheme == plain && is_loopback(uri)) {
        return Ok(());
    }
    Err(TransportError::invalid(if scheme == plain {
        format!(
            "plain {plain} is only for this machine (127.0.0.1, [::1], localhost): use {secure}"
        )
    } else {
        format!("the URL is neither {secure} nor {plain}")
    }))
}

/// Whether a URL names this machine: `localhost`, an address in 127.0.0.0/8, or `[::1]`.
#[must_use]
pub fn is_loopback(uri: &Uri) -> bool {
    let Some(host) = uri.host() else { return false };
    let address = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    host.eq_ignore_ascii_case("localhost")
        || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str) -> Result<(), String> {
        check_target(&url.parse().unwrap()).map_err(|e| e.to_string())
    }

    #[test]
    fn https_goes_anywhere_and_http_only_to_this_machine() {
        for url in [
            "https://data.conv.rs/api",
            "https://127.0.0.1:4010/",
            "http://127.0.0.1:4010/convrs/api",
            "http://127.9.9.9/",
            "http://[::1]:80/",
            "http://localhost:8080/",
            "http://LOCALHOST/",
        ] {
            assert_eq!(check(url), Ok(()), "{url}");
        }
        for url in [
            "http://data.conv.rs/api",
            "http://10.0.0.1/",
            "http://localhost.example.com/",
            "http://127.0.0.1.example.com/",
            "http://[::2]/",
            "http://0x7f.1/",
            "ws://127.0.0.1/",
        ] {
            assert!(check(url).is_err(), "{url}");
        }
    }

    #[test]
    fn a_socket_is_secure_or_on_this_machine() {
        let check = |url: &str| check_socket_target(&url.parse().unwrap());
        for url in ["wss://data.conv.rs/api", "ws://127.0.0.1:4010/convrs/api", "ws://localhost/"] {
            assert!(check(url).is_ok(), "{url}");
        }
        for url in ["ws://data.conv.rs/api", "https://data.conv.rs/api", "wss://u@data.conv.rs/"] {
            assert!(check(url).is_err(), "{url}");
        }
    }

    #[test]
    fn credentials_in_a_url_are_refused_without_repeating_them() {
        let why = check("https://user:hunter2@example.com/").unwrap_err();
        assert!(!why.contains("hunter2"), "{why}");
        assert!(check("http://127.0.0.1@example.com/").is_err());
    }

    #[test]
    fn a_relative_url_is_refused() {
        assert!(check("/convrs/api").is_err());
        assert!(check("example.com").is_err());
    }
}
