//! One call over a socket, by either transport, beside what they are made of.

use crate::{
    Case, Figure,
    get_user::{Caller, serve},
    measure::{Spread, has_valgrind},
    report::Report,
};

pub(crate) const FIGURE: Figure = Figure {
    name: "call",
    about: "a typed GetUser over kept-alive connections by either transport, beside a bare connection of \
            hyper and reqwest by itself",
    cases: Vec::new,
    judge,
};

const SIDES: [(&str, &str); 4] = [
    ("a bare connection of hyper", "conn"),
    ("reqwest by itself", "reqwest"),
    ("the client over hyper", "lean"),
    ("the client over reqwest", "usual"),
];
const ROUNDS: usize = 9;
const CALLS: u32 = 16_000;
const AT_ONCE: u32 = 64;

fn judge(_: &[Case], report: &mut Report) -> Result<(), String> {
    let url = serve().map_err(|e| format!("the server: {e}"))?;
    let caller = Caller::build("call", &["--no-default-features"])?;
    let mut rounds: [Vec<f64>; SIDES.len()] = Default::default();
    for _ in 0..ROUNDS {
        for ((_, mode), rounds) in SIDES.iter().zip(&mut rounds) {
            rounds.push(f64::from(CALLS) / caller.seconds(&url, mode, CALLS, AT_ONCE)?);
        }
    }
    let rates = rounds.map(Spread::of);
    for ((name, _), rate) in SIDES.iter().zip(&rates) {
        report.info(&format!("{name}, calls a second"), rate.median);
        report.note(&format!("  {:.0} to {:.0}", rate.low, rate.high));
    }
    let [conn, reqwest, lean, _] = rates.map(|rate| rate.median);
    report.info("over hyper, calls a second: to the connection", lean / conn);
    report.at_least("over hyper, calls a second: to reqwest", lean / reqwest, 1.30);

    if !has_valgrind() {
        return Err("install valgrind: it counts the instructions".to_owned());
    }
    let mut counts = [0.0; SIDES.len()];
    for ((name, mode), count) in SIDES.iter().zip(&mut counts) {
        *count = caller.instructions(&url, mode)?;
        report.info(&format!("{name}, instructions"), *count);
    }
    let [conn, reqwest, lean, usual] = counts;
    report.at_most("over hyper, instructions: to the connection", lean / conn, 1.10);
    report.at_most("over hyper, instructions: to reqwest", lean / reqwest, 0.50);
    report.info("over reqwest, instructions: to reqwest", usual / reqwest);
    Ok(())
}
