use crate::{Ack, BotId, DeliveryCallback, MessageDetails, Mid, SendId, Uid, WhatsAppError};

/// What is known of a message: all that was said of it, in whatever order and however often.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeliveryState {
    /// The message.
    pub mid: Mid,
    /// How far it has come, by [`Ack::merge`].
    pub ack: Ack,
    /// Why it failed, where that was said with this ack.
    pub error: Option<WhatsAppError>,
    /// The user that it belongs to, empty where nobody said so.
    pub uid: Uid,
    /// The bot that sent it, 0 where nobody said so.
    pub bot_id: BotId,
    /// The id that the client gave the send.
    pub send_id: Option<SendId>,
}

impl DeliveryState {
    /// Adds what else is known. `true` when that was more than before.
    pub(super) fn join(&mut self, other: Self) -> bool {
        let before = self.clone();
        let (mine, others) = (key(&self.error), key(&other.error));
        if self.ack == other.ack {
            // Of two accounts the one that sorts last, so that their order does not matter.
            if others > mine {
                self.error = other.error;
            }
        } else if self.ack.merge(other.ack) == other.ack {
            (self.ack, self.error) = (other.ack, other.error);
        }
        if other.uid > self.uid {
            self.uid = other.uid;
        }
        if other.bot_id > self.bot_id {
            self.bot_id = other.bot_id;
        }
        if self.send_id.is_none() {
            self.send_id = other.send_id;
        }
        *self != before
    }

    pub(super) fn of_callback(callback: &DeliveryCallback) -> Self {
        Self {
            mid: callback.mid.clone(),
            ack: callback.ack,
            error: error(callback.whatsapp_error_code, callback.whatsapp_error_desc.as_deref()),
            uid: callback.uid.clone(),
            bot_id: callback.bot_id,
            send_id: callback.send_id.clone(),
        }
    }

    pub(super) fn of_details(mid: &Mid, details: &MessageDetails) -> Self {
        Self {
            mid: mid.clone(),
            ack: details.ack,
            error: error(details.whatsapp_error_code, details.whatsapp_error_desc.as_deref()),
            uid: details.uid.clone(),
            bot_id: details.bot_id,
            send_id: None,
        }
    }
}

impl From<DeliveryState> for MessageDetails {
    fn from(state: DeliveryState) -> Self {
        let mut details = Self::new(state.uid, state.bot_id, state.ack);
        let error = state.error.unwrap_or_default();
        details.whatsapp_error_code = error.code;
        details.whatsapp_error_desc = error.description;
        details
    }
}

fn key(error: &Option<WhatsAppError>) -> Option<(Option<i64>, Option<&str>)> {
    error.as_ref().map(|error| (error.code, error.description.as_deref()))
}

/// The longest description that is kept, in characters.
const LONGEST_DESCRIPTION: usize = 1024;

fn error(code: Option<i64>, description: Option<&str>) -> Option<WhatsAppError> {
    if code.is_none() && description.is_none() {
        return None;
    }
    let description = description.map(|text| text.chars().take(LONGEST_DESCRIPTION).collect());
    Some(WhatsAppError { code, description })
}
