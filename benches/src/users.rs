//! Users as the server lists them, made up from a seed: the same ones in every run.

use std::cell::LazyCell;

use convrs_client::{BotId, Channel, DateTime, PhoneNumber, Uid};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

const FIRST: [&str; 8] = ["Billy", "Aisha", "José", "Mary", "Ana", "Nina", "Łukasz", "Grace"];
const LAST: [&str; 8] = ["Bob", "Okafor", "García", "Novák", "Smith", "Berg", "Kim", "Brown"];
const CHANNELS: [(&str, &str); 4] =
    [("WA3", "wa3"), ("CMS", "cms"), ("Telegram", "tel"), ("Web", "web")];
const NOTES: [&str; 4] = ["VIP", "Call after 5 pm", "Order was late", ""];

/// A small generator of numbers: what matters is that it is always the same.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn next(&mut self, below: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }

    fn pick<T: Copy + Default>(&mut self, from: &[T]) -> T {
        let at = self.next(from.len() as u64) as usize;
        from.get(at).copied().unwrap_or_default()
    }
}

fn user(n: u64, numbers: &mut Numbers, unknown: bool) -> String {
    let (first, last) = (numbers.pick(&FIRST), numbers.pick(&LAST));
    let (bot, channel) = numbers.pick(&CHANNELS);
    let phone = format!("4479{:08}", numbers.next(100_000_000));
    let mut notes = numbers.pick(&NOTES).to_owned();
    // One user in ten has a text that JSON writes with escapes.
    if n % 10 == 3 {
        notes.push_str("\nsaid \"call me\"\t");
    }
    let mut fields = vec![
        ("uid", json!(format!("3941-{channel}-{phone}"))),
        ("name", json!(format!("{first} {last}"))),
        ("first_name", json!(first)),
        ("last_name", json!(last)),
        ("bot", json!(bot)),
        ("botID", json!(3941 + numbers.next(3))),
        ("lang", json!(numbers.pick(&["en", "es", "sk", "pl"]))),
        ("created", json!(format!("2020-04-{:02}T17:{:02}:15.000Z", 1 + n % 28, n % 60))),
        ("notes", json!(notes)),
        ("email", json!(format!("user{n}@example.com"))),
        ("phone", json!(format!("+{phone}"))),
        ("url", json!(format!("https://app.conv.rs/u/{:06x}", numbers.next(1 << 24)))),
    ];
    if unknown {
        fields.push(("consent", json!({"sms": true, "at": "2020-04-01", "by": n})));
    }
    // In the order of the document, which a map would not keep.
    let fields: Vec<_> = fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", fields.join(","))
}

/// A reply to GetUsers, some 280 bytes for each user; with a field that no document names on wish. It
/// is made at the first use: what one side needs should not lie in the heap of another.
pub(crate) fn reply(count: u64, unknown: bool) -> LazyCell<Vec<u8>, impl FnOnce() -> Vec<u8>> {
    LazyCell::new(move || {
        let mut numbers = Numbers(7);
        let users: Vec<_> = (0..count).map(|n| user(n, &mut numbers, unknown)).collect();
        format!(r#"{{"ok":1,"cmd":"GetUsers","data":[{}]}}"#, users.join(",")).into_bytes()
    })
}

/// What a program without this family would write: the same fields and types, and derive.
#[derive(Deserialize)]
#[allow(dead_code, reason = "decoded to be measured")]
pub(crate) struct PlainUser {
    uid: Uid,
    name: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    bot: Option<Channel>,
    #[serde(rename = "botID")]
    bot_id: Option<BotId>,
    lang: Option<String>,
    created: Option<DateTime>,
    notes: Option<String>,
    email: Option<String>,
    phone: Option<PhoneNumber>,
    url: Option<String>,
}

/// The same, keeping unknown fields the way serde offers.
#[derive(Deserialize)]
#[allow(dead_code, reason = "decoded to be measured")]
pub(crate) struct FlattenedUser {
    #[serde(flatten)]
    user: PlainUser,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

/// The envelope around them.
#[derive(Deserialize)]
#[allow(dead_code, reason = "decoded to be measured")]
pub(crate) struct PlainReply<T> {
    ok: i64,
    cmd: String,
    pub(crate) data: Vec<T>,
}

/// The baseline.
pub(crate) fn decode<T: DeserializeOwned>(reply: &[u8]) -> Option<PlainReply<T>> {
    serde_json::from_slice(reply).ok().filter(|reply: &PlainReply<T>| reply.ok == 1)
}
