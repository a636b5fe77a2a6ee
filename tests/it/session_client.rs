//! The client of session and the sandbox, which know nothing of each other.

use std::time::Duration;

use replykit_sandbox::{HttpFault, Sandbox};
use whatsapp_automation::{
    ErrorKind, Invalid, LoginProblem, Media, OperationClass, Outcome, ProtocolProblem, session::*,
    transport::Body,
};

use crate::support::transport;

fn client(sandbox: &Sandbox) -> Client {
    Client::over(transport(), sandbox.session_url().parse().unwrap()).unwrap()
}

fn registration() -> Register {
    let mut register = Register::new("johndoe", "securePassword123");
    (register.name, register.phone) = ("John Doe".into(), "+1234567890".into());
    register.email = "john@example.com".into();
    register
}

/// An account that is logged in, with a phone.
async fn paired() -> (Sandbox, Client) {
    let sandbox = Sandbox::start().await.unwrap();
    let client = client(&sandbox);
    client.execute(registration().keep_password()).await.unwrap();
    client.execute(CreateQr::new()).await.unwrap();
    sandbox.session().confirm_pairing("johndoe", "+1234567890", "John's WhatsApp").unwrap();
    (sandbox, client)
}

#[tokio::test]
async fn an_account_goes_round() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = client(&sandbox);
    let error = client.execute(GetProfile::new()).await.unwrap_err();
    assert_eq!(error.login_problem(), Some(LoginProblem::NotLoggedIn));
    client.execute(registration()).await.unwrap();
    assert_eq!(client.execute(GetProfile::new()).await.unwrap().phone, "+1234567890");
    // A name that is taken is refused, and costs nobody the session.
    let error = client.execute(registration()).await.unwrap_err();
    assert_eq!(error.status().unwrap().as_u16(), 409);
    client.execute(GetProfile::new()).await.unwrap();
    client.execute(Logout::new()).await.unwrap();
    assert!(client.execute(GetProfile::new()).await.is_err());
    let error = client.execute(Login::new("johndoe", "wrong")).await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::Rejected);
    let user = client.execute(Login::new("johndoe", "securePassword123")).await.unwrap().user;
    assert_eq!(user.unwrap().name, "John Doe");
}

#[tokio::test]
async fn a_phone_is_paired_by_the_code() {
    let (sandbox, client) = paired().await;
    let status = client.execute(GetWhatsAppStatus::new()).await.unwrap();
    assert_eq!(status.status, WhatsAppState::Authenticated);
    assert_eq!(status.name.as_deref(), Some("John's WhatsApp"));
    assert_eq!(client.execute(ListGroups::new()).await.unwrap().len(), 2);
    sandbox.session().unpair("johndoe").unwrap();
    let status = client.execute(GetWhatsAppStatus::new()).await.unwrap();
    assert_eq!(status.status, WhatsAppState::Other("disconnected".into()));
    let code = client.execute(CreateQr::new()).await.unwrap();
    assert!(code.payload().starts_with("2@") && !code.payload().contains('%'));
    let error = client.execute(SendMessage::new("+1234567890", "Hi")).await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::Rejected);
}

#[tokio::test]
async fn messages_go_round() {
    let (sandbox, client) = paired().await;
    let since = sandbox.now();
    let cat = Media::new("../cat.png", "image/png", &b"\x89PNG"[..]);
    let send = SendMessage::new("+40712345678", "Look!").media(cat);
    let accepted = client.execute(send.clone()).await.unwrap();
    assert_eq!(accepted.scheduled_for, None);
    let later = since + Duration::from_secs(3600);
    let mut schedule = ScheduleMessage::new("+40712345678", "Good morning.", later);
    schedule.ai_modifications.add_emojis = true;
    let scheduled = client.execute(schedule.clone()).await.unwrap();
    assert_eq!(scheduled.scheduled_for.unwrap().timestamp(), Some(later));

    sandbox.advance(Duration::from_secs(1)).await;
    let minute = Duration::from_secs(60);
    let waited = client.wait_until_sent(accepted.message_id, minute).await.unwrap();
    assert!(matches!(waited, Waited::Sent(_)), "{waited:?}");
    let sent = sandbox.session().sent();
    let media = sent[0].media.as_ref().unwrap();
    assert_eq!((media.name.as_str(), media.size), ("cat.png", 4));

    let Evidence::Likely(found) = client.reconcile(&send, since).await.unwrap() else { panic!() };
    assert_eq!(found.len(), 1);
    let Evidence::Possible(found) = client.reconcile(&schedule, since).await.unwrap() else {
        panic!()
    };
    assert_eq!(found[0].id, scheduled.message_id);
    assert!(matches!(client.reconcile(&send, later).await.unwrap(), Evidence::None));
}

