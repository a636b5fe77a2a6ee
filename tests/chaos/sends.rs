//! A client that sends, and what it says became of each send.

use std::{
    error::Error as StdError,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use bytes::Bytes;
use clap::ValueEnum;
use convrs_client::{
    Client, Command, CreateUserTag, Error, Extra, GetUser, RateLimits, RetryPolicy, SendMessage,
    SendSmsMessage, SendTextMessage, SendWhatsAppTemplate, SetUserData, SetUserName,
    transport::{
        Body, CallOptions, HttpTransport, HyperTransport, ReqwestTransport, TransportError,
    },
};
use serde_json::Map;
use tokio::{task::JoinSet, time::timeout};

use crate::{
    job::{Job, Operation},
    report::{Record, Report, Said},
    server::{self, Server, call_id},
};

/// How many calls are under way at a time.
const WORKERS: usize = 128;
/// How many calls share a client. Few, for the retry budget and the rate that 2008 lowers are the
/// client's: used up, they would leave little to see.
const PER_CLIENT: usize = 100;
/// Well below the deadlines of the calls whose connection fails: only then that proves anything.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(200);

/// What carries the sends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Transport {
    #[default]
    Reqwest,
    Hyper,
}

impl Transport {
    fn build(self) -> Result<Arc<dyn HttpTransport>, TransportError> {
        Ok(match self {
            Self::Reqwest => {
                let builder = ReqwestTransport::builder().loopback_only();
                Arc::new(builder.connect_timeout(CONNECT_TIMEOUT).build()?)
            }
            Self::Hyper => {
                let builder = HyperTransport::builder().loopback_only();
                Arc::new(builder.connect_timeout(CONNECT_TIMEOUT).build()?)
            }
        })
    }
}

/// Makes `sends` sends, and reads and writes beside them. With `reckless` the client repeats what may
/// have been carried out.
pub(crate) async fn run(
    sends: usize,
    seed: u64,
    reckless: bool,
    transport: Transport,
) -> Result<Report, Box<dyn StdError>> {
    let start = Instant::now();
    let calls = Job::calls(sends);
    let server = Server::start(calls, seed).await?;
    let run = Arc::new(Run::new(server, calls, seed, reckless, transport.build()?)?);
    let mut workers = JoinSet::new();
    for _ in 0..WORKERS {
        workers.spawn(run.clone().work());
    }
    let mut records = Vec::new();
    while let Some(done) = workers.join_next().await {
        records.extend(done?);
    }
    records.sort_by_key(|record| record.id);
    Ok(Report::new(seed, start.elapsed(), &records, run.server.settled().await))
}

struct Run {
    server: Server,
    seed: u64,
    calls: usize,
    reckless: bool,
    next: AtomicUsize,
    clients: Vec<Client>,
    attempts: Arc<Attempts>,
}

impl Run {
    fn new(
        server: Server,
        calls: usize,
        seed: u64,
        reckless: bool,
        over: Arc<dyn HttpTransport>,
    ) -> Result<Self, Error> {
        let counts = std::iter::repeat_with(AtomicU8::default).take(calls).collect();
        let attempts = Arc::new(Attempts { seed, counts });
        let router =
            Router { over, addresses: server.addresses.clone().into(), attempts: attempts.clone() };
        let clients = (0..calls.div_ceil(PER_CLIENT))
            .map(|index| client(router.clone(), seed.wrapping_add(index as u64)))
            .collect::<Result<_, _>>()?;
        Ok(Self { server, seed, calls, reckless, next: AtomicUsize::default(), clients, attempts })
    }

    /// Makes calls as long as there are any.
    async fn work(self: Arc<Self>) -> Vec<Record> {
        let mut records = Vec::new();
        loop {
            let id = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(client) = self.clients.get(id / PER_CLIENT).filter(|_| id < self.calls) else {
                return records;
            };
            let job = Job::new(self.seed, id);
            let caller = Caller { client, job: &job, reckless: self.reckless };
            let said = match timeout(job.deadline + PATIENCE, caller.call(id)).await {
                Ok(Ok(())) => Said::Ok,
                Ok(Err(error)) => Said::Failed(error.outcome()),
                Err(_) => Said::Nothing,
            };
            if id.is_multiple_of(PER_CLIENT) {
                self.server.forget();
            }
            let attempts = self.attempts.made(id);
            records.push(Record {
                id,
                operation: job.operation,
                attempts,
                fault: job.fault(attempts.saturating_sub(1)),
                connected: (0..attempts).any(|n| !job.fault(n).precedes_connection()),
                said,
            });
        }
    }
}

/// How much later than its deadline a call may end on a busy machine.
const PATIENCE: Duration = Duration::from_secs(10);

