//! What is sent and what happens to it, as the seed has it.

use std::time::Duration;

use crate::fault::Fault;

/// One call: its command, and the fault of each attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Job {
    pub(crate) operation: Operation,
    pub(crate) deadline: Duration,
    /// How many bytes the request has besides what it needs.
    pub(crate) padding: usize,
    faults: [Fault; 3],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Template,
    Sms,
    Text,
    Message,
    DataWithRoute,
    Tag,
    Read,
    Write,
}

impl Operation {
    /// By the document, not by what the client takes the command for.
    pub(crate) fn may_repeat(self) -> bool {
        matches!(self, Self::Read | Self::Write)
    }

    fn random(id: usize, rng: &mut fastrand::Rng) -> Self {
        if id % 9 == 8 {
            return if rng.bool() { Self::Read } else { Self::Write };
        }
        match rng.u8(..6) {
            0 => Self::Template,
            1 => Self::Sms,
            2 => Self::Text,
            3 => Self::Message,
            4 => Self::DataWithRoute,
            _ => Self::Tag,
        }
    }
}

impl Job {
    /// How many calls hold `sends` sends: each ninth reads or writes.
    pub(crate) fn calls(sends: usize) -> usize {
        sends.saturating_add(sends / 8)
    }

    pub(crate) fn new(seed: u64, id: usize) -> Self {
        let mut rng = random(seed, id);
        let operation = Operation::random(id, &mut rng);
        let first = Fault::random(&mut rng);
        let mut next = || {
            if rng.bool() {
                return first;
            }
            let mut fault = Fault::random(&mut rng);
            while first.precedes_connection() && fault.lasts() {
                fault = Fault::random(&mut rng);
            }
            fault
        };
        let faults = [first, next(), next()];
        Self { operation, deadline: deadline(faults, &mut rng), padding: padding(&mut rng), faults }
    }

    pub(crate) fn fault(&self, attempt: usize) -> Fault {
        let [first, second, third] = self.faults;
        match attempt {
            0 => first,
            1 => second,
            _ => third,
        }
    }
}

/// Randomness for the `index`-th of many.
pub(crate) fn random(seed: u64, index: usize) -> fastrand::Rng {
    let index = (index as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    fastrand::Rng::with_seed(seed ^ index)
}

/// Short, for time is dear: the waits that 429, 2007 and WhatsApp's throughput ask for, a second or a
/// little more, fit in only now and then, and the 5 s of 2009 never.
fn deadline(faults: [Fault; 3], rng: &mut fastrand::Rng) -> Duration {
    let [first, ..] = faults;
    Duration::from_millis(if first.precedes_connection() {
        // Far above the limit on connecting, however busy the machine: else the outcome is not to be
        // proved.
        2000
    } else if faults.iter().any(|fault| fault.lasts()) {
        400
    } else if rng.u8(..8) == 0 {
        1500
    } else {
        900
    })
}

/// Now and then more than the sockets take at once.
fn padding(rng: &mut fastrand::Rng) -> usize {
    match rng.u8(..64) {
        0 => rng.usize(..1_000_000),
        1..16 => rng.usize(..4000),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_seed_has_its_own_jobs() {
        let jobs = |seed| (0..100).map(|id| Job::new(seed, id)).collect::<Vec<_>>();
        assert_eq!(jobs(1), jobs(1));
        assert_ne!(jobs(1), jobs(2));
    }

    #[test]
    fn every_fault_comes_up() {
        let faults: BTreeSet<Fault> = (0..10_000).map(|id| Job::new(1, id).fault(0)).collect();
        assert_eq!(faults.len(), Fault::ALL.len());
    }

    #[test]
    fn the_reads_and_writes_go_beside_the_sends() {
        for sends in [1, 7, 8, 300, 5000] {
            let is_send = |id: &usize| !Job::new(1, *id).operation.may_repeat();
            assert_eq!((0..Job::calls(sends)).filter(is_send).count(), sends);
        }
    }
}
