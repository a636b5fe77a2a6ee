use serde::{Deserialize, Serialize};

use crate::{
    BotId, Channel, DateTime, Extra, PhoneNumber, Uid, lossless::lossless, redact, scalar,
};

/// A person whom the organisation talks to, on one channel.
///
/// Only the uid is always there. The API writes an unknown e-mail address, phone number or note as
/// an empty text. Fields that are not documented are in [`extra`](Self::extra). `Debug` shows no
/// personal data.
///
/// Source: Convrs API > JSON Objects > User Object Fields
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
#[non_exhaustive]
pub struct User {
    /// The user's id.
    #[serde(deserialize_with = "scalar::present")]
    pub uid: Uid,
    /// Full name, as the messaging platform reports it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// First name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Last name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// The messaging platform (wire: `bot`).
    #[serde(rename = "bot", default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    /// The bot that serves the user.
    #[serde(rename = "botID", default, skip_serializing_if = "Option::is_none")]
    pub bot_id: Option<BotId>,
    /// Code of the user's language, such as `en`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lang: Option<String>,
    /// When the user was created, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<DateTime>,
    /// Notes about the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// E-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Phone number, in any form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<PhoneNumber>,
    /// Page for a chat with this user, safe to show in a CRM. This crate never fetches it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Fields that are not documented.
    #[serde(skip)]
    pub extra: Extra,
}

impl User {
    /// A user of whom nothing but the id is known.
    pub fn new(uid: impl Into<Uid>) -> Self {
        Self {
            uid: uid.into(),
            name: None,
            first_name: None,
            last_name: None,
            channel: None,
            bot_id: None,
            lang: None,
            created: None,
            notes: None,
            email: None,
            phone: None,
            url: None,
            extra: Extra::default(),
        }
    }
}

lossless!(User);

redact::debug!(User { uid, channel, bot_id, lang, created, phone, extra } hides {
    name, first_name, last_name, notes, email, url
});

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn unknown_fields_and_platforms_survive() {
        let json = json!({"uid": "73-sig-1", "bot": "Signal", "vip": {"since": 2019}, "name": ""});
        let user: User = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(user.channel, Some(Channel::Other("Signal".to_owned())));
        assert_eq!(user.name.as_deref(), Some(""));
        assert_eq!(serde_json::to_value(&user).unwrap(), json);
    }

    #[test]
    fn null_is_the_same_as_absent() {
        let user: User =
            serde_json::from_value(json!({"uid": "1", "name": null, "botID": null})).unwrap();
        assert_eq!(user, User::new("1"));
    }

    #[test]
    fn debug_shows_no_personal_data() {
        let mut json = json!({"uid": "73-tel-canary", "extra": "canary"});
        for field in ["name", "first_name", "last_name", "notes", "email", "phone", "url"] {
            json[field] = Value::from("canary");
        }
        let user: User = serde_json::from_value(json).unwrap();
        assert!(!format!("{user:?}").contains("canary"), "{user:?}");
    }
}