fn client(router: Router, seed: u64) -> Result<Client, Error> {
    let mut limits = RateLimits::default();
    (limits.per_number, limits.per_token) = (u32::MAX, u32::MAX);
    let mut retry = RetryPolicy::default();
    retry.base = Duration::from_millis(2);
    let endpoint = http::Uri::from_static("http://127.0.0.1/api");
    let client = Client::over_http(router, endpoint, "chaos-token")?;
    Ok(client.rate_limits(limits).retry_policy(retry).seed(seed))
}

struct Caller<'a> {
    client: &'a Client,
    job: &'a Job,
    reckless: bool,
}

impl Caller<'_> {
    async fn call(&self, id: usize) -> Result<(), Error> {
        let phone = format!("+447{id:09}");
        let uid = format!("3941-wa3-447{id:09}");
        macro_rules! execute {
            ($command:expr $(, $field:ident = $value:expr)?) => {{
                let mut command = $command;
                $(command.$field = $value;)?
                command.extra = self.extra(id);
                self.execute(command).await
            }};
        }
        match self.job.operation {
            Operation::Template => execute!(
                SendWhatsAppTemplate::new(3941, phone, "order_update", "en"),
                webhook_url = Some("https://example.com/delivery".to_owned())
            ),
            Operation::Sms => execute!(SendSmsMessage::new(3941, phone, "On its way")),
            Operation::Text => execute!(SendTextMessage::new(uid, "On its way")),
            Operation::Message => execute!(SendMessage::new(phone, "welcome")),
            Operation::DataWithRoute => {
                execute!(SetUserData::new(uid, Map::new()), route = Some("welcome".to_owned()))
            }
            Operation::Tag => execute!(CreateUserTag::new(format!("tag {id}"))),
            Operation::Read => execute!(GetUser::new(uid)),
            Operation::Write => execute!(SetUserName::new(uid, "Billy Bob")),
        }
    }

    /// What the server counts by.
    fn extra(&self, id: usize) -> Extra {
        let mut extra = Extra::default();
        extra.insert(server::CALL_ID, id);
        if self.job.padding > 0 {
            extra.insert("padding", "x".repeat(self.job.padding));
        }
        extra
    }

    async fn execute<C: Command>(&self, command: C) -> Result<(), Error> {
        let call = self.client.execute(command).deadline(self.job.deadline);
        let call = if self.reckless { call.resend_even_if_unknown() } else { call };
        call.await.map(drop)
    }
}

/// How many attempts each call has made.
#[derive(Debug)]
struct Attempts {
    seed: u64,
    counts: Vec<AtomicU8>,
}

impl Attempts {
    fn made(&self, id: usize) -> usize {
        self.counts.get(id).map_or(0, |count| count.load(Ordering::SeqCst)).into()
    }

    fn next(&self, id: usize) -> usize {
        self.counts.get(id).map_or(0, |count| count.fetch_add(1, Ordering::SeqCst)).into()
    }
}

/// Sends each attempt to the port that has the attempt's fault.
#[derive(Debug, Clone)]
struct Router {
    over: Arc<dyn HttpTransport>,
    addresses: Arc<[SocketAddr]>,
    attempts: Arc<Attempts>,
}

#[async_trait]
impl HttpTransport for Router {
    async fn send(
        &self,
        mut request: http::Request<Body>,
        options: &CallOptions,
    ) -> Result<http::Response<Bytes>, TransportError> {
        let uri = request.body().as_bytes().and_then(|body| self.uri(body));
        if let Some(uri) = uri {
            *request.uri_mut() = uri;
        }
        self.over.send(request, options).await
    }
}

impl Router {
    fn uri(&self, body: &[u8]) -> Option<http::Uri> {
        let id = call_id(&serde_json::from_slice(body).ok()?)?;
        let fault = Job::new(self.attempts.seed, id).fault(self.attempts.next(id));
        let scheme = if fault.is_tls() { "https" } else { "http" };
        format!("{scheme}://{}/api", self.addresses.get(fault.index())?).parse().ok()
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use convrs_client::Outcome;

    use super::*;
    use crate::Verdict;

    #[tokio::test(flavor = "multi_thread")]
    async fn what_the_client_says_of_a_send_is_what_the_server_has_counted() {
        for transport in [Transport::Reqwest, Transport::Hyper] {
            let report = run(300, 1, false, transport).await.unwrap();
            assert!(report.passed(), "{report}");
            // Faults of every sort had their effect.
            for said in [Said::Ok, NOT_SENT, REJECTED, UNKNOWN] {
                assert!(report.said(said) > 0, "{report}");
            }
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_client_that_repeats_what_may_have_been_carried_out_is_found() {
        let report = run(300, 1, true, Transport::Reqwest).await.unwrap();
        assert!(report.doubles() > 0 && !report.passed(), "{report}");
    }

    const NOT_SENT: Said = Said::Failed(Outcome::NotSent);
    const REJECTED: Said = Said::Failed(Outcome::Rejected);
    const UNKNOWN: Said = Said::Failed(Outcome::Unknown);
}
