//! Structs that keep the fields they do not know.
//!
//! A lossless struct derives serde with `#[serde(remote = "Self")]`, has a field
//! `#[serde(skip)] pub extra: Extra`, and is named in [`lossless!`]. The derived code does the known
//! fields in one typed pass; the wrappers here divert unknown keys on the way in and append them on
//! the way out. `#[serde(flatten)]` would do the same at the cost of buffering every field.

use std::{borrow::Cow, fmt};

use serde::{
    Serialize,
    de::{
        DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, Visitor,
        value::CowStrDeserializer,
    },
    forward_to_deserialize_any,
    ser::{Error as _, Impossible, SerializeMap, SerializeStruct, Serializer},
};

use crate::Extra;

/// Makes structs lossless, see the module.
macro_rules! lossless {
    ($($type:ident),+ $(,)?) => {$(
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let mut extra = $crate::Extra::default();
                let mut value =
                    Self::deserialize($crate::lossless::Filter::divert(deserializer, &mut extra))?;
                value.extra = extra;
                Ok(value)
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

/// What becomes of the fields of an object on the way in.
pub(crate) enum Route<'a> {
    /// Unknown ones are kept here; the known ones come with `deserialize_struct`.
    Divert { known: &'static [&'static str], extra: &'a mut Extra },
    /// These are dropped, all others pass.
    Drop(&'static [&'static str]),
}

/// A deserializer for one object, whose fields it routes.
pub(crate) struct Filter<'a, D> {
    inner: D,
    route: Route<'a>,
}

impl<'a, D> Filter<'a, D> {
    pub(crate) fn divert(inner: D, extra: &'a mut Extra) -> Self {
        Self { inner, route: Route::Divert { known: &[], extra } }
    }

    pub(crate) fn without(inner: D, fields: &'static [&'static str]) -> Self {
        Self { inner, route: Route::Drop(fields) }
    }
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Filter<'_, D> {
    type Error = D::Error;

    fn deserialize_struct<V: Visitor<'de>>(
        mut self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        if let Route::Divert { known, .. } = &mut self.route {
            *known = fields;
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_map(Filtered { inner: visitor, route: self.route })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// The visitor, and then the map, between the two sides of a [`Filter`].
struct Filtered<'a, T> {
    inner: T,
    route: Route<'a>,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Filtered<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        self.inner.visit_map(Filtered { inner: map, route: self.route })
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Filtered<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        while let Some(Key(key)) = self.inner.next_key()? {
            match &mut self.route {
                Route::Divert { known, extra } if !known.contains(&key.as_ref()) => {
                    extra.0.push((key.into_owned(), self.inner.next_value()?));
                }
                Route::Drop(fields) if fields.contains(&key.as_ref()) => {
                    self.inner.next_value::<serde::de::IgnoredAny>()?;
                }
                _ => {
                    let key: CowStrDeserializer<'_, A::Error> = key.into_deserializer();
                    return seed.deserialize(key).map(Some);
                }
            }
        }
        Ok(None)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.inner.next_value_seed(seed)
    }
}

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

/// A serializer for one struct, to which it appends the unknown fields.
pub(crate) struct Append<'a, S> {
    inner: S,
    extra: &'a Extra,
}

impl<'a, S> Append<'a, S> {
    pub(crate) fn new(inner: S, extra: &'a Extra) -> Self {
        Self { inner, extra }
    }
}

/// Every form but a struct is refused: only structs are lossless.
macro_rules! refuse {
    ($($method:ident($($argument:ty),*) -> $ok:ty;)*) => {$(
        fn $method(self, $(_: $argument),*) -> Result<$ok, S::Error> {
            Err(S::Error::custom("a lossless type is a struct"))
        }
    )*};
    (generic $($method:ident($($argument:ty),*);)*) => {$(
        fn $method<T: Serialize + ?Sized>(self, $(_: $argument,)* _: &T) -> Result<S::Ok, S::Error> {
            Err(S::Error::custom("a lossless type is a struct"))
        }
    )*};
}

impl<'a, S: Serializer> Serializer for Append<'a, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeStruct = AppendFields<'a, S::SerializeMap>;
    type SerializeSeq = Impossible<S::Ok, S::Error>;
    type SerializeTuple = Impossible<S::Ok, S::Error>;
    type SerializeTupleStruct = Impossible<S::Ok, S::Error>;
    type SerializeTupleVariant = Impossible<S::Ok, S::Error>;
    type SerializeMap = Impossible<S::Ok, S::Error>;
    type SerializeStructVariant = Impossible<S::Ok, S::Error>;

    fn serialize_struct(
        self,
        _name: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStruct, S::Error> {
        let map = self.inner.serialize_map(Some(len + self.extra.0.len()))?;
        Ok(AppendFields { map, extra: self.extra })
    }

    refuse! {
        serialize_bool(bool) -> S::Ok;
        serialize_i8(i8) -> S::Ok;
        serialize_i16(i16) -> S::Ok;
        serialize_i32(i32) -> S::Ok;
        serialize_i64(i64) -> S::Ok;
        serialize_u8(u8) -> S::Ok;
        serialize_u16(u16) -> S::Ok;
        serialize_u32(u32) -> S::Ok;
        serialize_u64(u64) -> S::Ok;
        serialize_f32(f32) -> S::Ok;
        serialize_f64(f64) -> S::Ok;
        serialize_char(char) -> S::Ok;
        serialize_str(&str) -> S::Ok;
        serialize_bytes(&[u8]) -> S::Ok;
        serialize_none() -> S::Ok;
        serialize_unit() -> S::Ok;
        serialize_unit_struct(&'static str) -> S::Ok;
        serialize_unit_variant(&'static str, u32, &'static str) -> S::Ok;
        serialize_seq(Option<usize>) -> Self::SerializeSeq;
        serialize_tuple(usize) -> Self::SerializeTuple;
        serialize_tuple_struct(&'static str, usize) -> Self::SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Self::SerializeTupleVariant;
        serialize_map(Option<usize>) -> Self::SerializeMap;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Self::SerializeStructVariant;
    }

    refuse! { generic
        serialize_some();
        serialize_newtype_struct(&'static str);
        serialize_newtype_variant(&'static str, u32, &'static str);
    }
}

pub(crate) struct AppendFields<'a, M> {
    map: M,
    extra: &'a Extra,
}

impl<M: SerializeMap> SerializeStruct for AppendFields<'_, M> {
    type Ok = M::Ok;
    type Error = M::Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), M::Error> {
        self.map.serialize_entry(key, value)
    }

    fn end(mut self) -> Result<M::Ok, M::Error> {
        for (name, raw) in &self.extra.0 {
            self.map.serialize_entry(name, raw)?;
        }
        self.map.end()
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
