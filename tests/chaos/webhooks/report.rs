//! The comparison of what was posted, what the senders were told and what the sink has.

use std::{fmt, sync::atomic::Ordering::SeqCst, time::Duration};

use convrs_client::Ack;

use super::{
    ledger::{Account, Ledger},
    plan::{ACKS, Fact, KINDS, Plan},
};
use crate::Verdict;

impl Account {
    /// What is wrong with a fact.
    fn breach(&self) -> Option<&'static str> {
        let [called, stored, dead, yes] =
            [&self.called, &self.stored, &self.dead, &self.yes].map(|count| count.load(SeqCst));
        match stored {
            _ if self.early.load(SeqCst) > 0 => Some("answered 200 before it was stored"),
            0 if yes > 0 => Some("answered 200, but not stored"),
            0 => Some("not stored"),
            1 if yes == 0 => Some("stored, but never answered 200"),
            1 if dead != called - stored => Some("not each failure of the sink is a dead letter"),
            1 => None,
            _ => Some("stored more than once"),
        }
    }
}

/// A line of the table.
#[derive(Debug, Clone, Copy, Default)]
struct Row {
    facts: usize,
    posts: usize,
    hang_ups: usize,
    failed: usize,
    yes: usize,
    stored: usize,
    breaches: usize,
}

impl Row {
    fn of(account: &Account) -> Self {
        let count = |count: &std::sync::atomic::AtomicU32| count.load(SeqCst) as usize;
        Self {
            facts: 1,
            posts: count(&account.posts),
            hang_ups: count(&account.hang_ups),
            failed: count(&account.no),
            yes: count(&account.yes),
            stored: count(&account.stored),
            breaches: account.breach().is_some().into(),
        }
    }

    fn add(&mut self, other: Self) {
        self.facts += other.facts;
        self.posts += other.posts;
        self.hang_ups += other.hang_ups;
        self.failed += other.failed;
        self.yes += other.yes;
        self.stored += other.stored;
        self.breaches += other.breaches;
    }

    fn cells(self) -> [usize; 7] {
        let Self { facts, posts, hang_ups, failed, yes, stored, breaches } = self;
        [facts, posts, hang_ups, failed, yes, stored, breaches]
    }
}

/// What a run has shown. `Display` is the table and the verdict.
#[derive(Debug)]
pub(crate) struct Report {
    seed: u64,
    elapsed: Duration,
    rows: [Row; KINDS.len()],
    messages: usize,
    wrong_states: usize,
    dead: usize,
    shed: u64,
    strange: usize,
    /// The first ones.
    breaches: Vec<String>,
}

impl Report {
    pub(crate) fn new(plan: &Plan, ledger: &Ledger, shed: u64, elapsed: Duration) -> Self {
        let mut report = Self {
            seed: plan.seed,
            elapsed,
            rows: [Row::default(); KINDS.len()],
            messages: plan.messages,
            wrong_states: 0,
            dead: 0,
            shed,
            strange: ledger.strange.load(SeqCst),
            breaches: Vec::new(),
        };
        let mut states = vec![None; plan.messages];
        for (fact, account) in plan.facts.iter().zip(&ledger.accounts) {
            report.add(*fact, account);
            if let Fact::Callback { message, ack } = *fact
                && let Some(state) = states.get_mut(message)
            {
                *state = further(*state, ack);
            }
        }
        for (message, state) in states.into_iter().enumerate() {
            let merged = ledger.state(message).map(Ack::code);
            if merged != state {
                report.wrong_states += 1;
                report.breach(format!("message {message} is {merged:?} in place of {state:?}"));
            }
        }
        report
    }

    fn add(&mut self, fact: Fact, account: &Account) {
        if let Some(row) = self.rows.get_mut(fact.kind()) {
            row.add(Row::of(account));
        }
        self.dead += account.dead.load(SeqCst) as usize;
        if let Some(breach) = account.breach() {
            self.breach(format!("{breach}: {fact:?}, {account:?}"));
        }
    }

    fn breach(&mut self, breach: String) {
        if self.breaches.len() < 10 {
            self.breaches.push(breach);
        }
    }

