//! How a parameter stands on the wire: `{"type": "<kind>", "<kind>": ..}`.

use serde::{
    Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned, ser::SerializeMap,
};
use serde_json::Value;

use super::TemplateParameter;

impl TemplateParameter {
    /// The typed form, of which the caller has to check that nothing was lost.
    fn typed(json: &Value) -> Option<Self> {
        fn read<T: DeserializeOwned>(content: &Value) -> Option<T> {
            T::deserialize(content).ok()
        }
        let kind = json.get("type")?.as_str()?;
        let content = json.get(kind)?;
        match kind {
            "text" => read(content).map(Self::Text),
            "currency" => read(content).map(Self::Currency),
            "date_time" => {
                read(content).map(|Fallback { fallback_value }| Self::DateTime(fallback_value))
            }
            "image" => read(content).map(Self::Image),
            "document" => read(content).map(Self::Document),
            "video" => read(content).map(Self::Video),
            "location" => read(content).map(Self::Location),
            _ => None,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Fallback<T> {
    fallback_value: T,
}

impl Serialize for TemplateParameter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        fn of_kind<S: Serializer>(
            serializer: S,
            kind: &'static str,
            content: &(impl Serialize + ?Sized),
        ) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(Some(2))?;
            map.serialize_entry("type", kind)?;
            map.serialize_entry(kind, content)?;
            map.end()
        }
        match self {
            Self::Text(text) => of_kind(serializer, "text", text),
            Self::Currency(currency) => of_kind(serializer, "currency", currency),
            Self::DateTime(text) => {
                of_kind(serializer, "date_time", &Fallback { fallback_value: text })
            }
            Self::Image(media) => of_kind(serializer, "image", media),
            Self::Document(media) => of_kind(serializer, "document", media),
            Self::Video(media) => of_kind(serializer, "video", media),
            Self::Location(location) => of_kind(serializer, "location", location),
            Self::Raw(json) => json.serialize(serializer),
        }
    }
}

/// Typed only when it encodes back to an equal value.
impl<'de> Deserialize<'de> for TemplateParameter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Value::deserialize(deserializer)?;
        Ok(match Self::typed(&json) {
            Some(typed) if serde_json::to_value(&typed).is_ok_and(|back| back == json) => typed,
            _ => Self::Raw(json),
        })
    }
}
