use std::{error::Error, pin::Pin, sync::Arc};

use crate::{Incoming, Reply};

/// Any error of a handler.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// Your bot: takes a message, gives the reply.
///
/// A closure that returns a future is one. Write out the type of its argument, which the compiler
/// cannot guess, and clone what it needs for each message; an `async |message|` closure will not
/// do when it captures something, because its future borrows from it.
/// ```
/// use autoreply_server::{AutoReply, Incoming, Keys, Reply};
/// # #[derive(Clone)] struct Db;
/// # impl Db {
/// #     async fn opening_hours(&self) -> std::io::Result<String> { Ok("9-5".into()) }
/// # }
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Db;
/// let bot = AutoReply::new(Keys::new(["a secret"])?, move |message: Incoming| {
///     let db = db.clone();
///     async move {
///         match message.message.as_str() {
///             "hours" => Ok(Reply::text(db.opening_hours().await?)),
///             _ => Ok(Reply::no_reply()),
///         }
///     }
/// });
/// # Ok(()) }
/// ```
/// A struct is one too:
/// ```
/// use autoreply_server::{BoxError, Incoming, Reply, ReplyHandler};
///
/// struct Greeter {
///     greeting: String,
/// }
///
/// impl ReplyHandler for Greeter {
///     async fn reply(&self, message: Incoming) -> Result<Reply, BoxError> {
///         let name = message.name.unwrap_or_default();
///         Ok(Reply::text(format!("{} {name}", self.greeting)))
///     }
/// }
/// ```
/// Answer quickly: the document asks for it without naming a limit, and while the phone waits the
/// person waits. Wrap the endpoint in your framework's timeout and answer
/// [`Rejection::Timeout`](crate::Rejection::Timeout) there.
pub trait ReplyHandler: Send + Sync + 'static {
    /// Makes the reply to one message. Many may be in work at a time.
    ///
    /// # Errors
    /// Any error: the phone is told that there is no reply and nothing of the error; it goes to
    /// [`AutoReply::on_failure`](crate::AutoReply::on_failure). A panic is treated the same.
    fn reply(&self, message: Incoming) -> impl Future<Output = Result<Reply, BoxError>> + Send;
}

impl<F, Fut> ReplyHandler for F
where
    F: Fn(Incoming) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Reply, BoxError>> + Send,
{
    fn reply(&self, message: Incoming) -> impl Future<Output = Result<Reply, BoxError>> + Send {
        self(message)
    }
}

impl<H: ReplyHandler> ReplyHandler for Arc<H> {
    fn reply(&self, message: Incoming) -> impl Future<Output = Result<Reply, BoxError>> + Send {
        H::reply(self, message)
    }
}

/// The same with a boxed future, so that the endpoint needs no type parameter.
pub(crate) trait ErasedHandler: Send + Sync {
    fn reply_boxed(&self, message: Incoming) -> BoxedReply<'_>;
}

pub(crate) type BoxedReply<'a> = Pin<Box<dyn Future<Output = Result<Reply, BoxError>> + Send + 'a>>;

impl<H: ReplyHandler> ErasedHandler for H {
    fn reply_boxed(&self, message: Incoming) -> BoxedReply<'_> {
        Box::pin(self.reply(message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        AutoReply, Keywords,
        testing::{parts, saying},
    };

    struct Counter(u32);

    impl ReplyHandler for Counter {
        async fn reply(&self, _: Incoming) -> Result<Reply, BoxError> {
            Ok(Reply::text((self.0 + 1).to_string()))
        }
    }

    async fn answer(handler: impl ReplyHandler) -> String {
        parts(AutoReply::allow_unauthenticated(handler).respond(saying("help")).await).1
    }

    #[tokio::test]
    async fn closures_structs_and_shared_handlers_answer() {
        let one = r#"{"text":"1","status":"success"}"#;
        assert_eq!(answer(Counter(0)).await, one);
        assert_eq!(answer(Arc::new(Counter(0))).await, one);
        let text = "1".to_owned();
        let captures = move |_: Incoming| {
            let text = text.clone();
            async move { Ok(Reply::text(text)) }
        };
        assert_eq!(answer(captures).await, one);
        assert_eq!(answer(Keywords::new().on("help", "1")).await, one);
    }
}
