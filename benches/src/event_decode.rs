//! One pushed event, of each kind.

use std::hint::black_box;

use convrs_client::envelope;
use serde::de::DeserializeOwned;

use crate::{
    Case, Figure,
    events::{self, Closed, Created, Tagged, UidOnly, Updated},
    measure::{has_valgrind, instructions, time},
    report::Report,
};

pub(crate) const FIGURE: Figure = Figure {
    name: "event-decode",
    about: "one event of each kind, beside decoding with the type known and #[serde(tag = \"cmd\")]",
    cases,
    judge,
};

/// The sides that are judged, each with one event of every kind; then two sides for each kind.
fn cases() -> Vec<Case> {
    let events = events::all();
    let first: Vec<_> = events.iter().map(|e| (e.cmd_first(), known(e.cmd))).collect();
    let last: Vec<_> = events.iter().map(|e| (e.cmd_last(), known(e.cmd))).collect();
    let mut cases = vec![
        of_type("known", first.clone()),
        with("tagged", &first, from_slice::<Tagged>),
        with("client", &first, client),
        of_type("known, cmd last", last.clone()),
        with("client, cmd last", &last, client),
    ];
    for (event, pushed) in events.iter().zip(first) {
        cases.push(of_type(&format!("{} known", event.cmd), vec![pushed.clone()]));
        cases.push(with(event.cmd, &[pushed], client));
    }
    cases
}

type Decode = fn(&[u8]);

fn of_type(name: &str, events: Vec<(Vec<u8>, Decode)>) -> Case {
    Case::new(name, move || events.iter().for_each(|(pushed, decode)| decode(black_box(pushed))))
}

fn with(name: &str, events: &[(Vec<u8>, Decode)], decode: Decode) -> Case {
    of_type(name, events.iter().map(|(pushed, _)| (pushed.clone(), decode)).collect())
}

fn known(cmd: &str) -> Decode {
    match cmd {
        "onUserCreate" => from_slice::<Created>,
        "onUserUpdate" => from_slice::<Updated>,
        "onUserConversation" => from_slice::<Closed>,
        _ => from_slice::<UidOnly>,
    }
}

fn from_slice<T: DeserializeOwned>(pushed: &[u8]) {
    let _ = black_box(&serde_json::from_slice::<T>(pushed));
}

fn client(pushed: &[u8]) {
    let _ = black_box(&envelope::decode_event(pushed));
}

fn judge(cases: &[Case], report: &mut Report) -> Result<(), String> {
    let ([known, tagged, client, known_last, client_last], kinds) =
        cases.split_first_chunk().ok_or("a case is missing")?;
    let sides = [known, tagged, client, known_last, client_last];
    let times = time(sides);
    for (side, time) in sides.iter().zip(&times) {
        report.time(&side.name, time);
    }
    let times = times.map(|spread| spread.median);
    if !has_valgrind() {
        report.note("no valgrind, so CPU time is judged, by thresholds that are 10 % looser");
        gates(times, 1.1, report);
        return Ok(());
    }
    let mut counts = [0.0; 5];
    for (count, side) in counts.iter_mut().zip(sides) {
        *count = instructions(FIGURE.name, side)?;
        report.info(&format!("{}, instructions", side.name), *count);
    }
    for kind in kinds.chunks(2) {
        let [known, client] = kind else { return Err("a case is missing".to_owned()) };
        let ratio = instructions(FIGURE.name, client)? / instructions(FIGURE.name, known)?;
        report.info(&format!("{}: to known", client.name), ratio);
    }
    let [known, tagged, client, ..] = times;
    report.info("CPU time: to known", client / known);
    report.info("CPU time: to tagged", client / tagged);
    gates(counts, 1.0, report);
    Ok(())
}

fn gates(
    [known, tagged, client, known_last, client_last]: [f64; 5],
    loose: f64,
    report: &mut Report,
) {
    report.at_most("to known", client / known, 1.05 * loose);
    report.at_most("to tagged", client / tagged, 0.70 * loose);
    report.at_most("cmd last: to known", client_last / known_last, 1.45 * loose);
}
