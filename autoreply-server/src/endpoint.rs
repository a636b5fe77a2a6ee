use std::{error::Error, fmt, sync::Arc};

use http::{HeaderName, Method, Request, Response, StatusCode, request::Parts};
use http_body::Body;
use replykit_inbound::{BodyProblem, KeyProblem, Keys, catch_panic, is_json, read_body};

use crate::{
    Failure, Incoming, Rejection, Reply, ReplyHandler,
    failure::{self, FailureHook},
    handler::ErasedHandler,
    response::{json_response, json_text},
};

/// The endpoint that the phone app posts its messages to.
///
/// It takes an [`http::Request`] and always has an answer: the handler's reply with status 200, or
/// a [`Rejection`]. It is a `tower_service::Service` too, so that axum and others serve it as it
/// is. A clone costs next to nothing and answers the same.
///
/// A request is checked in this order, and the first fault is the answer:
/// 1. the key in `X-API-Key`: 401, 403
/// 2. the path, if one was set: 404
/// 3. the method: 405
/// 4. the content type: 415
/// 5. the size of the body: 413; a body that breaks off: 400
/// 6. the JSON and its fields: 400
/// 7. then the handler is asked: 500 when it fails or panics
///
/// Undocumented: whether the phone repeats a request. Assumed: it may, so a handler that writes
/// something down should be able to see a message twice.
///
/// Source: AutoReply Mate Server API > API Documentation
#[derive(Clone)]
pub struct AutoReply {
    keys: Option<Arc<Keys>>,
    handler: Arc<dyn ErasedHandler>,
    path: Option<Arc<str>>,
    max_body: usize,
    on_failure: Option<FailureHook>,
}

impl AutoReply {
    /// Answers requests that show one of the keys.
    pub fn new(keys: Keys, handler: impl ReplyHandler) -> Self {
        Self { keys: Some(Arc::new(keys)), ..Self::allow_unauthenticated(handler) }
    }

    /// Answers everybody. Whoever finds the address can read your replies and use up what they
    /// cost, so keep this to a private network or a first try.
    pub fn allow_unauthenticated(handler: impl ReplyHandler) -> Self {
        Self {
            keys: None,
            handler: Arc::new(handler),
            path: None,
            max_body: DEFAULT_MAX_BODY,
            on_failure: None,
        }
    }

    /// Serves this path only, `/api/autoreply` for example; exact, without a query. By default any
    /// path is served, because routers cut off what they matched.
    #[must_use]
    pub fn path(mut self, path: &str) -> Self {
        self.path = Some(format!("/{}", path.trim_start_matches('/')).into());
        self
    }

    /// Sets the longest body that is read, in bytes. The default is 64 KiB.
    #[must_use]
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// Calls this whenever the handler fails or panics; one such hook at a time.
    ///
    /// The phone never learns more than that there is no reply, and the event in the log says no
    /// more either: this is the one place where the error can be seen. A hook that panics does not
    /// change the answer.
    /// ```
    /// use autoreply_server::{AutoReply, Failure, Keywords};
    ///
    /// let bot = AutoReply::allow_unauthenticated(Keywords::new()).on_failure(|failure| {
    ///     if let Failure::Handler(error) = failure {
    ///         eprintln!("no reply: {error}");
    ///     }
    /// });
    /// ```
    #[must_use]
    pub fn on_failure(mut self, hook: impl Fn(&Failure) + Send + Sync + 'static) -> Self {
        self.on_failure = Some(Arc::new(hook));
        self
    }

    /// Answers one request. There is always an answer, whatever came in.
    pub async fn respond<B>(&self, request: Request<B>) -> Response<String>
    where
        B: Body,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        match self.answer(request).await {
            Ok(reply) => json_response(StatusCode::OK, json_text(&reply)),
            Err(rejection) => rejection.into_response(),
        }
    }

    async fn answer<B>(&self, request: Request<B>) -> Result<Reply, Rejection>
    where
        B: Body,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let (head, body) = request.into_parts();
        self.check_head(&head)?;
        let body = read_body(body, self.max_body).await.map_err(|problem| match problem {
            BodyProblem::TooLarge => Rejection::PayloadTooLarge,
            BodyProblem::Broken(_) => Rejection::InvalidJson,
        })?;
        self.ask_handler(Incoming::from_json(&body)?).await
    }

    fn check_head(&self, head: &Parts) -> Result<(), Rejection> {
        if let Some(keys) = &self.keys {
            keys.check_header(&head.headers, &KEY_HEADER).map_err(|problem| match problem {
                KeyProblem::Missing => Rejection::MissingKey,
                KeyProblem::Wrong => Rejection::WrongKey,
            })?;
        }
        if self.path.as_deref().is_some_and(|path| path != head.uri.path()) {
            return Err(Rejection::NotFound);
        }
        if head.method != Method::POST {
            return Err(Rejection::MethodNotAllowed);
        }
        if !is_json(&head.headers) {
            return Err(Rejection::UnsupportedMediaType);
        }
        Ok(())
    }

    async fn ask_handler(&self, message: Incoming) -> Result<Reply, Rejection> {
        let failure = match catch_panic(|| self.handler.reply_boxed(message)).await {
            Ok(Ok(reply)) => return Ok(reply),
            Ok(Err(error)) => Failure::Handler(error),
            Err(_) => Failure::Panic,
        };
        failure::report(failure, self.on_failure.as_ref()).await;
        Err(Rejection::Internal)
    }
}

impl fmt::Debug for AutoReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AutoReply")
            .field("keys", &self.keys)
            .field("path", &self.path)
            .field("max_body", &self.max_body)
            .finish_non_exhaustive()
    }
}

const KEY_HEADER: HeaderName = HeaderName::from_static("x-api-key");
const DEFAULT_MAX_BODY: usize = 64 * 1024;

#[cfg(test)]
mod tests;
