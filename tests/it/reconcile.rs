//! What became of a send of which nobody knows: found in the sandbox, never by sending again.

use std::time::Duration;

use convrs_client::{
    Client, Command, DeliveryCallback, Error, ErrorCode, Evidence, GetConversation, Outcome,
    SendSmsMessage, SendTextMessage, SendWhatsAppTemplate,
};
use replykit_sandbox::{Fault, Sandbox};

use crate::support::Receiver;

const BILLY: &str = "73-tel-615940546";

/// A send that ends in doubt, carried out or not.
async fn doubtful<C: Command>(sandbox: &Sandbox, client: &Client, send: C, done: bool) -> Error {
    let fault = Fault::new(ErrorCode::Timeout);
    sandbox.convrs().fail_next(if done { fault.carried_out() } else { fault });
    let error = client.execute(send).await.err().expect("an error");
    assert_eq!(error.outcome(), Outcome::Unknown);
    error
}

#[tokio::test]
async fn a_text_or_sms_that_went_out_is_found_in_the_conversation() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = sandbox.convrs_client().unwrap();
    let since = sandbox.now();
    let text = SendTextMessage::new(BILLY, "On its way");
    let sms = SendSmsMessage::new(3941, "+44 792 202 1419", "On its way");

    let error = doubtful(&sandbox, &client, text.clone(), false).await;
    assert_eq!(client.reconcile(&text, &error, since).await.unwrap(), Evidence::None);
    let error = doubtful(&sandbox, &client, sms.clone(), false).await;
    assert_eq!(client.reconcile(&sms, &error, since).await.unwrap(), Evidence::None, "no user yet");

    let error = doubtful(&sandbox, &client, text.clone(), true).await;
    let found = client.reconcile(&text, &error, since).await.unwrap();
    let Evidence::Likely(message) = found else { panic!("{found:?}") };
    assert_eq!(message.text.as_deref(), Some("On its way"));
    let error = doubtful(&sandbox, &client, sms.clone(), true).await;
    let found = client.reconcile(&sms, &error, since).await.unwrap();
    assert!(matches!(found, Evidence::Likely(_)), "{found:?}");

    // What was there before the send is no evidence, and what the user wrote is none either.
    sandbox.advance(Duration::from_secs(60)).await;
    let later = sandbox.now();
    sandbox.convrs().user_writes(BILLY, "On its way").unwrap();
    assert_eq!(client.reconcile(&text, &error, later).await.unwrap(), Evidence::None);
    let seen = client.execute(GetConversation::new(BILLY)).await.unwrap();
    let sent = seen.iter().filter(|m| m.text.as_deref() == Some("On its way")).count();
    assert_eq!(sent, 2, "the one that was sent and the one that was written: none by reconcile");
}

#[tokio::test]
async fn a_callback_tells_which_doubtful_template_went_out() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = sandbox.convrs_client().unwrap();
    let mut receiver = Receiver::start(200).await;
    let mut send = SendWhatsAppTemplate::new(3941, "+44151999999", "order_update", "en");
    send.webhook_url = Some(receiver.url.clone());
    let lost = doubtful(&sandbox, &client, send.clone(), false).await;
    let sent = doubtful(&sandbox, &client, send.clone(), true).await;
    let since = sandbox.now();
    assert_eq!(client.reconcile(&send, &sent, since).await.unwrap(), Evidence::None);

    sandbox.advance(Duration::from_secs(3)).await;
    let callbacks: Vec<_> =
        receiver.bodies().iter().map(|body| DeliveryCallback::from_json(body).unwrap()).collect();
    assert_eq!(callbacks.len(), 4);
    for callback in callbacks {
        assert_eq!(callback.send_id.as_ref(), sent.send_id());
        assert_ne!(callback.send_id.as_ref(), lost.send_id());
        assert_eq!(callback.webhook_payload, None, "the id is the client's own");
    }
}
