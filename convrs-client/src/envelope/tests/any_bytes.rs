use proptest::prelude::*;

use super::*;

/// What `ok` says, read without this crate. `None` where the text is no JSON.
fn says_yes(reply: &[u8]) -> Option<bool> {
    let reply = String::from_utf8_lossy(reply);
    let reply: Value = serde_json::from_str(reply.trim_start_matches('\u{feff}')).ok()?;
    let ok = reply.get("ok");
    Some(
        [json!(1), json!(1.0), json!(true), json!("1"), json!("true")]
            .iter()
            .any(|y| ok == Some(y)),
    )
}

/// Reads a reply as every command's, and returns whether one took it for a success.
fn any_success(reply: &[u8]) -> bool {
    let mut success = false;
    macro_rules! decode {
        ($($command:ty),* $(,)?) => { $(success |= decode_reply::<$command>(reply).is_ok();)* };
    }
    crate::for_each_command!(decode);
    success
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!(null)),
        Just(json!({})),
        Just(json!([1])),
        any::<bool>().prop_map(Value::from),
        (-2_i64..3).prop_map(Value::from),
        (-2.0_f64..2.0).prop_map(Value::from),
        Just(json!(1.0)),
        "[01]|true|false|.{0,3}".prop_map(Value::from),
        Just(json!("GetUser")),
        Just(json!({"uid": "73-tel-1"})),
    ]
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(reply in prop::collection::vec(any::<u8>(), 0..200)) {
        if any_success(&reply) {
            prop_assert_eq!(says_yes(&reply), Some(true));
        }
        let _ = decode_callback(&reply);
        let _ = RequestHead::decode(&reply);
        let _ = decode_request::<SendWhatsAppTemplate>(&reply);
    }

    #[test]
    fn any_fields_succeed_only_when_ok_says_yes(
        fields in prop::collection::btree_map(
            "ok|cmd|data|mid|uid|ack|error|errorCode|new", scalar(), 0..9
        )
    ) {
        let reply = serde_json::to_vec(&fields).unwrap();
        if any_success(&reply) {
            prop_assert_eq!(says_yes(&reply), Some(true));
        }
    }

    #[test]
    fn a_changed_reply_succeeds_only_when_ok_says_yes(
        document in prop::sample::select(vec![USER, RECEIPT, DETAILS, UNKNOWN_USER, WHATSAPP_ERROR]),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3), 0..4),
    ) {
        let mut reply = document.as_bytes().to_vec();
        for (at, byte, change) in changes {
            let at = at.index(reply.len());
            match change {
                0 => reply[at] = byte,
                1 => reply.insert(at, byte),
                _ => reply.truncate(at + 1),
            }
        }
        if any_success(&reply) {
            prop_assert_eq!(says_yes(&reply), Some(true));
        }
    }
}
