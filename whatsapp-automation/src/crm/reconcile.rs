use jiff::Timestamp;
use replykit_transport::RetryPolicy;

use crate::{
    DateTime, Error,
    crm::{
        Client, DeleteMessage, GetMessage, ListMessages, Message, MessageId, SendMessage,
        SendState, rules,
    },
};

/// What was found of a send whose outcome is `Unknown`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Evidence {
    /// The server has it, most likely: messages with this number, text and time, not older than the
    /// send, by their ids. Their `status` tells how far they have come. More than one: copies, or the
    /// same message by somebody else.
    Likely(Vec<Message>),
    /// Nothing was found. That is no proof: the request may still be on its way.
    None,
}

/// What came of an attempt to take an extra copy of a message back.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Removal {
    /// It said `Pending` and was deleted right after. It may have gone out in between, and a server may
    /// send at once what it calls `Pending`: nothing that it tells can prove more.
    ProbablyRemoved(Message),
    /// It did not say `Pending` any more, so it was left alone.
    TooLate(Message),
}

impl Client {
    /// Looks for what became of `send`, whose outcome is `Unknown`. It reads and never sends.
    ///
    /// A message in the list counts where its number and text are those of `send`, apart from white
    /// space around them, its `scheduled_at` is the same point in time, and it was created at `since`
    /// or later, all to the second: a server may keep no more of a time. `since` is a time just before the send, by the server's clock: where the clocks may
    /// differ, take a time that is as much earlier.
    ///
    /// ```no_run
    /// use whatsapp_automation::{Error, Outcome, crm::{Client, Evidence, SendMessage}};
    ///
    /// # async fn run(client: Client) -> Result<(), Error> {
    /// let (since, send) = (jiff::Timestamp::now(), SendMessage::new("+1234567890", "Hello!"));
    /// if let Err(error) = client.execute(send.clone()).await
    ///     && error.outcome() == Outcome::Unknown
    /// {
    ///     match client.reconcile(&send, since).await? {
    ///         Evidence::Likely(found) => println!("the server has it, {} times", found.len()),
    ///         _ => println!("no trace of it yet"),
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Those of [`ListMessages`].
    pub async fn reconcile(&self, send: &SendMessage, since: Timestamp) -> Result<Evidence, Error> {
        let messages = self.execute(ListMessages::new()).await?;
        let mut found: Vec<_> =
            messages.into_iter().filter(|message| is_it(message, send, since)).collect();
        found.sort_by_key(|message| message.id);
        Ok(if found.is_empty() { Evidence::None } else { Evidence::Likely(found) })
    }

    /// Takes an extra copy of a message back: deletes it, but only while it says `Pending` right before.
    ///
    /// Success of a deletion alone proves nothing, for sent messages can be deleted too. The deletion is
    /// attempted once: a repeat would no longer come right after the look.
    ///
    /// # Errors
    /// Those of [`GetMessage`] and [`DeleteMessage`]. 404 says that it was gone before, and nothing of
    /// whether it was sent. After an `Unknown` the function may be called again.
    pub async fn remove_extra(&self, id: impl Into<MessageId>) -> Result<Removal, Error> {
        let id = id.into();
        let message = self.execute(GetMessage::new(id)).await?;
        if message.status != SendState::Pending {
            return Ok(Removal::TooLate(message));
        }
        let once = self.clone().retry_policy(RetryPolicy::never());
        once.execute(DeleteMessage::new(id)).await?;
        Ok(Removal::ProbablyRemoved(message))
    }
}

fn is_it(message: &Message, send: &SendMessage, since: Timestamp) -> bool {
    let second = |time: &Option<DateTime>| Some(time.as_ref()?.timestamp()?.as_second());
    rules::trim(&message.phone_number) == rules::trim(&send.phone_number)
        && rules::trim(&message.message) == rules::trim(&send.message)
        && second(&message.scheduled_at) == second(&send.scheduled_at)
        && second(&message.created_at) >= Some(since.as_second())
}

#[cfg(test)]
mod tests {
    use replykit_transport::{MockTransport, Phase, TransportError, TransportErrorKind};
    use serde_json::{Value, json};

    use super::*;
    use crate::Outcome;

    fn client() -> (Client, MockTransport) {
        let mock = MockTransport::new();
        let base = "http://127.0.0.1:8000/".parse().unwrap();
        (Client::over(mock.clone(), base).unwrap(), mock)
    }

