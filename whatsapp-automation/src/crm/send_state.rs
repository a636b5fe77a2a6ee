use std::{borrow::Cow, fmt};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{redact::Hidden, scalar};

/// How far a message or a status has come, by the field `status`. Encodes back as it came.
#[derive(Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SendState {
    /// It waits for its time, or for the provider. Wire: `Pending`.
    Pending,
    /// The provider took the message. Wire: `Sent`.
    Sent,
    /// The provider took the status. Wire: `Posted`.
    Posted,
    /// It failed, and why, where that is told. Wire: `Failed`, or `Failed: ` and the reason.
    Failed(Option<String>),
    /// One that is not known here, as the server names it; empty where it names none.
    Other(String),
}

impl SendState {
    /// The text on the wire.
    #[must_use]
    pub fn as_wire(&self) -> Cow<'_, str> {
        match self {
            Self::Pending => "Pending".into(),
            Self::Sent => "Sent".into(),
            Self::Posted => "Posted".into(),
            Self::Failed(None) => "Failed".into(),
            Self::Failed(Some(reason)) => format!("Failed: {reason}").into(),
            Self::Other(text) => text.into(),
        }
    }
}

impl From<&str> for SendState {
    fn from(text: &str) -> Self {
        match text {
            "Pending" => Self::Pending,
            "Sent" => Self::Sent,
            "Posted" => Self::Posted,
            "Failed" => Self::Failed(None),
            other => match other.strip_prefix("Failed: ") {
                Some(reason) => Self::Failed(Some(reason.to_owned())),
                None => Self::Other(other.to_owned()),
            },
        }
    }
}

impl Default for SendState {
    fn default() -> Self {
        Self::Other(String::new())
    }
}

/// Hides the server's words: a reason may quote the phone number.
impl fmt::Debug for SendState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(reason) => f.debug_tuple("Failed").field(&Hidden(reason)).finish(),
            Self::Other(text) => f.debug_tuple("Other").field(&Hidden(text)).finish(),
            known => f.write_str(&known.as_wire()),
        }
    }
}

impl Serialize for SendState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.as_wire())
    }
}

impl<'de> Deserialize<'de> for SendState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        scalar::string(deserializer).map(|text| Self::from(text.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_encodes_back_as_it_came() {
        for (text, state) in [
            ("Pending", SendState::Pending),
            ("Sent", SendState::Sent),
            ("Posted", SendState::Posted),
            ("Failed", SendState::Failed(None)),
            ("Failed: no such number", SendState::Failed(Some("no such number".to_owned()))),
            ("Failed: ", SendState::Failed(Some(String::new()))),
            ("Failed:no space", SendState::Other("Failed:no space".to_owned())),
            ("pending", SendState::Other("pending".to_owned())),
            ("", SendState::default()),
        ] {
            let json = serde_json::to_string(text).unwrap();
            assert_eq!(serde_json::from_str::<SendState>(&json).unwrap(), state);
            assert_eq!(serde_json::to_string(&state).unwrap(), json);
        }
    }

    #[test]
    fn the_words_of_the_server_are_not_shown() {
        let shown = format!("{:?}", SendState::from("Failed: canary"));
        assert_eq!(shown, "Failed(<6 chars>)");
        assert_eq!(format!("{:?}", SendState::from("canary")), "Other(<6 chars>)");
        assert_eq!(format!("{:?}", SendState::Pending), "Pending");
    }
}
