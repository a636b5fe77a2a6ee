//! What a log holds of a call, and what it must not hold.

use std::{
    io,
    sync::{Arc, Mutex},
};

use serde_json::json;
use tracing_subscriber::fmt::format::FmtSpan;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_call_is_a_span_without_a_secret_or_personal_data() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(FmtSpan::CLOSE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    let server = MockServer::start().await;
    let refusal = json!({"error": {"code": "c4n4ry", "message": "c4n4ry"}});
    let answer = ResponseTemplate::new(409).set_body_json(refusal);
    Mock::given(any()).respond_with(answer).up_to_n_times(1).mount(&server).await;
    let answer = ResponseTemplate::new(200).set_body_json(json!({"valid": true, "x": "c4n4ry"}));
    Mock::given(any()).respond_with(answer).mount(&server).await;

    let secret = lead_reply::Secret::new("c4n4ry-s3cret").unwrap();
    let url = format!("{}/c4n4ry-p4th?c4n4ry", server.uri());
    let client = crate::client_with(&url, secret);
    client.reply("+447911987654", "c4n4ry").await.unwrap_err();
    client.validate_connection().await.unwrap();

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for seen in [
        "lead_reply.call",
        "rpc.method=lead_reply.reply outcome=rejected",
        "attempts=1 error.type=refused http.response.status_code=409",
        "rpc.method=lead_reply.validate_connection outcome=done",
    ] {
        assert!(log.contains(seen), "{seen}: {log}");
    }
    // The server of this test runs in other threads, which the subscriber does not see.
    assert!(!log.contains("c4n4ry") && !log.contains("7911987654"), "{log}");
}
