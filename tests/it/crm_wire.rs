//! Requests written by hand against the sandbox's open REST API, and every shape of its answers.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Response};
use replykit_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::support::{fixture, repository, send};

pub(crate) const JSON: (&str, &str) = ("Content-Type", "application/json");

pub(crate) fn value(answer: &Response<Bytes>) -> Value {
    assert_eq!(answer.headers()["content-type"], "application/json");
    serde_json::from_slice(answer.body()).unwrap()
}

pub(crate) async fn ask(
    sandbox: &Sandbox,
    method: Method,
    path: &str,
    body: &Value,
) -> (u16, Value) {
    let url = sandbox.crm_url() + path;
    let answer = if body.is_null() {
        send(method, &url, &[], "").await
    } else {
        send(method, &url, &[JSON], body.to_string()).await
    };
    let status = answer.status().as_u16();
    (status, if answer.body().is_empty() { Value::Null } else { value(&answer) })
}

pub(crate) async fn get(sandbox: &Sandbox, path: &str) -> Value {
    let (status, body) = ask(sandbox, Method::GET, path, &Value::Null).await;
    assert_eq!(status, 200, "{path}: {body}");
    body
}

pub(crate) async fn create(sandbox: &Sandbox, path: &str, body: Value) -> Value {
    let (status, made) = ask(sandbox, Method::POST, path, &body).await;
    assert_eq!(status, 201, "{path}: {made}");
    made
}

/// A page of HTML, and nothing that JSON could be read from.
pub(crate) fn assert_html(answer: &Response<Bytes>, status: u16) {
    assert_eq!(answer.status(), status);
    assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
    assert!(answer.body().starts_with(b"<!doctype html>"));
}

pub(crate) fn john() -> Value {
    json!({"name": "John Doe", "phone_number": "+40712345678", "landing_page": "Spring"})
}

#[tokio::test]
async fn the_documented_requests_are_taken_as_written() {
    let sandbox = Sandbox::start().await.unwrap();
    for (name, path) in
        [("01-send-message-request", "whatsapp/"), ("02-post-status-request", "status/")]
    {
        let file = repository().join(format!("tests/fixtures/crm/{name}.json"));
        let body = std::fs::read(file).unwrap();
        let answer = send(Method::POST, &(sandbox.crm_url() + path), &[JSON], body).await;
        assert_eq!(answer.status(), 201, "{name}");
        let made = value(&answer);
        for (field, sent) in fixture(&format!("crm/{name}")).as_object().unwrap() {
            assert_eq!(&made[field], sent, "{name}: {field}");
        }
    }
}

#[tokio::test]
async fn all_fields_that_are_wrong_are_told_at_once() {
    let sandbox = Sandbox::start().await.unwrap();
    create(&sandbox, "contacts/", john()).await;
    create(&sandbox, "groups/", json!({"name": "Team"})).await;
    create(&sandbox, "whatsapp/", json!({"phone_number": "+1", "message": "Hi"})).await;
    let required = "This field is required.";
    let blank = "This field may not be blank.";
    let long = "Ensure this field has no more than 20 characters.";
    let no_null = "This field may not be null.";
    let no_text = "Not a valid string.";
    let number = "0".repeat(21);
    let wrong_time = "Datetime has wrong format. Use one of these formats instead: \
                      YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].";
    for (method, path, body, errors) in [
        (
            Method::POST,
            "contacts/",
            json!({}),
            json!({"name": [required], "phone_number": [required], "landing_page": [required]}),
        ),
        (
            Method::PUT,
            "contacts/1/",
            json!({"name": " ", "phone_number": number, "landing_page": null}),
            json!({"name": [blank], "phone_number": [long], "landing_page": [no_null]}),
        ),
        (
            Method::PUT,
            "contacts/1/",
            json!({"name": "A", "phone_number": "+1"}),
            json!({"landing_page": [required]}),
        ),
        (
            Method::PATCH,
            "contacts/1/",
            json!({"phone_number": number}),
            json!({"phone_number": [long]}),
        ),
        (
            Method::POST,
            "whatsapp/",
            json!({"phone_number": number, "message": "", "scheduled_at": "soon"}),
            json!({"phone_number": [long], "message": [blank], "scheduled_at": [wrong_time]}),
        ),
        (
            Method::POST,
            "whatsapp/",
            json!({"phone_number": [], "message": {}}),
            json!({"phone_number": [no_text], "message": [no_text]}),
        ),
        (
            Method::PUT,
            "whatsapp/1/",
            json!({}),
            json!({"phone_number": [required], "message": [required]}),
        ),
        (
            Method::POST,
            "status/",
            json!({"text": "x".repeat(256), "media": "a.png"}),
            json!({
                "text": ["Ensure this field has no more than 255 characters."],
                "media": ["The submitted data was not a file. Check the encoding type on the form."]
            }),
        ),
        (
            Method::POST,
            "groups/",
            json!({"max_capacity": "many"}),
            json!({"name": [required], "max_capacity": ["A valid integer is required."]}),
        ),
        (
            Method::POST,
            "groups/",
            json!({"name": "Team"}),
            json!({"name": ["group with this name already exists."]}),
        ),
        (
            Method::POST,
            "groups/",
            json!([]),
            json!({"non_field_errors": ["Invalid data. Expected a dictionary, but got list."]}),
        ),
    ] {
        let answer = ask(&sandbox, method.clone(), path, &body).await;
        assert_eq!(answer, (400, errors), "{method} {path} {body}");
    }
}

