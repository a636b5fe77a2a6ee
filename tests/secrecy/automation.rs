//! WhatsApp automation: all that its client and its sandbox say of what goes over them.

use std::fmt::{Debug, Display};

use http::Method;
use replykit_sandbox::{HttpFault, Provider};
use whatsapp_automation::{
    Error, ErrorKind, Media,
    crm::{
        Client, CreateContact, CreateGroup, DeleteContact, Endpoint, GetContact, ListContacts,
        ListGroups, ListMessages, ListStatuses, PatchContact, PatchMessage, PatchStatus,
        PostStatus, SendMessage, UpdateContact, UpdateGroup, UpdateMessage, UpdateStatus,
    },
};

use super::{EMAIL, Keep, NAME, NUMBER, PATH, TEXT, http, raw};
use crate::*;

pub(super) const PAGE: &str = "c4n4ry-l4nding-p4ge";
pub(super) const FILE: &str = "c4n4ry-medi4.png";
pub(super) const BYTES: &str = "c4n4ry-byte5-of-medi4";
pub(super) const PASSWORD: &str = "c4n4ry-p4ssw0rd";

pub(super) fn write(shown: &dyn Debug) {
    writeln!(Keep, "{shown:?} {shown:#?}").unwrap();
}

pub(super) fn show(error: &Error) {
    write(error);
    let mut next = Some(error as &dyn std::error::Error);
    while let Some(error) = next {
        write(&error);
        writeln!(Keep, "{error}").unwrap();
        next = error.source();
    }
    let inner: &dyn Display = match error.kind() {
        ErrorKind::Invalid(inner) => inner,
        ErrorKind::Transport(inner) => inner,
        ErrorKind::Api(inner) => inner,
        ErrorKind::Protocol(inner) => inner,
        ErrorKind::Login(inner) => inner,
        _ => return,
    };
    writeln!(Keep, "{inner}").unwrap();
}

async fn run_one<E: Endpoint<Output: Debug> + Debug>(client: &Client, endpoint: E) {
    write(&endpoint);
    let call = client.execute(endpoint).deadline(Duration::from_millis(150));
    write(&call);
    match call.await {
        Ok(output) => write(&output),
        Err(error) => show(&error),
    }
}

/// Every endpoint that carries personal data, there or back.
async fn everything(client: &Client) {
    write(client);
    let text = || Some(TEXT.to_owned());
    let cat = || Media::new(format!("/{PATH}/{FILE}"), "image/png", BYTES);
    run_one(client, CreateContact::new(NAME, NUMBER, PAGE)).await;
    run_one(client, CreateContact::new(NAME, NUMBER, PAGE)).await;
    run_one(client, CreateContact::new(EMAIL, NUMBER, PAGE)).await;
    run_one(client, UpdateContact::new(1, NAME, NUMBER, PAGE)).await;
    let mut patch = PatchContact::new(1);
    patch.landing_page = Some(PAGE.to_owned());
    run_one(client, patch).await;
    run_one(client, GetContact::new(1)).await;
    let later = "2036-02-28T15:00:00Z";
    for send in [SendMessage::new(NUMBER, TEXT), SendMessage::new(NUMBER, TEXT).at(later)] {
        run_one(client, send.clone()).await;
        let since = "2025-01-01T00:00:00Z".parse().unwrap();
        match client.reconcile(&send, since).await {
            Ok(evidence) => write(&evidence),
            Err(error) => show(&error),
        }
    }
    for id in [1, 2] {
        match client.remove_extra(id).await {
            Ok(removal) => write(&removal),
            Err(error) => show(&error),
        }
        match client.wait_until_sent(id, Duration::ZERO).await {
            Ok(waited) => write(&waited),
            Err(error) => show(&error),
        }
    }
    run_one(client, UpdateMessage::new(1, NUMBER, TEXT)).await;
    let mut patch = PatchMessage::new(1);
    patch.message = text();
    run_one(client, patch).await;
    run_one(client, PostStatus::text(TEXT)).await;
    let mut post = PostStatus::media(cat());
    post.text = text();
    run_one(client, post).await;
    let mut update = UpdateStatus::new(1);
    (update.text, update.media) = (text(), Some(cat()));
    run_one(client, update).await;
    let mut patch = PatchStatus::new(1);
    patch.text = Some(text());
    run_one(client, patch).await;
    let mut group = CreateGroup::new(NAME);
    group.landing_page = Some(PAGE.to_owned());
    run_one(client, group.clone()).await;
    run_one(client, group).await;
    run_one(client, UpdateGroup::new(1, PAGE)).await;
    run_one(client, ListContacts::new()).await;
    run_one(client, ListMessages::new()).await;
    run_one(client, ListStatuses::new()).await;
    run_one(client, ListGroups::new()).await;
    run_one(client, DeleteContact::new(7)).await;
    // What breaks a rule.
    run_one(client, SendMessage::new(TEXT.repeat(9), TEXT)).await;
    run_one(client, SendMessage::new(NUMBER, TEXT).at(TEXT)).await;
    run_one(client, PostStatus::media(Media::new(format!("{FILE}\n"), "image/png", BYTES))).await;
}

