//! One bot for the phone app and for leads: it answers both by the same rules, and follows a lead until
//! it has booked.
//!
//! Run:  cargo run -p replykit-examples --bin lead_bot
//!
//! By itself it starts a sandbox with a source of leads and plays a lead. For the real thing set
//! `LEAD_REPLY_URL` and `LEAD_REPLY_SECRET` (the Lead Reply API card), `LEAD_WEBHOOK_SECRET` (the REST
//! Webhook card, at least 16 bytes) and `AUTOREPLY_API_KEY` (the AutoReply Mate app), let it be reached
//! from outside with `BIND=0.0.0.0:8080`, and enter `https://<this machine>/leads` in the REST Webhook
//! card. Turn on *Skip welcome and follow-ups* there: this bot owns the conversation. It answers real
//! people.

use std::{env, error::Error, process::ExitCode, sync::Arc, time::Duration};

use autoreply_server::{AutoReply, Incoming, Keys, Keywords, ReplyHandler};
use axum::Router;
use lead_reply::{
    Activity, ActivityKind, Client, Outcome, Secret,
    transport::ReqwestTransport,
    webhook::{OwnReplies, Received, Webhook},
};
use replykit_sandbox::{LeadReplyControl, Sandbox};
use tokio::{
    net::TcpListener,
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
};

type Done = Result<(), Box<dyn Error>>;

const BOOKED: &str = "You are booked. See you then!";

/// The same for everybody, however they reach out.
fn rules() -> Keywords {
    Keywords::new()
        .on("book", BOOKED)
        .on_any(["test ride", "try"], "Sure. Leave a phone number, then write: book, and a day.")
        .on_any(["price", "cost"], "It is 499, and a test ride is free.")
        .otherwise("Ask me about the price or a test ride.")
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

async fn run() -> Done {
    let Ok(url) = env::var("LEAD_REPLY_URL") else { return play().await };
    let set = |name| env::var(name).map_err(|_| format!("set {name}"));
    let secret = Secret::new(set("LEAD_REPLY_SECRET")?)?;
    let url = url.parse().map_err(|error| format!("LEAD_REPLY_URL: {error}"))?;
    let client = Client::new(url, secret)?;
    client.validate_connection().await?;
    let bind = env::var("BIND").unwrap_or_else(|_| "127.0.0.1:8080".to_owned());
    let webhook_secret = set("LEAD_WEBHOOK_SECRET")?;
    let mut bot = Bot::start(client, &bind, webhook_secret, set("AUTOREPLY_API_KEY")?).await?;
    println!("listening on http://{}/leads and /api/autoreply", bot.address);
    while let Some(activity) = bot.inbox.recv().await {
        // A terminal is no place for what people write.
        println!("{:?}: {}", activity.kind, bot.answer(&activity).await.in_short());
    }
    Ok(())
}

struct Bot {
    rules: Arc<Keywords>,
    client: Client,
    own_replies: OwnReplies,
    /// What was posted. A bot that must not forget over a restart stores it in a database in its place.
    inbox: UnboundedReceiver<Activity>,
    address: std::net::SocketAddr,
}

/// What became of an activity.
enum Answered {
    Nothing,
    Reply(String),
    Failed(String),
}

impl Answered {
    fn in_short(&self) -> &str {
        match self {
            Self::Nothing => "nothing to answer",
            Self::Reply(text) if text == BOOKED => "answered, booked",
            Self::Reply(_) => "answered",
            Self::Failed(why) => why,
        }
    }
}

impl Bot {
    /// Serves both: the webhook of the leads, and the app on the phone.
    async fn start(
        client: Client,
        bind: &str,
        webhook_secret: String,
        app_key: String,
    ) -> Result<Self, Box<dyn Error>> {
        let (rules, own_replies) = (Arc::new(rules()), OwnReplies::new());
        let (sender, inbox) = unbounded_channel();
        let sink = move |received: Received| {
            let stored = sender.send(received.activity);
            async move { Ok(stored?) }
        };
        let keys = Keys::new([webhook_secret])?;
        let leads = Webhook::reading(keys, Default::default(), own_replies.clone(), sink)?;
        let app = AutoReply::new(Keys::new([app_key])?, rules.clone()).path("/api/autoreply");
        let router = Router::new().route_service("/leads", leads).fallback_service(app);
        let listener = TcpListener::bind(bind).await.map_err(|error| {
            format!("cannot listen on {bind}: {error}; set BIND to another address")
        })?;
        let address = listener.local_addr()?;
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { rules, client, own_replies, inbox, address })
    }

    /// Answers a lead by the rules for the phone. What was sent to the lead is never answered.
    async fn answer(&self, activity: &Activity) -> Answered {
        let Some((lead, message)) = activity.to_answer() else { return Answered::Nothing };
        let sent_at = message.sent_at.unwrap_or_default().to_string();
        let incoming = Incoming::new("LEAD", lead.as_str(), &message.text, sent_at);
        let text = match self.rules.reply(incoming).await {
            Ok(reply) if reply.sends() => reply.as_text().to_owned(),
            Ok(_) => return Answered::Nothing,
            Err(error) => return Answered::Failed(format!("no reply: {error}")),
        };
        // Before it is sent, for it may be back before the answer is.
        self.own_replies.sending(lead, &text);
        match self.client.reply(lead, &text).await {
            Ok(replied) => {
                if let Some(id) = replied.message_id {
                    self.own_replies.sent(lead, &text, id);
                }
                Answered::Reply(text)
            }
            // Nothing sends it again: the lead could get it twice.
            Err(error) if error.outcome() == Outcome::Unknown => {
                Answered::Failed(format!("it may have gone out, or not: {error}"))
            }
            Err(error) => Answered::Failed(format!("it did not go out: {error}")),
        }
    }
}

