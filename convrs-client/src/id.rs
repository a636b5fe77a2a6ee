use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{E164, redact::Hidden, scalar};

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The id as it stands on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Whether there is no id.
            #[must_use]
            pub fn is_empty(&self) -> bool {
                self.0.is_empty()
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self(id.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(id: String) -> Self {
                Self(id)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                scalar::text(deserializer).map(Self)
            }
        }
    };
}

text_id! {
    /// A user: `<botID>-<channel>-<address>`, such as `73-tel-615940546`.
    ///
    /// On the channels `wa3` (WhatsApp) and `cms` (SMS) the address is the person's phone number, so
    /// `Debug` shows the length only.
    Uid
}

impl Uid {
    /// The phone number in it: of a user on WhatsApp (`wa3`) or SMS (`cms`), `None` on any other
    /// channel.
    #[must_use]
    pub fn phone(&self) -> Option<E164> {
        let (_bot, rest) = self.0.split_once('-')?;
        match rest.split_once('-')? {
            ("wa3" | "cms", digits) => E164::parse(digits).ok(),
            _ => None,
        }
    }
}

text_id! {
    /// A message, such as `6462d3d8c8b0b08fddc34ca8`.
    Mid
}

text_id! {
    /// A conversation.
    Cid
}

impl fmt::Debug for Cid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cid({:?})", self.0)
    }
}

impl fmt::Debug for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Uid({:?})", Hidden(&self.0))
    }
}

impl fmt::Display for Mid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Mid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mid({:?})", self.0)
    }
}

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
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

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_i64(self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Ok(Self(scalar::optional_integer(deserializer)?.unwrap_or_default()))
            }
        }
    };
}

number_id! {
    /// A bot: one channel, or several, of the organisation. Zero stands for a missing one.
    BotId
}

number_id! {
    /// An agent of the organisation. Zero stands for a missing one.
    AgentId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_accepted_as_numbers_or_texts() {
        assert_eq!(serde_json::from_str::<BotId>("\"3941\"").unwrap(), BotId::new(3941));
        assert_eq!(serde_json::from_str::<Mid>("17").unwrap(), Mid::from("17"));
    }

    #[test]
    fn only_the_uid_of_a_phone_channel_holds_a_number() {
        let phone = |uid: &str| Uid::from(uid).phone().map(E164::with_plus);
        assert_eq!(phone("3941-wa3-44151999999").as_deref(), Some("+44151999999"));
        assert_eq!(phone("3941-cms-44151999999").as_deref(), Some("+44151999999"));
        for other in ["73-tel-615940546", "3941-wa3-", "3941-wa3-me", "wa3-44151999999", ""] {
            assert_eq!(phone(other), None, "{other}");
        }
    }

    #[test]
    fn an_empty_bot_id_is_a_missing_one() {
        for json in ["null", "\"\"", "0"] {
            assert_eq!(serde_json::from_str::<BotId>(json).unwrap(), BotId::default(), "{json}");
        }
    }

    #[test]
    fn debug_hides_a_uid_and_shows_a_mid() {
        let uid = Uid::from("3941-wa3-44151999999");
        assert_eq!(format!("{uid:?}"), "Uid(<20 chars>)");
        assert_eq!(format!("{:?}", Mid::from("6462")), "Mid(\"6462\")");
    }
}
