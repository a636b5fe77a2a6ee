use std::fmt;

/// A value that breaks a rule. Nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    field: &'static str,
    rule: &'static str,
}

impl Invalid {
    pub(crate) fn new(field: &'static str, rule: &'static str) -> Self {
        Self { field, rule }
    }

    /// The value: a part of the call, or a piece of the [`WireFormat`](crate::WireFormat).
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
        write!(f, "nothing was sent: {}: {}", self.field, self.rule)
    }
}

impl std::error::Error for Invalid {}
