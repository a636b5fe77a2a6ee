//! Load under faults, with a verdict: `cargo run --release -p replykit-tests --bin chaos -- sends 100000`.
//!
//! `sends` lets a client send through injected faults, and compares what it said of each send with
//! how often the server carried it out: `Ok` is once, `NotSent` and `Rejected` are never, `Unknown` is
//! at most once. A breach makes it print `FAIL` and end with exit code 1. The seed settles which
//! commands and faults there are, not in which order they meet.
//!
//! It needs Linux, where every address of 127.0.0.0/8 is this machine's.

mod answers;
mod fault;
mod job;
mod report;
mod sends;
mod server;

use std::{error::Error, process::ExitCode};

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "chaos", about = "Load under faults, with a verdict")]
struct Arguments {
    #[command(subcommand)]
    run: Run,
}

#[derive(Subcommand)]
enum Run {
    /// Sends through injected faults, and compares with the server's own count of each send.
    Sends {
        /// How many sends. An eighth as many reads and writes go beside them.
        #[arg(value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
        count: u32,
        /// Chooses commands and faults. Random unless it is given, and printed.
        #[arg(long)]
        seed: Option<u64>,
        /// Repeats sends whose outcome is unknown. This has to end in FAIL: it shows that the run
        /// finds what it looks for.
        #[arg(long)]
        reckless: bool,
    },
}

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let Run::Sends { count, seed, reckless } = Arguments::parse().run;
    let seed = seed.unwrap_or_else(|| fastrand::u64(..));
    println!("seed {seed}");
    let report = sends::run(usize::try_from(count)?, seed, reckless).await?;
    println!("{report}");
    Ok(if report.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
