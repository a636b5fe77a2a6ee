use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{Ack, DeliveryCallback};

const UID: &str = "3941-wa3-44151999999";
const ACKS: [Ack; 7] = Ack::DOCUMENTED;

fn callback(mid: &str, ack: Ack) -> DeliveryCallback {
    DeliveryCallback::new(mid, UID, 3941, ack)
}

fn of_send(mid: &str, ack: Ack, id: &str) -> DeliveryCallback {
    let mut callback = callback(mid, ack);
    callback.send_id = Some(id.into());
    callback
}

fn failed(code: Option<i64>, description: &str) -> DeliveryCallback {
    let mut callback = callback("6462", Ack::Failed);
    callback.whatsapp_error_code = code;
    callback.whatsapp_error_desc = Some(description.to_owned());
    callback
}

fn known(deliveries: &Deliveries, mids: std::ops::Range<usize>) -> usize {
    mids.filter(|mid| deliveries.state(&mid.to_string().as_str().into()).is_some()).count()
}

/// Every order of the items, each as often as it stands there.
fn orders<T: Clone>(items: &[T], each: &mut impl FnMut(&[T])) {
    fn place<T: Clone>(items: &mut Vec<T>, from: usize, each: &mut impl FnMut(&[T])) {
        if from == items.len() {
            return each(items);
        }
        for next in from..items.len() {
            items.swap(from, next);
            place(items, from + 1, each);
            items.swap(from, next);
        }
    }
    place(&mut items.to_vec(), 0, each);
}

#[test]
fn e05_a_callback_that_comes_again_changes_nothing() {
    let deliveries = Deliveries::new();
    assert_eq!(deliveries.state(&"6462".into()), None);
    for ack in [Ack::AtServer, Ack::Sent, Ack::Delivered, Ack::Read, Ack::Replied] {
        assert_eq!(deliveries.record(&callback("6462", ack)), Change::Advanced);
        let state = deliveries.state(&"6462".into());
        assert_eq!(deliveries.clone().record(&callback("6462", ack)), Change::Unchanged);
        assert_eq!(deliveries.state(&"6462".into()), state);
        assert_eq!(state.unwrap().ack, ack);
    }
    assert_eq!(deliveries.record(&callback("6462", Ack::Failed)), Change::Unchanged);
}

#[test]
fn e06_all_5040_orders_of_seven_callbacks_with_repeats_end_in_one_state() {
    let mut states = std::collections::BTreeSet::new();
    let mut count = 0;
    orders(&ACKS, &mut |acks| {
        let deliveries = Deliveries::new();
        for (at, ack) in acks.iter().enumerate() {
            let callback = of_send("6462", *ack, "a");
            deliveries.record(&callback);
            // Each comes again behind every other one.
            for again in &acks[..at] {
                let again = of_send("6462", *again, "a");
                assert_eq!(deliveries.record(&again), Change::Unchanged);
            }
        }
        states.insert(format!("{:?}", deliveries.state(&"6462".into()).unwrap()));
        count += 1;
    });
    assert_eq!((count, states.len()), (5040, 1));
    assert!(states.first().unwrap().contains("Replied"));
}

#[test]
fn e06_whose_words_are_kept_does_not_depend_on_the_order_either() {
    let mut states = Vec::new();
    let callbacks = [
        failed(Some(131_026), "undeliverable"),
        failed(None, "something else"),
        callback("6462", Ack::Failed),
        of_send("6462", Ack::Sent, "a"),
        DeliveryCallback::new("6462", "", 0, Ack::AtServer),
    ];
    orders(&callbacks, &mut |callbacks| {
        let deliveries = Deliveries::new();
        for callback in callbacks {
            deliveries.record(callback);
        }
        states.push(deliveries.state(&"6462".into()).unwrap());
    });
    let state = states[0].clone();
    assert!(states.iter().all(|other| *other == state));
    assert_eq!(state.error.as_ref().unwrap().code, Some(131_026));
    assert_eq!((state.uid, state.send_id), (UID.into(), Some("a".into())));

    let deliveries = Deliveries::new();
    deliveries.record(&failed(Some(131_026), "undeliverable"));
    deliveries.record(&callback("6462", Ack::Delivered));
    assert_eq!(deliveries.state(&"6462".into()).unwrap().error, None, "it was delivered after all");
}

