//! Prints the peak heap and the number of allocations of one case. A program of its own, because
//! the counting allocator would slow down whatever is timed beside it.

use std::process::ExitCode;

fn main() -> ExitCode {
    let names: Vec<String> = std::env::args().skip(1).collect();
    let [figure, case] = names.as_slice() else { return ExitCode::FAILURE };
    let Some(case) = replykit_benches::find_case(figure, case) else { return ExitCode::FAILURE };
    // Once before, for the data and whatever else is made only once.
    case.call();
    let info = allocation_counter::measure(|| case.call());
    println!("{} {}", info.bytes_max, info.count_total);
    ExitCode::SUCCESS
}
