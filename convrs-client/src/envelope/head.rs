use std::{fmt, marker::PhantomData};

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use super::reader;
use crate::{
    ApiError, Error, ErrorCode, Mid, Outcome, ProtocolProblem, WhatsAppError, lossless::Key, scalar,
};

/// The envelope of a reply, read in one pass with the typed data inside it.
pub(super) struct Head<T> {
    pub(super) ok: Flag,
    pub(super) cmd: Option<Value>,
    error: Option<Value>,
    error_code: Option<Value>,
    whatsapp_code: Option<Value>,
    whatsapp_description: Option<Value>,
    pub(super) mid: Option<Value>,
    pub(super) data: Option<T>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Flag {
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

impl<T> Default for Head<T> {
    fn default() -> Self {
        Self {
            ok: Flag::Missing,
            cmd: None,
            error: None,
            error_code: None,
            whatsapp_code: None,
            whatsapp_description: None,
            mid: None,
            data: None,
        }
    }
}

impl Head<IgnoredAny> {
    /// The envelope without its data, which says yes to the command `name`.
    pub(super) fn of_yes(name: &str, reply: &str) -> Result<Self, Error> {
        let head = Self::read(reply, None).ok_or_else(|| {
            let mid = first_value(reply).and_then(|head| head.mid());
            Error::protocol(ProtocolProblem::NotJson, reply.as_bytes()).with_evidence(mid)
        })?;
        head.check(name, reply)?;
        Ok(head)
    }
}

impl<T: DeserializeOwned> Head<T> {
    /// `None` when the reply is not one JSON object, or the field named holds no `T`.
    pub(super) fn read(reply: &str, field: Option<&'static str>) -> Option<Self> {
        let mut json = reader(reply);
        let head = HeadSeed { field, data: PhantomData }.deserialize(&mut json).ok()?;
        json.end().ok()?;
        Some(head)
    }
}

impl<T> Head<T> {
    /// Notes a value of `ok`.
    pub(super) fn say(&mut self, ok: &Value) {
        self.ok = self.ok.and(Flag::read(ok));
    }

    /// Where the value of a field goes, but for `ok` and the data.
    pub(super) fn slot(&mut self, name: &str) -> Option<&mut Option<Value>> {
        Some(match name {
            "cmd" => &mut self.cmd,
            "error" => &mut self.error,
            "errorCode" => &mut self.error_code,
            "whatsappErrorCode" => &mut self.whatsapp_code,
            "whatsappErrorDesc" => &mut self.whatsapp_description,
            "mid" => &mut self.mid,
            _ => return None,
        })
    }

    pub(super) fn check(&self, name: &str, reply: &str) -> Result<(), Error> {
        let cmd = self.cmd.as_ref().and_then(Value::as_str).unwrap_or_default();
        if !cmd.is_empty() && cmd != name {
            // The message that it names is another command's, so no evidence.
            return Err(Error::protocol(ProtocolProblem::Mismatch, reply.as_bytes()));
        }
        match self.ok {
            Flag::Yes => Ok(()),
            Flag::No => {
                let refused = Error::from(self.refusal(name));
                let mid = self.mid().filter(|_| refused.outcome() == Outcome::Unknown);
                Err(refused.with_evidence(mid))
            }
            Flag::Missing | Flag::Bad => {
                Err(Error::protocol(ProtocolProblem::BadOk, reply.as_bytes())
                    .with_evidence(self.mid()))
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
            code: self.code(),
            message: self.error.as_ref().and_then(text).unwrap_or_default(),
            whatsapp: (whatsapp != WhatsAppError::default()).then_some(whatsapp),
        }
    }

    pub(super) fn code(&self) -> Option<ErrorCode> {
        self.error_code.as_ref().and_then(number).map(ErrorCode::from)
    }

    pub(super) fn mid(&self) -> Option<Mid> {
        self.mid.as_ref().and_then(text).map(Mid::from)
    }
}

impl<'de, T: DeserializeOwned> Head<T> {
    /// Reads the fields of the object. What was read before a fault stays.
    fn fill<A: MapAccess<'de>>(
        &mut self,
        mut map: A,
        field: Option<&'static str>,
    ) -> Result<(), A::Error> {
        while let Some(Key(key)) = map.next_key()? {
            match key.as_ref() {
                name if Some(name) == field => self.data = map.next_value()?,
                "ok" => self.say(&map.next_value()?),
                name => match self.slot(name) {
                    Some(slot) => *slot = Some(map.next_value()?),
                    None => {
                        map.next_value::<IgnoredAny>()?;
                    }
                },
            }
        }
        Ok(())
    }
}

fn number(value: &Value) -> Option<i64> {
    scalar::integer(value).ok()
}

fn text(value: &Value) -> Option<String> {
    scalar::text(value).ok().filter(|text| !text.is_empty())
}

/// The first JSON value of a text that may go on behind it.
pub(super) fn first_value(text: &str) -> Option<Head<IgnoredAny>> {
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

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Head<T>, A::Error> {
        let mut head = Head::default();
        head.fill(map, self.field)?;
        Ok(head)
    }
}

/// The message that the beginning of an answer names.
pub(super) fn mid_in_part(name: &str, part: &str) -> Option<Mid> {
    let mut head = Head::<IgnoredAny>::default();
    // It ends in an error, as the text ends too early.
    let _ = reader(part).deserialize_map(Filling(&mut head));
    let cmd = head.cmd.as_ref().and_then(Value::as_str).unwrap_or_default();
    // A text has an end, while a number may have lost digits.
    let complete = head.mid.as_ref().is_some_and(Value::is_string);
    head.mid().filter(|_| complete && (cmd.is_empty() || cmd == name))
}

struct Filling<'a>(&'a mut Head<IgnoredAny>);

impl<'de> Visitor<'de> for Filling<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        self.0.fill(map, None)
    }
}