/// Plays a lead from the first question to the booking.
async fn play() -> Done {
    const WEBHOOK_SECRET: &str = "webhook-secret-of-the-sandbox";
    let sandbox = Sandbox::start().await?;
    println!("no LEAD_REPLY_URL is set, so this plays a lead in a sandbox\n");
    let source = sandbox.lead_reply();
    let secret = Secret::new(source.secret().ok_or("the source has no secret")?)?;
    let transport = ReqwestTransport::builder().loopback_only().build()?;
    let client = Client::over(transport, source.url().parse()?, secret)?;
    let mut bot =
        Bot::start(client, "127.0.0.1:0", WEBHOOK_SECRET.to_owned(), "key-of-the-app".to_owned())
            .await?;
    source.set_webhook(&format!("http://{}/leads", bot.address), WEBHOOK_SECRET)?;
    source.set_skip_welcome_and_follow_ups(true);
    source.enable_webhook()?;
    bot.client.validate_connection().await?;
    println!("the secret is valid");
    source.enable()?;

    let lead = source.lead_writes("Billy Bob", "Hello, what is the price?")?;
    bot.goes_on(&sandbox).await;
    source.lead_writes("Billy Bob", "And a test ride?")?;
    bot.goes_on(&sandbox).await;
    source.leaves_contact_info(&lead, Some("+40712345678"), None)?;
    bot.goes_on(&sandbox).await;
    source.lead_writes("Billy Bob", "Book me for Saturday")?;
    bot.goes_on(&sandbox).await;
    source.close_conversation(&lead)?;
    is_booked(source, &lead)
}

impl Bot {
    /// Lets a second pass, and answers what the webhook brings: first the lead, then the echo of the
    /// answer.
    async fn goes_on(&mut self, sandbox: &Sandbox) {
        for _ in 0..2 {
            sandbox.advance(Duration::from_secs(1)).await;
            while let Ok(activity) = self.inbox.try_recv() {
                let answered = self.answer(&activity).await;
                if let Some((_, message)) = activity.to_answer() {
                    println!("  lead  {}", message.text);
                } else if activity.kind == ActivityKind::NewContactInfo {
                    println!("  lead  leaves a phone number");
                }
                match answered {
                    Answered::Nothing => {}
                    Answered::Reply(text) => println!("  bot   {text}"),
                    Answered::Failed(why) => println!("  bot   {why}"),
                }
            }
        }
    }
}

fn is_booked(source: LeadReplyControl<'_>, lead: &str) -> Done {
    let conversation = source.conversation(lead)?;
    let (of_bot, all) =
        (conversation.iter().filter(|message| message.text == BOOKED).count(), conversation.len());
    println!("\n{lead} is booked, after {all} messages");
    if of_bot == 1 { Ok(()) } else { Err(format!("it was told so {of_bot} times").into()) }
}
