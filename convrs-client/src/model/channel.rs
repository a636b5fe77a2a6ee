use std::{borrow::Cow, fmt};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A messaging platform, as the field `bot` names it.
///
/// Source: Convrs API > JSON Objects > User Object Fields
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Channel {
    /// `Messenger`
    Messenger,
    /// `Web`
    Web,
    /// `Line`
    Line,
    /// `Viber`
    Viber,
    /// `Telegram`
    Telegram,
    /// `CMS`
    Sms,
    /// `WA3`
    WhatsApp,
    /// A platform that is not documented, as the server names it.
    Other(String),
}

impl Channel {
    const NAMES: [(&'static str, Self); 7] = [
        ("Messenger", Self::Messenger),
        ("Web", Self::Web),
        ("Line", Self::Line),
        ("Viber", Self::Viber),
        ("Telegram", Self::Telegram),
        ("CMS", Self::Sms),
        ("WA3", Self::WhatsApp),
    ];

    /// The name on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Other(name) => name,
            known => Self::NAMES
                .iter()
                .find(|(_, channel)| channel == known)
                .map_or("", |(name, _)| name),
        }
    }
}

impl From<&str> for Channel {
    fn from(name: &str) -> Self {
        let known = Self::NAMES.into_iter().find(|(wire, _)| *wire == name);
        known.map_or_else(|| Self::Other(name.to_owned()), |(_, channel)| channel)
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Channel {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Channel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::from(Cow::<str>::deserialize(deserializer)?.as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_platform_encodes_back_to_its_name() {
        for name in ["Messenger", "Web", "Line", "Viber", "Telegram", "CMS", "WA3"] {
            let channel = Channel::from(name);
            assert!(!matches!(channel, Channel::Other(_)), "{name}");
            assert_eq!(channel.as_str(), name);
        }
        let unknown: Channel = serde_json::from_str("\"Signal\"").unwrap();
        assert_eq!(unknown, Channel::Other("Signal".to_owned()));
        assert_eq!(serde_json::to_string(&unknown).unwrap(), "\"Signal\"");
    }
}
