use std::{collections::BTreeMap, fmt};

use http::Method;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::{Endpoint, QrCode};
use crate::{
    Items, OperationClass, ProtocolProblem,
    json::{read_list, read_object},
    redact::{self, Hidden},
    scalar,
};

/// Makes a QR code that pairs a phone with the account: scan it with WhatsApp on that phone. Undocumented:
/// how long it is good for, and what comes where a phone is paired already. Assumed: it ends the code
/// before, so it is not repeated in doubt.
///
/// The answer is the URL of a picture at another company, with the pairing secret in it. It is never
/// fetched: [`QrCode`] has the secret, and draws it.
///
/// Source: WhatsApp automation, cookie session > Generate QR Code
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct CreateQr {}

impl CreateQr {
    /// Asks for one.
    #[must_use]
    pub fn new() -> Self {
        Self {}
    }
}

impl Endpoint for CreateQr {
    const NAME: &'static str = "session.create_qr";
    const METHOD: Method = Method::GET;
    const CLASS: OperationClass = OperationClass::Create;
    type Output = QrCode;

    fn path(&self) -> String {
        "api/whatsapp/createqr".to_owned()
    }

    fn read(&self, body: &[u8]) -> Result<QrCode, ProtocolProblem> {
        read_object(body)
    }
}

/// Tells whether a phone is paired with the account, and which. Changes nothing.
///
/// Source: WhatsApp automation, cookie session > Get WhatsApp Status
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct GetWhatsAppStatus {}

impl GetWhatsAppStatus {
    /// Asks for it.
    #[must_use]
    pub fn new() -> Self {
        Self {}
    }
}

impl Endpoint for GetWhatsAppStatus {
    const NAME: &'static str = "session.get_whatsapp_status";
    const METHOD: Method = Method::GET;
    const CLASS: OperationClass = OperationClass::Read;
    type Output = WhatsAppStatus;

    fn path(&self) -> String {
        "api/whatsapp/status".to_owned()
    }

    fn read(&self, body: &[u8]) -> Result<WhatsAppStatus, ProtocolProblem> {
        read_object(body)
    }
}

/// The phone of an account.
///
/// Source: WhatsApp automation, cookie session > Get WhatsApp Status
#[derive(Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct WhatsAppStatus {
    /// How far the pairing is.
    pub status: WhatsAppState,
    /// Its number. Assumed: nothing where no phone is paired.
    #[serde(default)]
    pub phone_number: Option<String>,
    /// The name on it. Assumed: nothing where no phone is paired.
    #[serde(default)]
    pub name: Option<String>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: BTreeMap<String, Value>,
}

redact::debug!(WhatsAppStatus { status } hides { phone_number, name, extra });

/// How far the pairing of a phone is. Encodes back as it came.
#[derive(Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WhatsAppState {
    /// It is done, and messages go out. Wire: `authenticated`.
    Authenticated,
    /// Anything else, as the server names it. Undocumented: which there are.
    Other(String),
}

impl WhatsAppState {
    /// The text on the wire.
    #[must_use]
    pub fn as_wire(&self) -> &str {
        match self {
            Self::Authenticated => "authenticated",
            Self::Other(text) => text,
        }
    }
}

impl From<&str> for WhatsAppState {
    fn from(text: &str) -> Self {
        match text {
            "authenticated" => Self::Authenticated,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl fmt::Debug for WhatsAppState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Authenticated => f.write_str("Authenticated"),
            Self::Other(text) => f.debug_tuple("Other").field(&Hidden(text)).finish(),
        }
    }
}

impl Serialize for WhatsAppState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_wire())
    }
}

impl<'de> Deserialize<'de> for WhatsAppState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        scalar::string(deserializer).map(|text| Self::from(text.as_str()))
    }
}

/// Gives the groups on the phone of the account. Changes nothing.
///
/// Source: WhatsApp automation, cookie session > Get WhatsApp Groups
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ListGroups {}

impl ListGroups {
    /// Asks for all of them.
    #[must_use]
    pub fn new() -> Self {
        Self {}
    }
}

impl Endpoint for ListGroups {
    const NAME: &'static str = "session.list_groups";
    const METHOD: Method = Method::GET;
    const CLASS: OperationClass = OperationClass::Read;
    const LIST: bool = true;
    type Output = Items<Group>;

    fn path(&self) -> String {
        "api/whatsapp/groups".to_owned()
    }

    fn read(&self, body: &[u8]) -> Result<Items<Group>, ProtocolProblem> {
        read_list(body)
    }
}

/// A group on the phone.
///
/// Source: WhatsApp automation, cookie session > Get WhatsApp Groups
#[derive(Clone, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Group {
    /// Its id.
    #[serde(deserialize_with = "scalar::text")]
    pub id: String,
    /// Its name.
    #[serde(default, deserialize_with = "scalar::string")]
    pub name: String,
    /// The phone numbers of those who are in it.
    #[serde(default)]
    pub participants: Vec<String>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: BTreeMap<String, Value>,
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group")
            .field("id", &Hidden(&self.id))
            .field("name", &Hidden(&self.name))
            .field("participants", &self.participants.len())
            .field("extra", &Hidden(&self.extra))
            .finish()
    }
}
