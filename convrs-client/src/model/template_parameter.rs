mod parts;
mod wire;

use std::fmt;

use serde_json::Value;

pub use self::parts::{MediaSource, TemplateCurrency, TemplateLocation, TemplateMedia};
use crate::redact::Hidden;

/// A value for a placeholder of a template, or for its header.
///
/// The document names one kind, `{"type": "text", "text": ".."}`. Undocumented: which others there
/// are. Assumed: those of WhatsApp's Cloud API, each `{"type": "<kind>", "<kind>": ..}`, as below.
/// A kind, a field or a type that is not listed stays [`Raw`](Self::Raw), so that every parameter
/// encodes back to the JSON that it came from. `Debug` shows the kind, and of the rest the lengths.
///
/// ```
/// # use convrs_client::{TemplateMedia, TemplateParameter};
/// let header = TemplateParameter::image_link("https://example.com/parcel.png");
/// let values = vec![
///     TemplateParameter::text("David"),
///     TemplateParameter::currency("GBP", 12_340, "£12.34"),
/// ];
/// // The other forms are built from their parts.
/// let header = TemplateParameter::Document(TemplateMedia::id("1037543291543636"));
/// ```
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum TemplateParameter {
    /// A text, the documented kind.
    Text(String),
    /// An amount of money, kind `currency`. Assumed.
    Currency(TemplateCurrency),
    /// A date or time as text in the language of the template, kind `date_time` with the field
    /// `fallback_value`. Assumed.
    DateTime(String),
    /// A picture, kind `image`, for headers. Assumed.
    Image(TemplateMedia),
    /// A document, kind `document`, for headers. Assumed.
    Document(TemplateMedia),
    /// A video, kind `video`, for headers. Assumed.
    Video(TemplateMedia),
    /// A place on a map, kind `location`, for headers. Assumed.
    Location(TemplateLocation),
    /// Any other JSON, sent as it is and not checked.
    Raw(Value),
}

impl TemplateParameter {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// An amount: the code of its currency (ISO 4217), a thousand times the amount, and the text
    /// that is shown where the amount cannot be formatted.
    pub fn currency(
        code: impl Into<String>,
        amount_1000: i64,
        fallback_value: impl Into<String>,
    ) -> Self {
        Self::Currency(TemplateCurrency::new(code, amount_1000, fallback_value))
    }

    /// A date or time, as the recipient is to read it.
    pub fn date_time(text: impl Into<String>) -> Self {
        Self::DateTime(text.into())
    }

    /// The picture at a public https address.
    pub fn image_link(link: impl Into<String>) -> Self {
        Self::Image(TemplateMedia::link(link))
    }

    /// The video at a public https address.
    pub fn video_link(link: impl Into<String>) -> Self {
        Self::Video(TemplateMedia::link(link))
    }

    /// The document at a public https address, and the name under which it is shown.
    pub fn document_link(link: impl Into<String>, filename: impl Into<String>) -> Self {
        Self::Document(TemplateMedia::link(link).named(filename))
    }

    /// A place: degrees north and east, its name and its address.
    pub fn location(
        latitude: f64,
        longitude: f64,
        name: impl Into<String>,
        address: impl Into<String>,
    ) -> Self {
        let mut location = TemplateLocation::new(latitude, longitude);
        location.name = Some(name.into());
        location.address = Some(address.into());
        Self::Location(location)
    }
}

