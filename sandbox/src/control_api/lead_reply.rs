use std::error::Error;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{faults::Fail, once, result};
use crate::{LeadDelivery, LeadMessage, LeadReplyControl, WebhookFault};

type BoxError = Box<dyn Error + Send + Sync>;

/// A request to the control API. Each does what the method of the same name does, for the source that
/// stands beside it.
#[derive(Deserialize)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
enum Action {
    Enable {},
    Disable {},
    Secret {},
    Regenerate {},
    Disconnect {},
    SetInherit {
        yes: bool,
    },
    SetOnlyWithContactInfo {
        yes: bool,
    },
    SetOnlyNewLeads {
        yes: bool,
    },
    SetIncludeSourceName {
        yes: bool,
    },
    SetRateLimit {
        replies_a_minute: Option<usize>,
    },
    FailNext(Fail),
    SetWebhook {
        url: String,
        secret: String,
    },
    EnableWebhook {},
    DisableWebhook {},
    SetSkipWelcomeAndFollowUps {
        yes: bool,
    },
    SendTestRequest {},
    WebhookFault {
        fault: Misfortune,
        #[serde(default = "once")]
        times: u16,
    },
    LeadWrites {
        who: String,
        text: String,
    },
    LeadAppears {
        who: String,
    },
    LeavesContactInfo {
        lead: String,
        phone: Option<String>,
        email: Option<String>,
    },
    AddTag {
        lead: String,
        tag: String,
    },
    TeamReplies {
        lead: String,
        text: String,
    },
    CloseConversation {
        lead: String,
    },
    Reopen {
        lead: String,
    },
    Conversation {
        lead: String,
    },
    Deliveries {},
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Misfortune {
    Duplicate,
    Reorder,
    HangUp,
    AnswerLost,
    WrongSecret,
}

impl From<Misfortune> for WebhookFault {
    fn from(misfortune: Misfortune) -> Self {
        match misfortune {
            Misfortune::Duplicate => Self::Duplicate,
            Misfortune::Reorder => Self::Reorder,
            Misfortune::HangUp => Self::HangUp,
            Misfortune::AnswerLost => Self::AnswerLost,
            Misfortune::WrongSecret => Self::WrongSecret,
        }
    }
}

/// Does what a request to `/lead-reply/control` asks for.
///
/// # Errors
/// What is wrong with the request, in words.
pub(crate) async fn lead_reply(
    control: LeadReplyControl<'_>,
    request: &[u8],
) -> Result<Value, String> {
    act(control, request).await.map_err(|error| error.to_string())
}

async fn act(main: LeadReplyControl<'_>, request: &[u8]) -> Result<Value, BoxError> {
    let mut fields: Map<String, Value> = serde_json::from_slice(request)?;
    let source: Option<String> = serde_json::from_value(fields.remove("source").into())?;
    let control = main.source(source.as_deref().unwrap_or("main"))?;
    match serde_json::from_value(fields.into())? {
        Action::Enable {} => control.enable()?,
        Action::Disable {} => control.disable(),
        Action::Secret {} => {
            return Ok(json!({"url": control.url(), "secret": control.secret()}));
        }
        Action::Regenerate {} => return Ok(json!({"secret": control.regenerate()?})),
        Action::Disconnect {} => control.disconnect(),
        Action::SetInherit { yes } => control.set_inherit(yes)?,
        Action::SetOnlyWithContactInfo { yes } => control.set_only_with_contact_info(yes),
        Action::SetOnlyNewLeads { yes } => control.set_only_new_leads(yes),
        Action::SetIncludeSourceName { yes } => control.set_include_source_name(yes),
        Action::SetRateLimit { replies_a_minute } => control.set_rate_limit(replies_a_minute),
        Action::FailNext(fail) => control.fail_next(fail.fault()?),
        Action::SetWebhook { url, secret } => control.set_webhook(&url, &secret)?,
        Action::EnableWebhook {} => control.enable_webhook()?,
        Action::DisableWebhook {} => control.disable_webhook(),
        Action::SetSkipWelcomeAndFollowUps { yes } => control.set_skip_welcome_and_follow_ups(yes),
        Action::SendTestRequest {} => return Ok(result(&control.send_test_request().await?)),
        Action::WebhookFault { fault, times } => {
            let fault = fault.into();
            (0..times).for_each(|_| control.webhook_fault(fault));
        }
        Action::LeadWrites { who, text } => return Ok(lead(&control.lead_writes(&who, &text)?)),
        Action::LeadAppears { who } => return Ok(lead(&control.lead_appears(&who)?)),
        Action::LeavesContactInfo { lead, phone, email } => {
            control.leaves_contact_info(&lead, phone.as_deref(), email.as_deref())?;
        }
        Action::AddTag { lead, tag } => control.add_tag(&lead, &tag)?,
        Action::TeamReplies { lead, text } => {
            return Ok(json!({"message_id": control.team_replies(&lead, &text)?}));
        }
        Action::CloseConversation { lead } => control.close_conversation(&lead)?,
        Action::Reopen { lead } => control.reopen(&lead)?,
        Action::Conversation { lead } => {
            let messages = control.conversation(&lead)?;
            return Ok(json!({"conversation": messages.iter().map(message).collect::<Vec<_>>()}));
        }
        Action::Deliveries {} => {
            let all = control.deliveries();
            return Ok(json!({"deliveries": all.iter().map(delivery).collect::<Vec<_>>()}));
        }
    }
    Ok(json!({}))
}

fn lead(id: &str) -> Value {
    json!({"lead": id})
}

fn message(message: &LeadMessage) -> Value {
    json!({
        "id": message.id,
        "sender": message.sender.as_str(),
        "text": message.text,
        "sent_at": message.sent_at.to_string(),
    })
}

fn delivery(delivery: &LeadDelivery) -> Value {
    json!({
        "event_id": delivery.event_id,
        "event": delivery.event,
        "lead": delivery.lead,
        "attempts": delivery.attempts.iter().map(result).collect::<Vec<_>>(),
    })
}
