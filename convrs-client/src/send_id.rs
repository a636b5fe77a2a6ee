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

    /// The field of `webhookPayload` that holds the proof of `CallbackKeys`. It is reserved as well.
    pub const PROOF_FIELD: &'static str = "replykitProof";

    /// The id as text, for a store of your own.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn from_number(number: u128) -> Self {
        Self(format!("{number:032x}"))
    }
}

/// What the client writes into a send whose callbacks come back to it: the id of the send, and a
/// proof where the client makes one.
pub struct SendMark<'a> {
    id: &'a SendId,
    prove: &'a dyn Fn(&SendId) -> Option<String>,
}

impl<'a> SendMark<'a> {
    /// `prove` is asked only where the mark is used.
    pub(crate) fn new(id: &'a SendId, prove: &'a dyn Fn(&SendId) -> Option<String>) -> Self {
        Self { id, prove }
    }

    /// The id of the send.
    #[must_use]
    pub fn id(&self) -> &SendId {
        self.id
    }

    /// Writes the mark into an object that the server gives back in callbacks.
    pub fn put_into(&self, payload: &mut Option<Map<String, Value>>) {
        put(payload, Some(self.id), (self.prove)(self.id));
    }
}

impl fmt::Debug for SendMark<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendMark").field("id", self.id).finish_non_exhaustive()
    }
}

/// Writes the reserved fields into a payload.
pub(crate) fn put(
    payload: &mut Option<Map<String, Value>>,
    id: Option<&SendId>,
    proof: Option<String>,
) {
    let id = id.map(|id| (SendId::FIELD, id.0.clone()));
    for (field, text) in id.into_iter().chain(proof.map(|proof| (SendId::PROOF_FIELD, proof))) {
        payload.get_or_insert_default().insert(field.to_owned(), text.into());
    }
}

/// Takes the reserved fields out. A payload that held nothing else was none of the user's.
pub(crate) fn take(payload: &mut Option<Map<String, Value>>) -> (Option<SendId>, Option<String>) {
    let Some(fields) = payload else { return (None, None) };
    let before = fields.len();
    let id = fields.remove(SendId::FIELD);
    let proof = fields.remove(SendId::PROOF_FIELD);
    if fields.is_empty() && before > 0 {
        *payload = None;
    }
    let id = id.as_ref().and_then(Value::as_str).map(SendId::from);
    (id, proof.as_ref().and_then(Value::as_str).map(str::to_owned))
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
            for proof in [None, Some("a proof".to_owned())] {
                let mut carried = payload.clone();
                SendMark::new(&id, &|_| proof.clone()).put_into(&mut carried);
                assert_eq!(carried.as_ref().unwrap()[SendId::FIELD], id.as_str());
                assert_eq!(take(&mut carried), (Some(id.clone()), proof));
                assert_eq!(carried, payload);
                assert_eq!(take(&mut carried), (None, None));
            }
        }
    }

    #[test]
    fn e08_a_payload_of_ours_that_was_retyped_is_taken_out_all_the_same() {
        let mut payload = json!({"replykitSendId": 5, "replykitProof": [], "a": 1});
        let mut payload = payload.as_object_mut().cloned();
        assert_eq!(take(&mut payload), (None, None));
        assert_eq!(payload, json!({"a": 1}).as_object().cloned());
        let mut empty = Some(Map::new());
        take(&mut empty);
        assert_eq!(empty, Some(Map::new()), "the user's own");
    }
}