impl fmt::Debug for TemplateParameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.debug_tuple("Text").field(&Hidden(text)).finish(),
            Self::Currency(currency) => f.debug_tuple("Currency").field(currency).finish(),
            Self::DateTime(text) => f.debug_tuple("DateTime").field(&Hidden(text)).finish(),
            Self::Image(media) => f.debug_tuple("Image").field(media).finish(),
            Self::Document(media) => f.debug_tuple("Document").field(media).finish(),
            Self::Video(media) => f.debug_tuple("Video").field(media).finish(),
            Self::Location(location) => f.debug_tuple("Location").field(location).finish(),
            Self::Raw(json) => f.debug_tuple("Raw").field(&Hidden(json)).finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn decode(json: &Value) -> TemplateParameter {
        serde_json::from_value(json.clone()).unwrap()
    }

    fn encode(parameter: &TemplateParameter) -> Value {
        serde_json::to_value(parameter).unwrap()
    }

    #[test]
    fn each_kind_is_typed_and_encodes_back() {
        let place = TemplateParameter::location(51.5, -0.125, "Shop", "1 Main St");
        for (json, parameter) in [
            (json!({"type": "text", "text": "David"}), TemplateParameter::text("David")),
            (
                json!({"type": "currency", "currency":
                    {"fallback_value": "£12.34", "code": "GBP", "amount_1000": 12340}}),
                TemplateParameter::currency("GBP", 12_340, "£12.34"),
            ),
            (
                json!({"type": "date_time", "date_time": {"fallback_value": "1 May"}}),
                TemplateParameter::date_time("1 May"),
            ),
            (
                json!({"type": "image", "image": {"link": "https://example.com/a.png"}}),
                TemplateParameter::image_link("https://example.com/a.png"),
            ),
            (
                json!({"type": "video", "video": {"link": "https://example.com/a.mp4"}}),
                TemplateParameter::video_link("https://example.com/a.mp4"),
            ),
            (
                json!({"type": "document", "document":
                    {"link": "https://example.com/1.pdf", "filename": "invoice.pdf"}}),
                TemplateParameter::document_link("https://example.com/1.pdf", "invoice.pdf"),
            ),
            (
                json!({"type": "image", "image": {"id": "1037543291543636"}}),
                TemplateParameter::Image(TemplateMedia::id("1037543291543636")),
            ),
            (
                json!({"type": "location", "location": {"latitude": 51.5, "longitude": -0.125,
                    "name": "Shop", "address": "1 Main St"}}),
                place,
            ),
        ] {
            assert_eq!(decode(&json), parameter);
            assert_eq!(encode(&parameter), json);
        }
    }

    #[test]
    fn what_the_types_cannot_hold_stays_as_it_is() {
        for json in [
            json!("David"),
            json!({"type": "text"}),
            json!({"type": "text", "text": 5}),
            json!({"type": "type"}),
            json!({"type": "text", "text": "David", "parameter_name": "first"}),
            json!({"type": "payload", "payload": "yes"}),
            json!({"type": "image", "image": {}}),
            json!({"type": "image", "image": {"link": "a", "id": "b"}}),
            json!({"type": "image", "image": {"link": "a", "provider": {"name": "b"}}}),
            json!({"type": "image", "image": {"id": 5}}),
            json!({"type": "document", "document": {"id": "a", "filename": null}}),
            json!({"type": "location", "location": {"latitude": 51, "longitude": 0}}),
            json!({"type": "location", "location": {"latitude": "51.5", "longitude": "0.1"}}),
            json!({"type": "date_time", "date_time": {"fallback_value": "1 May", "year": 2025}}),
            json!({"type": "currency", "currency":
                {"fallback_value": "£12", "code": "GBP", "amount_1000": 12.5}}),
        ] {
            assert_eq!(decode(&json), TemplateParameter::Raw(json.clone()));
            assert_eq!(encode(&decode(&json)), json);
        }
    }

    #[test]
    fn debug_shows_kinds_and_lengths() {
        let currency = TemplateParameter::currency("GBP", 4711, "c4n4ry");
        for parameter in [
            TemplateParameter::text("c4n4ry"),
            currency,
            TemplateParameter::date_time("c4n4ry"),
            TemplateParameter::image_link("c4n4ry"),
            TemplateParameter::video_link("c4n4ry"),
            TemplateParameter::document_link("c4n4ry", "c4n4ry"),
            TemplateParameter::Image(TemplateMedia::id("c4n4ry")),
            TemplateParameter::location(47.11, 4.711, "c4n4ry", "c4n4ry"),
            TemplateParameter::Raw(json!({"type": "c4n4ry"})),
        ] {
            let shown = format!("{parameter:?}");
            assert!(
                !["c4n4ry", "4711", "47.11", "4.711"].iter().any(|s| shown.contains(s)),
                "{shown}"
            );
        }
        assert_eq!(
            format!("{:?}", TemplateParameter::document_link("https://a.b", "c.pdf")),
            "Document(TemplateMedia { source: Link(<11 chars>), filename: <5 chars> })"
        );
    }

    /// JSON that often comes near a known shape.
    fn any_json() -> impl Strategy<Value = Value> {
        const NAMES: &str = "type|text|currency|date_time|image|document|video|location|link|id|\
            filename|fallback_value|code|amount_1000|latitude|longitude|name|address|[a-z]?";
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            NAMES.prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map(NAMES, inner.clone(), 0..4)
                    .prop_map(|fields| fields.into_iter().collect()),
                ("text|currency|date_time|image|document|video|location", inner)
                    .prop_map(|(kind, content)| json!({"type": kind, kind: content})),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_json_survives_decode_and_encode(json in any_json()) {
            prop_assert_eq!(encode(&decode(&json)), json);
        }

        #[test]
        fn any_parameter_survives_encode_and_decode(
            text in ".*", amount in any::<i64>(), degrees in -180.0..180.0
        ) {
            for parameter in [
                TemplateParameter::text(&text),
                TemplateParameter::currency(&text, amount, &text),
                TemplateParameter::date_time(&text),
                TemplateParameter::image_link(&text),
                TemplateParameter::document_link(&text, &text),
                TemplateParameter::Video(TemplateMedia::id(&text)),
                TemplateParameter::location(degrees, degrees, &text, &text),
            ] {
                prop_assert_eq!(decode(&encode(&parameter)), parameter);
            }
        }
    }
}
