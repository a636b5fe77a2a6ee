//! W14 and W15: commands over the socket.

use convrs_client::{ErrorKind, GetUser, GetUserTags, SendTextMessage, transport};
use replykit_sandbox::SocketFault;

use super::*;

/// A deadline that is meant to pass.
const HASTY: Duration = Duration::from_millis(100);

#[tokio::test]
async fn w14_a_late_answer_ends_the_connection_and_meets_nobody() {
    let mut scene = Scene::live().await;
    let client = scene.client();
    scene.sandbox.convrs().socket_fault(SocketFault::LateReply);
    let late = client.execute(SendTextMessage::new(BILLY, "one")).deadline(HASTY).await;
    assert_eq!(late.unwrap_err().outcome(), Outcome::Unknown);

    scene.comes_back("Poisoned").await;
    let user = client.execute(GetUser::new(BILLY)).await.unwrap();
    assert_eq!(user.uid.as_str(), BILLY);
    assert!(client.execute(GetUserTags::new(BILLY)).await.is_ok());
    assert_eq!(scene.sandbox.convrs().sockets().accepted, 2);
}

#[tokio::test]
async fn w14_a_call_that_is_dropped_ends_the_connection_it_was_sent_over() {
    let mut scene = Scene::live().await;
    let client = scene.client();
    scene.sandbox.convrs().socket_fault(SocketFault::LateReply);
    let call = client.execute(SendTextMessage::new(BILLY, "one")).into_future();
    assert!(tokio::time::timeout(HASTY, call).await.is_err());

    scene.comes_back("Poisoned").await;
    assert!(client.execute(GetUser::new(BILLY)).await.is_ok());
}

#[tokio::test]
async fn w14_commands_that_are_begun_together_each_get_their_own_answer() {
    let scene = Scene::live().await;
    let client = scene.client();
    let uids = ["3941-wa3-44151999999", BILLY];
    let calls = (0..40).map(|number| {
        let (client, uid) = (client.clone(), uids[number % 2]);
        tokio::spawn(async move { (uid, client.execute(GetUser::new(uid)).await) })
    });
    for call in calls.collect::<Vec<_>>() {
        let (uid, user) = call.await.unwrap();
        assert_eq!(user.unwrap().uid.as_str(), uid);
    }
    assert_eq!(scene.sandbox.convrs().sockets().accepted, 1);
}

#[tokio::test]
async fn w15_a_write_to_a_dead_connection_proves_nothing() {
    let scene = Scene::live().await;
    scene.sandbox.convrs().socket_fault(SocketFault::HalfOpen);
    let send = SendTextMessage::new(BILLY, "Hello");
    let error = scene.client().execute(send).deadline(HASTY).await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown);
    let ErrorKind::Transport(error) = error.kind() else { panic!("{error:?}") };
    assert_eq!(error.kind(), transport::TransportErrorKind::Timeout);
}

#[tokio::test]
async fn w15_a_connection_that_ends_before_the_answer_leaves_a_send_unknown() {
    for fault in [SocketFault::Close, SocketFault::Drop, SocketFault::Reset] {
        let scene = Scene::live().await;
        let client = scene.client();
        scene.sandbox.convrs().socket_fault(SocketFault::LateReply);
        let mut call = client.execute(SendTextMessage::new(BILLY, "Hello")).into_future();
        // The sandbox has it when the conversation is there.
        assert!(tokio::time::timeout(HASTY / 2, &mut call).await.is_err());
        scene.sandbox.convrs().socket_fault(fault);
        assert_eq!(call.await.unwrap_err().outcome(), Outcome::Unknown, "{fault:?}");
    }
}
