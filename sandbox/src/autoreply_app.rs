//! The phone with the AutoReply Mate app: it posts what it receives to a bot and says what it would
//! have sent to the person.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use autoreply_server::{AppType, ErrorBody, Incoming, LocalTime, Reply};
use http::{HeaderName, HeaderValue, Request, Uri, header};
use jiff::{Timestamp, tz::Offset};
use replykit_transport::{Body, CallOptions, HttpTransport};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Undocumented: how long the phone waits for the bot.
const PATIENCE: Duration = Duration::from_secs(10);

/// The app on the phone.
#[derive(Default)]
pub(crate) struct App {
    bot: Mutex<Option<Bot>>,
}

/// What is entered in the app under Settings > Server API Configuration.
#[derive(Clone)]
pub(crate) struct Bot {
    pub(crate) url: Uri,
    pub(crate) key: Option<SecretString>,
}

/// A message that a person sends to the phone.
#[derive(Deserialize)]
struct Message {
    #[serde(rename = "type")]
    app_type: AppType,
    sender: String,
    #[serde(default)]
    name: Option<String>,
    message: String,
}

/// What the phone did about a message.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum PhoneOutcome {
    Sent { sent: bool, text: String },
    Silent { sent: bool, reason: String },
}

impl PhoneOutcome {
    fn sent(text: &str) -> Self {
        Self::Sent { sent: true, text: text.to_owned() }
    }

    fn silent(reason: impl Into<String>) -> Self {
        Self::Silent { sent: false, reason: reason.into() }
    }

    pub(crate) fn to_json(&self) -> String {
        json!(self).to_string()
    }
}

/// What was posted is no message.
pub(crate) struct NotAMessage;

impl NotAMessage {
    pub(crate) fn to_json(&self) -> String {
        let error =
            "post {\"type\": .., \"sender\": .., \"name\"?: .., \"message\": ..}, all strings";
        json!({ "error": error }).to_string()
    }
}

impl App {
    pub(crate) fn connect(&self, bot: Bot) {
        *self.bot.lock().unwrap_or_else(PoisonError::into_inner) = Some(bot);
    }

    pub(crate) async fn receive(
        &self,
        message: &[u8],
        transport: &impl HttpTransport,
        now: Timestamp,
    ) -> Result<PhoneOutcome, NotAMessage> {
        let message: Message = serde_json::from_slice(message).map_err(|_| NotAMessage)?;
        let bot = self.bot.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(bot) = bot else {
            return Ok(PhoneOutcome::silent("no bot is connected to the phone"));
        };
        let timestamp = LocalTime::from(Offset::UTC.to_datetime(now));
        let mut incoming =
            Incoming::new(message.app_type, message.sender, message.message, timestamp);
        incoming.name = message.name;

        let Some(request) = bot.request(&incoming) else {
            return Ok(PhoneOutcome::silent("the key cannot be sent in a header"));
        };
        Ok(match transport.send(request, &CallOptions::within(PATIENCE)).await {
            Ok(answer) => judge(&answer),
            Err(error) => PhoneOutcome::silent(format!(
                "the bot at {} did not answer: {error}; is it running?",
                bot.url
            )),
        })
    }
}

impl Bot {
    fn request(&self, incoming: &Incoming) -> Option<Request<Body>> {
        let mut request = Request::new(Body::from(json!(incoming).to_string()));
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = self.url.clone();
        let headers = request.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(key) = &self.key {
            let mut key = HeaderValue::from_str(key.expose_secret()).ok()?;
            key.set_sensitive(true);
            headers.insert(HeaderName::from_static("x-api-key"), key);
        }
        Some(request)
    }
}

/// The phone sends for status 200 with `success` and a text, and for nothing else.
fn judge(answer: &http::Response<bytes::Bytes>) -> PhoneOutcome {
    let status = answer.status().as_u16();
    if status != 200 {
        return PhoneOutcome::silent(match serde_json::from_slice::<ErrorBody>(answer.body()) {
            Ok(body) => format!("the bot answered {status} {}: {}", body.status, body.error),
            Err(_) => format!("the bot answered {status}"),
        });
    }
    match serde_json::from_slice::<Reply>(answer.body()) {
        Ok(reply) if reply.sends() => PhoneOutcome::sent(reply.as_text()),
        Ok(reply) => PhoneOutcome::silent(format!(
            "the bot answered with status {}{}",
            reply.status().as_str(),
            if reply.as_text().trim().is_empty() { " and no text" } else { "" },
        )),
        Err(_) => PhoneOutcome::silent("the bot answered 200 without the documented JSON"),
    }
}

