//! A server that breaks in another way on each of its ports, and counts what it does.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicUsize, Ordering},
    },
    time::Duration,
};

use replykit_tests::fault_server::{Certificate, FaultServer, Plan, Received, Script, Setup};
use serde_json::Value;
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    time::{sleep, timeout},
};

use crate::{
    answers::{answer, unread},
    fault::Fault,
    job,
};

/// The field of a request that says which call it belongs to.
pub(crate) const CALL_ID: &str = "chaosId";

/// Which call a request belongs to.
pub(crate) fn call_id(request: &Value) -> Option<usize> {
    request.get(CALL_ID)?.as_u64()?.try_into().ok()
}

/// What was done: the truth, to which the client's word is compared.
#[derive(Debug)]
pub(crate) struct Truth {
    counts: Vec<AtomicU8>,
    strange: AtomicUsize,
}

impl Truth {
    /// How often a call was done.
    pub(crate) fn count(&self, id: usize) -> u8 {
        self.counts.get(id).map_or(0, |count| count.load(Ordering::SeqCst))
    }

    /// How many requests came whole and were of no call, or came where a redirect leads.
    pub(crate) fn strange(&self) -> usize {
        self.strange.load(Ordering::SeqCst)
    }
}

pub(crate) struct Server {
    /// One for each fault, in the order of [`Fault::ALL`].
    pub(crate) addresses: Vec<SocketAddr>,
    truth: Arc<Truth>,
    ports: Vec<Port>,
}

/// What has to be there for a port to be what it is.
enum Port {
    Serving(FaultServer),
    Refusing { _socket: TcpSocket },
    Full { _listener: TcpListener, _queue: Vec<TcpStream> },
}

impl Server {
    /// Starts a server for `calls` calls.
    pub(crate) async fn start(calls: usize, seed: u64) -> io::Result<Self> {
        let counts = std::iter::repeat_with(AtomicU8::default).take(calls).collect();
        let truth = Arc::new(Truth { counts, strange: AtomicUsize::default() });
        let mut server = Self { addresses: Vec::new(), truth, ports: Vec::new() };
        // Eight addresses, lest connections that linger when they are closed use up the ports of one.
        for (&(fault, ..), host) in Fault::ALL.iter().zip((2..10).cycle()) {
            let host = Ipv4Addr::new(127, 0, 0, host);
            let (address, port) = match fault {
                Fault::Refused => {
                    let socket = bound(host)?;
                    (socket.local_addr()?, Port::Refusing { _socket: socket })
                }
                Fault::Unanswered => full(bound(host)?).await?,
                _ => server.serving(fault, host, seed).await,
            };
            server.addresses.push(address);
            server.ports.push(port);
        }
        Ok(server)
    }

    async fn serving(&self, fault: Fault, host: Ipv4Addr, seed: u64) -> (SocketAddr, Port) {
        let mut setup = Setup { address: Some(IpAddr::V4(host)), ..Setup::default() };
        if fault == Fault::TlsUntrusted {
            setup.certificate = Some(Certificate::of(&host.to_string()));
        }
        // A client that follows a redirect finds a port without a fault there.
        let elsewhere = self.addresses.first().copied().unwrap_or((host, 0).into());
        let seed = seed.wrapping_add(fault.index() as u64);
        let plan = if unread(fault, elsewhere, &mut job::random(seed, 0)).is_some() {
            Plan::by_turn(move |turn| {
                unread(fault, elsewhere, &mut job::random(seed, turn)).unwrap_or_default()
            })
        } else {
            let truth = self.truth.clone();
            Plan::by_request(move |request| serve(fault, request, elsewhere, seed, &truth))
        };
        let server = FaultServer::with(setup, plan).await;
        (server.address(), Port::Serving(server))
    }

    /// Forgets the requests that were read.
    pub(crate) fn forget(&self) {
        for port in &self.ports {
            if let Port::Serving(server) = port {
                server.drain();
            }
        }
    }

    /// What was done in the end: a client that gives up may be faster than the server.
    pub(crate) async fn settled(&self) -> &Truth {
        sleep(Duration::from_millis(500)).await;
        &self.truth
    }
}

/// The one place where something is done.
fn serve(fault: Fault, request: &Received, to: SocketAddr, seed: u64, truth: &Truth) -> Script {
    let (expected, request) = (request.head.starts_with("POST /api "), request.json());
    let call =
        call_id(&request).filter(|_| expected).and_then(|id| Some((id, truth.counts.get(id)?)));
    let (Some((id, count)), Some(cmd)) = (call, request.get("cmd").and_then(Value::as_str)) else {
        truth.strange.fetch_add(1, Ordering::SeqCst);
        return Script::close();
    };
    let (done, script) = answer(fault, cmd, to, &mut job::random(seed, id));
    count.fetch_add(done.into(), Ordering::SeqCst);
    script
}

fn bound(host: Ipv4Addr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((host, 0).into())?;
    Ok(socket)
}

/// Fills the queue of a listener that nobody accepts from: the next to come get no answer.
async fn full(socket: TcpSocket) -> io::Result<(SocketAddr, Port)> {
    let address = socket.local_addr()?;
    let listener = socket.listen(1)?;
    let mut queue = Vec::new();
    while queue.len() < 16 {
        match timeout(Duration::from_millis(200), TcpStream::connect(address)).await {
            Ok(stream) => queue.push(stream?),
            Err(_) => return Ok((address, Port::Full { _listener: listener, _queue: queue })),
        }
    }
    Err(io::Error::other("this system takes connections beyond the queue of a listener"))
}
