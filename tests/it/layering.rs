//! The invariants of ARCHITECTURE.md that the compiler does not check.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::support::repository;

const LIBRARIES: [&str; 7] = [
    "transport",
    "inbound",
    "convrs-client",
    "lead-reply",
    "whatsapp-automation",
    "autoreply-server",
    "sandbox",
];

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The lines of `[dependencies]` of a member.
fn dependency_lines(member: &str) -> Vec<String> {
    read(&repository().join(member).join("Cargo.toml"))
        .lines()
        .skip_while(|line| *line != "[dependencies]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

/// What a line of `[dependencies]` is about.
fn name_of(line: &str) -> &str {
    line.split(['.', ' ', '=']).next().unwrap_or_default()
}

/// The names in `[dependencies]` of a member.
fn dependencies(member: &str) -> Vec<String> {
    dependency_lines(member).iter().map(|line| name_of(line).to_owned()).collect()
}

/// The sources below a folder, without their tests.
pub(crate) fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![repository().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let is_test = path.ends_with("tests") || path.ends_with("tests.rs");
            if path.is_dir() && !is_test {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") && !is_test {
                let text = read(&path);
                let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
                let code: String = code
                    .lines()
                    .filter(|line| !line.trim_start().starts_with("//"))
                    .map(|line| format!("{line}\n"))
                    .collect();
                found.push((path, code));
            }
        }
    }
    assert!(!found.is_empty(), "no sources in {folder}");
    found
}

/// Whether the code names a crate, and not only a word that ends like it.
fn names(code: &str, library: &str) -> bool {
    let path = format!("{library}::");
    code.match_indices(&path).any(|(at, _)| {
        !code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_')
    })
}

fn assert_absent(sources: &[(PathBuf, String)], words: &[&str]) {
    for (path, code) in sources {
        for word in words {
            assert!(!code.contains(word), "{} must not name {word}", path.display());
        }
    }
}

#[test]
fn no_client_crate_imports_another_and_no_library_the_sandbox() {
    let clients = ["convrs-client", "lead-reply", "whatsapp-automation"];
    for member in LIBRARIES {
        let dependencies = dependencies(member);
        assert!(!dependencies.is_empty(), "{member}");
        assert!(!dependencies.contains(&"replykit-sandbox".to_owned()), "{member}");
        if member != "sandbox" {
            for client in clients.iter().filter(|client| **client != member) {
                assert!(!dependencies.contains(&(*client).to_owned()), "{member} -> {client}");
            }
        }
    }
}

#[test]
fn the_definitions_of_a_client_do_no_io_and_read_no_clock() {
    let folder = repository().join("convrs-client/src");
    let pure = [
        "ack.rs",
        "answers.rs",
        "command.rs",
        "commands.rs",
        "envelope.rs",
        "error_code.rs",
        "send_id.rs",
        "event.rs",
        "items.rs",
        "id.rs",
        "lossless.rs",
        "model.rs",
        "phone.rs",
        "proof.rs",
        "rules.rs",
        "scalar.rs",
        "strict_phone.rs",
        "template.rs",
        "time.rs",
        "whatsapp_error.rs",
    ];
    let mut checked: Vec<_> = sources("convrs-client/src/commands");
    checked.extend(sources("convrs-client/src/model"));
    checked.extend(sources("convrs-client/src/envelope"));
    checked.extend(sources("convrs-client/src/lossless"));
    checked.extend(sources("convrs-client/src/template"));
    for file in pure {
        let path = folder.join(file);
        checked.extend(sources("convrs-client/src").into_iter().filter(|(p, _)| *p == path));
    }
    assert!(checked.len() >= pure.len() + 9, "a file was renamed: {}", checked.len());
    assert_absent(&checked, &IMPURE);
    assert_absent(&checked, &["replykit_transport", "Instant"]);
}

/// What does I/O, waits, or asks the machine.
const IMPURE: [&str; 9] = [
    "reqwest",
    "tokio",
    "async ",
    ".await",
    "Instant::now",
    "SystemTime",
    "Timestamp::now",
    "std::env",
    "env::var",
];

