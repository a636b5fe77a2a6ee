//! A list of users into the types of the client, which keep unknown fields.

use std::hint::black_box;

use convrs_client::{GetUsers, envelope};
use serde::de::DeserializeOwned;

use crate::{
    Case, Figure,
    measure::{heap, time},
    report::Report,
    users::{self, FlattenedUser, PlainUser},
};

pub(crate) const FIGURE: Figure = Figure {
    name: "getusers",
    about: "5000 users of 12 fields, bytes to owned structs, beside derive and from_slice",
    cases,
    judge,
};

fn cases() -> Vec<Case> {
    vec![
        plain::<PlainUser>("plain", false),
        client("client", false),
        plain::<PlainUser>("plain, unknown field", true),
        client("client, unknown field", true),
        plain::<FlattenedUser>("flatten, unknown field", true),
    ]
}

fn plain<T: DeserializeOwned + 'static>(name: &str, unknown: bool) -> Case {
    let reply = users::reply(5000, unknown);
    Case::new(name, move || drop(black_box(users::decode::<T>(&reply))))
}

fn client(name: &str, unknown: bool) -> Case {
    let reply = users::reply(5000, unknown);
    Case::new(name, move || drop(black_box(envelope::decode_reply::<GetUsers>(&reply))))
}

fn judge(cases: &[Case], report: &mut Report) -> Result<(), String> {
    let [plain, client, plain_unknown, client_unknown, flatten] = cases else {
        return Err("a case is missing".to_owned());
    };
    let sides = [plain, client, plain_unknown, client_unknown, flatten];
    let times = time(sides);
    for (side, time) in sides.iter().zip(&times) {
        report.time(&side.name, time);
    }
    let [plain_time, client_time, plain_unknown, client_unknown, flatten] =
        times.map(|spread| spread.median);
    let peak = [heap(FIGURE.name, plain)?, heap(FIGURE.name, client)?];
    report.heap("plain", peak[0]);
    report.heap("client", peak[1]);
    report.at_least("speed, of plain", plain_time / client_time, 1.15);
    report.at_most("peak heap, of plain", peak[1].peak as f64 / peak[0].peak as f64, 1.1);
    report.at_least("unknown field: speed, of plain", plain_unknown / client_unknown, 0.80);
    report.at_least("unknown field: speed, of flatten", flatten / client_unknown, 1.5);
    Ok(())
}
