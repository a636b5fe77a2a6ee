//! The other side of the open REST API: its provider, its landing pages, people, faults.

use std::time::Duration;

use http::Uri;
use jiff::Timestamp;
use replykit_transport::is_loopback;

use super::{CrmSent, Provider, State};
use crate::{ControlError, HttpFault, Shared};

/// What stands behind the `crm` server, and faults at will.
///
/// What it sets off falls due at once: it happens with the next [`advance`](crate::Sandbox::advance),
/// or by itself where the clock runs. Outside Rust, `POST /crm/control` does the same.
///
/// ```
/// use replykit_sandbox::{Provider, Sandbox};
/// use std::time::Duration;
///
/// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sandbox = Sandbox::start().await?;
/// sandbox.crm().person_writes("+40712345678", "What is the price?");
/// sandbox.advance(Duration::ZERO).await;
/// assert_eq!(sandbox.crm().sent().len(), 1);
///
/// sandbox.crm().set_provider(Provider::Unreachable);
/// # Ok(()) }
/// ```
#[derive(Clone, Copy)]
pub struct CrmControl<'a> {
    shared: &'a Shared,
}

impl<'a> CrmControl<'a> {
    pub(crate) fn new(shared: &'a Shared) -> Self {
        Self { shared }
    }

    /// Sets whether the server does as the running backend was seen to do, where that differs from the
    /// document: it sends at once whatever `scheduled_at` says, never posts a status that has a time,
    /// and deletes groups with contacts in them. Default: no. What is scheduled already stays so.
    pub fn set_running_backend(&self, yes: bool) {
        self.act(|state, _| state.settings.as_running = yes);
    }

    /// Sets whether a POST, PUT, PATCH or DELETE without the last slash is redirected (301) like a GET.
    /// Default: no, it is status 500 with HTML. Both were seen.
    pub fn set_redirect_writes(&self, yes: bool) {
        self.act(|state, _| state.settings.redirects_writes = yes);
    }

    /// Sets what the provider does from now on.
    pub fn set_provider(&self, provider: Provider) {
        self.act(|state, _| state.settings.provider = provider);
    }

    /// Sets where contacts are pulled from, `None` for the built-in WordPress, and how often, at least
    /// a second. Default: the built-in one, every 5 minutes.
    ///
    /// The built-in one is asked only when it has a new row. One of your own is asked each time, so a
    /// clock that is moved by a year asks it very often.
    ///
    /// # Errors
    /// [`ControlError::InvalidUrl`], also for a URL that is not on this machine.
    pub fn set_wordpress(&self, url: Option<&str>, every: Duration) -> Result<(), ControlError> {
        let valid = |url: &str| url.parse::<Uri>().is_ok_and(|uri| is_loopback(&uri));
        if url.is_some_and(|url| !valid(url)) {
            return Err(ControlError::InvalidUrl);
        }
        self.act(|state, now| state.set_wordpress(url, every, now));
        Ok(())
    }

    /// Fills in the form of a landing page of the built-in WordPress. The next pull brings the contact.
    pub fn add_wordpress_row(&self, name: &str, phone: &str, landing_page: &str) {
        self.act(|state, now| state.add_row([name, phone, landing_page], now));
    }

    /// Adds a rule, behind those there are: an incoming message with `word` in it, in capitals or not,
    /// is answered with `reply`. It starts with one for `hello` and one for `price`.
    pub fn add_reply_rule(&self, word: &str, reply: &str) {
        self.act(|state, _| state.add_reply(word, reply));
    }

    /// A person writes. The id of the message that the first rule that fits answers with; `None` if
    /// none does.
    pub fn person_writes(&self, phone: &str, text: &str) -> Option<u64> {
        self.act(|state, now| state.hear(phone, text, now))
    }

    /// Gives the next requests that the fault waits for the fault's answer. Faults queue up: the first
    /// that fits is taken.
    pub fn fail_next(&self, fault: HttpFault) {
        self.act(|state, _| state.faults.push(fault));
    }

    /// What the provider took, oldest first: what really went out, whatever the API says of it.
    #[must_use]
    pub fn sent(&self) -> Vec<CrmSent> {
        self.shared.crm().sent.values().cloned().collect()
    }

    fn act<T>(&self, action: impl FnOnce(&mut State, Timestamp) -> T) -> T {
        let result = action(&mut self.shared.crm(), self.shared.clock.now());
        self.shared.pacing.scheduled.notify_one();
        result
    }
}

impl std::fmt::Debug for CrmControl<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CrmControl").finish_non_exhaustive()
    }
}
