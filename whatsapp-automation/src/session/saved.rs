use http::Uri;
use serde::{Deserialize, Serialize};

use super::cookie::SessionCookie;
use crate::{Invalid, redact};

/// A session that another process can go on with: [`Client::save`](super::Client::save) and
/// [`restore`](super::Client::restore).
///
/// By serde it is `{"origin": "https://wa.example.com", "cookie": "s%3A..."}`. Whoever has the cookie is
/// logged in, so keep it as you keep a password. There is no password in it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedSession {
    origin: String,
    cookie: String,
}

redact::debug!(SavedSession { origin } hides { cookie });

impl SavedSession {
    pub(super) fn new(base: &Uri, cookie: &SessionCookie) -> Self {
        Self { origin: origin(base), cookie: cookie.value().to_owned() }
    }

    /// Which server it is of: scheme, host, and port where there is one.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    pub(super) fn cookie(&self, base: &Uri) -> Result<SessionCookie, Invalid> {
        if self.origin != origin(base) {
            return Err(Invalid::new("origin", "the saved session is of another server"));
        }
        let rule = "the saved session has no cookie that can be sent";
        SessionCookie::new(&self.cookie).ok_or(Invalid::new("cookie", rule))
    }
}

fn origin(base: &Uri) -> String {
    let (scheme, host) = (base.scheme_str().unwrap_or_default(), base.host().unwrap_or_default());
    let usual = if scheme == "https" { 443 } else { 80 };
    let port = base.port_u16().filter(|port| *port != usual);
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    format!("{scheme}://{}{port}", host.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_restored_for_its_own_server_alone() {
        let base = |uri: &str| uri.parse::<Uri>().unwrap();
        let cookie = SessionCookie::new("s%3Acanary").unwrap();
        let saved = SavedSession::new(&base("https://WA.example.com:443/wa/"), &cookie);
        assert_eq!(saved.origin(), "https://wa.example.com");
        assert!(saved.cookie(&base("https://wa.example.com")).is_ok());
        for other in [
            "http://wa.example.com",
            "https://wa.example.com:8443",
            "https://example.com",
            "https://wa.example.com.evil.example",
        ] {
            assert!(saved.cookie(&base(other)).is_err(), "{other}");
        }
        assert!(!format!("{saved:?}").contains("canary"));
    }

    #[test]
    fn a_saved_cookie_that_was_tampered_with_is_refused() {
        let json = r#"{"origin":"https://wa.example.com","cookie":"x\r\nX-Header: 1"}"#;
        let saved: SavedSession = serde_json::from_str(json).unwrap();
        let base = "https://wa.example.com".parse().unwrap();
        assert_eq!(saved.cookie(&base).err().unwrap().field(), "cookie");
    }
}
