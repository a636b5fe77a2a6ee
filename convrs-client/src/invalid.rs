use std::{borrow::Cow, fmt};

use crate::ErrorCode;

/// A field that breaks a documented rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    field: &'static str,
    code: Option<ErrorCode>,
    rule: Cow<'static, str>,
}

impl Invalid {
    /// `field` as the document names it, the code that the server has for it, and what to change.
    /// `rule` must not repeat the value.
    pub fn new(
        field: &'static str,
        code: Option<ErrorCode>,
        rule: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { field, code, rule: rule.into() }
    }

    /// The field, as the document names it.
    #[must_use]
    pub fn field(&self) -> &'static str {
        self.field
    }

    /// The code that the server has for this breach, `None` where it has none.
    #[must_use]
    pub fn code(&self) -> Option<ErrorCode> {
        self.code
    }

    /// The rule, and so what to change.
    #[must_use]
    pub fn rule(&self) -> &str {
        &self.rule
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the command was not sent: {}: {}", self.field, self.rule)?;
        match self.code {
            Some(code) => write!(f, " (the server's code: {})", code.number()),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Invalid {}
