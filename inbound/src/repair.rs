use std::borrow::Cow;

/// Makes the JSON of careless senders readable; a correct document comes back untouched.
///
/// Three faults are mended, because each would cost the whole document although only a character is
/// damaged:
/// - byte order marks at the start are dropped;
/// - bytes that are no UTF-8 become U+FFFD;
/// - half of a surrogate pair written as an escape (`\ud83d`, an emoji cut in two) becomes
///   `\ufffd`.
///
/// The result is borrowed unless something had to be replaced. Repairing twice changes nothing
/// more. What is no JSON for any other reason stays none.
pub fn repair_json(json: &[u8]) -> Cow<'_, str> {
    // The check alone is much faster than the one that would replace as it goes.
    let text = match str::from_utf8(json) {
        Ok(text) => Cow::Borrowed(without_marks(text)),
        Err(_) => Cow::Owned(without_marks(&String::from_utf8_lossy(json)).to_owned()),
    };
    let halves = lone_surrogates(&text);
    if halves.is_empty() {
        return text;
    }
    let mut text = text.into_owned();
    for start in halves {
        text.replace_range(start..start + ESCAPE_LENGTH, REPLACEMENT);
    }
    Cow::Owned(text)
}

const REPLACEMENT: &str = r"\ufffd";
const ESCAPE_LENGTH: usize = 6;

// All of them: were only the first one dropped, a second repair would drop the next.
fn without_marks(text: &str) -> &str {
    text.trim_start_matches('\u{feff}')
}

/// Where the escapes start that are half of a surrogate pair without the other half.
// Strings need no tracking: outside of them a backslash is no JSON, replaced or not.
fn lone_surrogates(text: &str) -> Vec<usize> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(ahead) = text.as_bytes().get(at..).and_then(next_backslash) {
        at += ahead;
        at += match code_unit(text, at) {
            Some(0xd800..=0xdbff)
                if matches!(code_unit(text, at + ESCAPE_LENGTH), Some(0xdc00..=0xdfff)) =>
            {
                2 * ESCAPE_LENGTH
            }
            Some(0xd800..=0xdfff) => {
                found.push(at);
                ESCAPE_LENGTH
            }
            Some(_) => ESCAPE_LENGTH,
            // Any other escape has two characters, and the second may be a backslash.
            None => {
                1 + text
                    .get(at + 1..)
                    .and_then(|rest| rest.chars().next())
                    .map_or(0, char::len_utf8)
            }
        };
    }
    found
}

fn next_backslash(text: &[u8]) -> Option<usize> {
    let mut start = without_backslash::<64>(text);
    start += without_backslash::<16>(text.get(start..)?);
    let rest = text.get(start..)?;
    Some(start + rest.iter().position(|byte| *byte == b'\\')?)
}

/// The length of the blocks at the start that hold none. A block is looked through as a whole, which
/// the compiler turns into instructions on many bytes at once.
fn without_backslash<const BLOCK: usize>(text: &[u8]) -> usize {
    let (blocks, _) = text.as_chunks::<BLOCK>();
    let clean = |block: &&[u8; BLOCK]| !block.iter().fold(false, |any, b| any | (*b == b'\\'));
    BLOCK * blocks.iter().take_while(clean).count()
}

