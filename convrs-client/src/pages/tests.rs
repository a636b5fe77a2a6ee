use std::{collections::BTreeMap, sync::Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use futures_core::Stream;
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{DateTime, Exchange, Frame};

/// A server that gives no more than `at_most` at once, and counts the requests.
#[derive(Debug)]
struct Server {
    answer: fn(&Value, &[Value], usize) -> Vec<Value>,
    all: Vec<Value>,
    at_most: usize,
    requests: &'static Mutex<Vec<Value>>,
}

#[async_trait]
impl Exchange for Server {
    async fn exchange(&self, frame: &Frame) -> Result<Bytes, Error> {
        let request: Value = serde_json::from_slice(&frame.json).unwrap();
        let data = (self.answer)(&request, &self.all, self.at_most);
        self.requests.lock().unwrap().push(request);
        tokio::task::yield_now().await;
        Ok(json!({"ok": 1, "cmd": frame.name, "data": data}).to_string().into())
    }
}

type Requests = &'static Mutex<Vec<Value>>;

fn server(
    answer: fn(&Value, &[Value], usize) -> Vec<Value>,
    all: Vec<Value>,
    at_most: usize,
) -> (Client, Requests) {
    let requests = Box::leak(Box::default());
    (Client::over(Server { answer, all, at_most, requests }, "t0ken"), requests)
}

fn second(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + seconds).unwrap()
}

fn time(value: &Value) -> Timestamp {
    DateTime::from(value.as_str().unwrap()).timestamp().unwrap()
}

fn message(cid: usize, mid: usize, seconds: i64) -> Value {
    let dt = second(seconds).to_string();
    json!({
        "cid": format!("c{cid}"), "uid": "73-tel-1", "mid": format!("m{mid}"), "typ": "text",
        "sender": "client", "dt": dt
    })
}

/// The messages within the range, of the first `at_most` conversations.
fn by_range(request: &Value, all: &[Value], at_most: usize) -> Vec<Value> {
    let range = time(&request["StartDate"])..=time(&request["EndDate"]);
    let mut cids: Vec<&Value> = Vec::new();
    let within = all.iter().filter(|message| range.contains(&time(&message["dt"])));
    let mut given = Vec::new();
    for message in within {
        if !cids.contains(&&message["cid"]) {
            cids.push(&message["cid"]);
        }
        if cids.len() <= at_most {
            given.push(message.clone());
        }
    }
    given
}

fn by_bot(request: &Value, all: &[Value], at_most: usize) -> Vec<Value> {
    let of_bot = |user: &&Value| request.get("botID").is_none_or(|bot| user["botID"] == *bot);
    all.iter().filter(of_bot).take(at_most).cloned().collect()
}

fn user(number: usize, bot: i64) -> Value {
    json!({"uid": format!("{bot}-tel-{number}"), "botID": bot})
}

/// The entries, and the errors among them.
async fn drain<T>(
    mut stream: impl Stream<Item = Result<T, Error>> + Unpin,
) -> (Vec<T>, Vec<ErrorKind>) {
    let (mut entries, mut errors) = (Vec::new(), Vec::new());
    while let Some(entry) = std::future::poll_fn(|cx| Pin::new(&mut stream).poll_next(cx)).await {
        match entry {
            Ok(entry) => entries.push(entry),
            Err(error) => errors.push(error.into_kind()),
        }
    }
    (entries, errors)
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

#[test]
fn a_range_that_fits_takes_one_request() {
    let (client, requests) = server(by_range, vec![message(1, 1, 5), message(2, 2, 6)], 1000);
    let (messages, errors) = run(drain(client.closed_conversations(second(0)..=second(9))));
    assert_eq!(messages.len(), 2);
    assert!(errors.is_empty());
    let requests = requests.lock().unwrap();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0]["StartDate"], "2023-11-14T22:13:20.000Z");
    assert_eq!(requests[0]["EndDate"], "2023-11-14T22:13:29.000Z");
}

#[test]
fn the_cap_counts_conversations_not_messages() {
    let all = (0..3000).map(|n| message(n % 999, n, 5)).collect();
    let (client, requests) = server(by_range, all, 1000);
    let (messages, errors) = run(drain(client.closed_conversations(second(0)..=second(9))));
    assert_eq!(messages.len(), 3000);
    assert!(errors.is_empty());
    assert_eq!(requests.lock().unwrap().len(), 1);
}

