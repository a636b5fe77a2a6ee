use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{Ack, envelope};

const SENT: Timestamp = Timestamp::constant(1_772_000_000, 0);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn key(byte: u8) -> CallbackKey {
    CallbackKey::from_bytes(&[byte; 32]).unwrap()
}

fn keys() -> CallbackKeys {
    CallbackKeys::new(key(1))
}

fn callback(id: &str, proof: Option<String>) -> DeliveryCallback {
    let mut callback = DeliveryCallback::new("6462", "3941-wa3-44151999999", 3941, Ack::Sent);
    callback.send_id = Some(id.into());
    callback.proof = proof;
    callback
}

/// A genuine one.
fn genuine(id: &str) -> DeliveryCallback {
    callback(id, keys().prove(&id.into(), SENT))
}

#[test]
fn a_callback_of_a_send_is_proven_and_one_that_was_made_up_is_not() {
    let id = "0123456789abcdef0123456789abcdef";
    assert_eq!(keys().verify(&genuine(id), SENT), Ok(()));
    assert_eq!(keys().verify(&callback(id, None), SENT), Err(Unproven::Missing));
    let mut nameless = genuine(id);
    nameless.send_id = None;
    assert_eq!(keys().verify(&nameless, SENT), Err(Unproven::Missing));
    let replayed = callback("another send", genuine(id).proof);
    assert_eq!(keys().verify(&replayed, SENT), Err(Unproven::Forged));
    for proof in [
        "",
        ".",
        "1.",
        "1..",
        "1.1772000000.",
        "2.1772000000.00",
        "1.é.é",
        "1.99999999999999999999.00",
    ] {
        let forged = callback(id, Some(proof.to_owned()));
        assert_eq!(keys().verify(&forged, SENT), Err(Unproven::Forged), "{proof}");
    }
}

#[test]
fn the_proof_has_the_form_that_other_versions_read() {
    let proof = keys().prove(&"0123456789abcdef0123456789abcdef".into(), SENT).unwrap();
    // By another implementation of HMAC-SHA256.
    assert_eq!(
        proof,
        "1.1772000000.dd16258119fbe934f324e9c0a896b892c4aea8a5a04b4e473ffea6c84933872d"
    );
}

#[test]
fn a_key_is_replaced_without_a_callback_lost() {
    let (old, new) = (keys(), CallbackKeys::new(key(2)));
    let both = CallbackKeys::new(key(2)).accept(key(1));
    assert_eq!(new.verify(&genuine("a"), SENT), Err(Unproven::Forged));
    assert_eq!(both.verify(&genuine("a"), SENT), Ok(()));
    let next = callback("a", both.prove(&"a".into(), SENT));
    assert_eq!(new.verify(&next, SENT), Ok(()), "the new key signs");
    assert_eq!(old.verify(&next, SENT), Err(Unproven::Forged));
}

#[test]
fn e12_a_callback_that_is_too_old_or_from_the_future_is_refused() {
    let at = |seconds: i64| Timestamp::from_second(SENT.as_second() + seconds).unwrap();
    let verify = |keys: CallbackKeys, seconds| keys.verify(&genuine("a"), at(seconds));
    let days = |days: i64| days * 24 * 60 * 60;
    assert_eq!(verify(keys(), days(30)), Ok(()));
    assert_eq!(verify(keys(), days(30) + 1), Err(Unproven::TooOld));
    assert_eq!(verify(keys(), -300), Ok(()));
    assert_eq!(verify(keys(), -301), Err(Unproven::FromFuture));
    assert_eq!(verify(keys().max_age(DAY), days(1)), Ok(()));
    assert_eq!(verify(keys().max_age(DAY), days(1) + 1), Err(Unproven::TooOld));
    assert_eq!(verify(keys().max_age(Duration::MAX), days(9999)), Ok(()));
    assert_eq!(keys().verify(&genuine("a"), Timestamp::MAX), Err(Unproven::TooOld));
    assert_eq!(keys().verify(&genuine("a"), Timestamp::MIN), Err(Unproven::FromFuture));
}

