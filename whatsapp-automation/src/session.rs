//! The service behind a login: an account, its phone, and its messages. A session is a cookie, which
//! [`Client`] keeps.
//!
//! One type per endpoint, whose fields are the request: make one, and give it to
//! [`Client::execute`]. Begin with [`Login`] or [`Register`].
//!
//! Source: WhatsApp automation, cookie session. It documents no error and no limit. Assumed: a session
//! that is over answers 401, and a refusal is `{"message": ".."}` or `{"error": ".."}`.

mod account;
mod client;
mod cookie;
mod endpoint;
mod id;
mod jar;
mod messages;
mod password;
mod phone;
mod qr;
mod queue;
mod reconcile;
mod rounds;
mod rules;
mod saved;
mod wait;

#[cfg(test)]
mod canaries;

pub use account::{GetProfile, LoggedIn, Login, Logout, Profile, Register, Registered, User};
pub use client::{Call, Client};
pub use endpoint::{Endpoint, SessionUse};
pub use id::MessageId;
pub use messages::{Accepted, AiModifications, ScheduleMessage, SendMessage};
pub use phone::{CreateQr, GetWhatsAppStatus, Group, ListGroups, WhatsAppState, WhatsAppStatus};
pub use qr::QrCode;
pub use queue::{GetQueue, Pagination, Queue, QueuePage, QueueState, QueuedMessage};
pub use reconcile::{Evidence, Sought};
pub use saved::SavedSession;
pub use wait::Waited;
