//! The frame around commands, replies and callbacks: `token`, `cmd`, `ok`, `data`, `error`,
//! `errorCode`. The only place that knows these names, in both directions: the client writes
//! requests and reads replies, an emulator does the reverse.

mod event;

use std::{fmt, marker::PhantomData};

pub use event::{decode_event, encode_event};

use replykit_inbound::repair_json;
use serde::{
    Deserialize, Serialize,
    de::{DeserializeOwned, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor},
};
use serde_json::{Value, de::SliceRead, value::RawValue};

use crate::{
    ApiError, Command, DeliveryCallback, Error, ErrorCode, Invalid, Mid, Outcome, ProtocolProblem,
    ReplyShape, Token, WhatsAppError,
    lossless::{Filter, Key},
    scalar,
};

/// Writes a request: compact JSON with the token first, then `cmd`, then the command's fields.
///
/// # Errors
/// 1000 for an empty token, 1017 for a command of your own that does not serialize to a JSON object.
pub fn encode_request<C: Command>(command: &C, token: &Token) -> Result<String, Invalid> {
    if token.expose().trim().is_empty() {
        let rule = "it is empty: set the token that the dashboard shows";
        return Err(Invalid::new("token", Some(ErrorCode::MissingToken), rule));
    }
    let token = json(token.expose());
    join(format!(r#"{{"token":{token},"cmd":{}"#, json(C::NAME)), command).ok_or_else(|| {
        Invalid::new("cmd", Some(ErrorCode::InvalidJson), "the command is no JSON object")
    })
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
        head.check::<C>(reply)?;
        if let Some(output) = head.data {
            return Ok(output);
        }
    }
    // Without the data: a refusal counts whatever stands beside it.
    let head = Head::<IgnoredAny>::read(reply, None).ok_or_else(|| {
        let mid = first_value(reply).and_then(|head| head.mid());
        Error::protocol(ProtocolProblem::NotJson, reply).with_evidence(mid)
    })?;
    head.check::<C>(reply)?;
    let output = match C::REPLY {
        ReplyShape::TopLevel => decode(reply, &["ok", "cmd"]).ok(),
        ReplyShape::Field(name) => Head::<Box<RawValue>>::read(reply, Some(name))
            .and_then(|head| C::salvage(head.data?.get())),
        ReplyShape::Empty => serde_json::from_value(Value::Null).ok(),
    };
    output.ok_or_else(|| Error::protocol(ProtocolProblem::Data, reply).with_evidence(head.mid()))
}

/// Reads a delivery callback.
///
/// # Errors
/// [`ErrorKind::Protocol`](crate::ErrorKind::Protocol) when it is not JSON or a field has the wrong
/// type.
pub fn decode_callback(callback: &[u8]) -> Result<DeliveryCallback, Error> {
    decode(&repair_json(callback), &["ok"])
        .map_err(|_| Error::protocol(ProtocolProblem::Callback, callback))
}

