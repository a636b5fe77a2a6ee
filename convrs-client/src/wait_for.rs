use std::{fmt, time::Duration};

use replykit_transport::RetryPolicy;
use tokio::time::{Instant, sleep, sleep_until};

use crate::{
    Ack, Client, Deliveries, DeliveryState, Error, ErrorCode, GetMessageDetails, Mid, Outcome,
    RetryRule,
    carry::{deadline, now},
    deliveries::MessageWatch,
    race::{First, race},
};

/// Why a message is not known to have come as far as was waited for.
#[derive(Debug)]
#[non_exhaustive]
pub enum WaitError {
    /// It has failed: the ack says how, and `error` why, where WhatsApp said so.
    Failed(Box<DeliveryState>),
    /// The time is up. This is what is known so far, if anything.
    TimedOut(Option<Box<DeliveryState>>),
    /// Nothing is known, and the server cannot be asked either.
    Lookup(Error),
}

impl WaitError {
    /// What is known of the message.
    #[must_use]
    pub fn state(&self) -> Option<&DeliveryState> {
        match self {
            Self::Failed(state) => Some(state),
            Self::TimedOut(state) => state.as_deref(),
            Self::Lookup(_) => None,
        }
    }
}

impl Client {
    /// Waits until the message `mid` has come as far as `ack`, or further, but no longer than `time`.
    ///
    /// It asks GetMessageDetails: at once, then after 1 s, 2 s, and so on up to every 30 s, and a last
    /// time just before the end. With [`deliveries`](Self::deliveries), a callback that is recorded
    /// there ends the wait at once, and the server is asked from 5 s on, for callbacks may be lost.
    ///
    /// A notice of failure ends the wait as well, although proof of delivery could still come and
    /// beat it. To wait for a failure, ask for [`Ack::Failed`]: either kind of it is `Ok` then, and so
    /// is delivery. An SMS is never `Read`. A message that the server does not know, 1020, may be too
    /// new to be known: it is asked for again.
    ///
    /// Dropping the future does no harm: it only reads.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// use convrs_client::{Ack, Client, SendSmsMessage, WaitError};
    ///
    /// # async fn run(client: Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let sms = SendSmsMessage::new(3941, "+447922021419", "On its way");
    /// let receipt = client.execute(sms).await?;
    /// match client.wait_for(&receipt.mid, Ack::Delivered, Duration::from_secs(60)).await {
    ///     Ok(_) => println!("it is there"),
    ///     Err(WaitError::Failed(state)) => println!("it failed: {:?}", state.error),
    ///     Err(other) => println!("not yet: {other}"),
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`WaitError`], with what is known so far.
    pub async fn wait_for(
        &self,
        mid: &Mid,
        ack: Ack,
        time: Duration,
    ) -> Result<DeliveryState, WaitError> {
        let told = self.shared_deliveries();
        let deliveries = told.clone().unwrap_or_default();
        let wait = Wait {
            // The repeats here are its own.
            client: self.clone().retry_policy(RetryPolicy::never()),
            watch: deliveries.watch(mid),
            deliveries,
            told: told.is_some(),
            mid,
            end: deadline(now(), time).into(),
        };
        wait.run(ack).await
    }
}

struct Wait<'a> {
    client: Client,
    deliveries: Deliveries,
    watch: MessageWatch,
    /// Whether callbacks may come.
    told: bool,
    mid: &'a Mid,
    end: Instant,
}

impl Wait<'_> {
    async fn run(&self, wanted: Ack) -> Result<DeliveryState, WaitError> {
        let settled = self.watch.until(|state| is_settled(state.ack, wanted));
        let mut state = match race(settled, Box::pin(self.ask_on())).await {
            First::One(state) => state,
            First::Other(failed) => {
                return Err(match (self.watch.state(), failed) {
                    (None, Some(failed)) => WaitError::Lookup(failed),
                    (state, _) => WaitError::TimedOut(state.map(Box::new)),
                });
            }
        };
        if state.ack == Ack::Failed && wanted != Ack::Failed && state.error.is_none() {
            // The callback did not say why.
            if self.ask(WHY).await.is_ok() {
                state = self.watch.state().unwrap_or(state);
            }
        }
        if state.ack.is_failure() && !wanted.is_failure() {
            return Err(WaitError::Failed(Box::new(state)));
        }
        Ok(state)
    }

    /// Asks until the time is up, or no answer is to be had. Returns why the last question had none.
    async fn ask_on(&self) -> Option<Error> {
        let mut pause = FIRST_PAUSE;
        if self.told {
            pause = PAUSE_WHEN_TOLD;
            self.pause(pause).await;
        }
        loop {
            let mut wait = pause;
            let mut failed = None;
            if let Err(error) = self.ask(PATIENCE).await {
                if is_final(&error) {
                    if self.told {
                        sleep_until(self.end).await;
                    }
                    return Some(error);
                }
                wait = wait.max(asked_wait(&error));
                failed =
                    Some(error).filter(|error| error.code() != Some(ErrorCode::UnknownMessage));
            }
            if self.end <= Instant::now() {
                return failed;
            }
            self.pause(wait).await;
            if self.end <= Instant::now() {
                return failed;
            }
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    }

    async fn ask(&self, patience: Duration) -> Result<(), Error> {
        let left = self.end.saturating_duration_since(Instant::now());
        let look = self.client.execute(GetMessageDetails::new(self.mid.clone()));
        let details = look.deadline(patience.min(left)).await?;
        self.deliveries.learn(self.mid, &details);
        Ok(())
    }

    /// Waits so long, or until there is just time for a last question.
    async fn pause(&self, time: Duration) {
        let left = self.end.saturating_duration_since(Instant::now());
        let last = left.saturating_sub(LAST_LOOK);
        sleep(if last.is_zero() { left } else { time.min(last) }).await;
    }
}

fn is_settled(ack: Ack, wanted: Ack) -> bool {
    ack.is_failure() || ack.reaches(wanted)
}

/// Whether the same question will get the same refusal. The server may not know the message yet.
fn is_final(error: &Error) -> bool {
    let never = matches!(error.retry(), RetryRule::Never | RetryRule::WithNewToken);
    never && error.outcome() != Outcome::Unknown
}

fn asked_wait(error: &Error) -> Duration {
    let by_rule = match error.retry() {
        RetryRule::After(wait)
        | RetryRule::OnceAfter(wait)
        | RetryRule::UnlessSend(wait)
        | RetryRule::OnceUnlessSend(wait) => wait,
        _ => Duration::ZERO,
    };
    error.retry_after().unwrap_or_default().max(by_rule)
}

impl fmt::Display for WaitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(state) => {
                write!(f, "the message has failed, with ack {}", state.ack.code())?;
                match state.error.as_ref().and_then(|error| error.code) {
                    Some(code) => write!(f, " and WhatsApp's error {code}"),
                    None => Ok(()),
                }
            }
            Self::TimedOut(Some(state)) => {
                write!(f, "the time is up, the message has come as far as ack {}", state.ack.code())
            }
            Self::TimedOut(None) => f.write_str("the time is up, and nobody spoke of the message"),
            Self::Lookup(error) => write!(f, "nothing is known of the message: {error}"),
        }
    }
}

impl std::error::Error for WaitError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            // Its text stands in Display; only its causes are sources.
            Self::Lookup(error) => error.source(),
            _ => None,
        }
    }
}

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const PAUSE_WHEN_TOLD: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How long before the end the last question is asked.
const LAST_LOOK: Duration = Duration::from_secs(1);
/// How long one question may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long the question may take why a message has failed.
const WHY: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests;