    async fn reconcile(send: &SendMessage, list: Value) -> Evidence {
        let (client, mock) = client();
        mock.answer(200, list.to_string());
        let since = "2025-02-20T10:00:00Z".parse().unwrap();
        client.reconcile(send, since).await.unwrap()
    }

    fn message(id: u8) -> Value {
        json!({
            "id": id, "phone_number": "+1", "message": "Hi", "scheduled_at": null,
            "status": "Pending", "created_at": "2025-02-20T10:00:00.5Z"
        })
    }

    fn with(field: &str, value: Value) -> Value {
        let mut message = message(7);
        message[field] = value;
        message
    }

    #[tokio::test]
    async fn d03_a_message_that_is_the_same_in_all_is_evidence() {
        let list = json!([message(9), {"id": "damaged", "message": []}, message(8)]);
        let found = reconcile(&SendMessage::new(" +1", "Hi\n"), list).await;
        let Evidence::Likely(found) = found else { panic!("{found:?}") };
        assert_eq!(found.iter().map(|m| m.id.get()).collect::<Vec<_>>(), [8, 9]);
    }

    #[tokio::test]
    async fn d03_a_message_that_differs_is_no_evidence() {
        let send = SendMessage::new("+1", "Hi");
        for other in [
            with("phone_number", "+2".into()),
            with("message", "Hi there".into()),
            with("scheduled_at", "2025-02-21T10:00:00Z".into()),
            with("created_at", "2025-02-20T09:59:59Z".into()),
            with("created_at", Value::Null),
        ] {
            assert_eq!(reconcile(&send, json!([other])).await, Evidence::None, "{other}");
        }
    }

    #[tokio::test]
    async fn d03_times_are_compared_as_points_in_time() {
        let send = SendMessage::new("+1", "Hi").at("2025-02-21T10:00:00Z");
        let list = json!([with("scheduled_at", "2025-02-21T11:00:00+01:00".into()), message(8)]);
        let Evidence::Likely(found) = reconcile(&send, list).await else { panic!() };
        assert_eq!(found.len(), 1);
    }

    #[tokio::test]
    async fn d03_what_a_server_keeps_of_a_time_is_enough() {
        let (client, mock) = client();
        let since = "2025-02-20T10:00:00.75Z".parse().unwrap();
        let send = SendMessage::new("+1", "Hi").at("2025-02-21T10:00:00.123456789Z");
        let mut whole_seconds = with("scheduled_at", "2025-02-21T10:00:00Z".into());
        whole_seconds["created_at"] = "2025-02-20T10:00:00Z".into();
        mock.answer(200, json!([whole_seconds]).to_string());
        let evidence = client.reconcile(&send, since).await.unwrap();
        assert!(matches!(evidence, Evidence::Likely(_)), "{evidence:?}");
    }

    #[tokio::test]
    async fn d03_of_many_that_are_equal_all_are_told_and_clocks_that_differ_can_be_allowed_for() {
        let (client, mock) = client();
        let list: Vec<_> = (0..200).map(message).collect();
        mock.answer(200, json!(list).to_string());
        let since: Timestamp = "2025-02-20T10:00:05Z".parse().unwrap();
        let send = SendMessage::new("+1", "Hi");
        assert_eq!(client.reconcile(&send, since).await.unwrap(), Evidence::None);
        mock.answer(200, json!(list).to_string());
        let earlier = since - std::time::Duration::from_secs(60);
        let Evidence::Likely(found) = client.reconcile(&send, earlier).await.unwrap() else {
            panic!()
        };
        assert_eq!(found.len(), 200);
    }

    #[tokio::test(start_paused = true)]
    async fn d03_an_extra_copy_is_deleted_only_while_it_is_pending() {
        let (client, mock) = client();
        mock.answer(200, message(7).to_string());
        mock.answer(204, "");
        let removal = client.remove_extra(7).await.unwrap();
        assert!(matches!(removal, Removal::ProbablyRemoved(_)), "{removal:?}");

        mock.answer(200, with("status", "Sent".into()).to_string());
        let removal = client.remove_extra(7).await.unwrap();
        assert!(matches!(removal, Removal::TooLate(_)), "{removal:?}");
        assert_eq!(mock.requests().len(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn d03_a_deletion_in_doubt_is_not_repeated_without_another_look() {
        let (client, mock) = client();
        mock.answer(200, message(7).to_string());
        mock.fail(TransportError::new(Phase::Exchange, TransportErrorKind::Interrupted, "cut"));
        let error = client.remove_extra(7).await.unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown);
        assert_eq!(mock.requests().len(), 2);
    }
}
