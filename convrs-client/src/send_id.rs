use std::fmt;

use serde_json::{Map, Value};

/// The client's own id of one send. It travels in `webhookPayload` and comes back in every callback,
/// so that a callback can tell what became of a send whose reply was lost.
///
/// Two are equal when they are of the same send. The id itself says nothing.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SendId(String);

impl SendId {
    /// The field of `webhookPayload` that holds it. It is reserved: the client writes it, and takes
    /// it out before a callback is handed over.
    pub const FIELD: &'static str = "replykitSendId";

    /// The id as text, for a store of your own.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn from_number(number: u128) -> Self {
        Self(format!("{number:032x}"))
    }

    pub(crate) fn put_into(&self, payload: &mut Option<Map<String, Value>>) {
        let payload = payload.get_or_insert_default();
        payload.insert(Self::FIELD.to_owned(), self.0.clone().into());
    }

    /// Takes the id out. A payload that held nothing else was none of the user's.
    pub(crate) fn take_from(payload: &mut Option<Map<String, Value>>) -> Option<Self> {
        let id = payload.as_mut()?.remove(Self::FIELD)?;
        if payload.as_ref().is_some_and(Map::is_empty) {
            *payload = None;
        }
        id.as_str().map(Self::from)
    }
}

impl From<&str> for SendId {
    fn from(id: &str) -> Self {
        Self(id.to_owned())
    }
}

impl fmt::Debug for SendId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SendId({:?})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_goes_in_and_out_and_leaves_the_payload_as_it_was() {
        let id = SendId::from_number(5);
        assert_eq!(id.as_str().len(), 32);
        for payload in [None, json!({"orderId": "ORD-12345"}).as_object().cloned()] {
            let mut carried = payload.clone();
            id.put_into(&mut carried);
            assert_eq!(carried.as_ref().unwrap()[SendId::FIELD], id.as_str());
            assert_eq!(SendId::take_from(&mut carried).as_ref(), Some(&id));
            assert_eq!(carried, payload);
            assert_eq!(SendId::take_from(&mut carried), None);
        }
    }
}
