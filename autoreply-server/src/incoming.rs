use std::fmt;

use replykit_inbound::repair_json;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{MapAccess, Visitor},
};
use serde_json::Value;

use crate::{AppType, FieldProblem, LocalTime, Rejection, redact::Redacted};

/// A message that somebody sent to the phone, as the app posts it.
///
/// The texts are the stranger's own: any length up to the limit of the body, control characters and
/// emoji included. `Debug` writes only how long they are; escape them before they go to a log.
///
/// Source: AutoReply Mate Server API > Request Format
#[non_exhaustive]
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incoming {
    /// The app that the message came in by; `type` in JSON.
    #[serde(rename = "type")]
    pub app_type: AppType,
    /// A phone number such as `+40712345678`, or a contact's name where the app knows no number.
    pub sender: String,
    /// The contact's display name, if the phone has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The text of the message.
    pub message: String,
    /// When the phone received it, by its own clock.
    pub timestamp: LocalTime,
}

impl Incoming {
    /// A message without a display name, for tests of a handler and for playing the phone.
    pub fn new(
        app_type: impl Into<AppType>,
        sender: impl Into<String>,
        message: impl Into<String>,
        timestamp: impl Into<LocalTime>,
    ) -> Self {
        Self {
            app_type: app_type.into(),
            sender: sender.into(),
            name: None,
            message: message.into(),
            timestamp: timestamp.into(),
        }
    }

    /// Reads the body of a request.
    ///
    /// `name` may be absent or null, fields that are not documented are ignored, and a byte order
    /// mark, broken UTF-8 or an emoji cut in two is repaired first. An empty text is a text.
    ///
    /// # Errors
    /// [`Rejection::InvalidJson`] when the body is not one JSON object; [`Rejection::InvalidField`]
    /// for the first field that is missing, no string or there twice.
    pub fn from_json(json: &[u8]) -> Result<Self, Rejection> {
        let json = repair_json(json);
        // The derived decoder would take an array of the five values too.
        if !json.trim_ascii_start().starts_with('{') {
            return Err(Rejection::InvalidJson);
        }
        serde_json::from_str(&json).map_err(|_| fault_in(&json))
    }
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming")
            .field("app_type", &self.app_type)
            .field("sender", &Redacted(&self.sender))
            .field("name", &self.name.as_deref().map(Redacted))
            .field("message", &Redacted(&self.message))
            .field("timestamp", &self.timestamp)
            .finish()
    }
}

const FIELDS: [&str; 5] = ["type", "sender", "name", "message", "timestamp"];

/// What is wrong with a body that could not be decoded.
fn fault_in(json: &str) -> Rejection {
    let Ok(Members(members)) = serde_json::from_str(json) else { return Rejection::InvalidJson };
    FIELDS
        .into_iter()
        .find_map(|field| {
            let mut values = members.iter().filter(|(name, _)| name == field);
            let problem = match (values.next(), values.next()) {
                (_, Some(_)) => FieldProblem::Repeated,
                (Some((_, Value::String(_))), None) => return None,
                (Some((_, Value::Null)) | None, None) if field == "name" => return None,
                (Some(_), None) => FieldProblem::NotAString,
                (None, None) => FieldProblem::Missing,
            };
            Some(Rejection::InvalidField { field, problem })
        })
        .unwrap_or(Rejection::InvalidJson)
}

