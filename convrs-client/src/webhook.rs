//! The receiving side: events and delivery callbacks, posted by Convrs to one URL of yours.
//!
//! [`Webhook`] takes a request, and answers 200 only when your [`Sink`] has stored what came. It is
//! a `tower_service::Service` too, so that axum and hyper serve it as it is.
//!
//! ```
//! use convrs_client::{
//!     Event,
//!     webhook::{Access, Keys, Received, Webhook},
//! };
//! # #[derive(Clone)] struct Db;
//! # impl Db { async fn insert(&self, _: &[u8]) -> std::io::Result<()> { Ok(()) } }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let db = Db;
//! // The URL to enter in the dashboard: https://example.com/convrs/<the secret>
//! let keys = Keys::new(["3d0f2cf1a9b84e6c9d1e"])?;
//! let webhook = Webhook::new(Access::by_path(keys)?, move |received: Received| {
//!     let db = db.clone();
//!     async move {
//!         if let Event::Delivery(callback) = &received.event {
//!             println!("{} has come to {:?}", callback.mid.as_str(), callback.ack);
//!         }
//!         db.insert(&received.body).await?;
//!         Ok(())
//!     }
//! });
//! # let _ = webhook; Ok(()) }
//! ```
//!
//! Nothing signs what Convrs posts. A secret of your own is all that tells it from what anybody else
//! may post: in the path, which is the only place for the events of the dashboard, or in a header,
//! which [`webhook_headers`](crate::SendWhatsAppTemplate::webhook_headers) brings along with the
//! callbacks of a template. [`generate_secret`] makes one, and [`Webhook::verify`] is the place for
//! proofs that a callback itself carries. Somebody who has learnt the secret can replay what was
//! posted: repeats within [`ReceiverLimits::seen_age`] do not reach the sink, later ones do. Replace
//! the secret then; both are accepted for as long as both are in [`Keys`].
//!
//! Assumed: Convrs does not repeat what was not answered with 200. What the sink does not store, and
//! the dead letter hook neither, is lost; so is what is posted while the receiver is down. Created
//! users and closed conversations can be asked for again with
//! [`Client::users`](crate::Client::users) and
//! [`Client::closed_conversations`](crate::Client::closed_conversations).

use std::{error::Error, fmt};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
pub use replykit_inbound::{
    Access, BoxError, DeadLetter, InvalidAccess, InvalidKeys, Keys, NoRandomness, ReceiverLimits,
    Sink, SinkFailure, generate_secret,
};
use replykit_inbound::{Receiver, Refusal};

use crate::Event;

mod log;
mod received;
mod service;

pub use received::Received;

/// An endpoint that takes in events and delivery callbacks.
///
/// A request is checked in this order, and the first fault is the answer:
/// 1. the secret in the path: 404; in the header: 401
/// 2. the method: 405
/// 3. the content type and coding: 415
/// 4. whether too much is in work: 503 after 10 s
/// 5. the size of the body: 413 above 1 MiB; its time: 408 after 10 s; a body that breaks off: 400
/// 6. what [`verify`](Self::verify) refuses: 401
/// 7. whether it is a repeat: 200, and the sink is not asked
/// 8. then the sink is asked: 503 when it fails or takes longer than 10 s, 500 when it panics
///
/// JSON that cannot be read is no fault: nobody would send it better, so it goes to the sink as
/// [`Event::Malformed`] or [`Event::Unknown`] with its bytes. Undocumented: the content type.
/// Assumed: JSON or none.
///
/// Two deliveries are the same when they are callbacks of the same message with the same ack, error
/// code and [`send_id`](crate::DeliveryCallback::send_id), or have the same bytes. Those that differ
/// all come to the sink, whatever their order: [`Ack::merge`](crate::Ack::merge) makes of any order
/// the same state. What was stored is known for 24 hours, up to 100,000 deliveries, and by this
/// process only.
///
/// A clone costs next to nothing and shares all of that. Run it in a tokio runtime with time enabled.
///
/// Source: Convrs API > Available Events; Commands - Sending Messages > Webhook Callbacks
#[derive(Clone)]
pub struct Webhook {
    receiver: Receiver<Received>,
}

/// That an event does not prove where it comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the event does not prove where it comes from")
    }
}

impl Error for Refused {}

impl Webhook {
    /// Takes in what shows the secret. [`Access::allow_unauthenticated`] lets everybody in.
    pub fn new(access: Access, sink: impl Sink<Received>) -> Self {
        let decode = |body: &_| Ok(Received::new(Clone::clone(body)).decoded());
        let receiver = Receiver::new(access, decode, sink);
        Self { receiver: receiver.on_failure(log::failed).on_refusal(log::refused) }
    }

    /// Sets the limits. Do so before anything is received: it forgets what was.
    #[must_use]
    pub fn limits(self, limits: ReceiverLimits) -> Self {
        Self { receiver: self.receiver.limits(limits) }
    }

    /// Asks this about every event before anything else is done with it; of several such checks each
    /// has to say yes. What is refused is answered with 401 and goes nowhere, the dead letter hook
    /// included. A check that panics is a 500.
    ///
    /// The place for a proof that an event itself carries, in the `webhookPayload` of a callback say.
    /// A check has to decide about all events: those of the dashboard carry no payload.
    /// ```
    /// use convrs_client::{
    ///     Event,
    ///     webhook::{Access, Received, Refused, Webhook},
    /// };
    ///
    /// # let access = Access::allow_unauthenticated();
    /// let webhook = Webhook::new(access, |_: Received| async { Ok(()) }).verify(|event| match event {
    ///     Event::Delivery(callback) if callback.webhook_payload.is_none() => Err(Refused),
    ///     _ => Ok(()),
    /// });
    /// ```
    #[must_use]
    pub fn verify(
        self,
        check: impl Fn(&Event) -> Result<(), Refused> + Send + Sync + 'static,
    ) -> Self {
        let check =
            move |item: &Received| check(&item.event).map_err(|Refused| Refusal::Unauthorized);
        Self { receiver: self.receiver.verify(check) }
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

    /// How many requests were turned away because too much was in work, since the start. Each may be
    /// an event lost.
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
