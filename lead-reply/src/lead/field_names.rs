use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Where the values stand in the body that the webhook posts. The names are undocumented, so each value
/// has several, which are tried in turn: the first that is there counts.
///
/// A name is a path, `lead.phone`. Capitals, `_`, `-` and blanks make no difference: `leadId`, `lead_id`
/// and `Lead-ID` are one. [`Default`] has the names that are assumed; see what a real account posts with
/// [`Activity::json`](crate::Activity::json), then put its names in front with [`also`](Self::also).
///
/// By serde it is `{"lead_id": ["lead.id", "lead_id"], ...}`; a value that is left out keeps the assumed
/// names.
///
/// ```
/// use lead_reply::{Activity, Field, FieldNames};
///
/// let names = FieldNames::default().also(Field::LeadId, "customer.uuid");
/// let activity = Activity::read(br#"{"customer": {"uuid": "c-7"}}"#, &names);
/// assert_eq!(activity.lead.id.unwrap().as_str(), "c-7");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "BTreeMap<Field, Vec<String>>", into = "BTreeMap<Field, Vec<String>>")]
pub struct FieldNames(BTreeMap<Field, Vec<String>>);

/// A value of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
#[allow(missing_docs, reason = "each is what it is called; the table says where it is looked for")]
pub enum Field {
    Event,
    EventId,
    OccurredAt,
    Test,
    SourceId,
    SourceName,
    LeadId,
    Name,
    FirstName,
    LastName,
    Phone,
    Email,
    Tags,
    IsNew,
    Ready,
    /// An object, or the text alone.
    Message,
    /// A list of messages.
    Conversation,
    /// Within a message, as the four below.
    MessageId,
    Direction,
    Sender,
    Text,
    SentAt,
}

/// All that is assumed of the names, in one place.
const ASSUMED: [(Field, &[&str]); 22] = [
    (Field::Event, &["event", "event_type", "type", "trigger", "action"]),
    (Field::EventId, &["event_id", "delivery_id", "webhook_id"]),
    (Field::OccurredAt, &["occurred_at", "timestamp", "created_at", "date"]),
    (Field::Test, &["test", "is_test"]),
    (Field::SourceId, &["source.id", "source_id"]),
    (Field::SourceName, &["source.name", "source_name", "lead.source_name", "source"]),
    (
        Field::LeadId,
        &["lead.id", "lead.lead_id", "lead_id", "contact.id", "contact_id", "customer.id", "id"],
    ),
    (
        Field::Name,
        &["lead.name", "lead.full_name", "contact.name", "customer.name", "full_name", "name"],
    ),
    (
        Field::FirstName,
        &["lead.first_name", "contact.first_name", "customer.first_name", "first_name"],
    ),
    (Field::LastName, &["lead.last_name", "contact.last_name", "customer.last_name", "last_name"]),
    (
        Field::Phone,
        &[
            "lead.phone",
            "lead.phone_number",
            "contact.phone",
            "contact.phone_number",
            "contact_info.phone",
            "lead.contact_info.phone",
            "customer.phone",
            "phone",
            "phone_number",
        ],
    ),
    (
        Field::Email,
        &[
            "lead.email",
            "lead.email_address",
            "contact.email",
            "contact_info.email",
            "lead.contact_info.email",
            "customer.email",
            "email",
            "email_address",
        ],
    ),
    (Field::Tags, &["lead.tags", "contact.tags", "customer.tags", "tags", "labels"]),
    (Field::IsNew, &["lead.is_new", "is_new_lead", "is_new", "new_lead"]),
    (Field::Ready, &["lead.ready", "lead.is_ready", "ready"]),
    (Field::Message, &["message", "last_message", "latest_message"]),
    (
        Field::Conversation,
        &[
            "conversation.messages",
            "conversation",
            "messages",
            "history",
            "transcript",
            "lead.conversation",
        ],
    ),
    (Field::MessageId, &["id", "message_id"]),
    (Field::Direction, &["direction", "is_outbound", "outbound", "from_me"]),
    (
        Field::Sender,
        &["sender.type", "sender_type", "sender", "author.type", "author", "from", "role"],
    ),
    (Field::Text, &["text", "body", "content", "message"]),
    (Field::SentAt, &["sent_at", "created_at", "timestamp", "date"]),
];

impl Default for FieldNames {
    fn default() -> Self {
        let owned = |(field, names): (Field, &[&str])| {
            (field, names.iter().map(|name| (*name).to_owned()).collect())
        };
        Self(ASSUMED.into_iter().map(owned).collect())
    }
}

impl From<BTreeMap<Field, Vec<String>>> for FieldNames {
    fn from(names: BTreeMap<Field, Vec<String>>) -> Self {
        let mut all = Self::default();
        all.0.extend(names);
        all
    }
}

impl From<FieldNames> for BTreeMap<Field, Vec<String>> {
    fn from(names: FieldNames) -> Self {
        names.0
    }
}

impl FieldNames {
    /// Looks for a value under this name first.
    #[must_use]
    pub fn also(mut self, field: Field, name: impl Into<String>) -> Self {
        self.0.entry(field).or_default().insert(0, name.into());
        self
    }

    /// Every value that stands under a name of it, in their order.
    pub(super) fn all<'a>(
        &'a self,
        object: &'a Value,
        field: Field,
    ) -> impl Iterator<Item = &'a Value> {
        let names = self.0.get(&field).into_iter().flatten();
        names.filter_map(|name| at(object, name)).filter(|value| !value.is_null())
    }
}

fn at<'a>(object: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(object, |value, name| {
        let fields = value.as_object()?;
        fields.get(name).or_else(|| {
            let mut fields = fields.iter();
            fields.find(|(key, _)| same(key, name)).map(|(_, value)| value)
        })
    })
}

/// Whether two names are one, however they are written.
pub(super) fn same(left: &str, right: &str) -> bool {
    let plain = |name: &str| -> Vec<char> {
        let kept = name.chars().filter(|c| !matches!(c, '_' | '-' | ' ' | '.'));
        kept.flat_map(char::to_lowercase).collect()
    };
    plain(left) == plain(right)
}
