//! What the repository promises about itself.

use std::fs;

use convrs_client::{
    Command, CreateUserTag, DeleteUserTag, GetConversation, GetConversationsFlat,
    GetMessageDetails, GetOpenConversations, GetUser, GetUserTags, GetUsers, GetWhatsAppTemplate,
    SendMessage, SendSmsMessage, SendTextMessage, SendWhatsAppTemplate, SetUserData, SetUserEmail,
    SetUserName, SetUserNotes, SetUserPhone, SetUserTag, for_each_command,
};
use replykit_sandbox::Sandbox;
use serde_json::Map;

use crate::support::repository;

const PUBLISHED: [&str; 8] = [
    "transport",
    "inbound",
    "convrs-client",
    "lead-reply",
    "whatsapp-automation",
    "autoreply-server",
    "sandbox",
    "cli",
];

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

macro_rules! examples {
    ($($example:expr),* $(,)?) => {
        /// The examples of the table, each with what it sends and the words in which it is written,
        /// after a sandbox said yes to it.
        async fn examples() -> Vec<(&'static str, &'static str)> {
            vec![$((works($example).await, stringify!($example))),*]
        }
    };
}

examples! {
    GetUser::new("73-tel-615940546"),
    GetUsers::new(),
    SetUserData::new("73-tel-615940546", Map::new()),
    SetUserName::new("73-tel-615940546", "Billy Bob"),
    SetUserEmail::new("73-tel-615940546", "billy@example.com"),
    SetUserNotes::new("73-tel-615940546", "Prefers the phone"),
    SetUserPhone::new("73-tel-615940546", "+447922021419"),
    GetUserTags::new("73-tel-615940546"),
    SetUserTag::new("73-tel-615940546", "vip"),
    DeleteUserTag::new("73-tel-615940546", "vip"),
    CreateUserTag::new("returns"),
    GetConversation::new("73-tel-615940546"),
    GetConversationsFlat::new(),
    GetOpenConversations::new(),
    SendWhatsAppTemplate::new(3941, "+447922021419", "order_update", "en"),
    GetWhatsAppTemplate::new(3941, "order_update", "en"),
    SendSmsMessage::new(3941, "+447922021419", "On its way"),
    SendTextMessage::new("73-tel-615940546", "On its way"),
    SendMessage::new("+447922021419", "welcome"),
    GetMessageDetails::new("6462d3d8c8b0b08fddc34ca8"),
}

async fn works<C: Command>(command: C) -> &'static str {
    let sandbox = Sandbox::start().await.unwrap();
    let client = sandbox.convrs_client().unwrap();
    assert!(client.execute(command).await.is_ok(), "{}", C::NAME);
    C::NAME
}

#[tokio::test]
async fn every_command_is_in_the_table_of_its_crate_with_an_example_that_works() {
    assert_eq!(COMMANDS.len(), 20);
    let readme = read("convrs-client/README.md");
    let examples = examples().await;
    for (name, path) in COMMANDS {
        let kind = path.rsplit([':', ' ']).next().unwrap();
        let (_, example) = examples.iter().find(|(of, _)| of == name).unwrap();
        let row = readme.lines().find(|line| line.contains(&format!("> {name} |")));
        let cells = format!("| `{kind}` | `{example}` |");
        assert!(row.unwrap_or_default().contains(&cells), "{name}: {cells}");
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
