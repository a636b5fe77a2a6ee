//! Nothing that anybody logs holds a secret or personal data: every crate at TRACE, and whatever an
//! error or a panic shows. A process of its own, for the subscriber is global.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod automation;
mod leads;
mod session;
mod sockets;

use std::{
    io::{self, Write},
    sync::{Mutex, OnceLock},
    time::Duration,
};

use convrs_client::{
    Client, Command, Error, ErrorCode, GetConversation, GetUser, RateLimits, RetryPolicy,
    SendMessage, SendSmsMessage, SendTextMessage, SendWhatsAppTemplate, SetUserEmail, SetUserName,
    SetUserNotes, SetUserPhone, TemplateParameter, WebhookHeader, WhatsAppError,
    transport::ReqwestTransport,
    webhook::{Access, Keys, Received, ReceiverLimits, Webhook},
};
use replykit_sandbox::{Fault, Sandbox};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket},
};

const TOKEN: &str = "c4n4ry-t0ken-5ecret-0123456789";
const HEADER: &str = "c4n4ry-he4der-v4lue";
const NAME: &str = "C4n4ry N4me Surn4me";
const TEXT: &str = "c4n4ry mess4ge text";
const EMAIL: &str = "c4n4ry@m4il.example";
const NUMBER: &str = "+447911987654";
const PATH: &str = "c4n4ry-p4th";

/// What must not be seen: the canaries, their parts, and their usual disguises.
fn forbidden() -> Vec<String> {
    let mut words = vec!["7911987654".to_owned()];
    let automation = [automation::PAGE, automation::FILE, automation::BYTES, automation::PASSWORD];
    for canary in [TOKEN, HEADER, NAME, TEXT, EMAIL, PATH].into_iter().chain(automation) {
        words.extend(canary.as_bytes().windows(8).map(|w| String::from_utf8_lossy(w).into_owned()));
        words.push(canary.replace(' ', "%20"));
        words.push(canary.replace(' ', "+"));
        // Whichever of the three phases of base64 it falls into.
        for phase in 0..3 {
            words.push(base64(&canary.as_bytes()[phase..phase + 9]));
        }
    }
    words
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = bytes.chunks_exact(3).flat_map(|three| {
        let number = u32::from_be_bytes([0, three[0], three[1], three[2]]);
        [18, 12, 6, 0].map(|shift| ALPHABET[(number >> shift & 63) as usize] as char)
    });
    digits.collect()
}

static LOG: OnceLock<Mutex<Vec<u8>>> = OnceLock::new();

fn log() -> &'static Mutex<Vec<u8>> {
    LOG.get_or_init(Mutex::default)
}

/// Keeps what is logged.
struct Keep;

