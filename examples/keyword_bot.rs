//! A bot for the AutoReply Mate app that answers by keywords.
//!
//! Run:  AUTOREPLY_API_KEY=your-secret-key-here cargo run -p replykit-examples --bin keyword_bot
//!
//! Try it with the curl line that it prints. For a real phone, let it be reached from outside with
//! `BIND=0.0.0.0:8080`, and enter `http://<this machine>:8080/api/autoreply` and the key in the app.

use std::{env, error::Error, process::ExitCode};

use autoreply_server::{AutoReply, Failure, Keys, Keywords};
use axum::Router;
use tokio::net::TcpListener;

fn app(key: String) -> Result<Router, Box<dyn Error>> {
    let rules = Keywords::new()
        .on("help", "Ask me about: hours, price, address.")
        .on_any(["hours", "open", "opening times"], "We are open from 9 to 5, Monday to Friday.")
        .on_any(["price", "cost"], "It is 10 a month.")
        .on("address", "1 Example Street, Exampletown.")
        .otherwise("I did not get that. Write help.");
    let bot = AutoReply::new(Keys::new([key])?, rules).on_failure(|failure| match failure {
        Failure::Handler(error) => eprintln!("no reply: {error}"),
        other => eprintln!("no reply: {other}"),
    });
    // As the fallback the bot answers wrong paths too, by the contract.
    Ok(Router::new().fallback_service(bot.path("/api/autoreply")))
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
    let key = env::var("AUTOREPLY_API_KEY")
        .map_err(|_| "set AUTOREPLY_API_KEY to the key that you enter in the app")?;
    let app = app(key)?;
    let bind = env::var("BIND").unwrap_or_else(|_| "127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(&bind).await.map_err(|error| {
        format!("cannot listen on {bind}: {error}; set BIND to another address")
    })?;

    let url = format!("http://{}/api/autoreply", listener.local_addr()?);
    println!("listening on {url}");
    println!("try it:");
    println!(
        "  curl {url} -H 'Content-Type: application/json' -H \"X-API-Key: $AUTOREPLY_API_KEY\" \
         -d '{{\"type\":\"SMS\",\"sender\":\"+40712345678\",\"message\":\"help\",\
         \"timestamp\":\"2026-02-28 14:30:00\"}}'"
    );
    axum::serve(listener, app)
        .with_graceful_shutdown(async {
            // Without a signal handler the bot runs until it is killed.
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        })
        .await?;
    Ok(())
}
