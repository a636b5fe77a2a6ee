use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{LeadId, RefusalKind, Secret};

fn problem(wire: WireFormat) -> Option<&'static str> {
    wire.check().err().map(|invalid| invalid.field())
}

#[test]
fn the_assumed_format_can_be_used_and_stands_in_json() {
    let wire = WireFormat::default();
    assert_eq!(problem(wire.clone()), None);
    let json = json!({
        "method": "POST",
        "reply_path": "",
        "validate_method": "POST",
        "validate_path": "validate",
        "secret": {"header": "X-Secret-Key"},
        "lead_field": "lead_id",
        "text_field": "text",
        "fields": {},
        "headers": {},
        "message_id_at": "/message_id",
        "code_at": ["/error/code", "/code", "/error_code", "/error"],
        "plain_success": [],
        "refusals": [],
    });
    assert_eq!(serde_json::to_value(&wire).unwrap(), json);
    assert_eq!(serde_json::from_value::<WireFormat>(json).unwrap(), wire);
    assert_eq!(serde_json::from_str::<WireFormat>("{}").unwrap(), wire);
}

#[test]
fn a_name_that_is_misspelt_is_an_error() {
    for json in [
        r#"{"text_feild":"text"}"#,
        r#"{"secret":{"query":"key"}}"#,
        r#"{"refusals":[{"means":"bad_secret","statsu":401}]}"#,
        r#"{"refusals":[{"means":"no_such_thing","status":401}]}"#,
    ] {
        assert!(serde_json::from_str::<WireFormat>(json).is_err(), "{json}");
    }
}

#[test]
fn what_cannot_be_used_is_refused_and_named() {
    let wire = WireFormat::default;
    let header = |name: &str| SecretPlace::Header(name.to_owned());
    let field = |name: &str| SecretPlace::Field(name.to_owned());
    let rule = || RefusalRule::new(RefusalKind::Other);
    for (wire, piece) in [
        (wire().method("GET"), "method"),
        (wire().method("post"), "method"),
        (wire().validate_method("DELETE"), "validate_method"),
        (wire().secret(field("key")).validate_method("GET"), "validate_method"),
        (wire().reply_path("a?b"), "reply_path"),
        (wire().reply_path("../a"), "reply_path"),
        (wire().reply_path("{leed}"), "reply_path"),
        (wire().validate_path(Some("a b")), "validate_path"),
        (wire().lead_field(None), "lead_field"),
        (wire().lead_field(Some("")), "lead_field"),
        (wire().lead_field(Some("a..b")), "lead_field"),
        (wire().text_field(""), "text_field"),
        (wire().text_field("lead_id"), "text_field"),
        (wire().text_field("lead_id.text"), "text_field"),
        (wire().secret(field("text")), "secret"),
        (wire().secret(field(".")), "secret"),
        (wire().secret(header("a b")), "secret"),
        (wire().secret(header("Content-Length")), "secret"),
        (wire().field("text", 1), "fields"),
        (wire().field("a.", 1), "fields"),
        (wire().field("a", 1).field("a.b", 1), "fields"),
        (wire().header("HOST", "x"), "headers"),
        (wire().header("x-secret-key", "x"), "headers"),
        (wire().header("X-Note", "a\nb"), "headers"),
        (wire().secret(SecretPlace::Bearer).header("Authorization", "x"), "headers"),
        (wire().message_id_at("message_id"), "message_id_at"),
        (wire().code_at(""), "code_at"),
        (wire().refusal(rule()), "refusals"),
        (wire().refusal(rule().status(200)), "refusals"),
        (wire().refusal(rule().status(99)), "refusals"),
    ] {
        assert_eq!(problem(wire.clone()), Some(piece), "{wire:?}");
    }
    for wire in [
        wire().reply_path("/leads/{lead}/replies").lead_field(None),
        wire().secret(field("text2.key")).field("text2.other", 1),
        wire().secret(SecretPlace::Bearer).header("X-Secret-Key", "x"),
        wire().secret(field("key")).validate_method("GET").validate_path(None),
        wire().refusal(rule().status(200).contains("no")),
    ] {
        assert_eq!(problem(wire.clone()), None, "{wire:?}");
    }
}

#[test]
fn no_value_of_a_field_or_a_header_is_shown() {
    let wire = WireFormat::default().field("note", "canary").header("X-Note", "canary");
    let shown = format!("{wire:?}");
    assert!(shown.contains("headers: <1 fields>") && !shown.contains("canary"), "{shown}");
}

