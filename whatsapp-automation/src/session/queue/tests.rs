use std::collections::BTreeMap;

use replykit_transport::MockTransport;
use serde_json::json;

use super::*;
use crate::{
    ErrorKind,
    session::{Client, canaries::logged_in},
};

async fn all(client: &Client) -> Vec<String> {
    let mut queue = client.queue();
    let mut all = Vec::new();
    while let Some(entry) = queue.next().await {
        match entry {
            Ok(message) => all.push(message.id.to_string()),
            Err(_) => all.push("error".to_owned()),
        }
    }
    assert!(queue.next().await.is_none());
    all
}

fn page(ids: &[u32], page: u64, total: u64, pages: u64) -> String {
    let messages: Vec<_> = ids.iter().map(|id| json!({"id": id, "status": "sent"})).collect();
    let pagination = json!({"page": page, "limit": 2, "total": total, "pages": pages});
    json!({"messages": messages, "pagination": pagination}).to_string()
}

fn client(pages: &[String]) -> (Client, MockTransport) {
    let (client, mock) = logged_in();
    for page in pages {
        mock.answer(200, page.clone());
    }
    (client, mock)
}

#[tokio::test]
async fn the_queue_is_read_page_by_page() {
    let (client, mock) = client(&[page(&[1, 2], 1, 3, 2), page(&[3], 2, 3, 2)]);
    assert_eq!(all(&client).await, ["1", "2", "3"]);
    let asked: Vec<_> =
        mock.requests().iter().map(|r| r.uri().query().unwrap().to_owned()).collect();
    assert_eq!(asked, ["page=1&limit=100", "page=2&limit=100"]);
}

#[tokio::test]
async fn k06_messages_that_move_to_the_next_page_come_once() {
    let (client, _) =
        client(&[page(&[3, 2], 1, 3, 2), page(&[3, 2], 2, 5, 3), page(&[1], 3, 5, 3)]);
    assert_eq!(all(&client).await, ["3", "2", "1"]);
}

#[tokio::test]
async fn k06_the_queue_ends_whatever_the_server_says_of_its_pages() {
    // More pages are promised than there are messages, and ever more messages.
    let endless: Vec<_> = (1..9_u32).map(|n| page(&[n], 1, 2 + u64::from(n), 99)).collect();
    let (client, mock) = client(&endless);
    all(&client).await;
    assert_eq!(mock.requests().len(), 4);
    // A page without messages, no page at all, and a page that is not the one asked for.
    for last in [page(&[], 1, 99, 99), page(&[], 1, 0, 0), page(&[1], 7, 1, 1)] {
        let (client, mock) = self::client(&[last, page(&[2], 2, 99, 99)]);
        all(&client).await;
        assert_eq!(mock.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_message_that_cannot_be_read_does_not_cost_the_others() {
    let damaged = page(&[1, 2], 1, 2, 1).replace(r#""id":1"#, r#""id":[]"#);
    let (client, _) = client(&[damaged]);
    assert_eq!(all(&client).await, ["error", "2"]);
    // Each in its place.
    let damaged = page(&[1, 2, 3, 4, 5], 1, 5, 1).replace(r#""id":3"#, r#""id":null"#);
    let (client, _) = self::client(&[damaged.replace(r#""id":5"#, r#""id":"""#)]);
    assert_eq!(all(&client).await, ["1", "2", "error", "4", "error"]);
}

#[tokio::test]
async fn k06_numbers_of_a_page_may_be_texts() {
    // As a server writes them that gives the query back as it came.
    let mut read: Value = serde_json::from_str(&page(&[1], 1, 1, 1)).unwrap();
    read["pagination"] = json!({"page": "1", "limit": "100", "total": 1, "pages": 1.0});
    let (client, mock) = client(&[read.to_string()]);
    assert_eq!(all(&client).await, ["1"]);
    for odd in [json!("many"), json!(-1), json!(null), json!(1.5), json!("")] {
        read["pagination"]["total"] = odd;
        mock.answer(200, read.to_string());
        assert_eq!(all(&client).await, ["error"], "{read}");
    }
}

#[tokio::test]
async fn a_request_that_fails_ends_the_queue() {
    let (client, mock) = client(&[page(&[1], 1, 9, 9)]);
    mock.answer(400, r#"{"message":"no"}"#);
    assert_eq!(all(&client).await, ["1", "error"]);
}

#[tokio::test]
async fn k06_a_page_or_a_limit_of_0_is_refused() {
    let (client, mock) = client(&[]);
    for ask in [GetQueue { page: 0, limit: 1 }, GetQueue { page: 1, limit: 0 }] {
        let error = client.execute(ask).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Invalid(_)));
    }
    assert_eq!(mock.requests().len(), 0);
}

#[test]
fn a_message_encodes_back_as_it_came() {
    let json = json!({
        "id": "msg_12345", "to": "+1234567890", "message": "Hello!", "status": "sent",
        "scheduledFor": "2025-05-16T10:00:00.000Z", "sentAt": null, "new": 1
    });
    let message: QueuedMessage = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(message.extra, BTreeMap::from([("new".to_owned(), json!(1))]));
    assert_eq!(serde_json::to_value(&message).unwrap(), json);
    for state in ["sent", "failed", "queued", ""] {
        let read: QueueState = serde_json::from_value(json!(state)).unwrap();
        assert_eq!(read.as_wire(), state);
    }
}
