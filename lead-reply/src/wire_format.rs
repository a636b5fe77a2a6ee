//! Everything about the wire that had to be assumed, in one value.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::redact;

mod answer;
mod check;
mod refusal_rule;
mod request;

pub use answer::Replied;
pub use refusal_rule::RefusalRule;
pub(crate) use request::{Operation, Target};

/// How the Lead Reply API is spoken to. Its document names no URL, no header, no field and no status, so
/// **each piece is assumed**. `Default` is the assumption; change what proves to be another way, in code
/// or in a JSON file of the same names:
///
/// ```
/// use lead_reply::{SecretPlace, WireFormat};
///
/// let in_code = WireFormat::default().secret(SecretPlace::Bearer).text_field("message.text");
/// let in_a_file = r#"{"secret": "bearer", "text_field": "message.text"}"#;
/// assert_eq!(serde_json::from_str::<WireFormat>(in_a_file)?, in_code);
/// # Ok::<_, serde_json::Error>(())
/// ```
///
/// What is left out stays as assumed, and an unknown name is an error. Nothing in it is a secret.
///
/// # How to check it
/// Ask support@auto-respond.com for the request, or try the assumed one against a source of your own,
/// with a lead of your own:
///
/// ```sh
/// curl -i -X POST "$SOURCE_URL" -H "X-Secret-Key: $SECRET" -H 'Content-Type: application/json' \
///     -d '{"lead_id":"<id of a lead>","text":"Hello"}'
/// curl -i -X POST "$SOURCE_URL/validate" -H "X-Secret-Key: $SECRET" \
///     -H 'Content-Type: application/json' -d '{}'
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct WireFormat {
    /// The method of a reply: `POST`, `PUT` or `PATCH`. Assumed: `POST`.
    ///
    /// Check: `curl -i -X PUT ...`; a method that is not the right one is usually 404 or 405.
    pub method: String,
    /// What follows the URL of the source for a reply, such as `replies` or `leads/{lead}/replies`, where
    /// `{lead}` stands for the lead. Assumed: nothing.
    ///
    /// Check: `curl -i -X POST "$SOURCE_URL/replies" ...`; a path that is not the right one is usually
    /// 404.
    pub reply_path: String,
    /// The method of Validate Connection: one of those of a reply, or `GET`, which has no body. Assumed:
    /// `POST`.
    ///
    /// Check: `curl -i -X GET "$SOURCE_URL/validate" ...`
    pub validate_method: String,
    /// What follows the URL of the source for Validate Connection. `None`: outside the app there is no
    /// such call, and [`Client::validate_connection`](crate::Client::validate_connection) is refused
    /// here. Assumed: `validate`.
    ///
    /// Check: the second line above, with the right secret and with a wrong one. It may be that only the
    /// app can validate.
    pub validate_path: Option<String>,
    /// Where the secret stands. Assumed: in the header `X-Secret-Key`, as in the REST Webhook.
    ///
    /// Check: the first line above with another place, such as `-H "Authorization: Bearer $SECRET"`,
    /// until the answer differs from that to a wrong secret.
    pub secret: SecretPlace,
    /// The field with the lead's id: a name, or names with dots between them, as in `data.lead.id`.
    /// `None`: the lead stands in the path alone. Assumed: `lead_id`.
    ///
    /// Check: the first line above with the id of a lead that does not exist. The answer should be about
    /// the lead, not about a field that is missing.
    pub lead_field: Option<String>,
    /// The field with the text, as `lead_field`. Assumed: `text`.
    ///
    /// Check: the first line above without the field; the answer may name it.
    pub text_field: String,
    /// Fields that each body has besides, by their paths, such as `{"channel": "sms"}`. Assumed: none.
    ///
    /// Check: the answer to a call without them names what is missing.
    pub fields: BTreeMap<String, Value>,
    /// Headers that each call has besides. Not for secrets: whoever sees the format sees them. Assumed:
    /// none.
    ///
    /// Check: the answer to a call without them names what is missing.
    pub headers: BTreeMap<String, String>,
    /// Where a success has the id of the message, as a JSON pointer. Where there is none, the reply has
    /// none. Assumed: `/message_id`.
    ///
    /// Check: the body of a success, `curl -s ... | jq`.
    pub message_id_at: String,
    /// Where a refusal may have its code, as JSON pointers of which the first text or number counts.
    /// Assumed: `/error/code`, `/code`, `/error_code`, `/error`.
    ///
    /// Check: the body of a refusal, such as that of a wrong secret.
    pub code_at: Vec<String>,
    /// Bodies that are a success though they are no JSON object, such as `OK`. An empty body always is
    /// one. Assumed: none.
    ///
    /// Check: the body of a success.
    pub plain_success: Vec<String>,
    /// How refusals are told: the first rule that fits counts, and behind these come those that are
    /// [assumed](RefusalRule::ASSUMED).
    ///
    /// Check: bring about each one (a wrong secret, Enable off, an unknown lead, a closed conversation)
    /// and look at status and body, `curl -i`.
    pub refusals: Vec<RefusalRule>,
}

