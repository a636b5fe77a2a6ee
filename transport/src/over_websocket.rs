mod head;

use std::{
    io,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll, ready},
    time::Instant,
};

use async_trait::async_trait;
use bytes::Bytes;
use futures_core::Stream;
use futures_sink::Sink;
use head::Head;
use http::{StatusCode, Uri};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use rustls_platform_verifier::Verifier;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_websockets::{ClientBuilder, Error as LibraryError, Limits, Message, WebSocketStream};

use crate::{
    DEFAULT_MAX_MESSAGE, Phase, SocketMessage, TransportError, TransportErrorKind as Kind,
    WebSocket, WebSocketTransport, check_socket_target, is_loopback,
};

/// [`WebSocketTransport`] over the tokio-websockets library: rustls, the machine's root certificates,
/// no proxy.
///
/// - `wss` is required, except to this machine.
/// - No redirect is followed.
/// - Nothing is compressed.
///
/// Cloning is cheap. Needs a running tokio runtime with time and I/O.
#[derive(Clone)]
pub struct TokioWebSockets {
    tls: Arc<ClientConfig>,
    loopback_only: bool,
}

impl TokioWebSockets {
    /// With the default settings. Reads the machine's root certificates.
    ///
    /// # Errors
    /// As [`TokioWebSocketsBuilder::build`].
    pub fn new() -> Result<Self, TransportError> {
        Self::builder().build()
    }

    /// With settings of your own.
    pub fn builder() -> TokioWebSocketsBuilder {
        TokioWebSocketsBuilder { root_certificates: Vec::new(), loopback_only: false }
    }
}

impl std::fmt::Debug for TokioWebSockets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokioWebSockets")
            .field("loopback_only", &self.loopback_only)
            .finish_non_exhaustive()
    }
}

/// Settings of [`TokioWebSockets`].
#[derive(Debug)]
#[must_use = "call build()"]
pub struct TokioWebSocketsBuilder {
    root_certificates: Vec<Vec<u8>>,
    loopback_only: bool,
}

impl TokioWebSocketsBuilder {
    /// Trusts the certificates in `pem` besides the machine's own. Can be called several times.
    pub fn root_certificate_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_certificates.push(pem.into());
        self
    }

    /// Connects to this machine and to no other. Such a transport trusts none but the certificates
    /// added to it, so it needs no root certificates on the machine.
    pub fn loopback_only(mut self) -> Self {
        self.loopback_only = true;
        self
    }

    /// Does no network I/O.
    ///
    /// # Errors
    /// [`TransportErrorKind::Invalid`](Kind::Invalid): a certificate that is no PEM, or root
    /// certificates that cannot be used.
    pub fn build(self) -> Result<TokioWebSockets, TransportError> {
        let mut roots = Vec::new();
        for pem in &self.root_certificates {
            let before = roots.len();
            for certificate in CertificateDer::pem_slice_iter(pem) {
                roots.push(certificate.map_err(|_| TransportError::invalid(NO_CERTIFICATE))?);
            }
            if roots.len() == before {
                return Err(TransportError::invalid(NO_CERTIFICATE));
            }
        }
        // Named, for with two of them in a program rustls has no default to take.
        let provider = Arc::new(aws_lc_rs::default_provider());
        let tls = if self.loopback_only {
            own_roots(provider, roots)
        } else {
            tls_config(provider, roots)
        };
        let mut tls = tls.map_err(|error| {
            TransportError::invalid(
                "TLS could not be set up: either a root certificate is damaged, or this machine \
                 has none (install the package ca-certificates)",
            )
            .with_source(error)
        })?;
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TokioWebSockets { tls: Arc::new(tls), loopback_only: self.loopback_only })
    }
}

const NO_CERTIFICATE: &str = "a root certificate is not in PEM form: it begins with \
                              -----BEGIN CERTIFICATE-----";

fn tls_config(
    provider: Arc<CryptoProvider>,
    roots: Vec<CertificateDer<'static>>,
) -> Result<ClientConfig, rustls::Error> {
    let verifier = Verifier::new_with_extra_roots(roots, provider.clone())?;
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth())
}

/// Trusts these certificates alone.
fn own_roots(
    provider: Arc<CryptoProvider>,
    roots: Vec<CertificateDer<'static>>,
) -> Result<ClientConfig, rustls::Error> {
    let mut store = RootCertStore::empty();
    for root in roots {
        store.add(root)?;
    }
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(store)
        .with_no_client_auth())
}

#[async_trait]
impl WebSocketTransport for TokioWebSockets {
    async fn connect(
        &self,
        endpoint: &Uri,
        deadline: Instant,
    ) -> Result<Box<dyn WebSocket>, TransportError> {
        check_socket_target(endpoint)?;
        if self.loopback_only && !is_loopback(endpoint) {
            return Err(TransportError::invalid(
                "this transport talks to this machine only: use 127.0.0.1, [::1] or localhost",
            ));
        }
        if deadline <= tokio::time::Instant::now().into_std() {
            let message = "the deadline had passed before anything was done";
            return Err(TransportError::new(Phase::Prepare, Kind::Timeout, message));
        }
        let connecting = open(endpoint, self.tls.clone());
        tokio::time::timeout_at(deadline.into(), connecting).await.unwrap_or_else(|_| {
            Err(TransportError::new(
                Phase::Connect,
                Kind::Timeout,
                "no WebSocket within the time allowed",
            ))
        })
    }
}

