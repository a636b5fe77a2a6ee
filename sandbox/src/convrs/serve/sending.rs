use convrs_client::{
    BotId, Channel, E164, ErrorCode, GetMessageDetails, GetWhatsAppTemplate, MessageAccepted,
    MessageDetails, MessageReceipt, PhoneNumber, SendMessage, SendSmsMessage, SendTextMessage,
    SendWhatsAppTemplate, Template, User, WebhookHeader, WhatsAppError,
};
use jiff::Timestamp;

use super::{Refusal, Serve, State};
use crate::convrs::{callbacks::Webhook, country, seed::WHATSAPP_AND_SMS};

impl Serve for SendWhatsAppTemplate {
    fn serve(self, state: &mut State, now: Timestamp) -> Result<MessageReceipt, Refusal> {
        state.check_bot(self.bot_id, &Channel::WhatsApp)?;
        let wanted =
            placeholders(state.template(self.bot_id, &self.template_name, &self.language)?);
        state.check_agent(self.agent_email.as_ref())?;
        let phone = number(&self.phone)?;
        state.check_rate(Some(phone), now)?;
        if self.parameters.as_ref().map_or(0, Vec::len) != wanted {
            return Err(Refusal::WhatsApp(WhatsAppError::new(
                132_000,
                "Number of parameters does not match the expected number of params",
            )));
        }
        let headers = self.webhook_headers.unwrap_or_default();
        // The shape is an assumption; another one could only be dropped in silence.
        if headers.iter().any(|header| matches!(header, WebhookHeader::Raw(_))) {
            return Err(ErrorCode::InvalidJson.into());
        }
        let webhook =
            self.webhook_url.map(|url| Webhook { url, payload: self.webhook_payload, headers });
        Ok(send(state, self.bot_id, Channel::WhatsApp, phone, webhook, now))
    }
}

impl Serve for SendSmsMessage {
    fn serve(self, state: &mut State, now: Timestamp) -> Result<MessageReceipt, Refusal> {
        state.check_bot(self.bot_id, &Channel::Sms)?;
        state.check_agent(self.agent_email.as_ref())?;
        let phone = number(&self.phone)?;
        state.check_rate(Some(phone), now)?;
        Ok(send(state, self.bot_id, Channel::Sms, phone, None, now))
    }
}

impl Serve for SendTextMessage {
    fn serve(self, state: &mut State, now: Timestamp) -> Result<(), Refusal> {
        let phone = number_of(state.user(&self.uid)?);
        state.check_rate(phone, now)?;
        state.check_no_agent(&self.uid)?;
        state.charge_rate(phone, now);
        Ok(())
    }
}

/// The routes of the sandbox send by SMS.
impl Serve for SendMessage {
    fn serve(self, state: &mut State, now: Timestamp) -> Result<MessageAccepted, Refusal> {
        state.check_route(&self.route)?;
        let phone = number(&self.phone)?;
        state.check_rate(Some(phone), now)?;
        let sent = send(state, WHATSAPP_AND_SMS, Channel::Sms, phone, None, now);
        Ok(MessageAccepted::new(sent.mid))
    }
}

impl Serve for GetMessageDetails {
    fn serve(self, state: &mut State, _now: Timestamp) -> Result<MessageDetails, Refusal> {
        let sent = state.deliveries.get(&self.mid).ok_or(ErrorCode::UnknownMessage)?;
        Ok(MessageDetails::new(sent.uid.clone(), sent.bot_id, sent.ack))
    }
}

impl Serve for GetWhatsAppTemplate {
    fn serve(self, state: &mut State, _now: Timestamp) -> Result<Template, Refusal> {
        state.check_bot(self.bot_id, &Channel::WhatsApp)?;
        Ok(state.template(self.bot_id, &self.template_name, &self.language)?.clone())
    }
}

/// Charges the limits and sends the message on its way.
fn send(
    state: &mut State,
    bot_id: BotId,
    channel: Channel,
    phone: E164,
    webhook: Option<Webhook>,
    now: Timestamp,
) -> MessageReceipt {
    state.charge_rate(Some(phone), now);
    let uid = state.user_of(bot_id, channel.clone(), phone, now);
    let mid = state.deliver(uid.clone(), bot_id, &channel, webhook, now);
    let mut receipt = MessageReceipt::new(mid);
    receipt.phone_number = PhoneNumber::from(phone.with_plus());
    receipt.country_iso2 = country::of(&phone.digits()).to_owned();
    receipt.uid = uid;
    receipt
}

/// The command was validated, so its number has one form.
fn number(phone: &PhoneNumber) -> Result<E164, Refusal> {
    let invalid = ErrorCode::InvalidPhone;
    phone.e164().map_err(|error| Refusal::Code(error.code().unwrap_or(invalid)))
}

/// The number that the limits count for a user: that of a phone channel, none on any other.
pub(super) fn number_of(user: &User) -> Option<E164> {
    match user.channel {
        Some(Channel::WhatsApp | Channel::Sms) => user.phone.as_ref()?.e164().ok(),
        _ => None,
    }
}

/// How many values a template wants: the highest number of a placeholder.
fn placeholders(template: &Template) -> usize {
    let texts = template.components.iter().filter_map(|component| component.text.as_deref());
    texts
        .flat_map(|text| text.split("{{").skip(1))
        .filter_map(|rest| rest.split_once("}}")?.0.trim().parse().ok())
        .max()
        .unwrap_or(0)
}
