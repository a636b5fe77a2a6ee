//! hyper with rustls, by hand: one connection, no pool.

use std::{error::Error, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, Uri};
use http_body_util::{BodyExt, Full};
use hyper::rt::{Read, Write};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::ServerName};
use serde::Deserialize;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

const REQUEST: &[u8] = br#"{"cmd":"GetUser","token":"a token","uid":"73-tel-615940546"}"#;

#[derive(Deserialize)]
struct Answer {
    data: User,
}

#[derive(Deserialize)]
struct User {
    uid: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    let url: Uri = std::env::args().nth(1).ok_or("give the URL")?.parse()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let tls = TlsConnector::from(Arc::new(config));
    let answer = runtime
        .block_on(async { tokio::time::timeout(Duration::from_secs(30), call(url, tls)).await? })?;
    println!("{}", answer.data.uid);
    Ok(())
}

async fn call(url: Uri, tls: TlsConnector) -> Result<Answer, Box<dyn Error>> {
    let host = url.host().ok_or("the URL has no host")?.to_owned();
    let https = url.scheme_str() == Some("https");
    let port = url.port_u16().unwrap_or(if https { 443 } else { 80 });
    let stream = TcpStream::connect((host.as_str(), port)).await?;
    stream.set_nodelay(true)?;
    if https {
        let stream = tls.connect(ServerName::try_from(host)?, stream).await?;
        post(url, TokioIo::new(stream)).await
    } else {
        post(url, TokioIo::new(stream)).await
    }
}

async fn post<S>(url: Uri, stream: S) -> Result<Answer, Box<dyn Error>>
where
    S: Read + Write + Send + Unpin + 'static,
{
    let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await?;
    tokio::spawn(connection);
    let request = Request::post(url.path())
        .header("host", url.authority().ok_or("the URL has no host")?.as_str())
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from_static(REQUEST)))?;
    let answer = sender.send_request(request).await?.into_body().collect().await?;
    Ok(serde_json::from_slice(&answer.to_bytes())?)
}