#[tokio::test]
async fn a_file_goes_from_the_disk_to_the_phone_and_a_large_one_is_refused() {
    let (sandbox, client) = paired().await;
    let path = std::env::temp_dir().join(format!("replykit-{}-film.mp4", std::process::id()));
    let film = async |len: u64| {
        std::fs::File::create(&path).unwrap().set_len(len).unwrap();
        let film = Media::file(&path).await.unwrap().max_len(u64::MAX);
        let send = SendMessage::new("+40712345678", "Look!").media(film);
        client.execute(send).deadline(Duration::from_secs(60)).await
    };
    film(9 << 20).await.unwrap();
    let error = film((128 << 20) + 1).await.unwrap_err();
    assert_eq!((error.outcome(), error.status().unwrap().as_u16()), (Outcome::Rejected, 413));
    std::fs::remove_file(&path).unwrap();
    sandbox.advance(Duration::from_secs(1)).await;
    let sent = sandbox.session().sent();
    let media = sent[0].media.as_ref().unwrap();
    assert_eq!((sent.len(), media.content_type.as_str(), media.size), (1, "video/mp4", 9 << 20));
}

#[tokio::test]
async fn what_is_wrong_is_refused_and_nothing_is_sent() {
    let (sandbox, client) = paired().await;
    let send = |to: &str, text: &str| SendMessage::new(to, text);
    let past = sandbox.now() - Duration::from_secs(60);
    for (send, here) in [
        (send("", "Hi"), true),
        (send("+40712345678", " \n"), true),
        (send("+40712345678", "Hi").at("tomorrow"), true),
        (send("+40712345678", "Hi").at(past), false),
        (send("1234567890123456789012", "Hi"), false),
    ] {
        let error = client.execute(send.clone()).await.unwrap_err();
        let invalid = matches!(error.kind(), ErrorKind::Invalid(_));
        assert_eq!(invalid, here, "{error:?} {send:?}");
        assert_ne!(error.outcome(), Outcome::Unknown, "{error:?}");
    }
    sandbox.advance(Duration::from_secs(3600)).await;
    assert_eq!(sandbox.session().sent(), []);
    assert_eq!(client.execute(GetQueue::new()).await.unwrap().pagination.total, 0);
}

/// A send without the rules of the client.
struct Unchecked<'a>(&'a SendMessage);

impl Endpoint for Unchecked<'_> {
    const NAME: &'static str = "unchecked";
    const METHOD: http::Method = SendMessage::METHOD;
    const CLASS: OperationClass = SendMessage::CLASS;
    type Output = Accepted;

    fn path(&self) -> String {
        self.0.path()
    }

    fn body(&self) -> Result<Option<(http::HeaderValue, Body)>, Invalid> {
        self.0.body()
    }

    fn read(&self, body: &[u8]) -> Result<Accepted, ProtocolProblem> {
        self.0.read(body)
    }
}

