//! What the backend does by itself: it sends what is due, and pulls contacts.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Response, header};
use jiff::Timestamp;
use replykit_transport::{Body, CallOptions, HttpTransport};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{State, provider::API_KEY};

const PATIENCE: Duration = Duration::from_secs(5);

/// Where statuses are posted.
const STATUSES: &str = "status@broadcast";

/// The header that tells the provider which job a request belongs to.
pub(super) const JOB: &str = "x-sandbox-job";

/// Something that is to be done at its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Job {
    Message(u64),
    Status(u64),
    Import,
}

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Stage {
    Due(Timestamp),
    /// It was due then and has begun. If the process ends now, it begins once more with the next.
    UnderWay(Timestamp),
    /// It is done with, or was never planned.
    Over,
}

impl Stage {
    /// When it begins, as long as that lies ahead.
    pub(super) fn due(self) -> Option<Timestamp> {
        if let Self::Due(time) = self { Some(time) } else { None }
    }

    /// When it was to begin, as long as it is not done with.
    pub(super) fn unfinished(self) -> Option<Timestamp> {
        match self {
            Self::Due(time) | Self::UnderWay(time) => Some(time),
            Self::Over => None,
        }
    }

    fn begin(&mut self) {
        *self = self.unfinished().map_or(Self::Over, Self::UnderWay);
    }

    /// Ends it, unless it was planned anew in the meantime.
    fn end(&mut self) {
        if let Self::UnderWay(_) = self {
            *self = Self::Over;
        }
    }
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
        self.stage(job)?.begin();
        let request = match job {
            Job::Message(id) => {
                let message = self.messages.get(&id)?;
                let text = json!({"body": message.text});
                let body = json!({"to": message.phone_number, "type": "text", "text": text});
                self.to_provider(job, &body)
            }
            Job::Status(id) => {
                let status = self.statuses.get(&id)?;
                let body = match status.media_url(&self.base) {
                    Some(link) => {
                        let image = json!({"link": link, "caption": status.text});
                        json!({"to": STATUSES, "type": "image", "image": image})
                    }
                    None => {
                        let text = json!({"body": status.text});
                        json!({"to": STATUSES, "type": "text", "text": text})
                    }
                };
                self.to_provider(job, &body)
            }
            Job::Import => {
                let mut request = Request::new(Body::empty());
                // It was checked when it was set.
                *request.uri_mut() = self.wordpress_url().parse().ok()?;
                request
            }
        };
        Some(Outgoing { job, request })
    }

    fn stage(&mut self, job: Job) -> Option<&mut Stage> {
        match job {
            Job::Message(id) => self.messages.get_mut(&id).map(|message| &mut message.stage),
            Job::Status(id) => self.statuses.get_mut(&id).map(|status| &mut status.stage),
            Job::Import => Some(&mut self.settings.wordpress.pull),
        }
    }

    /// Notes that a job must not begin once more, whatever becomes of the process.
    pub(super) fn end(&mut self, job: Job) {
        if let Some(stage) = self.stage(job) {
            stage.end();
        }
    }

    fn to_provider(&self, job: Job, body: &Value) -> Request<Body> {
        let mut request = Request::new(Body::from(body.to_string()));
        *request.method_mut() = Method::POST;
        let url = format!("{}/crm/360dialog/messages", self.base);
        *request.uri_mut() = url.parse().unwrap_or_default();
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().insert(header::CONTENT_TYPE, json);
        let key = HeaderValue::from_static(API_KEY);
        request.headers_mut().insert("D360-API-KEY", key);
        if let Ok(job) = serde_json::to_string(&job).unwrap_or_default().parse() {
            request.headers_mut().insert(HeaderName::from_static(JOB), job);
        }
        request
    }

    /// Notes what came of a job. Without an answer a message stays pending, and is not sent again
    /// (seen).
    pub(crate) fn record(&mut self, outcome: Outcome, now: Timestamp) {
        self.end(outcome.job);
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
