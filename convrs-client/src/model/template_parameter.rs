use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use crate::redact::Hidden;

/// A value for a placeholder of a template, or for its header.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum TemplateParameter {
    /// `{"type": "text", "text": ".."}`, the documented kind.
    Text(String),
    /// Any other JSON, sent as it is. Undocumented: which kinds there are. Assumed: those of
    /// WhatsApp, such as `{"type": "image", "image": {"link": ".."}}`.
    Raw(Value),
}

impl TemplateParameter {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }
}

impl Serialize for TemplateParameter {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Text<'a> {
            #[serde(rename = "type")]
            kind: &'static str,
            text: &'a str,
        }
        match self {
            Self::Text(text) => Text { kind: "text", text }.serialize(serializer),
            Self::Raw(value) => value.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for TemplateParameter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let text = value.get("text").and_then(Value::as_str);
        Ok(match text {
            Some(text) if value == json!({"type": "text", "text": text}) => Self::text(text),
            _ => Self::Raw(value),
        })
    }
}

/// Shows the kind and the length.
impl fmt::Debug for TemplateParameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.debug_tuple("Text").field(&Hidden(text)).finish(),
            Self::Raw(value) => f.debug_tuple("Raw").field(&Hidden(value)).finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_typed_and_everything_else_stays_as_it_is() {
        let decode = |json: &Value| serde_json::from_value::<TemplateParameter>(json.clone());
        let text = json!({"type": "text", "text": "David"});
        assert_eq!(decode(&text).unwrap(), TemplateParameter::text("David"));
        for json in [
            text,
            json!({"type": "text", "text": "David", "parameter_name": "first"}),
            json!({"type": "image", "image": {"link": "https://example.com/a.png"}}),
            json!("David"),
        ] {
            assert_eq!(serde_json::to_value(decode(&json).unwrap()).unwrap(), json);
        }
    }
}
