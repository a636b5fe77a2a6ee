//! Two stories over real sockets, each step checked.

use std::{error::Error, time::Duration};

use autoreply_server::{AutoReply, Keys, Keywords};
use axum::{Router, body::Bytes, extract::State, http::StatusCode, routing::post};
use convrs_client::{
    Ack, Client, DeliveryCallback, GetMessageDetails, MessageReceipt, SendWhatsAppTemplate,
    transport::{Body, CallOptions, HttpTransport, ReqwestTransport},
};
use http::{Request, Uri, header};
use replykit_sandbox::Sandbox;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::mpsc, task::spawn, time::timeout};

use crate::{
    Done,
    sandbox::{curl, until_ctrl_c},
    screen,
};

const KEY: &str = "demo-key";
const ANSWER: &str = "Write hours or price, and I will tell you.";
const ACKS: [(Ack, &str); 4] = [
    (Ack::AtServer, "at the server"),
    (Ack::Sent, "sent"),
    (Ack::Delivered, "delivered"),
    (Ack::Read, "read"),
];

pub(crate) async fn run(keep: bool) -> Done {
    let builder = Sandbox::builder();
    let sandbox = if keep { builder.real_time() } else { builder }.start().await?;
    let (acks, mut callbacks) = mpsc::unbounded_channel();
    let own = serve(bot()?, acks).await?;
    let bot_url: Uri = format!("{own}/api/autoreply").parse()?;
    sandbox.connect_bot(bot_url.clone(), Some(KEY))?;

    phone_story(&sandbox, &bot_url).await?;
    screen::line("")?;
    template_story(&sandbox, &format!("{own}/acks"), &mut callbacks).await?;
    screen::line("\nBoth stories went as they should.")?;

    if keep {
        screen::title("\nStill serving. Stop it with Ctrl-C.")?;
        screen::fact("Convrs API", sandbox.convrs_url())?;
        screen::fact("token", sandbox.token())?;
        screen::fact("phone", sandbox.phone_url())?;
        screen::fact("bot", &bot_url)?;
        screen::fact("its X-API-Key", KEY)?;
        screen::line("\nWrite to the phone:")?;
        let message = r#"{"type":"SMS","sender":"+40712345678","message":"What is the price?"}"#;
        screen::line(curl(&sandbox.phone_url(), message))?;
        until_ctrl_c().await?;
    }
    Ok(())
}

/// A phone receives "help"; the bot's answer is what the phone would send back.
async fn phone_story(sandbox: &Sandbox, bot_url: &Uri) -> Done {
    screen::title("1. A phone's message, answered by a bot")?;
    screen::fact("phone", sandbox.phone_url())?;
    screen::fact("bot", bot_url)?;
    let message = json!({
        "type": "SMS", "sender": "+40712345678", "name": "John Doe", "message": "help"
    });
    screen::fact("+40712345678 writes", "help")?;

    let request = Request::post(sandbox.phone_url())
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(message.to_string()))?;
    let options = CallOptions::within(Duration::from_secs(15));
    let transport = ReqwestTransport::builder().loopback_only().build()?;
    let answer = transport.send(request, &options).await?;
    let outcome: Value = serde_json::from_slice(answer.body())?;
    expect("the phone sends the bot's answer", &outcome, &json!({"sent": true, "text": ANSWER}))?;
    screen::good_fact("the phone answers", ANSWER)?;
    Ok(())
}

/// A template is sent, and each callback says how far it has come.
async fn template_story(
    sandbox: &Sandbox,
    webhook: &str,
    callbacks: &mut mpsc::UnboundedReceiver<DeliveryCallback>,
) -> Done {
    screen::title("2. A WhatsApp template, travelling to \"read\"")?;
    screen::fact("Convrs API", sandbox.convrs_url())?;
    let client = sandbox.convrs_client()?;
    let sent = send(&client, webhook).await?;
    screen::fact("order_update (en)", "to +44151999999, by bot 3941")?;
    screen::fact("message", sent.mid.as_str())?;

    for (step, (ack, meaning)) in ACKS.into_iter().enumerate() {
        sandbox.advance(Duration::from_secs(u64::from(step > 0))).await;
        let callback = timeout(Duration::from_secs(5), callbacks.recv())
            .await
            .map_err(|_| format!("no callback came for \"{meaning}\""))?
            .ok_or("the callback receiver stopped")?;
        expect("the callback is about the message", &callback.mid, &sent.mid)?;
        expect("the acks come in order", &callback.ack, &ack)?;
        screen::good_fact(&format!("ack {}", ack.code()), meaning)?;
    }
    let details = client.execute(GetMessageDetails::new(sent.mid)).await?;
    expect("GetMessageDetails agrees", &details.ack, &Ack::Read)
}

async fn send(client: &Client, webhook: &str) -> Result<MessageReceipt, convrs_client::Error> {
    let mut send = SendWhatsAppTemplate::new(3941, "+44151999999", "order_update", "en");
    send.webhook_url = Some(webhook.to_owned());
    client.execute(send).await
}

fn bot() -> Result<AutoReply, Box<dyn Error + Send + Sync>> {
    let rules = Keywords::new()
        .on("help", ANSWER)
        .on("hours", "We are open from 9 to 5.")
        .on("price", "It is 10 a month.")
        .otherwise("I did not get that. Write help.");
    Ok(AutoReply::new(Keys::new([KEY])?, rules))
}

/// Serves the bot and the callback receiver, and gives back their base URL.
async fn serve(
    bot: AutoReply,
    acks: mpsc::UnboundedSender<DeliveryCallback>,
) -> Result<String, Box<dyn Error + Send + Sync>> {
    let app = Router::new()
        .route("/acks", post(receive))
        .with_state(acks)
        .fallback_service(bot.path("/api/autoreply"));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    spawn(async move { axum::serve(listener, app).await });
    Ok(url)
}

async fn receive(
    State(acks): State<mpsc::UnboundedSender<DeliveryCallback>>,
    body: Bytes,
) -> StatusCode {
    let Ok(callback) = DeliveryCallback::from_json(&body) else {
        return StatusCode::BAD_REQUEST;
    };
    match acks.send(callback) {
        Ok(()) => StatusCode::OK,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

fn expect<T: PartialEq + std::fmt::Debug>(what: &str, got: &T, wanted: &T) -> Done {
    if got == wanted {
        Ok(())
    } else {
        Err(format!("the demo went wrong: {what}: got {got:?}, wanted {wanted:?}").into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deviation_is_an_error_that_names_it() {
        assert!(expect("the acks come in order", &Ack::Sent, &Ack::Sent).is_ok());
        let error = expect("the acks come in order", &Ack::Read, &Ack::Sent).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the demo went wrong: the acks come in order: got Read, wanted Sent"
        );
    }

    #[tokio::test]
    async fn a_template_whose_callbacks_go_elsewhere_fails_the_demo() {
        let sandbox = Sandbox::start().await.unwrap();
        let (acks, mut callbacks) = mpsc::unbounded_channel();
        drop(acks);
        let nowhere = "https://example.com/acks";
        let error = template_story(&sandbox, nowhere, &mut callbacks).await.unwrap_err();
        assert!(error.to_string().contains("stopped"), "{error}");
    }
}
