use std::{
    error::Error as StdError,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Uri, header};
use tokio::time::timeout;
use upload::Upload;

use crate::{
    Body, CallOptions, Connection, HttpTransport, Phase, TransportError,
    TransportErrorKind as Kind, body::unreadable, check_target, is_loopback,
};

mod upload;

/// [`HttpTransport`] over the reqwest library: HTTP/1.1, rustls, the machine's root certificates.
///
/// - No redirect is followed and nothing is repeated: each call is one request at most.
/// - `https` is required, except to this machine.
/// - Connecting has a limit of its own (default 5 s). A failure within it proves that nothing was
///   sent; a deadline that is not longer than it proves nothing.
/// - A proxy is taken from `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` unless one is set; this
///   machine is always reached directly.
/// - Answers must come uncompressed: `Accept-Encoding: identity` is sent.
///
/// Cloning is cheap and shares the connections. Calls need a running tokio runtime.
#[derive(Debug, Clone)]
pub struct ReqwestTransport {
    fresh: reqwest::Client,
    pooled: reqwest::Client,
    loopback_only: bool,
}

impl ReqwestTransport {
    /// A transport with the default settings.
    ///
    /// # Errors
    /// As [`ReqwestTransportBuilder::build`].
    pub fn new() -> Result<Self, TransportError> {
        Self::builder().build()
    }

    /// A transport with settings of your own.
    pub fn builder() -> ReqwestTransportBuilder {
        ReqwestTransportBuilder {
            connect_timeout: Duration::from_secs(5),
            user_agent: concat!("replykit/", env!("CARGO_PKG_VERSION")).to_owned(),
            proxy: ProxyChoice::Environment,
            root_certificates: Vec::new(),
            loopback_only: false,
        }
    }
}

/// Settings of a [`ReqwestTransport`].
#[derive(Debug)]
#[must_use = "call build()"]
pub struct ReqwestTransportBuilder {
    connect_timeout: Duration,
    user_agent: String,
    proxy: ProxyChoice,
    root_certificates: Vec<Vec<u8>>,
    loopback_only: bool,
}

enum ProxyChoice {
    Environment,
    None,
    Url(Uri),
}

impl std::fmt::Debug for ProxyChoice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A proxy URL may hold a password.
        f.write_str(match self {
            Self::Environment => "Environment",
            Self::None => "None",
            Self::Url(_) => "Url(..)",
        })
    }
}

impl ReqwestTransportBuilder {
    /// The limit on resolving, connecting and the TLS handshake together. Default: 5 s. Keep it
    /// shorter than the deadlines of the calls: only then a failure to connect is provably not
    /// sent.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// The `User-Agent` of requests that bring none. Default: `replykit/` and the version.
    pub fn user_agent(mut self, name: impl Into<String>) -> Self {
        self.user_agent = name.into();
        self
    }

    /// Sends every call but those to this machine through `proxy`, such as
    /// `http://proxy.example:3128`. Replaces the proxy of the environment.
    pub fn proxy(mut self, proxy: Uri) -> Self {
        self.proxy = ProxyChoice::Url(proxy);
        self
    }

    /// Uses no proxy, whatever the environment says.
    pub fn no_proxy(mut self) -> Self {
        self.proxy = ProxyChoice::None;
        self
    }

    /// Talks to this machine and to no other. Such a transport uses no proxy, and trusts none but the
    /// certificates added to it, so it needs no root certificates on the machine.
    pub fn loopback_only(mut self) -> Self {
        self.proxy = ProxyChoice::None;
        self.loopback_only = true;
        self
    }

