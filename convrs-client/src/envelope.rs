//! The frame around commands, replies and callbacks: `token`, `cmd`, `ok`, `data`, `error`,
//! `errorCode`. The only place that knows these names, in both directions: the client writes
//! requests and reads replies, an emulator does the reverse.

mod event;
mod head;
pub(crate) mod items;
mod session;
#[cfg(feature = "ws")]
mod socket_frame;

use std::fmt;

pub use event::{decode_event, encode_event};
use head::{Flag, Head, first_value};
pub use items::{decode_each, decode_items};
use replykit_inbound::repair_json;
use serde::{
    Deserialize, Serialize,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_json::{
    Value,
    de::{Read, SliceRead, StrRead},
    value::RawValue,
};
#[cfg(feature = "ws")]
pub(crate) use session::CONNECTED;
pub use session::{
    CONNECT, HEARTBEAT, encode_connect, encode_connected, encode_heartbeat, encode_heartbeat_reply,
};
#[cfg(feature = "ws")]
pub(crate) use socket_frame::{SocketFrame, decode_socket_frame};

use crate::{
    ApiError, Command, DeliveryCallback, Error, ErrorCode, Invalid, Mid, ProtocolProblem,
    ReplyShape, Token, lossless::Filter, send_id,
};

/// Writes a request: compact JSON with the token first, then `cmd`, then the command's fields.
///
/// # Errors
/// 1000 for an empty token, 1017 for a command of your own that does not serialize to a JSON object.
pub fn encode_request<C: Command>(command: &C, token: &Token) -> Result<String, Invalid> {
    let token = token_of(token)?;
    let written = || {
        // Most commands fit.
        let mut head = Vec::with_capacity(256);
        head.extend_from_slice(br#"{"token":"#);
        serde_json::to_writer(&mut head, token).ok()?;
        head.extend_from_slice(br#","cmd":"#);
        serde_json::to_writer(&mut head, C::NAME).ok()?;
        join(head, command)
    };
    written().ok_or_else(|| {
        Invalid::new("cmd", Some(ErrorCode::InvalidJson), "the command is no JSON object")
    })
}

/// The token, which has to be one.
fn token_of(token: &Token) -> Result<&str, Invalid> {
    let shown = token.expose();
    if shown.trim().is_empty() {
        let rule = "it is empty: set the token that the dashboard shows";
        return Err(Invalid::new("token", Some(ErrorCode::MissingToken), rule));
    }
    Ok(shown)
}

/// Reads the reply to `C`.
///
/// `ok` is accepted as number, boolean or text. Half an emoji and broken UTF-8 become U+FFFD. A reply
/// that names no command is taken for the answer; one that names another is not.
///
/// # Errors
/// [`ErrorKind::Api`](crate::ErrorKind::Api) for a refusal,
/// [`ErrorKind::Protocol`](crate::ErrorKind::Protocol) for everything that is neither yes nor no.
pub fn decode_reply<C: Command>(reply: &[u8]) -> Result<C::Output, Error> {
    let reply = &repair_json(reply);
    if let ReplyShape::Field(name) = C::REPLY
        && let Some(head) = Head::<C::Output>::read(reply, Some(name))
    {
        head.check(C::NAME, reply)?;
        if let Some(output) = head.data {
            return Ok(output);
        }
    }
    // Without the data: a refusal counts whatever stands beside it.
    let head = Head::of_yes(C::NAME, reply)?;
    let output = match C::REPLY {
        ReplyShape::TopLevel => decode(reader(reply), &["ok", "cmd"]).ok(),
        ReplyShape::Field(name) => Head::<Box<RawValue>>::read(reply, Some(name))
            .and_then(|head| C::salvage(head.data?.get())),
        ReplyShape::Empty => serde_json::from_value(Value::Null).ok(),
    };
    output.ok_or_else(|| {
        Error::protocol(ProtocolProblem::Data, reply.as_bytes()).with_evidence(head.mid())
    })
}

/// Reads a delivery callback.
///
/// # Errors
/// [`ErrorKind::Protocol`](crate::ErrorKind::Protocol) when it is not JSON or a field has the wrong
/// type.
pub fn decode_callback(callback: &[u8]) -> Result<DeliveryCallback, Error> {
    let mut read: DeliveryCallback = decode(reader(&repair_json(callback)), &["ok"])
        .map_err(|_| Error::protocol(ProtocolProblem::Callback, callback))?;
    (read.send_id, read.proof) = send_id::take(&mut read.webhook_payload);
    Ok(read)
}

/// Writes a delivery callback, as the server posts it.
#[must_use]
pub fn encode_callback(callback: &DeliveryCallback) -> String {
    let mut callback = callback.clone();
    let proof = callback.proof.take();
    send_id::put(&mut callback.webhook_payload, callback.send_id.as_ref(), proof);
    join(br#"{"ok":1"#.to_vec(), &callback).unwrap_or_default()
}

/// Who asks for what, as an emulator sees it.
#[derive(Deserialize)]
pub struct RequestHead {
    #[serde(default)]
    token: Option<String>,
    #[serde(default)]
    cmd: Option<String>,
}

impl RequestHead {
    /// Reads the token and the name of the command.
    ///
    /// # Errors
    /// 1017 for what is not one JSON object, or where one of the two is no string.
    pub fn decode(request: &[u8]) -> Result<Self, ApiError> {
        decode(strictly(request), &[]).map_err(|e| {
            let mut error = ApiError::new("", ErrorCode::InvalidJson);
            error.message = format!("{}: {e}", error.message);
            error
        })
    }

    /// The name of the command, empty where there is none.
    #[must_use]
    pub fn cmd(&self) -> &str {
        self.cmd.as_deref().unwrap_or_default()
    }

    /// Checks the token.
    ///
    /// # Errors
    /// 1000 for a missing or empty token, 1001 for a wrong one.
    pub fn check_token(&self, token: &Token) -> Result<(), ApiError> {
        match self.token.as_deref() {
            None | Some("") => Err(ApiError::new(self.cmd(), ErrorCode::MissingToken)),
            Some(shown) if shown == token.expose() => Ok(()),
            Some(_) => Err(ApiError::new(self.cmd(), ErrorCode::InvalidToken)),
        }
    }
}

impl fmt::Debug for RequestHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestHead").field("cmd", &self.cmd).finish_non_exhaustive()
    }
}

/// Reads the fields of a request, and checks them by the command's rules.
///
/// # Errors
/// 1017 for a field with the wrong JSON type, and the codes of [`Command::validate`].
pub fn decode_request<C: Command>(request: &[u8]) -> Result<C, ApiError> {
    // The sender of the request is told where its fault is; the wire has no field for that.
    let invalid = |code, why: &dyn fmt::Display| {
        let mut error = ApiError::new(C::NAME, code);
        error.message = format!("{}: {why}", error.message);
        error
    };
    let command: C = decode(strictly(request), &["token", "cmd"])
        .map_err(|e| invalid(ErrorCode::InvalidJson, &e))?;
    command.validate().map_err(|e| {
        let why = format_args!("{}: {}", e.field(), e.rule()).to_string();
        invalid(e.code().unwrap_or(ErrorCode::InvalidJson), &why)
    })?;
    Ok(command)
}

/// Writes the reply that says yes to `C`.
#[must_use]
pub fn encode_reply<C: Command>(output: &C::Output) -> String {
    let head = format!(r#"{{"ok":1,"cmd":{}"#, json(C::NAME));
    match C::REPLY {
        ReplyShape::Field(name) => format!("{head},{}:{}}}", json(name), json(output)),
        ReplyShape::TopLevel => join(head.into_bytes(), output).unwrap_or_default(),
        ReplyShape::Empty => head + "}",
    }
}

/// Writes a refusal.
#[must_use]
pub fn encode_error(error: &ApiError) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Refusal<'a> {
        ok: u8,
        cmd: &'a str,
        error: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        error_code: Option<i64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        whatsapp_error_code: Option<i64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        whatsapp_error_desc: Option<&'a str>,
    }
    let whatsapp = error.whatsapp.as_ref();
    json(&Refusal {
        ok: 0,
        cmd: &error.command,
        error: &error.message,
        error_code: error.code.map(ErrorCode::number),
        whatsapp_error_code: whatsapp.and_then(|w| w.code),
        whatsapp_error_desc: whatsapp.and_then(|w| w.description.as_deref()),
    })
}

/// What an answer under a status other than 2xx says, whatever command it belongs to.
pub(crate) enum Verdict {
    /// No, in the API's words.
    Refused,
    /// Yes, or something of the API's that is not a plain no.
    Contradicts { mid: Option<Mid> },
    /// Nothing of the API's own.
    Foreign,
}

pub(crate) fn verdict(answer: &[u8]) -> Verdict {
    let answer = &repair_json(answer);
    if let Some(head) = Head::<IgnoredAny>::read(answer, None) {
        return match head.ok {
            Flag::No => Verdict::Refused,
            Flag::Missing if head.cmd.is_none() && head.mid.is_none() => Verdict::Foreign,
            _ => Verdict::Contradicts { mid: head.mid() },
        };
    }
    // Cut short, or with something behind it: a JSON object all the same.
    match first_value(answer) {
        Some(head) => Verdict::Contradicts { mid: head.mid() },
        None if answer.trim_ascii_start().starts_with('{') => Verdict::Contradicts { mid: None },
        None => Verdict::Foreign,
    }
}

/// The message that the beginning of an answer to the command `name` names to its last letter.
pub(crate) fn mid_in_part(name: &str, part: &[u8]) -> Option<Mid> {
    head::mid_in_part(name, &repair_json(part))
}

/// Reads one object, without the fields that belong to the envelope.
fn decode<'de, T: DeserializeOwned>(
    mut json: serde_json::Deserializer<impl Read<'de>>,
    envelope: &'static [&'static str],
) -> Result<T, serde_json::Error> {
    let value = T::deserialize(Filter::without(&mut json, envelope))?;
    json.end()?;
    Ok(value)
}

/// A reader of what has to be UTF-8 as it is. A byte order mark before the JSON is no part of it.
fn strictly(text: &[u8]) -> serde_json::Deserializer<SliceRead<'_>> {
    serde_json::Deserializer::from_slice(text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text))
}

/// A reader of what was repaired.
fn reader(text: &str) -> serde_json::Deserializer<StrRead<'_>> {
    serde_json::Deserializer::from_str(text)
}

/// What is written here are texts, numbers and this crate's own types: each has a JSON form.
fn json<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Puts the fields of an object behind `head`, an object that is still open.
fn join<T: Serialize>(mut head: Vec<u8>, object: &T) -> Option<String> {
    let end = head.len();
    serde_json::to_writer(&mut head, object).ok()?;
    let brace = head.get_mut(end).filter(|brace| **brace == b'{')?;
    *brace = b',';
    if head.get(end + 1..) == Some(b"}") {
        head.remove(end);
    }
    String::from_utf8(head).ok()
}

#[cfg(test)]
mod tests;
