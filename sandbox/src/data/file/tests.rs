use std::fs;

use http::{Method, StatusCode};
use replykit_transport::{Body, CallOptions, HttpTransport};

use super::*;
use crate::{
    Sandbox, StartError,
    data::tests::{Place, dump, start},
};

async fn refusal(file: &Path) -> DataError {
    match Sandbox::builder().data(file).start().await.unwrap_err() {
        StartError::Data { path, source } => {
            assert_eq!(path, file);
            source
        }
        other => panic!("{other}"),
    }
}

/// A file with something in it, in one piece.
async fn written() -> Place {
    let place = Place::new();
    let sandbox = start(&place.file()).await;
    for text in 0..200 {
        sandbox.crm().add_reply_rule("word", &format!("canary {text}"));
    }
    place
}

fn count(sandbox: &Sandbox, table: &str) -> usize {
    let lines = dump(&mut *sandbox.shared.crm());
    lines.iter().filter(|line| line.starts_with(table)).count()
}

fn change(file: &Path, sql: &str) {
    Connection::open(file).unwrap().execute_batch(sql).unwrap();
}

#[tokio::test]
async fn what_is_no_data_of_a_sandbox_is_refused_and_left_alone() {
    let place = Place::new();
    for content in ["x", "not a database at all", &"long ".repeat(2000)] {
        fs::write(place.file(), content).unwrap();
        assert!(matches!(refusal(&place.file()).await, DataError::NotData), "{content}");
        assert_eq!(fs::read_to_string(place.file()).unwrap(), content);
    }
    fs::remove_file(place.file()).unwrap();
    change(&place.file(), "CREATE TABLE notes (text); INSERT INTO notes VALUES ('mine')");
    let before = fs::read(place.file()).unwrap();
    assert!(matches!(refusal(&place.file()).await, DataError::NotData));
    assert_eq!(fs::read(place.file()).unwrap(), before);
}

#[tokio::test]
async fn a_file_of_a_later_version_is_refused_and_left_alone() {
    let place = written().await;
    change(&place.file(), "PRAGMA user_version = 2");
    let before = fs::read(place.file()).unwrap();
    let error = refusal(&place.file()).await;
    assert!(matches!(error, DataError::Newer { format: 2 }), "{error:?}");
    assert_eq!(fs::read(place.file()).unwrap(), before);
}

#[tokio::test]
async fn a_file_that_ends_too_early_is_refused_wherever_it_ends() {
    let place = written().await;
    let whole = fs::read(place.file()).unwrap();
    for length in (1..whole.len()).step_by(1000) {
        fs::write(place.file(), &whole[..length]).unwrap();
        let error = refusal(&place.file()).await;
        let expected = matches!(error, DataError::Damaged | DataError::NotData);
        assert!(expected, "{length}: {error:?}");
        assert_eq!(fs::read(place.file()).unwrap(), whole[..length]);
    }
    fs::write(place.file(), &whole).unwrap();
    assert_eq!(count(&start(&place.file()).await, "crm_replies"), 202);
}

#[tokio::test]
async fn what_cannot_be_read_is_damaged_and_is_not_told() {
    for damage in [
        "UPDATE crm_replies SET json = '{\"word\": \"canary\"}'",
        "UPDATE crm_replies SET json = '\"canary\"' WHERE id = 3",
        "DELETE FROM crm_settings",
        "DELETE FROM clock",
        "DROP TABLE session_logins",
        "PRAGMA user_version = 0",
    ] {
        let place = written().await;
        change(&place.file(), damage);
        let error = refusal(&place.file()).await;
        assert!(matches!(error, DataError::Damaged), "{damage}: {error:?}");
        assert!(!format!("{error:?}{error}").contains("canary"));
    }
}

#[tokio::test]
async fn one_sandbox_at_a_time_has_a_file() {
    let place = Place::new();
    let first = start(&place.file()).await;
    first.crm().add_reply_rule("w", "r");
    assert!(matches!(refusal(&place.file()).await, DataError::InUse));
    first.crm().add_reply_rule("w", "r");
    drop(first);
    let second = start(&place.file()).await;
    assert_eq!(count(&second, "crm_replies"), 4);
    assert!(matches!(refusal(&place.file()).await, DataError::InUse));
}

