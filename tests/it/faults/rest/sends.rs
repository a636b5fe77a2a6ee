//! H26, H27, H29, and D01 to D03: what is special about `crm`, and its connections.

use std::{io::ErrorKind as Io, net::TcpListener, time::Duration};

use replykit_sandbox::{HttpFault, Sandbox};
use replykit_tests::fault_server::{FaultServer, Script};
use whatsapp_automation::{
    ErrorKind, Outcome, ProtocolProblem, RetryPolicy,
    crm::{
        Client, CreateGroup, DeleteMessage, Evidence, ListMessages, PatchStatus, Removal,
        SendMessage, UpdateMessage,
    },
    session,
};

use super::{
    super::harness::{PATIENT, loopback},
    Op, YES, client,
};
use crate::layering::sources;

#[test]
fn h26_nothing_that_a_service_waits_for_looks_at_the_wall_clock() {
    for (path, code) in sources("whatsapp-automation/src") {
        for clock in ["SystemTime::now", "Timestamp::now", "Zoned::now", "UNIX_EPOCH"] {
            assert!(!code.contains(clock), "H26, {clock} in {}", path.display());
        }
    }
}

#[tokio::test]
async fn h27_a_budget_of_repeats_of_a_service_that_is_used_up_ends_the_repeats_and_says_so() {
    const CALLS: u32 = 60;
    let server = FaultServer::start(Script::reply(503, "")).await;
    let client = client(loopback(), &server.url());
    let (mut attempts, mut spent) = (0, 0);
    for _ in 0..CALLS {
        // Clones share the budget.
        let error = Op::Read.execute(&client.clone(), PATIENT, 0).await.unwrap_err();
        attempts += error.attempts();
        spent += u32::from(error.retry_budget_spent());
        assert_eq!(error.to_string().contains("no more attempts"), error.retry_budget_spent());
    }
    assert_eq!(server.received().len(), attempts as usize, "H27");
    let repeats = attempts - CALLS;
    assert!((20..=20 + CALLS / 5).contains(&repeats), "H27: {repeats} repeats, 20 were saved");
    assert!(spent >= CALLS / 2, "H27: {spent}");
}

#[tokio::test]
async fn h29_no_send_of_a_service_meets_a_connection_that_the_server_has_closed() {
    const SENDS: usize = 99;
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{YES}", YES.len());
    let server = FaultServer::start(Script::answer(answer.clone())).await;
    let never = client(loopback(), &server.url()).retry_policy(RetryPolicy::never());
    for number in 0..SENDS {
        let ops = [
            Op::Send,
            Op::Upload,
            Op::Create,
            Op::SessionSend,
            Op::SessionUpload,
            Op::SessionSchedule,
        ];
        let op = ops[number % ops.len()];
        op.execute(&never, PATIENT, 0).await.unwrap_or_else(|e| panic!("H29, {op:?}: {e:?}"));
    }
    assert_eq!((server.received().len(), server.connections()), (SENDS, SENDS), "H29");

    // Nor does it take an idle one that is still open.
    let server = FaultServer::start(Script::request().write(answer).next()).await;
    let client = client(loopback(), &server.url());
    for op in [Op::Read, Op::Send, Op::Upload, Op::Create, Op::SessionSend, Op::SessionUpload] {
        op.execute(&client, PATIENT, 0).await.unwrap();
    }
    assert_eq!(server.connections(), 6, "H29");
}

/// The failure of everything that sends, over a server that does the same with each.
async fn failed_sends(script: Script) -> Vec<whatsapp_automation::Error> {
    let server = FaultServer::start(script).await;
    let clients = client(loopback(), &server.url());
    let client = &clients.crm;
    let errors = vec![
        client.execute(SendMessage::new("+1", "Hi")).await.unwrap_err(),
        client.execute(UpdateMessage::new(7, "+1", "Hi")).await.unwrap_err(),
        client.execute(CreateGroup::new("shoes")).await.unwrap_err(),
        client.execute(PatchStatus::new(7)).await.unwrap_err(),
        Op::Upload.execute(&clients, PATIENT, 0).await.unwrap_err(),
        Op::Create.execute(&clients, PATIENT, 0).await.unwrap_err(),
    ];
    let received = server.received();
    assert_eq!(received.len(), errors.len(), "each goes out once");
    for request in received {
        let path = request.head.split(' ').nth(1).unwrap();
        assert!(path.ends_with('/'), "D01: {path}");
    }
    errors
}

#[tokio::test]
async fn d01_a_post_that_is_redirected_goes_nowhere_else_and_is_unknown() {
    let target = TcpListener::bind("127.0.0.1:0").unwrap();
    target.set_nonblocking(true).unwrap();
    let elsewhere = format!("http://{}/whatsapp/", target.local_addr().unwrap());
    for status in [301, 302, 303] {
        for location in [elsewhere.as_str(), "/api/whatsapp/"] {
            let header = format!("Location: {location}\r\n");
            for error in failed_sends(Script::reply_with(status, &header, "")).await {
                assert_eq!(error.status().unwrap().as_u16(), status);
                assert_eq!((error.outcome(), error.attempts()), (Outcome::Unknown, 1), "{status}");
            }
        }
    }
    assert_eq!(target.accept().map(drop).unwrap_err().kind(), Io::WouldBlock);
}

