//! That no row of the fault matrix is forgotten.

use std::{collections::BTreeSet, fs, path::Path};

use crate::support::repository;

/// The rows that have to have a test: those of a client over HTTP, of a socket, and of a webhook.
fn rows() -> impl Iterator<Item = Row> {
    let http = (1..=22).chain(26..=29).map(|number| Row('h', number));
    let socket = (1..=19).map(|number| Row('w', number));
    let webhook = (1..=12).map(|number| Row('e', number));
    http.chain(socket).chain(webhook)
}

/// A row, by the letter of its table and its number in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Row(char, u32);

#[test]
fn every_row_of_the_fault_matrix_has_a_test() {
    let mut tested = BTreeSet::new();
    for folder in ["transport", "inbound", "convrs-client", "tests/it"] {
        collect(&repository().join(folder), &mut tested);
    }
    let missing: Vec<String> = rows()
        .filter(|row| !tested.contains(row))
        .map(|Row(table, number)| format!("{}{number:02}", table.to_ascii_uppercase()))
        .collect();
    assert!(missing.is_empty(), "no test for {}", missing.join(", "));
}

/// The rows that the names of the tests below a folder begin with.
fn collect(folder: &Path, tested: &mut BTreeSet<Row>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, tested);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            tested.extend(rows_in(&fs::read_to_string(&path).unwrap()));
        }
    }
}

fn rows_in(code: &str) -> Vec<Row> {
    let lines: Vec<&str> = code.lines().map(str::trim).collect();
    let is_test = |line: &str| line.starts_with("#[test]") || line.starts_with("#[tokio::test");
    let tests = lines.windows(2).filter(|pair| is_test(pair[0])).map(|pair| pair[1]);
    tests.flat_map(rows_of).collect()
}

/// `fn h05_h06_a_test` is a test of 5 and 6.
fn rows_of(signature: &str) -> Vec<Row> {
    let name = signature.strip_prefix("async ").unwrap_or(signature);
    let Some(name) = name.strip_prefix("fn ") else { return Vec::new() };
    name.split('_').map_while(row).collect()
}

fn row(id: &str) -> Option<Row> {
    let table = id.chars().next().filter(|table| "hew".contains(*table))?;
    let number = id.strip_prefix(table).filter(|number| number.len() == 2)?;
    Some(Row(table, number.parse().ok()?))
}

#[test]
fn a_row_counts_as_tested_by_the_name_of_a_test_alone() {
    let code = "#[test]\nfn h05_h06_e11_w03_all() {}\n#[tokio::test(start_paused = true)]\n    async fn \
                h27_this() {}\nfn h01_a_helper() {}\n#[test]\nfn about_h02() {}";
    assert_eq!(rows_in(code), [Row('h', 5), Row('h', 6), Row('e', 11), Row('w', 3), Row('h', 27)]);
}
