//! Sends a WhatsApp template by Convrs, and decides by the outcome what to do about a failure.
//!
//! Run:  cargo run -p replykit-examples --bin send_template
//!
//! Without an endpoint it starts a sandbox of its own. For the real thing set `CONVRS_ENDPOINT`
//! (usually `https://data.conv.rs/api`), `CONVRS_TOKEN`, `CONVRS_BOT_ID`, `CONVRS_PHONE`,
//! `CONVRS_TEMPLATE`, and `CONVRS_LANGUAGE` if it is not `en`. That sends a real message.

use std::{env, error::Error, process::ExitCode, time::Duration};

use convrs_client::{Client, ErrorKind, GetMessageDetails, Outcome, SendWhatsAppTemplate};
use replykit_sandbox::Sandbox;

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
    if let Ok(endpoint) = env::var("CONVRS_ENDPOINT") {
        let client = Client::new(endpoint.parse()?, needed("CONVRS_TOKEN")?)?;
        let template = SendWhatsAppTemplate::new(
            needed("CONVRS_BOT_ID")?.parse::<i64>().map_err(|_| "CONVRS_BOT_ID is a number")?,
            needed("CONVRS_PHONE")?,
            needed("CONVRS_TEMPLATE")?,
            env::var("CONVRS_LANGUAGE").unwrap_or_else(|_| "en".to_owned()),
        );
        return send(&client, template, async || {}).await;
    }
    let sandbox = Sandbox::start().await?;
    println!("no CONVRS_ENDPOINT is set, so this goes to a sandbox at {}", sandbox.convrs_url());
    let template = SendWhatsAppTemplate::new(3941, "+44151999999", "order_update", "en");
    // The sandbox's clock stands still until it is told to go on.
    send(&sandbox.convrs_client()?, template, async || {
        sandbox.advance(Duration::from_secs(3)).await;
    })
    .await
}

async fn send(
    client: &Client,
    template: SendWhatsAppTemplate,
    time_passes: impl AsyncFn(),
) -> Result<(), Box<dyn Error>> {
    let sent = match client.execute(template).await {
        Ok(sent) => sent,
        Err(error) => {
            let advice = match error.outcome() {
                Outcome::NotSent if matches!(error.kind(), ErrorKind::Invalid(_)) => {
                    "correct it and send it again"
                }
                Outcome::NotSent => "nothing went out: send it again",
                Outcome::Rejected => "it was refused: mend the cause first",
                Outcome::Unknown => "it may have gone out: look before you send it again",
            };
            return Err(format!("{error} ({advice})").into());
        }
    };
    println!("sent, message {}", sent.mid);

    time_passes().await;
    let details = client.execute(GetMessageDetails::new(sent.mid)).await?;
    println!("ack {}: {:?}", details.ack.code(), details.ack);
    Ok(())
}

fn needed(name: &str) -> Result<String, String> {
    env::var(name).map_err(|_| format!("set {name} too, as CONVRS_ENDPOINT is set"))
}
