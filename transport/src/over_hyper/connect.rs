use std::{
    error::Error as StdError,
    future::Future,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
    time::{Instant, timeout_at},
};
use tokio_rustls::TlsConnector;

use super::{
    exchange::MAX_HEAD,
    pool::Origin,
    proxy::tunnel,
    upload::Outgoing,
    witness::{Witness, Written},
};
use crate::{Phase, TransportError, TransportErrorKind as Kind};

/// A connection, and the one who does its I/O, which happens only while somebody polls it: no byte is
/// written behind the back of a call, or after its end.
pub(super) struct Link {
    pub(super) sender: http1::SendRequest<Outgoing>,
    driver: Driver,
    pub(super) written: Written,
    /// Whether no request was made on it.
    pub(super) is_new: bool,
    is_over: bool,
}

type Driver = Pin<Box<http1::Connection<TokioIo<Box<dyn Stream>>, Outgoing>>>;

pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl Link {
    /// Does what I/O there is to do.
    pub(super) fn drive(&mut self, cx: &mut Context<'_>) {
        if !self.is_over && self.driver.as_mut().poll(cx).is_ready() {
            self.is_over = true;
        }
    }

    /// Whether it can take a request.
    pub(super) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<hyper::Result<()>> {
        if !self.sender.is_ready() {
            self.drive(cx);
        }
        self.sender.poll_ready(cx)
    }

    /// Whether the other side has not closed it. Looks anew.
    pub(super) fn is_open(&mut self) -> bool {
        self.drive(&mut Context::from_waker(Waker::noop()));
        !self.is_closed()
    }

    /// Whether it was seen to be closed.
    pub(super) fn is_closed(&self) -> bool {
        self.is_over || self.sender.is_closed()
    }
}

pub(super) struct Connector {
    tls: TlsConnector,
    proxy: Option<Origin>,
}

impl Connector {
    pub(super) fn new(tls: ClientConfig, proxy: Option<Origin>) -> Self {
        Self { tls: TlsConnector::from(Arc::new(tls)), proxy }
    }

    /// # Errors
    /// In [`Phase::Connect`]: no byte of a request can have been written.
    pub(super) async fn connect(
        &self,
        origin: &Origin,
        limit: Instant,
    ) -> Result<Link, TransportError> {
        let connected = timeout_at(limit, self.open(origin, limit)).await;
        let late = |_| failed(Kind::Timeout, "no connection within the time allowed");
        let (stream, written) = connected.map_err(late)??;
        let mut builder = http1::Builder::new();
        builder.max_buf_size(MAX_HEAD);
        let (sender, driver) = builder
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| failed(Kind::Connect, UNREACHABLE).with_source(error))?;
        Ok(Link { sender, driver: Box::pin(driver), written, is_new: true, is_over: false })
    }

    async fn open(
        &self,
        origin: &Origin,
        limit: Instant,
    ) -> Result<(Box<dyn Stream>, Written), TransportError> {
        // Plain http goes to this machine alone.
        let proxy = self.proxy.as_ref().filter(|_| !origin.is_this_machine);
        let stream = reach(proxy.unwrap_or(origin), limit).await.map_err(|error| {
            let message = if proxy.is_some() { NO_PROXY } else { UNREACHABLE };
            failed(Kind::Connect, message).with_source(error)
        })?;
        let (mut stream, written) = Witness::new(stream);
        if proxy.is_some() {
            tunnel(&mut stream, origin).await?;
        }
        if !origin.tls {
            return Ok((Box::new(stream), written));
        }
        let name = ServerName::try_from(origin.host.clone())
            .map_err(|_| TransportError::invalid("the host of the URL is no name for TLS"))?;
        match self.tls.connect(name, stream).await {
            Ok(stream) => Ok((Box::new(stream), written)),
            Err(error) if is_tls(&error) => Err(failed(
                Kind::Tls,
                "the TLS handshake failed: check the URL, or add the server's root certificate",
            )
            .with_source(error)),
            Err(error) => Err(failed(Kind::Connect, UNREACHABLE).with_source(error)),
        }
    }
}

const UNREACHABLE: &str = "the server could not be reached";

const NO_PROXY: &str = "the proxy could not be reached";

pub(super) fn failed(kind: Kind, message: &'static str) -> TransportError {
    TransportError::new(Phase::Connect, kind, message)
}

/// Tries the addresses of a host in turn. Each has its share of the time, so that one that does not
/// answer leaves some for the next.
async fn reach(origin: &Origin, limit: Instant) -> io::Result<TcpStream> {
    let addresses = resolve(origin).await?;
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for (number, address) in addresses.iter().enumerate() {
        let now = Instant::now();
        let others = u32::try_from(addresses.len() - number).unwrap_or(u32::MAX);
        let share = limit.saturating_duration_since(now) / others;
        match timeout_at(now + share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // A request is written as a whole: there is nothing to wait for.
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Ok(Err(error)) => last = error,
            Err(_) if others == 1 => std::future::pending().await,
            Err(_) => last = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(last)
}

/// `localhost` means this machine whatever a resolver says.
async fn resolve(origin: &Origin) -> io::Result<Vec<SocketAddr>> {
    let at = |address| SocketAddr::new(address, origin.port);
    if origin.host == "localhost" {
        return Ok(vec![at(Ipv4Addr::LOCALHOST.into()), at(Ipv6Addr::LOCALHOST.into())]);
    }
    if let Ok(address) = origin.host.parse::<IpAddr>() {
        return Ok(vec![at(address)]);
    }
    Ok(lookup_host((origin.host.as_str(), origin.port)).await?.collect())
}

/// rustls reports through `std::io::Error`.
fn is_tls(error: &io::Error) -> bool {
    let inner: Option<&(dyn StdError + Send + Sync)> = error.get_ref();
    inner.is_some_and(|error| error.is::<rustls::Error>())
}
