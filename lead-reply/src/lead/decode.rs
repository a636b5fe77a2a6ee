//! Reads a body as far as it can be read.

use jiff::{Timestamp, civil, tz::Offset};
use replykit_inbound::repair_json;
use serde_json::Value;

use super::{
    Activity, ActivityKind, Direction, Field, FieldNames, Lead, Message, Source, field_names::same,
};

pub(super) fn activity(body: &[u8], names: &FieldNames) -> Activity {
    let json: Value = serde_json::from_str(&repair_json(body)).unwrap_or_default();
    // Some senders wrap what they have to say.
    let mut inner = ["data", "payload"].iter().filter_map(|name| json.get(name));
    let object = inner.find(|inner| inner.is_object()).unwrap_or(&json);
    let text = |field| first(names, object, field, text);
    let mut conversation: Vec<Message> = names
        .all(object, Field::Conversation)
        .find_map(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|entry| message(names, entry))
        .collect();
    if conversation.is_sorted_by_key(|entry| std::cmp::Reverse(entry.sent_at))
        && conversation.first().is_some_and(|entry| entry.sent_at.is_some())
    {
        conversation.reverse();
    }
    let message = names.all(object, Field::Message).find_map(|entry| message(names, entry));
    let event = text(Field::Event).or_else(|| first(names, &json, Field::Event, self::text));
    let is_test = first(names, object, Field::Test, truth) == Some(true);
    let kind = if json.is_object() {
        kind(event.as_deref(), is_test, message.is_some(), &conversation)
    } else {
        ActivityKind::Malformed
    };
    let time = |value: &Value| timestamp(value);
    Activity {
        kind,
        event_id: text(Field::EventId).or_else(|| first(names, &json, Field::EventId, self::text)),
        occurred_at: first(names, object, Field::OccurredAt, time),
        lead: lead(names, object),
        source: Source { id: text(Field::SourceId), name: text(Field::SourceName) },
        // A new lead may tell what it wrote in the conversation alone.
        message: message.or_else(|| match kind {
            ActivityKind::NewLead | ActivityKind::NewMessage => conversation.last().cloned(),
            _ => None,
        }),
        conversation,
        json,
    }
}

/// What happened, by its name, and without one by what is there.
fn kind(
    event: Option<&str>,
    is_test: bool,
    has_message: bool,
    conversation: &[Message],
) -> ActivityKind {
    let is = |names: &[&str]| event.is_some_and(|event| names.iter().any(|name| same(event, name)));
    if is_test || is(&["test", "test_request", "webhook_test", "ping"]) {
        ActivityKind::Test
    } else if is(&["new_lead", "lead_created", "created_lead", "lead"]) {
        ActivityKind::NewLead
    } else if is(&["new_contact_info", "contact_info", "contact_info_captured", "contact_updated"])
    {
        ActivityKind::NewContactInfo
    } else if is(&["new_message", "message", "message_created", "message_received", "message_sent"])
    {
        ActivityKind::NewMessage
    } else if event.is_none() && has_message {
        if conversation.len() > 1 { ActivityKind::NewMessage } else { ActivityKind::NewLead }
    } else {
        ActivityKind::Other
    }
}

fn lead(names: &FieldNames, object: &Value) -> Lead {
    let text = |field| first(names, object, field, text);
    let parts = [text(Field::FirstName), text(Field::LastName)];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    let tags = first(names, object, Field::Tags, |value| Some(tags(names, value)));
    Lead {
        id: text(Field::LeadId).map(Into::into),
        name: text(Field::Name).or_else(|| (!parts.is_empty()).then(|| parts.join(" "))),
        phone: text(Field::Phone),
        email: text(Field::Email),
        tags: tags.unwrap_or_default(),
        is_new: first(names, object, Field::IsNew, truth),
        ready: first(names, object, Field::Ready, truth),
    }
}

fn message(names: &FieldNames, entry: &Value) -> Option<Message> {
    let (id, sent_at) = (None, None);
    if let Value::String(text) = entry {
        return Some(Message { id, direction: Direction::Unknown, text: text.clone(), sent_at });
    }
    if !entry.is_object() {
        return None;
    }
    let text = |field| first(names, entry, field, text);
    Some(Message {
        id: text(Field::MessageId).map(Into::into),
        direction: direction(names, entry),
        text: text(Field::Text).unwrap_or_default(),
        sent_at: first(names, entry, Field::SentAt, timestamp),
    })
}

fn direction(names: &FieldNames, entry: &Value) -> Direction {
    let said = first(names, entry, Field::Direction, |value| match value {
        Value::Bool(true) => Some(Direction::Outbound),
        Value::Bool(false) => Some(Direction::Inbound),
        Value::String(text) => by_word(text),
        _ => None,
    });
    let sender = || first(names, entry, Field::Sender, |value| by_word(value.as_str()?));
    said.or_else(sender).unwrap_or(Direction::Unknown)
}

fn by_word(word: &str) -> Option<Direction> {
    let is = |words: &[&str]| words.iter().any(|known| same(word, known));
    if is(&["inbound", "incoming", "in", "received", "lead", "customer", "contact", "consumer"]) {
        Some(Direction::Inbound)
    } else if is(&[
        "outbound",
        "outgoing",
        "out",
        "sent",
        "api",
        "team",
        "agent",
        "auto",
        "automation",
        "bot",
        "system",
        "business",
        "assistant",
    ]) {
        Some(Direction::Outbound)
    } else {
        None
    }
}

/// The first value of a field that can be read so.
fn first<T>(
    names: &FieldNames,
    object: &Value,
    field: Field,
    read: impl Fn(&Value) -> Option<T>,
) -> Option<T> {
    names.all(object, field).find_map(read)
}

/// A text with something in it; a number is one too, and of a list the first.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(values) => values.iter().find_map(text),
        _ => None,
    }
}

fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(yes) => Some(*yes),
        Value::Number(number) => number.as_i64().map(|number| number != 0),
        Value::String(text) if same(text, "true") || same(text, "yes") => Some(true),
        Value::String(text) if same(text, "false") || same(text, "no") => Some(false),
        _ => None,
    }
}

/// A list of texts or of objects with a name, or one text with commas.
fn tags(names: &FieldNames, value: &Value) -> Vec<String> {
    match value {
        Value::Array(tags) => {
            let name = |tag: &Value| text(tag).or_else(|| first(names, tag, Field::Name, text));
            tags.iter().filter_map(name).collect()
        }
        Value::String(list) => {
            let tags = list.split(',').map(str::trim).filter(|tag| !tag.is_empty());
            tags.map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

/// ISO 8601, and seconds or milliseconds since 1970. Assumed: a time without a zone is UTC.
fn timestamp(value: &Value) -> Option<Timestamp> {
    const MILLISECONDS: i64 = 100_000_000_000;
    match value {
        Value::String(text) => text.parse().ok().or_else(|| {
            let civil: civil::DateTime = text.parse().ok()?;
            Offset::UTC.to_timestamp(civil).ok()
        }),
        Value::Number(number) => match number.as_i64()? {
            number if number.abs() >= MILLISECONDS => Timestamp::from_millisecond(number).ok(),
            number => Timestamp::from_second(number).ok(),
        },
        _ => None,
    }
}
