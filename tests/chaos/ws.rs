//! A stream of events under connections that break in every way, against what happened.
//!
//! All of it is in one process: the load generator lets things happen in a sandbox and writes them
//! down, and a reader of the public stream writes down what it was given. The clock of the sandbox
//! moves on its own steps, up to a quarter of an hour at once.
//!
//! After a restart nothing may come twice. After a crash what was given since the cursor was kept may
//! come once more, and nothing else; even then nothing may be lost.

use std::{
    error::Error,
    sync::Arc,
    time::{Duration, Instant},
};

use replykit_sandbox::Sandbox;
use tokio::{
    sync::{mpsc, watch},
    time::timeout,
};

mod ledger;
mod load;
mod plan;
mod reader;
mod report;

use self::{
    load::Load,
    reader::{Reader, Seen, Shared, lock},
    report::Report,
};
use crate::job::random;

/// The bots that have the users.
const BOTS: [i64; 4] = [73, 74, 75, 76];
/// Events that can be recovered, for each loss of a connection.
const EVENTS: usize = 200;
/// More than the end takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// Loses `losses` connections. With `reckless` the reader leaves out some of what is recovered, and
/// begins anew with an old cursor.
pub(crate) async fn run(
    losses: usize,
    seed: u64,
    reckless: bool,
) -> Result<Report, Box<dyn Error>> {
    let start = Instant::now();
    let sandbox = Arc::new(Sandbox::start().await?);
    let ledger = Shared::default();
    let (orders, ordered) = mpsc::unbounded_channel();
    let seen = Arc::new(watch::Sender::new(Seen::default()));
    let seeing = seen.subscribe();
    let reader = Reader::new(sandbox.clone(), ledger.clone(), ordered, seen, seed, reckless);
    let mut reading = tokio::spawn(reader.run());
    let load = Load::new(sandbox, ledger.clone(), orders, seeing, random(seed, 0));
    tokio::select! {
        done = load.work(losses, losses * EVENTS) => done?,
        early = &mut reading => match early? {
            Ok(()) => return Err("the stream ended before its time".into()),
            Err(error) => return Err(error.to_string().into()),
        },
    }
    let ended = timeout(PATIENCE, reading).await.map_err(|_| "the stream did not end")?;
    ended?.map_err(|error| error.to_string())?;
    let report = Report::new(seed, start.elapsed(), &lock(&ledger));
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Verdict;

    #[tokio::test(flavor = "multi_thread")]
    async fn nothing_is_lost_and_nothing_comes_twice() {
        let report = run(20, 1, false).await.unwrap();
        assert!(report.passed(), "{report}");
        let [losses, events, recovered] = report.counts();
        assert!(losses == 20 && events >= 20 * EVENTS && recovered > 100, "{report}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_reader_that_leaves_out_and_repeats_is_found() {
        let report = run(40, 1, true).await.unwrap();
        let [lost, twice] = report.lost_and_twice();
        assert!(!report.passed() && lost > 0 && twice > 0, "{report}");
    }
}
