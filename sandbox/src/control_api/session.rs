use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::faults::Fail;
use crate::{ControlError, SessionControl, SessionGroup, SessionSent};

/// A request to the control API. Each does what the method of the same name does.
#[derive(Deserialize)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
enum Action {
    ConfirmPairing { username: String, phone: String, name: String },
    Unpair { username: String },
    SetGroups { username: String, groups: Vec<Group> },
    SetSessionLifetime { seconds: f64 },
    ExpireSessions {},
    SetUnreachable { to: String, yes: bool },
    FailNext(Fail),
    Logins {},
    Sent {},
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    id: String,
    name: String,
    participants: Vec<String>,
}

/// Does what a request to `/session/control` asks for.
///
/// # Errors
/// What is wrong with the request, in words.
pub(crate) fn session(control: SessionControl<'_>, request: &[u8]) -> Result<Value, String> {
    let action: Action = serde_json::from_slice(request).map_err(|error| error.to_string())?;
    let words = |error: ControlError| error.to_string();
    match action {
        Action::ConfirmPairing { username, phone, name } => {
            control.confirm_pairing(&username, &phone, &name).map_err(words)?;
        }
        Action::Unpair { username } => control.unpair(&username).map_err(words)?,
        Action::SetGroups { username, groups } => {
            let group = |group: Group| SessionGroup::new(group.id, group.name, group.participants);
            control.set_groups(&username, groups.into_iter().map(group)).map_err(words)?;
        }
        Action::SetSessionLifetime { seconds } => {
            let lifetime = Duration::try_from_secs_f64(seconds).map_err(|e| e.to_string())?;
            control.set_session_lifetime(lifetime);
        }
        Action::ExpireSessions {} => control.expire_sessions(),
        Action::SetUnreachable { to, yes } => control.set_unreachable(&to, yes),
        Action::FailNext(fail) => control.fail_next(fail.fault()?),
        Action::Logins {} => return Ok(json!({"logins": control.logins()})),
        Action::Sent {} => {
            return Ok(json!({"sent": control.sent().iter().map(sent).collect::<Vec<_>>()}));
        }
    }
    Ok(json!({}))
}

fn sent(sent: &SessionSent) -> Value {
    let media = sent.media.as_ref().map(
        |media| json!({"name": media.name, "content_type": media.content_type, "size": media.size}),
    );
    json!({
        "message_id": sent.message_id,
        "username": sent.username,
        "to": sent.to,
        "text": sent.text,
        "media": media,
        "at": sent.at.to_string(),
    })
}
