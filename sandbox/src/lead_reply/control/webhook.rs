use super::{
    super::{LeadDelivery, WebhookFault, webhook::Target},
    LeadReplyControl,
};
use crate::{ControlError, PushResult};

/// The REST Webhook card.
impl LeadReplyControl<'_> {
    /// Sets where events are posted, a `http` URL on this machine, and the secret that they carry as
    /// `X-Secret-Key`: the webhook's own, from the same card.
    ///
    /// # Errors
    /// [`ControlError::InvalidUrl`], [`ControlError::InvalidSecret`].
    pub fn set_webhook(&self, url: &str, secret: &str) -> Result<(), ControlError> {
        let target = Target::new(url, secret)?;
        self.act(|state, _| state.source_mut(self.source).webhook.target = Some(target));
        Ok(())
    }

    /// Posts what happens from now on. Default: off.
    ///
    /// # Errors
    /// [`ControlError::NoWebhook`].
    pub fn enable_webhook(&self) -> Result<(), ControlError> {
        self.act(|state, _| state.source_mut(self.source).webhook.enable())
    }

    /// Posts nothing from now on. What falls due while it is off is gone.
    pub fn disable_webhook(&self) {
        self.act(|state, _| state.source_mut(self.source).webhook.enabled = false);
    }

    /// Sets "Skip welcome and follow-ups". While it is off, which is the default, a lead that is new gets
    /// a welcome after a second, and the webhook is told of that too.
    pub fn set_skip_welcome_and_follow_ups(&self, yes: bool) {
        self.act(|state, _| state.source_mut(self.source).webhook.skips_welcome = yes);
    }

    /// Posts a test, at once and once, also while the webhook is off: what came of it.
    ///
    /// # Errors
    /// [`ControlError::NoWebhook`].
    pub async fn send_test_request(&self) -> Result<PushResult, ControlError> {
        let test = self.act(|state, now| state.test_request(self.source, now))?;
        let posted = test.send(&self.shared.transport).await;
        let result = posted.result.clone();
        self.act(|state, now| state.record(posted, now));
        Ok(result)
    }

    /// What goes wrong with the next event that is posted for the first time. Faults queue up.
    pub fn webhook_fault(&self, fault: WebhookFault) {
        self.act(|state, _| state.source_mut(self.source).webhook.faults.push_back(fault));
    }

    /// The events of this source so far, in the order in which they happened, with what became of each.
    /// What happens while the webhook is off makes none.
    #[must_use]
    pub fn deliveries(&self) -> Vec<LeadDelivery> {
        let state = self.shared.lead_reply();
        let all = state.deliveries.values();
        all.filter(|(source, _)| *source == self.source).map(|(_, event)| event.clone()).collect()
    }
}
