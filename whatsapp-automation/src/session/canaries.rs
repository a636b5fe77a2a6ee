//! Nothing that a request or an answer holds is shown.

use std::fmt::Debug;

use replykit_transport::MockTransport;
use serde::de::DeserializeOwned;

use super::*;
use crate::{ErrorKind, Items, Media, Outcome};

/// A client with a session, and no password.
pub(super) fn logged_in() -> (Client, MockTransport) {
    let mock = MockTransport::new();
    let client = Client::over(mock.clone(), "http://127.0.0.1:8000/".parse().unwrap()).unwrap();
    let json = r#"{"origin":"http://127.0.0.1:8000","cookie":"s%3Acanary"}"#;
    client.restore(&serde_json::from_str(json).unwrap()).unwrap();
    (client.seed(1), mock)
}

fn hides(value: &impl Debug) {
    let shown = format!("{value:?} {value:#?}");
    let hidden = ["canary", "5550100", "555 0100"];
    assert!(!hidden.iter().any(|canary| shown.contains(canary)), "{shown}");
}

const PHONE: &str = "+15555550100";

#[test]
fn requests_show_no_personal_data() {
    let mut register = Register::new("canary", "canary");
    (register.name, register.email) = ("canary".to_owned(), "canary@example.com".to_owned());
    (register.phone, register.gst) = (PHONE.to_owned(), "canary".to_owned());
    hides(&register);
    hides(&Login::new("canary", "canary"));
    let media = Media::new("canary.png", "image/png", "canary");
    hides(&SendMessage::new(PHONE, "canary").media(media).at("canary"));
    hides(&ScheduleMessage::new(PHONE, "canary", "canary"));
    let (client, _) = logged_in();
    hides(&client);
    hides(&client.save());
    hides(&client.execute(SendMessage::new(PHONE, "canary")));
    hides(&client.queue());
    hides(&Sought::from(&SendMessage::new(PHONE, "canary")));
}

/// Reads an example of a document whose values are canaries.
fn read<T: DeserializeOwned>(json: &str) -> T {
    serde_json::from_str(&json.replace("PHONE", PHONE)).unwrap()
}

#[test]
fn answers_show_no_personal_data() {
    hides(&read::<Registered>(r#"{"message":"canary","x":"canary"}"#));
    hides(&read::<LoggedIn>(
        r#"{"message":"canary","user":{"name":"canary","username":"canary","email":"canary","x":"canary"}}"#,
    ));
    hides(&read::<Profile>(
        r#"{"id":"canary","name":"canary","email":"canary","username":"canary","phone":"PHONE","gst":"canary"}"#,
    ));
    hides(&read::<QrCode>(r#"{"qrCodeUrl":"https://canary/?data=canary"}"#));
    hides(&read::<WhatsAppStatus>(r#"{"status":"canary","phoneNumber":"PHONE","name":"canary"}"#));
    hides(&read::<Group>(r#"{"id":"canary","name":"canary","participants":["PHONE"]}"#));
    hides(&read::<Accepted>(r#"{"success":true,"messageId":"msg_1","x":"canary"}"#));
    // As some libraries for WhatsApp make the id of a message.
    let id = r#"{"success":true,"messageId":"true_15555550100@c.us_3EB0ABCDEF"}"#;
    hides(&read::<Accepted>(id));
    hides(&read::<QueuedMessage>(r#"{"id":15555550100}"#));
    hides(&read::<QueuedMessage>(r#"{"id":"+1 555 555 0100"}"#));
    hides(&read::<QueuedMessage>(
        r#"{"id":1,"to":"PHONE","message":"canary","status":"canary","scheduledFor":"canary","x":"canary"}"#,
    ));
    hides(&Items::<Group>::read(r#"[{"name":"canary"},{"id":"canary"}]"#).unwrap());
}

#[tokio::test]
async fn errors_show_no_personal_data() {
    for (status, body) in [
        (400, r#"{"message":"canary +15555550100","canary2":1}"#),
        (401, r#"{"error":"canary"}"#),
        (500, "<html>canary"),
        (200, "canary"),
        (200, r#"{"success":false,"message":"canary"}"#),
        (200, r#"{"success":true,"messageId":["canary"]}"#),
    ] {
        let (client, mock) = logged_in();
        mock.answer(status, body);
        let error = client.execute(SendMessage::new(PHONE, "canary")).await.unwrap_err();
        hides(&error);
        assert!(!error.to_string().contains("canary"), "{error}");
        assert_ne!(error.outcome() == Outcome::NotSent, status != 401, "{error}");
        if let ErrorKind::Login(login) = error.kind() {
            hides(&login.cause());
        }
    }
}
