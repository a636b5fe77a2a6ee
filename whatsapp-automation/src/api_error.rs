use std::{collections::BTreeMap, fmt};

use http::StatusCode;
use replykit_inbound::repair_json;
use serde_json::Value;

/// The fields of the documented requests. A server could say anything in the place of a name, so no
/// other is shown.
const KNOWN: [&str; 22] = [
    // crm
    "landing_page",
    "max_capacity",
    "media",
    "message",
    "name",
    "non_field_errors",
    "phone_number",
    "scheduled_at",
    "text",
    // session
    "aiModifications",
    "email",
    "gst",
    "limit",
    "mediaFile",
    "page",
    "password",
    "phone",
    "phoneId",
    "scheduledTime",
    "shuffleSentences",
    "useSynonyms",
    "username",
];

/// A refusal in the server's words. They may quote what was sent, so `Debug` and `Display` show only
/// the status, the names of documented fields, and how many others there are.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiError {
    /// The HTTP status.
    pub status: StatusCode,
    /// What is wrong, where the server says it in one text: `error`, `detail` or `message`.
    pub message: Option<String>,
    /// What is wrong with each field, as in `{"name": ["This field is required."]}`.
    pub fields: BTreeMap<String, Vec<String>>,
}

impl ApiError {
    /// Reads a refusal; `None` for what is none of the API's, such as a page of HTML.
    #[must_use]
    pub fn read(status: StatusCode, body: &[u8]) -> Option<Self> {
        let Ok(Value::Object(body)) = serde_json::from_str(&repair_json(body)) else {
            return None;
        };
        let mut message = None;
        let mut fields = BTreeMap::new();
        for (name, value) in body {
            match value {
                Value::String(text) if matches!(name.as_str(), "error" | "detail" | "message") => {
                    message.get_or_insert(text);
                }
                Value::String(text) => {
                    fields.insert(name, vec![text]);
                }
                Value::Array(texts) => {
                    let texts = texts.iter().filter_map(Value::as_str).map(str::to_owned);
                    fields.insert(name, texts.collect());
                }
                _ => {}
            }
        }
        (message.is_some() || !fields.is_empty()).then_some(Self { status, message, fields })
    }

    pub(crate) fn without_words(status: StatusCode) -> Self {
        Self { status, message: None, fields: BTreeMap::new() }
    }
}

impl ApiError {
    /// The fields that can be shown, and how many cannot.
    fn shown(&self) -> (Vec<&str>, usize) {
        let names = self.fields.keys().map(String::as_str);
        let known: Vec<_> = names.filter(|name| KNOWN.contains(name)).collect();
        let others = self.fields.len() - known.len();
        (known, others)
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (known, others) = self.shown();
        f.debug_struct("ApiError")
            .field("status", &self.status.as_u16())
            .field("fields", &known)
            .field("other_fields", &others)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the server refused with HTTP {}", self.status.as_u16())?;
        match self.shown() {
            (known, 0) if known.is_empty() => {}
            (known, 0) => write!(f, ", for {}", known.join(", "))?,
            (known, others) if known.is_empty() => write!(f, ", for {others} fields")?,
            (known, others) => write!(f, ", for {} and {others} more", known.join(", "))?,
        }
        f.write_str("; ApiError::message and fields have its words")
    }
}
