use std::ops::ControlFlow;

use jiff::Timestamp;

use super::{Client, QueuedMessage, ScheduleMessage, SendMessage};
use crate::{DateTime, Error};

/// What was found of a send whose outcome is `Unknown`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Evidence {
    /// The server has it, most likely: messages to this recipient with this text and time. Their `status`
    /// tells how far they have come. More than one: copies, or the same message by somebody else.
    Likely(Vec<QueuedMessage>),
    /// Messages to this recipient at this time, with another text: an AI was to change it.
    Possible(Vec<QueuedMessage>),
    /// Nothing was found. That is no proof: the request may still be on its way.
    None,
}

/// A send that is looked for: made of a [`SendMessage`] or a [`ScheduleMessage`].
#[derive(Debug, Clone, Copy)]
pub struct Sought<'a>(Of<'a>);

#[derive(Debug, Clone, Copy)]
enum Of<'a> {
    Send(&'a SendMessage),
    Schedule(&'a ScheduleMessage),
}

impl<'a> From<&'a SendMessage> for Sought<'a> {
    fn from(send: &'a SendMessage) -> Self {
        Self(Of::Send(send))
    }
}

impl<'a> From<&'a ScheduleMessage> for Sought<'a> {
    fn from(schedule: &'a ScheduleMessage) -> Self {
        Self(Of::Schedule(schedule))
    }
}

impl Sought<'_> {
    /// Whether this can be it. A message has no date of its own: what went out before `since` is not it,
    /// and what has not gone out may be.
    fn fits(self, message: &QueuedMessage, since: Timestamp) -> bool {
        let (to, time) = match self.0 {
            Of::Send(send) => (&send.phone_id, send.scheduled_time.as_ref()),
            Of::Schedule(schedule) => (&schedule.phone_id, Some(&schedule.scheduled_time)),
        };
        // A server may keep no more of a time than its seconds.
        let at = |time: Option<&DateTime>| Some(time?.timestamp()?.as_second());
        let since = since.as_second();
        let (planned, sent) = (at(message.scheduled_for.as_ref()), at(message.sent_at.as_ref()));
        // What goes out at once may be given the time at which it was taken.
        let same_time = match at(time) {
            Some(time) => planned == Some(time),
            None => planned.is_none_or(|planned| planned >= since),
        };
        is_same_recipient(&message.to, to) && same_time && sent.is_none_or(|sent| sent >= since)
    }

    fn has_text_of(self, message: &QueuedMessage) -> bool {
        let text = match self.0 {
            Of::Send(send) => &send.message,
            Of::Schedule(schedule) => &schedule.message,
        };
        message.message.trim() == text.trim()
    }

    fn may_be_changed(self) -> bool {
        matches!(self.0, Of::Schedule(schedule) if !schedule.ai_modifications.is_none())
    }
}

/// A server may write a phone number in its own way.
fn is_same_recipient(one: &str, other: &str) -> bool {
    let digits = |text: &str| {
        let in_number = |c: char| c.is_ascii_digit() || " +-.()".contains(c);
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        (text.chars().all(in_number) && !digits.is_empty()).then_some(digits)
    };
    one.trim() == other.trim() || digits(one).is_some_and(|one| Some(one) == digits(other))
}

