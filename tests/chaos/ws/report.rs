//! The comparison of what happened with what the stream gave.

use std::{collections::BTreeMap, fmt, fs, time::Duration};

use convrs_client::Origin;

use super::{
    ledger::{Fact, Ledger, What},
    plan::Kind,
};
use crate::Verdict;

/// The events that cannot be recovered.
const UNRECOVERABLE: [What; 4] = [What::Updated, What::Deleted, What::Disabled, What::Enabled];

/// What came of the losses of one kind, and of the recoverable events from there to the next loss.
#[derive(Debug, Clone, Copy, Default)]
struct Row {
    losses: usize,
    events: usize,
    live: usize,
    recovered: usize,
    lost: usize,
    twice: usize,
    no_gap: usize,
}

impl Row {
    fn of(fact: &Fact) -> Self {
        let given = |origin| usize::from(fact.given == Some(origin));
        Self {
            events: 1,
            live: given(Origin::Live),
            recovered: given(Origin::Backfill),
            lost: usize::from(fact.given.is_none()),
            twice: fact.twice as usize,
            ..Self::default()
        }
    }

    fn add(&mut self, other: Self) {
        self.losses += other.losses;
        self.events += other.events;
        self.live += other.live;
        self.recovered += other.recovered;
        self.lost += other.lost;
        self.twice += other.twice;
        self.no_gap += other.no_gap;
    }

    fn cells(self) -> [usize; 7] {
        let Self { losses, events, live, recovered, lost, twice, no_gap } = self;
        [losses, events, live, recovered, lost, twice, no_gap]
    }
}

/// What came of the events of a kind that cannot be recovered.
#[derive(Debug, Clone, Copy, Default)]
struct Other {
    events: usize,
    live: usize,
    in_a_gap: usize,
    untold: usize,
}

/// What a run has shown. `Display` is the table and the verdict.
#[derive(Debug)]
pub(crate) struct Report {
    seed: u64,
    elapsed: Duration,
    rows: BTreeMap<Kind, Row>,
    others: BTreeMap<What, Other>,
    /// Losses that were noticed, gaps, losses that share one, gaps of no loss, losses without one.
    gaps: [usize; 5],
    disordered: usize,
    again: usize,
    failed_backfills: usize,
    strange: usize,
    /// The first ones.
    breaches: Vec<String>,
}

impl Report {
    pub(crate) fn new(seed: u64, elapsed: Duration, ledger: &Ledger) -> Self {
        let mut report = Self {
            seed,
            elapsed,
            rows: BTreeMap::new(),
            others: BTreeMap::new(),
            gaps: [ledger.noticed, ledger.gaps.len(), ledger.shared, ledger.baseless, ledger.open],
            disordered: ledger.disordered,
            again: ledger.again,
            failed_backfills: ledger.failed_backfills,
            strange: ledger.strange.len(),
            breaches: Vec::new(),
        };
        for loss in &ledger.losses {
            let no_gap = usize::from(!ledger.is_in_a_gap(loss.at, None));
            let row = Row { losses: 1, no_gap, ..Row::default() };
            report.rows.entry(loss.kind).or_default().add(row);
            if no_gap > 0 {
                report.breach(format!("no gap for {loss:?}"));
            }
        }
        for fact in &ledger.facts {
            report.add(fact, ledger);
        }
        for strange in &ledger.strange {
            report.breach(strange.clone());
        }
        report
    }

    fn add(&mut self, fact: &Fact, ledger: &Ledger) {
        if !fact.what.is_recoverable() {
            return self.add_other(fact, ledger);
        }
        let row = Row::of(fact);
        if let Some(loss) = ledger.losses.get(fact.loss) {
            self.rows.entry(loss.kind).or_default().add(row);
        }
        if row.lost + row.twice > 0 {
            let loss = ledger.losses.get(fact.loss);
            self.breach(format!("{fact:?} behind {loss:?}"));
        }
    }

    fn add_other(&mut self, fact: &Fact, ledger: &Ledger) {
        let other = self.others.entry(fact.what).or_default();
        other.events += 1;
        match fact.given {
            Some(_) => other.live += 1,
            None if ledger.is_in_a_gap(fact.at, Some(fact.what)) => other.in_a_gap += 1,
            None => {
                other.untold += 1;
                self.breach(format!("in no gap: {fact:?}"));
            }
        }
    }

    fn breach(&mut self, breach: String) {
        if self.breaches.len() < 10 {
            self.breaches.push(breach);
        }
    }

    fn total(&self) -> Row {
        let mut total = Row::default();
        for row in self.rows.values() {
            total.add(*row);
        }
        total
    }
}

