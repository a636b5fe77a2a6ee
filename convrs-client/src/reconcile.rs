use std::time::Duration;

use jiff::Timestamp;

use crate::{
    Client, Command, DateTime, DeliveryState, Error, ErrorCode, GetConversation, GetMessageDetails,
    Message, MessageDetails, Outcome, Sender, trace::Trace,
};

/// What was found of a send whose outcome is `Unknown`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Evidence {
    /// It went out: the server knows the message. Its ack may say that it has failed since.
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
    /// | SendWhatsAppTemplate with a `webhook_url`, of a client with [`deliveries`](Self::deliveries) | there, for the callback with the [`Error::send_id`]: it waits for one up to 2 minutes |
    /// | the others | nowhere |
    ///
    /// `since` is a time just before the send, by the server's clock: where the clocks may differ,
    /// take a time that is as much earlier.
    ///
    /// Dropping the future does no harm, so whoever does not want to wait so long sets a timeout on
    /// it; whoever wants to wait longer calls it again, or
    /// [`Deliveries::wait_for_send`](crate::Deliveries::wait_for_send), which also names the message.
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
        if let Some(state) = self.told(error).await {
            return Ok(Evidence::Sent(Box::new(state.into())));
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

    /// What a callback tells of the send, now or soon.
    async fn told(&self, error: &Error) -> Option<DeliveryState> {
        let (id, deliveries) = (error.send_id()?, self.shared_deliveries()?);
        if error.outcome() != Outcome::Unknown {
            return None;
        }
        let mid = deliveries.wait_for_send(id, CALLBACK).await?;
        deliveries.state(&mid)
    }
}

/// How long a callback may take.
const CALLBACK: Duration = Duration::from_secs(120);

#[cfg(test)]
mod tests {
    use replykit_transport::MockTransport;

    use super::*;
    use crate::{Ack, Deliveries, DeliveryCallback, SendMessage, SendWhatsAppTemplate};

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

    #[tokio::test(start_paused = true)]
    async fn e07_the_callback_of_a_template_is_waited_for() {
        let mock = MockTransport::new();
        let endpoint = "https://data.conv.rs/api".parse().unwrap();
        let client = Client::over_http(mock.clone(), endpoint, "t0ken").unwrap();
        let deliveries = Deliveries::new();
        let client = client.deliveries(deliveries.clone());
        let mut send = SendWhatsAppTemplate::new(3941, "+44151999999", "order_update", "en");
        send.webhook_url = Some("https://example.com/acks".to_owned());
        mock.answer(502, "");
        let error = client.execute(send.clone()).await.unwrap_err();

        let start = tokio::time::Instant::now();
        let since = Timestamp::UNIX_EPOCH;
        assert_eq!(client.reconcile(&send, &error, since).await.unwrap(), Evidence::None);
        assert_eq!(start.elapsed(), CALLBACK);

        let mut callback = DeliveryCallback::new("6462", "3941-wa3-1", 3941, Ack::Failed);
        callback.send_id = error.send_id().cloned();
        callback.whatsapp_error_code = Some(131_026);
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(60)).await;
            deliveries.record(&callback);
        });
        let found = client.reconcile(&send, &error, since).await.unwrap();
        let Evidence::Sent(details) = found else { panic!("{found:?}") };
        assert_eq!((details.ack, details.whatsapp_error_code), (Ack::Failed, Some(131_026)));
        assert_eq!(start.elapsed(), CALLBACK + Duration::from_secs(60));
        assert_eq!(mock.requests().len(), 1, "it never sends, and needs not ask");
    }
}
