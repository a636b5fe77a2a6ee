//! The lines that a figure prints, and whether it holds.

use crate::measure::{Heap, Spread};

/// Prints as it goes, and remembers a failure.
#[derive(Default)]
pub(crate) struct Report {
    failed: bool,
}

impl Report {
    /// One side's CPU time.
    pub(crate) fn time(&mut self, side: &str, spread: &Spread) {
        let us = |seconds: f64| seconds * 1e6;
        println!(
            "  {side:<34} {:>11.2} us   ({:.2} to {:.2})",
            us(spread.median),
            us(spread.low),
            us(spread.high)
        );
    }

    /// One side's heap.
    pub(crate) fn heap(&mut self, side: &str, heap: Heap) {
        println!("  {side:<34} {:>11} B peak, {} allocations", heap.peak, heap.allocations);
    }

    /// A number that decides nothing.
    pub(crate) fn info(&mut self, what: &str, value: f64) {
        println!("  {what:<46} {value:>8.3}");
    }

    /// A remark.
    pub(crate) fn note(&mut self, what: &str) {
        println!("  {what}");
    }

    /// A number that must not be lower.
    pub(crate) fn at_least(&mut self, what: &str, value: f64, threshold: f64) {
        self.gate(what, value, ">=", threshold, value >= threshold);
    }

    /// A number that must not be higher.
    pub(crate) fn at_most(&mut self, what: &str, value: f64, threshold: f64) {
        self.gate(what, value, "<=", threshold, value <= threshold);
    }

    /// The figure could not be measured.
    pub(crate) fn fail(&mut self, why: &str) {
        println!("  FAIL {why}");
        self.failed = true;
    }

    pub(crate) fn failed(&self) -> bool {
        self.failed
    }

    fn gate(&mut self, what: &str, value: f64, sign: &str, threshold: f64, holds: bool) {
        let threshold = (threshold * 1e3).round() / 1e3;
        let verdict = if holds { "PASS" } else { "FAIL" };
        println!("  {what:<46} {value:>8.3}   {sign} {threshold}   {verdict}");
        self.failed |= !holds;
    }
}
