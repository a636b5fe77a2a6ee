//! The client of crm and the sandbox, which know nothing of each other.

use std::time::Duration;

use jiff::Timestamp;
use replykit_sandbox::Sandbox;
use whatsapp_automation::{ErrorKind, Media, Outcome, crm::*};

use crate::support::{send, transport};

async fn start() -> (Sandbox, Client) {
    let sandbox = Sandbox::start().await.unwrap();
    let client = Client::over(transport(), sandbox.crm_url().parse().unwrap()).unwrap();
    (sandbox, client)
}

#[tokio::test]
async fn contacts_go_round() {
    let (_sandbox, client) = start().await;
    let create = CreateContact::new("Billy", "+40712345678", "shoes");
    let first = client.execute(create.clone()).await.unwrap();
    assert!(!first.existed);
    assert!(client.execute(create).await.unwrap().existed);
    let id = first.contact.id;
    let error =
        client.execute(CreateContact::new("Bob", "+40712345678", "shoes")).await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown);
    assert!(matches!(error.kind(), ErrorKind::Http { .. }));
    let update = UpdateContact::new(id, "Bob", "+40712345679", "hats");
    let updated = client.execute(update).await.unwrap();
    assert_eq!(updated.group, first.contact.group);
    let mut patch = PatchContact::new(id);
    patch.name = Some("Joe".into());
    assert_eq!(client.execute(patch).await.unwrap().name, "Joe");
    assert_eq!(client.execute(ListContacts::new()).await.unwrap().len(), 1);
    let group = first.contact.group.unwrap();
    let error = client.execute(DeleteGroup::new(group)).await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::Rejected, "{error}");
    client.execute(DeleteContact::new(id)).await.unwrap();
    let error = client.execute(GetContact::new(id)).await.unwrap_err();
    assert_eq!(error.status().unwrap().as_u16(), 404);
    client.execute(DeleteGroup::new(group)).await.unwrap();
}

#[tokio::test]
async fn messages_go_round() {
    let (sandbox, client) = start().await;
    let since = sandbox.now();
    let later = since + Duration::from_secs(3600);
    let send = SendMessage::new("+40712345678", "Hi").at(later);
    let sent = client.execute(send.clone()).await.unwrap();
    let Evidence::Likely(found) = client.reconcile(&send, since).await.unwrap() else { panic!() };
    assert_eq!(found[0].id, sent.id);
    let removed = client.remove_extra(sent.id).await.unwrap();
    assert!(matches!(removed, Removal::ProbablyRemoved(_)));
    let sent = client.execute(SendMessage::new("+40712345678", "Hi")).await.unwrap();
    sandbox.advance(Duration::from_secs(1)).await;
    let waited = client.wait_until_sent(sent.id, Duration::from_secs(5)).await.unwrap();
    assert!(matches!(waited, Waited::Sent(_)), "{waited:?}");
    assert!(matches!(client.remove_extra(sent.id).await.unwrap(), Removal::TooLate(_)));
    assert_eq!(sandbox.crm().sent().len(), 1);
    let mut patch = PatchMessage::new(sent.id);
    patch.scheduled_at = Some(None);
    client.execute(patch).await.unwrap();
    client.execute(UpdateMessage::new(sent.id, "+40712345678", "Ho")).await.unwrap();
}

#[tokio::test]
async fn statuses_and_groups_go_round() {
    let (_sandbox, client) = start().await;
    let mut post = PostStatus::media(Media::new("cat \"1\".png", "image/png", &b"\x89PNG"[..]));
    post.text = Some("Bună".into());
    let posted = client.execute(post).await.unwrap();
    assert!(posted.media.is_some());
    let mut update = UpdateStatus::new(posted.id);
    update.text = Some("Hi".into());
    client.execute(update).await.unwrap();
    let mut patch = PatchStatus::new(posted.id);
    patch.text = Some(None);
    assert_eq!(client.execute(patch).await.unwrap().text, None);
    assert_eq!(client.execute(ListStatuses::new()).await.unwrap().malformed(), []);
    client.execute(DeleteStatus::new(posted.id)).await.unwrap();

    let group = client.execute(CreateGroup::new("shoes")).await.unwrap();
    assert_eq!(group.max_capacity, Some(250));
    let error = client.execute(CreateGroup::new("shoes")).await.unwrap_err();
    let ErrorKind::Api(refusal) = error.kind() else { panic!("{error:?}") };
    assert!(refusal.fields.contains_key("name"));
    let update = client.execute(UpdateGroup::new(group.id, "hats")).await.unwrap();
    assert_eq!(update.name, "hats");
    let mut patch = PatchGroup::new(group.id);
    patch.max_capacity = Some(5);
    assert_eq!(client.execute(patch).await.unwrap().max_capacity, Some(5));
}

