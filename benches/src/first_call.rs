//! The first call in a process: its time, and by how much the process grows.

use std::{fs, process::Command};

use crate::{
    Case, FIRST_CALL,
    measure::{Spread, now, this_program},
};

const ROUNDS: usize = 9;

/// Of the first call, in fresh processes.
pub(crate) struct FirstCall {
    /// CPU seconds.
    pub(crate) time: Spread,
    /// KiB of resident memory, where the system tells.
    pub(crate) growth: Option<Spread>,
}

/// Starts a process for each case and round, in turns.
pub(crate) fn first_call<const N: usize>(
    figure: &str,
    cases: [&Case; N],
) -> Result<[FirstCall; N], String> {
    let mut rounds: [(Vec<f64>, Vec<f64>); N] = std::array::from_fn(|_| Default::default());
    for _ in 0..ROUNDS {
        for (case, (times, growths)) in cases.iter().zip(&mut rounds) {
            let out = Command::new(this_program()?)
                .args([FIRST_CALL, figure, &case.name])
                .output()
                .map_err(|e| format!("this program again: {e}"))?;
            let out = String::from_utf8_lossy(&out.stdout).into_owned();
            let mut numbers = out.split_whitespace().map_while(|number| number.parse().ok());
            times.push(numbers.next().ok_or(format!("{figure} {}: it said {out:?}", case.name))?);
            growths.extend(numbers.next());
        }
    }
    Ok(rounds.map(|(times, growths)| FirstCall {
        time: Spread::of(times),
        growth: (!growths.is_empty()).then(|| Spread::of(growths)),
    }))
}

/// In the fresh process: prints the CPU seconds of one call, and the KiB that came with it.
pub(crate) fn print(case: &Case) {
    // The first look at the memory takes some itself.
    resident();
    let before = resident();
    let start = now();
    case.call();
    let time = now() - start;
    match (before, resident()) {
        (Some(before), Some(after)) => println!("{time} {}", after - before),
        _ => println!("{time}"),
    }
}

/// KiB, counted page by page: the cheaper counters of Linux lag behind by some hundred KiB.
fn resident() -> Option<f64> {
    let rollup = fs::read_to_string("/proc/self/smaps_rollup").ok()?;
    let rss = rollup.lines().find_map(|line| line.strip_prefix("Rss:"))?;
    rss.trim().strip_suffix("kB")?.trim().parse().ok()
}
