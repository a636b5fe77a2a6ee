use std::fmt;

/// Stands for a personal text in `Debug`: tells its length and nothing else.
pub(crate) struct Redacted<'a>(pub(crate) &'a str);

impl fmt::Debug for Redacted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} chars>", self.0.chars().count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_number_of_characters_is_shown() {
        assert_eq!(format!("{:?}", Redacted("+40712345678")), "<12 chars>");
        assert_eq!(format!("{:?}", Redacted("\u{1f600}\n")), "<2 chars>");
    }
}
