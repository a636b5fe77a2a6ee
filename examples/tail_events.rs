//! Prints the events of a Convrs account as they happen, and what was missed while the connection was
//! gone.
//!
//! Run:  cargo run -p replykit-examples --bin tail_events
//!
//! Without an endpoint it starts a sandbox of its own, lets the connection break once, and ends. For
//! the real thing set `CONVRS_ENDPOINT` (usually `https://data.conv.rs/api`) and `CONVRS_TOKEN`: it
//! goes on until Ctrl-C. With `CONVRS_CURSOR`, the path of a file, it takes up after a restart where
//! it ended.

use std::{env, error::Error, process::ExitCode, time::Duration};

use convrs_client::{
    Client, Event, Events, FileCursor, Origin, Reconnect, Socket, SocketEvent, User,
    transport::is_loopback,
};
use http::Uri;
use replykit_sandbox::{Sandbox, SocketFault};

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
    let Ok(endpoint) = env::var("CONVRS_ENDPOINT") else { return play().await };
    let token = env::var("CONVRS_TOKEN").map_err(|_| "set CONVRS_TOKEN too")?;
    let mut events = open(&endpoint, &token).await?;
    loop {
        tokio::select! {
            event = events.next() => match event {
                Some(event) => println!("{}", line(&event)),
                None => return Ok(()),
            },
            _ = tokio::signal::ctrl_c() => break,
        }
    }
    // What came before is printed, and then the position is kept.
    events.shut_down();
    while let Some(event) = events.next().await {
        println!("{}", line(&event));
    }
    Ok(())
}

/// Commands go by POST; both endpoints differ in their scheme alone.
async fn open(endpoint: &str, token: &str) -> Result<Events, Box<dyn Error>> {
    let endpoint: Uri = endpoint.parse()?;
    let client = Client::new(endpoint.clone(), token)?;
    let address = endpoint.to_string().replacen("http", "ws", 1).parse()?;
    let mut socket = Socket::builder(address, token);
    if is_loopback(&endpoint) {
        // A sandbox on this machine may be knocked at more often.
        let mut reconnect = Reconnect::default();
        reconnect.first = Duration::from_millis(200);
        reconnect.most = Duration::from_secs(1);
        socket = socket.reconnect(reconnect);
    }
    let events = client.events(&socket.open()?);
    Ok(match env::var("CONVRS_CURSOR") {
        Ok(path) => events.cursor(FileCursor::new(path)).open().await?,
        Err(_) => events.open().await?,
    })
}

fn line(event: &SocketEvent) -> String {
    match event {
        SocketEvent::Event { event, origin } => {
            let recovered = if *origin == Origin::Backfill { "  (recovered)" } else { "" };
            format!("{:<18} {}{recovered}", event.cmd(), about(event))
        }
        SocketEvent::Connected => "connected".to_owned(),
        SocketEvent::Disconnected(why) => format!("disconnected: {why}"),
        SocketEvent::Reconnecting { attempt, wait } => {
            format!("attempt {attempt} to reconnect in {:.1} s", wait.as_secs_f64())
        }
        SocketEvent::Gap(gap) => format!("gap: {gap}"),
        SocketEvent::BackfillFailed { error, retry_in } => {
            format!("cannot ask for what was missed, again in {} s: {error}", retry_in.as_secs())
        }
        SocketEvent::Ended(end) => format!("ended: {end}"),
        other => format!("{other:?}"),
    }
}

fn about(event: &Event) -> String {
    match event {
        Event::UserCreated(user) => user.uid.as_str().to_owned(),
        Event::UserUpdated { user, update } => {
            let fields: Vec<_> = update.keys().map(String::as_str).collect();
            format!("{}: {}", user.uid.as_str(), fields.join(", "))
        }
        Event::UserDeleted(uid) | Event::UserDisabled(uid) | Event::UserEnabled(uid) => {
            uid.as_str().to_owned()
        }
        Event::ConversationClosed { uid, messages } => {
            format!("{}: {} messages", uid.as_str(), messages.len())
        }
        Event::Delivery(callback) => format!("{} ack {}", callback.mid, callback.ack.code()),
        other => format!("{other:?}"),
    }
}

/// The same against a sandbox, whose connection breaks once.
async fn play() -> Result<(), Box<dyn Error>> {
    let sandbox = Sandbox::start().await?;
    println!("no CONVRS_ENDPOINT is set, so this listens to a sandbox");
    let convrs = sandbox.convrs();
    let mut events = open(&sandbox.convrs_url(), &sandbox.token()).await?;
    let mut happenings = 0;
    while let Some(event) = events.next().await {
        println!("{}", line(&event));
        match event {
            SocketEvent::Connected if happenings == 0 => {
                convrs.create_user(User::new("73-tel-1"))?;
                convrs.rename_user("73-tel-1", "Billy Bob")?;
            }
            SocketEvent::Event { event: Event::UserUpdated { .. }, .. } => {
                convrs.socket_fault(SocketFault::Drop);
            }
            // Nobody is told of these: the connection is gone.
            SocketEvent::Disconnected(_) => {
                convrs.create_user(User::new("73-tel-2"))?;
                convrs.user_writes("73-tel-2", "Hello?")?;
                convrs.close_conversation("73-tel-2")?;
            }
            SocketEvent::Event { event: Event::ConversationClosed { .. }, .. } => {
                events.shut_down();
            }
            _ => {}
        }
        happenings += 1;
        sandbox.advance(Duration::from_secs(1)).await;
    }
    Ok(())
}
