use std::fmt;

use http::Uri;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{connect::failed, exchange::MAX_HEAD, pool::Origin, witness::Witness};
use crate::{TransportError, TransportErrorKind as Kind};

pub(super) enum ProxyChoice {
    /// Then the environment has to name none.
    Unsaid,
    None,
    Url(Uri),
}

impl fmt::Debug for ProxyChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A proxy URL may hold a password, even though none is sent.
        f.write_str(match self {
            Self::Unsaid => "Unsaid",
            Self::None => "None",
            Self::Url(_) => "Url(..)",
        })
    }
}

impl ProxyChoice {
    pub(super) fn into_origin(self) -> Result<Option<Origin>, TransportError> {
        match self {
            Self::Url(url) => origin_of(&url).map(Some),
            Self::Unsaid if is_in_environment() => Err(TransportError::invalid(
                "HTTPS_PROXY or ALL_PROXY is set, and HyperTransport does not read them: call \
                 proxy() or no_proxy(), or take ReqwestTransport",
            )),
            Self::Unsaid | Self::None => Ok(None),
        }
    }
}

fn is_in_environment() -> bool {
    let names = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    names.iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

fn origin_of(url: &Uri) -> Result<Origin, TransportError> {
    let has_password = url.authority().is_some_and(|authority| authority.as_str().contains('@'));
    let origin = if url.scheme_str() == Some("http") { Origin::of(url).ok() } else { None };
    origin.filter(|_| !has_password).ok_or_else(|| {
        TransportError::invalid(
            "the proxy is no URL such as http://proxy.example:3128: for one with https or a password \
             take ReqwestTransport",
        )
    })
}

/// Makes a connection to a proxy one to the server. Not a byte is read beyond the proxy's answer: what
/// follows is the server's.
pub(super) async fn tunnel(stream: &mut Witness, origin: &Origin) -> Result<(), TransportError> {
    const REFUSED: &str = "the proxy opened no tunnel to the server: it may want a password, for which \
                           there is ReqwestTransport, or not allow the server";
    let broken = |error| failed(Kind::Connect, REFUSED).with_source(error);
    let v6 = origin.host.contains(':');
    let host = if v6 { format!("[{}]", origin.host) } else { origin.host.clone() };
    let target = format!("{host}:{}", origin.port);
    let request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.map_err(broken)?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") && answer.len() < MAX_HEAD {
        answer.push(stream.read_u8().await.map_err(broken)?);
    }
    let is_yes = answer.starts_with(b"HTTP/1.1 2") || answer.starts_with(b"HTTP/1.0 2");
    if is_yes && answer.len() < MAX_HEAD { Ok(()) } else { Err(failed(Kind::Connect, REFUSED)) }
}