#[tokio::test]
async fn what_the_client_refuses_could_not_be_sent() {
    let (_sandbox, client) = paired().await;
    let send = SendMessage::new;
    let mut sends: Vec<_> = ["", " ", "\u{a0}", "\u{200b}", "+", "123", "+123456", "group_id_1"]
        .map(|to| send(to, "Hi"))
        .into();
    sends.extend(
        ["+1234567", "123456789012345", "1234567890123456", "+1 234 567"].map(|to| send(to, "Hi")),
    );
    sends.extend(
        ["", "\r\n\t", "\u{2003}", "\u{feff}", "\0", "."].map(|text| send("+1234567890", text)),
    );
    for time in [
        "2036-01-01T00:00:00Z",
        "2036-01-01T00:00:00.123456789Z",
        "2036-01-01t00:00:00z",
        "2036-01-01 00:00:00",
        "2036-01-01T00:00",
        "20360101T000000Z",
        "2036-01-01T00:00:00+05:30",
        "2036-01-01T00:00:00+25:00",
        "2036-01-01T00:00:00[UTC]",
        "2036-01-01T24:00:00Z",
        "2036-02-30T00:00:00Z",
        "2036-01-01",
        "10:00",
        "tomorrow",
        "2000-01-01T00:00:00Z",
    ] {
        sends.push(send("+1234567890", "Hi").at(time));
    }
    let mut left_to_the_server = Vec::new();
    for send in &sends {
        let is_taken = client.execute(Unchecked(send)).await.is_ok();
        if send.validate().is_err() {
            assert!(!is_taken, "{} {} {send:?}", send.phone_id, send.message);
        } else if !is_taken {
            left_to_the_server.push((send.phone_id.as_str(), send.scheduled_time.is_some()));
        }
    }
    // What a phone number is, and which times have passed.
    let numbers = ["\u{200b}", "+", "123", "+123456", "1234567890123456", "+1 234 567"];
    let mut expected: Vec<_> = numbers.map(|number| (number, false)).into();
    expected.push(("+1234567890", true));
    assert_eq!(left_to_the_server, expected);
}

#[tokio::test]
async fn the_queue_is_read_to_its_end() {
    let (_sandbox, client) = paired().await;
    for number in 0..250 {
        client.execute(SendMessage::new("+40712345678", format!("{number}"))).await.unwrap();
    }
    let (mut queue, mut texts) = (client.queue(), Vec::new());
    while let Some(message) = queue.next().await {
        texts.push(message.unwrap().message);
    }
    texts.sort_by_key(|text| text.parse::<u32>().unwrap());
    assert_eq!(texts, (0..250).map(|number| number.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn k02_a_session_that_is_over_is_begun_anew_by_one_login_for_all() {
    let (sandbox, client) = paired().await;
    let before = sandbox.session().logins();
    sandbox.session().expire_sessions();
    let calls = (0..10).map(|n| {
        let client = client.clone();
        async move { client.execute(SendMessage::new("+40712345678", format!("{n}"))).await }
    });
    let mut running = tokio::task::JoinSet::new();
    calls.for_each(|call| _ = running.spawn(call));
    for result in running.join_all().await {
        result.unwrap();
    }
    assert_eq!(sandbox.session().logins(), before + 1);
    sandbox.advance(Duration::from_secs(1)).await;
    assert_eq!(sandbox.session().sent().len(), 10);
}

#[tokio::test]
async fn a_session_goes_on_in_another_process() {
    let (sandbox, first) = paired().await;
    let saved = serde_json::to_string(&first.save()).unwrap();
    let second = client(&sandbox);
    second.restore(&serde_json::from_str(&saved).unwrap()).unwrap();
    second.execute(GetProfile::new()).await.unwrap();
    // It has no password.
    sandbox.session().expire_sessions();
    let error = second.execute(GetProfile::new()).await.unwrap_err();
    assert_eq!(error.login_problem(), Some(LoginProblem::Expired));
    first.execute(GetProfile::new()).await.unwrap();
}

#[tokio::test]
async fn a_send_whose_answer_was_lost_is_found_and_not_repeated() {
    let (sandbox, client) = paired().await;
    let since = sandbox.now();
    sandbox.session().fail_next(HttpFault::dropped().carried_out().method(http::Method::POST));
    let send = SendMessage::new("+40712345678", "Hi");
    let error = client.execute(send.clone()).await.unwrap_err();
    assert_eq!((error.outcome(), error.attempts()), (Outcome::Unknown, 1));
    let Evidence::Likely(found) = client.reconcile(&send, since).await.unwrap() else { panic!() };
    sandbox.advance(Duration::from_secs(1)).await;
    assert_eq!((found.len(), sandbox.session().sent().len()), (1, 1));
}