/// The number that a `\uXXXX` escape at this place stands for.
fn code_unit(text: &str, at: usize) -> Option<u32> {
    let digits = text.get(at..at + ESCAPE_LENGTH)?.strip_prefix(r"\u")?;
    digits.chars().try_fold(0, |unit, digit| Some(unit * 16 + digit.to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn repaired(json: &str) -> String {
        repair_json(json.as_bytes()).into_owned()
    }

    #[test]
    fn halves_of_a_pair_are_replaced_in_any_case() {
        assert_eq!(repaired(r#""a\ud83db""#), r#""a\ufffdb""#);
        assert_eq!(repaired(r#""\uD83D""#), r#""\ufffd""#);
        assert_eq!(repaired(r#""\uDE00\ud83d""#), r#""\ufffd\ufffd""#);
        assert_eq!(repaired(r#""\ud83d\ud83d\ude00""#), r#""\ufffd\ud83d\ude00""#);
        assert_eq!(repaired(r#""\ud83d\n""#), r#""\ufffd\n""#);
        assert_eq!(repaired(r#""\ud83d\u00e9""#), r#""\ufffd\u00e9""#);
    }

    #[test]
    fn whole_pairs_and_escaped_backslashes_stay() {
        for fine in [r#""\ud83d\ude00""#, r#""\\ud83d""#, r#""\\\\uD83D""#, r#""\"\\""#, "{}"] {
            assert!(matches!(repair_json(fine.as_bytes()), Cow::Borrowed(_)), "{fine}");
            assert_eq!(repaired(fine), fine);
        }
        assert_eq!(repaired(r#""\\\ud83d""#), r#""\\\ufffd""#);
    }

    #[test]
    fn escapes_cut_off_at_the_end_are_left_alone() {
        for cut in ["\"\\", "\"\\u", "\"\\ud83", "\"\\ud83\"", "\"\\u+83d\""] {
            assert_eq!(repaired(cut), cut);
        }
        // No escape either, but it must not hide the next one.
        assert_eq!(repaired("\\é\\ud83d"), "\\é\\ufffd");
        assert_eq!(repaired("\\ud83d\\ude0"), "\\ufffd\\ude0");
    }

    #[test]
    fn byte_order_marks_are_dropped_without_a_copy() {
        let repaired = repair_json(b"\xef\xbb\xbf\xef\xbb\xbf{}");
        assert!(matches!(repaired, Cow::Borrowed("{}")));
        assert_eq!(repair_json("\"\u{feff}\"".as_bytes()), "\"\u{feff}\"");
    }

    #[test]
    fn bytes_that_are_not_utf8_become_the_replacement_character() {
        assert_eq!(repair_json(b"\"a\xffb\""), "\"a\u{fffd}b\"");
        assert_eq!(repair_json(b"\xef\xbb\xbf\"\xc3\""), "\"\u{fffd}\"");
    }

    /// The inside of a JSON string that is correct but for its surrogates.
    fn sloppy_string() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            "[dD][89a-fA-F][0-9a-fA-F]{2}".prop_map(|digits| format!("\\u{digits}")),
            "[0-9a-fA-F]{4}".prop_map(|digits| format!("\\u{digits}")),
            r#"\\["\\/bfnrt]"#.prop_map(|escape| escape),
            "[ud0-9 é😀]{0,4}".prop_map(|plain| plain),
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| format!("\"{}\"", pieces.concat()))
    }

    proptest! {
        #[test]
        fn repairing_twice_is_repairing_once(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let once = repair_json(&bytes);
            prop_assert_eq!(&repair_json(once.as_bytes()), &once);
        }

        #[test]
        fn repairing_escapes_twice_is_repairing_once(text in r#"[\\ud8cCfF"\x{feff}]{0,40}"#) {
            let once = repair_json(text.as_bytes());
            prop_assert_eq!(&repair_json(once.as_bytes()), &once);
        }

        #[test]
        fn a_string_with_any_surrogates_can_be_read_afterwards(json in sloppy_string()) {
            let read = serde_json::from_str::<String>(&repair_json(json.as_bytes()));
            prop_assert!(read.is_ok(), "{}", json);
        }

        #[test]
        fn correct_json_stays_byte_for_byte(json in sloppy_string(), plain in any::<String>()) {
            for json in [json, Value::from(plain).to_string()] {
                if serde_json::from_str::<Value>(&json).is_ok() {
                    let repaired = repair_json(json.as_bytes());
                    prop_assert!(matches!(repaired, Cow::Borrowed(_)));
                    prop_assert_eq!(&*repaired, json.as_str());
                }
            }
        }
    }
}
