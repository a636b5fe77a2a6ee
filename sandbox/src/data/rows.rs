use std::{
    borrow::Borrow,
    collections::{BTreeMap, BTreeSet},
    ops::{Deref, DerefMut},
};

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{Change, Row, Table};

/// What a row can hold.
pub(crate) trait Record: Serialize + DeserializeOwned {
    /// What is kept beside the JSON.
    fn content(&mut self) -> Option<&mut Bytes> {
        None
    }
}

impl Record for Value {}

/// Objects by their keys. It is read as the map that it is.
pub(crate) struct Rows<K, V> {
    rows: BTreeMap<K, V>,
    /// Keys of what has changed; nothing where nothing is kept.
    changed: Option<BTreeSet<K>>,
}

impl<K, V> Default for Rows<K, V> {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), changed: None }
    }
}

impl<K, V> Deref for Rows<K, V> {
    type Target = BTreeMap<K, V>;

    fn deref(&self) -> &BTreeMap<K, V> {
        &self.rows
    }
}

impl<K: Ord + Clone, V> Rows<K, V> {
    pub(crate) fn insert(&mut self, key: K, value: V) {
        self.note(key.clone());
        self.rows.insert(key, value);
    }

    pub(crate) fn get_mut<Q>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
        Q: Ord + ToOwned<Owned = K> + ?Sized,
    {
        if self.rows.contains_key(key) {
            self.note(key.to_owned());
        }
        self.rows.get_mut(key)
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        self.note(key.clone());
        self.rows.remove(key)
    }

    pub(crate) fn retain(&mut self, keep: impl Fn(&V) -> bool) {
        let changed = &mut self.changed;
        self.rows.retain(|key, value| {
            let kept = keep(value);
            if let (false, Some(changed)) = (kept, changed.as_mut()) {
                changed.insert(key.clone());
            }
            kept
        });
    }

    fn note(&mut self, key: K) {
        if let Some(changed) = &mut self.changed {
            changed.insert(key);
        }
    }
}

impl<V> Rows<u64, V> {
    /// Adds one behind the others.
    pub(crate) fn push(&mut self, value: V) {
        let next = self.rows.last_key_value().map_or(1, |(last, _)| last + 1);
        self.insert(next, value);
    }
}

impl<K: Ord + Clone + Serialize + DeserializeOwned, V: Record> Table for Rows<K, V> {
    fn begin(&mut self) {
        self.changed = Some(self.rows.keys().cloned().collect());
    }

    fn load(&mut self, rows: Vec<Row>) -> serde_json::Result<()> {
        self.rows.clear();
        for row in rows {
            let mut value: V = serde_json::from_str(&row.json)?;
            if let (Some(content), Some(kept)) = (value.content(), row.content) {
                *content = kept;
            }
            self.rows.insert(serde_json::from_value(row.id)?, value);
        }
        self.changed = Some(BTreeSet::new());
        Ok(())
    }

    fn changes(&mut self) -> serde_json::Result<Vec<Change>> {
        let changed = self.changed.as_mut().map(std::mem::take).unwrap_or_default();
        let change = |key: K| {
            let id = serde_json::to_value(&key)?;
            let Some(value) = self.rows.get_mut(&key) else { return Ok(Change::Gone(id)) };
            let json = serde_json::to_string(value)?;
            Ok(Change::Put(Row { id, json, content: value.content().cloned() }))
        };
        changed.into_iter().map(change).collect()
    }
}

/// One object. To be lent it for a change is to change it.
pub(crate) struct Single<T> {
    value: T,
    changed: bool,
}

impl<T> Single<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { value, changed: false }
    }
}

impl<T> Deref for Single<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Single<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.changed = true;
        &mut self.value
    }
}

impl<T: Serialize + DeserializeOwned> Table for Single<T> {
    fn begin(&mut self) {
        self.changed = true;
    }

    /// # Errors
    /// Also without a row: there always is one.
    fn load(&mut self, rows: Vec<Row>) -> serde_json::Result<()> {
        let json = rows.first().map_or("", |row| &row.json);
        self.value = serde_json::from_str(json)?;
        self.changed = false;
        Ok(())
    }

    fn changes(&mut self) -> serde_json::Result<Vec<Change>> {
        if !std::mem::take(&mut self.changed) {
            return Ok(Vec::new());
        }
        let json = serde_json::to_string(&self.value)?;
        Ok(vec![Change::Put(Row { id: 1.into(), json, content: None })])
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn changes(table: &mut dyn Table) -> Vec<String> {
        let shown = |change| match change {
            Change::Put(row) => format!("{}={}", row.id, row.json),
            Change::Gone(id) => format!("{id} is gone"),
        };
        table.changes().unwrap().into_iter().map(shown).collect()
    }

    #[test]
    fn rows_tell_each_change_once() {
        let mut rows = Rows::default();
        rows.push(json!("a"));
        assert_eq!(changes(&mut rows), [""; 0], "nothing is kept");
        rows.begin();
        rows.push(json!("b"));
        assert_eq!(changes(&mut rows), ["1=\"a\"", "2=\"b\""]);
        assert_eq!(changes(&mut rows), [""; 0]);
        *rows.get_mut(&2).unwrap() = json!("c");
        assert!(rows.get_mut(&3).is_none() && rows.get(&1).is_some());
        assert_eq!(changes(&mut rows), ["2=\"c\""]);
        rows.push(json!("d"));
        rows.remove(&3);
        rows.retain(|value| value != "a");
        assert_eq!(changes(&mut rows), ["1 is gone", "3 is gone"]);
    }

    #[test]
    fn a_single_object_counts_as_changed_when_it_is_lent() {
        let mut single = Single::new(1);
        assert_eq!(changes(&mut single), [""; 0]);
        *single += 1;
        assert_eq!(changes(&mut single), ["1=2"]);
        assert_eq!((*single, changes(&mut single).len()), (2, 0));
        assert!(single.load(Vec::new()).is_err());
    }
}
