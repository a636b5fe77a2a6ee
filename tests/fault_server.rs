//! A server on this machine that goes wrong as it is told to, byte by byte.
//!
//! What happens on a connection is a [`Script`], a list of [`Step`]s; which script comes next is a
//! [`Plan`]. The server notes each request that it has read to the end, so that a test can count how
//! often a send would have been carried out.
//!
//! ```
//! # use replykit_tests::fault_server::{FaultServer, Script};
//! # async fn run() {
//! // The first connection breaks behind the request, each later one gets an answer.
//! let server = FaultServer::start([
//!     Script::request().reset(),
//!     Script::request().write("HTTP/1.1 204 No Content\r\n\r\n").fin(),
//! ])
//! .await;
//! let endpoint = server.url();
//! // Calls to `endpoint`.
//! let processed = server.received().len();
//! # let _ = (endpoint, processed); }
//! ```
//!
//! Faults of TLS need no steps of their own: a server without a certificate whose
//! [`https_url`](FaultServer::https_url) is called speaks no TLS, and can answer the first bytes of the
//! handshake with text, with silence or with a reset. Wrong and expired certificates are a
//! [`Certificate`].

// A test that cannot set up its own server has nothing else to do than to end.
#![allow(clippy::expect_used)]

mod certificate;
mod connection;
mod received;
mod script;
mod upgrade;

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

pub use certificate::Certificate;
use connection::Connection;
pub use received::Received;
pub use script::{Plan, Script, Step};
use tokio::{
    net::{TcpListener, TcpSocket},
    sync::watch,
    task::{JoinHandle, JoinSet},
};
use tokio_rustls::TlsAcceptor;
pub use upgrade::frame;

/// The server. It ends, and its connections with it, when it is dropped.
#[derive(Debug)]
pub struct FaultServer {
    address: SocketAddr,
    log: Arc<Log>,
    task: JoinHandle<()>,
}

/// How a server is set up.
#[derive(Debug, Default)]
pub struct Setup {
    /// The address on this machine, 127.0.0.1 by default. Linux has all of 127.0.0.0/8, each with
    /// ports of its own, which long runs use up.
    pub address: Option<IpAddr>,
    /// Speaks TLS with this certificate.
    pub certificate: Option<Certificate>,
    /// The size of the kernel's receive buffer, which is how much a server takes in that does not
    /// read. The kernel has a least size of its own.
    pub receive_buffer: Option<u32>,
}

/// What all connections of a server write down.
#[derive(Debug, Default)]
struct Log {
    received: Mutex<Vec<Received>>,
    /// How many requests were ever received.
    count: watch::Sender<usize>,
    connections: AtomicUsize,
    turns: AtomicUsize,
    written: AtomicU64,
}

impl FaultServer {
    /// A server on a free port of 127.0.0.1, without TLS.
    ///
    /// # Panics
    /// Where this machine gives no port.
    pub async fn start(plan: impl Into<Plan>) -> Self {
        Self::with(Setup::default(), plan).await
    }

    /// A server on a free port.
    ///
    /// # Panics
    /// Where this machine gives no port, or the certificate cannot be used.
    pub async fn with(setup: Setup, plan: impl Into<Plan>) -> Self {
        let listener = setup.listener().expect("a free port");
        let address = listener.local_addr().expect("an address");
        let acceptor = setup.certificate.map(Certificate::into_acceptor);
        let log = Arc::new(Log::default());
        let task = tokio::spawn(serve(listener, acceptor, plan.into(), log.clone()));
        Self { address, log, task }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its endpoint for plain http.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/api", self.address)
    }

    /// Its endpoint for a WebSocket without TLS.
    #[must_use]
    pub fn ws_url(&self) -> String {
        format!("ws://{}/api", self.address)
    }

    /// Its endpoint for https under a name of this machine, `localhost` or `127.0.0.1`.
    #[must_use]
    pub fn https_url(&self, host: &str) -> String {
        format!("https://{host}:{}/api", self.address.port())
    }

    /// The requests that were read to the end since [`drain`](Self::drain), in that order.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.log.received().clone()
    }

    /// The same, and forgets them: for runs that would fill the memory.
    pub fn drain(&self) -> Vec<Received> {
        std::mem::take(&mut *self.log.received())
    }

    /// Waits until `count` requests were ever received: a client that gives up may be faster than the
    /// server. Returns how many there were, fewer when `time` passed first.
    pub async fn settled(&self, count: usize, time: Duration) -> usize {
        let mut seen = self.log.count.subscribe();
        let _ = tokio::time::timeout(time, seen.wait_for(|seen| *seen >= count)).await;
        *self.log.count.borrow()
    }

    /// How many connections were taken so far, before any handshake.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.log.connections.load(Ordering::SeqCst)
    }

    /// How many bytes of answers the kernel took off the server's hands.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.log.written.load(Ordering::SeqCst)
    }
}

impl Drop for FaultServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Setup {
    /// The given certificate, and everything else as usual.
    #[must_use]
    pub fn tls(certificate: Certificate) -> Self {
        Self { certificate: Some(certificate), ..Self::default() }
    }

    fn listener(&self) -> std::io::Result<TcpListener> {
        let address = self.address.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let socket = match address {
            IpAddr::V4(_) => TcpSocket::new_v4(),
            IpAddr::V6(_) => TcpSocket::new_v6(),
        }?;
        if let Some(size) = self.receive_buffer {
            socket.set_recv_buffer_size(size)?;
        }
        socket.bind(SocketAddr::new(address, 0))?;
        socket.listen(1024)
    }
}

impl Log {
    fn received(&self) -> MutexGuard<'_, Vec<Received>> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, request: Received) {
        self.received().push(request);
        self.count.send_modify(|count| *count += 1);
    }

    fn next_turn(&self) -> usize {
        self.turns.fetch_add(1, Ordering::SeqCst)
    }
}

async fn serve(listener: TcpListener, tls: Option<TlsAcceptor>, plan: Plan, log: Arc<Log>) {
    let plan = Arc::new(plan);
    // Dropped with this task, and all connections with it.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // Short of files, or a client that is gone again: the next one may do better.
                let Ok((stream, _)) = accepted else { continue };
                let number = log.connections.fetch_add(1, Ordering::SeqCst);
                let (tls, plan, log) = (tls.clone(), plan.clone(), log.clone());
                connections.spawn(async move {
                    if let Ok(connection) = Connection::open(stream, tls, log, number).await {
                        // The client is gone, which ends any script.
                        let _ = connection.play(&plan).await;
                    }
                });
            }
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}
