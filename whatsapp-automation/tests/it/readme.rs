//! The table of the README tells the truth.

use std::collections::BTreeSet;

use whatsapp_automation::{OperationClass, crm, session};

const README: &str = include_str!("../../README.md");
const TESTS: [&str; 3] =
    [include_str!("wire.rs"), include_str!("forms.rs"), include_str!("session_wire.rs")];

/// The start of an endpoint's row behind its section: method, path, type; and its class.
fn row_of<E>(path: &str, method: http::Method, class: OperationClass) -> (String, String) {
    let name = std::any::type_name::<E>().rsplit("::").next().unwrap();
    let path = path.replace("/7/", "/{id}/").split('?').next().unwrap().to_owned();
    (format!("{method} /{path} | `{name}` |"), format!("| `{class:?}` |"))
}

fn row<E: crm::Endpoint>(endpoint: &E) -> (String, String) {
    row_of::<E>(&endpoint.path(), E::METHOD, E::CLASS)
}

fn session_row<E: session::Endpoint>(endpoint: &E) -> (String, String) {
    row_of::<E>(&endpoint.path(), E::METHOD, E::CLASS)
}

#[test]
fn every_endpoint_is_in_the_table_with_a_test_that_exists() {
    let rows = [
        row(&crm::ListContacts::new()),
        row(&crm::GetContact::new(7)),
        row(&crm::CreateContact::new("", "", "")),
        row(&crm::UpdateContact::new(7, "", "", "")),
        row(&crm::PatchContact::new(7)),
        row(&crm::DeleteContact::new(7)),
        row(&crm::ListMessages::new()),
        row(&crm::GetMessage::new(7)),
        row(&crm::SendMessage::new("", "")),
        row(&crm::UpdateMessage::new(7, "", "")),
        row(&crm::PatchMessage::new(7)),
        row(&crm::DeleteMessage::new(7)),
        row(&crm::ListStatuses::new()),
        row(&crm::GetStatus::new(7)),
        row(&crm::PostStatus::text("")),
        row(&crm::UpdateStatus::new(7)),
        row(&crm::PatchStatus::new(7)),
        row(&crm::DeleteStatus::new(7)),
        row(&crm::ListGroups::new()),
        row(&crm::GetGroup::new(7)),
        row(&crm::CreateGroup::new("")),
        row(&crm::UpdateGroup::new(7, "")),
        row(&crm::PatchGroup::new(7)),
        row(&crm::DeleteGroup::new(7)),
        session_row(&session::Register::new("", "")),
        session_row(&session::Login::new("", "")),
        session_row(&session::Logout::new()),
        session_row(&session::GetProfile::new()),
        session_row(&session::CreateQr::new()),
        session_row(&session::GetWhatsAppStatus::new()),
        session_row(&session::ListGroups::new()),
        session_row(&session::SendMessage::new("", "")),
        session_row(&session::ScheduleMessage::new("", "", "")),
        session_row(&session::GetQueue::new()),
    ];
    for (start, class) in &rows {
        let found = README.lines().find(|line| line.contains(start.as_str()));
        assert!(found.unwrap_or_default().contains(class.as_str()), "{start} {class}");
    }
    let mut tests = BTreeSet::new();
    for line in README.lines().filter(|line| line.contains("| `") && line.contains(" /")) {
        let test = line.trim_end_matches("` |").rsplit('`').next().unwrap();
        let head = format!("async fn {test}()");
        assert!(TESTS.iter().any(|tests| tests.contains(&head)), "{test}");
        assert!(tests.insert(test), "{test} stands in two rows");
    }
    // Media is a row of its own.
    assert_eq!(tests.len(), rows.len() + 1);
}
