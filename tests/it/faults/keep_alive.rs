//! H29: a server that closes connections while they are idle, and requests that are on their way to it.

use std::collections::BTreeMap;

use convrs_client::{ErrorKind, Outcome, RetryPolicy, transport::Phase};
use replykit_tests::fault_server::{FaultServer, Plan, Script, Step};
use tokio::task::JoinSet;

use super::harness::{Op, PATIENT, YES, client, loopback};

/// Answers all that comes. Behind some answers it closes the connection, and behind others it does so
/// only when the next request is on its way already, which is then lost with it.
fn impatient() -> Plan {
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{YES}", YES.len());
    Plan::by_turn(move |turn| {
        let answered = Script::request().write(answer.clone());
        match turn % 20 {
            7 => answered.fin(),
            13 => answered.then(Step::ReadBytes(1)).reset(),
            _ => answered.next(),
        }
    })
}

/// How often the server received each command.
fn received(server: &FaultServer) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for request in server.drain() {
        *counts.entry(request.command()).or_default() += 1;
    }
    counts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h29_three_thousand_sends_and_as_many_other_calls_survive_a_server_that_closes_early() {
    const CALLERS: usize = 4;
    const EACH: usize = 250;
    const OPS: [Op; 6] = [Op::Sms, Op::Read, Op::Template, Op::Write, Op::Create, Op::Read];
    let server = FaultServer::start(impatient()).await;
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let client = client(loopback(), &server.url());
        callers.spawn(async move {
            for op in OPS.into_iter().cycle().take(OPS.len() * EACH) {
                let done = op.execute(&client, PATIENT, 0).await;
                done.unwrap_or_else(|e| panic!("H29, {op:?}: {e:?}"));
            }
        });
    }
    callers.join_all().await;

    let received = received(&server);
    for send in ["SendSMSMessage", "SendWhatsAppTemplate", "CreateUserTag"] {
        assert_eq!(received[send], CALLERS * EACH, "H29: each {send} goes out once");
    }
    assert!(server.connections() >= 3 * CALLERS * EACH, "H29: each send has its own connection");
}

#[tokio::test]
async fn h29_what_is_lost_that_way_is_unknown_where_nothing_repeats_it() {
    let server = FaultServer::start(impatient()).await;
    let client = client(loopback(), &server.url()).retry_policy(RetryPolicy::never());
    let mut lost = 0;
    for _ in 0..200 {
        let Err(error) = Op::Read.execute(&client, PATIENT, 0).await else { continue };
        let ErrorKind::Transport(transport) = error.kind() else { panic!("H29: {error:?}") };
        // A connection that is closed before the call takes it may be seen in time, or not.
        match transport.phase() {
            Phase::Unwritten => assert_eq!(error.outcome(), Outcome::NotSent, "H29"),
            _ => {
                assert_eq!(error.outcome(), Outcome::Unknown, "H29");
                lost += 1;
            }
        }
    }
    // One answer in twenty has lost its connection for the call behind it.
    assert!((8..=20).contains(&lost), "H29: {lost}");
}
