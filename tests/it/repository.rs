//! What the repository promises about itself.

use std::fs;

use convrs_client::{Command, for_each_command};

use crate::support::repository;

const PUBLISHED: [&str; 6] =
    ["transport", "inbound", "convrs-client", "autoreply-server", "sandbox", "cli"];

fn read(path: &str) -> String {
    let path = repository().join(path);
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

#[test]
fn each_published_crate_carries_both_licences_and_a_readme() {
    for member in PUBLISHED {
        for licence in ["LICENSE-MIT", "LICENSE-APACHE"] {
            assert_eq!(read(&format!("{member}/{licence}")), read(licence), "{member}");
        }
        assert!(read(&format!("{member}/README.md")).lines().count() > 10, "{member}");
        let manifest = read(&format!("{member}/Cargo.toml"));
        for key in ["description = ", "keywords = ", "categories = ", "readme = "] {
            assert!(manifest.contains(key), "{member} lacks {key}");
        }
        assert!(manifest.contains("[lints]\nworkspace = true"), "{member}");
    }
    for member in ["examples", "tests"] {
        assert!(read(&format!("{member}/Cargo.toml")).contains("publish = false"), "{member}");
    }
}

#[test]
fn ci_runs_the_command_that_the_readme_names() {
    for file in ["README.md", ".ci/run"] {
        assert!(read(file).contains("cargo test --workspace"), "{file}");
    }
}

#[test]
fn every_crate_is_in_the_readmes_table() {
    let readme = read("README.md");
    for member in PUBLISHED.into_iter().chain(["examples", "tests"]) {
        assert!(readme.contains(&format!("]({member})")), "{member}");
    }
}

macro_rules! command_names {
    ($($command:ty),* $(,)?) => {
        /// Wire name and type of every command.
        const COMMANDS: &[(&str, &str)] =
            &[$((<$command as Command>::NAME, stringify!($command))),*];
    };
}

for_each_command!(command_names);

#[test]
fn every_command_is_in_the_table_of_its_crate() {
    assert_eq!(COMMANDS.len(), 20);
    let readme = read("convrs-client/README.md");
    for (name, path) in COMMANDS {
        let kind = path.rsplit([':', ' ']).next().unwrap();
        let row = readme.lines().find(|line| line.contains(&format!("> {name} |")));
        assert!(row.unwrap_or_default().contains(&format!("| `{kind}` |")), "{name} {kind}");
    }
}

#[test]
fn every_example_is_in_their_readme() {
    let readme = read("examples/README.md");
    for entry in fs::read_dir(repository().join("examples")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".rs") {
            assert!(readme.contains(&format!("]({name})")), "{name}");
        }
    }
}