#[test]
fn more_than_1000_conversations_come_in_halves() {
    let all = (0..2500).map(|n| message(n, n, i64::try_from(n).unwrap())).collect();
    let (client, requests) = server(by_range, all, 1000);
    let (messages, errors) = run(drain(client.closed_conversations(second(0)..=second(2499))));
    let cids: Vec<_> = messages.iter().map(|message| message.cid.as_str().to_owned()).collect();
    assert_eq!(cids, (0..2500).map(|n| format!("c{n}")).collect::<Vec<_>>(), "in order");
    assert!(errors.is_empty());
    assert_eq!(requests.lock().unwrap().len(), 7);
}

#[test]
fn a_second_that_is_full_gives_what_there_is_and_says_so() {
    let mut all: Vec<_> = (0..1200).map(|n| message(n, n, 5)).collect();
    all.push(message(2000, 2000, 8));
    let (client, _) = server(by_range, all, 1000);
    let (messages, errors) = run(drain(client.closed_conversations(second(0)..=second(9))));
    assert_eq!(messages.len(), 1001, "and the stream goes on behind it");
    // The moment belongs to the seconds on both of its sides.
    let [ErrorKind::Truncated(truncated), ErrorKind::Truncated(after)] = &errors[..] else {
        panic!("{errors:?}")
    };
    assert_eq!(*truncated, Truncated::Conversations { second: second(4) });
    assert_eq!(*after, Truncated::Conversations { second: second(5) });
    assert!(truncated.to_string().contains("2023-11-14T22:13:24Z"), "{truncated}");
}

#[test]
fn a_server_that_ignores_the_range_is_found_out() {
    fn whatever(_: &Value, all: &[Value], at_most: usize) -> Vec<Value> {
        all.iter().take(at_most).cloned().collect()
    }
    let all = (0..1200).map(|n| message(n, n, 5)).collect();
    let (client, requests) = server(whatever, all, 1000);
    let year = second(0)..=second(365 * 24 * 3600);
    let (messages, errors) = run(drain(client.closed_conversations(year)));
    assert_eq!(messages.len(), 1000);
    let last = errors.last().unwrap();
    assert!(matches!(last, ErrorKind::Truncated(Truncated::RangeIgnored)), "{errors:?}");
    assert!(requests.lock().unwrap().len() < 40);
}

#[test]
fn the_fields_of_the_range_can_be_named() {
    fn nothing(_: &Value, _: &[Value], _: usize) -> Vec<Value> {
        Vec::new()
    }
    let (client, requests) = server(nothing, Vec::new(), 1000);
    let range = second(0)..=second(9);
    run(drain(client.closed_conversations(range).range_fields("from", "to")));
    let requests = requests.lock().unwrap();
    assert_eq!(requests[0]["from"], "2023-11-14T22:13:20.000Z");
    assert_eq!(requests[0]["to"], "2023-11-14T22:13:29.000Z");
    assert!(requests[0].get("StartDate").is_none());
}

#[test]
fn a_start_after_the_end_is_refused_before_anything_is_sent() {
    let (client, requests) = server(by_range, Vec::new(), 1000);
    let (_, errors) = run(drain(client.closed_conversations(second(9)..=second(0))));
    assert!(matches!(errors[..], [ErrorKind::Invalid(_)]), "{errors:?}");
    assert!(requests.lock().unwrap().is_empty());
}

#[test]
fn an_entry_that_cannot_be_read_is_told_once_and_costs_no_other() {
    fn damaged(request: &Value, all: &[Value], at_most: usize) -> Vec<Value> {
        let mut given = by_bot(request, all, at_most);
        given.insert(1, json!({"uid": ["damaged"]}));
        given
    }
    let all: Vec<_> = (0..3).map(|n| user(n, 73)).collect();
    let (client, _) = server(damaged, all, 2);
    let (users, errors) = run(drain(users::with_cap(&client, &[73], 3)));
    assert_eq!(users.len(), 2);
    let malformed =
        errors.iter().filter(|e| matches!(e, ErrorKind::Malformed(m) if m.index() == 1));
    assert_eq!(malformed.count(), 1, "{errors:?}");
}

