use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Extra, lossless::lossless, model::open_enum::open_enum, redact, scalar};

open_enum! {
    /// Where a template stands. The document shows `APPROVED` only; the others are WhatsApp's.
    TemplateStatus {
        /// It may be sent.
        Approved = "APPROVED",
        /// WhatsApp is looking at it.
        Pending = "PENDING",
        /// WhatsApp refused it.
        Rejected = "REJECTED",
        /// Too many people complained; it comes back after a while.
        Paused = "PAUSED",
        /// It will not come back.
        Disabled = "DISABLED",
    }
}

open_enum! {
    /// What a component of a template is. Undocumented: the names. Assumed: those of WhatsApp.
    ComponentKind {
        /// The header.
        Header = "HEADER",
        /// The text.
        Body = "BODY",
        /// The footer.
        Footer = "FOOTER",
        /// The buttons.
        Buttons = "BUTTONS",
    }
}

/// A WhatsApp template, as the server has it in its cache.
///
/// Source: Convrs API > Commands - Sending Messages > GetWhatsAppTemplate
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
#[non_exhaustive]
pub struct Template {
    /// Its name.
    #[serde(deserialize_with = "scalar::present")]
    pub name: String,
    /// Code of its language, such as `en`.
    #[serde(default, deserialize_with = "scalar::string")]
    pub language: String,
    /// Where it stands.
    pub status: TemplateStatus,
    /// Its parts.
    #[serde(default)]
    pub components: Vec<TemplateComponent>,
    /// Fields that are not documented.
    #[serde(skip)]
    pub extra: Extra,
}

impl Template {
    /// A template without components.
    pub fn new(
        name: impl Into<String>,
        language: impl Into<String>,
        status: TemplateStatus,
    ) -> Self {
        Self {
            name: name.into(),
            language: language.into(),
            status,
            components: Vec::new(),
            extra: Extra::default(),
        }
    }
}

redact::debug!(Template { name, language, status, components, extra });

/// A part of a template. Undocumented: its fields; assumed are WhatsApp's, and `extra` has the rest.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
#[non_exhaustive]
pub struct TemplateComponent {
    /// What it is (wire: `type`).
    #[serde(rename = "type")]
    pub kind: ComponentKind,
    /// Of a header: `TEXT`, `IMAGE`, `VIDEO`, `DOCUMENT` or `LOCATION`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// The text, with placeholders such as `{{1}}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The buttons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buttons: Option<Vec<Value>>,
    /// Fields that are not listed here.
    #[serde(skip)]
    pub extra: Extra,
}

impl TemplateComponent {
    /// A component with a text.
    pub fn new(kind: ComponentKind, text: impl Into<String>) -> Self {
        Self { kind, format: None, text: Some(text.into()), buttons: None, extra: Extra::default() }
    }
}

redact::debug!(TemplateComponent { kind, format, text, extra });

lossless!(Template, TemplateComponent);
