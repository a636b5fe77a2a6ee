//! A million events over a local socket.

mod floor;
mod server;

use std::{fs, hint::black_box, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use convrs_client::{
    Client, Error, Event, Exchange, Frame, Socket, SocketEvent, transport::TokioWebSockets,
};
use futures_util::{SinkExt, StreamExt};
use server::Server;
use tokio::{net::TcpStream, runtime::Runtime};
use tokio_tungstenite::tungstenite::Message;

use crate::{
    Case, Figure,
    events::{self, Tagged, Updated},
    measure::time,
    report::Report,
};

pub(crate) const FIGURE: Figure = Figure {
    name: "event-stream",
    about: "onUserUpdate over a local socket through the public stream, beside a bare socket with the type \
            known and tungstenite with #[serde(tag = \"cmd\")]",
    cases,
    judge,
};

/// How many events one call receives.
const CALL: usize = 50_000;

fn cases() -> Vec<Case> {
    let event = events::all().into_iter().find(|event| event.cmd == "onUserUpdate");
    let event = event.map(|event| event.cmd_first()).unwrap_or_default();
    let server = Arc::new(Server::start(&event));
    let transport = TokioWebSockets::builder().loopback_only().build().ok();
    let (floor, tagged, client) = (server.clone(), server.clone(), server);
    vec![
        Case::new("bare socket, type known", move || floor::receive(floor.address(), CALL)),
        Case::new("tungstenite, tagged enum", move || {
            runtime().block_on(tungstenite(&tagged.address(), CALL));
        }),
        Case::new("client", move || {
            runtime().block_on(stream(&client, transport.as_ref(), CALL, |_| {}));
        }),
    ]
}

fn judge(cases: &[Case], report: &mut Report) -> Result<(), String> {
    let [floor, tagged, client] = cases else { return Err("a case is missing".to_owned()) };
    let sides = [floor, tagged, client];
    let times = time(sides);
    for (side, time) in sides.iter().zip(&times) {
        report.time(&side.name, time);
        report.info("  events a second", CALL as f64 / time.median);
    }
    let [floor, tagged, client] = times.map(|spread| spread.median);
    report.at_least("events a second, to the bare socket", floor / client, 0.80);
    report.at_least("events a second, to tungstenite", tagged / client, 1.40);
    memory(report)
}

/// What a long stream adds to the memory of the process.
fn memory(report: &mut Report) -> Result<(), String> {
    let event = events::all().into_iter().find(|event| event.cmd == "onUserUpdate");
    let server = Server::start(&event.map(|event| event.cmd_first()).unwrap_or_default());
    let transport =
        TokioWebSockets::builder().loopback_only().build().map_err(|e| e.to_string())?;
    let mut early = 0.0;
    let mut late = 0.0;
    runtime().block_on(stream(&server, Some(&transport), 1_000_000, |count| match count {
        100_000 => early = resident(),
        1_000_000 => late = resident(),
        _ => {}
    }));
    report.info("MiB resident at 100,000 events", early);
    report.at_most("MiB more at 1,000,000 events", late - early, 1.0);
    Ok(())
}

fn runtime() -> Runtime {
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => fail(&error),
    }
}

/// The sides speak to a server in this process: what goes wrong there makes every figure void.
fn fail(error: &dyn std::fmt::Display) -> ! {
    eprintln!("event-stream: {error}");
    std::process::exit(1)
}

async fn tungstenite(address: &str, count: usize) {
    let stream = TcpStream::connect(address).await.unwrap_or_else(|error| fail(&error));
    let url = format!("ws://{address}/");
    let (mut socket, _) =
        tokio_tungstenite::client_async(url, stream).await.unwrap_or_else(|error| fail(&error));
    let go = Message::text("go");
    socket.send(go).await.unwrap_or_else(|error| fail(&error));
    for _ in 0..count {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => {
                let _ = black_box(&serde_json::from_str::<Tagged>(&text));
            }
            other => fail(&format!("{other:?}")),
        }
    }
}

async fn stream(
    server: &Server,
    transport: Option<&TokioWebSockets>,
    count: usize,
    mut seen: impl FnMut(usize),
) {
    let Some(transport) = transport else { fail(&"no TLS") };
    let endpoint = server.url().parse().unwrap_or_default();
    let socket = Socket::builder(endpoint, "token").open_over(transport.clone());
    let socket = socket.unwrap_or_else(|error| fail(&error));
    let events = Client::over(Nothing, "token").events(&socket).open().await;
    let mut events = events.unwrap_or_else(|error| fail(&error));
    let mut received = 0;
    while received < count {
        match events.next().await {
            Some(SocketEvent::Event { event, .. }) => {
                debug_assert!(matches!(event, Event::UserUpdated { .. }));
                black_box(&event);
                received += 1;
                seen(received);
            }
            Some(SocketEvent::Connected) => {}
            other => fail(&format!("{other:?}")),
        }
    }
}

/// An account in which nothing else is.
#[derive(Debug)]
struct Nothing;

#[async_trait]
impl Exchange for Nothing {
    async fn exchange(&self, _: &Frame) -> Result<Bytes, Error> {
        Ok(Bytes::from_static(br#"{"ok":1,"data":[]}"#))
    }
}

fn resident() -> f64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: f64 =
        statm.split_whitespace().nth(1).and_then(|n| n.parse().ok()).unwrap_or(f64::NAN);
    pages * 4096.0 / f64::from(1 << 20)
}

/// The type that the bare socket decodes into.
type Known = Updated;