impl Client {
    /// Looks for what became of a send whose outcome is `Unknown`, in the queue of the account. It reads
    /// and never sends.
    ///
    /// A message counts where its recipient, however the number is written, its text and its time are those of `send`, and it did not go
    /// out before `since`, all to the second: a time just before the send, by the server's clock. Where the
    /// clocks may differ, take a time that is as much earlier.
    ///
    /// ```no_run
    /// use whatsapp_automation::{Error, Outcome, session::{Client, Evidence, SendMessage}};
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
    /// Those of [`GetQueue`](super::GetQueue). A message that cannot be read is passed over.
    pub async fn reconcile<'a>(
        &self,
        send: impl Into<Sought<'a>>,
        since: Timestamp,
    ) -> Result<Evidence, Error> {
        let send = send.into();
        let (mut same, mut changed) = (Vec::new(), Vec::new());
        let look = |message: QueuedMessage| {
            if send.fits(&message, since) {
                if send.has_text_of(&message) {
                    same.push(message);
                } else if send.may_be_changed() {
                    changed.push(message);
                }
            }
            ControlFlow::Continue(())
        };
        self.each_queued(None, look).await?;
        Ok(match (same.is_empty(), changed.is_empty()) {
            (false, _) => Evidence::Likely(same),
            (true, false) => Evidence::Possible(changed),
            (true, true) => Evidence::None,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::session::canaries::logged_in;

    async fn reconcile<'a>(send: impl Into<Sought<'a>>, messages: Value) -> Evidence {
        let (client, mock) = logged_in();
        let pagination = json!({"page": 1, "limit": 100, "total": 9, "pages": 1});
        mock.answer(200, json!({"messages": messages, "pagination": pagination}).to_string());
        client.reconcile(send, "2025-02-20T10:00:00Z".parse().unwrap()).await.unwrap()
    }

    fn message(id: u8) -> Value {
        json!({
            "id": id, "to": "+1", "message": "Hi", "status": "sent", "scheduledFor": null,
            "sentAt": "2025-02-20T10:00:00.5Z"
        })
    }

    fn with(field: &str, value: Value) -> Value {
        let mut message = message(7);
        message[field] = value;
        message
    }

    #[tokio::test]
    async fn a_message_that_is_the_same_in_all_is_evidence() {
        let list = json!([message(9), {"id": []}, with("sentAt", Value::Null), message(9)]);
        let found = reconcile(&SendMessage::new(" +1", "Hi\n"), list).await;
        let Evidence::Likely(found) = found else { panic!("{found:?}") };
        assert_eq!(found.iter().map(|m| m.id.as_str()).collect::<Vec<_>>(), ["9", "7"]);
        // Some servers give what goes out at once the time at which it came.
        let list = json!([with("scheduledFor", "2025-02-20T10:00:00Z".into())]);
        let found = reconcile(&SendMessage::new("+1", "Hi"), list).await;
        assert!(matches!(found, Evidence::Likely(_)));
    }

    #[tokio::test]
    async fn a_number_counts_however_it_is_written() {
        let list = json!([with("to", "12345678901".into())]);
        for phone in ["+12345678901", "+1 (234) 567-89.01", "12345678901", " 1-234-5678901"] {
            let found = reconcile(&SendMessage::new(phone, "Hi"), list.clone()).await;
            assert!(matches!(found, Evidence::Likely(_)), "{phone}");
        }
        for other in ["+12345678902", "group-12345678901", "", "+"] {
            let found = reconcile(&SendMessage::new(other, "Hi"), list.clone()).await;
            assert_eq!(found, Evidence::None, "{other}");
        }
        // Without a digit nothing is a number, and so no two of them are the same one.
        let list = json!([with("to", "-".into())]);
        assert_eq!(reconcile(&SendMessage::new("+", "Hi"), list).await, Evidence::None);
    }

    #[tokio::test]
    async fn a_message_that_differs_is_no_evidence() {
        let send = SendMessage::new("+1", "Hi");
        for other in [
            with("to", "+2".into()),
            with("message", "Hi there".into()),
            with("scheduledFor", "2025-02-19T10:00:00Z".into()),
            with("sentAt", "2025-02-20T09:59:59.999Z".into()),
        ] {
            assert_eq!(reconcile(&send, json!([other])).await, Evidence::None, "{other}");
        }
        let send = send.at("2025-02-21T10:00:00Z");
        assert_eq!(reconcile(&send, json!([message(7)])).await, Evidence::None);
        let list = json!([with("scheduledFor", "2025-02-21T11:00:00+01:00".into())]);
        assert!(matches!(reconcile(&send, list).await, Evidence::Likely(_)));
    }

    #[tokio::test]
    async fn a_text_that_an_ai_was_to_change_may_be_another() {
        let mut send = ScheduleMessage::new("+1", "Hello", "2025-02-21T10:00:00Z");
        let list = json!([with("scheduledFor", "2025-02-21T10:00:00Z".into())]);
        assert_eq!(reconcile(&send, list.clone()).await, Evidence::None);
        send.ai_modifications.use_synonyms = true;
        let found = reconcile(&send, list.clone()).await;
        assert!(matches!(found, Evidence::Possible(ref found) if found.len() == 1), "{found:?}");
        send.message = "Hi".to_owned();
        assert!(matches!(reconcile(&send, list).await, Evidence::Likely(_)));
    }
}
