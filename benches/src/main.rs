//! `cargo run --release -p replykit-benches -- [figure]...`: without a figure, all of them.

use std::process::ExitCode;

fn main() -> ExitCode {
    let names: Vec<String> = std::env::args().skip(1).collect();
    // The program calls itself like this, for a tool that counts instructions.
    if let [flag, figure, case, calls] = names.as_slice()
        && flag == replykit_benches::CASE
    {
        return replykit_benches::run_case(figure, case, calls);
    }
    // And like this, for what a first call takes.
    if let [flag, figure, case] = names.as_slice()
        && flag == replykit_benches::FIRST_CALL
    {
        return replykit_benches::run_first_call(figure, case);
    }
    replykit_benches::run(&names)
}
