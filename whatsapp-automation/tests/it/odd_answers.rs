//! Servers that answer oddly: what may have gone out is never told as refused, and nothing odd as done.

use whatsapp_automation::{
    Error, ErrorKind, Outcome, ProtocolProblem,
    crm::{
        CreateContact, CreateGroup, DeleteMessage, GetMessage, ListContacts, Message, SendMessage,
        SendState,
    },
};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

/// A server that gives each request this answer.
async fn server(status: u16, body: &str) -> MockServer {
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(status).set_body_string(body);
    Mock::given(any()).respond_with(answer).mount(&server).await;
    server
}

/// What becomes of a send, which is made once whatever the answer is.
async fn send(status: u16, body: &str) -> Result<Message, Error> {
    let server = server(status, body).await;
    let result = crate::client(&server.uri()).execute(SendMessage::new("+1", "Hi")).await;
    assert_eq!(server.received_requests().await.unwrap().len(), 1, "{status} {body}");
    result
}

fn problem(error: &Error) -> ProtocolProblem {
    let ErrorKind::Protocol(protocol) = error.kind() else { panic!("{error:?}") };
    protocol.problem()
}

#[tokio::test]
async fn an_id_is_any_integer_in_any_spelling() {
    for (id, number) in [
        ("7", 7),
        ("\"7\"", 7),
        ("7.0", 7),
        ("-7", -7),
        ("9223372036854775807", i64::MAX),
        ("\"-9223372036854775808\"", i64::MIN),
    ] {
        let sent = send(201, &format!(r#"{{"id":{id},"status":"Pending"}}"#)).await.unwrap();
        assert_eq!(sent.id.get(), number, "{id}");
    }
}

#[tokio::test]
async fn d01_an_answer_without_an_id_that_can_be_is_unknown() {
    for id in [
        "18446744073709551615",
        "9223372036854775808",
        "-9223372036854775809",
        "1e400",
        "7.5",
        "1e17",
        "\"\"",
        "\"seven\"",
        "null",
        "true",
        "[7]",
        "{}",
    ] {
        let error = send(201, &format!(r#"{{"id":{id},"status":"Sent"}}"#)).await.unwrap_err();
        assert_eq!(problem(&error), ProtocolProblem::Shape, "{id}");
        assert_eq!(error.outcome(), Outcome::Unknown, "{id}");
    }
}

#[tokio::test]
async fn d01_an_answer_that_contradicts_itself_or_is_cut_is_unknown() {
    for (body, expected) in [
        (r#"{"id":7,"id":8}"#, ProtocolProblem::Shape),
        (r#"{"id":7,"status":"Pending","status":"Sent"}"#, ProtocolProblem::Shape),
        (r#"{"id":7,"message":["Hi"]}"#, ProtocolProblem::Shape),
        (r#"{"id":7,"status":"Sent""#, ProtocolProblem::NotJson),
        (r#"{"id":7}{"id":7}"#, ProtocolProblem::NotJson),
        (r#"{"id":07}"#, ProtocolProblem::NotJson),
        ("{'id':7}", ProtocolProblem::NotJson),
        ("\u{feff}", ProtocolProblem::NotJson),
    ] {
        for status in [200, 201, 202, 206] {
            let error = send(status, body).await.unwrap_err();
            assert_eq!(problem(&error), expected, "{body}");
            assert_eq!(error.outcome(), Outcome::Unknown, "{status} {body}");
        }
    }
}

#[tokio::test]
async fn d01_no_status_without_an_object_proves_that_a_message_was_sent() {
    for status in [200, 201, 202, 203, 204, 205, 206, 299] {
        let error = send(status, "").await.unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown, "{status}");
    }
    for status in [300, 301, 302, 303, 304, 305, 306, 399, 500, 502, 503, 504, 599] {
        for body in ["", r#"{"id":7,"status":"Sent"}"#, "<h1>Server Error (500)</h1>"] {
            let error = send(status, body).await.unwrap_err();
            assert_eq!(error.outcome(), Outcome::Unknown, "{status} {body}");
        }
    }
}

#[tokio::test]
async fn odd_fields_beside_the_id_cost_nothing() {
    let body = "\u{feff}\r\n {\"id\":\"7\",\"phone_number\":null,\"scheduled_at\":\"\",\"status\":null,\
                \"created_at\":null,\"n\":123456789012345678901234567890,\"a\":{\"b\":[{}]},\"\":1}\n";
    let sent = send(201, body).await.unwrap();
    assert_eq!((sent.id.get(), sent.phone_number.as_str()), (7, ""));
    assert_eq!((sent.status, sent.extra.len()), (SendState::default(), 3));
}

#[tokio::test]
async fn one_bad_contact_in_ten_thousand_costs_no_other() {
    let mut list: Vec<String> = (0..10_000)
        .map(|id| format!(r#"{{"id":{id},"name":"Bună","phone_number":"+{id}","group":""}}"#))
        .collect();
    list[1234] = r#"{"id":"x","name":1e400}"#.to_owned();
    let server = server(200, &format!("[{}]", list.join(","))).await;
    let contacts = crate::client(&server.uri()).execute(ListContacts::new()).await.unwrap();
    assert_eq!(contacts.len(), 9_999);
    let [bad] = contacts.malformed() else { panic!("{}", contacts.malformed().len()) };
    assert_eq!(bad.index(), 1234);
}

#[tokio::test]
async fn a_list_that_is_none_is_an_error_and_not_an_empty_list() {
    for body in [r#"{"results":[]}"#, "null", r#""[]""#, r#"{"detail":"no"}"#, "{}"] {
        let server = server(200, body).await;
        let error = crate::client(&server.uri()).execute(ListContacts::new()).await.unwrap_err();
        assert_eq!(problem(&error), ProtocolProblem::Shape, "{body}");
    }
}

#[tokio::test]
async fn h22_an_answer_about_another_message_is_no_success() {
    let server = server(200, r#"{"id":8,"status":"Sent"}"#).await;
    let error = crate::client(&server.uri()).execute(GetMessage::new(7)).await.unwrap_err();
    assert_eq!(problem(&error), ProtocolProblem::Mismatch);
}

#[tokio::test]
async fn a_deletion_is_done_by_204_alone() {
    for status in [200, 201, 202, 205, 301, 500] {
        let server = server(status, r#"{"id":7}"#).await;
        let error = crate::client(&server.uri()).execute(DeleteMessage::new(7)).await.unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown, "{status}");
    }
}

#[tokio::test]
async fn a_contact_is_created_by_201_and_existed_by_200_and_nothing_else_is_either() {
    for (status, existed) in [(201, Some(false)), (200, Some(true)), (202, None), (206, None)] {
        let server = server(status, r#"{"id":7}"#).await;
        let create = CreateContact::new("Billy", "+1", "shoes");
        let result = crate::client(&server.uri()).execute(create).await;
        assert_eq!(result.as_ref().ok().map(|created| created.existed), existed, "{status}");
        if let Err(error) = result {
            assert_eq!(error.outcome(), Outcome::Unknown, "{status}");
        }
    }
    let server = server(201, r#"{"id":7,"max_capacity":"250","current_size":null}"#).await;
    let group = crate::client(&server.uri()).execute(CreateGroup::new("shoes")).await.unwrap();
    assert_eq!((group.max_capacity, group.current_size), (Some(250), None));
}
