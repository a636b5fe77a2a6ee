//! Load under faults, with a verdict: `cargo run --release -p replykit-tests --bin chaos -- sends 100000`.
//!
//! `sends` lets a client send through injected faults, and compares what it said of each send with
//! how often the server carried it out: `Ok` is once, `NotSent` and `Rejected` are never, `Unknown` is
//! at most once.
//!
//! `webhooks` posts callbacks and events to a webhook, repeated, out of order, by senders that hang up,
//! to a sink that fails: each fact is stored once, each 200 is true, and the acks of a message end in
//! one state.
//!
//! `ws` lets connections break in every way while events flow, and compares what the stream of events
//! gave with what happened: nothing that can be recovered is lost or comes twice, and what cannot is
//! within a gap that names it.
//!
//! A breach makes it print `FAIL` and end with exit code 1. The seed settles what there is and which
//! faults it meets, not in which order they meet.
//!
//! It needs Linux, where every address of 127.0.0.0/8 is this machine's.

mod answers;
mod fault;
mod job;
mod report;
mod sends;
mod server;
mod webhooks;
mod ws;

use std::{error::Error, fmt::Display, process::ExitCode};

use clap::{Args, Parser, Subcommand};

#[derive(Parser)]
#[command(name = "chaos", about = "Load under faults, with a verdict")]
struct Arguments {
    #[command(subcommand)]
    run: Run,
}

#[derive(Subcommand)]
enum Run {
    /// Sends through injected faults, and compares with the server's own count of each send. An
    /// eighth as many reads and writes go beside the sends. The reckless client repeats sends whose
    /// outcome is unknown.
    Sends {
        #[command(flatten)]
        load: Load,
        /// What carries them. Both with one seed show how much more the lean one can prove.
        #[arg(long, value_enum, default_value_t)]
        transport: sends::Transport,
    },
    /// Posts to a webhook, and compares with what its sink has. Three of ten posts are repeats. The
    /// reckless sink says yes to what it has not stored, and no repeat is known as one.
    Webhooks(Load),
    /// Loses so many connections of a stream of events, with 200 events that can be recovered for each,
    /// and compares what the stream gave with what happened. The reckless reader leaves out some of what
    /// is recovered, and begins anew with an old cursor.
    Ws(Load),
}

#[derive(Args, Clone, Copy)]
struct Load {
    /// How many.
    #[arg(value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    count: u32,
    /// Chooses what is done and which faults it meets. Random unless it is given, and printed.
    #[arg(long)]
    seed: Option<u64>,
    /// Does what must not be done. This has to end in FAIL: it shows that the run finds what it looks
    /// for.
    #[arg(long)]
    reckless: bool,
}

/// What a run has shown. `Display` is a table, and `PASS` or `FAIL`.
trait Verdict: Display {
    fn passed(&self) -> bool;
}

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let run = Arguments::parse().run;
    let (Run::Sends { load, .. } | Run::Webhooks(load) | Run::Ws(load)) = run;
    let seed = load.seed.unwrap_or_else(|| fastrand::u64(..));
    println!("seed {seed}");
    let (count, reckless) = (usize::try_from(load.count)?, load.reckless);
    let report: Box<dyn Verdict> = match run {
        Run::Sends { transport, .. } => {
            Box::new(sends::run(count, seed, reckless, transport).await?)
        }
        Run::Webhooks(_) => Box::new(webhooks::run(count, seed, reckless).await?),
        Run::Ws(_) => Box::new(ws::run(count, seed, reckless).await?),
    };
    println!("{report}");
    Ok(if report.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
