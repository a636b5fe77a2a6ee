use std::{borrow::Cow, fmt};

use replykit_inbound::repair_json;
use serde::{
    Deserialize, Serialize,
    de::{
        DeserializeOwned, DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor,
    },
};
use serde_json::{Map, Value, value::RawValue};

use super::{decode_callback, encode_callback, json, reader};
use crate::{Event, Items, Message, RawEvent, Uid, User, lossless::Key};

/// Reads what the server pushed: an event, or a delivery callback.
#[must_use]
pub fn decode_event(pushed: &[u8]) -> Event {
    let json = repair_json(pushed);
    // In one typed pass; one that fails is repeated without types, to keep what can be kept.
    let Some(frame) = Frame::read(&json, true).or_else(|| Frame::read(&json, false)) else {
        return Event::Unknown(RawEvent::new("", "it is not one JSON object", pushed));
    };
    if frame.cmd.is_empty() {
        return match decode_callback(pushed) {
            Ok(callback) => Event::Delivery(Box::new(callback)),
            Err(_) => {
                Event::Unknown(RawEvent::new("", "it has no cmd, and no mid and ack", pushed))
            }
        };
    }
    frame.into_event().unwrap_or_else(|(cmd, reason)| match reason {
        Some(reason) => Event::Malformed(RawEvent::new(cmd, reason, pushed)),
        None => Event::Unknown(RawEvent::new(cmd, "the event is not documented", pushed)),
    })
}

