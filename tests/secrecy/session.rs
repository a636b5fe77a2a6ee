//! WhatsApp automation behind a login: all that its client and its sandbox say of what goes over them.

use std::fmt::Debug;

use http::Method;
use replykit_sandbox::{HttpFault, SessionGroup};
use whatsapp_automation::{
    Media, RetryPolicy,
    session::{
        Client, CreateQr, Endpoint, GetProfile, GetQueue, GetWhatsAppStatus, ListGroups, Login,
        Logout, Register, SavedSession, ScheduleMessage, SendMessage,
    },
};

use super::{
    EMAIL, HEADER, NAME, NUMBER, PATH, TEXT, TOKEN,
    automation::{BYTES, FILE, PASSWORD, show, write},
    http, raw,
};
use crate::*;

async fn run_one<E: Endpoint<Output: Debug> + Debug>(client: &Client, endpoint: E) {
    write(&endpoint);
    let call = client.execute(endpoint).deadline(Duration::from_millis(150));
    write(&call);
    match call.await {
        Ok(output) => write(&output),
        Err(error) => show(&error),
    }
}

fn account() -> Register {
    let mut account = Register::new(PATH, PASSWORD).keep_password();
    (account.name, account.phone) = (NAME.to_owned(), NUMBER.to_owned());
    (account.email, account.gst) = (EMAIL.to_owned(), TEXT.to_owned());
    account
}

