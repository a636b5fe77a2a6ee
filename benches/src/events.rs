//! The six documented events, and the types that one would write for them by hand.

use convrs_client::{AgentId, Channel, DateTime, MessageKind, Mid, PhoneNumber, Sender, Uid};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::users::PlainUser;

const USER: &str = concat!(
    r#"{"uid":"73-tel-615940546","name":"Billy Bob","first_name":"Billy","last_name":"Bob","#,
    r#""bot":"Telegram","botID":73,"lang":"en","created":"2020-04-23T16:15:24.000Z","notes":"","#,
    r#""email":"billy@example.com","phone":"+44 7912 031410","url":"https://app.conv.rs/u/abc123"}"#
);
const MESSAGES: &str = concat!(
    r#"[{"uid":"73-tel-615940546","mid":"5fd89d8f15cf735bd7aaaee0","msg":"Hello, I need help","#,
    r#""typ":"text","sender":"client","dt":"2020-12-15T10:30:00.000Z","agent":"John Smith","#,
    r#""bot":"Telegram"},{"uid":"73-tel-615940546","mid":"5fd89d9015cf735bd7aaaee1","#,
    r#""msg":"Hi! How can I assist you today?","typ":"text","sender":"agent","#,
    r#""dt":"2020-12-15T10:30:15.000Z","agent":"John Smith","bot":"Telegram"}]"#
);

/// Name and fields of an event.
pub(crate) struct Pushed {
    pub(crate) cmd: &'static str,
    fields: String,
}

impl Pushed {
    pub(crate) fn cmd_first(&self) -> Vec<u8> {
        format!(r#"{{"cmd":"{}","ok":1,{}}}"#, self.cmd, self.fields).into_bytes()
    }

    pub(crate) fn cmd_last(&self) -> Vec<u8> {
        format!(r#"{{"ok":1,{},"cmd":"{}"}}"#, self.fields, self.cmd).into_bytes()
    }
}

/// One of each, as documented.
pub(crate) fn all() -> Vec<Pushed> {
    let uid = r#""uid":"73-tel-615940546""#;
    let update = format!(r#""data":{{"user":{USER},"update":{{"email":"billy@example.com"}}}}"#);
    [
        ("onUserCreate", format!(r#""data":{USER}"#)),
        ("onUserUpdate", update),
        ("onUserDelete", uid.to_owned()),
        ("onUserDisable", uid.to_owned()),
        ("onUserEnable", uid.to_owned()),
        ("onUserConversation", format!(r#"{uid},"data":{MESSAGES}"#)),
    ]
    .into_iter()
    .map(|(cmd, fields)| Pushed { cmd, fields })
    .collect()
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "decoded to be measured")]
pub(crate) struct Created {
    data: PlainUser,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "decoded to be measured")]
pub(crate) struct Updated {
    data: UserAndUpdate,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "decoded to be measured")]
struct UserAndUpdate {
    user: PlainUser,
    update: Map<String, Value>,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "decoded to be measured")]
pub(crate) struct UidOnly {
    uid: Uid,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "decoded to be measured")]
pub(crate) struct Closed {
    uid: Uid,
    data: Vec<PlainMessage>,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "decoded to be measured")]
struct PlainMessage {
    uid: Option<Uid>,
    email: Option<String>,
    name: Option<String>,
    phone: Option<PhoneNumber>,
    url: Option<String>,
    aid: Option<AgentId>,
    agent: Option<String>,
    agentemail: Option<String>,
    mid: Mid,
    msg: Option<String>,
    typ: MessageKind,
    sender: Sender,
    dt: Option<DateTime>,
    bot: Option<Channel>,
}

/// All of them as serde tells them apart.
#[derive(Deserialize)]
#[serde(tag = "cmd")]
#[allow(dead_code, reason = "decoded to be measured")]
#[allow(clippy::large_enum_variant, reason = "the plain way, without a box")]
pub(crate) enum Tagged {
    #[serde(rename = "onUserCreate")]
    Created(Created),
    #[serde(rename = "onUserUpdate")]
    Updated(Updated),
    #[serde(rename = "onUserDelete")]
    Deleted(UidOnly),
    #[serde(rename = "onUserDisable")]
    Disabled(UidOnly),
    #[serde(rename = "onUserEnable")]
    Enabled(UidOnly),
    #[serde(rename = "onUserConversation")]
    Closed(Closed),
}
