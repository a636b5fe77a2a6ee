//! Calls GetUser: `replykit-benches-call <url> <mode> <calls> <at once>`, and prints the seconds that took.
//! A program of its own, because it is built with and without the feature `tracing`. The modes are `usual`
//! and `formatted`, the client over reqwest; `lean`, the client over hyper; and what the client is compared
//! with: `conn`, bare connections of hyper, and `reqwest` by itself, both with a typed request and answer
//! and a deadline.

use std::{
    error::Error,
    pin::Pin,
    time::{Duration, Instant},
};

use bytes::Bytes;
use convrs_client::{
    Client, GetUser, User,
    transport::{HttpTransport, HyperTransport, ReqwestTransport},
};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use tokio::{net::TcpStream, task::JoinSet, time::timeout};

type Done = Result<(), Box<dyn Error + Send + Sync>>;
type Task = Pin<Box<dyn Future<Output = Done> + Send>>;
/// What makes so many calls, one after another.
type Side = Box<dyn Fn(u32) -> Task>;

fn main() -> Done {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, mode, calls, at_once] = arguments.as_slice() else {
        return Err("url, mode, calls, at once".into());
    };
    #[cfg(feature = "tracing")]
    if mode == "formatted" {
        use tracing_subscriber::{filter::Targets, fmt, prelude::*};
        // This crate's spans alone: what hyper says at DEBUG is none of its cost.
        let ours = Targets::new()
            .with_target("convrs_client", tracing_subscriber::filter::LevelFilter::DEBUG);
        let layer = fmt::layer().with_writer(std::io::sink);
        tracing_subscriber::registry().with(ours).with(layer).init();
    }
    #[cfg(not(feature = "tracing"))]
    if mode == "formatted" {
        return Err("it is built without the feature tracing".into());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (url, calls, at_once): (http::Uri, u32, u32) =
        (url.parse()?, calls.parse()?, at_once.parse()?);
    let task = side(mode, &url)?;
    runtime.block_on(async {
        let start = Instant::now();
        // Each a task, as in a service.
        let mut tasks: JoinSet<Done> = (0..at_once).map(|_| task(calls / at_once)).collect();
        while let Some(done) = tasks.join_next().await {
            done??;
        }
        println!("{}", start.elapsed().as_secs_f64());
        Ok(())
    })
}

fn side(mode: &str, url: &http::Uri) -> Result<Side, Box<dyn Error + Send + Sync>> {
    let url = url.clone();
    Ok(match mode {
        "lean" => typed(HyperTransport::builder().loopback_only().build()?, url)?,
        "usual" | "formatted" => typed(ReqwestTransport::builder().loopback_only().build()?, url)?,
        "conn" => Box::new(move |calls| Box::pin(conn(url.clone(), calls))),
        "reqwest" => {
            let client = reqwest::Client::builder().no_proxy().build()?;
            Box::new(move |calls| Box::pin(bare_reqwest(client.clone(), url.to_string(), calls)))
        }
        other => return Err(format!("there is no mode {other}").into()),
    })
}

fn typed(
    transport: impl HttpTransport,
    url: http::Uri,
) -> Result<Side, Box<dyn Error + Send + Sync>> {
    let client = Client::over_http(transport, url, "a token")?;
    Ok(Box::new(move |calls| {
        let client = client.clone();
        Box::pin(async move {
            for _ in 0..calls {
                client.execute(GetUser::new("73-tel-615940546")).await?;
            }
            Ok(())
        })
    }))
}

/// What the others write.
#[derive(Serialize)]
struct Question {
    token: &'static str,
    cmd: &'static str,
    uid: &'static str,
}

const QUESTION: Question = Question { token: "a token", cmd: "GetUser", uid: "73-tel-615940546" };
/// As long as the client's.
const DEADLINE: Duration = Duration::from_secs(15);

/// What the others read.
#[derive(Deserialize)]
struct Answer {
    ok: u8,
    data: User,
}

impl Answer {
    fn check(&self) -> Done {
        if self.ok == 1 && self.data.uid.as_str() == QUESTION.uid {
            Ok(())
        } else {
            Err("another user".into())
        }
    }
}

/// The request is the client's, byte for byte but for the order of the headers.
async fn conn(url: http::Uri, calls: u32) -> Done {
    let authority = url.authority().ok_or("the URL has no host")?.as_str();
    let stream = TcpStream::connect(authority).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    for _ in 0..calls {
        let call = async {
            sender.ready().await?;
            let request = http::Request::post(url.path())
                .header("host", authority)
                .header("accept", "application/json")
                .header("accept-encoding", "identity")
                .header("content-type", "application/json")
                .header("user-agent", "replykit/0.1.0")
                .body(Full::new(Bytes::from(serde_json::to_vec(&QUESTION)?)))?;
            let answer = sender.send_request(request).await?.into_body().collect().await?;
            serde_json::from_slice::<Answer>(&answer.to_bytes())?.check()
        };
        timeout(DEADLINE, call).await??;
    }
    Ok(())
}

async fn bare_reqwest(client: reqwest::Client, url: String, calls: u32) -> Done {
    for _ in 0..calls {
        let request = client.post(&url).json(&QUESTION).timeout(DEADLINE);
        request.send().await?.json::<Answer>().await?.check()?;
    }
    Ok(())
}
