use std::{fmt, ops::Deref};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};
use serde_json::{Value, value::RawValue};

/// A list whose bad items do not cost the good ones.
///
/// It derefs to the slice of the good items, in the order of the reply. An item that cannot be read
/// is in [`malformed`](Self::malformed): of 5000 users of whom one is damaged, 4999 are here.
#[derive(Clone, PartialEq)]
pub struct Items<T> {
    items: Vec<T>,
    malformed: Vec<Malformed>,
}

/// An item of a list that could not be read.
#[derive(Clone)]
pub struct Malformed {
    index: usize,
    reason: String,
    raw: Box<RawValue>,
}

impl Malformed {
    pub(crate) fn new(index: usize, error: &serde_json::Error, raw: Box<RawValue>) -> Self {
        Self { index, reason: error.to_string(), raw }
    }

    /// The place at which a list breaks off.
    pub(crate) fn broken_off(index: usize) -> Self {
        let reason = "the reply breaks off here, or is not a yes after all".to_owned();
        Self { index, reason, raw: Box::default() }
    }

    /// Its place in the reply's list, counted from 0.
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
    pub fn json(&self) -> Value {
        serde_json::from_str(self.raw.get()).unwrap_or_default()
    }
}

/// Tells the place only: the reason may quote the item.
impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "item {} of the list cannot be read", self.index)
    }
}

impl std::error::Error for Malformed {}

impl PartialEq for Malformed {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index && self.raw.get() == other.raw.get()
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
    /// Reads a JSON list item by item, for when it could not be read in one go. `None` for what is
    /// no list.
    #[must_use]
    pub fn salvage(list: &str) -> Option<Self> {
        let raw: Vec<Box<RawValue>> = serde_json::from_str(list).ok()?;
        let (mut items, mut malformed) = (Vec::with_capacity(raw.len()), Vec::new());
        for (index, raw) in raw.into_iter().enumerate() {
            match serde_json::from_str(raw.get()) {
                Ok(item) => items.push(item),
                Err(error) => malformed.push(Malformed::new(index, &error, raw)),
            }
        }
        Some(Self { items, malformed })
    }
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

/// The typed pass: it fails as a whole, and then [`salvage`](Items::salvage) goes item by item.
impl<'de, T: Deserialize<'de>> Deserialize<'de> for Items<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self::from)
    }
}

/// The good items, then the bad ones as they came.
impl<T: Serialize> Serialize for Items<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeSeq;
        let mut list = serializer.serialize_seq(Some(self.items.len() + self.malformed.len()))?;
        for item in &self.items {
            list.serialize_element(item)?;
        }
        for malformed in &self.malformed {
            list.serialize_element(&malformed.raw)?;
        }
        list.end()
    }
}

impl<T: fmt::Debug> fmt::Debug for Items<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items")
            .field("items", &self.items)
            .field("malformed", &self.malformed)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{GetUsers, User, envelope};

    #[test]
    fn one_damaged_user_of_5000_does_not_cost_the_others() {
        let mut users: Vec<Value> =
            (0..5000).map(|n| json!({"uid": format!("73-tel-{n}"), "name": "Billy"})).collect();
        users[4711] = json!({"uid": "73-tel-4711", "name": ["canary"]});
        let reply = json!({"ok": 1, "cmd": "GetUsers", "data": users.clone()}).to_string();

        let users_read = envelope::decode_reply::<GetUsers>(reply.as_bytes()).unwrap();
        assert_eq!(users_read.len(), 4999);
        assert_eq!(users_read[4711].uid.as_str(), "73-tel-4712");
        let [bad] = users_read.malformed() else { panic!("{users_read:?}") };
        assert_eq!(bad.index(), 4711);
        assert_eq!(bad.json(), users[4711]);
        assert!(bad.reason().contains("expected a string"), "{}", bad.reason());
        assert!(!format!("{users_read:?}").contains("canary"));
    }

    #[test]
    fn good_lists_encode_back_and_bad_items_stay_as_they_are() {
        let list = json!([{"uid": "1"}, 5, {"uid": "2"}]);
        let items = Items::<User>::salvage(&list.to_string()).unwrap();
        assert_eq!(serde_json::to_value(&items).unwrap(), json!([{"uid": "1"}, {"uid": "2"}, 5]));
        assert!(Items::<User>::salvage("{}").is_none());
        assert_eq!(items.into_iter().count(), 2);
    }
}