#[test]
fn e08_an_unknown_ack_and_a_payload_that_is_gone_are_taken_down() {
    let deliveries = Deliveries::new();
    let body = json!({"ok": 1, "mid": "6462", "ack": 4, "webhookPayload": "gone"}).to_string();
    let retyped = DeliveryCallback::from_json(body.as_bytes()).unwrap();
    assert_eq!(deliveries.record(&retyped), Change::Advanced);
    assert_eq!(deliveries.record(&of_send("6462", Ack::Other(4), "a")), Change::Advanced, "an id");
    assert_eq!(deliveries.state(&"6462".into()).unwrap().ack, Ack::Other(4));
    assert_eq!(deliveries.record(&callback("6462", Ack::AtServer)), Change::Advanced);
    let state = deliveries.state(&"6462".into()).unwrap();
    assert_eq!((state.ack, state.send_id), (Ack::AtServer, Some("a".into())));
}

#[test]
fn e12_a_callback_replayed_for_another_message_is_refused() {
    let deliveries = Deliveries::new();
    deliveries.record(&of_send("6462", Ack::Sent, "a"));
    assert_eq!(deliveries.record(&of_send("6463", Ack::Delivered, "a")), Change::Refused);
    assert_eq!(deliveries.record(&of_send("6462", Ack::Delivered, "b")), Change::Refused);
    assert_eq!(deliveries.state(&"6463".into()), None);
    assert_eq!(deliveries.state(&"6462".into()).unwrap().ack, Ack::Sent);
    assert_eq!(deliveries.resolved(&"a".into()), Some("6462".into()));
    assert_eq!(deliveries.resolved(&"b".into()), None);
    assert_eq!(deliveries.record(&of_send("6462", Ack::Delivered, "a")), Change::Advanced);
}

#[test]
fn the_reply_to_a_send_knows_better_than_a_callback() {
    let deliveries = Deliveries::new();
    let sending = deliveries.expect(&"a".into(), false);
    deliveries.record(&of_send("forged", Ack::Failed, "a"));
    sending.ended(Some(&"6462".into()));
    drop(sending);
    assert_eq!(deliveries.resolved(&"a".into()), Some("6462".into()));
    assert_eq!(deliveries.record(&of_send("forged", Ack::Delivered, "a")), Change::Refused);
    assert_eq!(deliveries.record(&of_send("6462", Ack::Delivered, "a")), Change::Advanced);
}

#[test]
fn a_call_that_may_send_twice_has_two_messages() {
    let deliveries = Deliveries::new();
    let sending = deliveries.expect(&"a".into(), true);
    sending.ended(Some(&"6463".into()));
    assert_eq!(deliveries.record(&of_send("6462", Ack::Delivered, "a")), Change::Advanced);
    assert_eq!(deliveries.record(&of_send("6463", Ack::Delivered, "a")), Change::Advanced);
    for mid in 0..20 {
        deliveries.record(&of_send(&mid.to_string(), Ack::Delivered, "a"));
    }
    assert_eq!(deliveries.record(&of_send("and more", Ack::Delivered, "a")), Change::Refused);
}

#[test]
fn what_is_too_long_is_refused_or_cut() {
    let deliveries = Deliveries::new();
    let long = "x".repeat(257);
    assert_eq!(deliveries.record(&callback(&long, Ack::Sent)), Change::Refused);
    assert_eq!(deliveries.record(&of_send("6462", Ack::Sent, &long)), Change::Refused);
    deliveries.record(&failed(None, &"é".repeat(100_000)));
    let error = deliveries.state(&"6462".into()).unwrap().error.unwrap();
    assert_eq!(error.description.unwrap().chars().count(), 1024);
}

#[tokio::test(start_paused = true)]
async fn the_oldest_that_are_settled_are_forgotten_first_and_all_after_a_time() {
    let deliveries = Deliveries::new().max_messages(10);
    for mid in 0..10 {
        let ack = if mid % 2 == 0 { Ack::Sent } else { Ack::Delivered };
        deliveries.record(&callback(&mid.to_string(), ack));
    }
    for mid in 10..13 {
        deliveries.record(&callback(&mid.to_string(), Ack::Sent));
    }
    let gone: Vec<_> =
        (0..13).filter(|mid: &usize| known(&deliveries, *mid..*mid + 1) == 0).collect();
    assert_eq!(gone, [1, 3, 5]);

    let deliveries = Deliveries::new().max_age(Duration::from_secs(60));
    deliveries.record(&callback("0", Ack::Sent));
    tokio::time::advance(Duration::from_secs(40)).await;
    deliveries.record(&callback("1", Ack::Delivered));
    deliveries.record(&callback("0", Ack::Sent));
    tokio::time::advance(Duration::from_secs(40)).await;
    deliveries.record(&callback("2", Ack::Sent));
    assert_eq!(known(&deliveries, 0..3), 2, "a repeat is no news");
    assert_eq!(known(&deliveries, 0..1), 0);
}

