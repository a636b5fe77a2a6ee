use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Response, StatusCode};
use replykit_inbound::repair_json;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Operation, RefusalRule, WireFormat};
use crate::{Error, ErrorKind, MessageId, ProtocolProblem, Refusal, RefusalKind};

/// What a body says of success, whatever the status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    Yes,
    No,
    Both,
    /// That something failed, which may have been behind the reply.
    Failed,
    Nothing,
}

/// What an answer comes down to.
enum Verdict {
    Success(Map<String, Value>),
    Refused(RefusalKind),
    Open(ErrorKind),
}

impl WireFormat {
    /// The fields of a success.
    pub(crate) fn read(
        &self,
        operation: &Operation,
        answer: &Response<Bytes>,
    ) -> Result<Map<String, Value>, Error> {
        let (status, text) = (answer.status(), repair_json(answer.body()));
        let json = serde_json::from_str(&text).unwrap_or_default();
        let kind = match self.judge(operation, status, &text, &json) {
            Verdict::Success(fields) => return Ok(fields),
            Verdict::Open(kind) => kind,
            Verdict::Refused(kind) => {
                let (code, message) = (self.code(&json), message(&json));
                ErrorKind::Refused(Refusal { kind, status, code, message })
            }
        };
        Err(Error::of_answer(kind, answer))
    }

    fn judge(
        &self,
        operation: &Operation,
        status: StatusCode,
        text: &str,
        json: &Value,
    ) -> Verdict {
        let said = self.said(json);
        let rule = self.rule(operation, status, text, json);
        // Without a yes of a success or a no of a refusal nothing is known but the status.
        let by_status = Verdict::Open(ErrorKind::Http { status });
        let unclear = |problem| Verdict::Open(ErrorKind::Protocol(problem));
        if status.is_client_error() {
            return match (said, rule) {
                (Said::Yes | Said::Both, _) => unclear(ProtocolProblem::Conflict),
                (_, Some(rule)) => rule.means.map_or(by_status, Verdict::Refused),
                (Said::No, None) if !matches!(status.as_u16(), 408 | 499) => {
                    Verdict::Refused(RefusalKind::Other)
                }
                _ => by_status,
            };
        }
        if !status.is_success() {
            return rule.and_then(|rule| rule.means).map_or(by_status, Verdict::Refused);
        }
        match (said, rule) {
            // Where the body does not say no, a rule has to be about such a status by its number.
            (_, Some(rule)) if said == Said::No || rule.status.is_some() => {
                rule.means.map_or_else(|| unclear(ProtocolProblem::Conflict), Verdict::Refused)
            }
            // What is validated is the secret.
            (Said::No, _) if matches!(operation, Operation::Validate) => {
                Verdict::Refused(RefusalKind::BadSecret)
            }
            (Said::No, _) => Verdict::Refused(RefusalKind::Other),
            (Said::Both | Said::Failed, _) => unclear(ProtocolProblem::Conflict),
            (Said::Yes | Said::Nothing, _) => self.success(text, json),
        }
    }

    fn success(&self, text: &str, json: &Value) -> Verdict {
        let plain = text.trim();
        if let Value::Object(fields) = json {
            return Verdict::Success(fields.clone());
        }
        if plain.is_empty() || self.plain_success.iter().any(|yes| yes == plain) {
            return Verdict::Success(Map::new());
        }
        let is_json = !json.is_null() || plain == "null";
        let problem = if is_json { ProtocolProblem::Shape } else { ProtocolProblem::NotJson };
        Verdict::Open(ErrorKind::Protocol(problem))
    }

    fn rule(
        &self,
        operation: &Operation,
        status: StatusCode,
        text: &str,
        json: &Value,
    ) -> Option<&RefusalRule> {
        let code = self.code(json);
        let applies = |rule: &RefusalRule| {
            let about_a_reply = rule.means.is_some_and(RefusalKind::is_about_a_reply);
            matches!(operation, Operation::Reply { .. }) || !about_a_reply
        };
        let mut rules = self.refusals.iter().chain(RefusalRule::ASSUMED);
        rules.find(|rule| applies(rule) && rule.fits(status, code.as_deref(), text))
    }

    fn code(&self, json: &Value) -> Option<String> {
        self.code_at.iter().find_map(|at| match json.pointer(at)? {
            Value::String(code) => Some(code.clone()),
            Value::Number(code) => Some(code.to_string()),
            _ => None,
        })
    }

    fn said(&self, json: &Value) -> Said {
        let flags = ["success", "ok", "valid"].into_iter().filter_map(|name| flag(json.get(name)?));
        let (mut yes, mut no) =
            (json.pointer(&self.message_id_at).is_some_and(|id| !id.is_null()), false);
        for flag in flags {
            (yes, no) = (yes || flag, no || !flag);
        }
        no |= ["error", "errors"].into_iter().filter_map(|name| json.get(name)).any(is_something);
        let failed = matches!(
            json.get("status").and_then(Value::as_str),
            Some("error" | "fail" | "failed" | "failure")
        );
        match (yes, no) {
            (true, false) if !failed => Said::Yes,
            (true, _) => Said::Both,
            (false, true) => Said::No,
            (false, false) if failed => Said::Failed,
            (false, false) => Said::Nothing,
        }
    }
}

/// What a reply gave.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Replied {
    /// The message, where the answer names it. See
    /// [`WireFormat::message_id_at`](crate::WireFormat#structfield.message_id_at).
    pub message_id: Option<MessageId>,
    /// The other fields of the answer.
    pub extra: BTreeMap<String, Value>,
}

crate::redact::debug!(Replied { message_id } hides { extra });

impl Replied {
    pub(crate) fn read(wire: &WireFormat, fields: Map<String, Value>) -> Self {
        let at = wire.message_id_at.as_str();
        let answer = Value::Object(fields);
        let message_id = answer.pointer(at).and_then(|id| MessageId::deserialize(id).ok());
        let Value::Object(fields) = answer else {
            return Self { message_id, extra: BTreeMap::new() };
        };
        let known = at.strip_prefix('/').filter(|_| message_id.is_some());
        let extra = fields.into_iter().filter(|(name, _)| Some(name.as_str()) != known).collect();
        Self { message_id, extra }
    }
}

/// Yes or no, in any spelling.
fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => Some(number.as_f64() != Some(0.0)),
        Value::String(text) => match text.as_str() {
            "true" | "1" | "ok" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// An error that is there: `null`, `false`, 0 and what is empty are none.
fn is_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(_) | Value::Number(_) => flag(value) == Some(true),
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
    }
}

fn message(json: &Value) -> Option<String> {
    let mut words = ["/error/message", "/message", "/error", "/detail"]
        .into_iter()
        .filter_map(|at| json.pointer(at));
    words.find_map(Value::as_str).map(str::to_owned)
}
