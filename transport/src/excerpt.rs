const EXCERPT: usize = 256;

/// The first 256 bytes of an answer, in which what looks like a phone number, an e-mail address or a
/// token is masked. It may hold names and texts, so it is for a person who looks into an error, not for
/// a log.
#[must_use]
pub fn excerpt(answer: &[u8]) -> String {
    let in_word = |c: char| c.is_alphanumeric() || "@.+-_".contains(c);
    let in_number = |c: char| c.is_numeric() || " +-.()".contains(c);
    let digits = |text: &str| text.chars().filter(|c| c.is_numeric()).count();
    let long_number = |text: &str| digits(text) >= 7;

    let text = String::from_utf8_lossy(answer.get(..EXCERPT).unwrap_or(answer));
    let text = if answer.len() > EXCERPT {
        // The rest of a word that was cut could have shown what it is.
        text.trim_end_matches(|c| in_word(c) || c == char::REPLACEMENT_CHARACTER)
    } else {
        &text
    };
    let secret_word = |word: &str| word.contains('@') || word.len() >= 32 || long_number(word);
    mask(&mask(text, in_word, secret_word), in_number, long_number)
}

/// Masks those runs of `member` characters that are `secret`.
fn mask(text: &str, member: impl Fn(char) -> bool, secret: impl Fn(&str) -> bool) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let (run, behind) = rest.split_at(rest.find(|c| !member(c)).unwrap_or(rest.len()));
        masked.push_str(if secret(run) { "<masked>" } else { run });
        let (gap, next) = behind.split_at(behind.find(&member).unwrap_or(behind.len()));
        masked.push_str(gap);
        rest = next;
    }
    masked
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_excerpt_keeps_words_and_masks_numbers_addresses_and_tokens() {
        let page = b"<html>502 Bad Gateway for john@example.com, +44 7912 031410, \
                     44-792-202-1411, 2730b3490cf32a1c16ac8b91e034aa9f073996f7</html>";
        assert_eq!(
            excerpt(page),
            "<html>502 Bad Gateway for <masked>,<masked>, <masked>, <masked></html>"
        );
    }

    #[test]
    fn an_excerpt_masks_a_uid_and_a_number_in_groups_and_keeps_an_error_code() {
        assert_eq!(
            excerpt(br#"{"errorCode":2008,"uid":"73-tel-615940546","phone":"44 (0) 7922 02"}"#),
            r#"{"errorCode":2008,"uid":"<masked>","phone":"<masked>"}"#
        );
        assert_eq!(excerpt("call ٤٤٧٩٢٢٠٢".as_bytes()), "call <masked>");
    }

    #[test]
    fn an_excerpt_does_not_show_the_beginning_of_what_it_cuts() {
        for secret in ["2730b3490cf32a1c16ac8b91e034aa9f073996f7", "john@example.com", "4479é22"] {
            for shown in 1..secret.len() {
                let mut answer = "a ".repeat(EXCERPT);
                answer.truncate(EXCERPT - shown);
                answer.push(' ');
                answer.push_str(secret);
                let excerpt = excerpt(answer.as_bytes());
                assert!(excerpt.chars().all(|c| c == 'a' || c == ' '), "{excerpt}");
            }
        }
    }

    #[test]
    fn an_excerpt_is_short_and_survives_any_bytes() {
        assert!(excerpt(&[0xff; 10_000]).len() <= EXCERPT * 3);
        assert_eq!(excerpt(b""), "");
    }

    proptest! {
        #[test]
        fn an_excerpt_never_panics_and_holds_no_long_number(
            answer in prop::collection::vec(any::<u8>(), 0..300), text in "[ -~é٤]{0,300}"
        ) {
            for answer in [&answer[..], text.as_bytes()] {
                let excerpt = excerpt(answer);
                let runs = excerpt.split(|c: char| !c.is_numeric() && !" +-.()".contains(c));
                for run in runs {
                    prop_assert!(run.chars().filter(|c| c.is_numeric()).count() < 7, "{}", excerpt);
                }
            }
        }
    }
}
