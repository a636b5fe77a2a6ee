//! A source of Auto-Respond: its Lead Reply API, its REST Webhook, its leads.
//!
//! Source: Lead Reply API. It documents the cards and what each switch means, and nothing of the wire.
//! Assumed: every path, header, field, status and code in here.

mod card;
mod control;
mod leads;
mod outbox;
mod post;
mod state;
mod webhook;

use card::SourceId;
pub use control::LeadReplyControl;
use http::{HeaderName, Method, StatusCode, header};
use jiff::Timestamp;
pub use leads::{LeadMessage, LeadSender};
pub(crate) use post::Outgoing;
use serde_json::{Value, json};
pub(crate) use state::State;
pub use webhook::{LeadDelivery, WebhookFault};

use crate::rest::{Answer, Request, escape};

/// Undocumented: the header of the reply call. Assumed: the one of the webhook.
const SECRET: HeaderName = HeaderName::from_static("x-secret-key");

/// Undocumented. Assumed: in characters.
const MAX_TEXT: usize = 4096;

/// Undocumented. Assumed: in bytes, which is above the longest text with every character escaped.
const MAX_BODY: usize = 64 * 1024;

/// An answer, or the refusal of a request.
type Done = Result<Answer, Answer>;

/// What can be asked of a source.
#[derive(Clone, Copy)]
enum Call {
    Reply,
    Validate,
}

impl State {
    /// Answers one request below `/lead-reply/`.
    pub(crate) fn answer(&mut self, request: &Request, now: Timestamp) -> Answer {
        let Some((source, call)) = route(&request.path) else { return unknown(request) };
        let Some(fault) = self.source_mut(source).faults.take(&request.method) else {
            return self.serve(source, call, request, now);
        };
        let done = fault.is_carried_out().then(|| self.serve(source, call, request, now));
        fault.answer(done)
    }

    /// The checks come in one order: method, secret, Enable, rate limit, body, lead.
    fn serve(&mut self, source: SourceId, call: Call, request: &Request, now: Timestamp) -> Answer {
        let done = check_method(request)
            .and_then(|()| self.check_secret(source, request))
            .and_then(|()| match call {
                Call::Reply => self.reply(source, request, now),
                // It judges the secret alone, also while the integration is off.
                Call::Validate => Ok(Answer::json(StatusCode::OK, &json!({"valid": true}))),
            });
        done.unwrap_or_else(|refusal| refusal)
    }

    fn reply(&mut self, source: SourceId, request: &Request, now: Timestamp) -> Done {
        let card = self.source_mut(source);
        if !card.enabled {
            let why = "The Lead Reply API is off for this source: turn on Enable";
            return Err(refusal(StatusCode::FORBIDDEN, "integration_disabled", why));
        }
        if let Some(seconds) = card.must_wait(now) {
            let why = "Too many replies";
            return Err(refusal(StatusCode::TOO_MANY_REQUESTS, "rate_limited", why)
                .with(header::RETRY_AFTER, &seconds.to_string()));
        }
        let (lead, text) = lead_and_text(request)?;
        let message = self.take_reply(source, &lead, &text, now)?;
        self.source_mut(source).count_reply(now);
        Ok(Answer::json(StatusCode::OK, &json!({"success": true, "message_id": message})))
    }

    fn check_secret(&self, source: SourceId, request: &Request) -> Result<(), Answer> {
        let mut shown = request.headers.get_all(SECRET).iter();
        match (shown.next(), shown.next(), self.secret(source)) {
            (Some(shown), None, Some(secret)) if shown.as_bytes() == secret.as_bytes() => Ok(()),
            _ => {
                let why = "X-Secret-Key is not the secret of this source";
                Err(refusal(StatusCode::UNAUTHORIZED, "invalid_secret", why))
            }
        }
    }
}

fn route(path: &str) -> Option<(SourceId, Call)> {
    let path = path.strip_suffix('/').unwrap_or(path);
    let (name, call) = match path.strip_suffix("/validate") {
        Some(name) => (name, Call::Validate),
        None => (path, Call::Reply),
    };
    Some((SourceId::named(name)?, call))
}

fn check_method(request: &Request) -> Result<(), Answer> {
    if request.method == Method::POST {
        return Ok(());
    }
    let status = StatusCode::METHOD_NOT_ALLOWED;
    Err(refusal(status, "method_not_allowed", "Use POST").with(header::ALLOW, "POST"))
}

/// The lead that a reply names, and its text.
fn lead_and_text(request: &Request) -> Result<(String, String), Answer> {
    if request.body.len() > MAX_BODY {
        let why = "The body is larger than 64 KiB";
        return Err(refusal(StatusCode::PAYLOAD_TOO_LARGE, "request_too_large", why));
    }
    if request.content_type() != "application/json" {
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(refusal(status, "unsupported_media_type", "The body has to be JSON"));
    }
    let body: Value =
        serde_json::from_slice(&request.body).map_err(|_| invalid("The body is not valid JSON"))?;
    let field = |name: &str| {
        let text = body.get(name).and_then(Value::as_str);
        let text = text.filter(|text| !text.trim().is_empty() && !text.contains('\0'));
        text.ok_or_else(|| invalid(&format!("{name} has to be a text that is not blank")))
    };
    let (lead, text) = (field("lead_id")?, field("text")?);
    if text.chars().count() > MAX_TEXT {
        let why = format!("A text has at most {MAX_TEXT} characters");
        return Err(refusal(StatusCode::PAYLOAD_TOO_LARGE, "text_too_long", &why));
    }
    Ok((lead.to_owned(), text.to_owned()))
}

/// A page, as any web server has for an address that it does not know: it says nothing of a lead.
fn unknown(request: &Request) -> Answer {
    let what = escape(&format!("There is nothing at /lead-reply/{}", request.path));
    Answer::html(StatusCode::NOT_FOUND, "Not Found", &what)
}

fn invalid(why: &str) -> Answer {
    refusal(StatusCode::BAD_REQUEST, "invalid_request", why)
}

fn refusal(status: StatusCode, code: &str, why: &str) -> Answer {
    Answer::json(status, &json!({"error": {"code": code, "message": why}}))
}
