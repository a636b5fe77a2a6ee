//! The bodies of both backends: how they are written, and how answers are read.

use http::HeaderValue;
use replykit_inbound::repair_json;
use replykit_transport::Body;
use serde::{Serialize, de::DeserializeOwned};

use crate::{Invalid, Items, ProtocolProblem, items::problem};

/// A JSON body.
pub(crate) fn json(request: &impl Serialize) -> Result<Option<(HeaderValue, Body)>, Invalid> {
    let json = serde_json::to_vec(request)
        .map_err(|_| Invalid::new("body", "a value cannot be written as JSON"))?;
    Ok(Some((HeaderValue::from_static("application/json"), Body::from(json))))
}

/// Reads one object.
pub(crate) fn read_object<T: DeserializeOwned>(body: &[u8]) -> Result<T, ProtocolProblem> {
    let json = repair_json(body);
    serde_json::from_str(&json).map_err(|_| problem(&json))
}

/// Reads a list.
pub(crate) fn read_list<T: DeserializeOwned>(body: &[u8]) -> Result<Items<T>, ProtocolProblem> {
    Items::read(&repair_json(body))
}
