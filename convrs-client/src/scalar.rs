//! Scalars as servers write them: ids, codes and flags come as numbers or as texts.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error, Visitor},
};
use serde_json::{Map, Value};

/// An id: a string, or an integer that becomes its digits. `null` is the empty text.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    struct Text;
    impl Visitor<'_> for Text {
        type Value = String;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string or an integer")
        }
        fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
            Ok(text.to_owned())
        }
        fn visit_string<E: Error>(self, text: String) -> Result<String, E> {
            Ok(text)
        }
        fn visit_i64<E: Error>(self, number: i64) -> Result<String, E> {
            Ok(number.to_string())
        }
        fn visit_u64<E: Error>(self, number: u64) -> Result<String, E> {
            Ok(number.to_string())
        }
        fn visit_unit<E: Error>(self) -> Result<String, E> {
            Ok(String::new())
        }
    }
    deserializer.deserialize_any(Text)
}

/// An id that has to be there.
pub(crate) fn present<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: From<String>,
{
    let text = text(deserializer)?;
    if text.is_empty() { Err(D::Error::custom("the id is empty")) } else { Ok(T::from(text)) }
}

/// A text that the sender may leave out: `null` is the empty text.
pub(crate) fn string<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// An integer: a number without a fraction, or a text of one.
pub(crate) fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    optional_integer(deserializer)?.ok_or_else(|| D::Error::custom("an integer is needed"))
}

/// The same where it may be missing: `null` and the empty text are `None`.
pub(crate) fn optional_integer<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<i64>, D::Error> {
    struct Integer;
    impl Visitor<'_> for Integer {
        type Value = Option<i64>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an integer or a text of one")
        }
        fn visit_i64<E: Error>(self, number: i64) -> Result<Option<i64>, E> {
            Ok(Some(number))
        }
        fn visit_u64<E: Error>(self, number: u64) -> Result<Option<i64>, E> {
            i64::try_from(number).map(Some).map_err(|_| E::custom("the integer is too large"))
        }
        fn visit_f64<E: Error>(self, number: f64) -> Result<Option<i64>, E> {
            // Beyond 2^53 a float no longer names one integer.
            const EXACT: f64 = 9_007_199_254_740_992.0;
            if number.fract() == 0.0 && number.abs() <= EXACT {
                Ok(Some(number as i64))
            } else {
                Err(E::custom("the number is not an integer"))
            }
        }
        fn visit_str<E: Error>(self, text: &str) -> Result<Option<i64>, E> {
            let text = text.trim();
            if text.is_empty() {
                return Ok(None);
            }
            text.parse().map(Some).map_err(|_| E::custom("the text is not an integer"))
        }
        fn visit_unit<E: Error>(self) -> Result<Option<i64>, E> {
            Ok(None)
        }
    }
    deserializer.deserialize_any(Integer)
}

/// A field that may be missing: `null` and the empty text are `None`.
pub(crate) fn optional<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::String(text) if text.is_empty() => Ok(None),
        value => serde_json::from_value(value).map(Some).map_err(D::Error::custom),
    }
}

/// An object that may be missing: whatever is none is `None`.
pub(crate) fn optional_object<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Map<String, Value>>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Object(object) => Some(object),
        _ => None,
    })
}

/// Yes or no as the API writes it, 1 or 0; `true` and `false` are read too. A field that may be
/// missing: `null` and the empty text are `None`.
pub(crate) mod optional_flag {
    use serde::{Deserializer, Serializer, de::Error};

    pub(crate) fn serialize<S: Serializer>(
        flag: &Option<bool>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match flag {
            Some(flag) => serializer.serialize_u8(u8::from(*flag)),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<bool>, D::Error> {
        use serde_json::Value;
        let value: Value = serde::Deserialize::deserialize(deserializer)?;
        match value.as_bool() {
            Some(flag) => Ok(Some(flag)),
            None => match super::optional_integer(value).map_err(D::Error::custom)? {
                None => Ok(None),
                Some(0) => Ok(Some(false)),
                Some(1) => Ok(Some(true)),
                Some(_) => Err(D::Error::custom("a flag is 1 or 0")),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    fn integer(json: &str) -> Option<i64> {
        super::integer(&mut serde_json::Deserializer::from_str(json)).ok()
    }

    fn text(json: &str) -> Option<String> {
        super::text(&mut serde_json::Deserializer::from_str(json)).ok()
    }

    #[test]
    fn an_integer_comes_as_number_float_or_text() {
        for json in ["2008", "2008.0", "\"2008\"", "\" 2008 \""] {
            assert_eq!(integer(json), Some(2008), "{json}");
        }
        assert_eq!(integer("-2"), Some(-2));
        for json in
            ["null", "\"\"", "1.5", "\"x\"", "[]", "{}", "true", "1e300", "18446744073709551615"]
        {
            assert_eq!(integer(json), None, "{json}");
        }
    }

    #[test]
    fn a_missing_integer_or_object_is_none() {
        let integer =
            |json| super::optional_integer(&mut serde_json::Deserializer::from_str(json)).ok();
        let object = |json| {
            super::optional::<serde_json::Map<String, serde_json::Value>, _>(
                &mut serde_json::Deserializer::from_str(json),
            )
            .ok()
        };
        for json in ["null", "\"\""] {
            assert_eq!(integer(json), Some(None), "{json}");
            assert_eq!(object(json), Some(None), "{json}");
        }
        assert_eq!(integer("131047.0"), Some(Some(131_047)));
        assert_eq!(object("{}"), Some(Some(serde_json::Map::new())));
        assert_eq!(object("[]"), None);
    }

    #[test]
    fn an_id_that_has_to_be_there_is_not_empty() {
        let present =
            |json| super::present::<_, String>(&mut serde_json::Deserializer::from_str(json)).ok();
        assert_eq!(present("17").as_deref(), Some("17"));
        assert_eq!(present("null"), None);
        assert_eq!(present("\"\""), None);
    }

    #[test]
    fn an_id_comes_as_text_or_number() {
        assert_eq!(text("\"a-1\"").as_deref(), Some("a-1"));
        assert_eq!(text("73").as_deref(), Some("73"));
        assert_eq!(text("null").as_deref(), Some(""));
        assert_eq!(text("{}"), None);
    }
}
