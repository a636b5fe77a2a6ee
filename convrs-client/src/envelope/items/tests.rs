use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{ErrorKind, GetUserTags, GetUsers, Outcome, User, envelope::decode_reply};

type Read = Result<Vec<Result<User, usize>>, Error>;

/// By callback. A malformed item shows as its index.
fn each(reply: &[u8], handed_over: &mut Vec<Result<User, usize>>) -> Result<usize, Error> {
    decode_each::<GetUsers, User>(reply, |user| handed_over.push(user.map_err(|bad| bad.index())))
}

/// In every way there is, which must come to the same.
fn read(reply: impl AsRef<[u8]>) -> Read {
    let reply = reply.as_ref();
    let mut handed_over = Vec::new();
    let by_callback = each(reply, &mut handed_over);

    let pull = |items: Result<ItemsIter<'_, User>, Error>| {
        let mut items = items?;
        let mut pulled: Vec<_> =
            items.by_ref().map(|user| user.map_err(|bad| bad.index())).collect();
        assert!(items.next().is_none());
        let seen = items.finish();
        if seen.is_err() {
            assert!(pulled.pop().unwrap().is_err(), "the end is an item that cannot be read");
        }
        seen.map(|seen| assert_eq!(seen, pulled.len())).map(|()| pulled)
    };
    let borrowed = pull(decode_items::<GetUsers, User>(reply));
    let owned = pull(into_items::<GetUsers, User>(Bytes::copy_from_slice(reply)));
    for pulled in [&borrowed, &owned] {
        match (pulled, &by_callback) {
            (Ok(pulled), Ok(seen)) => {
                assert_eq!(pulled.len(), *seen);
                assert_eq!(pulled, &handed_over);
            }
            (Err(pulled), Err(by_callback)) => assert_eq!(said(pulled), said(by_callback)),
            other => panic!("{other:?}"),
        }
    }
    owned
}

/// All that an error tells.
fn said(error: &Error) -> String {
    format!("{error} {:?} {:?}", error.kind(), error.evidence_mid())
}

fn uids(read: &Read) -> Vec<&str> {
    let Ok(items) = read else { panic!("{read:?}") };
    items.iter().map(|user| user.as_ref().map_or("malformed", |user| user.uid.as_str())).collect()
}

/// The error of a reply, which has to be the one of the whole list.
fn failure(reply: impl AsRef<[u8]>) -> (Error, usize) {
    let reply = reply.as_ref();
    let error = read(reply).unwrap_err();
    let whole = decode_reply::<GetUsers>(reply).unwrap_err();
    assert_eq!(said(&error), said(&whole), "{}", String::from_utf8_lossy(reply));
    let mut handed_over = Vec::new();
    each(reply, &mut handed_over).unwrap_err();
    (error, handed_over.len())
}

