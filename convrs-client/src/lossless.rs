//! Structs that keep the fields they do not know.
//!
//! A lossless struct derives serde with `#[serde(remote = "Self")]`, has a field
//! `#[serde(skip)] pub extra: Extra`, and is named in [`lossless!`]. The derived code does the known
//! fields in one typed pass; the wrappers here divert unknown keys on the way in and append them on
//! the way out. `#[serde(flatten)]` would do the same at the cost of buffering every field.

mod append;
mod filter;

use std::{borrow::Cow, fmt};

pub(crate) use append::Append;
pub(crate) use filter::Filter;
use serde::{
    de::{Deserializer, Visitor},
    forward_to_deserialize_any,
};

use crate::Extra;

/// Makes structs lossless, see the module.
macro_rules! lossless {
    ($($type:ident),+ $(,)?) => {$(
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let mut extra = $crate::Extra::default();
                // Changed where it lies: taken out of the result, it would be moved twice.
                let mut value =
                    Self::deserialize($crate::lossless::Filter::divert(deserializer, &mut extra));
                if let Ok(value) = &mut value {
                    value.extra = extra;
                }
                value
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                Self::serialize(self, $crate::lossless::Append::new(serializer, &self.extra))
            }
        }

        impl $crate::lossless::Lossless for $type {
            fn known_fields() -> &'static [&'static str] {
                match Self::deserialize($crate::lossless::Probe) {
                    Err($crate::lossless::FieldNames(names)) => names,
                    Ok(_) => &[],
                }
            }

            fn extra(&self) -> &$crate::Extra {
                &self.extra
            }
        }
    )+};
}
pub(crate) use lossless;

/// A key, borrowed from the input where it holds no escape.
pub(crate) struct Key<'de>(pub(crate) Cow<'de, str>);

impl<'de> serde::Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a field name")
            }
            fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(key)))
            }
            fn visit_str<E>(self, key: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(key.to_owned())))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}

/// What the rules need to know of a lossless struct.
pub(crate) trait Lossless {
    /// The names of the fields that the derived code knows.
    fn known_fields() -> &'static [&'static str];
    fn extra(&self) -> &Extra;
}

/// A deserializer that gives back the field names of the struct that asks it for itself.
pub(crate) struct Probe;

impl<'de> Deserializer<'de> for Probe {
    type Error = FieldNames;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, FieldNames> {
        Err(FieldNames(fields))
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, FieldNames> {
        Err(FieldNames(&[]))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[derive(Debug)]
pub(crate) struct FieldNames(pub(crate) &'static [&'static str]);

impl fmt::Display for FieldNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("field names")
    }
}

impl std::error::Error for FieldNames {}

impl serde::de::Error for FieldNames {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self(&[])
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(remote = "Self")]
    struct Point {
        x: i64,
        #[serde(rename = "why", default, skip_serializing_if = "Option::is_none")]
        y: Option<i64>,
        #[serde(skip)]
        extra: Extra,
    }

    lossless!(Point);

    fn decode(json: &str) -> Point {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn unknown_fields_survive_decode_and_encode() {
        let json = r#"{"x":1,"z":{"deep":[1.50,null]},"why":2,"\u00e4":"ö"}"#;
        let point = decode(json);
        assert_eq!((point.x, point.y), (1, Some(2)));
        assert_eq!(point.extra.get("z"), Some(json!({"deep": [1.5, null]})));
        assert_eq!(point.extra.names().collect::<Vec<_>>(), ["z", "ä"]);
        assert_eq!(
            serde_json::to_string(&point).unwrap(),
            r#"{"x":1,"why":2,"z":{"deep":[1.50,null]},"ä":"ö"}"#
        );
    }

    #[test]
    fn unknown_fields_survive_behind_a_buffer_of_serdes() {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Point(Point),
            Text(String),
        }
        #[derive(Deserialize)]
        struct Around {
            #[serde(flatten)]
            point: Point,
        }
        let json = r#"{"x":1,"z":{"deep":[1.5,null,"ö"]},"n":-3}"#;
        let Either::Point(either) = serde_json::from_str(json).unwrap() else { panic!("a point") };
        assert_eq!(either, decode(json));
        assert_eq!(serde_json::from_str::<Around>(json).unwrap().point, either);
        assert!(matches!(serde_json::from_str(r#""x""#), Ok(Either::Text(text)) if text == "x"));
    }

    #[test]
    fn a_value_tree_decodes_too() {
        let point: Point = serde_json::from_value(json!({"x": 1, "z": true})).unwrap();
        assert_eq!(point.extra.get("z"), Some(json!(true)));
    }

    #[test]
    fn arrays_and_scalars_are_no_structs() {
        for json in ["[1,2]", "1", "null", "\"x\""] {
            assert!(serde_json::from_str::<Point>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn the_known_fields_are_the_wire_names() {
        assert_eq!(Point::known_fields(), ["x", "why"]);
    }
}
