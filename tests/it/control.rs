//! The other side of the Convrs API: dashboard, people and faults, from Rust and over HTTP.

use std::time::Duration;

use convrs_client::{
    BotId, Channel, Client, Command, ComponentKind, ErrorCode, GetConversation, GetUser,
    GetUserTags, GetWhatsAppTemplate, Outcome, SendMessage, SendSmsMessage, SendTextMessage,
    SendWhatsAppTemplate, SetUserEmail, Template, TemplateComponent, TemplateParameter,
    TemplateStatus, User, WhatsAppError,
};
use http::Method;
use replykit_sandbox::{ControlError, Fault, PushResult, Recipient, Sandbox};
use serde_json::{Value, json};

use crate::support::{Receiver, repository, send};

const BILLY: &str = "73-tel-615940546";

async fn sandbox() -> (Sandbox, Client) {
    let sandbox = Sandbox::start().await.unwrap();
    let client = sandbox.convrs_client().unwrap();
    (sandbox, client)
}

async fn code<C: Command>(client: &Client, command: C) -> Option<ErrorCode> {
    client.execute(command).await.err().map(|error| error.code().expect("a code"))
}

fn template() -> SendWhatsAppTemplate {
    SendWhatsAppTemplate::new(3941, "+44151999999", "order_update", "en")
}

#[tokio::test]
async fn access_ends_and_begins_in_the_dashboard() {
    let (sandbox, client) = sandbox().await;
    let wrong = Some(ErrorCode::InvalidToken);
    sandbox.convrs().disable();
    assert_eq!(code(&client, GetUser::new(BILLY)).await, wrong);
    let token = sandbox.convrs().enable();
    assert_eq!(code(&client, GetUser::new(BILLY)).await, wrong, "enabling issues another token");
    assert_eq!(token, sandbox.token());

    let client = sandbox.convrs_client().unwrap();
    assert_eq!(code(&client, GetUser::new(BILLY)).await, None);
    assert_eq!(sandbox.convrs().enable(), token, "it was enabled already");
    assert_ne!(sandbox.convrs().reset_token(), token);
    assert_eq!(code(&client, GetUser::new(BILLY)).await, wrong);
}

#[tokio::test]
async fn what_happens_to_users_is_there_and_pushed() {
    let (sandbox, client) = sandbox().await;
    let mut receiver = Receiver::start(200).await;
    let convrs = sandbox.convrs();
    convrs.set_webhook_url(Some(&receiver.url)).unwrap();
    convrs.create_user(User::new("73-tel-2")).unwrap();
    assert_eq!(convrs.create_user(User::new("73-tel-2")), Err(ControlError::UserExists));
    convrs.rename_user("73-tel-2", "Jane Doe").unwrap();
    convrs.tag_user("73-tel-2", "vip").unwrap();
    assert_eq!(convrs.tag_user("73-tel-2", "unheard_of"), Err(ControlError::UnknownTag));
    client.execute(SetUserEmail::new("73-tel-2", "jane@example.com")).await.unwrap();

    let user = client.execute(GetUser::new("73-tel-2")).await.unwrap();
    assert_eq!(user.last_name.as_deref(), Some("Doe"));
    assert_eq!(user.created.unwrap().as_str(), "2026-02-28T14:30:00.000Z");
    assert_eq!(client.execute(GetUserTags::new("73-tel-2")).await.unwrap().to_vec(), ["vip"]);

    convrs.delete_user("73-tel-2").unwrap();
    assert_eq!(code(&client, GetUser::new("73-tel-2")).await, Some(ErrorCode::UnknownUser));
    assert_eq!(convrs.disable_user("73-tel-2"), Err(ControlError::UnknownUser));
    assert!(receiver.posts().is_empty(), "the clock stands still");

    sandbox.advance(Duration::ZERO).await;
    let pushed: Vec<Value> =
        receiver.bodies().iter().map(|body| serde_json::from_slice(body).unwrap()).collect();
    let names: Vec<_> = pushed.iter().map(|event| event["cmd"].as_str().unwrap()).collect();
    assert_eq!(names, ["onUserCreate", "onUserUpdate", "onUserUpdate", "onUserDelete"]);
    let renamed = json!({"name": "Jane Doe", "first_name": "Jane", "last_name": "Doe"});
    assert_eq!(pushed[1]["data"]["update"], renamed);
    assert_eq!(pushed[2]["data"]["update"], json!({"email": "jane@example.com"}));
    assert_eq!(pushed[2]["data"]["user"]["name"], "Jane Doe");
    let results: Vec<_> = convrs.events().into_iter().map(|event| event.result).collect();
    assert_eq!(results, vec![PushResult::Answered(200); 4]);
}