/// They are told the time, so they may name its type, and one limit of the transport's.
#[test]
fn the_session_of_a_socket_does_no_io_and_reads_no_clock() {
    let session = repository().join("convrs-client/src/session");
    let known = repository().join("convrs-client/src/events/known.rs");
    let mut checked = sources("convrs-client/src");
    checked.retain(|(path, _)| {
        path.with_extension("") == session || path.starts_with(&session) || *path == known
    });
    assert!(checked.len() >= 7, "a file was renamed: {}", checked.len());
    assert_absent(&checked, &IMPURE);
    for (path, code) in &mut checked {
        *code = code.replace("use replykit_transport::DEFAULT_MAX_MESSAGE;", "");
        assert!(!code.contains("replykit_transport"), "{}", path.display());
    }
}

#[test]
fn each_network_library_and_sqlite_is_named_in_one_place() {
    for member in LIBRARIES {
        for (path, code) in sources(&format!("{member}/src")) {
            let is = |file: &str| path.ends_with(file);
            if !is("transport/src/over_reqwest.rs") {
                assert!(!names(&code, "reqwest"), "{}", path.display());
                assert!(!names(&code, "url"), "{}", path.display());
            }
            let below = |folder: &str| path.starts_with(repository().join(folder));
            let server = is("sandbox/src/server.rs") || below("sandbox/src/server");
            assert!(server || !names(&code, "axum"), "{}", path.display());
            if !server && !below("transport/src/over_hyper") {
                for library in ["hyper", "hyper_util"] {
                    assert!(!names(&code, library), "{}", path.display());
                }
            }
            if !is("transport/src/over_websocket.rs") && !is("sandbox/src/websocket.rs") {
                assert!(!names(&code, "tokio_websockets"), "{}", path.display());
            }
            assert!(!names(&code, "tokio_tungstenite"), "{}", path.display());
            if !is("sandbox/src/data/file.rs") && !is("sandbox/src/data/error.rs") {
                assert!(!names(&code, "rusqlite"), "{}", path.display());
            }
        }
    }
}

#[test]
fn receivers_bring_no_runtime_unless_asked_no_framework_and_no_transport() {
    for member in ["inbound", "autoreply-server"] {
        let lines = dependency_lines(member);
        let always = lines.iter().filter(|line| !line.contains("optional = true"));
        for dependency in always.map(|line| name_of(line)) {
            assert!(
                [
                    "bytes",
                    "http",
                    "http-body",
                    "jiff",
                    "replykit-inbound",
                    "secrecy",
                    "serde",
                    "serde_json",
                    "subtle",
                    "thiserror",
                    "tower-service",
                    "tracing",
                ]
                .contains(&dependency),
                "{member} -> {dependency}"
            );
        }
        assert!(!lines.iter().any(|line| line.contains("\"receiver\"")), "{member}");
        let manifest = read(&repository().join(member).join("Cargo.toml"));
        assert!(!manifest.contains("default = ["), "{member}");
    }
    // Only the feature's own files may name the runtime.
    for (path, code) in sources("inbound/src") {
        let is_receiver = path.to_string_lossy().contains("/receiver");
        assert!(is_receiver || !names(&code, "tokio"), "{}", path.display());
    }
}

#[test]
fn public_signatures_show_no_library_that_may_change() {
    for member in LIBRARIES {
        for (path, code) in sources(&format!("{member}/src")) {
            for line in code.lines().filter(|line| line.trim_start().starts_with("pub ")) {
                for foreign in ["reqwest", "url", "axum", "tokio", "tokio_websockets", "hyper"] {
                    assert!(!names(line, foreign), "{}: {line}", path.display());
                }
                assert!(!line.contains("serde_json::Error"), "{}: {line}", path.display());
            }
        }
    }
}

#[test]
fn each_crate_has_one_place_that_reads_a_secret() {
    for member in LIBRARIES {
        let places: usize = sources(&format!("{member}/src"))
            .iter()
            .map(|(_, code)| code.matches(".expose_secret()").count())
            .sum();
        assert!(places <= 1, "{member} has {places}");
    }
}

#[test]
fn the_sandbox_takes_its_wire_names_from_the_client() {
    assert_absent(&sources("sandbox/src/convrs"), &["serde(rename", "\"errorCode\"", "\"ok\""]);
}