fn problem(error: &Error) -> &ProtocolProblem {
    match error.kind() {
        ErrorKind::Protocol(error) => error.problem(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn users_come_one_by_one_wherever_the_envelope_stands() {
    let list = r#"[{"uid":"1","new":[1.50]} , {"uid":"2"},{"uid":"3"}]"#;
    for reply in [
        format!(r#"{{"ok":1,"cmd":"GetUsers","data":{list}}}"#),
        format!(
            "\u{feff} {{ \"cmd\" : \"GetUsers\",\r\n\t\"ok\" : true , \"data\" :\n {list} }} \n"
        ),
        format!(r#"{{"data":{list},"cmd":"GetUsers","ok":"1"}}"#),
        format!(r#"{{"ok":1,"data":{list}}}"#),
        format!(r#"{{"ok":1,"cmd":"GetUsers","new":{{"data":[]}},"d\u0061ta":{list},"more":[]}}"#),
    ] {
        let users = read(&reply);
        assert_eq!(uids(&users), ["1", "2", "3"], "{reply}");
        let first = users.unwrap().remove(0).unwrap();
        assert_eq!(first.extra.get("new"), Some(json!([1.5])));
    }
}

#[test]
fn an_empty_list_has_no_items() {
    for list in ["[]", "[ \n ]"] {
        assert!(read(format!(r#"{{"ok":1,"cmd":"GetUsers","data":{list}}}"#)).unwrap().is_empty());
    }
}

#[test]
fn texts_are_items_too() {
    let reply = r#"{"ok":1,"cmd":"GetUserTags","data":["a, ]\"","b",5]}"#;
    let mut items = decode_items::<GetUserTags, String>(reply.as_bytes()).unwrap();
    assert_eq!(items.next().unwrap().unwrap(), "a, ]\"");
    assert_eq!(items.next().unwrap().unwrap(), "b");
    let bad = items.next().unwrap().unwrap_err();
    assert_eq!((bad.index(), bad.json()), (2, json!(5)));
    assert!(items.next().is_none());
}

#[test]
fn a_malformed_item_does_not_end_the_list() {
    let reply = r#"{"ok":1,"cmd":"GetUsers","data":[{"uid":"1"}, {"uid":["canary"]},{"uid":"3"},5,{"uid":"5"}]}"#;
    assert_eq!(uids(&read(reply)), ["1", "malformed", "3", "malformed", "5"]);

    let whole = decode_reply::<GetUsers>(reply.as_bytes()).unwrap();
    let mut malformed = Vec::new();
    let each = |user: Result<User, Malformed>| malformed.extend(user.err());
    assert_eq!(decode_each::<GetUsers, _>(reply.as_bytes(), each).unwrap(), 5);
    assert_eq!(malformed, whole.malformed());
    assert_eq!(malformed[0].reason(), whole.malformed()[0].reason());
    assert_eq!(malformed[0].json(), json!({"uid": ["canary"]}));

    let items = decode_items::<GetUsers, User>(reply.as_bytes()).unwrap();
    assert!(!format!("{items:?}").contains("canary"));
}

#[test]
fn h12_half_an_emoji_costs_no_user() {
    let reply =
        br#"{"ok":1,"cmd":"GetUsers","data":[{"uid":"1","name":"Billy \ud83d","new":"\ud83d"}]}"#;
    let user = read(reply).unwrap().remove(0).unwrap();
    assert_eq!(user.name.as_deref(), Some("Billy \u{fffd}"));
    assert_eq!(user.extra.get("new"), Some(json!("\u{fffd}")));

    let reply = b"{\"ok\":1,\"cmd\":\"GetUsers\",\"data\":[{\"uid\":\"1\",\"name\":\"Andr\xe9\"}]}";
    let user = read(reply).unwrap().remove(0).unwrap();
    assert_eq!(user.name.as_deref(), Some("Andr\u{fffd}"));
}

#[test]
fn a_refusal_comes_before_any_item() {
    for reply in [
        r#"{"ok":0,"cmd":"GetUsers","error":"no","errorCode":1001}"#,
        r#"{"ok":0,"cmd":"GetUsers","errorCode":1001,"data":[{"uid":"1"}]}"#,
        r#"{"data":[{"uid":"1"}],"cmd":"GetUsers","errorCode":1001,"ok":0}"#,
    ] {
        let (error, handed_over) = failure(reply);
        assert_eq!(error.outcome(), Outcome::Rejected);
        assert_eq!(handed_over, 0, "{reply}");
    }
}

#[test]
fn h22_the_reply_to_another_command_gives_no_item() {
    for reply in [
        r#"{"ok":1,"cmd":"GetUser","data":[{"uid":"1"}]}"#,
        r#"{"ok":1,"data":[{"uid":"1"}],"cmd":"GetUser"}"#,
    ] {
        let (error, handed_over) = failure(reply);
        assert_eq!(problem(&error), &ProtocolProblem::Mismatch);
        assert_eq!(handed_over, 0, "{reply}");
    }
}

#[test]
fn h10_a_reply_cut_short_is_noticed_behind_the_items_before_the_cut() {
    let reply =
        r#"{"ok":1,"cmd":"GetUsers","data":[{"uid":"1"},{"uid":"2"},{"uid":"3"}],"mid":"6462"}"#;
    for (cut, expected) in [
        (r#"{"ok":1,"cmd":"GetUsers","data":"#, 0),
        (r#"{"ok":1,"cmd":"GetUsers","data":["#, 0),
        (r#"{"ok":1,"cmd":"GetUsers","data":[{"uid":"1"},{"ui"#, 1),
        (r#"{"ok":1,"cmd":"GetUsers","data":[{"uid":"1"},{"uid":"2"}"#, 2),
        (r#"{"ok":1,"cmd":"GetUsers","data":[{"uid":"1"},{"uid":"2"},"#, 2),
    ] {
        assert!(reply.starts_with(cut));
        let (error, handed_over) = failure(cut);
        assert_eq!(problem(&error), &ProtocolProblem::NotJson);
        assert_eq!(handed_over, expected, "{cut}");
    }
    for length in 0..reply.len() {
        failure(&reply.as_bytes()[..length]);
    }
    failure(format!("{reply}<!-- cached -->"));
    assert_eq!(uids(&read(reply)).len(), 3);
}

#[test]
fn what_is_wrong_inside_or_behind_the_list_is_the_error_of_the_whole_list() {
    for (reply, expected) in [
        (r#"{"ok":1,"cmd":"GetUsers","data":[{"uid":"1"},{"uid":"2"}],"ok":0}"#, 2),
        (r#"{"ok":1,"cmd":"GetUsers","data":[{"uid":"1"}],"cmd":"GetUser"}"#, 1),
        (r#"{"ok":1,"cmd":"GetUsers","data":[{"uid":"1"},]}"#, 1),
        (r#"{"ok":1,"cmd":"GetUsers","data":[{"uid":"1"} {"uid":"2"}]}"#, 1),
        (r#"{"ok":1,"cmd":"GetUsers","data":[{"uid":"1"}],}"#, 1),
        (r#"{"ok":1,"cmd":"GetUsers","data":[,]}"#, 0),
        (r#"{"ok":1,"cmd":"GetUsers","data":{"uid":"1"}}"#, 0),
        (r#"{"ok":1,"cmd":"GetUsers","data":null}"#, 0),
        (r#"{"ok":1,"cmd":"GetUsers"}"#, 0),
        (r#"{"ok":2,"cmd":"GetUsers","data":[{"uid":"1"}],"mid":"6462"}"#, 0),
        (r#"[{"uid":"1"}]"#, 0),
        ("<html>", 0),
        ("", 0),
    ] {
        let (_, handed_over) = failure(reply);
        assert_eq!(handed_over, expected, "{reply}");
    }
}

#[test]
fn a_list_that_breaks_off_cannot_be_taken_for_a_whole_one() {
    let cut = br#"{"ok":1,"cmd":"GetUsers","data":[{"uid":"1"},{"uid":"#;
    let mut items = decode_items::<GetUsers, User>(cut).unwrap();
    assert!(items.next().unwrap().is_ok());
    let end = items.next().unwrap().unwrap_err();
    assert_eq!((end.index(), end.json()), (1, Value::Null));
    assert!(items.next().is_none());

    let items = decode_items::<GetUsers, User>(cut).unwrap();
    assert_eq!(problem(&items.finish().unwrap_err()), &ProtocolProblem::NotJson);
}

proptest! {
    #[test]
    fn item_by_item_comes_to_the_same_as_the_whole_list(
        items in prop::collection::vec(
            prop_oneof![
                3 => "[a-z]{1,3}".prop_map(|uid| json!({"uid": uid, "name": "é \"\\"})),
                1 => Just(json!({"uid": ""})),
                1 => Just(json!([{"uid": "1"}])),
                1 => Just(json!(null)),
            ],
            0..6,
        ),
        ok in prop_oneof![Just("1"), Just("true"), Just("0"), Just("2")],
        order in Just(vec![0, 1, 2]).prop_shuffle(),
        change in prop::option::of((any::<prop::sample::Index>(), any::<u8>())),
    ) {
        let fields = [
            format!(r#""ok":{ok}"#),
            r#""cmd":"GetUsers""#.to_owned(),
            format!(r#""data":{}"#, Value::from(items)),
        ];
        let fields: Vec<_> = order.into_iter().map(|at: usize| fields[at].as_str()).collect();
        let mut reply = format!("{{{}}}", fields.join(",")).into_bytes();
        if let Some((at, byte)) = change {
            let at = at.index(reply.len());
            reply[at] = byte;
        }
        match (read(&reply), decode_reply::<GetUsers>(&reply)) {
            (Ok(read), Ok(whole)) => {
                prop_assert!(read.iter().filter_map(|user| user.as_ref().ok()).eq(whole.iter()));
                let bad = read.iter().filter_map(|user| user.as_ref().err().copied());
                prop_assert!(bad.eq(whole.malformed().iter().map(Malformed::index)));
            }
            (Err(read), Err(whole)) => prop_assert_eq!(said(&read), said(&whole)),
            (read, whole) => prop_assert!(false, "{:?} {:?}", read, whole),
        }
    }
}
