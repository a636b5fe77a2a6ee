//! The client of the Lead Reply API, its webhook and the sandbox, which know nothing of each other.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::Router;
use lead_reply::{
    Activity, ActivityKind, Client, Direction, FieldNames, Outcome, RefusalKind, Secret,
    webhook::{Keys, OwnReplies, Received, Webhook},
};
use replykit_sandbox::{HttpFault, LeadReplyControl, PushResult, Sandbox, WebhookFault};

use crate::support::transport;

const SECRET: &str = "webhook-secret-0123456789";

fn client(source: LeadReplyControl<'_>) -> Client {
    let secret = Secret::new(source.secret().unwrap()).unwrap();
    Client::over(transport(), source.url().parse().unwrap(), secret).unwrap()
}

/// A source that is on, and a client that has its secret.
async fn on() -> (Sandbox, Client) {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.lead_reply().enable().unwrap();
    let client = client(sandbox.lead_reply());
    (sandbox, client)
}

/// What a receiver has stored.
type Stored = Arc<Mutex<Vec<Activity>>>;

/// A receiver that the source posts to.
async fn listen(source: LeadReplyControl<'_>, own: OwnReplies) -> Stored {
    let stored = Stored::default();
    let sink = {
        let stored = stored.clone();
        move |received: Received| {
            stored.lock().unwrap().push(received.activity);
            async { Ok(()) }
        }
    };
    let keys = Keys::new([SECRET]).unwrap();
    let webhook = Webhook::reading(keys, FieldNames::default(), own, sink).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/leads", listener.local_addr().unwrap());
    let router = Router::new().route_service("/leads", webhook);
    tokio::spawn(async move { axum::serve(listener, router).await });
    source.set_webhook(&url, SECRET).unwrap();
    source.set_skip_welcome_and_follow_ups(true);
    source.enable_webhook().unwrap();
    stored
}

fn kinds(stored: &Stored) -> Vec<ActivityKind> {
    stored.lock().unwrap().iter().map(|activity| activity.kind).collect()
}

#[tokio::test]
async fn a_lead_is_answered_and_every_refusal_is_told_apart() {
    let (sandbox, client) = on().await;
    let source = sandbox.lead_reply();
    let lead = source.lead_writes("Billy Bob", "Hello").unwrap();
    let replied = client.reply(&*lead, "Hi").await.unwrap();
    assert!(replied.message_id.is_some());
    assert_eq!(source.conversation(&lead).unwrap().len(), 2);

    let refused = async |lead: &str, text: &str| {
        let error = client.reply(lead, text).await.unwrap_err();
        assert_ne!(error.outcome(), Outcome::Unknown, "{error:?}");
        error.refusal().map(|refusal| refusal.kind)
    };
    assert_eq!(refused("lead_99", "Hi").await, Some(RefusalKind::UnknownLead));
    assert_eq!(refused(&lead, &"x".repeat(4097)).await, Some(RefusalKind::TextTooLong));
    source.close_conversation(&lead).unwrap();
    assert_eq!(refused(&lead, "Hi").await, Some(RefusalKind::ConversationClosed));
    source.reopen(&lead).unwrap();
    source.disable();
    assert_eq!(refused(&lead, "Hi").await, Some(RefusalKind::IntegrationOff));
    client.validate_connection().await.unwrap();
    source.enable().unwrap();
    source.set_only_with_contact_info(true);
    let shy = source.lead_writes("Ann", "Hello").unwrap();
    assert_eq!(refused(&shy, "Hi").await, Some(RefusalKind::LeadNotReady));
    source.regenerate().unwrap();
    assert_eq!(refused(&lead, "Hi").await, Some(RefusalKind::BadSecret));
    let error = client.validate_connection().await.unwrap_err();
    assert_eq!(error.refusal().unwrap().kind, RefusalKind::BadSecret);
    assert_eq!(source.conversation(&lead).unwrap().len(), 2);
}

#[tokio::test]
async fn l03_a_reply_whose_answer_was_lost_is_unknown_and_not_repeated() {
    let (sandbox, client) = on().await;
    let source = sandbox.lead_reply();
    let lead = source.lead_writes("Billy Bob", "Hello").unwrap();
    source.fail_next(HttpFault::dropped().carried_out());
    let error = client.reply(&*lead, "Hi").await.unwrap_err();
    assert_eq!((error.outcome(), error.attempts()), (Outcome::Unknown, 1));
    assert_eq!(source.conversation(&lead).unwrap().len(), 2);
}

#[tokio::test]
async fn what_happens_to_a_lead_is_told_once_and_in_order() {
    let (sandbox, client) = on().await;
    let source = sandbox.lead_reply();
    let stored = listen(source, OwnReplies::new()).await;
    let second = Duration::from_secs(1);

    let lead = source.lead_writes("Billy Bob", "Hello").unwrap();
    sandbox.advance(second).await;
    source.leaves_contact_info(&lead, Some("+40712345678"), Some("billy@example.com")).unwrap();
    source.add_tag(&lead, "vip").unwrap();
    sandbox.advance(second).await;
    source.lead_writes("Billy Bob", "Are you there?").unwrap();
    sandbox.advance(second).await;
    client.reply(&*lead, "Yes").await.unwrap();
    sandbox.advance(second).await;
    source.team_replies(&lead, "Of course").unwrap();
    sandbox.advance(second).await;

    use ActivityKind::{NewContactInfo, NewLead, NewMessage};
    assert_eq!(kinds(&stored), [NewLead, NewContactInfo, NewMessage, NewMessage, NewMessage]);
    let stored = stored.lock().unwrap();
    let to_answer: Vec<_> = stored.iter().map(|activity| activity.to_answer().is_some()).collect();
    assert_eq!(to_answer, [true, false, true, false, false]);
    let last = &stored[4];
    assert_eq!(last.lead.phone.as_deref(), Some("+40712345678"));
    assert_eq!(last.lead.tags, ["vip"]);
    let ways: Vec<_> = last.conversation.iter().map(|message| message.direction).collect();
    let (lead_wrote, was_sent) = (Direction::Inbound, Direction::Outbound);
    assert_eq!(ways, [lead_wrote, lead_wrote, was_sent, was_sent]);
    // The name of the source comes only where that is set.
    assert_eq!(last.source.name, None);
}

#[tokio::test]
async fn e05_what_is_posted_twice_or_again_is_stored_once() {
    let (sandbox, _) = on().await;
    let source = sandbox.lead_reply();
    let stored = listen(source, OwnReplies::new()).await;
    source.set_include_source_name(true);
    for fault in [WebhookFault::Duplicate, WebhookFault::AnswerLost] {
        source.webhook_fault(fault);
        source.lead_writes("Billy Bob", "Hello").unwrap();
        sandbox.advance(Duration::from_secs(120)).await;
    }
    assert_eq!(kinds(&stored), [ActivityKind::NewLead, ActivityKind::NewMessage]);
    assert!(stored.lock().unwrap()[0].source.name.is_some());
}

#[tokio::test]
async fn a_test_request_is_told_from_a_lead() {
    let (sandbox, _) = on().await;
    let source = sandbox.lead_reply();
    let stored = listen(source, OwnReplies::new()).await;
    assert_eq!(source.send_test_request().await.unwrap(), PushResult::Answered(200));
    assert_eq!(kinds(&stored), [ActivityKind::Test]);
    assert_eq!(stored.lock().unwrap()[0].to_answer(), None);
}
