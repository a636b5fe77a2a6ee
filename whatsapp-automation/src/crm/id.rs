use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::scalar;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// A number on the wire; a text of one is read as well.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(i64);

        impl $name {
            /// The one with this number.
            #[must_use]
            pub const fn new(id: i64) -> Self {
                Self(id)
            }

            /// The number as it stands on the wire.
            #[must_use]
            pub const fn get(self) -> i64 {
                self.0
            }
        }

        impl From<i64> for $name {
            fn from(id: i64) -> Self {
                Self(id)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                scalar::integer(deserializer).map(Self)
            }
        }
    };
}

id! {
    /// A contact.
    ContactId
}
id! {
    /// A message.
    MessageId
}
id! {
    /// A status update.
    StatusId
}
id! {
    /// A group of contacts.
    GroupId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_numbers_or_texts_of_them_and_nothing_else() {
        for json in ["7", r#""7""#, r#"" 7 ""#, "7.0"] {
            assert_eq!(serde_json::from_str::<ContactId>(json).unwrap(), ContactId::new(7));
        }
        for json in [
            "null",
            r#""""#,
            "7.5",
            "1e17",
            r#""x""#,
            r#""7.0""#,
            "[7]",
            "true",
            "18446744073709551615",
        ] {
            assert!(serde_json::from_str::<ContactId>(json).is_err(), "{json}");
        }
        assert_eq!(serde_json::from_str::<ContactId>("-7").unwrap(), ContactId::new(-7));
        assert_eq!(serde_json::to_string(&MessageId::new(7)).unwrap(), "7");
    }
}
