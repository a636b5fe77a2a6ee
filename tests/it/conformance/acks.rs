use std::{collections::BTreeSet, time::Duration};

use convrs_client::{Ack, Event, GetMessageDetails, SendWhatsAppTemplate, User, WhatsAppError};
use replykit_sandbox::{Recipient, Sandbox};

use super::{Carrier, sandbox};
use crate::support::Receiver;

const BILLY: &str = "73-tel-615940546";

/// The names of the events and the codes of the acks that the sandbox can push, each read back by
/// type. GetMessageDetails says the same as the callbacks.
pub(super) async fn check<C: Carrier>() -> (BTreeSet<String>, BTreeSet<i64>) {
    let sandbox = sandbox().await;
    let acks = acks::<C>(&sandbox).await;
    let mut events = BTreeSet::new();
    for event in C::events(&sandbox, 6, happens).await {
        assert!(!matches!(event, Event::Unknown(_) | Event::Malformed(_)), "{event:?}");
        events.insert(event.cmd().to_owned());
    }
    (events, acks)
}

/// One event of each kind.
fn happens(sandbox: &Sandbox) {
    let convrs = sandbox.convrs();
    convrs.create_user(User::new("73-tel-2")).unwrap();
    convrs.rename_user("73-tel-2", "Jane Doe").unwrap();
    convrs.disable_user("73-tel-2").unwrap();
    convrs.enable_user("73-tel-2").unwrap();
    convrs.delete_user("73-tel-2").unwrap();
    convrs.user_writes(BILLY, "Hello").unwrap();
    convrs.close_conversation(BILLY).unwrap();
}

async fn acks<C: Carrier>(sandbox: &Sandbox) -> BTreeSet<i64> {
    let mut receiver = Receiver::start(200).await;
    let client = C::client(sandbox);
    let mut seen = BTreeSet::new();
    let failed = Recipient::Fails(WhatsAppError::new(131_026, "undeliverable"));
    for (recipient, last) in [
        (Recipient::Reads, Ack::Replied),
        (Recipient::NotOnWhatsApp, Ack::NotOnWhatsApp),
        (failed, Ack::Failed),
        (Recipient::Unreachable, Ack::Sent),
    ] {
        let phone = format!("+4479220214{}", seen.len() + 10);
        sandbox.convrs().set_recipient(phone.as_str(), recipient).unwrap();
        let mut send = SendWhatsAppTemplate::new(3941, phone.as_str(), "order_update", "en");
        send.webhook_url = Some(receiver.url.clone());
        let sent = client.execute(send).await.unwrap();
        sandbox.advance(Duration::from_secs(3)).await;
        if last == Ack::Replied {
            sandbox.convrs().user_writes(sent.uid.clone(), "Thank you").unwrap();
            sandbox.advance(Duration::ZERO).await;
        }
        let mut state = Ack::AtServer;
        for body in receiver.bodies() {
            let Event::Delivery(callback) = Event::parse(&body) else { continue };
            assert_eq!(callback.mid, sent.mid);
            let error = callback.whatsapp_error_code;
            assert_eq!(error, (callback.ack == Ack::Failed).then_some(131_026));
            seen.insert(callback.ack.code());
            state = state.merge(callback.ack);
        }
        assert_eq!(state, last);
        let details = client.execute(GetMessageDetails::new(sent.mid)).await.unwrap();
        assert_eq!(details.ack, last);
        assert_eq!(details.whatsapp_error_code.is_some(), last == Ack::Failed);
    }
    seen
}
