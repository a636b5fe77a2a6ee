//! One call over a socket, with and without somebody who looks on.

use crate::{
    Case, Figure,
    get_user::{Caller, serve},
    measure::has_valgrind,
    report::Report,
};

pub(crate) const FIGURE: Figure = Figure {
    name: "call-observed",
    about: "a typed GetUser over a kept-alive connection, beside the same without the feature tracing",
    cases: Vec::new,
    judge,
};

fn judge(_: &[Case], report: &mut Report) -> Result<(), String> {
    if !has_valgrind() {
        return Err("install valgrind: the differences are too small for a clock".to_owned());
    }
    let url = serve().map_err(|e| format!("the server: {e}"))?;
    let without = Caller::build("without", &["--no-default-features"])?;
    let with = Caller::build("with", &[])?;
    let mut counts = [
        ("without the feature", &without, "usual", 0.0),
        ("with it, nobody looks on", &with, "usual", 0.0),
        ("with it, formatted at DEBUG", &with, "formatted", 0.0),
    ];
    for (name, caller, mode, calls) in &mut counts {
        *calls = caller.instructions(&url, mode)?;
        report.info(&format!("{name}, instructions"), *calls);
    }
    let [(.., without), (.., disabled), (.., formatted)] = counts;
    report.at_most("nobody looks on: to without", disabled / without, 1.02);
    report.at_most("formatted: to without", formatted / without, 1.15);
    Ok(())
}