async fn open(
    endpoint: &Uri,
    tls: Arc<ClientConfig>,
) -> Result<Box<dyn WebSocket>, TransportError> {
    let host = endpoint.host().unwrap_or_default();
    let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    // `localhost` means this machine whatever a resolver says.
    let address = if host.eq_ignore_ascii_case("localhost") { "127.0.0.1" } else { host };
    let secure = endpoint.scheme_str() == Some("wss");
    let port = endpoint.port_u16().unwrap_or(if secure { 443 } else { 80 });
    let unreachable = |error: io::Error| {
        TransportError::new(Phase::Connect, Kind::Connect, "the server could not be reached")
            .with_source(error)
    };
    let stream = TcpStream::connect((address, port)).await.map_err(unreachable)?;
    stream.set_nodelay(true).map_err(unreachable)?;
    if !secure {
        return upgrade(endpoint, stream).await;
    }
    let name = ServerName::try_from(host.to_owned()).map_err(|error| {
        TransportError::invalid("the host of the URL is no name that TLS knows").with_source(error)
    })?;
    let stream = TlsConnector::from(tls).connect(name, stream).await.map_err(|error| {
        let kind = if error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()) {
            Kind::Tls
        } else {
            Kind::Connect
        };
        let message = "the TLS handshake failed: check the URL, or add the server's certificate";
        TransportError::new(Phase::Connect, kind, message).with_source(error)
    })?;
    upgrade(endpoint, stream).await
}

async fn upgrade<S: Carrier>(
    endpoint: &Uri,
    stream: S,
) -> Result<Box<dyn WebSocket>, TransportError> {
    let limits = Limits::default().max_payload_len(Some(DEFAULT_MAX_MESSAGE));
    let builder = ClientBuilder::from_uri(endpoint.clone()).limits(limits);
    let status = Arc::new(OnceLock::new());
    let head = Head::new(stream, status.clone());
    let (mut socket, _) =
        builder.connect_on(head).await.map_err(|error| refused(error, status.get().copied()))?;
    socket.get_mut().end();
    Ok(Box::new(Open { socket, max: DEFAULT_MAX_MESSAGE }))
}

/// `status` is the one that the answer began with: of a head with many fields the library tells none.
fn refused(error: LibraryError, status: Option<StatusCode>) -> TransportError {
    if let Some(status) = status.filter(|status| *status != StatusCode::SWITCHING_PROTOCOLS) {
        let message =
            format!("the server answered HTTP {} in place of a WebSocket", status.as_u16());
        return TransportError::new(Phase::Connect, Kind::Refused { status }, message);
    }
    let message = "the connection ended before it was a WebSocket, or what answered speaks none";
    TransportError::new(Phase::Connect, Kind::Connect, message).with_source(error)
}

/// What a WebSocket runs over.
trait Carrier: AsyncRead + AsyncWrite + Unpin + Send + 'static {}
impl Carrier for TcpStream {}
impl Carrier for TlsStream<TcpStream> {}

struct Open<S> {
    socket: WebSocketStream<Head<S>>,
    max: usize,
}

impl<S: Carrier> WebSocket for Open<S> {
    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<SocketMessage, TransportError>>> {
        // Else the answers to a flood of pings would pile up, for a server that does not read them.
        ready!(Pin::new(&mut self.socket).poll_ready(cx)).map_err(broken)?;
        let Some(message) = ready!(Pin::new(&mut self.socket).poll_next(cx)) else {
            return Poll::Ready(None);
        };
        let message = message.map_err(broken)?;
        Poll::Ready(Some(Ok(if message.is_text() {
            SocketMessage::Text(message.into_payload().into())
        } else if message.is_binary() {
            SocketMessage::Binary(message.into_payload().into())
        } else if let Some((code, _)) = message.as_close() {
            let code = u16::from(code);
            SocketMessage::Close((code != NO_CODE).then_some(code))
        } else {
            SocketMessage::Control
        })))
    }

    fn send(&mut self, text: Bytes) -> Result<(), TransportError> {
        Pin::new(&mut self.socket).start_send(Message::text(text)).map_err(broken)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Pin::new(&mut self.socket).poll_flush(cx).map_err(broken)
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.socket).poll_close(cx).map(drop)
    }

    fn set_max_message(&mut self, bytes: usize) {
        if self.max != bytes {
            self.max = bytes;
            self.socket.limits_mut().set_max_payload_len(Some(bytes));
        }
    }
}

/// The code of a close without one, which never goes over the wire.
const NO_CODE: u16 = 1005;

fn broken(error: LibraryError) -> TransportError {
    let (kind, message) = match &error {
        LibraryError::PayloadTooLong { .. } => {
            (Kind::TooLarge, "a message is larger than the WebSocket allows")
        }
        LibraryError::Protocol(_) => {
            (Kind::Interrupted, "what came over the WebSocket is no message, or no UTF-8")
        }
        _ => (Kind::Interrupted, "the WebSocket broke"),
    };
    TransportError::new(Phase::Exchange, kind, message).with_source(error)
}
