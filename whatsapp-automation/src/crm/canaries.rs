//! Nothing that is printed holds personal data.

use std::fmt::{Debug, Display};

use replykit_transport::MockTransport;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::*;
use crate::{Error, ErrorKind, Media, ProtocolProblem};

const CANARY: &str = "c4n4ry";
const NUMBER: &str = "+447922021419";

fn assert_silent(shown: &str) {
    assert!(!shown.contains(CANARY), "{shown}");
    assert!(!shown.contains("792202"), "{shown}");
}

fn check(value: &dyn Debug) {
    assert_silent(&format!("{value:?}"));
    assert_silent(&format!("{value:#?}"));
}

fn check_error(error: &Error) {
    let mut next = Some(error as &dyn std::error::Error);
    while let Some(error) = next {
        check(&error);
        assert_silent(&(error as &dyn Display).to_string());
        next = error.source();
    }
    match error.kind() {
        ErrorKind::Invalid(inner) => assert_silent(&inner.to_string()),
        ErrorKind::Api(inner) => assert_silent(&inner.to_string()),
        ErrorKind::Protocol(inner) => assert_silent(&inner.to_string()),
        _ => {}
    }
}

fn check_model<T: DeserializeOwned + Debug>() {
    let model = json!({
        "id": 7, "name": CANARY, "phone_number": NUMBER, "landing_page": CANARY, "message": CANARY,
        "text": CANARY, "media": CANARY, "user": CANARY, "status": format!("Failed: {NUMBER}"),
        "scheduled_at": CANARY, "created_at": CANARY, "new": CANARY
    });
    check(&serde_json::from_value::<T>(model.clone()).unwrap());
    let list = json!([model, {"id": CANARY}]).to_string();
    check(&crate::Items::<T>::read(&list).unwrap());
}

fn text() -> Option<String> {
    Some(CANARY.to_owned())
}

#[test]
fn objects_show_no_personal_data() {
    check_model::<Contact>();
    check_model::<Message>();
    check_model::<Status>();
    check_model::<Group>();
}

#[test]
fn requests_show_no_personal_data() {
    check(&CreateContact::new(CANARY, NUMBER, CANARY));
    check(&UpdateContact::new(7, CANARY, NUMBER, CANARY));
    let mut patch = PatchContact::new(7);
    (patch.name, patch.phone_number, patch.landing_page) = (text(), text(), text());
    check(&patch);
    check(&SendMessage::new(NUMBER, CANARY).at(CANARY));
    check(&UpdateMessage::new(7, NUMBER, CANARY));
    let mut patch = PatchMessage::new(7);
    (patch.phone_number, patch.message) = (text(), text());
    check(&patch);
    check(&PostStatus::text(CANARY));
    check(&PostStatus::media(Media::new(CANARY, "image/png", CANARY)));
    let mut update = UpdateStatus::new(7);
    update.text = text();
    check(&update);
    let mut patch = PatchStatus::new(7);
    patch.text = Some(text());
    check(&patch);
    let mut group = CreateGroup::new(CANARY);
    group.landing_page = text();
    check(&group);
    let mut group = UpdateGroup::new(7, CANARY);
    group.landing_page = text();
    check(&group);
    let mut group = PatchGroup::new(7);
    (group.name, group.landing_page) = (text(), Some(text()));
    check(&group);
}

#[tokio::test(start_paused = true)]
async fn failures_show_no_personal_data() {
    for (status, body) in [
        (400, json!({"phone_number": [NUMBER], "error": CANARY}).to_string()),
        (404, json!({"detail": CANARY}).to_string()),
        (500, format!("<html>{CANARY} {NUMBER}</html>")),
        (200, format!("<html>{CANARY} {NUMBER}</html>")),
        (200, json!([{"id": 7, "message": CANARY}]).to_string()),
        (200, json!({"message": CANARY, "phone_number": NUMBER}).to_string()),
        (200, json!({"id": CANARY, "phone_number": NUMBER}).to_string()),
        (200, json!({"id": 7, "message": [CANARY], "phone_number": NUMBER}).to_string()),
    ] {
        let mock = MockTransport::new();
        mock.answer(status, body.clone());
        let base = format!("https://example.com/{CANARY}/").parse().unwrap();
        let client = Client::over(mock, base).unwrap();
        check(&client);
        let send = SendMessage::new(NUMBER, CANARY);
        check(&client.execute(send.clone()));
        check_error(&client.execute(send).await.unwrap_err());
    }
}

#[tokio::test]
async fn broken_rules_show_no_personal_data() {
    let client =
        Client::over(MockTransport::new(), "https://example.com/".parse().unwrap()).unwrap();
    let long = CANARY.repeat(50);
    check_error(&client.execute(SendMessage::new(&long, CANARY)).await.unwrap_err());
    check_error(&client.execute(SendMessage::new(NUMBER, CANARY).at(CANARY)).await.unwrap_err());
    check_error(&client.execute(PostStatus::text(&long)).await.unwrap_err());
    let media = Media::new(format!("{CANARY}\n"), CANARY, CANARY);
    check_error(&client.execute(PostStatus::media(media)).await.unwrap_err());
    check_error(&Error::protocol(ProtocolProblem::Shape, CANARY.as_bytes()));
}
