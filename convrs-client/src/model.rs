//! Objects of the API.

mod channel;
mod delivery_callback;
mod message;
mod template_parameter;
mod user;
mod webhook_header;

pub use channel::Channel;
pub use delivery_callback::DeliveryCallback;
pub use message::{MessageDetails, MessageReceipt};
pub use template_parameter::TemplateParameter;
pub use user::User;
pub use webhook_header::WebhookHeader;
