//! The WhatsApp automation behind a login: accounts, a phone that is paired, messages.
//!
//! Source: WhatsApp Automation API. It documents no error. Assumed: `{"message": ".."}` with 400 for
//! what is wrong in a request, 401 without a session and 409 for a username that is taken.

mod accounts;
mod ai;
mod control;
mod cookies;
mod kept;
mod messages;
mod pairing;
mod password;
mod state;

pub use control::SessionControl;
use http::{Method, StatusCode};
use jiff::Timestamp;
pub use messages::{SessionMedia, SessionSent};
pub use pairing::SessionGroup;
use serde_json::{Map, Value, json};
pub(crate) use state::State;

use crate::rest::{Answer, Request, escape};

/// An answer, or the refusal of a request.
type Done = Result<Answer, Answer>;

impl State {
    /// Answers one request below `/session/`.
    pub(crate) fn answer(&mut self, request: &Request, now: Timestamp) -> Answer {
        let Some(fault) = self.faults.take(&request.method) else {
            return self.serve(request, now);
        };
        let done = fault.is_carried_out().then(|| self.serve(request, now));
        fault.answer(done)
    }

    fn serve(&mut self, request: &Request, now: Timestamp) -> Answer {
        let path = request.path.strip_suffix('/').unwrap_or(&request.path);
        let done = match (verb(&request.method), path) {
            ("POST", "api/auth/register") => self.register(request, now),
            ("POST", "api/auth/login") => self.login(request, now),
            ("POST", "api/auth/logout") => Ok(self.logout(request)),
            ("GET", "api/users/me") => self.profile(request, now),
            ("GET", "api/whatsapp/createqr") => self.create_qr(request, now),
            ("GET", "api/whatsapp/status") => self.phone_status(request, now),
            ("GET", "api/whatsapp/groups") => self.phone_groups(request, now),
            ("POST", "api/messages/send") => self.send(request, now),
            ("POST", "api/messages/schedule") => self.schedule(request, now),
            ("GET", "api/messages/queue") => self.queue(request, now),
            _ => Err(unknown(request)),
        };
        done.unwrap_or_else(|refusal| refusal)
    }
}

fn verb(method: &Method) -> &str {
    if method == Method::HEAD { "GET" } else { method.as_str() }
}

/// Undocumented. Assumed: as Express, which knows no 405.
fn unknown(request: &Request) -> Answer {
    let what = escape(&format!("Cannot {} /{}", request.method, request.path));
    Answer::html(StatusCode::NOT_FOUND, "Error", &what)
}

fn ok(body: &Value) -> Answer {
    Answer::json(StatusCode::OK, body)
}

fn refusal(status: StatusCode, why: &str) -> Answer {
    Answer::json(status, &json!({"message": why}))
}

fn bad(why: &str) -> Answer {
    refusal(StatusCode::BAD_REQUEST, why)
}

/// The object in a body.
fn json_object(request: &Request) -> Result<Map<String, Value>, Answer> {
    if request.content_type() != "application/json" {
        return Err(bad("The body has to be JSON"));
    }
    match serde_json::from_slice(&request.body) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(bad("The body has to be an object")),
        Err(_) => Err(bad("The body is not valid JSON")),
    }
}

/// The text of a field that is required.
fn required(fields: &Map<String, Value>, name: &str) -> Result<String, Answer> {
    let text = fields.get(name).and_then(Value::as_str).map(str::trim);
    match text.filter(|text| !text.is_empty()) {
        Some(text) => Ok(text.to_owned()),
        None => Err(bad(&format!("{name} is required"))),
    }
}
