//! One post to a webhook.

use std::io;

use http::{HeaderValue, Method, Request, header};
use replykit_transport::{Body, CallOptions, Connection, HttpTransport};
use tokio::{io::AsyncWriteExt, net::TcpStream, time::timeout};

use super::{SECRET, webhook::Target};
use crate::{PushResult, convrs::PATIENCE};

/// A post that is due.
pub(crate) struct Outgoing {
    pub(super) number: u64,
    /// The lead in whose line it is; none for a test.
    pub(super) lead: Option<u64>,
    pub(super) target: Target,
    pub(super) body: String,
    pub(super) ending: Ending,
}

/// How the connection of a post ends.
#[derive(Clone, Copy)]
pub(super) enum Ending {
    Whole,
    HangUp,
    AnswerLost,
}

/// A post that was made, or could not be.
pub(crate) struct Posted {
    pub(super) number: u64,
    pub(super) lead: Option<u64>,
    pub(crate) result: PushResult,
}

impl Outgoing {
    /// What is in one queue goes out in order.
    pub(crate) fn queue(&self) -> String {
        format!("the events of lead {}", self.lead.unwrap_or_default())
    }

    pub(crate) async fn send(self, transport: &impl HttpTransport) -> Posted {
        let (number, lead) = (self.number, self.lead);
        let result = match self.ending {
            Ending::HangUp => match timeout(PATIENCE, self.write_and_close()).await {
                Ok(Ok(())) => failed("the sandbox hung up before the answer"),
                _ => failed("the receiver could not be reached"),
            },
            ending => match (self.post(transport).await, ending) {
                (PushResult::Answered(_), Ending::AnswerLost) => failed("the answer was lost"),
                (result, _) => result,
            },
        };
        Posted { number, lead, result }
    }

    async fn post(self, transport: &impl HttpTransport) -> PushResult {
        let mut request = Request::new(Body::from(self.body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.target.url;
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().insert(header::CONTENT_TYPE, json);
        request.headers_mut().insert(SECRET, self.target.secret);
        let mut options = CallOptions::within(PATIENCE);
        // One that the receiver has closed meanwhile would count as an attempt.
        options.connection = Connection::Fresh;
        match transport.send(request, &options).await {
            Ok(answer) => PushResult::Answered(answer.status().as_u16()),
            Err(error) => PushResult::Failed(error.to_string()),
        }
    }

    /// By hand, for no client lets go of a request that it has written.
    async fn write_and_close(self) -> io::Result<()> {
        let Target { url, secret } = self.target;
        let host = url.host().unwrap_or_default();
        let port = url.port_u16().unwrap_or(80);
        let path = url.path_and_query().map_or("/", |path| path.as_str());
        let length = self.body.len();
        let mut request = format!(
            "POST {path} HTTP/1.1\r\nhost: {host}:{port}\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n{SECRET}: "
        )
        .into_bytes();
        request.extend_from_slice(secret.as_bytes());
        request.extend_from_slice(b"\r\n\r\n");
        request.extend_from_slice(self.body.as_bytes());
        let mut stream = TcpStream::connect(format!("{host}:{port}")).await?;
        stream.write_all(&request).await?;
        stream.shutdown().await
    }
}

fn failed(why: &str) -> PushResult {
    PushResult::Failed(why.to_owned())
}
