//! A webhook under senders that repeat and hang up, with a sink that fails now and then.

use std::{
    error::Error,
    net::Ipv4Addr,
    panic::resume_unwind,
    sync::{Arc, atomic::Ordering::SeqCst},
    time::{Duration, Instant},
};

use axum::Router;
use convrs_client::{
    Event,
    webhook::{Access, BoxError, DeadLetter, Keys, Received, ReceiverLimits, Webhook},
};
use tokio::{net::TcpListener, task::JoinSet, time::sleep};

mod ledger;
mod plan;
mod report;
mod sender;

use self::{
    ledger::Ledger,
    plan::{Plan, Storing},
    report::Report,
    sender::Sender,
};

/// How many senders there are, each with a connection.
const SENDERS: usize = 64;
/// Short, for each stall of the sink takes as long.
const SINK_TIME: Duration = Duration::from_millis(200);
const SECRET: &str = "chaos-0123456789abcdef";

/// Makes `posts` posts, and as many more as it takes until each was answered with 200. With `reckless`
/// the sink says yes to what it has not stored, and nothing is known to be a repeat.
pub(crate) async fn run(posts: usize, seed: u64, reckless: bool) -> Result<Report, Box<dyn Error>> {
    let plan = Arc::new(Plan::new(seed, posts));
    let ledger = Arc::new(Ledger::new(plan.facts.len(), plan.messages));
    let webhook = webhook(&plan, &ledger, reckless)?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let app = Router::new().fallback_service(webhook.clone());
    let server = tokio::spawn(async move { axum::serve(listener, app).await });

    let (start, next) = (Instant::now(), Arc::default());
    let mut senders = JoinSet::new();
    for _ in 0..SENDERS {
        let (plan, ledger, next) = (plan.clone(), ledger.clone(), Arc::clone(&next));
        let path = format!("/convrs/{SECRET}").into();
        senders.spawn(Sender { plan, ledger, next, address, path }.work());
    }
    while let Some(done) = senders.join_next().await {
        done?;
    }
    let elapsed = start.elapsed();
    server.abort();
    // The sink may still be at work for one who hung up.
    webhook.idle().await;
    Ok(Report::new(&plan, &ledger, webhook.shed(), elapsed))
}

fn webhook(
    plan: &Arc<Plan>,
    ledger: &Arc<Ledger>,
    reckless: bool,
) -> Result<Webhook, Box<dyn Error>> {
    let mut limits = ReceiverLimits::default();
    limits.sink_time = SINK_TIME;
    // As far apart as two posts of a fact may be.
    limits.seen_keys = if reckless { 0 } else { plan.facts.len() };
    let access = Access::by_path(Keys::new([SECRET])?)?;
    let sink = Arc::new(Sink { plan: plan.clone(), ledger: ledger.clone(), reckless });
    let dead = ledger.clone();
    let webhook = Webhook::new(access, move |received: Received| {
        let sink = sink.clone();
        async move { sink.accept(received).await }
    });
    Ok(webhook.limits(limits).on_failure(move |letter: &DeadLetter| {
        match Plan::fact_in(&letter.body).and_then(|fact| dead.account(fact)) {
            Some(account) => {
                account.dead.fetch_add(1, SeqCst);
            }
            None => dead.strange(),
        }
    }))
}

struct Sink {
    plan: Arc<Plan>,
    ledger: Arc<Ledger>,
    reckless: bool,
}

impl Sink {
    async fn accept(&self, received: Received) -> Result<(), BoxError> {
        let Some(fact) = Plan::fact_in(&received.body) else {
            self.ledger.strange();
            return Ok(());
        };
        let Some(account) = self.ledger.account(fact) else { return Err("no such fact".into()) };
        let call = account.called.fetch_add(1, SeqCst) as usize;
        match self.plan.storing(fact, call) {
            Storing::AtOnce => {}
            Storing::After(time) => sleep(time).await,
            _ if self.reckless => return Ok(()),
            Storing::Fail => return Err("planned".into()),
            // The program's panic hook is for panics that nobody planned.
            Storing::Panic => resume_unwind(Box::new("planned")),
            Storing::Stall => std::future::pending().await,
        }
        // From here to the end nothing is awaited: what is stored is answered with yes.
        account.stored.fetch_add(1, SeqCst);
        if let Event::Delivery(callback) = received.event {
            match callback.mid.as_str().parse() {
                Ok(message) => self.ledger.merge(message, callback.ack),
                Err(_) => self.ledger.strange(),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Verdict;

    #[tokio::test(flavor = "multi_thread")]
    async fn each_fact_is_stored_once_and_each_200_is_true() {
        let report = run(2000, 1, false).await.unwrap();
        assert!(report.passed(), "{report}");
        let [posts, hang_ups, failures, dead] = report.counts();
        assert!(posts > 2000 && hang_ups > 0 && failures > 0 && dead > 0, "{report}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_sink_that_says_yes_too_soon_and_a_repeat_that_is_not_known_are_found() {
        let report = run(2000, 1, true).await.unwrap();
        assert!(!report.passed(), "{report}");
        for breach in ["answered 200 before it was stored", "stored more than once"] {
            assert!(report.breaches().contains(breach), "{breach}: {report}");
        }
    }
}
