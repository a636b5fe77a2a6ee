//! Takes in the events and delivery callbacks of Convrs, on one URL.
//!
//! Run:  cargo run -p replykit-examples --bin webhook_receiver
//!
//! By itself it starts a sandbox, lets it post what happens to one template, and ends. For the real
//! thing set `CONVRS_WEBHOOK_SECRET`, 16 or more of `A-Z a-z 0-9 - . _ ~`, and let it be reached from
//! outside, over TLS, at the address in `BIND` (127.0.0.1:8080): it goes on until Ctrl-C. The URL for
//! the dashboard, and for `webhook_url`, is then `https://<your host>/convrs/<the secret>`.

use std::{
    env,
    error::Error,
    process::ExitCode,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use axum::Router;
use convrs_client::{
    Event, SendWhatsAppTemplate,
    webhook::{Access, BoxError, Keys, Received, Webhook, generate_secret},
};
use replykit_sandbox::Sandbox;
use secrecy::ExposeSecret;
use tokio::net::TcpListener;

/// How many were stored.
static STORED: AtomicUsize = AtomicUsize::new(0);

/// The place of your database: what it has said yes to is answered with 200, and never comes again.
async fn store(received: Received) -> Result<(), BoxError> {
    match &received.event {
        Event::Delivery(callback) => {
            println!("message {} ack {}", callback.mid.as_str(), callback.ack.code());
        }
        Event::ConversationClosed { uid, messages } => {
            println!("event onUserConversation: {} messages of {}", messages.len(), uid.as_str());
        }
        Event::UserCreated(user) => println!("event onUserCreate: {}", user.uid.as_str()),
        Event::Malformed(raw) => eprintln!("cannot be read, {} bytes", raw.bytes().len()),
        other => println!("event {}", other.cmd()),
    }
    STORED.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

fn webhook(keys: Keys) -> Result<Webhook, Box<dyn Error>> {
    let webhook = Webhook::new(Access::by_path(keys)?, store);
    // The last that is seen of it, for Convrs may not post it again: better a file than this.
    Ok(webhook.on_failure(|letter| {
        eprintln!("not stored, {} bytes: {}", letter.body.len(), letter.reason);
    }))
}

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
    match env::var("CONVRS_WEBHOOK_SECRET") {
        Ok(secret) => {
            let webhook = webhook(Keys::new([secret])?)?;
            serve(webhook).await
        }
        Err(_) => play().await,
    }
}

async fn serve(webhook: Webhook) -> Result<(), Box<dyn Error>> {
    let bind = env::var("BIND").unwrap_or_else(|_| "127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(&bind).await.map_err(|error| {
        format!("cannot listen on {bind}: {error}; set BIND to another address")
    })?;
    println!("listening on http://{}/convrs/<the secret>", listener.local_addr()?);
    // As the fallback it answers every path, and all wrong ones alike.
    axum::serve(listener, Router::new().fallback_service(webhook.clone()))
        .with_graceful_shutdown(async {
            // Without a signal handler it runs until it is killed.
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        })
        .await?;
    // What is being stored for senders that have hung up, the server does not wait for.
    webhook.idle().await;
    Ok(())
}

/// The same against a sandbox, which plays Convrs, the person and the agent.
async fn play() -> Result<(), Box<dyn Error>> {
    let secret = generate_secret()?;
    let webhook = webhook(Keys::new([secret.clone()])?)?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/convrs/{}", listener.local_addr()?, secret.expose_secret());
    let app = Router::new().fallback_service(webhook.clone());
    tokio::spawn(async move { axum::serve(listener, app).await });

    let sandbox = Sandbox::start().await?;
    println!("no CONVRS_WEBHOOK_SECRET is set, so a sandbox posts what happens");
    sandbox.convrs().set_webhook_url(Some(&url))?;

    let mut send = SendWhatsAppTemplate::new(3941, "+40712345678", "order_update", "en");
    send.webhook_url = Some(url);
    let sent = sandbox.convrs_client()?.execute(send).await?;
    println!("sent, message {}", sent.mid);
    sandbox.advance(Duration::from_secs(3)).await;

    sandbox.convrs().user_writes(sent.uid.clone(), "Thank you")?;
    sandbox.convrs().agent_writes(sent.uid.clone(), "You are welcome")?;
    sandbox.convrs().close_conversation(sent.uid)?;
    sandbox.advance(Duration::from_secs(3)).await;

    println!("stored {}, turned away {}", STORED.load(Ordering::Relaxed), webhook.shed());
    Ok(())
}
