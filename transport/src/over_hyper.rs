mod connect;
mod exchange;
mod pool;
mod proxy;
mod tls;
mod upload;
mod witness;

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use connect::Connector;
use exchange::Ready;
use http::{HeaderValue, Uri, header};
use pool::{Origin, Pool};
use proxy::ProxyChoice;
use rustls::pki_types::{CertificateDer, pem::PemObject};
use tokio::time::Instant;

use crate::{
    Body, CallOptions, Connection, HttpTransport, Phase, TransportError,
    TransportErrorKind as Kind, check_target, is_loopback,
};

/// [`HttpTransport`] over the hyper library: HTTP/1.1, rustls with ring, and the root certificates of
/// Mozilla, which are built in. The feature `hyper-platform-roots` takes those of the machine in their
/// place, and `hyper-aws-lc` another library in place of ring.
///
/// - It counts what it writes. A call that fails with no byte of its request written is
///   [`Phase::Unwritten`], and so provably not sent, where [`ReqwestTransport`](crate::ReqwestTransport)
///   can only say `Unknown`. Nothing is written behind the end of a call, whatever ends it.
/// - No redirect is followed and nothing is repeated: each call is one request at most.
/// - `https` is required, except to this machine.
/// - Connecting has a limit of its own (default 5 s). No failure within it sends anything, and a
///   deadline that is shorter proves as much.
/// - It uses the [`proxy`](HyperTransportBuilder::proxy) that it is given, by a tunnel, and never to this
///   machine. It does not take one from the environment: where `HTTPS_PROXY` or `ALL_PROXY` is set, it is
///   an error to build a transport without saying which one, or [none](HyperTransportBuilder::no_proxy).
///   A proxy that wants a password is for `ReqwestTransport`.
/// - Answers must come uncompressed: `Accept-Encoding: identity` is sent.
///
/// Cloning is cheap and shares the connections. It has no task of its own: an idle connection is looked
/// at when it is used again, and closed after 90 s by whoever calls next.
#[derive(Clone)]
pub struct HyperTransport(Arc<Inner>);

struct Inner {
    connector: Connector,
    pool: Pool,
    connect_timeout: Duration,
    user_agent: HeaderValue,
    loopback_only: bool,
}

impl HyperTransport {
    /// A transport with the default settings.
    ///
    /// # Errors
    /// As [`HyperTransportBuilder::build`].
    pub fn new() -> Result<Self, TransportError> {
        Self::builder().build()
    }

    /// A transport with settings of your own.
    pub fn builder() -> HyperTransportBuilder {
        HyperTransportBuilder {
            connect_timeout: Duration::from_secs(5),
            user_agent: concat!("replykit/", env!("CARGO_PKG_VERSION")).to_owned(),
            root_certificates: Vec::new(),
            proxy: ProxyChoice::Unsaid,
            loopback_only: false,
        }
    }
}

impl fmt::Debug for HyperTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HyperTransport")
            .field("connect_timeout", &self.0.connect_timeout)
            .field("loopback_only", &self.0.loopback_only)
            .finish_non_exhaustive()
    }
}

/// Settings of a [`HyperTransport`].
#[derive(Debug)]
#[must_use = "call build()"]
pub struct HyperTransportBuilder {
    connect_timeout: Duration,
    user_agent: String,
    root_certificates: Vec<Vec<u8>>,
    proxy: ProxyChoice,
    loopback_only: bool,
}

impl HyperTransportBuilder {
    /// The limit on resolving, connecting and the TLS handshake together. Default: 5 s.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// The `User-Agent` of requests that bring none. Default: `replykit/` and the version.
    pub fn user_agent(mut self, name: impl Into<String>) -> Self {
        self.user_agent = name.into();
        self
    }

    /// Sends every call but those to this machine through a tunnel of `proxy`, such as
    /// `http://proxy.example:3128`, whatever the environment says.
    pub fn proxy(mut self, proxy: Uri) -> Self {
        self.proxy = ProxyChoice::Url(proxy);
        self
    }

    /// Uses no proxy, whatever the environment says.
    pub fn no_proxy(mut self) -> Self {
        self.proxy = ProxyChoice::None;
        self
    }

    /// Talks to this machine and to no other. Such a transport trusts none but the certificates added to
    /// it.
    pub fn loopback_only(mut self) -> Self {
        self.loopback_only = true;
        self
    }

