use std::fmt;

use serde::{Deserialize, Serialize};

use crate::redact::{self, Hidden};

/// An amount of money in a template. Assumed: the fields are those of WhatsApp's Cloud API.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TemplateCurrency {
    /// What is shown where the amount cannot be formatted, such as `£12.34`.
    pub fallback_value: String,
    /// Code of the currency, ISO 4217, such as `GBP`.
    pub code: String,
    /// A thousand times the amount: 12340 is 12.34.
    pub amount_1000: i64,
}

impl TemplateCurrency {
    /// An amount of the currency `code`.
    pub fn new(
        code: impl Into<String>,
        amount_1000: i64,
        fallback_value: impl Into<String>,
    ) -> Self {
        Self { fallback_value: fallback_value.into(), code: code.into(), amount_1000 }
    }
}

redact::debug!(TemplateCurrency {} hides { fallback_value, code });

/// A picture, a video or a document in a template. Assumed: the fields are those of WhatsApp's
/// Cloud API.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TemplateMedia {
    /// Where it is.
    #[serde(flatten)]
    pub source: MediaSource,
    /// The name under which a document is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
}

impl TemplateMedia {
    /// What is at a public https address.
    pub fn link(link: impl Into<String>) -> Self {
        Self { source: MediaSource::Link(link.into()), filename: None }
    }

    /// What was uploaded to WhatsApp before, by its id there.
    pub fn id(id: impl Into<String>) -> Self {
        Self { source: MediaSource::Id(id.into()), filename: None }
    }

    /// The same with the name under which a document is shown.
    #[must_use]
    pub fn named(mut self, filename: impl Into<String>) -> Self {
        self.filename = Some(filename.into());
        self
    }
}

redact::debug!(TemplateMedia { source } hides { filename });

/// Where a picture, a video or a document of a template is. Assumed: one of these two.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum MediaSource {
    /// At a public https address.
    Link(String),
    /// At WhatsApp, under this id.
    Id(String),
}

impl fmt::Debug for MediaSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Link(link) => f.debug_tuple("Link").field(&Hidden(link)).finish(),
            Self::Id(id) => f.debug_tuple("Id").field(&Hidden(id)).finish(),
        }
    }
}

/// A place on a map in a template. Assumed: the fields are those of WhatsApp's Cloud API, and the
/// degrees are numbers. Degrees that are not finite have no JSON form: they are sent as `null`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TemplateLocation {
    /// Degrees north, -90 to 90.
    pub latitude: f64,
    /// Degrees east, -180 to 180.
    pub longitude: f64,
    /// The name of the place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

impl TemplateLocation {
    /// The place at these degrees, without name and address.
    #[must_use]
    pub fn new(latitude: f64, longitude: f64) -> Self {
        Self { latitude, longitude, name: None, address: None }
    }
}

redact::debug!(TemplateLocation {} hides { name, address });
