//! The same send over each transport, and over one of your own.
//!
//! Run:  cargo run -p replykit-examples --bin transports
//!
//! It needs no account: the first two go to a sandbox of its own, the third goes nowhere.

use bytes::Bytes;
use convrs_client::{
    Client, Error, Mid, SendWhatsAppTemplate,
    transport::{
        Body, CallOptions, HttpTransport, HyperTransport, Phase, ReqwestTransport, TransportError,
        TransportErrorKind, check_target,
    },
};
use replykit_sandbox::Sandbox;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sandbox = Sandbox::start().await?;
    let url: http::Uri = sandbox.convrs_url().parse()?;
    // For a real endpoint: ReqwestTransport::new()? and HyperTransport::new()?
    let reqwest = ReqwestTransport::builder().loopback_only().build()?;
    let hyper = HyperTransport::builder().loopback_only().build()?;
    let own = InProcess(|_| http::Response::new(r#"{"ok":1,"mid":"42"}"#.into()));

    let client = Client::over_http(reqwest, url.clone(), sandbox.token())?;
    println!("over reqwest: sent, message {}", send(client, "+447922021411").await?);
    let client = Client::over_http(hyper, url, sandbox.token())?;
    println!("over hyper: sent, message {}", send(client, "+447922021412").await?);
    let client = Client::over_http(own, "https://example.com/api".parse()?, "a token")?;
    println!("over a function: sent, message {}", send(client, "+447922021413").await?);
    Ok(())
}

async fn send(client: Client, phone: &str) -> Result<Mid, Error> {
    Ok(client.execute(SendWhatsAppTemplate::new(3941, phone, "order_update", "en")).await?.mid)
}

/// Hands requests to a function in this process.
#[derive(Debug)]
struct InProcess(fn(http::Request<Bytes>) -> http::Response<Bytes>);

#[async_trait::async_trait]
impl HttpTransport for InProcess {
    async fn send(
        &self,
        request: http::Request<Body>,
        options: &CallOptions,
    ) -> Result<http::Response<Bytes>, TransportError> {
        check_target(request.uri())?;
        if options.remaining().is_zero() {
            let (kind, message) = (TransportErrorKind::Timeout, "the deadline passed");
            return Err(TransportError::new(Phase::Prepare, kind, message));
        }
        let (head, body) = request.into_parts();
        let body = body.into_bytes().await?;
        // From here on the request is in other hands, and no error is `NotSent`.
        let answer = (self.0)(http::Request::from_parts(head, body));
        if answer.body().len() > options.max_body {
            let (kind, message) = (TransportErrorKind::TooLarge, "the answer is too long");
            return Err(TransportError::new(Phase::Body, kind, message));
        }
        Ok(answer)
    }
}
