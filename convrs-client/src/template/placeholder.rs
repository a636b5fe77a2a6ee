use std::collections::BTreeSet;

/// The placeholders of a text in order, by what stands between the braces: `1` for `{{1}}` and
/// `{{ 1 }}`, `name` for `{{name}}`.
///
/// Assumed: a placeholder holds letters, digits and `_`, with or without blanks around them.
/// Anything else in braces is text.
pub fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    pieces(text).filter_map(|piece| match piece {
        Piece::Placeholder(name) => Some(name),
        Piece::Text(_) => None,
    })
}

/// How many parameters a text wants: the highest number of a placeholder, and one for each name.
///
/// ```
/// # use convrs_client::template::parameter_count;
/// assert_eq!(parameter_count("Hello {{1}}, {{2}} is on its way. Thank you, {{1}}!"), 2);
/// assert_eq!(parameter_count("Hello {{name}}, {{order}} is on its way."), 2);
/// ```
#[must_use]
pub fn parameter_count(text: &str) -> usize {
    let (mut highest, mut names) = (0_usize, BTreeSet::new());
    for placeholder in placeholders(text) {
        match placeholder.parse() {
            Ok(number) => highest = highest.max(number),
            Err(_) => {
                names.insert(placeholder);
            }
        }
    }
    highest.saturating_add(names.len())
}

pub(super) enum Piece<'a> {
    Text(&'a str),
    Placeholder(&'a str),
}

/// A text cut at its placeholders, without the braces.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    text.split("{{").enumerate().flat_map(|(nth, part)| {
        let inside = part.split_once("}}").filter(|_| nth > 0);
        match inside.and_then(|(inner, rest)| Some((name(inner)?, rest))) {
            Some((name, rest)) => [Some(Piece::Placeholder(name)), Some(Piece::Text(rest))],
            None => [Some(Piece::Text(part)), None],
        }
        .into_iter()
        .flatten()
    })
}

/// Of three braces the first one is text.
fn name(inner: &str) -> Option<&str> {
    let name = inner.trim_start_matches('{').trim();
    let fits = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    fits.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<&str> {
        placeholders(text).collect()
    }

    #[test]
    fn numbers_and_names_are_placeholders_with_and_without_blanks() {
        assert_eq!(of("{{1}} a {{ 2 }} b {{first_name}}"), ["1", "2", "first_name"]);
        assert_eq!(of("{{1}}{{2}}"), ["1", "2"]);
        assert_eq!(of("{{{1}}}"), ["1"]);
    }

    #[test]
    fn other_braces_are_text() {
        for text in ["", "{1}", "{{}}", "{{ }}", "{{1", "1}}", "}}{{", "{{a b}}", "{{1}", "{ {1} }"]
        {
            assert!(of(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn a_text_wants_its_highest_number_or_its_names() {
        for (text, count) in [
            ("", 0),
            ("{{1}}", 1),
            ("{{2}} before {{1}} and {{2}} again", 2),
            ("{{3}} alone", 3),
            ("{{name}}, {{order}}, {{name}}", 2),
            ("{{1}} and {{name}}", 2),
            ("{{99999999999999999999999}}", 1),
        ] {
            assert_eq!(parameter_count(text), count, "{text}");
        }
    }
}