#[test]
fn users_are_split_by_bot_when_an_answer_is_full() {
    let all: Vec<_> = (0..7000).map(|n| user(n, if n < 4000 { 73 } else { 3941 })).collect();
    let (client, requests) = server(by_bot, all, 5000);
    let (users, errors) = run(drain(client.users([73, 3941])));
    let uids: BTreeMap<_, _> = users.iter().map(|user| (user.uid.clone(), ())).collect();
    assert_eq!((users.len(), uids.len()), (7000, 7000));
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(requests.lock().unwrap().len(), 3);

    let (client, requests) = server(by_bot, vec![user(1, 73)], 5000);
    let users = client.users([73, 3941]).created_after("2020-03-01T00:00:00");
    assert_eq!(run(drain(users)).0.len(), 1);
    let requests = requests.lock().unwrap();
    assert_eq!(requests.len(), 1, "it was not full");
    assert_eq!(requests[0]["CreatedDate"], "2020-03-01T00:00:00");
}

#[test]
fn a_bot_that_is_full_or_was_not_named_is_told() {
    let all: Vec<_> = (0..30).map(|n| user(n, if n < 25 { 73 } else { 3941 })).collect();
    let (client, _) = server(by_bot, all.clone(), 20);
    let (users, errors) = run(drain(users::with_cap(&client, &[73, 3941], 20)));
    assert_eq!(users.len(), 25);
    let full = Truncated::UsersOfBot { bot_id: 73.into() };
    assert!(matches!(&errors[..], [ErrorKind::Truncated(t)] if *t == full), "{errors:?}");

    let (client, _) = server(by_bot, all, 20);
    let (_, errors) = run(drain(users::with_cap(&client, &[3941], 20)));
    let unnamed = Truncated::UnnamedBot { bot_id: Some(73.into()) };
    assert!(matches!(&errors[..], [ErrorKind::Truncated(t)] if *t == unnamed), "{errors:?}");
}

#[test]
fn a_failed_request_ends_the_stream() {
    #[derive(Debug)]
    struct Refusing;
    #[async_trait]
    impl Exchange for Refusing {
        async fn exchange(&self, _: &Frame) -> Result<Bytes, Error> {
            Ok(r#"{"ok":0,"errorCode":1001,"error":"wrong token"}"#.into())
        }
    }
    let mut users = Client::over(Refusing, "t0ken").users([73]);
    run(async {
        let error = users.next().await.unwrap().unwrap_err();
        assert_eq!(error.code(), Some(crate::ErrorCode::InvalidToken));
        assert!(users.next().await.is_none());
    });
}

#[test]
fn an_answer_that_nobody_waits_for_is_not_lost() {
    let (client, requests) = server(by_bot, vec![user(1, 73)], 5000);
    let mut users = client.users([73]);
    run(async {
        let mut cx = Context::from_waker(std::task::Waker::noop());
        assert!(Box::pin(users.next()).as_mut().poll(&mut cx).is_pending(), "asked, and dropped");
        assert_eq!(users.next().await.unwrap().unwrap().uid.as_str(), "73-tel-1");
        assert!(users.next().await.is_none());
    });
    assert_eq!(requests.lock().unwrap().len(), 1);
}

proptest! {
    #[test]
    fn no_message_is_repeated_or_lost_unless_it_is_said(
        times in prop::collection::vec((0..40usize, 0..200i64), 0..120),
        at_most in 1..8usize,
    ) {
        let all: Vec<_> =
            times.iter().enumerate().map(|(mid, (cid, at))| message(*cid, mid, *at)).collect();
        let (client, _) = server(by_range, all, at_most);
        let range = second(0)..=second(199);
        let stream = closed_conversations::with_cap(&client, range, at_most);
        let (messages, errors) = run(drain(stream));
        let mut mids: Vec<_> = messages.iter().map(|message| message.mid.clone()).collect();
        let given = mids.len();
        mids.sort();
        mids.dedup();
        prop_assert_eq!(given, mids.len(), "no repeats");
        if errors.is_empty() {
            prop_assert_eq!(given, times.len(), "no losses");
        }
        for (mid, (_, at)) in times.iter().enumerate() {
            let told = errors.iter().any(|error| match error {
                ErrorKind::Truncated(Truncated::Conversations { second: told }) => {
                    (*told..=*told + jiff::SignedDuration::from_secs(1)).contains(&second(*at))
                }
                ErrorKind::Truncated(Truncated::RangeIgnored) => true,
                _ => false,
            });
            let mid = crate::Mid::from(format!("m{mid}"));
            prop_assert!(told || mids.contains(&mid), "{mid} was lost in silence");
        }
    }
}
