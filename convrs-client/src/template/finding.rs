use std::fmt;

use crate::ComponentKind;

/// Something to change in a template, or in what is sent with it.
///
/// `Display` names the place and the change in one sentence, without text of the template:
/// `header: remove the emoji`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Finding {
    /// Where.
    pub place: Place,
    /// What.
    pub kind: FindingKind,
}

impl Finding {
    /// A finding `kind` at `place`.
    #[must_use]
    pub const fn new(place: Place, kind: FindingKind) -> Self {
        Self { place, kind }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.kind)
    }
}

/// A part of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Place {
    /// The header.
    Header,
    /// The body.
    Body,
    /// The footer.
    Footer,
}

impl Place {
    pub(super) fn of(kind: &ComponentKind) -> Option<Self> {
        match kind {
            ComponentKind::Header => Some(Self::Header),
            ComponentKind::Body => Some(Self::Body),
            ComponentKind::Footer => Some(Self::Footer),
            ComponentKind::Buttons | ComponentKind::Other(_) => None,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Header => "header",
            Self::Body => "body",
            Self::Footer => "footer",
        })
    }
}

/// What is to be changed. The first seven come from [`lint()`](super::lint()), the others from
/// [`check_parameters()`](super::check_parameters()).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FindingKind {
    /// Two placeholders have nothing or only blanks between them.
    AdjacentPlaceholders,
    /// There are more placeholders than the text carries; see
    /// [`LETTERS_PER_PLACEHOLDER`](super::LETTERS_PER_PLACEHOLDER).
    TooManyPlaceholders,
    /// Neither header nor body has a placeholder, so everybody gets the same text.
    NoPlaceholder,
    /// There is an emoji in a header or footer.
    Emoji,
    /// There is WhatsApp's formatting in a header or footer.
    Markup,
    /// There is a line break in a header or footer.
    Newline,
    /// A marketing template does not say how to get no more messages; see
    /// [`OPT_OUT_WORDS`](super::OPT_OUT_WORDS).
    NoOptOut,
    /// The number of parameters is not that of the placeholders.
    ParameterCount {
        /// How many the body wants.
        expected: usize,
        /// How many the command has.
        given: usize,
    },
    /// The header wants a value, and the command has none.
    HeaderMissing,
    /// The command has a value for a header that wants none.
    HeaderUnexpected,
    /// The value for the header is of another kind than the header, such as a text for a picture.
    HeaderKind,
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AdjacentPlaceholders => "put words between placeholders that stand side by side",
            Self::TooManyPlaceholders => "use fewer placeholders, or write more around them",
            Self::NoPlaceholder => {
                "add a placeholder for what concerns this one person, such as the name"
            }
            Self::Emoji => "remove the emoji",
            Self::Markup => "remove the signs that make words bold, italic, struck or fixed-width",
            Self::Newline => "write it in one line",
            Self::NoOptOut => "say how to get no more of these messages, such as by answering STOP",
            Self::ParameterCount { expected, given } => {
                return write!(f, "send as many parameters as it wants: {expected}, not {given}");
            }
            Self::HeaderMissing => "send a value for it",
            Self::HeaderUnexpected => "send no value for it, it takes none",
            Self::HeaderKind => "send a value of its own kind, such as a picture for a picture",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_says_where_and_what_to_change() {
        let finding = Finding::new(Place::Header, FindingKind::Emoji);
        assert_eq!(finding.to_string(), "header: remove the emoji");
        let kind = FindingKind::ParameterCount { expected: 2, given: 1 };
        assert_eq!(
            Finding::new(Place::Body, kind).to_string(),
            "body: send as many parameters as it wants: 2, not 1"
        );
    }
}