/// Writes a delivery callback, as the server posts it.
#[must_use]
pub fn encode_callback(callback: &DeliveryCallback) -> String {
    join(r#"{"ok":1"#.to_owned(), callback).unwrap_or_default()
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
        decode(request, &[]).map_err(|e| {
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
    let command: C =
        decode(request, &["token", "cmd"]).map_err(|e| invalid(ErrorCode::InvalidJson, &e))?;
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
        ReplyShape::TopLevel => join(head, output).unwrap_or_default(),
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
        None if answer.trim_ascii_start().starts_with(b"{") => Verdict::Contradicts { mid: None },
        None => Verdict::Foreign,
    }
}

/// The envelope of a reply, read in one pass with the typed data inside it.
struct Head<T> {
    ok: Flag,
    cmd: Option<Value>,
    error: Option<Value>,
    error_code: Option<Value>,
    whatsapp_code: Option<Value>,
    whatsapp_description: Option<Value>,
    mid: Option<Value>,
    data: Option<T>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Flag {
    Missing,
    Yes,
    No,
    Bad,
}

impl Flag {
    fn read(value: &Value) -> Self {
        match value {
            Value::Bool(true) => Self::Yes,
            Value::Bool(false) => Self::No,
            Value::Number(number) if number.as_f64() == Some(1.0) => Self::Yes,
            Value::Number(number) if number.as_f64() == Some(0.0) => Self::No,
            Value::String(text) => match text.as_str() {
                "1" | "true" => Self::Yes,
                "0" | "false" => Self::No,
                _ => Self::Bad,
            },
            _ => Self::Bad,
        }
    }

    /// Said twice, it has to be the same.
    fn and(self, other: Self) -> Self {
        if self == Self::Missing || self == other { other } else { Self::Bad }
    }
}

impl<T: DeserializeOwned> Head<T> {
    /// `None` when the reply is not one JSON object, or the field named holds no `T`.
    fn read(reply: &[u8], field: Option<&'static str>) -> Option<Self> {
        let mut json = reader(reply);
        let head = HeadSeed { field, data: PhantomData }.deserialize(&mut json).ok()?;
        json.end().ok()?;
        Some(head)
    }
}

impl<T> Head<T> {
    fn check<C: Command>(&self, reply: &[u8]) -> Result<(), Error> {
        let cmd = self.cmd.as_ref().and_then(Value::as_str).unwrap_or_default();
        if !cmd.is_empty() && cmd != C::NAME {
            // The message that it names is another command's, so no evidence.
            return Err(Error::protocol(ProtocolProblem::Mismatch, reply));
        }
        match self.ok {
            Flag::Yes => Ok(()),
            Flag::No => {
                let refused = Error::from(self.refusal(C::NAME));
                let mid = self.mid().filter(|_| refused.outcome() == Outcome::Unknown);
                Err(refused.with_evidence(mid))
            }
            Flag::Missing | Flag::Bad => {
                Err(Error::protocol(ProtocolProblem::BadOk, reply).with_evidence(self.mid()))
            }
        }
    }

    fn refusal(&self, name: &str) -> ApiError {
        let whatsapp = WhatsAppError {
            code: self.whatsapp_code.as_ref().and_then(number),
            description: self.whatsapp_description.as_ref().and_then(text),
        };
        ApiError {
            command: name.to_owned(),
            code: self.error_code.as_ref().and_then(number).map(ErrorCode::from),
            message: self.error.as_ref().and_then(text).unwrap_or_default(),
            whatsapp: (whatsapp != WhatsAppError::default()).then_some(whatsapp),
        }
    }

    fn mid(&self) -> Option<Mid> {
        self.mid.as_ref().and_then(text).map(Mid::from)
    }
}

fn number(value: &Value) -> Option<i64> {
    scalar::integer(value).ok()
}

fn text(value: &Value) -> Option<String> {
    scalar::text(value).ok().filter(|text| !text.is_empty())
}

/// The first JSON value of a text that may go on behind it.
fn first_value(text: &[u8]) -> Option<Head<IgnoredAny>> {
    HeadSeed { field: None, data: PhantomData }.deserialize(&mut reader(text)).ok()
}

struct HeadSeed<T> {
    field: Option<&'static str>,
    data: PhantomData<T>,
}

impl<'de, T: DeserializeOwned> DeserializeSeed<'de> for HeadSeed<T> {
    type Value = Head<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Head<T>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, T: DeserializeOwned> Visitor<'de> for HeadSeed<T> {
    type Value = Head<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Head<T>, A::Error> {
        let mut head = Head {
            ok: Flag::Missing,
            cmd: None,
            error: None,
            error_code: None,
            whatsapp_code: None,
            whatsapp_description: None,
            mid: None,
            data: None,
        };
        while let Some(Key(key)) = map.next_key()? {
            let slot = match key.as_ref() {
                name if Some(name) == self.field => {
                    head.data = map.next_value()?;
                    continue;
                }
                "ok" => {
                    head.ok = head.ok.and(Flag::read(&map.next_value()?));
                    continue;
                }
                "cmd" => &mut head.cmd,
                "error" => &mut head.error,
                "errorCode" => &mut head.error_code,
                "whatsappErrorCode" => &mut head.whatsapp_code,
                "whatsappErrorDesc" => &mut head.whatsapp_description,
                "mid" => &mut head.mid,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            *slot = Some(map.next_value()?);
        }
        Ok(head)
    }
}

/// Reads one object, without the fields that belong to the envelope.
fn decode<T: DeserializeOwned>(
    text: &[u8],
    envelope: &'static [&'static str],
) -> Result<T, serde_json::Error> {
    let mut json = reader(text);
    let value = T::deserialize(Filter::without(&mut json, envelope))?;
    json.end()?;
    Ok(value)
}

/// A byte order mark before the JSON is no part of it.
fn reader(text: &[u8]) -> serde_json::Deserializer<SliceRead<'_>> {
    serde_json::Deserializer::from_slice(text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text))
}

/// What is written here are texts, numbers and this crate's own types: each has a JSON form.
fn json<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Puts the fields of an object behind `head`, an object that is still open.
fn join<T: Serialize>(mut head: String, object: &T) -> Option<String> {
    let object = serde_json::to_string(object).ok()?;
    match object.strip_prefix('{')? {
        "}" => head.push('}'),
        fields => {
            head.push(',');
            head.push_str(fields);
        }
    }
    Some(head)
}

#[cfg(test)]
mod tests;