    /// Trusts the certificates in `pem` besides those that are built in. Can be called several times.
    pub fn root_certificate_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_certificates.push(pem.into());
        self
    }

    /// Builds the transport. Does no I/O.
    ///
    /// # Errors
    /// [`TransportErrorKind::Invalid`](Kind::Invalid): a certificate that is no PEM, a user agent that
    /// cannot be used, a proxy that is no `http` URL or has a password, or one that only the environment
    /// names.
    pub fn build(self) -> Result<HyperTransport, TransportError> {
        let proxy = if self.loopback_only { None } else { self.proxy.into_origin()? };
        let user_agent = HeaderValue::from_str(&self.user_agent).map_err(|_| {
            TransportError::invalid("the user agent holds a character that a header cannot carry")
        })?;
        let mut own = Vec::new();
        for pem in &self.root_certificates {
            own.extend(certificates(pem)?);
        }
        let tls =
            if self.loopback_only { tls::trusting(own) } else { tls::trusting_others_and(own) };
        let tls = tls.map_err(|error| {
            TransportError::invalid(
                "TLS could not be set up: either a root certificate is damaged, or this machine \
                 has none (install the package ca-certificates)",
            )
            .with_source(error)
        })?;
        Ok(HyperTransport(Arc::new(Inner {
            connector: Connector::new(tls, proxy),
            pool: Pool::default(),
            connect_timeout: self.connect_timeout,
            user_agent,
            loopback_only: self.loopback_only,
        })))
    }
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TransportError> {
    let no_certificate = || {
        TransportError::invalid(
            "a root certificate is not in PEM form: it begins with -----BEGIN CERTIFICATE-----",
        )
    };
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    found.ok().filter(|found| !found.is_empty()).ok_or_else(no_certificate)
}

#[async_trait]
impl HttpTransport for HyperTransport {
    async fn send(
        &self,
        request: http::Request<Body>,
        options: &CallOptions,
    ) -> Result<http::Response<Bytes>, TransportError> {
        let inner = &self.0;
        let (origin, request) = inner.prepare(request)?;
        let end = Instant::from_std(options.deadline);
        // The long ways are boxed, so that the short one is not larger for them.
        let request = match Ready::whole(request) {
            Ok(ready) => ready,
            Err(stream) => Box::pin(Ready::open(stream, end)).await?,
        };
        let now = Instant::now();
        if now >= end {
            return Err(late());
        }
        let idle = match options.connection {
            Connection::Fresh => None,
            Connection::Pooled => inner.pool.take(&origin, now),
        };
        let mut connection = match idle {
            Some(connection) => connection,
            None => {
                let limit = end.min(now + inner.connect_timeout);
                Box::pin(inner.connector.connect(&origin, limit)).await?
            }
        };
        let answer = exchange::run(&mut connection, request, options.max_body, end).await?;
        if options.connection == Connection::Pooled {
            inner.pool.put(origin, connection);
        }
        Ok(answer)
    }
}

impl Inner {
    /// Looks at the URL, and completes the request.
    fn prepare(
        &self,
        mut request: http::Request<Body>,
    ) -> Result<(Arc<Origin>, http::Request<Body>), TransportError> {
        let origin = match self.pool.known(request.uri()) {
            Some(origin) => origin,
            None => self.look_at(request.uri())?,
        };
        complete(&mut request, &origin, &self.user_agent)?;
        Ok((origin, request))
    }

    fn look_at(&self, uri: &Uri) -> Result<Arc<Origin>, TransportError> {
        check_target(uri)?;
        if self.loopback_only && !is_loopback(uri) {
            return Err(TransportError::invalid(
                "this transport talks to this machine only: use 127.0.0.1, [::1] or localhost",
            ));
        }
        Origin::of(uri).map(Arc::new)
    }
}

fn late() -> TransportError {
    TransportError::new(Phase::Prepare, Kind::Timeout, "the deadline passed before the call began")
}

/// The headers that every request has, and the target in the form that a server expects.
fn complete(
    request: &mut http::Request<Body>,
    origin: &Origin,
    user_agent: &HeaderValue,
) -> Result<(), TransportError> {
    *request.uri_mut() = match request.uri().path_and_query() {
        None => Uri::from_static("/"),
        Some(target) => match target.as_str() {
            "/" => Uri::from_static("/"),
            path if path.starts_with('/') => target.clone().into(),
            query => format!("/{query}")
                .parse()
                .map_err(|_| TransportError::invalid("the URL cannot be used"))?,
        },
    };
    let tells_nothing = request.body().is_empty()
        && !matches!(
            *request.method(),
            http::Method::GET | http::Method::HEAD | http::Method::DELETE
        );
    let headers = request.headers_mut();
    headers.entry(header::HOST).or_insert_with(|| origin.header.clone());
    headers.entry(header::USER_AGENT).or_insert_with(|| user_agent.clone());
    headers.entry(header::ACCEPT).or_insert_with(|| HeaderValue::from_static("*/*"));
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers.remove(header::TRANSFER_ENCODING);
    // hyper writes the length of a body, but not that there is none.
    headers.remove(header::CONTENT_LENGTH);
    if tells_nothing {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    Ok(())
}
