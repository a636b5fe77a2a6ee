//! The control API: what the handles of [`Sandbox`](crate::Sandbox) do, from outside Rust.

mod crm;
mod faults;
mod lead_reply;
mod session;
mod sockets;

use std::time::Duration;

use convrs_client::{
    Channel, Command, ErrorCode, Template, TemplateStatus, User, WhatsAppError, for_each_command,
};
pub(crate) use crm::crm;
pub(crate) use lead_reply::lead_reply;
use serde::Deserialize;
use serde_json::{Value, json};
pub(crate) use session::session;
use sockets::Misfortune;

use crate::{CallbackDelivery, ConvrsControl, EventDelivery, Fault, PushResult, Recipient, Way};

/// A request to the control API. Each does what the method of the same name does.
#[derive(Deserialize)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
enum Action {
    Enable {},
    Disable {},
    ResetToken {},
    SetWebhookUrl {
        url: Option<String>,
    },
    SetRateLimits {
        per_number: usize,
        per_token: usize,
    },
    AddBot {
        #[serde(alias = "botID")]
        bot_id: i64,
        channels: Vec<Channel>,
    },
    AddAgent {
        id: i64,
        name: String,
        email: String,
    },
    AddRoute {
        route: String,
    },
    PutTemplate {
        #[serde(alias = "botID")]
        bot_id: i64,
        template: Template,
    },
    SetTemplateStatus {
        #[serde(alias = "botID")]
        bot_id: i64,
        name: String,
        language: String,
        status: TemplateStatus,
    },
    SetRecipient {
        phone: String,
        recipient: Behaviour,
    },
    FailNext {
        code: i64,
        #[serde(default)]
        whatsapp_code: Option<i64>,
        #[serde(default)]
        command: Option<String>,
        #[serde(default)]
        carried_out: bool,
    },
    CreateUser {
        user: User,
    },
    RenameUser {
        uid: String,
        name: String,
    },
    TagUser {
        uid: String,
        tag: String,
    },
    DisableUser {
        uid: String,
    },
    EnableUser {
        uid: String,
    },
    DeleteUser {
        uid: String,
    },
    SetSubscribed {
        uid: String,
        yes: bool,
    },
    UserWrites {
        uid: String,
        text: String,
    },
    AgentWrites {
        uid: String,
        text: String,
    },
    CloseConversation {
        uid: String,
    },
    SocketFault {
        fault: Misfortune,
        #[serde(default = "once")]
        times: u16,
    },
    Sockets {},
    Callbacks {},
    Events {},
}

fn once() -> u16 {
    1
}

/// `"reads"`, `"not_on_whatsapp"`, `{"fails": 131026}` and so on.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Behaviour {
    Reads,
    Receives,
    Unreachable,
    NotOnWhatsapp,
    Fails(i64),
}

impl From<Behaviour> for Recipient {
    fn from(behaviour: Behaviour) -> Self {
        match behaviour {
            Behaviour::Reads => Self::Reads,
            Behaviour::Receives => Self::Receives,
            Behaviour::Unreachable => Self::Unreachable,
            Behaviour::NotOnWhatsapp => Self::NotOnWhatsApp,
            Behaviour::Fails(code) => Self::Fails(WhatsAppError::new(code, FAULT)),
        }
    }
}

const FAULT: &str = "a fault that the sandbox was told to make";