/// Every endpoint that carries personal data, there or back.
async fn everything(client: &Client) {
    write(client);
    run_one(client, Login::new(PATH, TOKEN)).await;
    run_one(client, Login::new(PATH, PASSWORD).keep_password()).await;
    run_one(client, GetProfile::new()).await;
    run_one(client, GetWhatsAppStatus::new()).await;
    run_one(client, CreateQr::new()).await;
    run_one(client, ListGroups::new()).await;
    let cat = Media::new(format!("/{PATH}/{FILE}"), "image/png", BYTES);
    let send = SendMessage::new(NUMBER, TEXT).media(cat);
    run_one(client, send.clone()).await;
    run_one(client, send.clone().at(TEXT)).await;
    let mut schedule = ScheduleMessage::new(NUMBER, TEXT, "2036-02-28T15:00:00Z");
    schedule.ai_modifications.shuffle_sentences = true;
    run_one(client, schedule.clone()).await;
    run_one(client, GetQueue::new()).await;
    let since = "2025-01-01T00:00:00Z".parse().unwrap();
    for evidence in [client.reconcile(&send, since).await, client.reconcile(&schedule, since).await]
    {
        match evidence {
            Ok(evidence) => write(&evidence),
            Err(error) => show(&error),
        }
    }
    match client.wait_until_sent(TEXT, Duration::ZERO).await {
        Ok(waited) => write(&waited),
        Err(error) => show(&error),
    }
    let mut queue = client.queue();
    while let Some(message) = queue.next().await {
        match message {
            Ok(message) => write(&message),
            Err(error) => show(&error),
        }
    }
    write(&queue);
    write(&client.save());
    let elsewhere = format!(r#"{{"origin":"https://example.com","cookie":"{TOKEN}"}}"#);
    let elsewhere: SavedSession = serde_json::from_str(&elsewhere).unwrap();
    write(&elsewhere);
    write(&client.restore(&elsewhere));
}

pub(super) fn client(base: &str) -> Client {
    let transport = ReqwestTransport::builder()
        .loopback_only()
        .connect_timeout(Duration::from_millis(50))
        .build()
        .unwrap();
    let mut policy = RetryPolicy::default();
    (policy.base, policy.longest_wait) = (Duration::from_millis(1), Duration::from_millis(50));
    Client::over(transport, base.parse().unwrap()).unwrap().retry_policy(policy)
}

/// What a server may say, with what it was sent in its words.
fn answers() -> Vec<String> {
    let echo = format!("{NAME} {NUMBER} {EMAIL} {TEXT} {PASSWORD} {FILE} {BYTES} {TOKEN}");
    let object = format!(
        r#"{{"id":"{echo}","message":"{TEXT}","user":{{"name":"{NAME}","username":"{PATH}","email":"{EMAIL}"}},"name":"{NAME}","email":"{EMAIL}","username":"{PATH}","phone":"{NUMBER}","gst":"{TEXT}","qrCodeUrl":"https://x.example/?data={TOKEN}","status":"{TEXT}","phoneNumber":"{NUMBER}","success":true,"messageId":"7","scheduledFor":"{TEXT}","messages":[{{"id":7,"to":"{NUMBER}","message":"{TEXT}","status":"{TEXT}"}},{{"id":[],"to":"{NUMBER}"}}],"pagination":{{"page":1,"limit":1,"total":1,"pages":1}},"new":"{echo}"}}"#
    );
    let with_cookie = |cookie: &str| {
        http("200 OK", &object).replacen(
            "\r\n",
            &format!("\r\nset-cookie: connect.sid={cookie}\r\n"),
            1,
        )
    };
    let mut answers = vec![
        with_cookie(TOKEN),
        with_cookie(&format!("{TOKEN}; Domain={TOKEN}.example")),
        with_cookie(&TOKEN.repeat(999)),
        http("200 OK", &object),
        http("200 OK", &format!("[{object},\"{echo}\"]")),
        http("200 OK", &format!("<html>{echo}</html>")),
        http("502 Bad Gateway", &echo),
        format!(
            "HTTP/1.1 302 There\r\nlocation: https://x.example/{PATH}/login\r\ncontent-length: 0\r\n\r\n"
        ),
        format!("HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n{object}"),
        String::new(),
    ];
    for body in [
        format!(r#"{{"message":"{echo}"}}"#),
        format!(r#"{{"success":false,"error":"{echo}"}}"#),
        format!(r#"{{"{NAME}":["{echo}"]}}"#),
    ] {
        for status in ["200 OK", "400 Bad Request", "401 Unauthorized", "403 Forbidden"] {
            answers.push(http(status, &body));
        }
    }
    answers
}

/// Returns what must not be seen either: what only the sandbox knew.
pub(super) async fn run(sandbox: &Sandbox) -> Vec<String> {
    let client = client(&sandbox.session_url());
    run_one(&client, account()).await;
    run_one(&client, account()).await;
    let code = client.execute(CreateQr::new()).await.unwrap();
    let control = sandbox.session();
    control.confirm_pairing(PATH, NUMBER, NAME).unwrap();
    let group = SessionGroup::new(HEADER, NAME, [NUMBER]);
    write(&group);
    control.set_groups(PATH, [group]).unwrap();
    everything(&client).await;
    control.expire_sessions();
    everything(&client).await;
    for fault in [HttpFault::cut(), HttpFault::dropped(), HttpFault::cut().carried_out()] {
        control.fail_next(fault.method(Method::POST));
        everything(&client).await;
    }
    sandbox.advance(Duration::from_secs(1)).await;
    assert!(control.sent().iter().any(|sent| sent.media.is_some()));
    write(&control.sent());
    write(&control);
    let saved = serde_json::to_value(client.save()).unwrap();
    let cookie = saved["cookie"].as_str().unwrap().trim_start_matches("s%3A").to_owned();
    run_one(&client, Logout::new()).await;
    for answer in answers() {
        let base = raw(answer).await;
        // A query in a base is refused, which would be all that there is to see.
        let client = self::client(base.split('?').next().unwrap());
        let origin = base.split(&format!("/{PATH}")).next().unwrap();
        let saved = format!(r#"{{"origin":"{origin}","cookie":"{TOKEN}"}}"#);
        let saved: SavedSession = serde_json::from_str(&saved).unwrap();
        write(&saved);
        client.restore(&saved).unwrap();
        everything(&client).await;
        run_one(&client, account()).await;
        run_one(&client, Logout::new()).await;
    }
    let part = |text: &str| text.chars().take(16).collect();
    vec![part(&cookie), part(code.payload().trim_start_matches("2@"))]
}
