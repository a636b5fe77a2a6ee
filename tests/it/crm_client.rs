//! The client of crm and the sandbox, which know nothing of each other.

use std::time::Duration;

use replykit_sandbox::Sandbox;
use whatsapp_automation::{ErrorKind, Media, Outcome, crm::*};

use crate::support::transport;

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
