//! Each command against the sandbox: what it changes is there afterwards, and what it may not do is
//! refused with its documented code.

use std::time::Duration;

use convrs_client::{
    Ack, Client, Command, CreateUserTag, DeleteUserTag, Error, ErrorCode, GetConversation,
    GetConversationsFlat, GetMessageDetails, GetOpenConversations, GetUser, GetUserTags, GetUsers,
    GetWhatsAppTemplate, Outcome, SendMessage, SendSmsMessage, SendTextMessage, SetUserData,
    SetUserEmail, SetUserName, SetUserNotes, SetUserPhone, SetUserTag, TemplateStatus,
};
use replykit_sandbox::{ControlError, Sandbox};
use serde_json::{Map, json};

const BILLY: &str = "73-tel-615940546";
const NOBODY: &str = "73-tel-0";

async fn sandbox() -> (Sandbox, Client) {
    let sandbox = Sandbox::start().await.unwrap();
    let client = sandbox.convrs_client().unwrap();
    (sandbox, client)
}

async fn code<C: Command>(client: &Client, command: C) -> ErrorCode {
    let error: Error = client.execute(command).await.err().expect("a refusal");
    assert_ne!(error.outcome(), Outcome::Unknown, "{error:?}");
    error.code().unwrap()
}

#[tokio::test]
async fn what_is_set_of_a_user_is_there_afterwards() {
    let (_sandbox, client) = sandbox().await;
    client.execute(SetUserName::new(BILLY, "John Ronald Doe")).await.unwrap();
    client.execute(SetUserEmail::new(BILLY, "john@example.com")).await.unwrap();
    client.execute(SetUserNotes::new(BILLY, "VIP")).await.unwrap();
    client.execute(SetUserPhone::new(BILLY, "44-792-202-1419")).await.unwrap();

    let user = client.execute(GetUser::new(BILLY)).await.unwrap();
    assert_eq!(user.name.as_deref(), Some("John Ronald Doe"));
    assert_eq!(user.first_name.as_deref(), Some("John"));
    assert_eq!(user.last_name.as_deref(), Some("Ronald Doe"));
    assert_eq!(user.email.as_deref(), Some("john@example.com"));
    assert_eq!(user.notes.as_deref(), Some("VIP"));
    assert_eq!(user.phone.unwrap().e164().unwrap().with_plus(), "+447922021419");
}

#[tokio::test]
async fn users_are_filtered_by_bot_and_time() {
    let (_sandbox, client) = sandbox().await;
    let all = client.execute(GetUsers::new()).await.unwrap();
    assert_eq!(all.len(), 2);

    let mut of_telegram = GetUsers::new();
    of_telegram.bot_id = Some(73.into());
    let users = client.execute(of_telegram).await.unwrap();
    assert_eq!(users.iter().map(|user| user.uid.as_str()).collect::<Vec<_>>(), [BILLY]);

    let mut later = GetUsers::new();
    later.created_after = Some("2020-04-28T17:48:15".into());
    let users = client.execute(later).await.unwrap();
    assert_eq!(users.len(), 1, "after is not at");
}

#[tokio::test]
async fn a_tag_is_created_given_and_taken_away() {
    let (_sandbox, client) = sandbox().await;
    let tags = async || client.execute(GetUserTags::new(BILLY)).await.unwrap().into_vec();
    assert_eq!(tags().await, ["customer", "vip", "newsletter"]);

    assert_eq!(code(&client, SetUserTag::new(BILLY, "Premium")).await, ErrorCode::UnknownTag);
    client.execute(CreateUserTag::new("Premium")).await.unwrap();
    for _ in 0..2 {
        client.execute(SetUserTag::new(BILLY, "Premium")).await.unwrap();
    }
    assert_eq!(tags().await, ["customer", "vip", "newsletter", "Premium"]);
    client.execute(DeleteUserTag::new(BILLY, "vip")).await.unwrap();
    assert_eq!(tags().await, ["customer", "newsletter", "Premium"]);
    assert_eq!(code(&client, DeleteUserTag::new(BILLY, "never")).await, ErrorCode::UnknownTag);
}

