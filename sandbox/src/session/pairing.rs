//! The phone behind an account, which is paired by a QR code.

use std::{fmt, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use http::StatusCode;
use jiff::Timestamp;
use percent_encoding::utf8_percent_encode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Done, State, accounts::Account, bad, cookies::COMPONENT, ok, refusal, state::random};
use crate::rest::{Answer, Redacted, Request};

/// Undocumented: how long a QR code can be scanned. Assumed: a minute, as with WhatsApp.
const QR_LIFETIME: Duration = Duration::from_secs(60);

/// How far the phone of an account is.
#[derive(Serialize, Deserialize)]
pub(super) enum Pairing {
    Disconnected,
    Qr { expires: Timestamp },
    Authenticated { phone: String, name: String },
}

/// A group on the phone of an account. `Debug` shows sizes only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SessionGroup {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Phone numbers.
    pub participants: Vec<String>,
}

impl SessionGroup {
    /// A group.
    #[must_use]
    pub fn new(
        id: impl Into<String>,
        name: impl Into<String>,
        participants: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        let participants = participants.into_iter().map(Into::into).collect();
        Self { id: id.into(), name: name.into(), participants }
    }

    /// The groups of the document's example.
    pub(super) fn documented() -> Vec<Self> {
        vec![
            Self::new("group_id_1", "Family Group", ["+1234567890", "+1987654321"]),
            Self::new("group_id_2", "Work Team", ["+1234567890", "+15556667777"]),
        ]
    }

    fn show(&self) -> Value {
        json!({"id": self.id, "name": self.name, "participants": self.participants})
    }
}

impl fmt::Debug for SessionGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionGroup")
            .field("id", &Redacted(&self.id))
            .field("name", &Redacted(&self.name))
            .field("participants", &self.participants.len())
            .finish()
    }
}

impl Account {
    /// Undocumented: how messages and groups are refused without a phone. Assumed: 400.
    ///
    /// # Errors
    /// The refusal.
    pub(super) fn check_paired(&self) -> Result<(), Answer> {
        match self.pairing {
            Pairing::Authenticated { .. } => Ok(()),
            _ => Err(bad("WhatsApp is not connected: scan the QR code first")),
        }
    }

    /// Whether a QR code waits to be scanned.
    pub(super) fn has_qr(&self, now: Timestamp) -> bool {
        matches!(self.pairing, Pairing::Qr { expires } if expires > now)
    }
}

impl State {
    /// Undocumented: a QR code for a phone that is paired. Assumed: 409.
    pub(super) fn create_qr(&mut self, request: &Request, now: Timestamp) -> Done {
        let (username, account) = self.account(request, now)?;
        if account.check_paired().is_ok() {
            return Err(refusal(StatusCode::CONFLICT, "WhatsApp is connected already"));
        }
        let expires = now.saturating_add(QR_LIFETIME).unwrap_or(Timestamp::MAX);
        if let Some(account) = self.accounts.get_mut(&username) {
            account.pairing = Pairing::Qr { expires };
        }
        let [reference, key, identity] = [(); 3].map(|()| STANDARD.encode(random::<32>()));
        let data = format!("2@{reference},{key},{identity}");
        let data = utf8_percent_encode(&data, COMPONENT);
        let url = format!("https://api.qrserver.com/v1/create-qr-code/?data={data}");
        Ok(ok(&json!({"qrCodeUrl": url})))
    }

    /// Undocumented: all statuses but `authenticated`, and that number and name are null then. Assumed:
    /// `disconnected` and `qr`.
    pub(super) fn phone_status(&self, request: &Request, now: Timestamp) -> Done {
        let (_, account) = self.account(request, now)?;
        let status = match &account.pairing {
            Pairing::Authenticated { phone, name } => {
                json!({"status": "authenticated", "phoneNumber": phone, "name": name})
            }
            _ => {
                let status = if account.has_qr(now) { "qr" } else { "disconnected" };
                json!({"status": status, "phoneNumber": null, "name": null})
            }
        };
        Ok(ok(&status))
    }

    pub(super) fn phone_groups(&self, request: &Request, now: Timestamp) -> Done {
        let (_, account) = self.account(request, now)?;
        account.check_paired()?;
        Ok(ok(&account.groups.iter().map(SessionGroup::show).collect()))
    }
}
