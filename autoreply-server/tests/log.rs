//! What a failed handler leaves in the log. A process of its own, because the subscriber is global:
//! one that is set for a thread misses events whose callsite another thread reaches first.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::{
    fmt::{Debug, Write},
    sync::{Arc, Mutex},
};

use autoreply_server::{AutoReply, BoxError, Incoming, Keys, Reply};
use http::Request;
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};

/// Writes down every event.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Log {
    fn take(&self) -> String {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl Visit for Log {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0.lock().unwrap(), "{field}={value:?} ").unwrap();
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

async fn fail(message: Incoming) -> Result<Reply, BoxError> {
    match message.message.as_str() {
        "panic" => panic!("canary"),
        text => Err(format!("canary, {text}").into()),
    }
}

async fn receive(bot: &AutoReply, text: &str) {
    let body = format!(
        r#"{{"type":"SMS","sender":"+40712345678","name":"John Doe","message":"{text}","timestamp":""}}"#
    );
    let request = Request::post("/")
        .header("content-type", "application/json")
        .header("x-api-key", "canary-key")
        .body(body)
        .unwrap();
    assert_eq!(bot.respond(request).await.status(), 500);
}

#[tokio::test]
async fn a02_the_log_tells_of_a_failure_without_its_text() {
    let log = Log::default();
    tracing::subscriber::set_global_default(log.clone()).unwrap();
    let bot = AutoReply::new(Keys::new(["canary-key"]).unwrap(), fail);

    receive(&bot, "private").await;
    let of_error = log.take();
    for part in ["returned an error", "internal_error", "on_failure", "answered=500"] {
        assert!(of_error.contains(part), "{of_error}");
    }
    receive(&bot.on_failure(|_| panic!("canary")), "panic").await;
    let of_panic = log.take();
    assert!(of_panic.contains("handler panicked") && of_panic.contains("hook"), "{of_panic}");
    for secret in ["canary", "private", "+40712345678", "John Doe"] {
        assert!(!of_error.contains(secret) && !of_panic.contains(secret), "{secret}");
    }
}
