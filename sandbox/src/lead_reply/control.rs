//! The other side of a source: its cards, faults; and its leads.

mod leads;
mod webhook;

use jiff::Timestamp;

use super::{State, card::SourceId};
use crate::{ControlError, HttpFault, Shared};

/// A source of Auto-Respond: what is set on its Integrations tab, the people who write to it and the
/// team that answers, and faults at will.
///
/// There are two: `main`, and `main-north`, a location with the parent `main`. Each has a secret from
/// the start, and is off.
///
/// What it sets off falls due at once: it happens with the next [`advance`](crate::Sandbox::advance),
/// or by itself where the clock runs. Outside Rust, `POST /lead-reply/control` does the same.
///
/// ```
/// use replykit_sandbox::{ControlError, Sandbox};
///
/// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sandbox = Sandbox::start().await?;
/// let main = sandbox.lead_reply();
/// main.enable()?;
/// let lead = main.lead_writes("Billy Bob", "Do you have it in red?")?;
/// // Now a reply to the lead can be posted to `main.url()`, with `main.secret()`.
/// assert_eq!(main.conversation(&lead)?.len(), 1);
///
/// let north = main.source("main-north")?;
/// north.set_inherit(true)?;
/// assert_eq!(north.secret(), main.secret());
/// assert_eq!(main.set_inherit(true), Err(ControlError::NoParent));
/// # Ok(()) }
/// ```
#[derive(Clone, Copy)]
pub struct LeadReplyControl<'a> {
    shared: &'a Shared,
    source: SourceId,
}

impl<'a> LeadReplyControl<'a> {
    pub(crate) fn new(shared: &'a Shared) -> Self {
        Self { shared, source: SourceId::Main }
    }

    /// The other side of the source with this id.
    ///
    /// # Errors
    /// [`ControlError::UnknownSource`].
    pub fn source(&self, id: &str) -> Result<Self, ControlError> {
        let source = SourceId::named(id).ok_or(ControlError::UnknownSource)?;
        Ok(Self { source, ..*self })
    }

    /// Where replies to its leads are posted. Its secret is validated at the same with `/validate`
    /// behind it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}/lead-reply/{}", self.shared.lead_reply().base, self.source.id())
    }

    /// The secret that counts: the parent's where it is inherited. `None` after a
    /// [`disconnect`](Self::disconnect).
    #[must_use]
    pub fn secret(&self) -> Option<String> {
        self.shared.lead_reply().secret(self.source).map(str::to_owned)
    }

    /// Generates a secret. The old one fails at once.
    ///
    /// # Errors
    /// [`ControlError::Inherited`].
    pub fn regenerate(&self) -> Result<String, ControlError> {
        self.act(|state, _| state.regenerate(self.source))
    }

    /// Turns Enable on: replies are taken. Default: off.
    ///
    /// # Errors
    /// [`ControlError::NoSecret`].
    pub fn enable(&self) -> Result<(), ControlError> {
        self.act(|state, _| state.enable(self.source))
    }

    /// Turns Enable off: each reply is refused. The secret stays valid.
    pub fn disable(&self) {
        self.act(|state, _| state.source_mut(self.source).enabled = false);
    }

    /// Sets whether a location uses its parent's secret, or its own. Default: its own.
    ///
    /// # Errors
    /// [`ControlError::NoParent`].
    pub fn set_inherit(&self, yes: bool) -> Result<(), ControlError> {
        self.act(|state, _| state.set_inherit(self.source, yes))
    }

    /// Clears the secret and turns the integration off, and the inheritance with it. A parent that
    /// another source inherits from leaves that one without a secret.
    pub fn disconnect(&self) {
        self.act(|state, _| state.disconnect(self.source));
    }

    /// Sets "Create customer only when contact info is captured": a lead is ready once it has left a
    /// phone number or an e-mail address. Until then a reply to it is refused, and the webhook is told
    /// nothing of it. Default: off.
    pub fn set_only_with_contact_info(&self, yes: bool) {
        self.act(|state, _| state.source_mut(self.source).only_with_contact_info = yes);
    }

    /// Sets "Create only for new leads": a returning lead is no `new_lead` event, and its messages are told
    /// all the same. Default: off.
    pub fn set_only_new_leads(&self, yes: bool) {
        self.act(|state, _| state.source_mut(self.source).only_new_leads = yes);
    }

    /// Sets "Include source name": events name the source. Default: off.
    pub fn set_include_source_name(&self, yes: bool) {
        self.act(|state, _| state.source_mut(self.source).includes_source_name = yes);
    }

    /// Sets how many replies a minute are taken, `None` for any number of them, which is the default.
    pub fn set_rate_limit(&self, replies_a_minute: Option<usize>) {
        self.act(|state, _| state.source_mut(self.source).replies_a_minute = replies_a_minute);
    }

    /// Gives the next requests to this source that the fault waits for the fault's answer. Faults queue
    /// up: the first that fits is taken.
    pub fn fail_next(&self, fault: HttpFault) {
        self.act(|state, _| state.source_mut(self.source).faults.push(fault));
    }

    fn act<T>(&self, action: impl FnOnce(&mut State, Timestamp) -> T) -> T {
        let result = action(&mut self.shared.lead_reply(), self.shared.clock.now());
        self.shared.pacing.scheduled.notify_one();
        result
    }
}

impl std::fmt::Debug for LeadReplyControl<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LeadReplyControl")
            .field("source", &self.source.id())
            .finish_non_exhaustive()
    }
}