#[test]
fn the_header_of_the_secret_is_marked_for_every_library_on_the_way() {
    for place in [SecretPlace::Bearer, SecretPlace::Header("X-Secret-Key".to_owned())] {
        let wire = WireFormat::default().secret(place).header("X-Note", "note");
        let headers = wire.headers(&Secret::new("canary").unwrap()).unwrap();
        let marked = headers.values().filter(|value| value.is_sensitive()).count();
        assert_eq!((headers.len(), marked), (3, 1));
        assert!(!format!("{headers:?}").contains("canary"));
    }
}

fn place() -> impl Strategy<Value = SecretPlace> {
    prop_oneof![
        any::<String>().prop_map(SecretPlace::Header),
        Just(SecretPlace::Bearer),
        any::<String>().prop_map(SecretPlace::Field),
    ]
}

fn rule() -> impl Strategy<Value = RefusalRule> {
    let means = prop_oneof![
        Just(None),
        Just(Some(RefusalKind::SecretOrOff)),
        Just(Some(RefusalKind::LeadNotReady)),
    ];
    let text = || proptest::option::of(any::<String>());
    let parts = (means, proptest::option::of(any::<u16>()), text(), text());
    parts.prop_map(|(means, status, code, contains)| RefusalRule {
        means,
        status,
        code: code.map(Into::into),
        contains: contains.map(Into::into),
    })
}

fn wire() -> impl Strategy<Value = WireFormat> {
    let texts = || proptest::collection::vec(any::<String>(), 0..3);
    let fields = proptest::collection::btree_map(any::<String>(), any::<i64>(), 0..3);
    let headers = proptest::collection::btree_map(any::<String>(), any::<String>(), 0..3);
    let options = (any::<Option<String>>(), any::<Option<String>>());
    let lists = (texts(), texts(), proptest::collection::vec(rule(), 0..3));
    let names = proptest::array::uniform5(any::<String>());
    (names, options, place(), fields, headers, lists).prop_map(
        |(names, (validate_path, lead_field), secret, fields, headers, lists)| {
            let [method, reply_path, validate_method, text_field, message_id_at] = names;
            let (code_at, plain_success, refusals) = lists;
            WireFormat {
                method,
                reply_path,
                validate_method,
                validate_path,
                secret,
                lead_field,
                text_field,
                fields: fields.into_iter().map(|(name, value)| (name, value.into())).collect(),
                headers,
                message_id_at,
                code_at,
                plain_success,
                refusals,
            }
        },
    )
}

/// Paths with dots, of few names, so that they often meet.
fn path() -> impl Strategy<Value = String> {
    "[abc](\\.[abc]){0,3}"
}

fn body(wire: &WireFormat, lead: &str, text: &str) -> Value {
    let reply = Operation::Reply { lead: LeadId::from(lead), text: text.to_owned() };
    let body = wire.body(&reply, &Secret::new("s3cret").unwrap()).unwrap();
    serde_json::from_slice(&body).unwrap()
}

proptest! {
    #[test]
    fn a_format_comes_back_from_json_as_it_was(wire in wire()) {
        let json = serde_json::to_string(&wire).unwrap();
        prop_assert_eq!(serde_json::from_str::<WireFormat>(&json).unwrap(), wire);
    }

    #[test]
    fn whatever_a_format_holds_the_check_says_yes_or_no(wire in wire()) {
        let _ = wire.check();
    }

    #[test]
    fn each_value_stands_at_its_path_or_the_format_is_refused(
        lead in path(), text in path(), secret in path(), field in path(),
    ) {
        let wire = WireFormat::default()
            .lead_field(Some(&lead))
            .text_field(&text)
            .secret(SecretPlace::Field(secret.clone()))
            .field(&field, 7);
        let paths = [&lead, &text, &secret, &field];
        let meets = |a: &String, b: &String| a == b || b.starts_with(&format!("{a}."));
        let meet = (0..4).any(|a| (0..4).any(|b| a != b && meets(paths[a], paths[b])));
        prop_assert_eq!(wire.check().is_err(), meet);
        if !meet {
            let body = body(&wire, "lead_1", "Hi");
            let at = |path: &String| body.pointer(&format!("/{}", path.replace('.', "/"))).cloned();
            prop_assert_eq!(at(&lead), Some(json!("lead_1")));
            prop_assert_eq!(at(&text), Some(json!("Hi")));
            prop_assert_eq!(at(&secret), Some(json!("s3cret")));
            prop_assert_eq!(at(&field), Some(json!(7)));
        }
    }
}
