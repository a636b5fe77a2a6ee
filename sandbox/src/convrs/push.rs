//! What the server posts of its own accord: events and delivery callbacks.

use std::time::Duration;

use convrs_client::{Ack, DeliveryCallback, Event, Mid, Uid, WebhookHeader, envelope};
use http::{HeaderName, HeaderValue, Request, Uri, header};
use replykit_transport::{Body, CallOptions, HttpTransport, is_loopback};
use serde_json::{Map, Value};

use super::State;

pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// A delivery callback of the sandbox, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallbackDelivery {
    /// The message.
    pub mid: Mid,
    /// What the callback said of it.
    pub ack: Ack,
    /// What became of it.
    pub result: PushResult,
}

/// An event that the sandbox pushed, by one of its two ways, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventDelivery {
    /// Its name on the wire, such as `onUserCreate`.
    pub cmd: String,
    /// The user.
    pub uid: Uid,
    /// Which way it went. One that went both ways is listed twice.
    pub way: Way,
    /// What became of it.
    pub result: PushResult,
}

/// The way of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Way {
    /// A post to the webhook URL of the dashboard.
    Webhook,
    /// A frame on the socket that was connected.
    Socket,
}

/// What became of a callback or an event. Those of Convrs are not repeated, as its document promises no
/// repeat.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PushResult {
    /// The receiver answered with this HTTP status.
    Answered(u16),
    /// It was written to the socket. That it was received, nothing tells.
    Sent,
    /// No answer came, or not all of it was written, for this reason.
    Failed(String),
    /// The URL is not on this machine, so it was not posted.
    NotDelivered,
}

/// Where the callbacks of a message go.
#[derive(Clone)]
pub(super) struct Webhook {
    pub(super) url: String,
    pub(super) payload: Option<Map<String, Value>>,
    pub(super) headers: Vec<WebhookHeader>,
}

/// A post that is due.
pub(crate) struct PendingPush {
    subject: Subject,
    url: String,
    headers: Vec<WebhookHeader>,
    body: String,
}

enum Subject {
    Callback { mid: Mid, ack: Ack },
    Event { cmd: String, uid: Uid },
}

/// A post that was made, or could not be.
pub(crate) struct Posted {
    subject: Subject,
    result: PushResult,
}

impl PendingPush {
    pub(super) fn callback(webhook: Webhook, callback: DeliveryCallback) -> Self {
        Self {
            url: webhook.url,
            headers: webhook.headers,
            body: envelope::encode_callback(&callback),
            subject: Subject::Callback { mid: callback.mid, ack: callback.ack },
        }
    }

    pub(super) fn event(url: String, event: &Event, body: String) -> Self {
        let subject = Subject::Event { cmd: event.cmd().to_owned(), uid: uid_of(event) };
        Self { subject, url, headers: Vec::new(), body }
    }

    /// Posts of one queue are made in order: those of one message, or the events of one user.
    pub(crate) fn queue(&self) -> &str {
        match &self.subject {
            Subject::Callback { mid, .. } => mid.as_str(),
            Subject::Event { uid, .. } => uid.as_str(),
        }
    }

    pub(crate) async fn post(self, transport: &impl HttpTransport) -> Posted {
        let result = match self.url.parse::<Uri>() {
            Ok(url) if is_loopback(&url) => {
                let request = request(url, &self.headers, self.body);
                match transport.send(request, &CallOptions::within(PATIENCE)).await {
                    Ok(answer) => PushResult::Answered(answer.status().as_u16()),
                    Err(error) => PushResult::Failed(error.to_string()),
                }
            }
            _ => PushResult::NotDelivered,
        };
        Posted { subject: self.subject, result }
    }
}

pub(super) fn uid_of(event: &Event) -> Uid {
    match event {
        Event::UserCreated(user) | Event::UserUpdated { user, .. } => user.uid.clone(),
        Event::UserDeleted(uid)
        | Event::UserDisabled(uid)
        | Event::UserEnabled(uid)
        | Event::ConversationClosed { uid, .. } => uid.clone(),
        _ => Uid::default(),
    }
}

fn request(url: Uri, added: &[WebhookHeader], body: String) -> Request<Body> {
    let mut request = Request::new(Body::from(body));
    *request.method_mut() = http::Method::POST;
    *request.uri_mut() = url;
    let headers = request.headers_mut();
    for header in added {
        let WebhookHeader::Named { name, value } = header else { continue };
        // Both were checked when the message was taken.
        if let (Ok(name), Ok(mut value)) =
            (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value))
        {
            value.set_sensitive(true);
            headers.append(name, value);
        }
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    request
}

impl State {
    pub(crate) fn record(&mut self, posted: Posted) {
        let result = posted.result;
        match posted.subject {
            Subject::Callback { mid, ack } => {
                self.callbacks.push(CallbackDelivery { mid, ack, result });
            }
            Subject::Event { cmd, uid } => {
                self.events.push(EventDelivery { cmd, uid, way: Way::Webhook, result });
            }
        }
    }
}
