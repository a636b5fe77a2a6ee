//! What a log holds of a call, and what it must not hold.

use std::{
    io,
    sync::{Arc, Mutex},
};

use serde_json::json;
use tracing_subscriber::fmt::format::FmtSpan;
use whatsapp_automation::crm::{GetContact, SendMessage};
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
async fn a_call_is_a_span_without_personal_data() {
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
    let refusal = json!({"phone_number": ["c4n4ry"], "error": "c4n4ry"});
    let answer = ResponseTemplate::new(400).set_body_json(refusal);
    Mock::given(any()).respond_with(answer).up_to_n_times(1).mount(&server).await;
    let answer = ResponseTemplate::new(200).set_body_json(json!({"id": 7, "name": "c4n4ry"}));
    Mock::given(any()).respond_with(answer).mount(&server).await;

    let client = crate::client(&format!("{}/c4n4ry-p4th/", server.uri()));
    client.execute(SendMessage::new("+447911987654", "c4n4ry")).await.unwrap_err();
    client.execute(GetContact::new(7)).await.unwrap();

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for seen in [
        r#"rpc.method=crm.send_message outcome=rejected"#,
        "attempts=1 error.type=api http.response.status_code=400",
        "rpc.method=crm.get_contact outcome=done",
    ] {
        assert!(log.contains(seen), "{seen}: {log}");
    }
    // The server of this test runs in other threads, which the subscriber does not see.
    assert!(!log.contains("c4n4ry") && !log.contains("7911987654"), "{log}");
}
