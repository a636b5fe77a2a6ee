//! Servers with a script, listeners that nobody may touch, and the walk through an error.

use std::{
    error::Error as StdError,
    io::ErrorKind,
    net::{SocketAddr, TcpListener as StdListener},
    process::{Command, Output},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use replykit_transport::{
    Body, CallOptions, HttpTransport, Outcome, Phase, TransportError, TransportErrorKind,
};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use sha1_smol::Sha1;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};
use tokio_rustls::TlsAcceptor;

use crate::Transport;

/// Stands in every request where a secret could stand, and may appear in no error.
pub(crate) const CANARY: &str = "canary-8d1f";

pub(crate) fn transport() -> Transport {
    Transport::builder().no_proxy().build().unwrap()
}

/// More time than any of these calls needs.
pub(crate) fn patient() -> CallOptions {
    CallOptions::within(Duration::from_secs(20))
}

/// A deadline that is meant to pass.
pub(crate) fn hasty() -> CallOptions {
    CallOptions::within(Duration::from_millis(200))
}

/// A POST to `base` with the canary in path, query, header and body.
pub(crate) fn secret_request(base: &str) -> http::Request<Body> {
    http::Request::post(format!("{base}/{CANARY}?token={CANARY}"))
        .header("x-api-key", CANARY)
        .body(Body::from(CANARY))
        .unwrap()
}

/// The error of a call that has to fail, after a look for the canary.
pub(crate) async fn failure(
    transport: &Transport,
    base: &str,
    options: &CallOptions,
) -> TransportError {
    let error = transport.send(secret_request(base), options).await.unwrap_err();
    assert_silent(&error);
    error
}

pub(crate) fn facts(error: &TransportError) -> (Phase, TransportErrorKind, Outcome) {
    (error.phase(), error.kind(), error.outcome())
}

/// Asserts that the canary is in no form of `error` nor of anything beneath it.
pub(crate) fn assert_silent(error: &(dyn StdError + 'static)) {
    for shown in [format!("{error}"), format!("{error:?}"), format!("{error:#?}")] {
        assert!(!shown.contains(CANARY), "{shown}");
    }
    let hidden = error.downcast_ref::<std::io::Error>().and_then(|io| io.get_ref());
    if let Some(inner) = hidden {
        assert_silent(inner);
    }
    if let Some(source) = error.source() {
        assert_silent(source);
    }
}

/// A server on a free port that plays a script on each connection. It ends when it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Server {
    /// Hands each connection to `script`.
    pub(crate) async fn start<F, Fut>(script: F) -> Self
    where
        F: Fn(TcpStream) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        Self::start_on("127.0.0.1:0", script).await.unwrap()
    }

    async fn start_on<F, Fut>(address: &str, script: F) -> std::io::Result<Self>
    where
        F: Fn(TcpStream) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        let task = tokio::spawn(async move {
            let mut scripts = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                scripts.spawn(script(stream));
            }
        });
        Ok(Self { address, connections, requests: Arc::default(), task })
    }

    /// Reads one request per connection, writes `answer` and closes.
    pub(crate) async fn answering(answer: impl Into<Vec<u8>>) -> Self {
        Self::answering_on("127.0.0.1:0", answer).await.unwrap()
    }

    pub(crate) async fn answering_on(
        address: &str,
        answer: impl Into<Vec<u8>>,
    ) -> std::io::Result<Self> {
        let answer: Arc<[u8]> = answer.into().into();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&requests);
        let mut server = Self::start_on(address, move |mut stream| {
            let (answer, record) = (Arc::clone(&answer), Arc::clone(&record));
            async move {
                if let Some(request) = read_request(&mut stream).await {
                    record.lock().unwrap().push(request);
                    // A client that has seen enough may be gone already.
                    let _ = stream.write_all(&answer).await;
                }
            }
        })
        .await?;
        server.requests = requests;
        Ok(server)
    }

    /// Reads one request, writes `start` and then stays silent with the connection open.
    pub(crate) async fn stalling(start: &'static str) -> Self {
        Self::start(move |mut stream| async move {
            read_request(&mut stream).await;
            stream.write_all(start.as_bytes()).await.unwrap();
            std::future::pending().await
        })
        .await
    }

    /// A TLS server with a certificate of its own, and that certificate as PEM.
    pub(crate) async fn with_tls(host: &str, year_of_expiry: i32) -> (Self, String) {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut certificate = rcgen::CertificateParams::new([host.to_owned()]).unwrap();
        certificate.not_after = rcgen::date_time_ymd(year_of_expiry, 1, 1);
        let certificate = certificate.self_signed(&key).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let server = Self::start(move |stream| {
            let accepting = acceptor.accept(stream);
            async move {
                if let Ok(mut stream) = accepting.await {
                    let request = read_request(&mut stream).await.unwrap_or_default();
                    if let Some(answer) = websocket_answer(&request) {
                        stream.write_all(answer.as_bytes()).await.unwrap();
                        std::future::pending::<()>().await;
                    }
                    stream.write_all(OK.as_bytes()).await.unwrap();
                    let _ = stream.shutdown().await;
                }
            }
        })
        .await;
        (server, certificate.pem())
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// How many connections were accepted so far.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// The requests that an answering server has read, as text.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(crate) const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// The head and body of the next request, or `None` when the client has closed.
pub(crate) async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut bytes = Vec::new();
    while !is_complete(&bytes) {
        let count = stream.read_buf(&mut bytes).await.ok()?;
        if count == 0 {
            return None;
        }
    }
    Some(String::from_utf8(bytes).unwrap())
}

/// The answer to a request that asks for a WebSocket.
pub(crate) fn websocket_answer(request: &str) -> Option<String> {
    let key = header(request, "sec-websocket-key").pop()?;
    let mut hash = Sha1::from(key);
    hash.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    let accept = STANDARD.encode(hash.digest().bytes());
    Some(format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    ))
}

fn is_complete(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    body.len() >= header(head, "content-length").first().map_or(0, |length| length.parse().unwrap())
}

/// The values of a header in the text of a request.
pub(crate) fn header(request: &str, name: &str) -> Vec<String> {
    let head = request.split("\r\n\r\n").next().unwrap_or_default();
    head.lines()
        .filter_map(|line| line.split_once(": "))
        .filter(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.to_owned())
        .collect()
}

/// A listener that nobody may connect to. The kernel takes connections without being asked, so one
/// that was opened is waiting here however short it lived.
pub(crate) struct Untouched(StdListener);

impl Untouched {
    pub(crate) fn new() -> Self {
        let listener = StdListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.0.local_addr().unwrap())
    }

    pub(crate) fn assert_untouched(&self) {
        let reason = self.0.accept().map(|_| "a connection").unwrap_err();
        assert_eq!(reason.kind(), ErrorKind::WouldBlock);
    }
}

/// Runs the test `name` again, alone, in a process with these variables and no proxy settings but
/// those. In there, [`is_alone`] is true.
pub(crate) fn run_alone(name: &str, variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    for inherited in ["HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"] {
        command.env_remove(inherited).env_remove(inherited.to_lowercase());
    }
    command
        .args(["--exact", name, "--nocapture"])
        .env(ALONE, "yes")
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

pub(crate) fn assert_passed(output: &Output) {
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}\n{errors}");
}

pub(crate) fn is_alone() -> bool {
    std::env::var_os(ALONE).is_some()
}

const ALONE: &str = "REPLYKIT_TEST_ALONE";
