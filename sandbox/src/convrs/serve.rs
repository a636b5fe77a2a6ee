use convrs_client::{
    ApiError, Command, ErrorCode, GetMessageDetails, GetUser, MessageDetails, MessageReceipt,
    PhoneNumber, SendWhatsAppTemplate, User, WhatsAppError,
};
use jiff::Timestamp;

use super::{callbacks::Webhook, country, state::State};

/// What the server does for a command whose fields were found good.
pub(super) trait Serve: Command {
    fn serve(self, state: &mut State, now: Timestamp) -> Result<Self::Output, ApiError>;

    fn refuse<T>(code: ErrorCode) -> Result<T, ApiError> {
        Err(ApiError::new(Self::NAME, code))
    }
}

impl Serve for GetUser {
    fn serve(self, state: &mut State, _now: Timestamp) -> Result<User, ApiError> {
        match state.user(&self.uid) {
            Some(user) => Ok(user.clone()),
            None => Self::refuse(ErrorCode::UnknownUser),
        }
    }
}

impl Serve for GetMessageDetails {
    fn serve(self, state: &mut State, _now: Timestamp) -> Result<MessageDetails, ApiError> {
        match state.message(&self.mid) {
            Some(message) => {
                Ok(MessageDetails::new(message.uid.clone(), message.bot_id, message.ack))
            }
            None => Self::refuse(ErrorCode::UnknownMessage),
        }
    }
}

impl Serve for SendWhatsAppTemplate {
    fn serve(self, state: &mut State, now: Timestamp) -> Result<MessageReceipt, ApiError> {
        let refused = |code| ApiError::new(Self::NAME, code);
        let phone =
            self.phone.e164().map_err(|e| refused(e.code().unwrap_or(ErrorCode::InvalidPhone)))?;

        state.check_whatsapp_bot(self.bot_id).map_err(refused)?;
        let placeholders = state
            .placeholders(self.bot_id, &self.template_name, &self.language)
            .map_err(refused)?;
        if let Some(agent) = &self.agent_email {
            state.check_agent(agent).map_err(refused)?;
        }
        state.check_rate(phone, now).map_err(refused)?;

        if self.parameters.as_ref().map_or(0, Vec::len) != placeholders {
            let mut error = refused(ErrorCode::WhatsApp);
            error.whatsapp = Some(WhatsAppError::new(
                132_000,
                "Number of parameters does not match the expected number of params",
            ));
            return Err(error);
        }

        state.charge_rate(phone, now);
        let uid = state.whatsapp_user(self.bot_id, phone, now);
        let webhook = self.webhook_url.map(|url| Webhook {
            url,
            payload: self.webhook_payload,
            headers: self.webhook_headers.unwrap_or_default(),
        });
        let mut receipt =
            MessageReceipt::new(state.add_message(uid.clone(), self.bot_id, webhook, now));
        receipt.phone_number = PhoneNumber::from(phone.with_plus());
        receipt.country_iso2 = country::of(&phone.digits()).to_owned();
        receipt.uid = uid;
        Ok(receipt)
    }
}