/// Whether the client lets an endpoint through, and whether the sandbox takes it where it does not.
async fn verdicts<E: Endpoint>(sandbox: &Sandbox, endpoint: &E) -> (bool, bool) {
    let (kind, body) = endpoint.body().unwrap().unwrap();
    let headers = [("Content-Type", kind.to_str().unwrap()), ("Accept", "application/json")];
    let url = sandbox.crm_url() + &endpoint.path();
    let answer = send(E::METHOD, &url, &headers, body).await;
    (endpoint.validate().is_ok(), answer.status().is_success())
}

/// Texts at the edges of the rules: the client and the server have to agree about each.
fn edges() -> Vec<String> {
    let blank = (0..=0x3000).filter_map(char::from_u32).filter(|c| c.is_whitespace());
    let mut edges: Vec<String> = blank.map(String::from).collect();
    edges.extend(('\0'..='\x20').map(String::from));
    edges.extend(["\u{200b}", "\u{feff}", "\u{ad}", "", "x", "x\0", "\u{1f600}"].map(String::from));
    for length in [20, 21, 255, 256] {
        edges.push("x".repeat(length));
        edges.push("ä".repeat(length));
        edges.push("\u{1f600}".repeat(length));
        edges.push(format!(" \x1c{}\u{a0}\n", "x".repeat(length)));
    }
    edges
}

#[tokio::test]
async fn the_client_refuses_the_texts_that_the_server_refuses_and_no_others() {
    let (sandbox, client) = start().await;
    let contact = client.execute(CreateContact::new("Billy", "+1", "shoes")).await.unwrap();
    let message = client.execute(SendMessage::new("+1", "Hi")).await.unwrap();
    let status = client.execute(PostStatus::text("Hi")).await.unwrap();
    for (edge, number) in edges().into_iter().zip(1..) {
        let mut verdicts = vec![
            verdicts(&sandbox, &SendMessage::new(&edge, "Hi")).await,
            verdicts(&sandbox, &SendMessage::new("+1", &edge)).await,
            verdicts(&sandbox, &UpdateMessage::new(message.id, &edge, &edge)).await,
            verdicts(&sandbox, &UpdateContact::new(contact.contact.id, "B", &edge, "s")).await,
            verdicts(&sandbox, &CreateContact::new(&edge, format!("1{number}"), "shoes")).await,
            verdicts(&sandbox, &CreateContact::new("B", format!("2{number}"), &edge)).await,
        ];
        let mut patch = PatchContact::new(contact.contact.id);
        patch.name = Some(edge.clone());
        verdicts.push(self::verdicts(&sandbox, &patch).await);
        let mut patch = PatchStatus::new(status.id);
        patch.text = Some(Some(edge.clone()));
        verdicts.push(self::verdicts(&sandbox, &patch).await);
        let mut group = CreateGroup::new(format!("group {number}"));
        group.landing_page = Some(edge.clone());
        verdicts.push(self::verdicts(&sandbox, &group).await);
        verdicts.push(self::verdicts(&sandbox, &CreateGroup::new(format!("{edge}{number}"))).await);
        for (at, (client, server)) in verdicts.into_iter().enumerate() {
            assert_eq!(client, server, "{edge:?}, {at}");
        }
    }
}