#[tokio::test]
async fn a_file_without_a_place_says_so() {
    let place = Place::new();
    let error = refusal(&place.file().join("nowhere")).await;
    assert!(matches!(error, DataError::Create(_)), "{error:?}");
    fs::create_dir(place.file()).unwrap();
    let error = refusal(&place.file()).await;
    assert!(matches!(error, DataError::Unusable(_)), "{error:?}");
}

#[tokio::test]
async fn an_empty_file_is_taken_as_new() {
    let place = Place::new();
    fs::write(place.file(), "").unwrap();
    start(&place.file()).await.crm().add_reply_rule("w", "r");
    assert_eq!(count(&start(&place.file()).await, "crm_replies"), 3);
}

#[tokio::test]
async fn a_kill_while_the_file_is_made_leaves_one_that_is_begun_anew() {
    let (place, killed) = (Place::new(), Place::new());
    let mut connection = Connection::open(place.file()).unwrap();
    // So that a part of it is written before its end.
    connection.pragma_update(None, "cache_size", 1).unwrap();
    let transaction = connection.transaction().unwrap();
    transaction.execute_batch(SCHEMA).unwrap();
    let journal = |place: &Place| place.file().with_extension("db-journal");
    fs::copy(place.file(), killed.file()).unwrap();
    fs::copy(journal(&place), journal(&killed)).unwrap();
    assert!(fs::metadata(killed.file()).unwrap().len() > 0, "in the middle of it");
    start(&killed.file()).await.crm().add_reply_rule("w", "r");
    assert_eq!(count(&start(&killed.file()).await, "crm_replies"), 3);
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read_what_is_kept() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let sandbox = start(&place.file()).await;
    sandbox.crm().add_reply_rule("w", "r");
    let files = fs::read_dir(place.file().parent().unwrap()).unwrap();
    let modes: Vec<_> =
        files.map(|f| f.unwrap().metadata().unwrap().permissions().mode()).collect();
    assert_eq!(modes.len(), 2, "the file and its log");
    assert!(modes.iter().all(|mode| mode & 0o777 == 0o600), "{modes:?}");
}

#[tokio::test]
async fn when_the_disk_is_full_every_answer_is_500_and_the_file_stays_whole() {
    let place = written().await;
    let sandbox = start(&place.file()).await;
    let ask = async |method: Method, path: &str, body: &str| {
        let url = format!("http://{}/{path}", sandbox.address());
        let request = http::Request::builder().method(method).uri(url);
        let request = request.header("Content-Type", "application/json");
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let options = CallOptions::within(Duration::from_secs(10));
        sandbox.shared.transport.send(request, &options).await.unwrap().status()
    };
    let add = |text: &str| format!(r#"{{"phone_number": "+1", "message": "{text}"}}"#);
    assert_eq!(ask(Method::POST, "crm/whatsapp/", &add("small")).await, StatusCode::CREATED);
    let full =
        |connection: &mut Connection| Ok(connection.pragma_update(None, "max_page_count", 1)?);
    sandbox.shared.file.as_ref().unwrap().write(full);
    let large = add(&"x".repeat(100_000));
    for (method, path, body) in [
        (Method::POST, "crm/whatsapp/", &*large),
        (Method::GET, "crm/whatsapp/", ""),
        (Method::POST, "crm/whatsapp/", &add("after")),
        (Method::GET, "session/api/users/me", ""),
        (Method::POST, "crm/control", r#"{"action": "sent"}"#),
        (Method::POST, "session/control", r#"{"action": "sent"}"#),
        (Method::POST, "clock/advance", r#"{"seconds": 1}"#),
    ] {
        let status = ask(method, path, body).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR, "{path}");
    }
    drop(sandbox);
    assert_eq!(count(&start(&place.file()).await, "crm_messages"), 1);
}