#[test]
fn a_flood_of_made_up_messages_drives_out_nothing_that_is_ours_or_waited_for() {
    let deliveries = Deliveries::new().max_messages(100);
    let watch = deliveries.watch(&"waited for".into());
    for own in 0..50 {
        let id = format!("own {own}");
        let sending = deliveries.expect(&id.as_str().into(), false);
        if own % 2 == 0 {
            sending.ended(Some(&id.as_str().into()));
        }
    }
    let calling = deliveries.expect(&"calling".into(), false);
    for flood in 0..10_000 {
        let mut callback = of_send(&format!("x{flood}"), ACKS[flood % 7], &format!("y{flood}"));
        callback.send_id = callback.send_id.filter(|_| flood % 2 == 0);
        deliveries.record(&callback);
    }
    let book = deliveries.lock();
    assert!(book.messages.len() <= 100 && book.sends.len() <= 100);
    drop(book);
    for own in 0..50 {
        let id = format!("own {own}");
        let (mid, id) = (id.as_str().into(), id.as_str().into());
        assert_eq!(deliveries.record(&of_send("else", Ack::Sent, "own 0")), Change::Refused);
        if own % 2 == 0 {
            assert_eq!(deliveries.resolved(&id), Some(mid));
        } else {
            deliveries.record(&of_send(mid.as_str(), Ack::Sent, id.as_str()));
            assert_eq!(deliveries.resolved(&id), Some(mid));
        }
    }
    deliveries.record(&callback("waited for", Ack::Delivered));
    assert_eq!(watch.state().unwrap().ack, Ack::Delivered);
    drop((watch, calling));
}

#[test]
fn nothing_is_left_of_what_was_only_waited_for() {
    let deliveries = Deliveries::new();
    let watches = [deliveries.watch(&"6462".into()), deliveries.watch(&"6462".into())];
    let refused = deliveries.expect(&"a".into(), false);
    refused.not_sent();
    drop((watches, refused));
    let book = deliveries.lock();
    assert_eq!((book.messages.len(), book.sends.len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn e07_whoever_waits_for_a_send_hears_of_its_message_at_once() {
    let deliveries = Deliveries::new();
    let waiting = tokio::spawn({
        let deliveries = deliveries.clone();
        async move { deliveries.wait_for_send(&"a".into(), Duration::from_secs(120)).await }
    });
    tokio::time::sleep(Duration::from_secs(60)).await;
    deliveries.record(&of_send("6463", Ack::Sent, "b"));
    deliveries.record(&of_send("6462", Ack::Failed, "a"));
    let start = tokio::time::Instant::now();
    assert_eq!(waiting.await.unwrap(), Some("6462".into()));
    assert_eq!(start.elapsed(), Duration::ZERO);
    let unheard = deliveries.wait_for_send(&"c".into(), Duration::from_secs(120)).await;
    assert_eq!((unheard, start.elapsed()), (None, Duration::from_secs(120)));
}

#[test]
fn it_shows_nothing_of_what_it_knows() {
    let deliveries = Deliveries::new();
    deliveries.record(&failed(Some(131_026), "c4n4ry"));
    let shown = format!("{deliveries:?} {:?}", deliveries.state(&"6462".into()));
    assert!(!shown.contains("44151999999") && !shown.contains("c4n4ry"), "{shown}");
}

proptest! {
    #[test]
    fn any_callbacks_in_any_order_stay_within_the_limits(
        callbacks in prop::collection::vec((0_u8..30, -3_i64..12, prop::option::of(0_u8..30)), 0..200),
        count in 0_usize..20,
    ) {
        let deliveries = Deliveries::new().max_messages(count);
        for (mid, ack, id) in callbacks {
            let mut callback = callback(&mid.to_string(), Ack::from(ack));
            callback.send_id = id.map(|id| id.to_string().as_str().into());
            let before = deliveries.state(&callback.mid);
            let change = deliveries.record(&callback);
            let after = deliveries.state(&callback.mid);
            if change != Change::Advanced {
                prop_assert_eq!(&before, &after);
            }
            if let (Some(before), Some(after)) = (before, after) {
                prop_assert_eq!(before.ack.merge(after.ack), after.ack);
            }
            let book = deliveries.lock();
            prop_assert!(book.messages.len() <= count && book.sends.len() <= count);
        }
    }
}