/// Writes an event, as the server pushes it. An unknown or malformed one is written as it came.
#[must_use]
pub fn encode_event(event: &Event) -> String {
    let with = |fields: &str| format!(r#"{{"cmd":{},"ok":1,{fields}}}"#, json(event.cmd()));
    match event {
        Event::UserCreated(user) => with(&format!(r#""data":{}"#, json(user))),
        Event::UserUpdated { user, update } => {
            with(&format!(r#""data":{}"#, json(&Update { user, update })))
        }
        Event::UserDeleted(uid) | Event::UserDisabled(uid) | Event::UserEnabled(uid) => {
            with(&format!(r#""uid":{}"#, json(uid)))
        }
        Event::ConversationClosed { uid, messages } => {
            with(&format!(r#""uid":{},"data":{}"#, json(uid), json(messages)))
        }
        Event::Delivery(callback) => encode_callback(callback),
        Event::Unknown(raw) | Event::Malformed(raw) => {
            String::from_utf8_lossy(raw.bytes()).into_owned()
        }
    }
}

#[derive(Serialize)]
struct Update<'a> {
    user: &'a User,
    update: &'a Map<String, Value>,
}

#[derive(Deserialize)]
struct OwnedUpdate {
    user: Box<User>,
    #[serde(default)]
    update: Option<Map<String, Value>>,
}

/// An event, with its data typed where `cmd` came before it.
struct Frame<'de> {
    cmd: Cow<'de, str>,
    uid: Option<Uid>,
    data: Data<'de>,
}

enum Data<'de> {
    User(Box<User>),
    Update(OwnedUpdate),
    Messages(Items<Message>),
    Raw(&'de RawValue),
    None,
}

/// What could not be read, and why; without a reason the event is not known.
type Unread<'de> = (Cow<'de, str>, Option<String>);

impl<'de> Frame<'de> {
    fn read(text: &'de str, typed: bool) -> Option<Self> {
        let mut json = reader(text);
        let frame = FrameSeed { typed }.deserialize(&mut json).ok()?;
        json.end().ok()?;
        Some(frame)
    }

    fn into_event(self) -> Result<Event, Unread<'de>> {
        let Self { cmd, uid, data } = self;
        let event = match cmd.as_ref() {
            "onUserCreate" => data.user().map(Event::UserCreated),
            "onUserUpdate" => data.update().map(|OwnedUpdate { user, update }| {
                Event::UserUpdated { user, update: update.unwrap_or_default() }
            }),
            "onUserDelete" => present(uid).map(Event::UserDeleted),
            "onUserDisable" => present(uid).map(Event::UserDisabled),
            "onUserEnable" => present(uid).map(Event::UserEnabled),
            "onUserConversation" => data.messages().and_then(|messages| {
                present(uid).map(|uid| Event::ConversationClosed { uid, messages })
            }),
            _ => return Err((cmd, None)),
        };
        event.map_err(|reason| (cmd, Some(reason)))
    }
}

fn present(uid: Option<Uid>) -> Result<Uid, String> {
    uid.filter(|uid| !uid.is_empty()).ok_or_else(|| "it has no uid".to_owned())
}

impl Data<'_> {
    fn user(self) -> Result<Box<User>, String> {
        match self {
            Self::User(user) => Ok(user),
            data => data.read(),
        }
    }

    fn update(self) -> Result<OwnedUpdate, String> {
        match self {
            Self::Update(update) => Ok(update),
            data => data.read(),
        }
    }

    /// Message by message where the list cannot be read as a whole.
    fn messages(self) -> Result<Items<Message>, String> {
        match self {
            Self::Messages(messages) => Ok(messages),
            data => data.read().or_else(|_| {
                Items::salvage(data.raw()).ok_or_else(|| "its data is no list".to_owned())
            }),
        }
    }

    fn read<T: DeserializeOwned>(&self) -> Result<T, String> {
        serde_json::from_str(self.raw()).map_err(|e| e.to_string())
    }

    fn raw(&self) -> &str {
        match self {
            Self::Raw(raw) => raw.get(),
            _ => "null",
        }
    }
}

struct FrameSeed {
    typed: bool,
}

impl<'de> DeserializeSeed<'de> for FrameSeed {
    type Value = Frame<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Frame<'de>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for FrameSeed {
    type Value = Frame<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Frame<'de>, A::Error> {
        let none = Data::None;
        let mut frame = Frame { cmd: Cow::Borrowed(""), uid: None, data: none };
        while let Some(Key(key)) = map.next_key()? {
            match key.as_ref() {
                // Whatever else stands here, and a second one, is left to the pass without types.
                "cmd" if self.typed && matches!(frame.data, Data::Raw(_) | Data::None) => {
                    frame.cmd = map.next_value::<Key<'de>>()?.0;
                }
                "cmd" if self.typed => return Err(A::Error::custom("cmd is there twice")),
                "cmd" => {
                    let cmd: Value = map.next_value()?;
                    frame.cmd = Cow::Owned(cmd.as_str().unwrap_or_default().to_owned());
                }
                "uid" => frame.uid = map.next_value()?,
                "data" => {
                    frame.data = match frame.cmd.as_ref() {
                        "onUserCreate" if self.typed => Data::User(map.next_value()?),
                        "onUserUpdate" if self.typed => Data::Update(map.next_value()?),
                        "onUserConversation" if self.typed => Data::Messages(map.next_value()?),
                        _ => Data::Raw(map.next_value()?),
                    };
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(frame)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn malformed(json: &Value) -> RawEvent {
        match Event::parse(json.to_string().as_bytes()) {
            Event::Malformed(raw) => raw,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_order_of_the_fields_does_not_matter() {
        for text in [
            r#"{"cmd":"onUserCreate","ok":1,"data":{"uid":"73-tel-1","new":1}}"#,
            r#"{"data":{"uid":"73-tel-1","new":1},"ok":1,"cmd":"onUserCreate"}"#,
        ] {
            let Event::UserCreated(user) = Event::parse(text.as_bytes()) else { panic!("{text}") };
            assert_eq!(user.uid.as_str(), "73-tel-1");
            assert_eq!(user.extra.get("new"), Some(json!(1)));
        }
    }

    #[test]
    fn w13_an_unknown_event_keeps_its_bytes() {
        let text = r#"{"cmd":"onUserBirthday","ok":1,"uid":"73-tel-1"}"#;
        let event = Event::parse(text.as_bytes());
        let Event::Unknown(raw) = &event else { panic!("{event:?}") };
        assert_eq!(raw.cmd(), "onUserBirthday");
        assert_eq!(raw.bytes(), text.as_bytes());
        assert_eq!(encode_event(&event), text);
        for text in ["", "<html>", "[]", "5", "{}", r#"{"cmd":5}"#] {
            let event = Event::parse(text.as_bytes());
            assert!(matches!(&event, Event::Unknown(raw) if raw.bytes() == text.as_bytes()));
        }
    }

    #[test]
    fn w13_a_documented_event_that_cannot_be_read_says_why_and_keeps_its_bytes() {
        let raw = malformed(&json!({"cmd": "onUserCreate", "ok": 1, "data": {"name": "canary"}}));
        assert!(raw.reason().contains("uid"), "{}", raw.reason());
        assert!(String::from_utf8_lossy(raw.bytes()).contains("canary"));
        assert!(!format!("{raw:?}").contains("canary"));
        assert!(malformed(&json!({"cmd": "onUserDelete"})).reason().contains("uid"));
        assert!(malformed(&json!({"cmd": "onUserUpdate", "data": {}})).reason().contains("user"));
        malformed(&json!({"cmd": "onUserUpdate", "data": []}));
        let no_list = json!({"cmd": "onUserConversation", "uid": "1", "data": {}});
        assert!(malformed(&no_list).reason().contains("list"));
    }

    #[test]
    fn w13_one_bad_message_does_not_cost_the_conversation() {
        let good = json!({"mid": "1", "typ": "video", "sender": "client"});
        let event = Event::parse(
            json!({"cmd": "onUserConversation", "uid": "73-tel-1", "data": [good, {"mid": "2"}]})
                .to_string()
                .as_bytes(),
        );
        let Event::ConversationClosed { messages, .. } = event else { panic!("{event:?}") };
        assert_eq!(messages.len(), 1);
        assert_eq!(messages[0].kind.as_str(), "video");
        assert_eq!(messages.malformed()[0].index(), 1);
    }

    #[test]
    fn of_two_names_and_of_two_data_the_last_counts() {
        for text in [
            r#"{"cmd":"onUserCreate","data":{"uid":"1"},"cmd":"onUserDelete","uid":"73-tel-1"}"#,
            r#"{"cmd":5,"cmd":"onUserDelete","uid":"73-tel-1"}"#,
            r#"{"cmd":"on\u0055serDelete","uid":"73-tel-1"}"#,
        ] {
            let Event::UserDeleted(uid) = Event::parse(text.as_bytes()) else { panic!("{text}") };
            assert_eq!(uid.as_str(), "73-tel-1");
        }
        for text in [
            r#"{"cmd":"onUserUpdate","data":{"user":{"uid":"1"}},"cmd":"onUserCreate","data":{"uid":"2"}}"#,
            r#"{"data":{"uid":"1"},"cmd":"onUserCreate","data":{"uid":"2"}}"#,
        ] {
            let Event::UserCreated(user) = Event::parse(text.as_bytes()) else { panic!("{text}") };
            assert_eq!(user.uid.as_str(), "2");
        }
    }

    #[test]
    fn a_delivery_callback_is_told_from_an_event() {
        let text = r#"{"ok":1,"mid":"6462","uid":"3941-wa3-1","botID":3941,"ack":2}"#;
        let Event::Delivery(callback) = Event::parse(text.as_bytes()) else { panic!("{text}") };
        assert_eq!(callback.ack, crate::Ack::Delivered);
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_loses_no_byte(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            match Event::parse(&bytes) {
                Event::Unknown(raw) | Event::Malformed(raw) => prop_assert_eq!(raw.bytes(), &bytes[..]),
                event => prop_assert!(false, "{:?}", event),
            }
        }
    }
}
