//! What the client puts on the wire, judged by an HTTP server that knows nothing of it.

use std::path::Path;

use serde_json::{Value, json};
use whatsapp_automation::crm::*;
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers::any};

/// What the server answers, by status and body.
pub(crate) fn answer(status: u16, json: Value) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(json)
}

/// Calls an endpoint once, and hands back its output and the request that the server saw.
pub(crate) async fn call<E: Endpoint>(
    endpoint: E,
    answer: ResponseTemplate,
) -> (E::Output, Request) {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    let client = crate::client(&format!("{}/base", server.uri()));
    let output = client.execute(endpoint).await.unwrap();
    let mut requests = server.received_requests().await.unwrap();
    assert_eq!(requests.len(), 1);
    let seen = requests.remove(0);
    assert_eq!(seen.url.query(), None);
    assert_eq!(seen.headers["accept"], "application/json");
    assert_eq!(seen.headers["accept-encoding"], "identity");
    for absent in ["authorization", "cookie"] {
        assert!(!seen.headers.contains_key(absent), "{absent}");
    }
    (output, seen)
}

/// The same for an endpoint without a body.
async fn bare<E: Endpoint>(endpoint: E, answer: ResponseTemplate, line: &str) -> E::Output {
    let (output, seen) = call(endpoint, answer).await;
    assert_eq!(format!("{} {}", seen.method, seen.url.path()), line);
    assert!(seen.body.is_empty());
    assert!(!seen.headers.contains_key("content-type"));
    output
}

/// The same for an endpoint with a JSON body, of which each byte counts.
async fn with_body<E: Endpoint>(
    endpoint: E,
    answer: ResponseTemplate,
    line: &str,
    body: &str,
) -> E::Output {
    let (output, seen) = call(endpoint, answer).await;
    assert_eq!(format!("{} {}", seen.method, seen.url.path()), line);
    assert_eq!(seen.headers["content-type"], "application/json");
    assert_eq!(String::from_utf8_lossy(&seen.body), body);
    output
}

/// An example of the document.
fn documented(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/crm");
    let text = std::fs::read_to_string(folder.join(name)).unwrap();
    // The order of the fields counts, so it does not go through a `Value`.
    text.lines().map(|line| line.trim().replacen(": ", ":", 1)).collect()
}

fn contact() -> Value {
    json!({
        "id": 7, "name": "Billy Bob", "phone_number": "+1234567890", "landing_page": "shoes",
        "group": 3, "created_at": "2025-02-20T10:00:00.123456Z"
    })
}

fn message() -> Value {
    json!({
        "id": 7, "phone_number": "+1234567890", "message": "Hello from API!",
        "scheduled_at": "2025-02-20T10:00:00Z", "status": "Pending",
        "created_at": "2025-02-20T09:00:00.123456Z"
    })
}

pub(crate) fn status() -> Value {
    json!({
        "id": 7, "text": "Good morning!", "media": null, "scheduled_at": "2025-02-20T10:00:00Z",
        "created_at": "2025-02-20T09:00:00.123456Z", "status": "Pending", "user": null
    })
}

fn group() -> Value {
    json!({
        "id": 7, "name": "shoes Group 1", "landing_page": "shoes", "max_capacity": 250,
        "current_size": 1, "created_at": "2025-02-20T09:00:00.123456Z"
    })
}

fn gone() -> ResponseTemplate {
    ResponseTemplate::new(204)
}

#[tokio::test]
async fn list_contacts_is_the_documented_call() {
    let list = answer(200, json!([contact(), {"id": null}]));
    let contacts = bare(ListContacts::new(), list, "GET /base/contacts/").await;
    assert_eq!((contacts.len(), contacts.malformed().len()), (1, 1));
    assert_eq!(contacts[0].group, Some(GroupId::new(3)));
}

#[tokio::test]
async fn get_contact_is_the_documented_call() {
    let found = bare(GetContact::new(7), answer(200, contact()), "GET /base/contacts/7/").await;
    assert_eq!(serde_json::to_value(found).unwrap(), contact());
}

#[tokio::test]
async fn create_contact_is_the_documented_call() {
    let create = CreateContact::new("Billy Bob", "+1234567890", "shoes");
    let body = r#"{"name":"Billy Bob","phone_number":"+1234567890","landing_page":"shoes"}"#;
    for (status, existed) in [(201, false), (200, true)] {
        let answer = answer(status, contact());
        let created = with_body(create.clone(), answer, "POST /base/contacts/", body).await;
        assert_eq!((created.existed, created.contact.id), (existed, ContactId::new(7)));
    }
}

#[tokio::test]
async fn update_contact_is_the_documented_call() {
    let update = UpdateContact::new(7, "Billy Bob", "+1234567890", "shoes");
    let body = r#"{"name":"Billy Bob","phone_number":"+1234567890","landing_page":"shoes"}"#;
    with_body(update, answer(200, contact()), "PUT /base/contacts/7/", body).await;
}

#[tokio::test]
async fn patch_contact_sends_what_changes() {
    let mut patch = PatchContact::new(7);
    patch.name = Some("Billy \"Bob\"".to_owned());
    let body = r#"{"name":"Billy \"Bob\""}"#;
    with_body(patch, answer(200, contact()), "PATCH /base/contacts/7/", body).await;
}

#[tokio::test]
async fn delete_contact_is_the_documented_call() {
    bare(DeleteContact::new(7), gone(), "DELETE /base/contacts/7/").await;
}