#[tokio::test]
async fn the_client_refuses_the_times_that_the_server_refuses_and_no_others() {
    let (sandbox, _) = start().await;
    for time in [
        "2025-02-20T10:00:00Z",
        "2025-02-20T10:00:00.123456+02:00",
        "2025-02-20T10:00:00.123456789Z",
        "2025-02-20T10:00:00+0100",
        "2025-02-20T10:00Z",
        "2025-02-20T10:00",
        "2025-02-20 10:00:00",
        "2005-02-20T10:00:00Z",
        "9999-12-01T00:00:00Z",
        "2025-02-20",
        "2025-02-20T10:00:00[Europe/Paris]",
        "2025-02-20T10:00:00+02:00[Europe/Paris]",
        "2025-02-29T10:00:00Z",
        "2025-02-20T24:00:00Z",
        "2025-02-20T10:00:00+99:99",
        "10:00",
        "tomorrow",
        "1740045600",
        "",
    ] {
        let send = SendMessage::new("+1", "Hi").at(time);
        let (client, server) = verdicts(&sandbox, &send).await;
        assert_eq!(client, server, "{time}");
    }
    // A point in time from the clock is always one that the server takes.
    for time in [Timestamp::UNIX_EPOCH, Timestamp::now(), sandbox.now()] {
        let send = SendMessage::new("+1", "Hi").at(time);
        assert_eq!(verdicts(&sandbox, &send).await, (true, true), "{time}");
    }
}

#[tokio::test]
async fn where_the_client_is_stricter_than_the_server_it_says_why() {
    let (sandbox, _) = start().await;
    let long = CreateContact::new("Billy", "1".repeat(21), "shoes");
    assert_eq!(verdicts(&sandbox, &long).await, (false, true), "it could never be changed");
    assert_eq!(verdicts(&sandbox, &PostStatus::text(" ")).await, (false, true), "it says nothing");
    let mut room = CreateGroup::new("shoes");
    room.max_capacity = Some(0);
    assert_eq!(verdicts(&sandbox, &room).await, (false, true), "nobody fits in");
}

#[tokio::test]
async fn the_longest_and_the_oddest_that_is_allowed_goes_round() {
    let (sandbox, client) = start().await;
    let phone = "\u{664}\u{1f600}".repeat(10);
    let text = "ä\u{1f600}\"\\\n\u{7f}\u{2028}".repeat(90_000);
    assert!(text.len() > 1 << 20);
    let since = sandbox.now();
    let send = SendMessage::new(&phone, &text);
    let sent = client.execute(send.clone()).await.unwrap();
    assert_eq!((&sent.phone_number, sent.message.trim()), (&phone, text.trim()));
    let found = client.reconcile(&send, since).await.unwrap();
    assert!(matches!(found, Evidence::Likely(ref found) if found.len() == 1));
    sandbox.advance(Duration::ZERO).await;
    assert_eq!(sandbox.crm().sent()[0].text, text.trim());
}

#[tokio::test]
async fn a_wait_of_no_time_is_one_look() {
    let (sandbox, client) = start().await;
    let sent = client.execute(SendMessage::new("+1", "Hi")).await.unwrap();
    let waited = client.wait_until_sent(sent.id, Duration::ZERO).await.unwrap();
    assert!(matches!(waited, Waited::Open(_)), "{waited:?}");
    sandbox.advance(Duration::ZERO).await;
    let waited = client.wait_until_sent(sent.id, Duration::ZERO).await.unwrap();
    assert!(matches!(waited, Waited::Sent(_)), "{waited:?}");
}

#[tokio::test]
async fn d03_of_two_who_remove_the_same_copy_one_finds_it_gone() {
    let (sandbox, client) = start().await;
    let later = sandbox.now() + Duration::from_secs(3600);
    let sent = client.execute(SendMessage::new("+1", "Hi").at(later)).await.unwrap();
    let (one, other) = tokio::join!(client.remove_extra(sent.id), client.remove_extra(sent.id));
    let removed = [&one, &other].into_iter().filter(|removal| removal.is_ok()).count();
    assert_eq!(removed, 1, "{one:?} {other:?}");
    let error = one.err().or(other.err()).unwrap();
    assert_eq!(error.status().unwrap().as_u16(), 404);
    sandbox.advance(Duration::from_secs(7200)).await;
    assert_eq!(sandbox.crm().sent(), []);
}
