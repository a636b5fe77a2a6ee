//! A list of users, one at a time.

use std::hint::black_box;

use convrs_client::{GetUsers, envelope};

use crate::{
    Case, Figure,
    measure::{heap, time},
    report::Report,
    users::{self, PlainUser},
};

pub(crate) const FIGURE: Figure = Figure {
    name: "getusers-stream",
    about: "5000 users of 12 fields, one owned user at a time, beside derive and from_slice",
    cases,
    judge,
};

fn cases() -> Vec<Case> {
    let reply = users::reply(5000, false);
    let mut cases =
        vec![Case::new("plain", move || drop(black_box(users::decode::<PlainUser>(&reply))))];
    for count in [5000, 50_000] {
        let reply = users::reply(count, false);
        cases.push(Case::new(format!("callback, {count} users"), move || {
            let _ = black_box(envelope::decode_each::<GetUsers, _>(&reply, |user| {
                black_box(&user);
            }));
        }));
        let reply = users::reply(count, false);
        cases.push(Case::new(format!("pull, {count} users"), move || {
            if let Ok(users) = envelope::decode_items::<GetUsers, _>(&reply) {
                users.for_each(|user| {
                    black_box(&user);
                });
            }
        }));
    }
    cases
}

fn judge(cases: &[Case], report: &mut Report) -> Result<(), String> {
    let [plain, callback, pull, callback_more, pull_more] = cases else {
        return Err("a case is missing".to_owned());
    };
    let sides = [plain, callback, pull];
    let times = time(sides);
    for (side, time) in sides.iter().zip(&times) {
        report.time(&side.name, time);
    }
    let [plain, by_callback, by_pull] = times.map(|spread| spread.median);
    report.at_least("by callback: speed, of plain", plain / by_callback, 1.40);
    report.at_least("by pull: speed, of plain", plain / by_pull, 1.25);
    for case in [callback, pull, callback_more, pull_more] {
        let heap = heap(FIGURE.name, case)?;
        report.heap(&case.name, heap);
        report.at_most("  heap beyond the reply, KiB", heap.peak as f64 / 1024.0, 64.0);
    }
    Ok(())
}
