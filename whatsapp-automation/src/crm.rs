//! The open REST service: contacts, messages, statuses and groups, without authentication.
//!
//! One type per endpoint, whose fields are the request: make one, and give it to
//! [`Client::execute`].
//!
//! Source: WhatsApp automation, open REST. `Seen on a running backend:` marks what the document does
//! not say, and the backend does.

mod client;
mod contacts;
mod endpoint;
mod groups;
mod id;
mod messages;
mod reconcile;
mod rules;
mod send_state;
mod statuses;
mod wait;

#[cfg(test)]
mod canaries;

pub use client::{Call, Client};
pub use contacts::{
    Contact, ContactCreated, CreateContact, DeleteContact, GetContact, ListContacts, PatchContact,
    UpdateContact,
};
pub use endpoint::Endpoint;
pub use groups::{CreateGroup, DeleteGroup, GetGroup, Group, ListGroups, PatchGroup, UpdateGroup};
pub use id::{ContactId, GroupId, MessageId, StatusId};
pub use messages::{
    DeleteMessage, GetMessage, ListMessages, Message, PatchMessage, SendMessage, UpdateMessage,
};
pub use reconcile::{Evidence, Removal};
pub use send_state::SendState;
pub use statuses::{
    DeleteStatus, GetStatus, ListStatuses, PatchStatus, PostStatus, Status, UpdateStatus,
};
pub use wait::Waited;