#[tokio::test]
async fn every_endpoint_has_its_methods_and_refuses_the_others() {
    let sandbox = Sandbox::start().await.unwrap();
    for table in ["contacts", "whatsapp", "status", "groups"] {
        for (method, path) in
            [(Method::DELETE, format!("{table}/")), (Method::POST, format!("{table}/1/"))]
        {
            let answer = send(method.clone(), &(sandbox.crm_url() + &path), &[JSON], "{}").await;
            assert_eq!(answer.status(), 405, "{method} {path}");
            assert!(answer.headers().contains_key("allow"));
            let why = format!("Method \"{method}\" not allowed.");
            assert_eq!(value(&answer), json!({"detail": why}));
        }
        for method in [Method::GET, Method::PUT, Method::PATCH, Method::DELETE] {
            for path in [format!("{table}/9/"), format!("{table}/nine/")] {
                let answer = ask(&sandbox, method.clone(), &path, &json!({})).await;
                assert_eq!(answer, (404, json!({"detail": "Not found."})), "{method} {path}");
            }
        }
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_is_refused_by_its_kind() {
    let sandbox = Sandbox::start().await.unwrap();
    let url = sandbox.crm_url() + "whatsapp/";
    for body in ["{", "", "{\"message\": \"\\ud800\"}"] {
        let answer = send(Method::POST, &url, &[JSON], body).await;
        assert_eq!(answer.status(), 400, "{body}");
        let why = value(&answer);
        assert!(why["detail"].as_str().unwrap().starts_with("JSON parse error - "), "{why}");
    }
    let answer = send(Method::POST, &url, &[("Content-Type", "text/plain")], "{}").await;
    assert_eq!(answer.status(), 415);
    let why = "Unsupported media type \"text/plain\" in request.";
    assert_eq!(value(&answer), json!({"detail": why}));
    let form = [("Content-Type", "multipart/form-data; boundary=x")];
    let answer = send(Method::POST, &url, &form, "--x\r\n").await;
    assert_eq!(answer.status(), 400);
    assert!(value(&answer)["detail"].as_str().unwrap().starts_with("Multipart form parse error"));
    assert_eq!(get(&sandbox, "whatsapp/").await, json!([]), "nothing was made");
}

#[tokio::test]
async fn without_its_last_slash_a_get_is_redirected_and_a_write_is_not() {
    let sandbox = Sandbox::start().await.unwrap();
    let url = sandbox.crm_url();
    let moved = send(Method::GET, &format!("{url}contacts?x=1"), &[], "").await;
    assert_eq!(moved.status(), 301);
    assert_eq!(moved.headers()["location"], "/crm/contacts/?x=1");
    for (method, path) in
        [(Method::POST, "contacts"), (Method::PUT, "contacts/1"), (Method::DELETE, "groups/1")]
    {
        let answer = send(method, &format!("{url}{path}"), &[JSON], john().to_string()).await;
        assert_html(&answer, 500);
    }
    sandbox.crm().set_redirect_writes(true);
    let moved = send(Method::POST, &format!("{url}contacts"), &[JSON], john().to_string()).await;
    assert_eq!(moved.status(), 301);
    assert_eq!(moved.headers()["location"], "/crm/contacts/");
    assert_eq!(get(&sandbox, "contacts/").await, json!([]), "nothing was made");
}

#[tokio::test]
async fn who_asks_for_html_gets_html() {
    let sandbox = Sandbox::start().await.unwrap();
    let url = sandbox.crm_url();
    let html = ("Accept", "text/html");
    for (path, status) in [("contacts/", 200), ("contacts/1/", 404), ("nowhere/", 404), ("", 404)] {
        let answer = send(Method::GET, &format!("{url}{path}"), &[html], "").await;
        assert_html(&answer, status);
    }
    assert_html(&send(Method::GET, &format!("{url}nowhere/"), &[], "").await, 404);
    let answer =
        send(Method::GET, &format!("{url}contacts/"), &[("Accept", "image/png")], "").await;
    assert_eq!(answer.status(), 406);
    let why = "Could not satisfy the request Accept header.";
    assert_eq!(value(&answer), json!({"detail": why}));
}

#[tokio::test]
async fn a_picture_is_uploaded_and_comes_back_as_a_url() {
    let sandbox = Sandbox::start().await.unwrap();
    let body = "--x\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nLook\r\n--x\r\n\
                Content-Disposition: form-data; name=\"media\"; filename=\"../a b.png\"\r\n\
                Content-Type: image/png\r\n\r\nPNG\r\n--x--\r\n";
    let form = [("Content-Type", "multipart/form-data; boundary=x")];
    let url = sandbox.crm_url() + "status/";
    let made = value(&send(Method::POST, &url, &form, body).await);
    let media = made["media"].as_str().unwrap();
    assert_eq!(media, sandbox.crm_url() + "media/a_b.png");
    let picture = send(Method::GET, media, &[], "").await;
    assert_eq!(picture.headers()["content-type"], "image/png");
    assert_eq!(picture.body(), "PNG");

    sandbox.advance(Duration::ZERO).await;
    let sent = sandbox.crm().sent();
    assert_eq!((sent[0].to.as_str(), sent[0].text.as_str()), ("status@broadcast", "Look"));
    assert_eq!(sent[0].media.as_deref(), Some(media));
    let again = value(&send(Method::POST, &url, &form, body).await);
    assert_ne!(again["media"], made["media"], "the first one is not overwritten");
    let empty = body.replace("PNG", "");
    let refused = send(Method::POST, &url, &form, empty).await;
    assert_eq!(refused.status(), 400);
    assert_eq!(value(&refused), json!({"media": ["The submitted file is empty."]}));
}
