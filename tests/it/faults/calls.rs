//! H04 and H26 to H29: clocks, budgets, queues and connections.

use std::time::Duration;

use convrs_client::{
    Client, Error, ErrorKind, Limiter, Outcome, RateLimits, RetryPolicy, SendMessage,
    SendSmsMessage, SendTextMessage,
    transport::{MemoryLimits, Phase, TransportErrorKind},
};
use replykit_tests::fault_server::{FaultServer, Script};

use super::harness::{Kind, Op, PATIENT, UNLESS_SEND, YES, client, fails, fault, loopback, row};
use crate::layering::sources;

/// A deadline that the rate limit of one message a second does not keep.
const SOON: Duration = Duration::from_millis(50);

/// A client with the rate limits that it has by default.
fn limited(server: &FaultServer) -> Client {
    client(loopback(), &server.url()).rate_limits(RateLimits::default())
}

fn sms(to: impl Into<String>) -> SendSmsMessage {
    SendSmsMessage::new(3941, to.into().as_str(), "Hello")
}

async fn answering() -> FaultServer {
    FaultServer::start(Script::reply(200, YES)).await
}

fn assert_queued(row: &str, error: &Error, expected: TransportErrorKind) {
    let ErrorKind::Transport(transport) = error.kind() else { panic!("{row}: {error:?}") };
    assert_eq!((transport.phase(), transport.kind()), (Phase::Queue, expected), "{row}");
    assert_eq!((error.outcome(), error.attempts()), (Outcome::NotSent, 1), "{row}");
}

#[tokio::test]
async fn h04_a_deadline_that_passes_in_the_queue_sends_nothing_and_leaves_its_place() {
    let server = answering().await;
    // Room for one that waits.
    let limiter = Limiter::new(MemoryLimits::default(), 1);
    let client = limited(&server).limiter(limiter);
    client.execute(sms("+447922021419")).await.unwrap();
    for _ in 0..2 {
        let waiting = client.execute(sms("+447922021419")).deadline(SOON).await.unwrap_err();
        assert_queued("H04", &waiting, TransportErrorKind::Timeout);
    }
    client.execute(sms("+447922021411")).await.unwrap();
    assert_eq!(server.received().len(), 2, "H04");
}

#[test]
fn h26_nothing_that_waits_or_counts_looks_at_the_wall_clock() {
    for folder in ["transport/src", "convrs-client/src"] {
        for (path, code) in sources(folder) {
            // The time in a proof is neither waited for nor counted by.
            if path.ends_with("proof/clock.rs") {
                continue;
            }
            // Where the server has never told its time, for the range that is asked for.
            let guesses = usize::from(path.ends_with("convrs-client/src/events/backfill.rs"));
            for clock in ["SystemTime::now", "Timestamp::now", "Zoned::now", "UNIX_EPOCH"] {
                let reads = code.matches(clock).count();
                let allowed = if clock == "Timestamp::now" { guesses } else { 0 };
                assert_eq!(reads, allowed, "H26, {clock} in {}", path.display());
            }
        }
    }
}

#[tokio::test]
async fn h26_a_server_whose_clock_is_wrong_changes_no_wait() {
    for (name, date) in [
        ("1970", "Thu, 01 Jan 1970 00:00:00 GMT"),
        ("an hour that does not exist", "Sun, 29 Mar 2026 01:30:00 GMT"),
        ("9999", "Fri, 31 Dec 9999 23:59:59 GMT"),
    ] {
        let headers = format!("Date: {date}\r\nRetry-After: {date}\r\n");
        let at_once = fails(Kind::Http(503), Outcome::Unknown, UNLESS_SEND);
        row("H26", [fault(name, Script::reply_with(503, &headers, ""), at_once)]).await;
    }
}

#[tokio::test]
async fn h27_a_budget_of_repeats_that_is_used_up_ends_the_repeats_and_says_so() {
    const CALLS: u32 = 60;
    let server = FaultServer::start(Script::reply(503, "")).await;
    let client = client(loopback(), &server.url());
    let (mut attempts, mut spent) = (0, 0);
    for _ in 0..CALLS {
        // Clones share the budget.
        let error = Op::Read.execute(&client.clone(), PATIENT, 0).await.unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown, "H27");
        attempts += error.attempts();
        spent += u32::from(error.retry_budget_spent());
    }
    assert_eq!(server.received().len(), attempts as usize, "H27");
    let repeats = attempts - CALLS;
    assert!((20..=20 + CALLS / 5).contains(&repeats), "H27: {repeats} repeats, 20 were saved");
    assert!(spent >= CALLS / 2, "H27: {spent}");
}