impl Write for Keep {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        log().lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a person would write into a log of their own.
fn show(error: &Error) {
    let mut shown = format!("{error} {error:?} {error:#?} {:?}", error.kind());
    let mut next = std::error::Error::source(error);
    while let Some(source) = next {
        shown += &format!(" {source} {source:?}");
        next = source.source();
    }
    writeln!(Keep, "{shown}").unwrap();
}

async fn run<C: Command>(client: &Client, command: C) {
    match client.execute(command).deadline(Duration::from_millis(150)).await {
        Ok(output) => drop(output),
        Err(error) => show(&error),
    }
}

/// Every command that carries personal data.
async fn everything(client: &Client) {
    let uid = "3941-wa3-447911987654";
    let mut template = SendWhatsAppTemplate::new(3941, NUMBER, "order_update", "en");
    template.webhook_url = Some(format!("http://127.0.0.1:1/{PATH}"));
    template.webhook_headers = Some(vec![WebhookHeader::new("X-Secret", HEADER)]);
    template.parameters = Some(vec![TemplateParameter::text(NAME)]);
    run(client, template.clone()).await;
    template.parameters = None;
    run(client, template).await;
    run(client, SendSmsMessage::new(3941, NUMBER, TEXT)).await;
    let mut routed = SendMessage::new(NUMBER, "welcome");
    routed.message = Some(TEXT.to_owned());
    run(client, routed).await;
    run(client, SendTextMessage::new(uid, TEXT)).await;
    run(client, SetUserName::new(uid, NAME)).await;
    run(client, SetUserEmail::new(uid, EMAIL)).await;
    run(client, SetUserNotes::new(uid, TEXT)).await;
    run(client, SetUserPhone::new(uid, NUMBER)).await;
    run(client, GetUser::new(uid)).await;
    run(client, GetConversation::new(uid)).await;
}

fn client(url: &str) -> Client {
    let transport = ReqwestTransport::builder()
        .loopback_only()
        .connect_timeout(Duration::from_millis(50))
        .build()
        .unwrap();
    let mut limits = RateLimits::default();
    (limits.per_number, limits.per_token) = (1000, 1000);
    let mut policy = RetryPolicy::default();
    policy.base = Duration::from_millis(1);
    let client = Client::over_http(transport, url.parse().unwrap(), TOKEN).unwrap();
    client.rate_limits(limits).retry_policy(policy)
}

/// A server that answers every request with these bytes and closes.
async fn raw(answer: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/{PATH}?token={TOKEN}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut request = vec![0; 4096];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            });
        }
    });
    url
}

fn http(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nx-echo: {TOKEN}\r\n\r\n{body}", body.len())
}

