use proptest::prelude::*;
use serde_json::json;

use super::*;

fn read(json: &Value) -> Activity {
    Activity::read(json.to_string().as_bytes(), &FieldNames::default())
}

fn whole() -> Value {
    json!({
        "event": "new_message", "event_id": "evt_3", "occurred_at": "2026-02-28T14:30:00Z",
        "source": {"id": "main", "name": "Main Street"},
        "lead": {
            "id": "lead_1", "name": "Billy Bob", "phone": "+40712345678",
            "email": "billy@example.com", "tags": ["vip"], "is_new": true, "ready": false
        },
        "message": {
            "id": "msg_2", "direction": "inbound", "text": "Hello",
            "sent_at": "2026-02-28T14:30:00Z"
        },
        "conversation": [
            {"id": "msg_1", "direction": "outbound", "sender": "api", "text": "Hi"},
            {"id": "msg_2", "direction": "inbound", "sender": "lead", "text": "Hello"}
        ],
        "new": {"field": 1}
    })
}

#[test]
fn the_assumed_body_is_read_whole() {
    let activity = read(&whole());
    assert_eq!(activity.kind, ActivityKind::NewMessage);
    assert_eq!(activity.event_id.as_deref(), Some("evt_3"));
    assert_eq!(activity.occurred_at, "2026-02-28T14:30:00Z".parse().ok());
    let lead = &activity.lead;
    assert_eq!(lead.id, Some("lead_1".into()));
    assert_eq!(
        [&lead.name, &lead.phone, &lead.email].map(Option::as_deref),
        [Some("Billy Bob"), Some("+40712345678"), Some("billy@example.com")]
    );
    assert_eq!(
        (&*lead.tags, lead.is_new, lead.ready),
        (&["vip".to_owned()][..], Some(true), Some(false))
    );
    assert_eq!(activity.source.name.as_deref(), Some("Main Street"));
    let directions: Vec<_> = activity.conversation.iter().map(|entry| entry.direction).collect();
    assert_eq!(directions, [Direction::Outbound, Direction::Inbound]);
    let (lead, message) = activity.to_answer().unwrap();
    assert_eq!((lead.as_str(), message.text.as_str()), ("lead_1", "Hello"));
    assert_eq!(activity.json["new"]["field"], 1);
}

#[test]
fn names_may_be_written_in_other_ways() {
    for body in [
        json!({"type": "newMessage", "leadId": 7, "message": "Hello", "Phone-Number": 40712345678_i64}),
        json!({"data": {"Event": "NEW_MESSAGE", "Lead": {"ID": "7", "Phone": ["40712345678"]},
            "Message": {"Body": "Hello", "from": "customer"}}}),
        json!({"event_type": "message.created", "contact": {"id": 7, "phone": "40712345678"},
            "last_message": {"content": "Hello", "is_outbound": false}}),
        json!({"event": "message", "payload": {"customer": {"id": "7", "phone": "40712345678"},
            "message": {"text": "Hello", "direction": "IN"}}}),
    ] {
        let activity = read(&body);
        assert_eq!(activity.kind, ActivityKind::NewMessage, "{body}");
        assert_eq!(activity.lead.phone.as_deref(), Some("40712345678"), "{body}");
        let (lead, message) = activity.to_answer().unwrap_or_else(|| panic!("{body}"));
        assert_eq!((lead.as_str(), message.text.as_str()), ("7", "Hello"), "{body}");
    }
}