/// Does what a request to `/convrs/control` asks for.
///
/// # Errors
/// What is wrong with the request, in words.
pub(crate) fn convrs(control: ConvrsControl<'_>, request: &[u8]) -> Result<Value, String> {
    let action: Action = serde_json::from_slice(request).map_err(|error| error.to_string())?;
    let done = match action {
        Action::Enable {} => Ok(json!({"token": control.enable()})),
        Action::ResetToken {} => Ok(json!({"token": control.reset_token()})),
        Action::Disable {} => {
            control.disable();
            Ok(json!({}))
        }
        Action::SetWebhookUrl { url } => control.set_webhook_url(url.as_deref()).map(nothing),
        Action::SetRateLimits { per_number, per_token } => {
            control.set_rate_limits(per_number, per_token);
            Ok(json!({}))
        }
        Action::AddBot { bot_id, channels } => {
            control.add_bot(bot_id, channels);
            Ok(json!({}))
        }
        Action::AddAgent { id, name, email } => {
            control.add_agent(id, name, email);
            Ok(json!({}))
        }
        Action::AddRoute { route } => {
            control.add_route(route);
            Ok(json!({}))
        }
        Action::PutTemplate { bot_id, template } => {
            control.put_template(bot_id, template).map(nothing)
        }
        Action::SetTemplateStatus { bot_id, name, language, status } => {
            control.set_template_status(bot_id, &name, &language, status).map(nothing)
        }
        Action::SetRecipient { phone, recipient } => {
            control.set_recipient(phone, recipient.into()).map(nothing)
        }
        Action::FailNext { code, whatsapp_code, command, carried_out } => {
            control.fail_next(fault(code, whatsapp_code, command.as_deref(), carried_out)?);
            Ok(json!({}))
        }
        Action::CreateUser { user } => control.create_user(user).map(nothing),
        Action::RenameUser { uid, name } => control.rename_user(uid, &name).map(nothing),
        Action::TagUser { uid, tag } => control.tag_user(uid, &tag).map(nothing),
        Action::DisableUser { uid } => control.disable_user(uid).map(nothing),
        Action::EnableUser { uid } => control.enable_user(uid).map(nothing),
        Action::DeleteUser { uid } => control.delete_user(uid).map(nothing),
        Action::SetSubscribed { uid, yes } => control.set_subscribed(uid, yes).map(nothing),
        Action::UserWrites { uid, text } => control.user_writes(uid, &text).map(cid),
        Action::AgentWrites { uid, text } => control.agent_writes(uid, &text).map(cid),
        Action::CloseConversation { uid } => control.close_conversation(uid).map(cid),
        Action::SocketFault { fault, times } => {
            let fault = fault.fault()?;
            (0..times).for_each(|_| control.socket_fault(fault));
            Ok(json!({}))
        }
        Action::Sockets {} => Ok(sockets::counts(control.sockets())),
        Action::Callbacks {} => {
            Ok(json!({"callbacks": control.callbacks().iter().map(callback).collect::<Vec<_>>()}))
        }
        Action::Events {} => {
            Ok(json!({"events": control.events().iter().map(event).collect::<Vec<_>>()}))
        }
    };
    done.map_err(|error| error.to_string())
}

fn nothing((): ()) -> Value {
    json!({})
}

fn cid(cid: convrs_client::Cid) -> Value {
    json!({"cid": cid})
}

fn fault(
    code: i64,
    whatsapp_code: Option<i64>,
    command: Option<&str>,
    carried_out: bool,
) -> Result<Fault, String> {
    let code = ErrorCode::from(code);
    let mut fault = match (code, whatsapp_code) {
        (ErrorCode::Other(_), _) => return Err(format!("{} is no documented code", code.number())),
        (ErrorCode::ConnectionReused | ErrorCode::ConnectExpected, _) => {
            return Err(
                "1018 and 1019 speak of a WebSocket: take the action socket_fault, with the \
                        fault taken_over for 1018"
                    .to_owned(),
            );
        }
        // Without a code of its own, the one that says nothing.
        (ErrorCode::WhatsApp, whatsapp) => {
            Fault::whatsapp(WhatsAppError::new(whatsapp.unwrap_or(131_000), FAULT))
        }
        (_, Some(_)) => return Err("a whatsapp_code comes with 3002".to_owned()),
        (code, None) => Fault::new(code),
    };
    if let Some(wanted) = command {
        let known = COMMANDS.iter().find(|known| **known == wanted);
        fault = fault.of_name(known.ok_or_else(|| format!("{wanted} is no command"))?);
    }
    Ok(if carried_out { fault.carried_out() } else { fault })
}

macro_rules! names {
    ($($command:ty),* $(,)?) => {
        const COMMANDS: &[&str] = &[$(<$command as Command>::NAME),*];
    };
}

for_each_command!(names);

fn callback(callback: &CallbackDelivery) -> Value {
    json!({"mid": callback.mid, "ack": callback.ack, "result": result(&callback.result)})
}

fn event(event: &EventDelivery) -> Value {
    let way = match event.way {
        Way::Webhook => "webhook",
        Way::Socket => "socket",
    };
    json!({"cmd": event.cmd, "uid": event.uid, "way": way, "result": result(&event.result)})
}

fn result(result: &PushResult) -> Value {
    match result {
        PushResult::Answered(status) => json!({"status": status}),
        PushResult::Sent => json!({"sent": true}),
        PushResult::Failed(reason) => json!({"failed": reason}),
        PushResult::NotDelivered => json!({"failed": "the URL is not on this machine"}),
    }
}

/// How far a request to `/clock/advance` moves the clock.
///
/// # Errors
/// What is wrong with the request, in words.
pub(crate) fn time(request: &[u8]) -> Result<Duration, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Advance {
        seconds: f64,
    }
    let advance: Advance = serde_json::from_slice(request).map_err(|error| error.to_string())?;
    Duration::try_from_secs_f64(advance.seconds).map_err(|error| error.to_string())
}
