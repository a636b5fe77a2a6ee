use jiff::Timestamp;

use crate::{
    Client, Command, DateTime, Error, ErrorCode, GetConversation, GetMessageDetails, Message,
    MessageDetails, Sender, trace::Trace,
};

/// What was found of a send whose outcome is `Unknown`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Evidence {
    /// It went out: the server knows the message.
    Sent(Box<MessageDetails>),
    /// It went out, most likely: a message with its text, not older than the send, is in the user's
    /// conversation. Somebody may have sent the same text besides.
    Likely(Box<Message>),
    /// Nothing was found. That is no proof: it may still be on its way.
    None,
}

impl Client {
    /// Looks for what became of a send that ended in `error`. It reads and never sends.
    ///
    /// | command | where it looks |
    /// |---|---|
    /// | any whose answer named a message, [`Error::evidence_mid`] | GetMessageDetails |
    /// | SendSMSMessage, SendTextMessage | GetConversation, for the text |
    /// | SendWhatsAppTemplate with a `webhook_url` | nowhere: wait for the callback whose [`send_id`](crate::DeliveryCallback::send_id) is [`Error::send_id`] |
    /// | the others | nowhere |
    ///
    /// `since` is a time just before the send, by the server's clock: where the clocks may differ,
    /// take a time that is as much earlier.
    ///
    /// ```no_run
    /// use convrs_client::{Client, Evidence, Outcome, SendSmsMessage};
    /// # async fn run(client: Client) -> Result<(), convrs_client::Error> {
    /// let (since, sms) = (jiff::Timestamp::now(), SendSmsMessage::new(3941, "+447922021419", "Hi"));
    /// if let Err(error) = client.execute(sms.clone()).await
    ///     && error.outcome() == Outcome::Unknown
    /// {
    ///     match client.reconcile(&sms, &error, since).await? {
    ///         Evidence::Sent(_) | Evidence::Likely(_) => println!("it went out"),
    ///         _ => println!("no trace of it yet"),
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Those of the commands that look.
    pub async fn reconcile<C: Command>(
        &self,
        command: &C,
        error: &Error,
        since: Timestamp,
    ) -> Result<Evidence, Error> {
        let evidence = self.look_for(command, error, since).await?;
        let found = match evidence {
            Evidence::Sent(_) => "sent",
            Evidence::Likely(_) => "likely",
            Evidence::None => "none",
        };
        Trace::reconciled(C::NAME, found);
        Ok(evidence)
    }

    async fn look_for<C: Command>(
        &self,
        command: &C,
        error: &Error,
        since: Timestamp,
    ) -> Result<Evidence, Error> {
        if let Some(mid) = error.evidence_mid() {
            match self.execute(GetMessageDetails::new(mid.clone())).await {
                Ok(details) => return Ok(Evidence::Sent(Box::new(details))),
                Err(error) if error.code() == Some(ErrorCode::UnknownMessage) => {}
                Err(error) => return Err(error),
            }
        }
        let Some((uid, text)) = command.footprint() else { return Ok(Evidence::None) };
        let messages = match self.execute(GetConversation::new(uid)).await {
            Ok(messages) => messages,
            // A first message makes the user; without the user there was none.
            Err(error) if error.code() == Some(ErrorCode::UnknownUser) => {
                return Ok(Evidence::None);
            }
            Err(error) => return Err(error),
        };
        let is_it = |message: &Message| {
            message.sender != Sender::Client
                && message.text.as_deref() == Some(text)
                && message.sent_at.as_ref().and_then(DateTime::timestamp) >= Some(since)
        };
        let found = messages.into_iter().rfind(is_it);
        Ok(found.map_or(Evidence::None, |message| Evidence::Likely(Box::new(message))))
    }
}

#[cfg(test)]
mod tests {
    use replykit_transport::MockTransport;

    use super::*;
    use crate::{Ack, SendMessage};

    const CUT: &str = r#"{"ok":1,"cmd":"SendMessage","mid":"6462"} and more"#;

    async fn reconcile(answer: &'static str) -> Result<Evidence, Error> {
        let mock = MockTransport::new();
        let endpoint = "https://data.conv.rs/api".parse().unwrap();
        let client = Client::over_http(mock.clone(), endpoint, "t0ken").unwrap();
        let send = SendMessage::new("+447922021419", "welcome");
        mock.answer(200, CUT);
        let error = client.execute(send.clone()).await.unwrap_err();
        for _ in 0..3 {
            mock.answer(200, answer);
        }
        client.reconcile(&send, &error, Timestamp::UNIX_EPOCH).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_message_that_the_answer_named_is_looked_up() {
        let found = reconcile(r#"{"ok":1,"uid":"3941-cms-1","botID":3941,"ack":1}"#).await.unwrap();
        let Evidence::Sent(details) = found else { panic!("{found:?}") };
        assert_eq!(details.ack, Ack::Sent);
        assert_eq!(reconcile(r#"{"ok":0,"errorCode":1020}"#).await.unwrap(), Evidence::None);
        let error = reconcile(r#"{"ok":0,"errorCode":1001}"#).await.unwrap_err();
        assert_eq!(error.code(), Some(ErrorCode::InvalidToken));
    }
}
