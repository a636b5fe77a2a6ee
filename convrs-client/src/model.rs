//! Objects of the API.

mod channel;
mod conversation;
mod delivery_callback;
mod message;
pub(crate) mod open_enum;
mod template;
mod template_parameter;
mod user;
mod webhook_header;

pub use channel::Channel;
pub use conversation::{FlatMessage, Message, MessageKind, OpenConversation, Sender};
pub use delivery_callback::DeliveryCallback;
pub use message::{MessageAccepted, MessageDetails, MessageReceipt};
pub use template::{ComponentKind, Template, TemplateComponent, TemplateStatus};
pub use template_parameter::{
    MediaSource, TemplateCurrency, TemplateLocation, TemplateMedia, TemplateParameter,
};
pub use user::User;
pub use webhook_header::WebhookHeader;