#[tokio::test]
async fn the_closed_conversation_is_read_whole_and_flat() {
    let (_sandbox, client) = sandbox().await;
    let messages = client.execute(GetConversation::new(BILLY)).await.unwrap();
    assert_eq!(messages[0].text.as_deref(), Some("Hello, I need help with my order"));

    let flat = client.execute(GetConversationsFlat::new()).await.unwrap();
    assert_eq!(flat[0].mid, messages[0].mid);
    assert!(!flat[0].cid.is_empty());

    let mut earlier = GetConversationsFlat::new();
    earlier.end = Some("2020-12-15T10:29:59".into());
    assert!(client.execute(earlier).await.unwrap().is_empty());
    assert!(client.execute(GetOpenConversations::new()).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_conversation_opens_grows_and_closes() {
    let (sandbox, client) = sandbox().await;
    assert_eq!(sandbox.convrs().agent_writes(BILLY, "Hi"), Err(ControlError::NoOpenConversation));
    assert_eq!(sandbox.convrs().user_writes(NOBODY, "Hi"), Err(ControlError::UnknownUser));
    let cid = sandbox.convrs().user_writes(BILLY, "Where is my order?").unwrap();
    sandbox.advance(Duration::from_secs(15)).await;
    sandbox.convrs().agent_writes(BILLY, "On its way.").unwrap();
    sandbox.convrs().user_writes(BILLY, "Thank you!").unwrap();

    let open = client.execute(GetOpenConversations::new()).await.unwrap();
    let [conversation] = &open[..] else { panic!("{open:?}") };
    assert_eq!(conversation.id, cid);
    assert_eq!(conversation.agent_message_count, Some(1));
    assert_eq!(conversation.user_message_count, Some(2));
    assert_eq!(conversation.agent.as_deref(), Some("John Smith"));
    let text = SendTextMessage::new(BILLY, "Hello");
    assert_eq!(code(&client, text.clone()).await, ErrorCode::UserWithAgent);

    assert_eq!(sandbox.convrs().close_conversation(BILLY).unwrap(), cid);
    assert!(client.execute(GetOpenConversations::new()).await.unwrap().is_empty());
    client.execute(text).await.unwrap();
    let flat = client.execute(GetConversationsFlat::new()).await.unwrap();
    let texts: Vec<_> = flat.iter().filter(|m| m.cid == cid).map(|m| m.text.as_deref()).collect();
    assert_eq!(texts, [Some("Where is my order?"), Some("On its way."), Some("Thank you!")]);
}

#[tokio::test]
async fn an_sms_is_delivered_and_never_read() {
    let (sandbox, client) = sandbox().await;
    let sent = client.execute(SendSmsMessage::new(3941, "+40712345678", "Hello")).await.unwrap();
    assert_eq!(sent.uid.as_str(), "3941-cms-40712345678");
    let ack = async || client.execute(GetMessageDetails::new(sent.mid.clone())).await.unwrap().ack;
    assert_eq!(ack().await, Ack::Sent);
    sandbox.advance(Duration::from_secs(60)).await;
    assert_eq!(ack().await, Ack::Delivered);
}

#[tokio::test]
async fn a_routed_message_is_on_its_way() {
    let (_sandbox, client) = sandbox().await;
    let sent = client.execute(SendMessage::new("44-792-202-1411", "welcome")).await.unwrap();
    let details = client.execute(GetMessageDetails::new(sent.mid)).await.unwrap();
    assert_eq!(details.ack, Ack::Sent);
}

#[tokio::test]
async fn a_template_is_shown_as_it_is_cached() {
    let (_sandbox, client) = sandbox().await;
    let command = GetWhatsAppTemplate::new(3941, "order_confirmation", "en");
    let template = client.execute(command).await.unwrap();
    assert_eq!(template.status, TemplateStatus::Approved);
    assert!(template.components[0].text.as_deref().unwrap().contains("{{2}}"));
}

#[tokio::test]
async fn an_unknown_user_is_error_1005_to_every_command_about_users() {
    let (_sandbox, client) = sandbox().await;
    let unknown = ErrorCode::UnknownUser;
    assert_eq!(code(&client, GetUser::new(NOBODY)).await, unknown);
    assert_eq!(code(&client, SetUserData::new(NOBODY, Map::new())).await, unknown);
    assert_eq!(code(&client, SetUserName::new(NOBODY, "John Doe")).await, unknown);
    assert_eq!(code(&client, SetUserEmail::new(NOBODY, "john@example.com")).await, unknown);
    assert_eq!(code(&client, SetUserNotes::new(NOBODY, "VIP")).await, unknown);
    assert_eq!(code(&client, SetUserPhone::new(NOBODY, "+447922021419")).await, unknown);
    assert_eq!(code(&client, GetUserTags::new(NOBODY)).await, unknown);
    assert_eq!(code(&client, SetUserTag::new(NOBODY, "vip")).await, unknown);
    assert_eq!(code(&client, DeleteUserTag::new(NOBODY, "vip")).await, unknown);
    assert_eq!(code(&client, GetConversation::new(NOBODY)).await, unknown);
    assert_eq!(code(&client, SendTextMessage::new(NOBODY, "Hello")).await, unknown);
}

#[tokio::test]
async fn a_route_behind_user_data_has_to_exist() {
    let (_sandbox, client) = sandbox().await;
    let mut data = SetUserData::new(BILLY, json!({"a": 1}).as_object().cloned().unwrap());
    data.route = Some("no such route".to_owned());
    assert_eq!(code(&client, data).await, ErrorCode::UnknownRoute);
}

/// Ten sends a second with a token, whichever command sends; a user without a number counts too.
#[tokio::test]
async fn every_command_that_sends_takes_part_in_the_limits() {
    let (sandbox, client) = sandbox().await;
    client.execute(SendSmsMessage::new(3941, "+447922021419", "Hello")).await.unwrap();
    let again = SendMessage::new("44 792 202 1419", "welcome");
    assert_eq!(code(&client, again).await, ErrorCode::PhoneRateLimit);

    for _ in 0..8 {
        client.execute(SendTextMessage::new(BILLY, "Hello")).await.unwrap();
    }
    let mut flow = SetUserData::new(BILLY, Map::new());
    flow.route = Some("welcome_verified".to_owned());
    client.execute(flow.clone()).await.unwrap();
    assert_eq!(code(&client, flow).await, ErrorCode::TokenRateLimit);
    client.execute(SetUserData::new(BILLY, Map::new())).await.expect("no route, no send");

    sandbox.advance(Duration::from_secs(1)).await;
    client.execute(SendTextMessage::new(BILLY, "Hello")).await.unwrap();
}
