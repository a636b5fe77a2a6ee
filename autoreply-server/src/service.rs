use std::{
    convert::Infallible,
    error::Error,
    pin::Pin,
    task::{Context, Poll},
};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use crate::AutoReply;

/// Always ready, never an error: what goes wrong is in the response.
impl<B> Service<Request<B>> for AutoReply
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Response = Response<String>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<String>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let bot = self.clone();
        Box::pin(async move { Ok(bot.respond(request).await) })
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{self, Read, Write},
        net::{SocketAddr, TcpStream},
        time::Duration,
    };

    use axum::Router;
    use http_body_util::BodyExt;
    use hyper::server::conn::http1;
    use hyper_util::{rt::TokioIo, service::TowerToHyperService};
    use tower::ServiceExt;

    use crate::testing::{DOCUMENTED, INTERNAL_ERROR, KEY, echo, saying};

    #[tokio::test]
    async fn axum_serves_it_as_a_route() {
        let app = Router::new().route_service("/api/autoreply", echo());
        let response = app.clone().oneshot(saying("help")).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "application/json");
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, r#"{"text":"help","status":"success"}"#);

        let mut wrong_key = saying("help");
        wrong_key.headers_mut().insert("x-api-key", "wrong".parse().unwrap());
        assert_eq!(app.oneshot(wrong_key).await.unwrap().status(), 403);
    }

    /// Serves this many connections by hyper.
    async fn serve(connections: usize) -> SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            for _ in 0..connections {
                let stream = TokioIo::new(listener.accept().await.unwrap().0);
                let service = TowerToHyperService::new(echo());
                // An error is the client's doing and shows there.
                let _ = http1::Builder::new().serve_connection(stream, service).await;
            }
        });
        address
    }

    async fn post(address: SocketAddr, headers: String, body: String) -> io::Result<String> {
        let exchange = move || {
            // A server that keeps silent fails the test instead of stopping it for ever.
            let patience = Some(Duration::from_secs(20));
            let mut stream = TcpStream::connect(address)?;
            stream.set_read_timeout(patience)?;
            stream.set_write_timeout(patience)?;
            write!(
                stream,
                "POST /api/autoreply HTTP/1.1\r\nHost: bot\r\nConnection: close\r\n\
                 Content-Type: application/json\r\nX-API-Key: {KEY}\r\n{headers}\r\n{body}"
            )?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            Ok(answer)
        };
        tokio::task::spawn_blocking(exchange).await.unwrap()
    }

    #[tokio::test]
    async fn hyper_alone_serves_it_by_a_function() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let bot = echo();
            let service = hyper::service::service_fn(move |request| {
                let bot = bot.clone();
                async move { Ok::<_, std::convert::Infallible>(bot.respond(request).await) }
            });
            let stream = TokioIo::new(listener.accept().await.unwrap().0);
            let _ = http1::Builder::new().serve_connection(stream, service).await;
        });
        let length = format!("Content-Length: {}\r\n", DOCUMENTED.len());
        let answer = post(address, length, DOCUMENTED.into()).await.unwrap();
        assert!(answer.ends_with("\r\n\r\n{\"text\":\"help\",\"status\":\"success\"}"), "{answer}");
    }

    #[tokio::test]
    async fn hyper_serves_it_over_a_socket() {
        let address = serve(3).await;
        let length = |body: &str| format!("Content-Length: {}\r\n", body.len());

        let answer = post(address, length(DOCUMENTED), DOCUMENTED.into()).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.ends_with("\r\n\r\n{\"text\":\"help\",\"status\":\"success\"}"), "{answer}");

        let panicking = DOCUMENTED.replace("help", "panic");
        let answer = post(address, length(&panicking), panicking).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
        assert!(answer.ends_with(INTERNAL_ERROR), "{answer}");

        let chunks = DOCUMENTED
            .split_inclusive(',')
            .map(|piece| format!("{:x}\r\n{piece}\r\n", piece.len()))
            .collect::<String>();
        let chunked = "Transfer-Encoding: chunked\r\n".to_owned();
        let answer = post(address, chunked, format!("{chunks}0\r\n\r\n")).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    }
}
