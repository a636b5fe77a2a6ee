use std::fmt;

/// A value that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    field: &'static str,
    rule: &'static str,
}

impl Invalid {
    /// `field` as the document names it, and what to change.
    #[must_use]
    pub fn new(field: &'static str, rule: &'static str) -> Self {
        Self { field, rule }
    }

    /// The field, as the document names it.
    #[must_use]
    pub fn field(&self) -> &'static str {
        self.field
    }

    /// The rule, and so what to change.
    #[must_use]
    pub fn rule(&self) -> &'static str {
        self.rule
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the request was not sent: {}: {}", self.field, self.rule)
    }
}

impl std::error::Error for Invalid {}
