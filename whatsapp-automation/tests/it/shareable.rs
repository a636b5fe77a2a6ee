//! What can be shared between threads, and cloned. To compile is to pass.

use std::fmt::Debug;

use whatsapp_automation::{crm, session::*, *};

fn is_shareable<T: Clone + Debug + Send + Sync + 'static>() {}

fn is_send<T: Send>(_: &T) {}

fn is_error<T: std::error::Error + Send + Sync + 'static>() {}

#[test]
fn clients_requests_and_answers_go_from_thread_to_thread() {
    is_shareable::<crm::Client>();
    is_shareable::<Client>();
    is_shareable::<SavedSession>();
    is_shareable::<Media>();
    is_shareable::<Register>();
    is_shareable::<Login>();
    is_shareable::<Logout>();
    is_shareable::<SendMessage>();
    is_shareable::<ScheduleMessage>();
    is_shareable::<GetQueue>();
    is_shareable::<Registered>();
    is_shareable::<LoggedIn>();
    is_shareable::<Profile>();
    is_shareable::<QrCode>();
    is_shareable::<WhatsAppStatus>();
    is_shareable::<Items<Group>>();
    is_shareable::<Accepted>();
    is_shareable::<QueuePage>();
    is_shareable::<Waited>();
    is_shareable::<Evidence>();
    is_shareable::<LoginError>();
    is_error::<Error>();
    is_error::<LoginError>();
    is_error::<Invalid>();
}

#[test]
fn a_queue_and_a_wait_can_go_to_another_thread() {
    let client = crate::session_client("http://127.0.0.1:9");
    is_send(&client.queue());
    is_send(&client.wait_until_sent("msg_1", std::time::Duration::ZERO));
    let send = SendMessage::new("+1", "Hi");
    is_send(&client.reconcile(&send, jiff::Timestamp::UNIX_EPOCH));
    is_send(&client.execute(send.clone()).into_future());
}
