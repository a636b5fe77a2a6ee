use std::fmt;

use replykit_inbound::repair_json;
use serde::{
    Deserialize, Serialize,
    de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor},
};
use serde_json::{Map, Value, value::RawValue};

use super::{decode_callback, encode_callback, json, reader};
use crate::{Event, Items, Message, RawEvent, Uid, User, lossless::Key};

/// Reads what the server pushed: an event, or a delivery callback.
#[must_use]
pub fn decode_event(pushed: &[u8]) -> Event {
    let json = repair_json(pushed);
    if let Some(event) = Frame::read(&json, true).and_then(Frame::into_event) {
        return event;
    }
    // Not in one typed pass: find out why, and keep what can be kept.
    let Some(frame) = Frame::read(&json, false) else {
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
    frame.salvage().unwrap_or_else(|(cmd, reason)| match reason {
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
    update: Map<String, Value>,
}

/// An event, with its data typed where `cmd` came before it.
struct Frame {
    cmd: String,
    uid: Option<Uid>,
    data: Data,
}

enum Data {
    None,
    User(Box<User>),
    Update(OwnedUpdate),
    Messages(Items<Message>),
    Raw(Box<RawValue>),
}

/// What could not be read, and why; without a reason the event is not known.
type Unread = (String, Option<String>);

impl Frame {
    fn read(text: &[u8], typed: bool) -> Option<Self> {
        let mut json = reader(text);
        let frame = FrameSeed { typed }.deserialize(&mut json).ok()?;
        json.end().ok()?;
        Some(frame)
    }

    /// `None` when `cmd` came after the data, or something is missing or unknown.
    fn into_event(self) -> Option<Event> {
        let uid = self.uid.filter(|uid| !uid.is_empty());
        Some(match (self.cmd.as_str(), self.data) {
            ("onUserCreate", Data::User(user)) => Event::UserCreated(user),
            ("onUserUpdate", Data::Update(OwnedUpdate { user, update })) => {
                Event::UserUpdated { user, update }
            }
            ("onUserDelete", _) => Event::UserDeleted(uid?),
            ("onUserDisable", _) => Event::UserDisabled(uid?),
            ("onUserEnable", _) => Event::UserEnabled(uid?),
            ("onUserConversation", Data::Messages(messages)) => {
                Event::ConversationClosed { uid: uid?, messages }
            }
            _ => return None,
        })
    }

    /// Reads data that is still raw: item by item where it is a list.
    fn salvage(self) -> Result<Event, Unread> {
        let Self { cmd, uid, data } = self;
        let raw = match &data {
            Data::Raw(raw) => raw.get(),
            _ => "null",
        };
        let unread = |reason: String| (cmd.clone(), Some(reason));
        let typed = match cmd.as_str() {
            "onUserCreate" => {
                Data::User(serde_json::from_str(raw).map_err(|e| unread(e.to_string()))?)
            }
            "onUserUpdate" => {
                Data::Update(serde_json::from_str(raw).map_err(|e| unread(e.to_string()))?)
            }
            "onUserConversation" => Data::Messages(
                Items::salvage(raw).ok_or_else(|| unread("its data is no list".to_owned()))?,
            ),
            "onUserDelete" | "onUserDisable" | "onUserEnable" => Data::None,
            _ => return Err((cmd, None)),
        };
        let name = cmd.clone();
        Self { cmd, uid, data: typed }
            .into_event()
            .ok_or_else(|| (name, Some("it has no uid".to_owned())))
    }
}

struct FrameSeed {
    typed: bool,
}

impl<'de> DeserializeSeed<'de> for FrameSeed {
    type Value = Frame;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Frame, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for FrameSeed {
    type Value = Frame;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Frame, A::Error> {
        let mut frame = Frame { cmd: String::new(), uid: None, data: Data::None };
        while let Some(Key(key)) = map.next_key()? {
            match key.as_ref() {
                "cmd" => {
                    let cmd: Value = map.next_value()?;
                    cmd.as_str().unwrap_or_default().clone_into(&mut frame.cmd);
                }
                "uid" => frame.uid = map.next_value()?,
                "data" => {
                    frame.data = match frame.cmd.as_str() {
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
