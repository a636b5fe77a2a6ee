use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::scalar;

/// How far a message has come.
///
/// Callbacks may be repeated and may overtake each other. [`merge`](Self::merge) brings any of them,
/// in any order, to the same state.
///
/// Source: Convrs API > Message Acknowledgement Codes
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ack {
    /// -2: the person is not on WhatsApp (WhatsApp only).
    NotOnWhatsApp,
    /// -1: an error occurred; the WhatsApp error says which.
    Failed,
    /// 0: the message is at the server (WhatsApp).
    AtServer,
    /// 1: the message was sent.
    Sent,
    /// 2: the message reached the person's device.
    Delivered,
    /// 3: the person has read it (WhatsApp only).
    Read,
    /// 10: the person has replied to the template.
    Replied,
    /// A code that is not documented.
    Other(i64),
}

impl Ack {
    /// The documented codes, weakest statement first.
    pub const DOCUMENTED: [Self; 7] = [
        Self::AtServer,
        Self::Sent,
        Self::Failed,
        Self::NotOnWhatsApp,
        Self::Delivered,
        Self::Read,
        Self::Replied,
    ];

    /// The number on the wire.
    #[must_use]
    pub const fn code(self) -> i64 {
        match self {
            Self::NotOnWhatsApp => -2,
            Self::Failed => -1,
            Self::AtServer => 0,
            Self::Sent => 1,
            Self::Delivered => 2,
            Self::Read => 3,
            Self::Replied => 10,
            Self::Other(code) => code,
        }
    }

    /// The state after both were reported, in whatever order.
    ///
    /// Assumed: at the server < sent < failed < not on WhatsApp < delivered < read < replied, for
    /// proof of delivery beats a notice of failure. A code that is not documented is below them all.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        if other.rank() > self.rank() { other } else { self }
    }

    /// Whether it is a notice of failure: [`Failed`](Self::Failed) or
    /// [`NotOnWhatsApp`](Self::NotOnWhatsApp).
    #[must_use]
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::NotOnWhatsApp)
    }

    /// Whether it says as much as `wanted`, or more.
    pub(crate) fn reaches(self, wanted: Self) -> bool {
        self.rank() >= wanted.rank()
    }

    fn rank(self) -> (usize, i64) {
        match Self::DOCUMENTED.iter().position(|ack| *ack == self) {
            Some(position) => (position + 1, 0),
            None => (0, self.code()),
        }
    }
}

impl From<i64> for Ack {
    fn from(code: i64) -> Self {
        Self::DOCUMENTED.into_iter().find(|ack| ack.code() == code).unwrap_or(Self::Other(code))
    }
}

impl Serialize for Ack {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.code())
    }
}

impl<'de> Deserialize<'de> for Ack {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        scalar::integer(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_documented_code_has_its_own_variant() {
        for code in [-2, -1, 0, 1, 2, 3, 10] {
            let ack = Ack::from(code);
            assert!(!matches!(ack, Ack::Other(_)), "{code}");
            assert_eq!(serde_json::to_string(&ack).unwrap(), code.to_string());
        }
        assert_eq!(serde_json::from_str::<Ack>("\"4\"").unwrap(), Ack::Other(4));
    }

    #[test]
    fn a_missing_code_is_not_taken_for_zero() {
        assert!(serde_json::from_str::<Ack>("null").is_err());
        assert!(serde_json::from_str::<Ack>("\"\"").is_err());
    }

    #[test]
    fn e06_proof_of_delivery_beats_a_failure_notice() {
        assert_eq!(Ack::Failed.merge(Ack::Delivered), Ack::Delivered);
        assert_eq!(Ack::Delivered.merge(Ack::Failed), Ack::Delivered);
        assert_eq!(Ack::Sent.merge(Ack::Failed), Ack::Failed);
    }

    proptest! {
        #[test]
        fn e06_any_order_of_acks_ends_in_the_same_state(
            codes in prop::collection::vec(-4_i64..12, 1..8).prop_shuffle()
        ) {
            let state = |codes: &[i64]| {
                codes.iter().map(|c| Ack::from(*c)).reduce(Ack::merge).unwrap()
            };
            let mut sorted = codes.clone();
            sorted.sort_unstable();
            prop_assert_eq!(state(&codes), state(&sorted));
        }
    }
}
