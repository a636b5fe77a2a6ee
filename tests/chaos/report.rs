//! The comparison of what the client said with what the server counted.

use std::{collections::BTreeMap, fmt, time::Duration};

use convrs_client::Outcome;

use crate::{Verdict, fault::Fault, job::Operation, server::Truth};

/// One call, as the client has it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record {
    pub(crate) id: usize,
    pub(crate) operation: Operation,
    pub(crate) attempts: usize,
    /// The last attempt's.
    pub(crate) fault: Fault,
    /// Whether an attempt came as far as a connection.
    pub(crate) connected: bool,
    pub(crate) said: Said,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    Ok,
    Failed(Outcome),
    /// The call did not end.
    Nothing,
}

impl Record {
    /// What is wrong with it, after it was carried out `count` times.
    fn breach(&self, count: u8) -> Option<&'static str> {
        match self.said {
            Said::Nothing => Some("the call did not end"),
            _ if count > 1 && !self.operation.may_repeat() => Some("done more than once"),
            Said::Ok if count == 0 => Some("ok, but not done"),
            Said::Failed(Outcome::NotSent | Outcome::Rejected) if count > 0 => {
                Some("done, but said not to be")
            }
            Said::Ok | Said::Failed(Outcome::Rejected | Outcome::Unknown) if !self.connected => {
                Some("not said to be not sent, although no connection came about")
            }
            _ => None,
        }
    }
}

/// A line of the table.
#[derive(Debug, Clone, Copy, Default)]
struct Row {
    calls: usize,
    ok: usize,
    not_sent: usize,
    rejected: usize,
    unknown: usize,
    done: usize,
    breaches: usize,
}

impl Row {
    fn add(&mut self, other: Self) {
        self.calls += other.calls;
        self.ok += other.ok;
        self.not_sent += other.not_sent;
        self.rejected += other.rejected;
        self.unknown += other.unknown;
        self.done += other.done;
        self.breaches += other.breaches;
    }

    fn of(record: &Record, count: u8) -> Self {
        let is = |said| usize::from(record.said == said);
        Self {
            calls: 1,
            ok: is(Said::Ok),
            not_sent: is(Said::Failed(Outcome::NotSent)),
            rejected: is(Said::Failed(Outcome::Rejected)),
            unknown: is(Said::Failed(Outcome::Unknown)),
            done: count.into(),
            breaches: record.breach(count).is_some().into(),
        }
    }
}

/// What a run has shown. `Display` is the table and the verdict.
#[derive(Debug)]
pub(crate) struct Report {
    seed: u64,
    elapsed: Duration,
    sends: BTreeMap<Fault, Row>,
    reads_and_writes: Row,
    repeats: usize,
    doubles: usize,
    strange: usize,
    /// The first ones.
    breaches: Vec<String>,
}

impl Report {
    pub(crate) fn new(seed: u64, elapsed: Duration, records: &[Record], truth: &Truth) -> Self {
        let mut report = Self {
            seed,
            elapsed,
            sends: BTreeMap::new(),
            reads_and_writes: Row::default(),
            repeats: 0,
            doubles: 0,
            strange: truth.strange(),
            breaches: Vec::new(),
        };
        for record in records {
            report.add(record, truth.count(record.id));
        }
        report
    }

    fn add(&mut self, record: &Record, count: u8) {
        if record.operation.may_repeat() {
            self.reads_and_writes.add(Row::of(record, count));
        } else {
            self.repeats += record.attempts.saturating_sub(1);
            self.doubles += usize::from(count > 1);
            self.sends.entry(record.fault).or_default().add(Row::of(record, count));
        }
        if let Some(breach) = record.breach(count).filter(|_| self.breaches.len() < 10) {
            self.breaches.push(format!("{breach}: {record:?}, done {count} times"));
        }
    }

    fn total(&self) -> Row {
        let mut total = Row::default();
        for row in self.sends.values() {
            total.add(*row);
        }
        total
    }
}

impl Report {
    /// How many sends ended in a fault that only proof can tell from a success, and for how many of
    /// these there was none.
    fn ambiguous(&self) -> (usize, usize) {
        let rows = self.sends.iter().filter(|(fault, _)| fault.is_ambiguous());
        rows.fold((0, 0), |(calls, unknown), (_, row)| (calls + row.calls, unknown + row.unknown))
    }
}

impl Verdict for Report {
    fn passed(&self) -> bool {
        self.strange == 0 && self.breaches.is_empty()
    }
}

#[cfg(test)]
impl Report {
    pub(crate) fn said(&self, said: Said) -> usize {
        let total = self.total();
        match said {
            Said::Ok => total.ok,
            Said::Failed(Outcome::NotSent) => total.not_sent,
            Said::Failed(Outcome::Rejected) => total.rejected,
            Said::Failed(Outcome::Unknown) => total.unknown,
            Said::Nothing => 0,
        }
    }

    pub(crate) fn doubles(&self) -> usize {
        self.doubles
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = ["sends", "ok", "not sent", "rejected", "unknown", "done", "breaches"];
        line(f, "last fault", columns)?;
        for (fault, _, name) in Fault::ALL {
            row(f, name, self.sends.get(fault).copied().unwrap_or_default())?;
        }
        row(f, "all sends", self.total())?;
        row(f, "reads and writes beside them", self.reads_and_writes)?;
        for breach in &self.breaches {
            writeln!(f, "{breach}")?;
        }
        writeln!(f, "sends repeated: {}, done more than once: {}", self.repeats, self.doubles)?;
        let (ambiguous, unknown) = self.ambiguous();
        let share = 100.0 * unknown as f64 / ambiguous.max(1) as f64;
        writeln!(
            f,
            "not done, and no answer says so: {ambiguous}, of these unknown: {unknown} ({share:.1} %)"
        )?;
        writeln!(f, "requests of no call, or after a redirect: {}", self.strange)?;
        writeln!(f, "{:.1} s, seed {}", self.elapsed.as_secs_f64(), self.seed)?;
        f.write_str(if self.passed() { "PASS" } else { "FAIL" })
    }
}

fn row(f: &mut fmt::Formatter<'_>, name: &str, row: Row) -> fmt::Result {
    let Row { calls, ok, not_sent, rejected, unknown, done, breaches } = row;
    line(f, name, [calls, ok, not_sent, rejected, unknown, done, breaches])
}

fn line<T: fmt::Display>(f: &mut fmt::Formatter<'_>, name: &str, cells: [T; 7]) -> fmt::Result {
    write!(f, "{name:<31}")?;
    for cell in cells {
        write!(f, "{cell:>10}")?;
    }
    writeln!(f)
}
