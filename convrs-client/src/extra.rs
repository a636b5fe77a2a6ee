use std::fmt;

use serde_json::{Value, value::RawValue};

/// Fields that this crate does not know, in the order in which they came.
///
/// They come through the trait, so read and write by `serde_json::from_slice`, `to_string` and the
/// like. The functions `deserialize` and `serialize` that a type with `extra` seems to have of its
/// own are the derived halves without it: writing `User::deserialize(..)` out would lose them.
///
/// On a request it sends fields that the document does not name; a field that the command has, and
/// `token` and `cmd`, are refused there. `Debug` shows only how many there are.
#[derive(Clone, Default)]
pub struct Extra(pub(crate) Vec<(String, Box<RawValue>)>);

impl Extra {
    /// The value of a field, `None` when it is absent.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Value> {
        let (_, raw) = self.0.iter().find(|(key, _)| key == name)?;
        serde_json::from_str(raw.get()).ok()
    }

    /// Sets a field, in place of one with the same name.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        let name = name.into();
        self.0.retain(|(key, _)| *key != name);
        // A `Value` always has a JSON form.
        if let Ok(raw) = serde_json::value::to_raw_value(&value.into()) {
            self.0.push((name, raw));
        }
    }

    /// The names of the fields.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.parts().map(|(name, _)| name)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn parts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, raw)| (name.as_str(), raw.get()))
    }
}

impl PartialEq for Extra {
    fn eq(&self, other: &Self) -> bool {
        self.parts().eq(other.parts())
    }
}

impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} fields>", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn inserting_a_field_twice_replaces_it() {
        let mut extra = Extra::default();
        extra.insert("a", 1);
        extra.insert("a", "2");
        assert_eq!(extra.get("a"), Some(json!("2")));
        assert_eq!(extra.names().count(), 1);
        assert_eq!(format!("{extra:?}"), "<1 fields>");
    }
}
