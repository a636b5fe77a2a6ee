use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::faults::Fail;
use crate::{CrmControl, CrmSent, Provider};

/// A request to the control API. Each does what the method of the same name does.
#[derive(Deserialize)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
enum Action {
    SetRunningBackend { yes: bool },
    SetRedirectWrites { yes: bool },
    SetProvider { provider: Behaviour },
    SetWordpress { url: Option<String>, minutes: f64 },
    AddWordpressRow { name: String, phone: String, landing_page: String },
    AddReplyRule { word: String, reply: String },
    PersonWrites { phone: String, text: String },
    FailNext(Fail),
    Sent {},
}

/// `"accepts"`, `{"refuses": "why"}` and so on.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Behaviour {
    Accepts,
    Refuses(String),
    Unreachable,
    AnswerLost,
}

impl From<Behaviour> for Provider {
    fn from(behaviour: Behaviour) -> Self {
        match behaviour {
            Behaviour::Accepts => Self::Accepts,
            Behaviour::Refuses(why) => Self::Refuses(why),
            Behaviour::Unreachable => Self::Unreachable,
            Behaviour::AnswerLost => Self::AnswerLost,
        }
    }
}

/// Does what a request to `/crm/control` asks for.
///
/// # Errors
/// What is wrong with the request, in words.
pub(crate) fn crm(control: CrmControl<'_>, request: &[u8]) -> Result<Value, String> {
    let action: Action = serde_json::from_slice(request).map_err(|error| error.to_string())?;
    match action {
        Action::SetRunningBackend { yes } => control.set_running_backend(yes),
        Action::SetRedirectWrites { yes } => control.set_redirect_writes(yes),
        Action::SetProvider { provider } => control.set_provider(provider.into()),
        Action::SetWordpress { url, minutes } => {
            let every = Duration::try_from_secs_f64(minutes * 60.0).map_err(|e| e.to_string())?;
            control.set_wordpress(url.as_deref(), every).map_err(|error| error.to_string())?;
        }
        Action::AddWordpressRow { name, phone, landing_page } => {
            control.add_wordpress_row(&name, &phone, &landing_page);
        }
        Action::AddReplyRule { word, reply } => control.add_reply_rule(&word, &reply),
        Action::PersonWrites { phone, text } => {
            return Ok(json!({"id": control.person_writes(&phone, &text)}));
        }
        Action::FailNext(fail) => control.fail_next(fail.fault()?),
        Action::Sent {} => {
            return Ok(json!({"sent": control.sent().iter().map(sent).collect::<Vec<_>>()}));
        }
    }
    Ok(json!({}))
}

fn sent(sent: &CrmSent) -> Value {
    json!({"to": sent.to, "text": sent.text, "media": sent.media, "at": sent.at.to_string()})
}
