//! What the backend does by itself: it sends what is due, and pulls contacts.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, header};
use jiff::Timestamp;
use replykit_transport::{Body, CallOptions, HttpTransport};
use serde_json::{Value, json};

use super::{State, provider::API_KEY};

const PATIENCE: Duration = Duration::from_secs(5);

/// Where statuses are posted.
const STATUSES: &str = "status@broadcast";

/// Something that is to be done at its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Job {
    Message(u64),
    Status(u64),
    Import,
}

/// A request that the backend makes.
pub(crate) struct Outgoing {
    job: Job,
    request: Request<Body>,
}

/// What came of a request, nothing if there was no answer.
pub(crate) struct Outcome {
    job: Job,
    answer: Option<Response<Bytes>>,
}

impl Outgoing {
    pub(crate) async fn send(self, transport: &impl HttpTransport) -> Outcome {
        let answer = transport.send(self.request, &CallOptions::within(PATIENCE)).await.ok();
        Outcome { job: self.job, answer }
    }
}

impl State {
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.due.first().map(|(due, _)| *due)
    }

    /// Takes out the next job that falls due by `end`.
    pub(crate) fn next_step(&mut self, end: Timestamp) -> Option<(Timestamp, Job)> {
        if self.next_due()? > end {
            return None;
        }
        self.due.pop_first()
    }

    /// Begins a job. What it has to ask is left to do.
    pub(crate) fn take_step(&mut self, job: Job) -> Option<Outgoing> {
        let request = match job {
            Job::Message(id) => {
                let message = self.messages.get_mut(&id)?;
                message.due = None;
                let text = json!({"body": message.text});
                let body = json!({"to": message.phone_number, "type": "text", "text": text});
                self.to_provider(&body)
            }
            Job::Status(id) => {
                let status = self.statuses.get_mut(&id)?;
                status.due = None;
                let body = match &status.media {
                    Some(link) => {
                        let image = json!({"link": link, "caption": status.text});
                        json!({"to": STATUSES, "type": "image", "image": image})
                    }
                    None => {
                        let text = json!({"body": status.text});
                        json!({"to": STATUSES, "type": "text", "text": text})
                    }
                };
                self.to_provider(&body)
            }
            Job::Import => {
                let mut request = Request::new(Body::empty());
                // It was checked when it was set.
                *request.uri_mut() = self.wordpress.url.parse().ok()?;
                request
            }
        };
        Some(Outgoing { job, request })
    }

    fn to_provider(&self, body: &Value) -> Request<Body> {
        let mut request = Request::new(Body::from(body.to_string()));
        *request.method_mut() = Method::POST;
        let url = format!("{}/crm/360dialog/messages", self.base);
        *request.uri_mut() = url.parse().unwrap_or_default();
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().insert(header::CONTENT_TYPE, json);
        let key = HeaderValue::from_static(API_KEY);
        request.headers_mut().insert("D360-API-KEY", key);
        request
    }

    /// Notes what came of a job. Without an answer a message stays pending, and is not sent again
    /// (seen).
    pub(crate) fn record(&mut self, outcome: Outcome, now: Timestamp) {
        if outcome.job == Job::Import {
            let answer = outcome.answer.filter(|answer| answer.status().is_success());
            let rows = answer.and_then(|answer| serde_json::from_slice(answer.body()).ok());
            self.import(rows.unwrap_or_default(), now);
            return;
        }
        let Some(answer) = outcome.answer else { return };
        let failed = (!answer.status().is_success()).then(|| failure(&answer));
        match outcome.job {
            Job::Message(id) => {
                if let Some(message) = self.messages.get_mut(&id) {
                    message.status = failed.unwrap_or_else(|| "Sent".to_owned());
                }
            }
            Job::Status(id) => {
                if let Some(status) = self.statuses.get_mut(&id) {
                    status.status = failed.unwrap_or_else(|| "Posted".to_owned());
                }
            }
            Job::Import => {}
        }
    }
}

fn failure(answer: &Response<Bytes>) -> String {
    let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    match body.pointer("/error/message").and_then(Value::as_str) {
        Some(why) => format!("Failed: {why}"),
        None => "Failed".to_owned(),
    }
}