#[tokio::test]
async fn events_go_where_the_dashboard_says_and_only_on_this_machine() {
    let (sandbox, _client) = sandbox().await;
    let convrs = sandbox.convrs();
    assert_eq!(convrs.set_webhook_url(Some("events")), Err(ControlError::InvalidUrl));
    convrs.disable_user(BILLY).unwrap();
    convrs.set_webhook_url(Some("https://example.com/events")).unwrap();
    convrs.enable_user(BILLY).unwrap();
    convrs.enable_user(BILLY).unwrap();
    convrs.set_webhook_url(None).unwrap();
    convrs.disable_user(BILLY).unwrap();
    sandbox.advance(Duration::ZERO).await;
    let [event] = &convrs.events()[..] else { panic!("{:?}", convrs.events()) };
    assert_eq!(event.cmd, "onUserEnable");
    assert_eq!(event.result, PushResult::NotDelivered);
}

#[tokio::test]
async fn what_commands_send_is_in_the_conversation() {
    let (sandbox, client) = sandbox().await;
    client.execute(SendTextMessage::new(BILLY, "Hello")).await.unwrap();
    let mut order = template();
    order.template_name = "order_confirmation".to_owned();
    order.parameters =
        Some(vec![TemplateParameter::text("David"), TemplateParameter::text("ORD-12345")]);
    let order = client.execute(order).await.unwrap();
    let sms = client.execute(SendSmsMessage::new(3941, "+447922021419", "Hi")).await.unwrap();
    let mut routed = SendMessage::new("+447922021411", "welcome");
    routed.message = Some("Welcome!".to_owned());
    client.execute(routed).await.unwrap();
    sandbox.convrs().user_writes(BILLY, "Where is my order?").unwrap();

    let last = async |uid: &str| {
        let messages = client.execute(GetConversation::new(uid)).await.unwrap();
        let last = messages.last().unwrap().clone();
        (last.mid, last.text.unwrap())
    };
    let texts: Vec<_> = client
        .execute(GetConversation::new(BILLY))
        .await
        .unwrap()
        .iter()
        .map(|message| message.text.clone().unwrap())
        .collect();
    assert_eq!(texts[1..], ["Hello", "Where is my order?"]);
    let confirmed = "Hello David, we have received your order ORD-12345.".to_owned();
    assert_eq!(last(order.uid.as_str()).await, (order.mid, confirmed));
    assert_eq!(last(sms.uid.as_str()).await, (sms.mid, "Hi".to_owned()));
    assert_eq!(last("3941-cms-447922021411").await.1, "Welcome!");
}

#[tokio::test]
async fn a_template_is_sent_only_when_it_is_approved() {
    let (sandbox, client) = sandbox().await;
    let convrs = sandbox.convrs();
    for (status, refused, whatsapp) in [
        (TemplateStatus::Paused, ErrorCode::WhatsApp, Some(132_015)),
        (TemplateStatus::Disabled, ErrorCode::WhatsApp, Some(132_016)),
        (TemplateStatus::Pending, ErrorCode::UnknownTemplate, None),
        (TemplateStatus::Rejected, ErrorCode::UnknownTemplate, None),
        (TemplateStatus::Other("IN_APPEAL".to_owned()), ErrorCode::UnknownTemplate, None),
    ] {
        convrs.set_template_status(3941, "order_update", "en", status.clone()).unwrap();
        let cached = client.execute(GetWhatsAppTemplate::new(3941, "order_update", "en")).await;
        assert_eq!(cached.unwrap().status, status);
        let error = client.execute(template()).await.unwrap_err();
        assert_eq!(error.code(), Some(refused));
        assert_eq!(error.outcome(), Outcome::Rejected);
        let convrs_client::ErrorKind::Api(error) = error.kind() else { panic!("{error:?}") };
        assert_eq!(error.whatsapp.as_ref().and_then(|w| w.code), whatsapp);
    }
    convrs.set_template_status(3941, "order_update", "en", TemplateStatus::Approved).unwrap();
    assert_eq!(code(&client, template()).await, None);

    let mut own = Template::new("own", "de", TemplateStatus::Approved);
    own.components.push(TemplateComponent::new(ComponentKind::Body, "Hallo {{1}}!"));
    assert_eq!(convrs.put_template(4000, own.clone()), Err(ControlError::UnknownBot));
    convrs.add_bot(4000, [Channel::WhatsApp]);
    convrs.put_template(4000, own).unwrap();
    let mut send = SendWhatsAppTemplate::new(4000, "+447922021419", "own", "de");
    send.parameters = Some(vec![TemplateParameter::text("David")]);
    assert_eq!(code(&client, send).await, None);
    let status = TemplateStatus::Paused;
    let unknown = convrs.set_template_status(BotId::new(4000), "own", "en", status);
    assert_eq!(unknown, Err(ControlError::UnknownTemplate));
}