#[tokio::test]
async fn d01_a_list_or_an_object_without_an_id_is_unknown_and_never_sent() {
    for body in ["[]", r#"[{"id":7}]"#, "{}", r#"{"status":"Sent"}"#, r#"{"id":null}"#, "7"] {
        for error in failed_sends(Script::reply(201, body)).await {
            let ErrorKind::Protocol(protocol) = error.kind() else { panic!("{body}: {error:?}") };
            assert_eq!(protocol.problem(), ProtocolProblem::Shape, "{body}");
            assert_eq!((error.outcome(), error.attempts()), (Outcome::Unknown, 1), "{body}");
        }
    }
    for page in [(500, "<h1>Server Error (500)</h1>"), (201, "<h1>Created</h1>")] {
        for error in failed_sends(Script::reply(page.0, page.1)).await {
            assert_eq!((error.outcome(), error.attempts()), (Outcome::Unknown, 1), "{page:?}");
        }
    }
}

#[tokio::test]
async fn d02_a_base_that_is_not_this_machine_needs_tls_and_none_holds_a_password() {
    let base = |base: &str| {
        let transport = loopback().build().unwrap();
        let of_session = session::Client::over(transport.clone(), base.parse().unwrap());
        assert_eq!(
            of_session.is_ok(),
            Client::over(transport.clone(), base.parse().unwrap()).is_ok()
        );
        Client::over(transport, base.parse().unwrap()).map(drop)
    };
    for good in
        ["http://127.0.0.1:1/", "http://127.9.9.9:1/", "http://[::1]:1/crm", "http://LOCALHOST/"]
    {
        assert!(base(good).is_ok(), "{good}");
    }
    for bad in [
        "http://example.com/",
        "http://127.0.0.1.example.com/",
        "http://localhost.example.com/",
        "http://0.0.0.0/",
        "http://[::2]/",
        "http://me:pw@127.0.0.1/",
        "https://me@example.com/",
        "https://example.com/?key=pw",
        "ftp://127.0.0.1/",
        "/crm/",
    ] {
        let error = base(bad).unwrap_err();
        assert_eq!((error.outcome(), error.attempts()), (Outcome::NotSent, 0), "{bad}");
        assert!(!format!("{error} {error:?}").contains("pw"), "{error:?}");
    }
}

async fn sandbox() -> (Sandbox, Client) {
    let sandbox = Sandbox::start().await.unwrap();
    let client = client(loopback(), &sandbox.crm_url()).crm;
    (sandbox, client)
}

#[tokio::test]
async fn d03_a_send_in_doubt_is_found_in_the_list_and_its_copy_is_probably_removed() {
    let (sandbox, client) = sandbox().await;
    let (since, later) = (sandbox.now(), sandbox.now() + Duration::from_secs(3600));
    for send in [SendMessage::new("+1", "now"), SendMessage::new("+1", "later").at(later)] {
        sandbox.crm().fail_next(HttpFault::cut().method(http::Method::POST));
        let error = client.execute(send.clone()).await.unwrap_err();
        assert_eq!((error.outcome(), error.attempts()), (Outcome::Unknown, 1));
        let found = client.reconcile(&send, since).await.unwrap();
        let Evidence::Likely(found) = found else { panic!("{found:?}") };
        assert_eq!((found.len(), &found[0].message), (1, &send.message));
    }
    // What was lost on its way there leaves no trace.
    sandbox.crm().fail_next(HttpFault::dropped().method(http::Method::POST));
    let lost = SendMessage::new("+1", "lost");
    assert_eq!(client.execute(lost.clone()).await.unwrap_err().outcome(), Outcome::Unknown);
    assert_eq!(client.reconcile(&lost, since).await.unwrap(), Evidence::None);

    sandbox.advance(Duration::from_secs(1)).await;
    let messages = client.execute(ListMessages::new()).await.unwrap();
    let removal = client.remove_extra(messages[0].id).await.unwrap();
    assert!(matches!(removal, Removal::TooLate(_)), "{removal:?}");
    let removal = client.remove_extra(messages[1].id).await.unwrap();
    assert!(matches!(removal, Removal::ProbablyRemoved(_)), "{removal:?}");
    sandbox.advance(Duration::from_secs(7200)).await;
    assert_eq!(sandbox.crm().sent().len(), 1);
}

#[tokio::test]
async fn d03_a_server_that_sends_what_it_calls_pending_is_why_removal_is_only_probable() {
    let (sandbox, client) = sandbox().await;
    sandbox.crm().set_running_backend(true);
    sandbox.crm().set_provider(replykit_sandbox::Provider::AnswerLost);
    let later = sandbox.now() + Duration::from_secs(3600);
    let message = client.execute(SendMessage::new("+1", "later").at(later)).await.unwrap();
    sandbox.advance(Duration::ZERO).await;
    let removal = client.remove_extra(message.id).await.unwrap();
    assert!(matches!(removal, Removal::ProbablyRemoved(_)), "{removal:?}");
    assert_eq!(sandbox.crm().sent().len(), 1, "it went out, and its state did not tell");
}

#[tokio::test]
async fn d03_a_deletion_whose_answer_was_lost_is_done_when_the_repeat_finds_nothing() {
    let (sandbox, client) = sandbox().await;
    let message = client.execute(SendMessage::new("+1", "Hi")).await.unwrap();
    sandbox.crm().fail_next(HttpFault::dropped().carried_out().method(http::Method::DELETE));
    client.execute(DeleteMessage::new(message.id)).await.unwrap();
    let error = client.execute(DeleteMessage::new(message.id)).await.unwrap_err();
    assert_eq!((error.outcome(), error.attempts()), (Outcome::Rejected, 1));
}
