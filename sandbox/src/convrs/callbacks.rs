use std::time::Duration;

use convrs_client::{Ack, DeliveryCallback, Mid, WebhookHeader, envelope};
use http::{HeaderName, HeaderValue, Request, Uri, header};
use replykit_transport::{Body, CallOptions, HttpTransport, is_loopback};
use serde_json::{Map, Value};

const PATIENCE: Duration = Duration::from_secs(5);

/// A delivery callback of the sandbox, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallbackDelivery {
    /// The message.
    pub mid: Mid,
    /// What the callback said of it.
    pub ack: Ack,
    /// What became of it.
    pub result: CallbackResult,
}

/// What became of a callback. It is not repeated, as the document promises no repeat.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallbackResult {
    /// The receiver answered with this HTTP status.
    Answered(u16),
    /// No answer came, for this reason.
    Failed(String),
    /// The `webhookURL` is not on this machine, so it was not posted.
    NotDelivered,
}

/// Where the callbacks of a message go.
#[derive(Clone)]
pub(super) struct Webhook {
    pub(super) url: String,
    pub(super) payload: Option<Map<String, Value>>,
    pub(super) headers: Vec<WebhookHeader>,
}

/// A callback that is due.
pub(crate) struct PendingCallback {
    pub(super) webhook: Webhook,
    pub(super) callback: DeliveryCallback,
}

impl PendingCallback {
    pub(crate) fn mid(&self) -> &Mid {
        &self.callback.mid
    }

    pub(crate) async fn post(self, transport: &impl HttpTransport) -> CallbackDelivery {
        let result = match self.webhook.url.parse::<Uri>() {
            Ok(url) if is_loopback(&url) => {
                let request = self.request(url);
                match transport.send(request, &CallOptions::within(PATIENCE)).await {
                    Ok(answer) => CallbackResult::Answered(answer.status().as_u16()),
                    Err(error) => CallbackResult::Failed(error.to_string()),
                }
            }
            _ => CallbackResult::NotDelivered,
        };
        CallbackDelivery { mid: self.callback.mid, ack: self.callback.ack, result }
    }

    fn request(&self, url: Uri) -> Request<Body> {
        let mut request = Request::new(Body::from(envelope::encode_callback(&self.callback)));
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = url;
        let headers = request.headers_mut();
        for header in &self.webhook.headers {
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
}
