use super::{
    super::{LeadMessage, State, leads::lead_id},
    LeadReplyControl,
};
use crate::ControlError;

/// The people who reach out, and the team that answers them.
impl LeadReplyControl<'_> {
    /// A person writes. The id of their lead, such as `lead_1`: a person who never wrote to the source
    /// becomes one; one whose conversation was closed is a returning lead, and it is open again. People
    /// are told apart by their names.
    ///
    /// # Errors
    /// [`ControlError::Blank`].
    pub fn lead_writes(&self, who: &str, text: &str) -> Result<String, ControlError> {
        self.act(|state, now| state.lead_writes(self.source, who, text, now)).map(lead_id)
    }

    /// A person reaches out without a word, as by a form. The id of their lead.
    ///
    /// # Errors
    /// [`ControlError::Blank`].
    pub fn lead_appears(&self, who: &str) -> Result<String, ControlError> {
        self.act(|state, now| state.lead_appears(self.source, who, now)).map(lead_id)
    }

    /// A lead leaves a phone number, an e-mail address, or both. Any text will do.
    ///
    /// # Errors
    /// [`ControlError::UnknownLead`], and [`ControlError::Blank`] also for none at all.
    pub fn leaves_contact_info(
        &self,
        lead: &str,
        phone: Option<&str>,
        email: Option<&str>,
    ) -> Result<(), ControlError> {
        let now = self.shared.clock.now();
        self.of_lead(lead, |state, id| state.leave_contact_info(id, phone, email, now))
    }

    /// Tags a lead.
    ///
    /// # Errors
    /// [`ControlError::UnknownLead`], [`ControlError::Blank`].
    pub fn add_tag(&self, lead: &str, tag: &str) -> Result<(), ControlError> {
        self.of_lead(lead, |state, id| state.add_tag(id, tag))
    }

    /// Somebody of the business answers inside the app. The id of the message.
    ///
    /// # Errors
    /// [`ControlError::UnknownLead`], [`ControlError::Blank`], [`ControlError::ConversationClosed`].
    pub fn team_replies(&self, lead: &str, text: &str) -> Result<String, ControlError> {
        let now = self.shared.clock.now();
        self.of_lead(lead, |state, id| state.team_replies(id, text, now))
    }

    /// Closes the conversation with a lead: replies to it are refused.
    ///
    /// # Errors
    /// [`ControlError::UnknownLead`].
    pub fn close_conversation(&self, lead: &str) -> Result<(), ControlError> {
        self.of_lead(lead, |state, id| state.set_open(id, false))
    }

    /// Opens a conversation that was closed.
    ///
    /// # Errors
    /// [`ControlError::UnknownLead`].
    pub fn reopen(&self, lead: &str) -> Result<(), ControlError> {
        self.of_lead(lead, |state, id| state.set_open(id, true))
    }

    /// The conversation with a lead, oldest first: what it really got, whatever the API said.
    ///
    /// # Errors
    /// [`ControlError::UnknownLead`].
    pub fn conversation(&self, lead: &str) -> Result<Vec<LeadMessage>, ControlError> {
        let state = self.shared.lead_reply();
        let found = state.find_lead(self.source, lead).ok_or(ControlError::UnknownLead)?;
        Ok(found.1.messages.clone())
    }

    fn of_lead<T>(
        &self,
        lead: &str,
        action: impl FnOnce(&mut State, u64) -> Result<T, ControlError>,
    ) -> Result<T, ControlError> {
        self.act(|state, _| {
            let found = state.find_lead(self.source, lead).map(|(id, _)| id);
            action(state, found.ok_or(ControlError::UnknownLead)?)
        })
    }
}