#[tokio::test]
async fn h28_one_number_is_one_limit_however_it_is_written_and_whoever_sends() {
    let server = answering().await;
    let client = limited(&server);
    client.execute(sms("+44 792 202 1419")).await.unwrap();
    let other = client.clone();
    let (by_phone, by_uid, by_route) = tokio::join!(
        async { other.execute(sms("44-792-202-1419")).deadline(SOON).await.unwrap_err() },
        async {
            let send = SendTextMessage::new("3941-wa3-447922021419", "Hello");
            client.execute(send).deadline(SOON).await.unwrap_err()
        },
        async {
            let send = SendMessage::new("+447922021419", "welcome");
            client.execute(send).deadline(SOON).await.unwrap_err()
        },
    );
    for error in [by_phone, by_uid, by_route] {
        assert_queued("H28", &error, TransportErrorKind::Timeout);
    }
    client.execute(sms("+447922021411")).await.unwrap();
    assert_eq!(server.received().len(), 2, "H28");
}

#[tokio::test]
async fn h28_ten_messages_a_second_leave_with_a_token_and_the_next_one_waits() {
    let server = answering().await;
    let client = limited(&server);
    // They come to the queue in this order.
    let sends = (0..11).map(|number| {
        let client = client.clone();
        let time = if number < 10 { PATIENT } else { SOON };
        let send = sms(format!("+4479220214{number:02}"));
        tokio::spawn(async move { client.execute(send).deadline(time).await })
    });
    let mut results = Vec::new();
    for send in sends.collect::<Vec<_>>() {
        results.push(send.await.unwrap());
    }
    assert_queued("H28", &results.pop().unwrap().unwrap_err(), TransportErrorKind::Timeout);
    assert!(results.iter().all(Result::is_ok), "H28: {results:?}");
    assert_eq!(server.received().len(), 10, "H28");
}

#[tokio::test]
async fn h28_a_queue_that_is_full_takes_nobody_and_nothing_is_sent() {
    let server = answering().await;
    let client = limited(&server).limiter(Limiter::new(MemoryLimits::default(), 1));
    client.execute(sms("+447922021419")).await.unwrap();
    let (waiting, refused) = tokio::join!(
        async { client.execute(sms("+447922021419")).deadline(SOON).await.unwrap_err() },
        async { client.execute(sms("+447922021411")).await.unwrap_err() },
    );
    assert_queued("H28", &waiting, TransportErrorKind::Timeout);
    assert_queued("H28", &refused, TransportErrorKind::Overloaded);
    assert_eq!(server.received().len(), 1, "H28");
}

/// Answers, says nothing of closing, and closes.
fn closes_idle_connections() -> Script {
    let length = YES.len();
    Script::answer(format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{YES}"))
}

#[tokio::test]
async fn h29_no_send_meets_a_connection_that_the_server_has_closed() {
    const SENDS: usize = 300;
    let server = FaultServer::start(closes_idle_connections()).await;
    let client = client(loopback(), &server.url()).retry_policy(RetryPolicy::never());
    for number in 0..SENDS {
        let op = [Op::Sms, Op::Template, Op::Create][number % 3];
        op.execute(&client, PATIENT, 0).await.unwrap_or_else(|e| panic!("H29, {op:?}: {e:?}"));
    }
    let received = server.received();
    assert_eq!((received.len(), server.connections()), (SENDS, SENDS), "H29");
    assert!(received[0].head.starts_with("POST /api HTTP/1.1\r\n"), "H29");
}

#[tokio::test]
async fn h29_a_send_takes_no_idle_connection_even_if_there_is_one() {
    let length = YES.len();
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{YES}");
    let server = FaultServer::start(Script::request().write(answer).next()).await;
    let client = client(loopback(), &server.url());
    let ops = [Op::Read, Op::Sms, Op::Template, Op::Create];
    for op in ops {
        op.execute(&client, PATIENT, 0).await.unwrap();
    }
    assert_eq!(server.connections(), ops.len(), "H29");
}

#[tokio::test]
async fn h29_reads_and_writes_outlive_idle_connections_that_the_server_closes() {
    let server = FaultServer::start(closes_idle_connections()).await;
    let client = client(loopback(), &server.url());
    for number in 0..100 {
        let op = [Op::Read, Op::Write][number % 2];
        op.execute(&client, PATIENT, 0).await.unwrap_or_else(|e| panic!("H29, {op:?}: {e:?}"));
    }
}