#[cfg(test)]
mod tests {
    use replykit_transport::{MockTransport, Outcome};
    use serde_json::Value;

    use super::*;

    const HELP: &[u8] =
        br#"{"type":"SMS","sender":"+40712345678","name":"John Doe","message":"help"}"#;

    fn app(key: Option<&str>) -> App {
        let app = App::default();
        let url = Uri::from_static("http://127.0.0.1:8080/api/autoreply");
        app.connect(Bot { url, key: key.map(SecretString::from) });
        app
    }

    async fn receive(app: &App, bot: &MockTransport) -> Value {
        let now = "2026-02-28T14:30:00Z".parse().unwrap();
        let Ok(outcome) = app.receive(HELP, bot, now).await else { panic!("a message") };
        serde_json::from_str(&outcome.to_json()).unwrap()
    }

    async fn outcome_of(status: u16, body: &'static str) -> Value {
        let bot = MockTransport::new();
        bot.answer(status, body);
        receive(&app(None), &bot).await
    }

    #[tokio::test]
    async fn the_app_posts_the_documented_request() {
        let bot = MockTransport::new();
        bot.answer(200, r#"{"text":"Hi","status":"success"}"#);
        let outcome = receive(&app(Some("your-secret-key-here")), &bot).await;
        assert_eq!(outcome, json!({"sent": true, "text": "Hi"}));

        let request = &bot.requests()[0];
        assert_eq!(request.method(), "POST");
        assert_eq!(request.uri().path(), "/api/autoreply");
        assert_eq!(request.headers()["content-type"], "application/json");
        assert_eq!(request.headers()["x-api-key"], "your-secret-key-here");
        let documented = json!({
            "type": "SMS",
            "sender": "+40712345678",
            "name": "John Doe",
            "message": "help",
            "timestamp": "2026-02-28 14:30:00"
        });
        assert_eq!(serde_json::from_slice::<Value>(request.body()).unwrap(), documented);
    }

    #[tokio::test]
    async fn nothing_but_success_with_a_text_is_sent() {
        for (status, body, reason) in [
            (200, r#"{"text":"","status":"no_reply"}"#, "no_reply and no text"),
            (200, r#"{"text":"Hi","status":"later"}"#, "status later"),
            (200, r#"{"text":" ","status":"success"}"#, "and no text"),
            (200, "<html>", "without the documented JSON"),
            (500, "<html>", "answered 500"),
            (201, r#"{"text":"Hi","status":"success"}"#, "answered 201"),
            (
                403,
                r#"{"error":"Invalid API key","status":"forbidden"}"#,
                "403 forbidden: Invalid API key",
            ),
        ] {
            let outcome = outcome_of(status, body).await;
            assert_eq!(outcome["sent"], false);
            assert!(outcome["reason"].as_str().unwrap().contains(reason), "{outcome}");
        }
    }

    #[tokio::test]
    async fn a_bot_that_does_not_answer_means_silence() {
        let bot = MockTransport::new();
        let refused = replykit_transport::TransportError::new(
            replykit_transport::Phase::Connect,
            replykit_transport::TransportErrorKind::Connect,
            "the server could not be reached",
        );
        assert_eq!(refused.outcome(), Outcome::NotSent);
        bot.fail(refused);
        let outcome = receive(&app(None), &bot).await;
        assert_eq!(
            outcome["reason"],
            "the bot at http://127.0.0.1:8080/api/autoreply did not answer: \
             the server could not be reached; is it running?"
        );
    }

    #[tokio::test]
    async fn without_a_bot_the_phone_says_so() {
        let outcome = receive(&App::default(), &MockTransport::new()).await;
        assert_eq!(outcome["reason"], "no bot is connected to the phone");
    }
}
