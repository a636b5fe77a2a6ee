use convrs_client::{
    Ack, Channel, ComponentKind, E164, ErrorCode, GetMessageDetails, GetWhatsAppTemplate,
    MessageAccepted, MessageDetails, MessageReceipt, Mid, PhoneNumber, SendMessage, SendSmsMessage,
    SendTextMessage, SendWhatsAppTemplate, Template, TemplateParameter, TemplateStatus, User,
    WebhookHeader, WhatsAppError,
    template::{Place, check_parameters},
};
use jiff::Timestamp;

use super::{Refusal, Serve, State};
use crate::convrs::{
    country, delivery::Outgoing, push::Webhook, seed::WHATSAPP_AND_SMS, state::uid_of,
};

impl Serve for SendWhatsAppTemplate {
    fn serve(self, state: &mut State, now: Timestamp) -> Result<MessageReceipt, Refusal> {
        state.check_bot(self.bot_id, &Channel::WhatsApp)?;
        let template = state.template(self.bot_id, &self.template_name, &self.language)?.clone();
        state.check_agent(self.agent_email.as_ref())?;
        let phone = number(&self.phone)?;
        state.rates.check(Some(phone), now)?;
        check_status(&template)?;
        if let Some(finding) = check_parameters(&self, &template).first() {
            let code = if finding.place == Place::Header { 132_012 } else { 132_000 };
            return Err(whatsapp(code, &finding.to_string()));
        }
        let parameters = self.parameters.unwrap_or_default();
        let headers = self.webhook_headers.unwrap_or_default();
        // The shape is an assumption; another one could only be dropped in silence.
        if headers.iter().any(|header| matches!(header, WebhookHeader::Raw(_))) {
            let why = "webhookHeaders: here each is {\"name\": \"..\", \"value\": \"..\"}";
            return Err(Refusal::Because(ErrorCode::InvalidJson, why));
        }
        let webhook =
            self.webhook_url.map(|url| Webhook { url, payload: self.webhook_payload, headers });
        let message = Outgoing {
            bot_id: self.bot_id,
            channel: Channel::WhatsApp,
            phone,
            text: rendered(&template, &parameters),
            webhook,
        };
        send(state, message, now)
    }
}

/// A template that may not be sent now is WhatsApp's refusal; one that never could is unknown.
fn check_status(template: &Template) -> Result<(), Refusal> {
    match &template.status {
        TemplateStatus::Paused => Err(whatsapp(132_015, "the template is paused")),
        TemplateStatus::Disabled => Err(whatsapp(132_016, "the template is disabled")),
        TemplateStatus::Approved => Ok(()),
        _ => Err(ErrorCode::UnknownTemplate.into()),
    }
}

fn whatsapp(code: i64, description: &str) -> Refusal {
    Refusal::WhatsApp(WhatsAppError::new(code, description))
}

impl Serve for SendSmsMessage {
    fn serve(self, state: &mut State, now: Timestamp) -> Result<MessageReceipt, Refusal> {
        state.check_bot(self.bot_id, &Channel::Sms)?;
        state.check_agent(self.agent_email.as_ref())?;
        let message = Outgoing {
            bot_id: self.bot_id,
            channel: Channel::Sms,
            phone: number(&self.phone)?,
            text: self.message,
            webhook: None,
        };
        state.rates.check(Some(message.phone), now)?;
        send(state, message, now)
    }
}

impl Serve for SendTextMessage {
    fn serve(self, state: &mut State, now: Timestamp) -> Result<(), Refusal> {
        let phone = number_of(state.user(&self.uid)?);
        state.rates.check(phone, now)?;
        state.check_no_agent(&self.uid)?;
        state.check_subscribed(&self.uid)?;
        state.rates.charge(phone, now);
        let mid = Mid::from(state.next_id(now));
        state.keep_sent(&self.uid, mid, self.message, now);
        Ok(())
    }
}

/// The routes of the sandbox send by SMS: the message, or what a flow of that name would say.
impl Serve for SendMessage {
    fn serve(self, state: &mut State, now: Timestamp) -> Result<MessageAccepted, Refusal> {
        state.check_route(&self.route)?;
        let message = Outgoing {
            bot_id: WHATSAPP_AND_SMS,
            channel: Channel::Sms,
            phone: number(&self.phone)?,
            text: self.message.unwrap_or_else(|| format!("The flow of route {}", self.route)),
            webhook: None,
        };
        state.rates.check(Some(message.phone), now)?;
        let receipt = send(state, message, now)?;
        if let Some(data) = self.userdata {
            state.data_of.entry(receipt.uid).or_default().extend(data);
        }
        Ok(MessageAccepted::new(receipt.mid))
    }
}

impl Serve for GetMessageDetails {
    fn serve(self, state: &mut State, _now: Timestamp) -> Result<MessageDetails, Refusal> {
        let sent = state.deliveries.get(&self.mid).ok_or(ErrorCode::UnknownMessage)?;
        let mut details = MessageDetails::new(sent.uid.clone(), sent.bot_id, sent.ack);
        if let (Ack::Failed, Some(error)) = (sent.ack, &sent.error) {
            details.whatsapp_error_code = error.code;
            details.whatsapp_error_desc.clone_from(&error.description);
        }
        Ok(details)
    }
}

impl Serve for GetWhatsAppTemplate {
    fn serve(self, state: &mut State, _now: Timestamp) -> Result<Template, Refusal> {
        state.check_bot(self.bot_id, &Channel::WhatsApp)?;
        Ok(state.template(self.bot_id, &self.template_name, &self.language)?.clone())
    }
}

/// Charges the limits and sends the message on its way.
fn send(state: &mut State, message: Outgoing, now: Timestamp) -> Result<MessageReceipt, Refusal> {
    let phone = message.phone;
    state.check_subscribed(&uid_of(message.bot_id, &message.channel, phone))?;
    state.rates.charge(Some(phone), now);
    let (uid, mid) = state.deliver(message, now);
    let mut receipt = MessageReceipt::new(mid);
    receipt.phone_number = PhoneNumber::from(phone.with_plus());
    receipt.country_iso2 = country::of(&phone.digits()).to_owned();
    receipt.uid = uid;
    Ok(receipt)
}

fn body(template: &Template) -> &str {
    let body = template.components.iter().find(|c| c.kind == ComponentKind::Body);
    body.and_then(|body| body.text.as_deref()).unwrap_or_default()
}

/// What the person reads: the body with the texts in their places.
fn rendered(template: &Template, parameters: &[TemplateParameter]) -> String {
    let text = body(template).to_owned();
    parameters.iter().zip(1..).fold(text, |text, (parameter, number)| match parameter {
        TemplateParameter::Text(value) => text.replace(&format!("{{{{{number}}}}}"), value),
        _ => text,
    })
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