#[tokio::test]
async fn a_fault_hits_the_command_that_it_waits_for_once() {
    let (sandbox, client) = sandbox().await;
    let text = || SendTextMessage::new(BILLY, "Hello");
    let sent = async || client.execute(GetConversation::new(BILLY)).await.unwrap().len();
    let before = sent().await;
    sandbox.convrs().fail_next(Fault::new(ErrorCode::Timeout).of::<SendTextMessage>());
    sandbox
        .convrs()
        .fail_next(Fault::new(ErrorCode::Internal).of::<SendTextMessage>().carried_out());
    assert_eq!(code(&client, GetUser::new(BILLY)).await, None);
    assert_eq!(code(&client, text()).await, Some(ErrorCode::Timeout));
    assert_eq!(sent().await, before, "it was not carried out");
    assert_eq!(code(&client, text()).await, Some(ErrorCode::Internal));
    assert_eq!(sent().await, before + 1, "it was carried out, and the caller told otherwise");
    assert_eq!(code(&client, text()).await, None);

    sandbox.convrs().fail_next(Fault::whatsapp(WhatsAppError::new(131_056, "pair rate")));
    let error = client.execute(template()).await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::Rejected);
}

#[tokio::test]
async fn a_user_who_blocked_the_bot_gets_nothing_until_they_write() {
    let (sandbox, client) = sandbox().await;
    let uid = client.execute(template()).await.unwrap().uid;
    sandbox.convrs().disable_user(uid.clone()).unwrap();
    sandbox.advance(Duration::from_secs(5)).await;
    let blocked = client.execute(template()).await.unwrap();
    sandbox.advance(Duration::from_secs(5)).await;
    let ack = async |mid| {
        client.execute(convrs_client::GetMessageDetails::new(mid)).await.unwrap().ack.code()
    };
    assert_eq!(ack(blocked.mid).await, 1);
    sandbox.convrs().user_writes(uid, "Hello").unwrap();
    let sent = client.execute(template()).await.unwrap();
    sandbox.advance(Duration::from_secs(5)).await;
    assert_eq!(ack(sent.mid).await, 3);
    let bad = sandbox.convrs().set_recipient("nobody", Recipient::Receives);
    assert_eq!(bad, Err(ControlError::InvalidPhone));
}

#[tokio::test]
async fn the_limits_can_be_raised() {
    let (sandbox, client) = sandbox().await;
    sandbox.convrs().set_rate_limits(2, 3);
    assert_eq!(code(&client, template()).await, None);
    assert_eq!(code(&client, template()).await, None);
    assert_eq!(code(&client, template()).await, Some(ErrorCode::PhoneRateLimit));
    let other = SendSmsMessage::new(3941, "+447922021419", "Hi");
    assert_eq!(code(&client, other.clone()).await, None);
    assert_eq!(code(&client, other).await, Some(ErrorCode::TokenRateLimit));
}

/// Posts to a path of the sandbox; the status and the answer.
async fn http(sandbox: &Sandbox, path: &str, json: Value) -> (u16, Value) {
    let url = format!("http://{}{path}", sandbox.address());
    let answer = send(Method::POST, &url, &[], json.to_string()).await;
    (answer.status().as_u16(), serde_json::from_slice(answer.body()).unwrap())
}

