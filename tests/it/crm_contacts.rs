//! Contacts and groups of the sandbox's open REST API, by requests written by hand.

use http::Method;
use replykit_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::{
    crm_wire::{JSON, ask, assert_html, create, get, john},
    support::send,
};

#[tokio::test]
async fn a_contact_is_made_read_changed_and_deleted() {
    let sandbox = Sandbox::start().await.unwrap();
    assert_eq!(get(&sandbox, "contacts/").await, json!([]));
    let made = create(&sandbox, "contacts/", john()).await;
    let mut contact = json!({
        "id": 1, "name": "John Doe", "phone_number": "+40712345678", "landing_page": "Spring",
        "group": 1, "created_at": "2026-02-28T14:30:00Z"
    });
    assert_eq!(made, contact);
    assert_eq!(get(&sandbox, "contacts/").await, json!([contact]));

    let change = json!({"name": "Jane Doe"});
    contact["name"] = "Jane Doe".into();
    assert_eq!(ask(&sandbox, Method::PATCH, "contacts/1/", &change).await, (200, contact.clone()));
    let mut whole = john();
    whole["landing_page"] = "Autumn".into();
    whole["group"] = 77.into();
    contact["name"] = "John Doe".into();
    contact["landing_page"] = "Autumn".into();
    let put = ask(&sandbox, Method::PUT, "contacts/1/", &whole).await;
    assert_eq!(put, (200, contact.clone()), "it stays in its group");
    assert_eq!(get(&sandbox, "contacts/1/").await, contact);

    let gone = ask(&sandbox, Method::DELETE, "contacts/1/", &Value::Null).await;
    assert_eq!(gone, (204, Value::Null));
    let again = ask(&sandbox, Method::DELETE, "contacts/1/", &Value::Null).await;
    assert_eq!(again, (404, json!({"detail": "Not found."})));
    assert_eq!(get(&sandbox, "groups/1/").await["current_size"], 0);
}

#[tokio::test]
async fn a_contact_that_exists_comes_back_and_a_taken_number_is_a_fault_of_the_server() {
    let sandbox = Sandbox::start().await.unwrap();
    let made = create(&sandbox, "contacts/", john()).await;
    assert_eq!(ask(&sandbox, Method::POST, "contacts/", &john()).await, (200, made));

    let mut other = john();
    other["name"] = "Somebody Else".into();
    let url = sandbox.crm_url() + "contacts/";
    let answer = send(Method::POST, &url, &[JSON], other.to_string()).await;
    assert_html(&answer, 500);

    let third = json!({"name": "C", "phone_number": "+40700000003", "landing_page": "Spring"});
    create(&sandbox, "contacts/", third).await;
    for (method, path) in [(Method::PUT, "contacts/2/"), (Method::PATCH, "contacts/2/")] {
        let (status, why) = ask(&sandbox, method, path, &john()).await;
        assert_eq!(status, 400);
        assert_eq!(
            why,
            json!({"phone_number": ["contact with this phone number already exists."]})
        );
    }
    assert_eq!(get(&sandbox, "contacts/").await.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_contact_is_also_taken_in_the_names_of_the_form() {
    let sandbox = Sandbox::start().await.unwrap();
    let row = json!({"Name": "John Doe", "tel-463": "+40712345678", "landing_page": "Spring"});
    let made = create(&sandbox, "contacts/", row).await;
    assert_eq!(made["name"], "John Doe");
    assert_eq!(made["phone_number"], "+40712345678");
}

#[tokio::test]
async fn the_post_of_a_contact_checks_no_length() {
    let sandbox = Sandbox::start().await.unwrap();
    let mut contact = john();
    contact["phone_number"] = "0".repeat(40).into();
    create(&sandbox, "contacts/", contact).await;
}

#[tokio::test]
async fn a_full_group_makes_the_next_one_of_its_landing_page() {
    let sandbox = Sandbox::start().await.unwrap();
    let contact = |number: u32, page: &str| json!({"name": "N", "phone_number": format!("+{number}"), "landing_page": page});
    for number in 0..250 {
        assert_eq!(create(&sandbox, "contacts/", contact(number, "Spring")).await["group"], 1);
    }
    assert_eq!(create(&sandbox, "contacts/", contact(250, "Spring")).await["group"], 2);
    assert_eq!(create(&sandbox, "contacts/", contact(251, "Autumn")).await["group"], 3);
    let groups = get(&sandbox, "groups/").await;
    let shown: Vec<_> = groups
        .as_array()
        .unwrap()
        .iter()
        .map(|g| (g["name"].as_str().unwrap(), g["current_size"].as_u64().unwrap()))
        .collect();
    assert_eq!(shown, [("Spring Group 1", 250), ("Spring Group 2", 1), ("Autumn Group 1", 1)]);
    assert_eq!(groups[1]["max_capacity"], 250);

    let own = json!({"name": "Spring Group 3", "landing_page": "Spring", "max_capacity": 1});
    create(&sandbox, "groups/", own).await;
    assert_eq!(
        create(&sandbox, "contacts/", contact(252, "Spring")).await["group"],
        4,
        "the newest"
    );
    assert_eq!(create(&sandbox, "contacts/", contact(253, "Spring")).await["group"], 5);
    assert_eq!(get(&sandbox, "groups/5/").await["name"], "Spring Group 4");
}

#[tokio::test]
async fn only_an_empty_group_is_deleted_except_by_the_running_backend() {
    let sandbox = Sandbox::start().await.unwrap();
    let group = create(&sandbox, "groups/", json!({"name": "Team"})).await;
    assert_eq!(group["landing_page"], Value::Null);
    assert_eq!(ask(&sandbox, Method::DELETE, "groups/1/", &Value::Null).await.0, 204);
    create(&sandbox, "contacts/", john()).await;
    let refused = ask(&sandbox, Method::DELETE, "groups/2/", &Value::Null).await;
    assert_eq!(refused, (400, json!({"error": "Only an empty group can be deleted."})));

    sandbox.crm().set_running_backend(true);
    assert_eq!(ask(&sandbox, Method::DELETE, "groups/2/", &Value::Null).await.0, 204);
    assert_eq!(get(&sandbox, "contacts/1/").await["group"], Value::Null);
}

#[tokio::test]
async fn a_group_is_changed_in_part_or_as_a_whole() {
    let sandbox = Sandbox::start().await.unwrap();
    create(&sandbox, "groups/", json!({"name": "Team"})).await;
    let change = json!({"max_capacity": 3});
    let (status, group) = ask(&sandbox, Method::PATCH, "groups/1/", &change).await;
    assert_eq!((status, &group["name"], &group["max_capacity"]), (200, &json!("Team"), &json!(3)));
    let (status, group) =
        ask(&sandbox, Method::PUT, "groups/1/", &json!({"name": "All", "landing_page": "X"})).await;
    assert_eq!((status, &group["name"], &group["landing_page"]), (200, &json!("All"), &json!("X")));
}