    fn total(&self) -> Row {
        let mut total = Row::default();
        for row in self.rows {
            total.add(row);
        }
        total
    }
}

/// The further one of two acks, by a table of its own: [`Ack::merge`] is what is judged.
fn further(state: Option<i64>, ack: i64) -> Option<i64> {
    let place = |ack: i64| ACKS.iter().position(|other| *other == ack);
    match state {
        Some(state) if place(state) > place(ack) => Some(state),
        _ => Some(ack),
    }
}

impl Verdict for Report {
    fn passed(&self) -> bool {
        self.strange == 0 && self.shed == 0 && self.breaches.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = ["facts", "posts", "hung up", "5xx", "200", "stored", "breaches"];
        line(f, "kind", columns)?;
        for (name, row) in KINDS.into_iter().zip(self.rows) {
            line(f, name, row.cells())?;
        }
        let total = self.total();
        line(f, "all", total.cells())?;
        for breach in &self.breaches {
            writeln!(f, "{breach}")?;
        }
        writeln!(f, "messages: {}, in a wrong state: {}", self.messages, self.wrong_states)?;
        writeln!(f, "dead letters: {}, turned away: {}", self.dead, self.shed)?;
        writeln!(f, "of no fact, or answered in another way: {}", self.strange)?;
        let seconds = self.elapsed.as_secs_f64();
        let rate = total.posts as f64 / seconds;
        writeln!(f, "{seconds:.1} s, {rate:.0} posts/s, seed {}", self.seed)?;
        f.write_str(if self.passed() { "PASS" } else { "FAIL" })
    }
}

fn line<T: fmt::Display>(f: &mut fmt::Formatter<'_>, name: &str, cells: [T; 7]) -> fmt::Result {
    write!(f, "{name:<31}")?;
    for cell in cells {
        write!(f, "{cell:>10}")?;
    }
    writeln!(f)
}

#[cfg(test)]
impl Report {
    /// Posts, hang-ups, refusals and dead letters.
    pub(crate) fn counts(&self) -> [usize; 4] {
        let total = self.total();
        [total.posts, total.hang_ups, total.failed, self.dead]
    }

    pub(crate) fn breaches(&self) -> String {
        self.breaches.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A run in which nothing went wrong, but for what `plant` does to its ledger.
    fn judged(plant: impl Fn(&Ledger)) -> Report {
        let plan = Plan::new(1, 100);
        let ledger = Ledger::new(plan.facts.len(), plan.messages);
        for (fact, account) in plan.facts.iter().zip(&ledger.accounts) {
            for count in [&account.called, &account.stored, &account.yes, &account.posts] {
                count.store(1, SeqCst);
            }
            if let Fact::Callback { message, ack } = *fact {
                ledger.merge(message, Ack::from(ack));
            }
        }
        plant(&ledger);
        Report::new(&plan, &ledger, 0, Duration::from_secs(1))
    }

    #[test]
    fn a_planted_breach_is_found() {
        assert!(judged(|_| {}).passed());
        type Plant = fn(&Account);
        let plants: [(Plant, &str); 6] = [
            (|account| account.stored.store(2, SeqCst), "stored more than once"),
            (|account| account.stored.store(0, SeqCst), "answered 200, but not stored"),
            (|account| account.early.store(1, SeqCst), "answered 200 before it was stored"),
            (|account| account.yes.store(0, SeqCst), "never answered 200"),
            (|account| account.called.store(2, SeqCst), "dead letter"),
            (
                |account| {
                    account.stored.store(0, SeqCst);
                    account.yes.store(0, SeqCst);
                },
                "not stored",
            ),
        ];
        for (plant, breach) in plants {
            let report = judged(|ledger| plant(&ledger.accounts[50]));
            assert!(!report.passed() && report.breaches().contains(breach), "{report}");
        }
        let report = judged(|ledger| ledger.merge(0, Ack::Replied));
        assert!(!report.passed() && report.breaches().contains("in place of"), "{report}");
        assert!(!judged(Ledger::strange).passed());
    }
}