pub(super) fn client(base: &str) -> Client {
    let transport = ReqwestTransport::builder()
        .loopback_only()
        .connect_timeout(Duration::from_millis(50))
        .build()
        .unwrap();
    let mut policy = RetryPolicy::default();
    (policy.base, policy.longest_wait) = (Duration::from_millis(1), Duration::from_millis(50));
    // A query in a base is refused, which would be all that there is to see.
    let base = base.split('?').next().unwrap().parse().unwrap();
    Client::over(transport, base).unwrap().retry_policy(policy)
}

/// What a server may say, with what it was sent in its words.
fn answers() -> Vec<String> {
    let echo = format!("{NAME} {NUMBER} {EMAIL} {TEXT} {PAGE} {FILE} {BYTES}");
    let object = format!(
        r#"{{"id":1,"name":"{NAME}","phone_number":"{NUMBER}","landing_page":"{PAGE}","message":"{TEXT}","text":"{TEXT}","media":"http://127.0.0.1/{FILE}","status":"Failed: {echo}","user":"{EMAIL}","scheduled_at":"{TEXT}","created_at":"{echo}","new":"{echo}"}}"#
    );
    let bad = object.replace(r#""id":1"#, &format!(r#""id":"{echo}""#));
    let (list, empty) = (format!("[{object},{bad},\"{echo}\"]"), String::new());
    let mut answers = vec![
        http("200 OK", &object),
        http("200 OK", &bad),
        http("200 OK", &list),
        http("200 OK", &object.replace(r#""id":1"#, r#""id":2"#)),
        http("200 OK", &format!("<html>{echo}</html>")),
        http("200 OK", &format!("\"{echo}\"")),
        http("502 Bad Gateway", &echo),
        http("429 Too Many Requests", &echo),
        format!(
            "HTTP/1.1 301 There\r\nlocation: https://x.example/{PATH}\r\ncontent-length: 0\r\n\r\n"
        ),
        format!("HTTP/1.1 201 Created\r\ncontent-length: 9999\r\n\r\n{object}"),
        format!("HTTP/9 {echo}\r\n\r\n"),
        empty,
    ];
    for body in [
        format!(r#"{{"phone_number":["{echo}"],"name":"{echo}"}}"#),
        format!(r#"{{"error":"{echo}"}}"#),
        format!(r#"{{"{NAME}":["{echo}"],"{NUMBER}":["no"]}}"#),
        format!(r#"{{"detail":{{"{TEXT}":"{echo}"}}}}"#),
    ] {
        answers.extend([http("400 Bad Request", &body), http("500 Oops", &body)]);
    }
    answers
}

/// Returns what must not be seen either: what only the sandbox knew.
pub(super) async fn run() -> Vec<String> {
    let sandbox = Sandbox::start().await.unwrap();
    let crm = sandbox.crm();
    let client = client(&sandbox.crm_url());
    everything(&client).await;
    crm.person_writes(NUMBER, &format!("hello {TEXT}"));
    crm.add_wordpress_row(NAME, NUMBER, PAGE);
    crm.add_reply_rule(TEXT, TEXT);
    sandbox.advance(Duration::from_secs(600)).await;
    for provider in
        [Provider::Refuses(TEXT.to_owned()), Provider::Unreachable, Provider::AnswerLost]
    {
        write(&provider);
        crm.set_provider(provider);
        let fault = HttpFault::cut().method(Method::POST);
        write(&fault);
        crm.fail_next(fault);
        everything(&client).await;
        sandbox.advance(Duration::from_secs(60)).await;
    }
    assert!(crm.sent().iter().any(|sent| sent.media.is_some()));
    write(&crm.sent());
    write(&crm);
    write(&sandbox);
    for answer in answers() {
        everything(&self::client(&raw(answer).await)).await;
    }
    let closed = TcpSocket::new_v4().unwrap();
    closed.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    everything(&self::client(&format!("http://{}/{PATH}/", closed.local_addr().unwrap()))).await;
    session::run(&sandbox).await
}
