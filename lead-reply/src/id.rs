use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, Visitor},
};

use crate::redact::Hidden;

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The id as it stands on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self(id.to_owned())
            }
        }

        impl From<&$name> for $name {
            fn from(id: &$name) -> Self {
                id.clone()
            }
        }

        impl From<String> for $name {
            fn from(id: String) -> Self {
                Self(id)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(Text).map(Self)
            }
        }
    };
}

text_id! {
    /// A lead, as the webhook names it. A number on the wire is read as its text.
    ///
    /// Undocumented: what it looks like. It could be a phone number, so `Debug` shows the length only.
    LeadId
}

text_id! {
    /// A message. A number on the wire is read as its text. Undocumented: what it looks like.
    MessageId
}

impl fmt::Debug for LeadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LeadId").field(&Hidden(&self.0)).finish()
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MessageId").field(&self.0).finish()
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

struct Text;

impl Visitor<'_> for Text {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or an integer")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        if text.trim().is_empty() {
            Err(E::custom("the text is blank"))
        } else {
            Ok(text.to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_text_or_an_integer_and_nothing_else() {
        for (json, id) in [(r#""lead_1""#, "lead_1"), ("7", "7"), ("-7", "-7"), (r#""7""#, "7")] {
            assert_eq!(serde_json::from_str::<LeadId>(json).unwrap(), LeadId::from(id));
        }
        for json in ["null", r#""""#, r#"" ""#, "7.5", "true", "[7]", "{}"] {
            assert!(serde_json::from_str::<LeadId>(json).is_err(), "{json}");
        }
        assert_eq!(serde_json::to_string(&MessageId::from("msg_1")).unwrap(), r#""msg_1""#);
    }

    #[test]
    fn a_lead_is_not_shown() {
        assert_eq!(format!("{:?}", LeadId::from("+40712345678")), "LeadId(<12 chars>)");
        assert_eq!(format!("{:?}", MessageId::from("msg_1")), r#"MessageId("msg_1")"#);
    }
}