    /// Trusts the certificates in `pem` besides the machine's own. Can be called several times.
    pub fn root_certificate_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_certificates.push(pem.into());
        self
    }

    /// Builds the transport. Does no network I/O; reads the machine's root certificates.
    ///
    /// # Errors
    /// [`TransportErrorKind::Invalid`](Kind::Invalid): a certificate that is no PEM, a user agent
    /// or proxy that cannot be used, or a machine without any root certificate.
    pub fn build(self) -> Result<ReqwestTransport, TransportError> {
        let mut certificates = Vec::new();
        for pem in &self.root_certificates {
            let bundle = reqwest::Certificate::from_pem_bundle(pem).map_err(no_certificate)?;
            if bundle.is_empty() {
                return Err(TransportError::invalid(NO_CERTIFICATE));
            }
            certificates.extend(bundle);
        }
        let user_agent = HeaderValue::from_str(&self.user_agent).map_err(|_| {
            TransportError::invalid("the user agent holds a character that a header cannot carry")
        })?;
        let proxy = self.proxy.into_reqwest()?;

        let build = |idle_connections: usize| {
            let mut client = reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .http1_only()
                .connect_timeout(self.connect_timeout)
                .user_agent(user_agent.clone())
                .pool_max_idle_per_host(idle_connections)
                .resolve_to_addrs("localhost", &LOCALHOST)
                .no_proxy();
            client = if self.loopback_only {
                client.tls_certs_only(certificates.clone())
            } else {
                client.tls_certs_merge(certificates.clone())
            };
            if let Some(proxy) = proxy.clone() {
                client = client.proxy(proxy);
            }
            client.build().map_err(|error| {
                TransportError::invalid(
                    "the HTTP client could not be set up: either a root certificate is damaged, or \
                     this machine has none (install the package ca-certificates)",
                )
                .with_source(error.without_url())
            })
        };
        Ok(ReqwestTransport {
            fresh: build(0)?,
            pooled: build(usize::MAX)?,
            loopback_only: self.loopback_only,
        })
    }
}

const NO_CERTIFICATE: &str = "a root certificate is not in PEM form: it begins with \
                              -----BEGIN CERTIFICATE-----";

fn no_certificate(error: reqwest::Error) -> TransportError {
    TransportError::invalid(NO_CERTIFICATE).with_source(error.without_url())
}

/// `localhost` means this machine whatever a resolver says; the port comes from the URL.
const LOCALHOST: [SocketAddr; 2] = [
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
    SocketAddr::new(std::net::IpAddr::V6(Ipv6Addr::LOCALHOST), 0),
];

impl ProxyChoice {
    /// Plain http goes to this machine alone, which no proxy serves: `HTTP_PROXY` has no use here.
    fn into_reqwest(self) -> Result<Option<reqwest::Proxy>, TransportError> {
        let variable = |names: [&str; 2]| {
            names.into_iter().find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()))
        };
        let (url, direct) = match self {
            Self::None => return Ok(None),
            Self::Url(url) => (Some(url), None),
            Self::Environment => {
                let url = variable(["HTTPS_PROXY", "https_proxy"])
                    .or_else(|| variable(["ALL_PROXY", "all_proxy"]));
                let Some(url) = url else { return Ok(None) };
                (url.parse().ok(), variable(["NO_PROXY", "no_proxy"]))
            }
        };
        // reqwest would go around a proxy whose scheme it does not know.
        let http = |url: &Uri| matches!(url.scheme_str(), None | Some("http" | "https"));
        let proxy = url
            .filter(|url| http(url) && url.authority().is_some())
            .and_then(|url| reqwest::Proxy::all(url.to_string()).ok())
            .ok_or_else(|| {
                TransportError::invalid(
                    "the proxy, set here or in HTTPS_PROXY or ALL_PROXY, is no http or https URL \
                     such as http://proxy.example:3128",
                )
            })?;
        let direct = format!("localhost,127.0.0.0/8,::1,{}", direct.unwrap_or_default());
        Ok(Some(proxy.no_proxy(reqwest::NoProxy::from_string(&direct))))
    }
}

#[async_trait]
impl HttpTransport for ReqwestTransport {
    async fn send(
        &self,
        request: http::Request<Body>,
        options: &CallOptions,
    ) -> Result<http::Response<Bytes>, TransportError> {
        check_target(request.uri())?;
        if self.loopback_only && !is_loopback(request.uri()) {
            return Err(TransportError::invalid(
                "this transport talks to this machine only: use 127.0.0.1, [::1] or localhost",
            ));
        }
        let (head, body) = request.into_parts();
        let (upload, body) = match body.at_once() {
            Some(bytes) => (None, reqwest::Body::from(bytes.clone())),
            None => {
                let opened = timeout(options.remaining(), Upload::open(&body)).await;
                let (upload, frames) = opened.map_err(|_| late())??;
                (Some(upload), reqwest::Body::wrap(frames))
            }
        };
        let time = options.remaining();
        if time.is_zero() {
            return Err(late());
        }
        let request = http::Request::from_parts(head, body);
        let mut request = reqwest::Request::try_from(request).map_err(|error| {
            TransportError::invalid("the URL cannot be used").with_source(error.without_url())
        })?;
        *request.timeout_mut() = Some(time);
        request.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));

        let client = match options.connection {
            Connection::Fresh => &self.fresh,
            Connection::Pooled => &self.pooled,
        };
        let response = client.execute(request).await.map_err(|error| {
            let failure = upload.as_ref().and_then(Upload::failure);
            failure.map_or_else(|| exchange_failed(error), |e| unreadable(Phase::Exchange, e))
        })?;
        let answer = read(response, options.max_body, upload.as_ref()).await?;
        match upload {
            Some(mut upload) if answer.status().is_success() => {
                let taken = timeout(options.remaining(), upload.taken()).await;
                match taken.unwrap_or_else(|_| Err(upload::hasty())) {
                    Ok(()) => Ok(answer),
                    Err(error) => Err(error.with_received(answer.into_body())),
                }
            }
            // What is left of the request ends with the call: the server has refused it.
            _ => Ok(answer),
        }
    }
}

