//! The figures of the family: what a crate takes for its work, beside a baseline that is built and
//! measured in the same run. See README.md.

mod call;
mod call_observed;
mod cold;
mod event_decode;
mod event_stream;
mod events;
mod first_call;
mod get_user;
mod getusers;
mod getusers_stream;
mod limiter;
mod measure;
mod phone;
mod report;
mod users;

use std::{fmt, process::ExitCode};

use report::Report;

/// A new figure gets its line here.
const FIGURES: &[Figure] = &[
    getusers::FIGURE,
    getusers_stream::FIGURE,
    event_decode::FIGURE,
    event_stream::FIGURE,
    phone::FIGURE,
    limiter::FIGURE,
    call::FIGURE,
    call_observed::FIGURE,
    cold::FIGURE,
];

/// What is measured and what has to hold.
struct Figure {
    /// As it is named on the command line.
    name: &'static str,
    /// One line: the work.
    about: &'static str,
    /// The sides, with their data made.
    cases: fn() -> Vec<Case>,
    /// Measures the sides and judges them.
    judge: fn(&[Case], &mut Report) -> Result<(), String>,
}

/// One side of a figure.
pub struct Case {
    name: String,
    work: Box<dyn Fn()>,
}

impl Case {
    fn new(name: impl Into<String>, work: impl Fn() + 'static) -> Self {
        Self { name: name.into(), work: Box::new(work) }
    }

    /// Does the work once.
    pub fn call(&self) {
        (self.work)();
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The flag under which the program runs one case and measures nothing.
pub const CASE: &str = "--case";

/// Runs the figures named, or all of them. Fails when one does.
#[must_use]
pub fn run(names: &[String]) -> ExitCode {
    if let Some(name) = names.iter().find(|name| FIGURES.iter().all(|f| f.name != **name)) {
        let known: Vec<_> = FIGURES.iter().map(|figure| figure.name).collect();
        eprintln!("there is no figure {name}; there are {}", known.join(", "));
        return ExitCode::FAILURE;
    }
    let mut failed = Vec::new();
    for figure in FIGURES.iter().filter(|f| names.is_empty() || names.iter().any(|n| n == f.name)) {
        println!("\n{}: {}", figure.name, figure.about);
        let mut report = Report::default();
        if let Err(error) = (figure.judge)(&(figure.cases)(), &mut report) {
            report.fail(&error);
        }
        if report.failed() {
            failed.push(figure.name);
        }
    }
    if failed.is_empty() {
        return ExitCode::SUCCESS;
    }
    println!("\nFAIL: {}", failed.join(", "));
    ExitCode::FAILURE
}

/// Does the work of one case `calls` times.
#[must_use]
pub fn run_case(figure: &str, case: &str, calls: &str) -> ExitCode {
    match (find_case(figure, case), calls.parse::<u32>()) {
        (Some(case), Ok(calls)) => (0..calls).for_each(|_| case.call()),
        _ => return ExitCode::FAILURE,
    }
    ExitCode::SUCCESS
}

/// The flag under which the program does one case once and prints what that took.
pub const FIRST_CALL: &str = "--first-call";

/// Does the work of one case once, and prints what that took.
#[must_use]
pub fn run_first_call(figure: &str, case: &str) -> ExitCode {
    let Some(case) = find_case(figure, case) else { return ExitCode::FAILURE };
    first_call::print(&case);
    ExitCode::SUCCESS
}

/// A case by its names.
#[must_use]
pub fn find_case(figure: &str, case: &str) -> Option<Case> {
    let figure = FIGURES.iter().find(|candidate| candidate.name == figure)?;
    (figure.cases)().into_iter().find(|candidate| candidate.name == case)
}