#[test]
fn a_key_that_could_be_guessed_is_refused_and_none_is_shown() {
    assert!(CallbackKey::from_bytes(&[7; 31]).is_err());
    assert!(CallbackKey::from_text("fifteen letters").is_err());
    assert!(CallbackKey::from_text("  fifteen letters\n").is_err(), "blanks do not count");
    let error = CallbackKey::from_text("c4n4ry").unwrap_err();
    let key = CallbackKey::from_text("c4n4ry c4n4ry c4n4ry").unwrap();
    let shown = format!("{error} {error:?} {key:?} {:?}", CallbackKeys::new(key.clone()));
    assert!(!shown.contains("c4n4ry"), "{shown}");
}

#[test]
fn the_proof_goes_through_the_wire_and_is_not_the_users() {
    let callback = genuine("0123456789abcdef0123456789abcdef");
    let wire = envelope::encode_callback(&callback);
    let read = DeliveryCallback::from_json(wire.as_bytes()).unwrap();
    assert_eq!(read, callback);
    assert_eq!(read.webhook_payload, None);
    assert_eq!(keys().verify(&read, SENT), Ok(()));
    assert!(!format!("{read:?}").contains(read.proof.as_deref().unwrap()));

    let mut with_payload = callback;
    with_payload.webhook_payload = json!({"orderId": "ORD-12345"}).as_object().cloned();
    let wire = envelope::encode_callback(&with_payload);
    assert_eq!(DeliveryCallback::from_json(wire.as_bytes()).unwrap(), with_payload);
}

proptest! {
    #[test]
    fn a_proof_that_was_altered_in_any_bit_or_cut_proves_nothing(at in 0_usize..77, bit in 0_u8..7) {
        let callback_of = |proof: &[u8]| {
            callback("a", Some(String::from_utf8(proof.to_vec()).unwrap()))
        };
        let proof = genuine("a").proof.unwrap().into_bytes();
        prop_assert_eq!(proof.len(), 77);
        prop_assert_eq!(keys().verify(&callback_of(&proof[..at]), SENT), Err(Unproven::Forged));
        let mut altered = proof;
        altered[at] ^= 1 << bit;
        prop_assert_eq!(keys().verify(&callback_of(&altered), SENT), Err(Unproven::Forged));
    }

    #[test]
    fn a_proof_is_of_one_send_one_time_and_one_key(
        id in "[0-9a-f]{0,40}", other in "[0-9a-f]{0,40}",
        issued in 0_i64..4_000_000_000, later in 0_i64..4_000_000_000, byte: u8, other_byte: u8,
    ) {
        let time = Timestamp::from_second(issued).unwrap();
        let proof = CallbackKeys::new(key(byte)).prove(&id.as_str().into(), time).unwrap();
        let verify = |byte, id: &str, proof: String| {
            CallbackKeys::new(key(byte)).max_age(Duration::MAX).verify(&callback(id, Some(proof)), Timestamp::MAX)
        };
        prop_assert_eq!(verify(byte, &id, proof.clone()), Ok(()));
        if other != id {
            prop_assert_eq!(verify(byte, &other, proof.clone()), Err(Unproven::Forged));
        }
        if other_byte != byte {
            prop_assert_eq!(verify(other_byte, &id, proof.clone()), Err(Unproven::Forged));
        }
        if later != issued {
            let moved = proof.replace(&format!("1.{issued}."), &format!("1.{later}."));
            prop_assert_eq!(verify(byte, &id, moved), Err(Unproven::Forged));
        }
    }

    #[test]
    fn no_text_is_taken_for_a_proof_and_none_panics(text in ".{0,120}", digits in "1\\.[0-9]{1,20}\\.[0-9a-fA-F+]{60,66}") {
        for proof in [text, digits] {
            prop_assert_eq!(keys().verify(&callback("a", Some(proof)), SENT), Err(Unproven::Forged));
        }
    }
}