/// Where the secret stands in a call.
///
/// There is no place for it in the query: URLs end up in the logs of every server and proxy on the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SecretPlace {
    /// In this header: `{"header": "X-Secret-Key"}`.
    Header(String),
    /// In the header `Authorization`, behind `Bearer `: `"bearer"`.
    Bearer,
    /// In this field of the body, a path with dots: `{"field": "auth.secret"}`.
    Field(String),
}

impl Default for WireFormat {
    fn default() -> Self {
        Self {
            method: "POST".to_owned(),
            reply_path: String::new(),
            validate_method: "POST".to_owned(),
            validate_path: Some("validate".to_owned()),
            secret: SecretPlace::Header("X-Secret-Key".to_owned()),
            lead_field: Some("lead_id".to_owned()),
            text_field: "text".to_owned(),
            fields: BTreeMap::new(),
            headers: BTreeMap::new(),
            message_id_at: "/message_id".to_owned(),
            code_at: ["/error/code", "/code", "/error_code", "/error"].map(str::to_owned).into(),
            plain_success: Vec::new(),
            refusals: Vec::new(),
        }
    }
}

redact::debug!(WireFormat {
    method, reply_path, validate_method, validate_path, secret, lead_field, text_field, message_id_at,
    code_at, refusals,
} hides { fields, headers });

macro_rules! set {
    ($($field:ident: $type:ty),* $(,)?) => {$(
        #[doc = concat!("Sets [`", stringify!($field), "`](Self#structfield.", stringify!($field), ").")]
        #[must_use]
        pub fn $field(mut self, $field: impl Into<$type>) -> Self {
            self.$field = $field.into();
            self
        }
    )*};
}

impl WireFormat {
    set! {
        method: String,
        reply_path: String,
        validate_method: String,
        secret: SecretPlace,
        text_field: String,
        message_id_at: String,
    }

    /// Sets [`validate_path`](Self#structfield.validate_path).
    #[must_use]
    pub fn validate_path(mut self, path: Option<&str>) -> Self {
        self.validate_path = path.map(str::to_owned);
        self
    }

    /// Sets [`lead_field`](Self#structfield.lead_field).
    #[must_use]
    pub fn lead_field(mut self, field: Option<&str>) -> Self {
        self.lead_field = field.map(str::to_owned);
        self
    }

    /// Adds one of the [`fields`](Self#structfield.fields).
    #[must_use]
    pub fn field(mut self, path: impl Into<String>, value: impl Into<Value>) -> Self {
        self.fields.insert(path.into(), value.into());
        self
    }

    /// Adds one of the [`headers`](Self#structfield.headers).
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.insert(name.into(), value.into());
        self
    }

    /// Adds a pointer to [`code_at`](Self#structfield.code_at), ahead of those that are there.
    #[must_use]
    pub fn code_at(mut self, pointer: impl Into<String>) -> Self {
        self.code_at.insert(0, pointer.into());
        self
    }

    /// Adds a body to [`plain_success`](Self#structfield.plain_success).
    #[must_use]
    pub fn plain_success(mut self, body: impl Into<String>) -> Self {
        self.plain_success.push(body.into());
        self
    }

    /// Adds a rule to [`refusals`](Self#structfield.refusals), behind those that are there.
    #[must_use]
    pub fn refusal(mut self, rule: RefusalRule) -> Self {
        self.refusals.push(rule);
        self
    }
}

#[cfg(test)]
mod tests;
