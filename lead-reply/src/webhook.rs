//! The receiving side: what Auto-Respond's REST Webhook posts about leads.
//!
//! [`Webhook`] takes a request, and answers 200 only when your [`Sink`] has stored what came. It is
//! a `tower_service::Service` too, so that axum and hyper serve it as it is.
//!
//! ```
//! use lead_reply::webhook::{Keys, Received, Webhook};
//! # #[derive(Clone)] struct Db;
//! # impl Db { async fn insert(&self, _: &[u8]) -> std::io::Result<()> { Ok(()) } }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let db = Db;
//! // The secret of the REST Webhook card. While it is replaced, the next one may stand beside it.
//! let keys = Keys::new(["3d0f2cf1a9b84e6c9d1e"])?;
//! let webhook = Webhook::new(keys, move |received: Received| {
//!     let db = db.clone();
//!     async move {
//!         if received.activity.to_answer().is_some() {
//!             println!("a lead waits for an answer");
//!         }
//!         db.insert(&received.body).await?;
//!         Ok(())
//!     }
//! })?;
//! # let _ = webhook; Ok(()) }
//! ```
//!
//! Store first and answer later: while a sink is at work, the sender waits. To own the conversation,
//! turn on *Skip welcome and follow-ups* in the REST Webhook card; otherwise Auto-Respond's own
//! messages come between yours.
//!
//! Nothing signs the body. Somebody who has learnt the secret can make activities up, and post again
//! what was posted: repeats within a day do not reach the sink, later ones do. Replace the secret then.

use std::fmt;

use bytes::Bytes;
use http::{HeaderName, Request, Response};
use http_body::Body;
use replykit_inbound::Receiver;
pub use replykit_inbound::{
    BoxError, DeadLetter, InvalidAccess, InvalidKeys, Keys, NoRandomness, ReceiverLimits, Sink,
    SinkFailure, generate_secret,
};

mod log;
mod own_replies;
mod received;
mod service;

pub use own_replies::OwnReplies;
pub use received::Received;
use replykit_inbound::Access;

use crate::FieldNames;

/// An endpoint that takes in what happens to leads.
///
/// A request is checked in this order, and the first fault is the answer:
/// 1. the secret in the header `X-Secret-Key`, once: 401
/// 2. the method: 405
/// 3. the content type and coding: 415
/// 4. whether too much is in work: 503 after 10 s
/// 5. the size of the body: 413 above 1 MiB; its time: 408 after 10 s; a body that breaks off: 400
/// 6. whether it is a repeat: 200, and the sink is not asked
/// 7. then the sink is asked: 503 when it fails or takes longer than 10 s, 500 when it panics
///
/// JSON that cannot be read is no fault: nobody would send it better, so it goes to the sink as
/// [`ActivityKind::Malformed`](crate::ActivityKind::Malformed) with its bytes. A test request goes to the
/// sink as [`ActivityKind::Test`](crate::ActivityKind::Test).
///
/// Two requests are the same when they have the same event id, or without one the same bytes. What was
/// stored is known for 24 hours, up to 100,000 requests, and by this process only.
///
/// A clone costs next to nothing and shares all of that. Run it in a tokio runtime with time enabled.
///
/// Source: REST Webhook. Undocumented: the names in the body. See [`FieldNames`] for what is assumed.
#[derive(Clone)]
pub struct Webhook {
    receiver: Receiver<Received>,
}

impl Webhook {
    /// Takes in what shows one of the keys, by the assumed names.
    ///
    /// # Errors
    /// [`InvalidAccess::TooShort`] for a secret below 16 bytes.
    pub fn new(keys: Keys, sink: impl Sink<Received>) -> Result<Self, InvalidAccess> {
        Self::reading(keys, FieldNames::default(), None, sink)
    }

    /// The same, with names of your own, and with the replies that are not to be taken for messages of
    /// the lead.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn reading(
        keys: Keys,
        names: FieldNames,
        own_replies: impl Into<Option<OwnReplies>>,
        sink: impl Sink<Received>,
    ) -> Result<Self, InvalidAccess> {
        let access = Access::by_header(HeaderName::from_static("x-secret-key"), keys)?;
        let own_replies = own_replies.into();
        let decode = move |body: &Bytes| {
            let mut received = Received::new(body.clone(), &names);
            if let Some(own) = &own_replies {
                own.mark(&mut received.activity);
            }
            Ok(received.decoded())
        };
        let receiver = Receiver::new(access, decode, sink);
        Ok(Self { receiver: receiver.on_failure(log::failed).on_refusal(log::refused) })
    }

    /// Sets the limits. Do so before anything is received: it forgets what was.
    #[must_use]
    pub fn limits(self, limits: ReceiverLimits) -> Self {
        Self { receiver: self.receiver.limits(limits) }
    }

    /// Calls this with the body of whatever the sink did not store: the place for a store of last
    /// resort. One such hook at a time. A hook that panics does not change the answer.
    #[must_use]
    pub fn on_failure(self, hook: impl Fn(&DeadLetter) + Send + Sync + 'static) -> Self {
        let hook = move |letter: &DeadLetter| {
            log::failed(letter);
            hook(letter);
        };
        Self { receiver: self.receiver.on_failure(hook) }
    }

    /// How many requests were turned away because too much was in work, since the start.
    #[must_use]
    pub fn shed(&self) -> u64 {
        self.receiver.shed()
    }

    /// Waits until nothing is in work: for the end of a program, after its server has stopped. The
    /// sink may be at work on requests whose sender has hung up, of which a server knows nothing.
    pub async fn idle(&self) {
        self.receiver.idle().await;
    }

    /// Answers one request. There is always an answer, whatever came in.
    pub async fn respond<B>(&self, request: Request<B>) -> Response<String>
    where
        B: Body,
        B::Error: Into<BoxError>,
    {
        self.receiver.respond(request).await
    }

    /// Answers one request whose body was read already: bytes in, bytes out, for servers that speak
    /// neither `http-body` nor `tower`. The server's own limits on bodies come before those here.
    pub async fn handle(&self, request: Request<Bytes>) -> Response<Bytes> {
        self.receiver.handle(request).await
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").field("receiver", &self.receiver).finish()
    }
}

#[cfg(test)]
mod tests;