/// All that a server may say, with what it was sent in its words.
fn answers() -> Vec<String> {
    let echo = format!("{TOKEN} {NAME} {NUMBER} {EMAIL} {TEXT}");
    let refusal = |code: i64| {
        format!(
            r#"{{"ok":0,"error":"{echo}","errorCode":{code},"whatsappErrorCode":131000,"whatsappErrorDesc":"{echo}"}}"#
        )
    };
    let mut answers: Vec<_> =
        ErrorCode::TABLE.iter().map(|info| http("200 OK", &refusal(info.number))).collect();
    answers.extend([
        http("200 OK", &format!("<html>{echo}</html>")),
        http("200 OK", &format!(r#"{{"ok":1,"cmd":"{TEXT}","mid":["{echo}"]}}"#)),
        http("502 Bad Gateway", &echo),
        http("429 Too Many Requests", &echo),
        http("500 Oops", &format!(r#"{{"ok":1,"mid":"6462","x":"{echo}"}}"#)),
        format!(
            "HTTP/1.1 307 There\r\nlocation: https://x.example/{TOKEN}\r\ncontent-length: 0\r\n\r\n"
        ),
        format!("HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n{echo}"),
        format!("HTTP/9 {echo}\r\n\r\n"),
        String::new(),
    ]);
    answers
}

/// Posts to a webhook that are stored, that are refused, and that the sink does not store.
async fn posts() {
    let header = http::HeaderName::from_static("x-secret");
    let access = Access::by_path(Keys::new([TOKEN]).unwrap()).unwrap();
    let access = access.and_header(header, Keys::new([HEADER]).unwrap()).unwrap();
    let mut limits = ReceiverLimits::default();
    limits.sink_time = Duration::from_millis(20);
    let webhook = Webhook::new(access, |received: Received| async move {
        writeln!(Keep, "{received:?}")?;
        match received.event.cmd() {
            "onUserCreate" => Ok(()),
            "onUserDelete" => Err(TEXT.into()),
            _ => std::future::pending().await,
        }
    });
    let webhook = webhook.limits(limits).on_failure(|letter| {
        writeln!(Keep, "{letter:?} {} {:?}", letter.reason, letter.reason).unwrap();
    });
    writeln!(Keep, "{webhook:?} {webhook:#?}").unwrap();
    let user = format!(r#""data":{{"uid":"1","name":"{NAME}","phone":"{NUMBER}"}}"#);
    let created = format!(r#"{{"cmd":"onUserCreate","ok":1,{user}}}"#);
    for (path, secret, body, status) in [
        (TOKEN, HEADER, created.clone(), 200),
        (TOKEN, HEADER, created.replace("Create", "Delete"), 503),
        (TOKEN, HEADER, format!("{NAME} {EMAIL}"), 503),
        (TOKEN, HEADER, TEXT.repeat(100_000), 413),
        (TOKEN, NAME, created.clone(), 401),
        (PATH, HEADER, created, 404),
    ] {
        let request = http::Request::post(format!("/{PATH}/{path}?token={TOKEN}"));
        let request = request.header("x-secret", secret).body(body).unwrap();
        let answer = webhook.respond(request).await;
        assert_eq!(answer.status(), status);
        writeln!(Keep, "{answer:?}").unwrap();
    }
}

#[test]
fn no_log_error_or_panic_shows_a_secret_or_personal_data() {
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
        .with_ansi(false)
        .with_writer(|| Keep)
        .init();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let more = runtime.block_on(async {
        let sandbox = Sandbox::builder().token(TOKEN).start().await.unwrap();
        sandbox.convrs().set_rate_limits(1000, 1000);
        everything(&client(&sandbox.convrs_url())).await;
        sandbox.convrs().fail_next(Fault::whatsapp(WhatsAppError::new(131_000, TEXT)));
        everything(&client(&sandbox.convrs_url())).await;
        for answer in answers() {
            everything(&client(&raw(answer).await)).await;
        }
        let closed = TcpSocket::new_v4().unwrap();
        closed.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let nobody = format!("http://{}/{PATH}?token={TOKEN}", closed.local_addr().unwrap());
        everything(&client(&nobody)).await;
        let limited = client(&sandbox.convrs_url()).rate_limits(RateLimits::default());
        everything(&limited).await;
        posts().await;
        sockets::run().await;
        leads::run().await;
        automation::run().await
    });
    let _ = std::panic::catch_unwind(|| {
        let command = SendSmsMessage::new(3941, NUMBER, TEXT);
        std::panic::set_hook(Box::new(|info| writeln!(Keep, "{info}").unwrap()));
        let send = whatsapp_automation::crm::SendMessage::new(NUMBER, TEXT);
        let crm = automation::client("http://127.0.0.1:1/");
        panic!("{command:?} {:?} {send:?} {crm:?}", client("http://127.0.0.1:1/"));
    });
    let _ = std::panic::take_hook();

    let log = String::from_utf8_lossy(&log().lock().unwrap()).into_owned();
    for said in [
        "convrs.call",
        "rpc.method=SendSMSMessage",
        "outcome=unknown",
        "error.type=transport",
        "code=2004",
        "attempts=3",
        "reqwest::connect",
        "convrs.attempt",
        "the attempt failed, another one follows",
        "hyper",
        "a post to the webhook was refused answered=413 reason=payload_too_large",
        "a post to the webhook was not stored",
        "reason=the sink took too long",
        "the socket is connected server.address=\"127.0.0.1\"",
        "the socket lost its connection",
        "why=it broke",
        "the socket connects again after a wait",
        "why=the server answered HTTP 503 in place of a WebSocket",
        "the events have a gap",
        "what happened in the gap cannot be asked for now",
        "ERROR convrs_client::trace::socket: the socket opens no other connection",
        "refused the token with 1001",
        "whatsapp_automation.call",
        "rpc.method=crm.send_message",
        "rpc.method=session.send_message",
        "error.type=login",
        "the server refused with HTTP 400, for name, phone_number",
        "lead_reply.call",
        "rpc.method=lead_reply.reply",
        "error.type=refused",
        "the service refused with HTTP 409",
    ] {
        assert!(log.contains(said), "{said} is not in the log: nothing would be found in it");
    }
    for word in forbidden().into_iter().chain(more) {
        if let Some(at) = log.find(&word) {
            let around = log.get(at.saturating_sub(300)..(at + 100).min(log.len()));
            panic!("{word} was shown: {}", around.unwrap_or_default());
        }
    }
}
