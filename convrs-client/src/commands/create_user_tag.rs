use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Command, Extra, Invalid, OperationClass, lossless::lossless, redact, rules, scalar};

/// Creates a tag for the organisation. The reply's `data` is a number whose meaning is undocumented;
/// the documented example has 1. Undocumented: what happens to a tag that exists already.
///
/// # Errors
/// 3050 for the tag's length, 3051 for the color, 3052 for the description.
///
/// # Wire
/// ```
/// # use convrs_client::{CreateUserTag, Token, envelope};
/// let mut command = CreateUserTag::new("Premium");
/// command.color = Some("#FFD700".to_owned());
/// command.description = Some("Premium subscription customers".to_owned());
/// let documented: serde_json::Value = serde_json::from_str(r##"{
///     "token": "2730b3490cf32a1c16ac8b91e034aa9f073996f7",
///     "cmd": "CreateUserTag",
///     "tag": "Premium",
///     "color": "#FFD700",
///     "description": "Premium subscription customers"
/// }"##)?;
/// let request = envelope::encode_request(&command, &Token::from("2730b3490cf32a1c16ac8b91e034aa9f073996f7"))?;
/// assert_eq!(serde_json::from_str::<serde_json::Value>(&request)?, documented);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Source: Convrs API > Commands - User Tags > CreateUserTag
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
#[non_exhaustive]
pub struct CreateUserTag {
    /// The tag, 3 to 50 characters. Required: 3050.
    #[serde(default, deserialize_with = "scalar::string")]
    pub tag: String,
    /// Its color, `#` and six hex digits: 3051.
    #[serde(
        default,
        deserialize_with = "scalar::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub color: Option<String>,
    /// What it is for, at most 100 characters: 3052.
    #[serde(
        default,
        deserialize_with = "scalar::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub description: Option<String>,
    /// Fields that are not documented.
    #[serde(skip)]
    pub extra: Extra,
}

impl CreateUserTag {
    /// Creates the tag `tag`.
    pub fn new(tag: impl Into<String>) -> Self {
        Self { tag: tag.into(), color: None, description: None, extra: Extra::default() }
    }
}

impl Command for CreateUserTag {
    const NAME: &'static str = "CreateUserTag";
    type Output = Value;

    fn class(&self) -> OperationClass {
        OperationClass::Create
    }

    fn validate(&self) -> Result<(), Invalid> {
        rules::tag(&self.tag)?;
        if let Some(color) = &self.color {
            rules::tag_color(color)?;
        }
        if let Some(description) = &self.description {
            rules::tag_description(description)?;
        }
        rules::extra(self)
    }
}

lossless!(CreateUserTag);
redact::debug!(CreateUserTag { tag, color, extra } hides { description });
