//! Command line of replykit, see `replykit --help`.

mod demo;
mod sandbox;
mod screen;

use std::{error::Error, io, process::ExitCode};

use clap::{Parser, Subcommand};

type Done = Result<(), Box<dyn Error + Send + Sync>>;

/// Business messaging without an account: see it work, then build against the sandbox.
#[derive(Parser)]
#[command(name = "replykit", version, arg_required_else_help = true)]
#[command(after_help = "Start with `replykit demo`. Nothing here talks to any other machine.")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Show a phone's message answered by a bot, and a WhatsApp template travelling to "read"
    ///
    /// Starts a sandbox and a keyword bot on free ports of this machine, plays both stories over
    /// real sockets, and checks every step: one that goes wrong ends it with exit code 1.
    Demo {
        /// Go on serving afterwards, and print the URLs and a curl line to try
        #[arg(long)]
        keep: bool,
    },
    /// Serve the local sandbox until Ctrl-C, and print its URLs
    ///
    /// Everything is in memory, but what --data keeps, and the clock is the real one: a WhatsApp template is sent, delivered
    /// and read after 1, 2 and 3 seconds.
    Sandbox(sandbox::Options),
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Demo { keep } => demo::run(keep).await,
        Command::Sandbox(options) => sandbox::run(options).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads the output has seen enough, as in `replykit demo | head`.
        Err(error) if is_broken_pipe(error.as_ref()) => ExitCode::SUCCESS,
        Err(error) => {
            screen::error(error.as_ref());
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
}