fn late() -> TransportError {
    TransportError::new(Phase::Prepare, Kind::Timeout, "the deadline passed before the call began")
}

/// reqwest itself reads some 400 KiB, and has no setting for it.
const MAX_HEAD: usize = 64 * 1024;

async fn read(
    mut response: reqwest::Response,
    max_body: usize,
    upload: Option<&Upload>,
) -> Result<http::Response<Bytes>, TransportError> {
    let head: usize = response.headers().iter().map(|(n, v)| n.as_str().len() + v.len()).sum();
    if head > MAX_HEAD {
        return Err(TransportError::new(
            Phase::Exchange,
            Kind::Interrupted,
            "the head of the answer is longer than 64 KiB",
        ));
    }
    let plain = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
    if !response.headers().get_all(header::CONTENT_ENCODING).iter().all(plain) {
        return Err(TransportError::new(
            Phase::Body,
            Kind::Encoding,
            "the answer is compressed although it was asked for uncompressed",
        ));
    }
    let too_large = || {
        let message = format!("the answer is larger than the {max_body} bytes this call allows");
        TransportError::new(Phase::Body, Kind::TooLarge, message)
    };
    let refused = !response.status().is_success();
    let announced = response.content_length().unwrap_or(0);
    if announced > max_body as u64 {
        return Err(too_large());
    }
    let mut body = BytesMut::with_capacity(usize::try_from(announced).unwrap_or(0));
    loop {
        let chunk = match response.chunk().await {
            Ok(Some(chunk)) => chunk,
            Ok(None) => break,
            // A server that closes in the middle of an upload takes its page with it. Its word stands.
            Err(_) if refused && upload.is_some_and(|upload| !upload.is_taken()) => break,
            Err(error) => return Err(body_failed(error).with_received(body.freeze())),
        };
        if chunk.len() > max_body - body.len() {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    let mut answer = http::Response::new(body.freeze());
    *answer.status_mut() = response.status();
    *answer.version_mut() = response.version();
    *answer.headers_mut() = std::mem::take(response.headers_mut());
    Ok(answer)
}

fn exchange_failed(error: reqwest::Error) -> TransportError {
    let (phase, kind, message) = match (error.is_connect(), error.is_timeout()) {
        (true, true) => (Phase::Connect, Kind::Timeout, "no connection within the time allowed"),
        (true, false) if is_tls(&error) => (
            Phase::Connect,
            Kind::Tls,
            "the TLS handshake failed: check the URL, or add the server's root certificate",
        ),
        (true, false) => (Phase::Connect, Kind::Connect, "the server could not be reached"),
        (false, true) => (Phase::Exchange, Kind::Timeout, "no answer within the deadline"),
        (false, false) => {
            (Phase::Exchange, Kind::Interrupted, "the connection ended without a complete answer")
        }
    };
    TransportError::new(phase, kind, message).with_source(error.without_url())
}

fn body_failed(error: reqwest::Error) -> TransportError {
    let (kind, message) = if error.is_timeout() {
        (Kind::Timeout, "the answer was not complete within the deadline")
    } else {
        (Kind::Interrupted, "the answer was cut short")
    };
    TransportError::new(Phase::Body, kind, message).with_source(error.without_url())
}

/// rustls reports through `std::io::Error`, which hides its inner error from `source()`.
fn is_tls(error: &(dyn StdError + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        let inner = error.downcast_ref::<std::io::Error>().and_then(|io| io.get_ref());
        if error.is::<rustls::Error>() || inner.is_some_and(|e| is_tls(e)) {
            return true;
        }
        next = error.source();
    }
    false
}