/// The members of an object as they came, repeated ones included.
struct Members(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = object.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use FieldProblem::*;
    use serde_json::json;

    use super::*;
    use crate::testing::DOCUMENTED;

    fn decode(json: &Value) -> Result<Incoming, Rejection> {
        Incoming::from_json(json.to_string().as_bytes())
    }

    fn documented() -> Value {
        serde_json::from_str(DOCUMENTED).unwrap()
    }

    fn with(field: &str, value: impl Into<Value>) -> Value {
        let mut json = documented();
        json[field] = value.into();
        json
    }

    fn without(field: &str) -> Value {
        let mut json = documented();
        json.as_object_mut().unwrap().remove(field);
        json
    }

    #[test]
    fn the_documented_request_is_read_and_written_back_equal() {
        let message = Incoming::from_json(DOCUMENTED.as_bytes()).unwrap();
        let mut expected = Incoming::new("SMS", "+40712345678", "help", "2026-02-28 14:30:00");
        expected.name = Some("John Doe".to_owned());
        assert_eq!(message, expected);
        assert_eq!(serde_json::to_value(&message).unwrap(), documented());
    }

    #[test]
    fn an_absent_or_null_name_is_none_and_is_not_written() {
        for json in [without("name"), with("name", Value::Null)] {
            let message = decode(&json).unwrap();
            assert_eq!(message.name, None);
            assert_eq!(serde_json::to_value(&message).unwrap(), without("name"));
        }
        assert_eq!(decode(&with("name", "")).unwrap().name.as_deref(), Some(""));
    }

    #[test]
    fn undocumented_fields_are_ignored() {
        assert!(decode(&with("new", json!({"in": ["a later", 1e9]}))).is_ok());
    }

    #[test]
    fn a06_any_text_is_accepted_as_data() {
        for text in ["John Doe", "\u{1f600}", "\u{1b}[31m\r\n\0", "", &"x".repeat(60_000)] {
            for field in ["sender", "name", "message", "timestamp", "type"] {
                let message = decode(&with(field, text)).unwrap();
                assert_eq!(serde_json::to_value(&message).unwrap()[field], text);
            }
        }
        assert_eq!(
            decode(&with("type", "SIGNAL")).unwrap().app_type,
            AppType::Other("SIGNAL".into())
        );
    }

    #[test]
    fn a_missing_or_mistyped_field_is_named() {
        for field in ["type", "sender", "message", "timestamp"] {
            let missing = Rejection::InvalidField { field, problem: Missing };
            assert_eq!(decode(&without(field)), Err(missing));
            for wrong in [json!(null), json!(5), json!(["a"]), json!({}), json!(true)] {
                let mistyped = Rejection::InvalidField { field, problem: NotAString };
                assert_eq!(decode(&with(field, wrong)), Err(mistyped));
            }
        }
        let mistyped = Rejection::InvalidField { field: "name", problem: NotAString };
        assert_eq!(decode(&with("name", 5)), Err(mistyped));
        let missing = Rejection::InvalidField { field: "type", problem: Missing };
        assert_eq!(decode(&json!({})), Err(missing));
    }

    #[test]
    fn a_repeated_field_is_named() {
        for field in FIELDS {
            let twice = DOCUMENTED.replacen('{', &format!("{{\"{field}\": \"again\","), 1);
            let repeated = Rejection::InvalidField { field, problem: Repeated };
            assert_eq!(Incoming::from_json(twice.as_bytes()), Err(repeated));
        }
    }

    #[test]
    fn what_is_not_one_json_object_is_invalid_json() {
        let array = json!(["SMS", "+40712345678", "John", "help", "2026-02-28 14:30:00"]);
        for text in ["", " ", "{", "null", "\"text\"", "5", "[]", "type=SMS", "{\"type\":5"] {
            assert_eq!(Incoming::from_json(text.as_bytes()), Err(Rejection::InvalidJson), "{text}");
        }
        assert_eq!(decode(&array), Err(Rejection::InvalidJson));
        let trailing = format!("{DOCUMENTED} {{}}");
        assert_eq!(Incoming::from_json(trailing.as_bytes()), Err(Rejection::InvalidJson));
    }

    #[test]
    fn a_depth_bomb_is_invalid_json() {
        for bomb in ["[", "{\"type\":", "{\"message\":[[", "{\"a\":"] {
            let bomb = bomb.repeat(60_000 / bomb.len());
            assert_eq!(Incoming::from_json(bomb.as_bytes()), Err(Rejection::InvalidJson));
        }
        let closed = format!("{{\"a\":{}{}}}", "[".repeat(1000), "]".repeat(1000));
        assert_eq!(Incoming::from_json(closed.as_bytes()), Err(Rejection::InvalidJson));
    }

    #[test]
    fn a_cut_emoji_is_repaired() {
        let cut = DOCUMENTED.replace("help", r"help \ud83d");
        let message = Incoming::from_json(cut.as_bytes()).unwrap();
        assert_eq!(message.message, "help \u{fffd}");
        let marked = format!("\u{feff}{DOCUMENTED}");
        assert!(Incoming::from_json(marked.as_bytes()).is_ok());
    }

    #[test]
    fn debug_shows_no_personal_text() {
        let mut message = Incoming::new("SMS", "canary", "canary", "canary");
        message.name = Some("canary".to_owned());
        assert_eq!(
            format!("{message:?}"),
            "Incoming { app_type: Sms, sender: <6 chars>, name: Some(<6 chars>), \
             message: <6 chars>, timestamp: <6 chars> }"
        );
    }
}
