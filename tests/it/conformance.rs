//! One suite for every carrier of commands: each documented request, each limit from both sides, each
//! code, event and ack. `cargo test -p replykit-tests conformance -- --nocapture` prints the list.

mod acks;
mod codes;
mod documented;
mod limits;
mod socket;

use std::{collections::BTreeSet, time::Duration};

use convrs_client::{Ack, Client, Command, Error, ErrorCode, Event, envelope, for_each_command};
use replykit_sandbox::Sandbox;
use serde_json::{Value, json};
use socket::Socket;

use crate::{
    fixtures::examples,
    support::{Receiver, TOKEN, fixture, post},
};

/// A way for commands to the sandbox.
pub(crate) trait Carrier {
    const NAME: &'static str;
    /// Codes that this way can bring about.
    fn carries(code: ErrorCode) -> bool;
    fn client(sandbox: &Sandbox) -> Client;
    /// The answer to a request written by hand.
    async fn raw(sandbox: &Sandbox, request: &Value) -> Value;
    /// What the server says of access, with the code that it has to name, and of the connection.
    async fn access(sandbox: &Sandbox) -> Vec<(i64, Value)>;
    /// Whether a command failed since the token was reset.
    fn is_reset(error: &Error) -> bool;
    /// The events that come of what happens, as many as were asked for.
    async fn events(sandbox: &Sandbox, count: usize, happens: fn(&Sandbox)) -> Vec<Event>;
}

struct Http;

impl Carrier for Http {
    const NAME: &'static str = "HTTP";

    /// Two codes speak of a socket.
    fn carries(code: ErrorCode) -> bool {
        !matches!(code, ErrorCode::ConnectionReused | ErrorCode::ConnectExpected)
    }

    fn client(sandbox: &Sandbox) -> Client {
        sandbox.convrs_client().unwrap()
    }

    async fn raw(sandbox: &Sandbox, request: &Value) -> Value {
        post(&sandbox.convrs_url(), request).await
    }

    async fn access(sandbox: &Sandbox) -> Vec<(i64, Value)> {
        let request = json!({"cmd": "GetUser", "uid": "73-tel-615940546"});
        let mut old = request.clone();
        old["token"] = json!("an old one");
        vec![(1000, Self::raw(sandbox, &request).await), (1001, Self::raw(sandbox, &old).await)]
    }

    fn is_reset(error: &Error) -> bool {
        error.code() == Some(ErrorCode::InvalidToken)
    }

    async fn events(sandbox: &Sandbox, count: usize, happens: fn(&Sandbox)) -> Vec<Event> {
        let mut receiver = Receiver::start(200).await;
        sandbox.convrs().set_webhook_url(Some(&receiver.url)).unwrap();
        happens(sandbox);
        sandbox.advance(Duration::ZERO).await;
        let events: Vec<_> = receiver.bodies().iter().map(|body| Event::parse(body)).collect();
        assert_eq!(events.len(), count);
        events
    }
}

#[tokio::test]
async fn every_command_code_event_and_ack_conforms_over_http() {
    conform::<Http>().await;
}

#[tokio::test]
async fn every_command_code_event_and_ack_conforms_over_the_socket() {
    conform::<Socket>().await;
}

async fn conform<C: Carrier>() {
    let commands = documented::check::<C>().await;
    assert_eq!(commands, COMMANDS.iter().copied().collect());
    let limits = limits::check::<C>().await;
    let codes = codes::check::<C>().await;
    let (events, acks) = acks::check::<C>().await;

    let (within, open): (Vec<_>, Vec<_>) =
        ErrorCode::TABLE.iter().map(|info| info.code).partition(|code| C::carries(*code));
    assert_eq!(codes, within.iter().map(|code| code.number()).collect());
    let documented: BTreeSet<_> = events_documented();
    assert_eq!(events, documented);
    assert_eq!(acks, Ack::DOCUMENTED.iter().map(|ack| ack.code()).collect());

    println!("Convrs API over {}", C::NAME);
    println!("{:3} commands  {}", commands.len(), list(&commands));
    println!("{limits:3} limits    from both sides");
    println!("{:3} codes     of {}: {}", codes.len(), ErrorCode::TABLE.len(), list(&codes));
    let open: BTreeSet<_> = open.iter().map(|code| code.number()).collect();
    if !open.is_empty() {
        println!("    open      {}", list(&open));
    }
    println!("{:3} events    {}", events.len(), list(&events));
    println!("  1 callback");
    println!("{:3} acks      {}", acks.len(), list(&acks));
}

fn events_documented() -> BTreeSet<String> {
    let names = examples("convrs").into_iter();
    let events = names.filter_map(|name| name.strip_suffix("-event").map(str::to_owned));
    events.map(|name| name.split_once('-').unwrap().1.to_owned()).collect()
}

fn list<T: std::fmt::Display>(of: &BTreeSet<T>) -> String {
    of.iter().map(T::to_string).collect::<Vec<_>>().join(", ")
}

async fn sandbox() -> Sandbox {
    Sandbox::builder().token(TOKEN).start().await.unwrap()
}

/// A documented request of a command, or the least there is for one without an example.
fn request(command: &str) -> Value {
    let suffix = format!("-{command}-request");
    match examples("convrs").into_iter().find(|name| name.ends_with(&suffix)) {
        Some(name) => fixture(&format!("convrs/{name}")),
        None => serde_json::json!({"token": TOKEN, "cmd": command}),
    }
}

async fn run<C: Command>(client: &Client, mut request: Value) -> Result<Value, Error> {
    // The client adds these two.
    request.as_object_mut().unwrap().retain(|field, _| field != "token" && field != "cmd");
    let command: C = serde_json::from_value(request).unwrap();
    let output = client.execute(command).await?;
    Ok(serde_json::from_str(&envelope::encode_reply::<C>(&output)).unwrap())
}

macro_rules! by_name {
    ($($command:ty),* $(,)?) => {
        const COMMANDS: &[&str] = &[$(<$command as Command>::NAME),*];

        /// Sends a request as the typed command that it names.
        async fn execute(client: &Client, request: Value) -> Result<Value, Error> {
            match request["cmd"].as_str().unwrap() {
                $(<$command as Command>::NAME => run::<$command>(client, request).await,)*
                unknown => panic!("{unknown} has no type"),
            }
        }
    };
}

for_each_command!(by_name);
