//! CPU time, instructions and heap of one side beside another.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{self, Command},
};

use rustix::time::{ClockId, clock_gettime};

use crate::{CASE, Case};

const ROUNDS: usize = 15;
/// The least CPU time of one side in one round, in seconds.
const ROUND: f64 = 0.02;

/// CPU seconds of one call: the median of the rounds, and the lowest and the highest.
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Spread {
    pub(crate) fn of(mut rounds: Vec<f64>) -> Self {
        rounds.sort_by(f64::total_cmp);
        let at = |index: usize| rounds.get(index).copied().unwrap_or(f64::NAN);
        Self { median: at(rounds.len() / 2), low: at(0), high: at(rounds.len().saturating_sub(1)) }
    }
}

/// Heap of one call, beyond what its data take.
#[derive(Clone, Copy)]
pub(crate) struct Heap {
    /// Bytes at the highest.
    pub(crate) peak: u64,
    pub(crate) allocations: u64,
}

/// Times the sides in turns, so that a busy machine slows down all of them.
pub(crate) fn time<const N: usize>(cases: [&Case; N]) -> [Spread; N] {
    let calls = cases.map(|case| {
        case.call();
        (1_u32..).map(|power| 1 << power).find(|calls| cpu(case, *calls) > ROUND).unwrap_or(1)
    });
    let mut rounds: [Vec<f64>; N] = std::array::from_fn(|_| Vec::new());
    for _ in 0..ROUNDS {
        for ((case, calls), rounds) in cases.iter().zip(calls).zip(&mut rounds) {
            rounds.push(cpu(case, calls) / f64::from(calls));
        }
    }
    rounds.map(Spread::of)
}

fn cpu(case: &Case, calls: u32) -> f64 {
    let start = now();
    for _ in 0..calls {
        case.call();
    }
    now() - start
}

pub(crate) fn now() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Whether instructions can be counted.
pub(crate) fn has_valgrind() -> bool {
    Command::new("valgrind").arg("--version").output().is_ok_and(|out| out.status.success())
}

/// Instructions of one call: what more calls cost over fewer, so that the start does not count.
pub(crate) fn instructions(figure: &str, case: &Case) -> Result<f64, String> {
    const FEW: u32 = 50;
    const MORE: u32 = 550;
    let few = counted(figure, case, FEW)?;
    let more = counted(figure, case, MORE)?;
    Ok((more - few) / f64::from(MORE - FEW))
}

fn counted(figure: &str, case: &Case, calls: u32) -> Result<f64, String> {
    count(&this_program()?, &[CASE, figure, &case.name, &calls.to_string()])
}

/// Instructions of one run of a program.
pub(crate) fn count(program: &Path, arguments: &[&str]) -> Result<f64, String> {
    let file = env::temp_dir().join(format!("replykit-benches.{}", process::id()));
    let out = Command::new("valgrind")
        .args(["--tool=cachegrind", "--cache-sim=no"])
        .arg(format!("--cachegrind-out-file={}", file.display()))
        .arg(program)
        .args(arguments)
        .output()
        .map_err(|e| format!("valgrind: {e}"))?;
    let counts = fs::read_to_string(&file).unwrap_or_default();
    let _ = fs::remove_file(&file);
    let summary = counts.lines().find_map(|line| line.strip_prefix("summary: "));
    match summary.and_then(|count| count.trim().parse().ok()) {
        Some(count) if out.status.success() => Ok(count),
        _ => Err(format!("valgrind: {}", String::from_utf8_lossy(&out.stderr))),
    }
}

/// The heap of one call, measured by a second program with a counting allocator.
pub(crate) fn heap(figure: &str, case: &Case) -> Result<Heap, String> {
    let out = Command::new(build("replykit-benches", "replykit-benches-heap", &[])?)
        .args([figure, &case.name])
        .output()
        .map_err(|e| format!("the heap program: {e}"))?;
    let out = String::from_utf8_lossy(&out.stdout).into_owned();
    let mut numbers = out.split_whitespace().map_while(|number| number.parse().ok());
    match (numbers.next(), numbers.next()) {
        (Some(peak), Some(allocations)) => Ok(Heap { peak, allocations }),
        _ => Err(format!("{figure} {}: the heap program said {out:?}", case.name)),
    }
}

/// Builds a program of a package here the way in which this one was built: cargo runs only one.
pub(crate) fn build(package: &str, name: &str, flags: &[&str]) -> Result<PathBuf, String> {
    let this = this_program()?;
    let profile = this.parent().ok_or("this program is in no folder")?;
    let mut build = cargo();
    build.args(["build", "--quiet", "--package", package, "--bin", name]);
    build.args(flags);
    if profile.ends_with("release") {
        build.arg("--release");
    }
    build.arg("--target-dir").arg(profile.parent().ok_or("this program is in no target folder")?);
    match build.status() {
        Ok(status) if status.success() => Ok(profile.join(name)),
        other => Err(format!("cannot build {name}: {other:?}")),
    }
}

/// The cargo that has started this program, in this workspace.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    cargo
}

pub(crate) fn this_program() -> Result<PathBuf, String> {
    env::current_exe().map_err(|e| format!("this program: {e}"))
}
