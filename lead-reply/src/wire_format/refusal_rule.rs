use std::borrow::Cow;

use http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::RefusalKind;

/// By what a refusal is told: all that a rule names has to fit.
///
/// ```
/// use lead_reply::{RefusalKind, RefusalRule, WireFormat};
///
/// let off = RefusalRule::new(RefusalKind::IntegrationOff).status(422).contains("not enabled");
/// let in_a_file = r#"{"refusals": [
///     {"means": "integration_off", "status": 422, "contains": "not enabled"}
/// ]}"#;
/// let wire = WireFormat::default().refusal(off);
/// assert_eq!(serde_json::from_str::<WireFormat>(in_a_file)?, wire);
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct RefusalRule {
    /// What such an answer means. `None`, in JSON `null`: it is no refusal, and its status alone tells
    /// [what is known](crate::Outcome::of_status); so an assumed rule can be put out of force.
    pub means: Option<RefusalKind>,
    /// The status. `None`: 4xx, and 2xx where the body says no. An answer of 5xx leaves open what was
    /// done, so a rule has to name its status to say that nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The code, in capitals or not. See [`WireFormat::code_at`](crate::WireFormat#structfield.code_at).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Cow<'static, str>>,
    /// A part of the body, as it stands there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contains: Option<Cow<'static, str>>,
}

impl RefusalRule {
    /// What is assumed: codes first, then bare statuses.
    ///
    /// | code | bare status | means |
    /// |---|---|---|
    /// | `invalid_secret` | 401 | [`BadSecret`](RefusalKind::BadSecret) |
    /// | `integration_disabled` | | [`IntegrationOff`](RefusalKind::IntegrationOff) |
    /// | | 403 | [`SecretOrOff`](RefusalKind::SecretOrOff) |
    /// | `unknown_lead` | 404 | [`UnknownLead`](RefusalKind::UnknownLead) |
    /// | `conversation_closed` | 409, 410 | [`ConversationClosed`](RefusalKind::ConversationClosed) |
    /// | `lead_not_ready` | | [`LeadNotReady`](RefusalKind::LeadNotReady) |
    /// | `rate_limited` | 429 | [`RateLimited`](RefusalKind::RateLimited) |
    /// | `text_too_long` | 413 | [`TextTooLong`](RefusalKind::TextTooLong) |
    /// | `invalid_request` | 400, 422 | [`InvalidRequest`](RefusalKind::InvalidRequest) |
    pub const ASSUMED: &[Self] = &[
        Self::by_code("invalid_secret", RefusalKind::BadSecret),
        Self::by_code("integration_disabled", RefusalKind::IntegrationOff),
        Self::by_code("unknown_lead", RefusalKind::UnknownLead),
        Self::by_code("conversation_closed", RefusalKind::ConversationClosed),
        Self::by_code("lead_not_ready", RefusalKind::LeadNotReady),
        Self::by_code("rate_limited", RefusalKind::RateLimited),
        Self::by_code("text_too_long", RefusalKind::TextTooLong),
        Self::by_code("invalid_request", RefusalKind::InvalidRequest),
        Self::by_status(401, RefusalKind::BadSecret),
        Self::by_status(403, RefusalKind::SecretOrOff),
        Self::by_status(404, RefusalKind::UnknownLead),
        Self::by_status(409, RefusalKind::ConversationClosed),
        Self::by_status(410, RefusalKind::ConversationClosed),
        Self::by_status(429, RefusalKind::RateLimited),
        Self::by_status(413, RefusalKind::TextTooLong),
        Self::by_status(400, RefusalKind::InvalidRequest),
        Self::by_status(422, RefusalKind::InvalidRequest),
    ];

    /// A rule that fits nothing until it has a status, a code or a text.
    #[must_use]
    pub fn new(means: impl Into<Option<RefusalKind>>) -> Self {
        Self { means: means.into(), status: None, code: None, contains: None }
    }

    /// Sets [`status`](Self#structfield.status).
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Sets [`code`](Self#structfield.code).
    #[must_use]
    pub fn code(mut self, code: impl Into<Cow<'static, str>>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Sets [`contains`](Self#structfield.contains).
    #[must_use]
    pub fn contains(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        self.contains = Some(text.into());
        self
    }

    const fn by_code(code: &'static str, means: RefusalKind) -> Self {
        Self { means: Some(means), status: None, code: Some(Cow::Borrowed(code)), contains: None }
    }

    const fn by_status(status: u16, means: RefusalKind) -> Self {
        Self { means: Some(means), status: Some(status), code: None, contains: None }
    }

    pub(super) fn fits(&self, status: StatusCode, code: Option<&str>, body: &str) -> bool {
        let fits_status = match self.status {
            Some(number) => status == number,
            None => status.is_client_error() || status.is_success(),
        };
        let fits_code = self
            .code
            .as_deref()
            .is_none_or(|named| code.is_some_and(|code| code.trim().eq_ignore_ascii_case(named)));
        fits_status && fits_code && self.contains.as_deref().is_none_or(|part| body.contains(part))
    }
}
