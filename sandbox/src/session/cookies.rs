//! The cookie `connect.sid`, as express-session makes it: an id and its signature.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use hmac::{Hmac, KeyInit, Mac};
use http::header;
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::Sha256;

use super::state::{Login, State, random};
use crate::rest::{Answer, Request};

/// What `encodeURIComponent` leaves as it is, of all that occurs here.
pub(super) const COMPONENT: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

impl State {
    /// Begins a session, and gives its cookie with the answer.
    pub(super) fn begin(&mut self, username: &str, answer: Answer, now: Timestamp) -> Answer {
        self.sessions.retain(|login| login.expires > now);
        let id = URL_SAFE_NO_PAD.encode(random::<24>());
        let expires = now.saturating_add(self.settings.lifetime).unwrap_or(Timestamp::MAX);
        let value = format!("s:{id}.{}", self.signature(&id));
        self.sessions.insert(id, Login { username: username.to_owned(), expires });
        let value = utf8_percent_encode(&value, COMPONENT);
        answer.with(header::SET_COOKIE, &format!("connect.sid={value}; Path=/; HttpOnly"))
    }

    /// Ends the session of a request, if there is one.
    pub(super) fn end(&mut self, request: &Request) -> Answer {
        if let Some(id) = self.session_id(request) {
            self.sessions.remove(&id);
        }
        let expired = "connect.sid=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
        super::ok(&serde_json::json!({"message": "Logged out successfully"}))
            .with(header::SET_COOKIE, expired)
    }

    /// Who makes a request, nobody if its session is over or never was.
    pub(super) fn username(&self, request: &Request, now: Timestamp) -> Option<String> {
        let login = self.sessions.get(&self.session_id(request)?)?;
        (login.expires > now).then(|| login.username.clone())
    }

    /// The id in the cookie of a request, if its signature is right.
    fn session_id(&self, request: &Request) -> Option<String> {
        let cookies = request.headers.get_all(header::COOKIE).iter();
        let value = cookies
            .filter_map(|cookies| cookies.to_str().ok())
            .flat_map(|cookies| cookies.split(';'))
            .find_map(|cookie| cookie.trim().strip_prefix("connect.sid="))?;
        let value = percent_decode_str(value).decode_utf8().ok()?;
        let (id, signature) = value.strip_prefix("s:")?.rsplit_once('.')?;
        let signature = STANDARD_NO_PAD.decode(signature).ok()?;
        self.mac(id)?.verify_slice(&signature).ok()?;
        Some(id.to_owned())
    }

    fn signature(&self, id: &str) -> String {
        let mac = self.mac(id).map(|mac| mac.finalize().into_bytes());
        STANDARD_NO_PAD.encode(mac.unwrap_or_default())
    }

    /// HMAC takes a key of any length, so there is always one.
    fn mac(&self, id: &str) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.settings.secret).ok()?;
        mac.update(id.as_bytes());
        Some(mac)
    }
}
