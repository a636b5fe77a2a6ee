use std::{ops::ControlFlow, time::Duration};

use tokio::time::{Instant, sleep};

use super::{Client, MessageId, QueueState, QueuedMessage};
use crate::{Error, ErrorKind, LoginProblem, Outcome};

/// What became of a message while somebody waited for it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Waited {
    /// It went out.
    Sent(QueuedMessage),
    /// It failed.
    Failed(QueuedMessage),
    /// The time was over, and it was neither: the message as it was last seen. It may go out yet.
    Open(QueuedMessage),
    /// The time was over, and it was never in the queue.
    NotFound,
}

impl Client {
    /// Waits until a message was sent or has failed, `time` at most. It looks for the message in the queue
    /// again and again, first after half a second and then ever more rarely, up to every 10 s.
    ///
    /// A message with a time in the future is `Open` until then, so take a `time` that is longer. The last
    /// look is when the time is over, and may take a second; with no time at all it is the only one. A span
    /// too long for the clock counts as a day.
    ///
    /// # Errors
    /// A refusal, and a session that is over, end the wait at once. Other failures of single requests do
    /// not; but where no look succeeded in the whole time, the last error is returned. These errors are
    /// about the look at the message, not about the message.
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
            match self.look_for(&id, end).await {
                Ok(Some(message)) => match message.status {
                    QueueState::Sent => return Ok(Waited::Sent(message)),
                    QueueState::Failed => return Ok(Waited::Failed(message)),
                    QueueState::Other(_) => last = Some(Ok(Waited::Open(message))),
                },
                // What was seen of it before says more.
                Ok(None) if matches!(last, Some(Ok(_))) => {}
                Ok(None) => last = Some(Ok(Waited::NotFound)),
                Err(error) if is_final(&error) => return Err(error),
                Err(_) if matches!(last, Some(Ok(_))) => {}
                Err(error) => last = Some(Err(error)),
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero()
                && let Some(last) = last
            {
                return last;
            }
            sleep(pause.min(left)).await;
            pause = (2 * pause).min(Duration::from_secs(10));
        }
    }

    async fn look_for(&self, id: &MessageId, end: Instant) -> Result<Option<QueuedMessage>, Error> {
        let mut found = None;
        // The usual time of a call that reads, and no longer than the wait, but for the last look.
        let left = end.saturating_duration_since(Instant::now());
        let end = Instant::now() + left.clamp(Duration::from_secs(1), Duration::from_secs(15));
        let look = |message: QueuedMessage| {
            if message.id != *id {
                return ControlFlow::Continue(());
            }
            found = Some(message);
            ControlFlow::Break(())
        };
        self.each_queued(Some(end), look).await?;
        Ok(found)
    }
}

/// Whether another look would end like this one: no session, or a refusal.
fn is_final(error: &Error) -> bool {
    let no_session = match error.kind() {
        ErrorKind::Login(login) => match login.problem() {
            LoginProblem::Failed => false,
            // Without a cause, the session right behind the login was refused.
            LoginProblem::Locked => login.cause().is_none_or(Error::is_refusal),
            _ => true,
        },
        _ => false,
    };
    let later = error.status().is_some_and(|status| matches!(status.as_u16(), 425 | 429));
    no_session || error.outcome() == Outcome::Rejected && !later
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::Response;
    use replykit_transport::MockTransport;
    use serde_json::{Value, json};

    use super::*;
    use crate::session::Login;

    fn client(answers: &[(u16, Value)]) -> (Client, MockTransport) {
        let (client, mock) = super::super::canaries::logged_in();
        for (status, body) in answers {
            mock.answer(*status, body.to_string());
        }
        (client, mock)
    }

    fn queue(status: &str) -> (u16, Value) {
        let message = json!({"id": "msg_7", "status": status});
        let other = json!({"id": "msg_8", "status": "sent"});
        let pagination = json!({"page": 1, "limit": 100, "total": 2, "pages": 1});
        (200, json!({"messages": [other, message], "pagination": pagination}))
    }

    fn empty() -> (u16, Value) {
        let pagination = json!({"page": 1, "limit": 100, "total": 0, "pages": 0});
        (200, json!({"messages": [], "pagination": pagination}))
    }

    const MINUTE: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn a_message_is_followed_until_it_was_sent_or_failed() {
        let (client, mock) = client(&[empty(), queue("queued"), (500, json!(0)), queue("sent")]);
        let waited = client.wait_until_sent("msg_7", MINUTE).await.unwrap();
        assert!(matches!(waited, Waited::Sent(_)), "{waited:?}");
        assert_eq!(mock.requests().len(), 4);
        let (client, _) = self::client(&[queue("failed")]);
        let waited = client.wait_until_sent("msg_7", MINUTE).await.unwrap();
        assert!(matches!(waited, Waited::Failed(_)), "{waited:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_wait_ends_in_time_and_tells_what_was_seen() {
        for (answer, open) in [(queue("scheduled"), true), (empty(), false)] {
            let (client, mock) = client(&vec![answer; 20]);
            let start = Instant::now();
            let waited = client.wait_until_sent("msg_7", MINUTE).await.unwrap();
            assert_eq!(matches!(waited, Waited::Open(_)), open, "{waited:?}");
            assert_eq!(waited == Waited::NotFound, !open);
            // 0, 0.5, 1.5, 3.5, 7.5, 15.5, 25.5, 35.5, 45.5, 55.5, 60 s
            assert_eq!((start.elapsed(), mock.requests().len()), (MINUTE, 11));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_that_is_over_ends_the_wait() {
        let (client, mock) = client(&[queue("queued"), (401, json!({"message": "no"}))]);
        let error = client.wait_until_sent("msg_7", MINUTE).await.unwrap_err();
        assert_eq!(error.login_problem(), Some(LoginProblem::Expired));
        assert_eq!(mock.requests().len(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_login_that_has_to_wait_does_not_end_the_wait() {
        let (client, mock) = client(&[]);
        let login = || {
            let answer = Response::builder().header("set-cookie", "connect.sid=x");
            answer.body(Bytes::from_static(b"{}")).unwrap()
        };
        mock.respond(login());
        client.execute(Login::new("johndoe", "canary").keep_password()).await.unwrap();
        mock.answer(401, "{}");
        let later = Response::builder().status(429).header("retry-after", "20");
        mock.respond(later.body(Bytes::new()).unwrap());
        mock.respond(login());
        let (status, body) = queue("sent");
        mock.answer(status, body.to_string());
        let waited = client.wait_until_sent("msg_7", MINUTE).await.unwrap();
        assert!(matches!(waited, Waited::Sent(_)), "{waited:?}");
    }
}
