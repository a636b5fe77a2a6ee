use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use crate::redact::Hidden;

/// A header that the server adds to the callbacks of a message: the place for a secret that proves
/// where a callback comes from.
///
/// Undocumented: the shape. Assumed: `{"name": "..", "value": ".."}`; send another as
/// [`Raw`](Self::Raw).
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum WebhookHeader {
    /// The assumed shape.
    Named {
        /// The header's name.
        name: String,
        /// The header's value, hidden by `Debug`.
        value: String,
    },
    /// Any other JSON, sent as it is and not checked.
    Raw(Value),
}

impl WebhookHeader {
    /// A header in the assumed shape.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self::Named { name: name.into(), value: value.into() }
    }
}

impl Serialize for WebhookHeader {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Named<'a> {
            name: &'a str,
            value: &'a str,
        }
        match self {
            Self::Named { name, value } => Named { name, value }.serialize(serializer),
            Self::Raw(value) => value.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for WebhookHeader {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Value::deserialize(deserializer)?;
        let text = |field| json.get(field).and_then(Value::as_str);
        Ok(match (text("name"), text("value")) {
            (Some(name), Some(value)) if json == json!({"name": name, "value": value}) => {
                Self::new(name, value)
            }
            _ => Self::Raw(json),
        })
    }
}

impl fmt::Debug for WebhookHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named { name, value } => {
                f.debug_struct("Named").field("name", name).field("value", &Hidden(value)).finish()
            }
            Self::Raw(value) => f.debug_tuple("Raw").field(&Hidden(value)).finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_shapes_encode_back() {
        for json in [json!({"name": "X-Secret", "value": "s"}), json!({"X-Secret": "s"})] {
            let header: WebhookHeader = serde_json::from_value(json.clone()).unwrap();
            assert_eq!(serde_json::to_value(header).unwrap(), json);
        }
    }
}