#[tokio::test]
async fn list_messages_is_the_documented_call() {
    let list = answer(200, json!([message()]));
    let messages = bare(ListMessages::new(), list, "GET /base/whatsapp/").await;
    assert_eq!(messages[0].status, SendState::Pending);
}

#[tokio::test]
async fn get_message_is_the_documented_call() {
    let found = bare(GetMessage::new(7), answer(200, message()), "GET /base/whatsapp/7/").await;
    assert_eq!(serde_json::to_value(found).unwrap(), message());
}

#[tokio::test]
async fn send_message_is_the_documented_call() {
    let time: jiff::Timestamp = "2025-02-20T10:00:00Z".parse().unwrap();
    let send = SendMessage::new("+1234567890", "Hello from API!").at(time);
    let body = documented("01-send-message-request.json");
    let sent = with_body(send, answer(201, message()), "POST /base/whatsapp/", &body).await;
    assert_eq!(sent.id, MessageId::new(7));
    assert_eq!(sent.scheduled_at.unwrap().timestamp(), Some(time));
}

#[tokio::test]
async fn update_message_sends_all_of_it() {
    let update = UpdateMessage::new(7, "+1234567890", "Hello!");
    let body = r#"{"phone_number":"+1234567890","message":"Hello!","scheduled_at":null}"#;
    with_body(update, answer(200, message()), "PUT /base/whatsapp/7/", body).await;
}

#[tokio::test]
async fn patch_message_sends_what_changes() {
    let mut patch = PatchMessage::new(7);
    patch.message = Some("Salut, ță!".to_owned());
    let body = r#"{"message":"Salut, ță!"}"#;
    with_body(patch, answer(200, message()), "PATCH /base/whatsapp/7/", body).await;
}

#[tokio::test]
async fn delete_message_is_the_documented_call() {
    bare(DeleteMessage::new(7), gone(), "DELETE /base/whatsapp/7/").await;
}

#[tokio::test]
async fn list_statuses_is_the_documented_call() {
    let list = answer(200, json!([status()]));
    let statuses = bare(ListStatuses::new(), list, "GET /base/status/").await;
    assert_eq!(statuses[0].text.as_deref(), Some("Good morning!"));
}

#[tokio::test]
async fn get_status_is_the_documented_call() {
    let found = bare(GetStatus::new(7), answer(200, status()), "GET /base/status/7/").await;
    assert_eq!(serde_json::to_value(found).unwrap(), status());
}

#[tokio::test]
async fn post_status_is_the_documented_call() {
    let post = PostStatus::text("Good morning!").at("2025-02-20T10:00:00Z");
    let body = documented("02-post-status-request.json");
    with_body(post, answer(201, status()), "POST /base/status/", &body).await;
}

#[tokio::test]
async fn update_status_sends_all_of_it() {
    let mut update = UpdateStatus::new(7);
    update.text = Some("Good night!".to_owned());
    let body = r#"{"text":"Good night!","scheduled_at":null}"#;
    with_body(update, answer(200, status()), "PUT /base/status/7/", body).await;
}

#[tokio::test]
async fn patch_status_sends_what_changes() {
    let mut patch = PatchStatus::new(7);
    patch.scheduled_at = Some(None);
    let body = r#"{"scheduled_at":null}"#;
    with_body(patch, answer(200, status()), "PATCH /base/status/7/", body).await;
}

#[tokio::test]
async fn delete_status_is_the_documented_call() {
    bare(DeleteStatus::new(7), gone(), "DELETE /base/status/7/").await;
}

#[tokio::test]
async fn list_groups_is_the_documented_call() {
    let groups = bare(ListGroups::new(), answer(200, json!([group()])), "GET /base/groups/").await;
    assert_eq!(groups[0].max_capacity, Some(250));
}

#[tokio::test]
async fn get_group_is_the_documented_call() {
    let found = bare(GetGroup::new(7), answer(200, group()), "GET /base/groups/7/").await;
    assert_eq!(serde_json::to_value(found).unwrap(), group());
}

#[tokio::test]
async fn create_group_is_the_documented_call() {
    let mut create = CreateGroup::new("shoes Group 1");
    let body = r#"{"name":"shoes Group 1"}"#;
    with_body(create.clone(), answer(201, group()), "POST /base/groups/", body).await;
    create.landing_page = Some("shoes".to_owned());
    create.max_capacity = Some(100);
    let body = r#"{"name":"shoes Group 1","landing_page":"shoes","max_capacity":100}"#;
    with_body(create, answer(201, group()), "POST /base/groups/", body).await;
}

#[tokio::test]
async fn update_group_sends_all_of_it() {
    let update = UpdateGroup::new(7, "shoes");
    let body = r#"{"name":"shoes","landing_page":null}"#;
    with_body(update, answer(200, group()), "PUT /base/groups/7/", body).await;
}

#[tokio::test]
async fn patch_group_sends_what_changes() {
    let mut patch = PatchGroup::new(7);
    patch.max_capacity = Some(100);
    let body = r#"{"max_capacity":100}"#;
    with_body(patch, answer(200, group()), "PATCH /base/groups/7/", body).await;
}

#[tokio::test]
async fn delete_group_is_the_documented_call() {
    bare(DeleteGroup::new(7), gone(), "DELETE /base/groups/7/").await;
}
