//! Logs in, pairs a phone by its QR code, sends a picture, and shows the queue.
//!
//! Run:  cargo run -p replykit-examples --bin session_send_media
//!
//! An argument names a picture of your own. By itself it starts a sandbox, makes an account there, and
//! scans the code itself. For the real thing set `SESSION_URL`, `SESSION_USERNAME`, `SESSION_PASSWORD`,
//! and `SESSION_TO` (a phone number with its country code). That sends a real message.
//!
//! It ends with success when the picture was sent.

use std::{
    env,
    error::Error,
    io::{IsTerminal, stdout},
    process::ExitCode,
    time::Duration,
};

use jiff::Timestamp;
use replykit_sandbox::Sandbox;
use whatsapp_automation::{
    Media, Outcome,
    session::{
        Accepted, Client, CreateQr, Evidence, GetWhatsAppStatus, Login, QrCode, Register,
        SendMessage, Waited, WhatsAppState,
    },
    transport::ReqwestTransport,
};

/// A picture of one pixel.
const PIXEL: &[u8] = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0\
    ,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

/// How long to wait for the phone, and for the message.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let file = env::args().nth(1);
    let picture = match file {
        Some(file) => Media::file(&file).await.map_err(|error| format!("{file}: {error}"))?,
        None => Media::new("pixel.gif", "image/gif", PIXEL),
    };
    if let Ok(base) = env::var("SESSION_URL") {
        let set = |name| env::var(name).map_err(|_| format!("set {name}"));
        let base = base.parse().map_err(|error| format!("SESSION_URL: {error}"))?;
        let login = Login::new(set("SESSION_USERNAME")?, set("SESSION_PASSWORD")?);
        let to = set("SESSION_TO")?;
        let client = Client::new(base)?;
        // Kept, so that a session that is over in the middle is no end.
        client.execute(login.keep_password()).await?;
        println!("logged in");
        pair(&client, async || {}).await?;
        return send(
            &client,
            SendMessage::new(to, "Look at this!").media(picture),
            Timestamp::now(),
            async || {},
        )
        .await;
    }

    let sandbox = Sandbox::start().await?;
    println!("no SESSION_URL is set, so this goes to a sandbox");
    let transport = ReqwestTransport::builder().loopback_only().build()?;
    let client = Client::over(transport, sandbox.session_url().parse()?)?;
    let mut account = Register::new("johndoe", "securePassword123");
    (account.name, account.phone) = ("John Doe".to_owned(), "+1234567890".to_owned());
    account.email = "john@example.com".to_owned();
    client.execute(account).await?;
    println!("registered, which logs in as well");
    pair(&client, async || {
        let scanned =
            sandbox.session().confirm_pairing("johndoe", "+1234567890", "John's WhatsApp");
        scanned.unwrap_or_else(|error| eprintln!("not scanned: {error}"));
    })
    .await?;
    let message = SendMessage::new("+40712345671", "Look at this!").media(picture);
    // Its clock stands still until it is told to go on.
    send(&client, message, sandbox.now(), async || sandbox.advance(Duration::from_secs(1)).await)
        .await
}

/// Shows a code until a phone has scanned it. `scan` does so where nobody else would.
async fn pair(client: &Client, scan: impl AsyncFn()) -> Result<(), Box<dyn Error>> {
    if is_paired(client).await? {
        println!("a phone is paired already");
        return Ok(());
    }
    show(&client.execute(CreateQr::new()).await?);
    scan().await;
    for _ in 0..PATIENCE.as_secs() {
        if is_paired(client).await? {
            println!("a phone is paired");
            return Ok(());
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Err("nobody has scanned the code within a minute: run this again for another one".into())
}

async fn is_paired(client: &Client) -> Result<bool, Box<dyn Error>> {
    let status = client.execute(GetWhatsAppStatus::new()).await?;
    Ok(status.status == WhatsAppState::Authenticated)
}

/// Whoever scans the code has the account's WhatsApp, so it is drawn for a person and for no log.
fn show(code: &QrCode) {
    match code.to_terminal().filter(|_| stdout().is_terminal()) {
        Some(drawn) => println!("{drawn}\nscan it: WhatsApp > Linked devices > Link a device"),
        None => println!("a QR code waits to be scanned; a terminal shows it"),
    }
}

/// Sends a message and waits until it went out. `goes_on` lets time pass where it does not by itself.
async fn send(
    client: &Client,
    message: SendMessage,
    start: Timestamp,
    goes_on: impl AsyncFn(),
) -> Result<(), Box<dyn Error>> {
    let id = match client.execute(message.clone()).await {
        Ok(Accepted { message_id, .. }) => message_id,
        Err(error) if error.outcome() == Outcome::Unknown => {
            // The server's clock may be behind.
            let since = start - Duration::from_secs(60);
            match client.reconcile(&message, since).await {
                Ok(Evidence::Likely(mut found)) if !found.is_empty() => found.remove(0).id,
                // To send it again could send it twice.
                _ => return Err(format!("nobody knows whether it was sent: {error}").into()),
            }
        }
        Err(error) => return Err(format!("not sent: {error}").into()),
    };
    println!("{id} was taken in, with the picture");
    goes_on().await;
    let waited = client.wait_until_sent(id, PATIENCE).await?;

    println!("\nthe queue");
    let mut queue = client.queue();
    while let Some(message) = queue.next().await {
        let message = message?;
        println!("  {}  {}", message.id, message.status.as_wire());
    }
    match waited {
        Waited::Sent(_) => Ok(()),
        Waited::Failed(_) => Err("the message failed".into()),
        _ => Err("the message waits longer than a minute".into()),
    }
}
