use std::{borrow::Cow, fmt};

use serde::{
    Deserialize,
    de::{
        DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor,
        value::{MapDeserializer, StrDeserializer},
    },
    forward_to_deserialize_any,
};
use serde_json::{Value, value::RawValue};

use super::Key;
use crate::Extra;

/// What becomes of the fields of an object on the way in.
enum Route<'a> {
    /// Those that the derived code passes over are kept here.
    Divert(&'a mut Extra),
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
        Self { inner, route: Route::Divert(extra) }
    }

    pub(crate) fn without(inner: D, fields: &'static [&'static str]) -> Self {
        Self { inner, route: Route::Drop(fields) }
    }
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Filter<'_, D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_map(FilterVisitor { inner: visitor, route: self.route })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier
        ignored_any
    }
}

struct FilterVisitor<'a, V> {
    inner: V,
    route: Route<'a>,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for FilterVisitor<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        let key = Cow::Borrowed("");
        self.inner.visit_map(FilterMap { inner: map, route: self.route, key })
    }
}

struct FilterMap<'de, 'a, A> {
    inner: A,
    route: Route<'a>,
    /// The key of the value that comes next.
    key: Cow<'de, str>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for FilterMap<'de, '_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        let Route::Drop(fields) = self.route else {
            return self.inner.next_key_seed(Noting { inner: seed, key: &mut self.key });
        };
        while let Some(Key(key)) = self.inner.next_key()? {
            if fields.contains(&key.as_ref()) {
                self.inner.next_value::<IgnoredAny>()?;
                continue;
            }
            return seed.deserialize(StrDeserializer::new(&key)).map(Some);
        }
        Ok(None)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        match &mut self.route {
            Route::Divert(extra) => {
                self.inner.next_value_seed(Diverting { inner: seed, key: &self.key, extra })
            }
            Route::Drop(_) => self.inner.next_value_seed(seed),
        }
    }
}

/// The seed, the deserializer and the visitor of one key, which it notes.
struct Noting<'a, 'de, T> {
    inner: T,
    key: &'a mut Cow<'de, str>,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Noting<'_, 'de, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<S::Value, D::Error> {
        self.inner.deserialize(Noting { inner, key: self.key })
    }
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Noting<'_, 'de, D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, inner: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_str(Noting { inner, key: self.key })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier
        ignored_any
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Noting<'_, 'de, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    fn visit_borrowed_str<E: Error>(self, key: &'de str) -> Result<V::Value, E> {
        *self.key = Cow::Borrowed(key);
        self.inner.visit_borrowed_str(key)
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<V::Value, E> {
        *self.key = Cow::Owned(key.to_owned());
        self.inner.visit_str(key)
    }
}

/// The seed, and then the deserializer, of one value. The derived code asks for a value as
/// `IgnoredAny` when it does not know the key: no list of the known ones has to be gone through.
struct Diverting<'a, T> {
    inner: T,
    key: &'a str,
    extra: &'a mut Extra,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Diverting<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<S::Value, D::Error> {
        self.inner.deserialize(Diverting { inner, key: self.key, extra: self.extra })
    }
}

macro_rules! forward {
    ($($method:ident($($name:ident: $argument:ty),*))*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, $($name: $argument,)* visitor: V) -> Result<V::Value, D::Error> {
            self.inner.$method($($name,)* visitor)
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Diverting<'_, D> {
    type Error = D::Error;

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let raw = Box::<RawValue>::deserialize(Buffered(self.inner))?;
        self.extra.0.push((self.key.to_owned(), raw));
        visitor.visit_unit()
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }

    forward! {
        deserialize_any()
        deserialize_bool()
        deserialize_i8()
        deserialize_i16()
        deserialize_i32()
        deserialize_i64()
        deserialize_i128()
        deserialize_u8()
        deserialize_u16()
        deserialize_u32()
        deserialize_u64()
        deserialize_u128()
        deserialize_f32()
        deserialize_f64()
        deserialize_char()
        deserialize_str()
        deserialize_string()
        deserialize_bytes()
        deserialize_byte_buf()
        deserialize_option()
        deserialize_unit()
        deserialize_unit_struct(name: &'static str)
        deserialize_newtype_struct(name: &'static str)
        deserialize_seq()
        deserialize_tuple(len: usize)
        deserialize_tuple_struct(name: &'static str, len: usize)
        deserialize_map()
        deserialize_struct(name: &'static str, fields: &'static [&'static str])
        deserialize_enum(name: &'static str, variants: &'static [&'static str])
        deserialize_identifier()
    }
}

/// A deserializer for a [`RawValue`] that may stand behind a buffer of serde's, as an untagged enum or
/// `flatten` makes one: the text is gone there, and is written anew.
struct Buffered<D>(D);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Buffered<D> {
    type Error = D::Error;

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_newtype_struct(name, Rewriting { visitor, name })
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// serde_json hands over the text as a map, whose one key is the name of the type; a buffer hands
/// over itself.
struct Rewriting<V> {
    visitor: V,
    name: &'static str,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Rewriting<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_map(map)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, buffer: D) -> Result<V::Value, D::Error> {
        let text = Value::deserialize(buffer)?.to_string();
        self.visitor.visit_map(MapDeserializer::new(std::iter::once((self.name, text))))
    }
}
