use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::{
    Error, Outcome,
    crm::{Client, GetMessage, Message, MessageId, SendState},
};

/// What became of a message while somebody waited for it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Waited {
    /// It went out.
    Sent(Message),
    /// It failed. Its `status` says why, where the server does.
    Failed(Message),
    /// The time was over, and it was neither: the message as it was last seen. It may go out yet.
    Open(Message),
}

impl Client {
    /// Waits until a message was sent or has failed, `time` at most. It asks for the message at once,
    /// again after half a second and then ever more rarely, up to every 10 s, and a last time when `time`
    /// is over. That look may take another second. [`Duration::ZERO`] looks once.
    ///
    /// A message with a time in the future is `Open` until then, so take a `time` that is longer. A span
    /// too long for the clock counts as a day.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use whatsapp_automation::{Error, crm::{Client, SendMessage, Waited}};
    /// # async fn run(client: Client) -> Result<(), Error> {
    /// let message = client.execute(SendMessage::new("+1234567890", "Hello from API!")).await?;
    /// match client.wait_until_sent(message.id, Duration::from_secs(60)).await? {
    ///     Waited::Sent(_) => println!("sent"),
    ///     other => println!("not yet, or never: {other:?}"),
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// A refusal, such as 404 for a message that was deleted, ends the wait at once. Other failures of
    /// single requests do not; but where no request succeeded in the whole time, the last error is
    /// returned. These errors are about the look at the message, not about the message.
    pub async fn wait_until_sent(
        &self,
        id: impl Into<MessageId>,
        time: Duration,
    ) -> Result<Waited, Error> {
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        let (id, now) = (id.into(), Instant::now());
        let end = now.checked_add(time).unwrap_or(now + DAY);
        let mut last = None;
        let mut pause = Duration::from_millis(500);
        loop {
            match self.execute(GetMessage::new(id)).deadline(look_until(end)).await {
                Ok(message) => match &message.status {
                    SendState::Sent | SendState::Posted => return Ok(Waited::Sent(message)),
                    SendState::Failed(_) => return Ok(Waited::Failed(message)),
                    _ => last = Some(Ok(message)),
                },
                Err(error) if error.outcome() == Outcome::Rejected && !is_temporary(&error) => {
                    return Err(error);
                }
                // What was seen of the message says more than a failure to look.
                Err(error) if last.as_ref().is_none_or(Result::is_err) => last = Some(Err(error)),
                Err(_) => {}
            }
            if left(end).is_zero()
                && let Some(last) = last
            {
                return last.map(Waited::Open);
            }
            sleep(pause.min(left(end))).await;
            pause = (2 * pause).min(Duration::from_secs(10));
        }
    }
}

fn left(end: Instant) -> Duration {
    end.saturating_duration_since(Instant::now())
}

/// The usual time of a call that reads, and no longer than the wait, but for the last look.
fn look_until(end: Instant) -> Duration {
    left(end).clamp(Duration::from_secs(1), Duration::from_secs(15))
}

fn is_temporary(error: &Error) -> bool {
    error.status().is_some_and(|status| matches!(status.as_u16(), 425 | 429))
}

#[cfg(test)]
mod tests {
    use replykit_transport::MockTransport;

    use super::*;

    fn client(answers: &[(u16, &str)]) -> (Client, MockTransport) {
        let mock = MockTransport::new();
        for (status, body) in answers {
            mock.answer(*status, body.to_string());
        }
        let base = "http://127.0.0.1:8000/".parse().unwrap();
        (Client::over(mock.clone(), base).unwrap().seed(1), mock)
    }

    const PENDING: (u16, &str) = (200, r#"{"id":7,"status":"Pending"}"#);
    const MINUTE: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn a_message_is_followed_until_it_was_sent() {
        let (client, mock) =
            client(&[PENDING, (500, "<html>"), PENDING, (200, r#"{"id":7,"status":"Sent"}"#)]);
        let waited = client.wait_until_sent(7, MINUTE).await.unwrap();
        assert!(matches!(waited, Waited::Sent(_)), "{waited:?}");
        assert_eq!(mock.requests().len(), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_of_the_message_is_told_with_its_reason() {
        let (client, _) = client(&[(200, r#"{"id":7,"status":"Failed: no such number"}"#)]);
        let Waited::Failed(message) = client.wait_until_sent(7, MINUTE).await.unwrap() else {
            panic!()
        };
        assert_eq!(message.status, SendState::Failed(Some("no such number".to_owned())));
    }

    #[tokio::test(start_paused = true)]
    async fn the_wait_ends_in_time_and_asks_ever_more_rarely() {
        let (client, mock) = client(&[PENDING; 20]);
        let start = Instant::now();
        let waited = client.wait_until_sent(7, MINUTE).await.unwrap();
        assert!(matches!(waited, Waited::Open(_)), "{waited:?}");
        assert_eq!(start.elapsed(), MINUTE);
        // 0, 0.5, 1.5, 3.5, 7.5, 15.5, 25.5, 35.5, 45.5, 55.5, 60 s
        assert_eq!(mock.requests().len(), 11);
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_look_is_at_the_end_of_the_wait() {
        let (client, _) = client(&[PENDING, PENDING, (200, r#"{"id":7,"status":"Sent"}"#)]);
        let start = Instant::now();
        let waited = client.wait_until_sent(7, Duration::from_secs(1)).await.unwrap();
        assert!(matches!(waited, Waited::Sent(_)), "{waited:?}");
        assert_eq!(start.elapsed(), Duration::from_secs(1));
    }

    #[tokio::test(start_paused = true)]
    async fn no_time_is_one_look_and_the_longest_is_no_overflow() {
        let (client, mock) = client(&[PENDING, (200, r#"{"id":7,"status":"Sent"}"#)]);
        let waited = client.wait_until_sent(7, Duration::ZERO).await.unwrap();
        assert!(matches!(waited, Waited::Open(_)), "{waited:?}");
        assert_eq!(mock.requests().len(), 1);
        let waited = client.wait_until_sent(7, Duration::MAX).await.unwrap();
        assert!(matches!(waited, Waited::Sent(_)), "{waited:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_deleted_message_ends_the_wait() {
        let (client, _) = client(&[PENDING, (404, r#"{"detail":"Not found."}"#)]);
        let error = client.wait_until_sent(7, MINUTE).await.unwrap_err();
        assert_eq!(error.status().unwrap().as_u16(), 404);
    }

    #[tokio::test(start_paused = true)]
    async fn where_nothing_could_be_seen_the_error_is_told() {
        let (client, _) = client(&[(500, ""); 100]);
        let error = client.wait_until_sent(7, MINUTE).await.unwrap_err();
        assert_eq!(error.status().unwrap().as_u16(), 500);
        let (client, _) = self::client(&[PENDING, (500, ""), (500, ""), (500, "")]);
        let waited = client.wait_until_sent(7, Duration::from_secs(1)).await.unwrap();
        assert!(matches!(waited, Waited::Open(_)), "{waited:?}");
    }
}
