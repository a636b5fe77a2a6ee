use std::{fmt, ops::Deref};

use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Value, value::RawValue};

use crate::ProtocolProblem;

/// A list, read item by item: a bad item does not cost the others. It is a slice of the good ones.
#[derive(Debug, Clone, PartialEq)]
pub struct Items<T> {
    items: Vec<T>,
    malformed: Vec<Malformed>,
}

/// An item of a list that could not be read.
#[derive(Clone, PartialEq)]
pub struct Malformed {
    index: usize,
    json: Value,
    reason: String,
}

impl Malformed {
    /// Its place in the list, counted from 0.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// Why it could not be read. It may quote the item, so `Debug` does not show it.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// The item as it came.
    #[must_use]
    pub fn json(&self) -> &Value {
        &self.json
    }
}

impl fmt::Debug for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Malformed").field("index", &self.index).finish_non_exhaustive()
    }
}

impl<T> Items<T> {
    /// The good items.
    #[must_use]
    pub fn into_vec(self) -> Vec<T> {
        self.items
    }

    /// The items that could not be read.
    #[must_use]
    pub fn malformed(&self) -> &[Malformed] {
        &self.malformed
    }
}

impl<T: DeserializeOwned> Items<T> {
    pub(crate) fn read(json: &str) -> Result<Self, ProtocolProblem> {
        let raw: Vec<Box<RawValue>> = serde_json::from_str(json).map_err(|_| problem(json))?;
        let (mut items, mut malformed) = (Vec::with_capacity(raw.len()), Vec::new());
        for (index, raw) in raw.into_iter().enumerate() {
            match serde_json::from_str(raw.get()) {
                Ok(item) => items.push(item),
                Err(error) => {
                    let json = serde_json::from_str(raw.get()).unwrap_or_default();
                    malformed.push(Malformed { index, json, reason: error.to_string() });
                }
            }
        }
        Ok(Self { items, malformed })
    }
}

/// What it means for an answer that this could not be read. serde's own error would not do: a list
/// that is cut short fails as soon as it begins, where an object was due.
pub(crate) fn problem(json: &str) -> ProtocolProblem {
    let is_json = serde_json::from_str::<IgnoredAny>(json).is_ok();
    if is_json { ProtocolProblem::Shape } else { ProtocolProblem::NotJson }
}

impl<T> Deref for Items<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.items
    }
}

impl<T> From<Vec<T>> for Items<T> {
    fn from(items: Vec<T>) -> Self {
        Self { items, malformed: Vec::new() }
    }
}

impl<T> IntoIterator for Items<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a Items<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_item_does_not_cost_the_list() {
        let items = Items::<u8>::read(r#"[1, "canary", 3]"#).unwrap();
        assert_eq!(&items[..], [1, 3]);
        let [bad] = items.malformed() else { panic!("{items:?}") };
        assert_eq!((bad.index(), bad.json()), (1, &Value::from("canary")));
        assert!(bad.reason().contains("u8"), "{}", bad.reason());
        assert!(!format!("{items:?}").contains("canary"));
        assert_eq!(items.into_vec(), [1, 3]);
    }

    #[test]
    fn what_is_no_list_is_told_from_what_is_no_json() {
        for (json, expected) in [
            (r#"{"id": 7}"#, ProtocolProblem::Shape),
            ("null", ProtocolProblem::Shape),
            ("<html>", ProtocolProblem::NotJson),
            ("[1] and more", ProtocolProblem::NotJson),
            ("[1,", ProtocolProblem::NotJson),
            ("", ProtocolProblem::NotJson),
        ] {
            assert_eq!(Items::<u8>::read(json).unwrap_err(), expected, "{json}");
        }
    }
}
