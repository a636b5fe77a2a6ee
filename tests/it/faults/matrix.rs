//! That no row of the fault matrix is forgotten.

use std::{collections::BTreeSet, fs, ops::RangeInclusive, path::Path};

use crate::support::repository;

/// A client, or what else has rows of its own.
struct Client {
    /// Also the name of the folders that hold tests of this one alone.
    name: &'static str,
    /// The rows that have to have a test.
    rows: Vec<Row>,
    /// Where the tests are.
    places: &'static [&'static str],
}

fn clients() -> [Client; 4] {
    let rows = |table, numbers: &[RangeInclusive<u32>]| -> Vec<Row> {
        numbers.iter().cloned().flatten().map(|number| Row(table, number)).collect()
    };
    // Over HTTP, over a socket, and as a webhook.
    let convrs = [rows('h', &[1..=22, 26..=29]), rows('w', &[1..=19]), rows('e', &[1..=12])];
    // 13 to 15 are about the envelope of Convrs, 28 is about its rate limits. The two below have their
    // tests about connections in common.
    let crm = [rows('h', &[1..=12, 16..=22, 26..=27, 29..=29]), rows('d', &[1..=3])];
    let session = [rows('h', &[1..=12, 16..=22, 26..=27, 29..=29]), rows('k', &[1..=7])];
    // 6 to 8 of the webhook are about acks, 12 is about what nobody can tell.
    let lead = [rows('l', &[1..=5]), rows('e', &[3..=5, 9..=11])];
    [
        Client {
            name: "convrs",
            rows: convrs.concat(),
            places: &["transport", "inbound", "convrs-client", "tests/it"],
        },
        Client {
            name: "crm",
            rows: crm.concat(),
            places: &["whatsapp-automation/src/crm", "tests/it/faults/rest"],
        },
        Client {
            name: "session",
            rows: session.concat(),
            places: &["whatsapp-automation", "tests/it/faults/rest"],
        },
        Client { name: "lead-reply", rows: lead.concat(), places: &["lead-reply", "inbound"] },
    ]
}

/// A row, by the letter of its table and its number in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Row(char, u32);

#[test]
fn every_row_of_the_fault_matrix_has_a_test() {
    let names = clients().map(|client| client.name);
    for Client { name, rows, places } in clients() {
        let others: Vec<_> = names.into_iter().filter(|other| *other != name).collect();
        let mut tested = BTreeSet::new();
        for place in places {
            collect(&repository().join(place), &others, &mut tested);
        }
        let missing: Vec<String> = rows
            .into_iter()
            .filter(|row| !tested.contains(row))
            .map(|Row(table, number)| format!("{}{number:02}", table.to_ascii_uppercase()))
            .collect();
        assert!(missing.is_empty(), "no test for {} of {name}", missing.join(", "));
    }
}

/// The rows that the names of the tests below a folder begin with, without the folders of others.
fn collect(folder: &Path, others: &[&str], tested: &mut BTreeSet<Row>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !others.iter().any(|other| path.ends_with(other)) {
                collect(&path, others, tested);
            }
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
    let table = id.chars().next().filter(|table| "dehklw".contains(*table))?;
    let number = id.strip_prefix(table).filter(|number| number.len() == 2)?;
    Some(Row(table, number.parse().ok()?))
}

#[test]
fn a_row_counts_as_tested_by_the_name_of_a_test_alone() {
    let code = "#[test]\nfn h05_h06_e11_w03_d01_all() {}\n#[tokio::test(start_paused = true)]\n    async fn \
                h27_this() {}\nfn h01_a_helper() {}\n#[test]\nfn about_h02() {}";
    assert_eq!(
        rows_in(code),
        [Row('h', 5), Row('h', 6), Row('e', 11), Row('w', 3), Row('d', 1), Row('h', 27)]
    );
}
