//! The other side of the session API: the phones of its accounts, and faults.

use std::time::Duration;

use jiff::Timestamp;

use super::{SessionGroup, SessionSent, State, accounts::Account, pairing::Pairing};
use crate::{ControlError, HttpFault, Shared};

/// The phones behind the accounts of the `session` server, and faults at will. Outside Rust, `POST
/// /session/control` does the same.
///
/// ```
/// use replykit_sandbox::{ControlError, Sandbox};
///
/// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sandbox = Sandbox::start().await?;
/// // After register, login and createqr:
/// let paired = sandbox.session().confirm_pairing("johndoe", "+1234567890", "John's WhatsApp");
/// assert_eq!(paired, Err(ControlError::UnknownAccount));
/// # Ok(()) }
/// ```
#[derive(Clone, Copy)]
pub struct SessionControl<'a> {
    shared: &'a Shared,
}

impl<'a> SessionControl<'a> {
    pub(crate) fn new(shared: &'a Shared) -> Self {
        Self { shared }
    }

    /// Scans the QR code of an account with a phone, which is `authenticated` from then on.
    ///
    /// # Errors
    /// [`ControlError::UnknownAccount`], and [`ControlError::NoQrCode`] if none was made in the last
    /// minute.
    pub fn confirm_pairing(
        &self,
        username: &str,
        phone: &str,
        name: &str,
    ) -> Result<(), ControlError> {
        self.of_account(username, |account, now| {
            if !account.has_qr(now) {
                return Err(ControlError::NoQrCode);
            }
            let (phone, name) = (phone.to_owned(), name.to_owned());
            account.pairing = Pairing::Authenticated { phone, name };
            Ok(())
        })
    }

    /// Disconnects the phone of an account. What falls due after that fails.
    ///
    /// # Errors
    /// [`ControlError::UnknownAccount`].
    pub fn unpair(&self, username: &str) -> Result<(), ControlError> {
        self.of_account(username, |account, _| {
            account.pairing = Pairing::Disconnected;
            Ok(())
        })
    }

    /// Sets the groups on the phone of an account. It starts with those of the document.
    ///
    /// # Errors
    /// [`ControlError::UnknownAccount`].
    pub fn set_groups(
        &self,
        username: &str,
        groups: impl IntoIterator<Item = SessionGroup>,
    ) -> Result<(), ControlError> {
        self.of_account(username, |account, _| {
            account.groups = groups.into_iter().collect();
            Ok(())
        })
    }

    /// Sets how long sessions last that begin from now on, whether used or not. Default: a day.
    pub fn set_session_lifetime(&self, lifetime: Duration) {
        self.act(|state, _| state.settings.lifetime = lifetime);
    }

    /// Ends every session: the next request with its cookie is 401.
    pub fn expire_sessions(&self) {
        self.act(|state, _| state.sessions.retain(|_| false));
    }

    /// Sets whether messages to a number, or to the id of a group, fail from now on.
    pub fn set_unreachable(&self, to: &str, yes: bool) {
        self.act(|state, _| {
            let unreachable = &mut state.settings.unreachable;
            if yes { unreachable.insert(to.to_owned()) } else { unreachable.remove(to) }
        });
    }

    /// Gives the next requests that the fault waits for the fault's answer. Faults queue up: the first
    /// that fits is taken.
    pub fn fail_next(&self, fault: HttpFault) {
        self.act(|state, _| state.faults.push(fault));
    }

    /// How many logins were tried so far, with success or without.
    #[must_use]
    pub fn logins(&self) -> u64 {
        self.shared.session().settings.logins
    }

    /// What went out, oldest first, whatever the API says of it.
    #[must_use]
    pub fn sent(&self) -> Vec<SessionSent> {
        self.shared.session().sent.values().cloned().collect()
    }

    fn of_account(
        &self,
        username: &str,
        action: impl FnOnce(&mut Account, Timestamp) -> Result<(), ControlError>,
    ) -> Result<(), ControlError> {
        self.act(|state, now| {
            let account = state.accounts.get_mut(username).ok_or(ControlError::UnknownAccount)?;
            action(account, now)
        })
    }

    fn act<T>(&self, action: impl FnOnce(&mut State, Timestamp) -> T) -> T {
        action(&mut self.shared.session(), self.shared.clock.now())
    }
}

impl std::fmt::Debug for SessionControl<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionControl").finish_non_exhaustive()
    }
}
