//! What a header or a footer must not hold.

/// Whether a text holds an emoji.
///
/// The blocks in which most characters are emoji count as a whole, without their typographic parts:
/// stars, check marks, notes and arrows. Elsewhere a character is an emoji when it is asked to look
/// like one, by a variation selector or the frame of a keycap. A flag is made of letters of the
/// first range, and a joined sequence holds emoji anyway: the joiner alone belongs to scripts of
/// India.
pub(super) fn has_emoji(text: &str) -> bool {
    text.chars().any(|c| {
        matches!(c,
            '\u{1f170}'..='\u{1f265}'
            | '\u{1f300}'..='\u{1f64f}'
            | '\u{1f680}'..='\u{1f6ff}'
            | '\u{1f7e0}'..='\u{1f7f0}'
            | '\u{1f900}'..='\u{1f9ff}'
            | '\u{1fa70}'..='\u{1faff}'
            | '\u{1f004}' | '\u{1f0cf}'
            | '\u{231a}' | '\u{231b}' | '\u{23e9}'..='\u{23fa}'
            | '\u{2600}'..='\u{2604}' | '\u{260e}'..='\u{2668}' | '\u{2672}'..='\u{26ff}'
            | '\u{2702}'..='\u{2712}' | '\u{2728}' | '\u{2744}' | '\u{274c}'..='\u{2757}'
            | '\u{2763}' | '\u{2764}' | '\u{2795}'..='\u{2797}' | '\u{27b0}' | '\u{27bf}'
            | '\u{2b1b}' | '\u{2b1c}' | '\u{2b50}' | '\u{2b55}'
            | VARIATION_SELECTOR | KEYCAP)
    })
}

const VARIATION_SELECTOR: char = '\u{fe0f}';
const KEYCAP: char = '\u{20e3}';

pub(super) fn has_newline(text: &str) -> bool {
    text.contains(['\n', '\u{b}', '\u{c}', '\r', '\u{85}', '\u{2028}', '\u{2029}'])
}

/// Whether WhatsApp would show a part of a text bold (`*`), italic (`_`), struck through (`~`) or in
/// a fixed width (`` ` ``).
pub(super) fn has_markup(text: &str) -> bool {
    text.lines().any(|line| ['*', '_', '~', '`'].iter().any(|mark| has_pair(line, *mark)))
}

/// A mark opens before a word and closes behind one, so that `snake_case`, `2*3*4` and the star of a
/// footnote are none. Several in a row are as one.
fn has_pair(line: &str, mark: char) -> bool {
    let outside = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    let inside = |c: Option<char>| c.is_some_and(|c| !c.is_whitespace());
    let (mut open, mut before) = (false, None);
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        if c == mark {
            while chars.next_if_eq(&mark).is_some() {}
            let after = chars.peek().copied();
            if open && inside(before) && outside(after) {
                return true;
            }
            open |= outside(before) && inside(after);
        }
        before = Some(c);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emoji_are_found_in_all_their_forms() {
        for text in [
            "😀",
            "Sale 🎉",
            "👍🏽",
            "👨‍👩‍👧",
            "🇬🇧",
            "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
            "1️⃣",
            "#⃣",
            "❤️",
            "❤",
            "☎",
            "✅",
            "⭐",
            "⏰",
            "™️",
            "🟢",
            "🥐",
            "🫠",
            "🚚",
            "✈",
            "☀",
            "❗",
        ] {
            assert!(has_emoji(text), "{text}");
        }
    }

    #[test]
    fn typographic_characters_and_scripts_are_no_emoji() {
        for text in [
            "",
            "Order #1 (50%)",
            "Brand™ © 2025 ®",
            "Größe café naïve",
            "ご注文の確認",
            "주문 확인",
            "Заказ",
            "طلبك",
            "ක්‍රියා",
            "क्‍ष",
            "→ ← ⇒ ➔ ▶ ■ • · … – — ‘ ’ “ ” «»",
            "★ ☆ ✓ ✗ ♪ ♭",
            "€ £ ₹ ½ № ℃ ① ❶",
        ] {
            assert!(!has_emoji(text), "{text}");
        }
    }

    #[test]
    fn paired_marks_around_words_are_markup() {
        for text in [
            "*bold*",
            "_italic_",
            "~strike~",
            "`mono`",
            "```mono```",
            "an *offer* today",
            "(*new*)",
            "*two words*",
            "*{{1}}*",
            "_*both*_",
            "plain\nthen *bold*",
            "*größe*",
            "**bold**",
        ] {
            assert!(has_markup(text), "{text}");
        }
    }

    #[test]
    fn lone_and_inner_marks_are_no_markup() {
        for text in [
            "",
            "*",
            "**",
            "* *",
            "snake_case_name",
            "2*3*4",
            "price*",
            "Price* excl. VAT*",
            "* note",
            "a * b * c",
            "~5 or ~6",
            "*bold\nnot*",
            "____",
            "Rated *** by ***",
            "it's `",
            "a_b _c",
            "order__id__x",
            "* item *",
        ] {
            assert!(!has_markup(text), "{text}");
        }
    }

    #[test]
    fn every_line_break_is_one() {
        for text in ["a\nb", "a\r\nb", "a\rb", "a\u{2028}b", "\n"] {
            assert!(has_newline(text), "{text:?}");
        }
        for text in ["", "a b", r"a\nb", "a\tb", "a\u{a0}b"] {
            assert!(!has_newline(text), "{text:?}");
        }
    }
}
