// The first example of the README needs the feature; its text does not.
#![cfg_attr(any(not(doctest), feature = "reqwest"), doc = include_str!("../README.md"))]

mod ack;
mod answers;
mod api_error;
#[cfg(test)]
mod canaries;
mod carry;
mod client;
mod command;
mod commands;
mod deliveries;
pub mod envelope;
mod error;
mod error_code;
mod event;
#[cfg(feature = "ws")]
mod events;
mod exchange;
mod extra;
mod id;
mod invalid;
mod items;
mod lossless;
mod model;
mod over_http;
mod pages;
mod phone;
#[cfg(feature = "proof")]
mod proof;
mod protocol_error;
mod race;
mod rates;
mod reconcile;
mod redact;
mod rules;
mod scalar;
mod send_id;
#[cfg(feature = "ws")]
mod session;
#[cfg(feature = "ws")]
mod socket;
#[cfg(feature = "phonenumber")]
mod strict_phone;
pub mod template;
mod time;
mod token;
mod trace;
mod wait_for;
#[cfg(feature = "webhook")]
pub mod webhook;
mod whatsapp_error;

pub use ack::Ack;
pub use api_error::ApiError;
pub use client::{Call, Client};
pub use command::{Command, ReplyShape};
pub use commands::{
    CreateUserTag, DeleteUserTag, GetConversation, GetConversationsFlat, GetMessageDetails,
    GetOpenConversations, GetUser, GetUserTags, GetUsers, GetWhatsAppTemplate, SendMessage,
    SendSmsMessage, SendTextMessage, SendWhatsAppTemplate, SetUserData, SetUserEmail, SetUserName,
    SetUserNotes, SetUserPhone, SetUserTag,
};
pub use deliveries::{Change, Deliveries, DeliveryState};
pub use envelope::items::ItemsIter;
pub use error::{Error, ErrorKind};
pub use error_code::{ErrorCode, ErrorCodeInfo};
pub use event::{Event, RawEvent};
#[cfg(feature = "ws")]
pub use events::{
    BoxError, Cursor, CursorStore, Events, EventsBuilder, EventsError, FileCursor, Gap,
    MemoryCursor, Origin, SocketEvent,
};
pub use exchange::{Exchange, Frame};
pub use extra::Extra;
pub use id::{AgentId, BotId, Cid, Mid, Uid};
pub use invalid::Invalid;
pub use items::{Items, Malformed};
pub use model::{
    Channel, ComponentKind, DeliveryCallback, FlatMessage, MediaSource, Message, MessageAccepted,
    MessageDetails, MessageKind, MessageReceipt, OpenConversation, Sender, Template,
    TemplateComponent, TemplateCurrency, TemplateLocation, TemplateMedia, TemplateParameter,
    TemplateStatus, User, WebhookHeader,
};
pub use pages::{ClosedConversations, Truncated, Users};
pub use phone::{E164, PhoneNumber};
#[cfg(feature = "proof")]
pub use proof::{CallbackKey, CallbackKeys, Unproven};
pub use protocol_error::{ProtocolError, ProtocolProblem};
pub use rates::RateLimits;
pub use reconcile::Evidence;
pub use replykit_transport as transport;
pub use replykit_transport::{Limiter, OperationClass, Outcome, RetryPolicy, RetryRule};
pub use send_id::{SendId, SendMark};
#[cfg(feature = "ws")]
pub use session::{Disconnect, Reconnect, SocketEnd, Takeover};
#[cfg(feature = "ws")]
pub use socket::{Socket, SocketBuilder};
pub use time::DateTime;
pub use token::Token;
pub use wait_for::WaitError;
pub use whatsapp_error::{WhatsAppError, WhatsAppErrorInfo};