#[test]
fn names_of_ones_own_come_first_and_can_be_kept_in_a_file() {
    let names: FieldNames = serde_json::from_str(r#"{"lead_id": ["who"]}"#).unwrap();
    let body = json!({"who": "mine", "lead": {"id": "theirs", "name": "Billy"}}).to_string();
    let lead = Activity::read(body.as_bytes(), &names).lead;
    assert_eq!((lead.id, lead.name.as_deref()), (Some("mine".into()), Some("Billy")));
    let names = FieldNames::default().also(Field::Text, "words");
    let kept: FieldNames = serde_json::from_value(serde_json::to_value(&names).unwrap()).unwrap();
    assert_eq!(kept, names);
}

#[test]
fn what_happened_is_told_by_its_name_and_else_by_what_is_there() {
    for (event, kind) in [
        ("new_lead", ActivityKind::NewLead),
        ("lead.created", ActivityKind::NewLead),
        ("NewContactInfo", ActivityKind::NewContactInfo),
        ("new message", ActivityKind::NewMessage),
        ("test", ActivityKind::Test),
        ("something", ActivityKind::Other),
    ] {
        assert_eq!(read(&json!({"event": event, "lead_id": 7})).kind, kind, "{event}");
    }
    assert_eq!(read(&json!({"event": "new_lead", "test": true})).kind, ActivityKind::Test);
    assert_eq!(read(&json!({"lead_id": 7, "message": "Hi"})).kind, ActivityKind::NewLead);
    let twice = json!({"lead_id": 7, "message": "Hi", "messages": ["Hi", "Ho"]});
    assert_eq!(read(&twice).kind, ActivityKind::NewMessage);
    assert_eq!(read(&json!({})).kind, ActivityKind::Other);
}

#[test]
fn only_what_a_lead_wrote_is_answered() {
    let with = |change: fn(&mut Value)| {
        let mut body = whole();
        change(&mut body);
        read(&body).to_answer().is_some()
    };
    assert!(with(|_| {}));
    assert!(with(|body| body["event"] = "new_lead".into()));
    assert!(with(|body| body["message"]["direction"] = Value::Null));
    for silent in [
        |body: &mut Value| body["message"]["direction"] = "outbound".into(),
        |body: &mut Value| body["message"] = json!({"text": "Hi", "sender": "team"}),
        |body: &mut Value| body["message"]["text"] = " \n".into(),
        |body: &mut Value| body["event"] = "new_contact_info".into(),
        |body: &mut Value| body["event"] = "test".into(),
        |body: &mut Value| body["lead"] = Value::Null,
    ] {
        assert!(!with(silent));
    }
}

#[test]
fn a_new_lead_may_tell_what_it_wrote_in_the_conversation_alone() {
    let mut body = whole();
    body["event"] = "new_lead".into();
    body["message"] = Value::Null;
    assert_eq!(read(&body).to_answer().unwrap().1.text, "Hello");
}

#[test]
fn a_conversation_that_comes_newest_first_is_turned() {
    let mut body = whole();
    body["conversation"] = json!([
        {"text": "new", "sent_at": "2026-02-28T14:30:00"}, {"text": "old", "sent_at": 1772288000}
    ]);
    let texts: Vec<_> = read(&body).conversation.into_iter().map(|entry| entry.text).collect();
    assert_eq!(texts, ["old", "new"]);
}

#[test]
fn what_is_no_object_is_malformed_and_still_there() {
    for body in ["", "{", "[]", "7", "null", "<html>", "\u{feff}"] {
        let activity = Activity::read(body.as_bytes(), &FieldNames::default());
        assert_eq!(activity.kind, ActivityKind::Malformed, "{body}");
        assert_eq!(activity.to_answer(), None);
    }
    let repaired =
        Activity::read(br#"{"message": "Hi \ud83d", "lead_id": 7}"#, &FieldNames::default());
    assert_eq!(repaired.message.unwrap().text, "Hi \u{fffd}");
}

#[test]
fn debug_shows_no_personal_data() {
    let body = json!({
        "event": "new_message", "event_id": "canary", "source": {"id": "canary", "name": "canary"},
        "lead": {"id": "7", "name": "canary", "phone": "canary", "email": "canary", "tags": ["canary"]},
        "message": {"id": "m1", "text": "canary"}, "conversation": ["canary"], "more": "canary"
    });
    let shown = format!("{:?} {:#?}", read(&body), read(&body));
    assert!(!shown.contains("canary"), "{shown}");
}

fn json_value() -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        Just("lead"),
        Just("id"),
        Just("message"),
        Just("text"),
        Just("event"),
        Just("data"),
        Just("conversation"),
        Just("tags"),
        Just("sent_at"),
        Just("direction"),
        Just("name")
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(name.clone().prop_map(str::to_owned), inner, 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_body_is_read_and_kept(json in json_value(), cut in 0..50_usize) {
        let activity = read(&json);
        prop_assert_eq!(&activity.json, &serde_json::from_str::<Value>(&json.to_string()).unwrap());
        let bytes = json.to_string().into_bytes();
        let _ = Activity::read(&bytes[..cut.min(bytes.len())], &FieldNames::default());
    }
}