#[tokio::test]
async fn every_action_can_be_taken_over_http() {
    let (sandbox, client) = sandbox().await;
    let receiver = Receiver::start(204).await;
    let template = json!({
        "name": "own", "language": "en", "status": "PENDING", "category": "UTILITY",
        "components": [{"type": "BODY", "text": "Hi", "example": {"body_text": [[]]}}]
    });
    let own = json!({"botID": 4000, "name": "own", "language": "en", "status": "APPROVED"});
    let with = |action: &str, mut fields: Value| {
        fields["action"] = action.into();
        fields
    };
    for action in [
        with("set_webhook_url", json!({"url": receiver.url})),
        with("set_rate_limits", json!({"per_number": 5, "per_token": 50})),
        with("add_bot", json!({"bot_id": 4000, "channels": ["WA3", "CMS"]})),
        with("add_agent", json!({"id": 43, "name": "Ann", "email": "ann@company.com"})),
        with("add_route", json!({"route": "returns"})),
        with("put_template", json!({"bot_id": 4000, "template": template})),
        with("set_template_status", own),
        with("set_recipient", json!({"phone": "+447922021411", "recipient": "not_on_whatsapp"})),
        with("set_recipient", json!({"phone": "+447922021412", "recipient": {"fails": 131_026}})),
        with("create_user", json!({"user": {"uid": "73-tel-2", "name": "Jane"}})),
        with("rename_user", json!({"uid": "73-tel-2", "name": "Jane Doe"})),
        with("tag_user", json!({"uid": "73-tel-2", "tag": "vip"})),
        with("disable_user", json!({"uid": "73-tel-2"})),
        with("enable_user", json!({"uid": "73-tel-2"})),
        with("set_subscribed", json!({"uid": "73-tel-2", "yes": false})),
        with("delete_user", json!({"uid": "73-tel-2"})),
        with("user_writes", json!({"uid": BILLY, "text": "Hello"})),
        with("agent_writes", json!({"uid": BILLY, "text": "Hi"})),
        with("close_conversation", json!({"uid": BILLY})),
        with("fail_next", json!({"code": 2003, "command": "GetUser", "carried_out": true})),
    ] {
        let (status, answer) = http(&sandbox, "/convrs/control", action.clone()).await;
        assert_eq!(status, 200, "{action}: {answer}");
    }
    assert_eq!(code(&client, GetUser::new(BILLY)).await, Some(ErrorCode::Timeout));
    let own = SendWhatsAppTemplate::new(4000, "+447922021411", "own", "en");
    client.execute(own).await.unwrap();

    let (_, now) = http(&sandbox, "/clock/advance", json!({"seconds": 1.5})).await;
    assert_eq!(now, json!({"now": "2026-02-28T14:30:01.5Z"}));
    let (_, events) = http(&sandbox, "/convrs/control", json!({"action": "events"})).await;
    let names: Vec<_> =
        events["events"].as_array().unwrap().iter().map(|e| e["cmd"].as_str().unwrap()).collect();
    assert_eq!(
        names.iter().collect::<std::collections::BTreeSet<_>>().len(),
        6,
        "all six kinds: {names:?}"
    );
    assert_eq!(events["events"][0]["result"], json!({"status": 204}));
    let (_, callbacks) = http(&sandbox, "/convrs/control", json!({"action": "callbacks"})).await;
    assert_eq!(callbacks, json!({"callbacks": []}), "no webhookURL, no callbacks");

    for (action, token) in [("disable", None), ("enable", Some(2)), ("reset_token", Some(3))] {
        let (_, answer) = http(&sandbox, "/convrs/control", json!({"action": action})).await;
        let token = token.map(|n| json!(format!("sandbox-token-{n}")));
        assert_eq!(answer.get("token"), token.as_ref());
    }
}

#[tokio::test]
async fn the_command_lines_in_the_sandboxs_readme_work() {
    let (sandbox, _client) = sandbox().await;
    let readme = std::fs::read_to_string(repository().join("sandbox/README.md")).unwrap();
    let lines = readme.lines().filter_map(|line| line.strip_prefix("curl http://127.0.0.1:4010"));
    let lines = lines.filter(|line| !line.starts_with("/lead-reply/"));
    let mut count = 0;
    for line in lines {
        let (path, body) = line.split_once(" -d ").unwrap();
        let body = serde_json::from_str(body.trim_matches('\'')).unwrap();
        let (status, answer) = http(&sandbox, path, body).await;
        assert_eq!(status, 200, "{line}: {answer}");
        count += 1;
    }
    assert_eq!(count, 4);
}

#[tokio::test]
async fn a_bad_control_request_is_told_what_to_do() {
    let (sandbox, _client) = sandbox().await;
    for (request, says) in [
        (json!({}), "missing field `action`"),
        (json!({"action": "explode"}), "unknown variant `explode`"),
        (json!({"action": "disable", "now": true}), "unknown field `now`"),
        (json!({"action": "user_writes", "uid": "73-tel-0", "text": "Hi"}), "no such user"),
        (json!({"action": "close_conversation", "uid": BILLY}), "let the user write first"),
        (json!({"action": "fail_next", "code": 4711}), "no documented code"),
        (json!({"action": "fail_next", "code": 1018}), "take the action socket_fault"),
        (json!({"action": "fail_next", "code": 2003, "command": "Nope"}), "Nope is no command"),
    ] {
        let (status, answer) = http(&sandbox, "/convrs/control", request).await;
        assert_eq!(status, 400);
        assert!(answer["error"].as_str().unwrap().contains(says), "{answer}");
    }
    for seconds in [json!(-1), json!("soon"), json!(1e300)] {
        let (status, answer) = http(&sandbox, "/clock/advance", json!({"seconds": seconds})).await;
        assert_eq!(status, 400, "{answer}");
    }
}