impl Verdict for Report {
    fn passed(&self) -> bool {
        let [noticed, gaps, shared, baseless, open] = self.gaps;
        self.breaches.is_empty()
            && self.disordered + self.strange + baseless + open == 0
            && gaps + shared == noticed
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = ["losses", "events", "live", "recovered", "lost", "twice", "no gap"];
        line(f, "recoverable", columns)?;
        for (kind, _, name) in Kind::ALL {
            line(f, name, self.rows.get(&kind).copied().unwrap_or_default().cells())?;
        }
        line(f, "all", self.total().cells())?;
        line(f, "not recoverable", ["events", "live", "in a gap", "untold"])?;
        for what in UNRECOVERABLE {
            let other = self.others.get(&what).copied().unwrap_or_default();
            let Other { events, live, in_a_gap, untold } = other;
            line(f, what.name(), [events, live, in_a_gap, untold])?;
        }
        for breach in &self.breaches {
            writeln!(f, "{breach}")?;
        }
        let [noticed, gaps, shared, baseless, open] = self.gaps;
        write!(f, "losses noticed: {noticed}, gaps: {gaps}, losses that share one: {shared}, ")?;
        writeln!(f, "without one: {open}, gaps of no loss: {baseless}")?;
        write!(f, "events of a user out of order: {}, ", self.disordered)?;
        writeln!(f, "given again after a crash: {}", self.again)?;
        writeln!(f, "failed backfills: {}, strange: {}", self.failed_backfills, self.strange)?;
        let (seconds, rss) = (self.elapsed.as_secs_f64(), peak_rss());
        writeln!(f, "{seconds:.1} s, at most {rss} MiB, seed {}", self.seed)?;
        f.write_str(if self.passed() { "PASS" } else { "FAIL" })
    }
}

/// The most memory that this process had, in MiB.
fn peak_rss() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or_default() / 1024
}

fn line<T: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    cells: impl IntoIterator<Item = T>,
) -> fmt::Result {
    write!(f, "{name:<31}")?;
    for cell in cells {
        write!(f, "{cell:>10}")?;
    }
    writeln!(f)
}

#[cfg(test)]
impl Report {
    /// Losses, recoverable events, and those that were recovered.
    pub(crate) fn counts(&self) -> [usize; 3] {
        let total = self.total();
        [total.losses, total.events, total.recovered]
    }

    pub(crate) fn lost_and_twice(&self) -> [usize; 2] {
        let total = self.total();
        [total.lost, total.twice]
    }
}

#[cfg(test)]
mod tests {
    use convrs_client::{Event, User};
    use jiff::Timestamp;

    use super::{super::ledger::Loss, *};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn created(number: usize) -> Event {
        Event::UserCreated(Box::new(User::new(format!("73-tel-{number}"))))
    }

    /// A run in which two users came, one was disabled and a connection was lost, without a gap.
    fn ledger() -> Ledger {
        let mut ledger = Ledger::default();
        ledger.losses.push(Loss { kind: Kind::Close, at: at(5) });
        for _ in 0..2 {
            let user = ledger.person();
            ledger.happens(What::Created, user, at(4));
        }
        ledger.happens(What::Disabled, 0, at(6));
        ledger
    }

    fn judged(ledger: &Ledger) -> Report {
        Report::new(1, Duration::from_secs(1), ledger)
    }

    #[test]
    fn a_planted_breach_is_found() {
        let mut ledger = ledger();
        ledger.gives(&created(0), Origin::Live);
        let report = judged(&ledger);
        assert_eq!(report.lost_and_twice(), [1, 0]);
        let told = report.breaches.join("\n");
        for breach in ["no gap for", "Created, user: 1", "in no gap: Fact { what: Disabled"] {
            assert!(told.contains(breach), "{breach}: {told}");
        }
        ledger.gives(&created(1), Origin::Backfill);
        ledger.gives(&created(0), Origin::Live);
        assert_eq!(judged(&ledger).lost_and_twice(), [0, 1]);
    }

    #[test]
    fn what_was_given_since_the_cursor_was_kept_may_come_again_after_a_crash() {
        let mut ledger = ledger();
        ledger.gives(&created(0), Origin::Live);
        ledger.saves();
        ledger.gives(&created(1), Origin::Live);
        ledger.crashes();
        ledger.gives(&created(1), Origin::Backfill);
        assert_eq!((judged(&ledger).lost_and_twice(), ledger.again), ([0, 0], 1));
        ledger.gives(&created(0), Origin::Backfill);
        assert_eq!(judged(&ledger).lost_and_twice(), [0, 1], "the cursor knew of it");
    }

    #[test]
    fn the_order_of_a_user_is_checked() {
        let mut ledger = ledger();
        ledger.gives(&Event::UserDisabled("73-tel-0".into()), Origin::Live);
        ledger.gives(&created(0), Origin::Backfill);
        assert_eq!(ledger.disordered, 0, "what was recovered may come behind what was live");
        let mut ledger = self::ledger();
        ledger.gives(&Event::UserDisabled("73-tel-0".into()), Origin::Live);
        ledger.gives(&created(0), Origin::Live);
        assert_eq!(ledger.disordered, 1);
    }
}
