//! Lists longer than one answer, against the sandbox's own caps.

use std::{collections::BTreeSet, time::Duration};

use convrs_client::{GetConversationsFlat, GetUsers, User};
use replykit_sandbox::Sandbox;

#[tokio::test]
async fn closed_conversations_beyond_1000_all_come_once() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = sandbox.convrs_client().unwrap();
    let start = sandbox.now();
    for _ in 0..1100 {
        let uid = "73-tel-615940546";
        sandbox.convrs().user_writes(uid, "Hello").unwrap();
        sandbox.convrs().agent_writes(uid, "Hi").unwrap();
        sandbox.convrs().close_conversation(uid).unwrap();
        sandbox.advance(Duration::from_millis(100)).await;
    }
    let flat = client.execute(GetConversationsFlat::new()).await.unwrap();
    assert_eq!(flat.iter().map(|m| &m.cid).collect::<BTreeSet<_>>().len(), 1000, "the cap");

    let mut messages = client.closed_conversations(start..=sandbox.now());
    let (mut cids, mut mids, mut count) = (BTreeSet::new(), BTreeSet::new(), 0);
    while let Some(message) = messages.next().await {
        let message = message.unwrap();
        cids.insert(message.cid);
        mids.insert(message.mid);
        count += 1;
    }
    assert_eq!((cids.len(), mids.len(), count), (1100, 2200, 2200));
}

#[tokio::test]
async fn users_beyond_5000_all_come_once() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = sandbox.convrs_client().unwrap();
    for number in 0..5100 {
        let bot = if number % 2 == 0 { 73 } else { 3941 };
        let mut user = User::new(format!("{bot}-tel-{number}"));
        user.bot_id = Some(bot.into());
        sandbox.convrs().create_user(user).unwrap();
    }
    assert_eq!(client.execute(GetUsers::new()).await.unwrap().len(), 5000, "the cap");

    let mut users = client.users([73, 3941]);
    let (mut uids, mut count) = (BTreeSet::new(), 0);
    while let Some(user) = users.next().await {
        uids.insert(user.unwrap().uid);
        count += 1;
    }
    assert_eq!((uids.len(), count), (5102, 5102), "and the two that were there before");
}
