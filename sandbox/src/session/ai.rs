//! What the AI makes of a text. Undocumented: how. Assumed: anything that can be seen; here the same
//! each time.

/// What was asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Modifications {
    pub(super) synonyms: bool,
    pub(super) emojis: bool,
    pub(super) shuffle: bool,
}

const SYNONYMS: [(&str, &str); 10] = [
    ("hello", "hi"),
    ("buy", "purchase"),
    ("great", "wonderful"),
    ("message", "note"),
    ("new", "fresh"),
    ("now", "today"),
    ("offer", "deal"),
    ("scheduled", "planned"),
    ("start", "begin"),
    ("thanks", "many thanks"),
];

const EMOJIS: [&str; 4] = ["\u{1f60a}", "\u{1f44d}", "\u{1f389}", "\u{2728}"];

impl Modifications {
    pub(super) fn apply(self, text: &str) -> String {
        let mut sentences = sentences(text);
        if self.shuffle && !sentences.is_empty() {
            sentences.rotate_left(1);
        }
        if self.synonyms {
            let changed: Vec<_> = sentences.iter().map(|sentence| synonyms(sentence)).collect();
            // Something is to be seen, also where no word is known.
            if changed == sentences && !changed.is_empty() {
                sentences.insert(0, "In other words:".to_owned());
            } else {
                sentences = changed;
            }
        }
        if self.emojis {
            for (sentence, emoji) in sentences.iter_mut().zip(EMOJIS.into_iter().cycle()) {
                *sentence = format!("{sentence} {emoji}");
            }
        }
        if self == Self::default() { text.to_owned() } else { sentences.join(" ") }
    }
}

fn sentences(text: &str) -> Vec<String> {
    let mut sentences = vec![String::new()];
    for word in text.split_whitespace() {
        let Some(last) = sentences.last_mut() else { break };
        if !last.is_empty() {
            last.push(' ');
        }
        last.push_str(word);
        if word.ends_with(['.', '!', '?']) {
            sentences.push(String::new());
        }
    }
    sentences.retain(|sentence| !sentence.is_empty());
    sentences
}

fn synonyms(sentence: &str) -> String {
    sentence.split(' ').map(synonym).collect::<Vec<_>>().join(" ")
}

/// The other word for one, in capitals where it was, before the same punctuation.
fn synonym(word: &str) -> String {
    let plain = word.trim_end_matches(|c: char| !c.is_alphanumeric());
    let mark = word.strip_prefix(plain).unwrap_or_default();
    let known = SYNONYMS.iter().find(|(known, _)| plain.eq_ignore_ascii_case(known));
    let Some((_, other)) = known else { return word.to_owned() };
    let mut letters = other.chars();
    let first = letters.next().unwrap_or_default();
    let is_capital = plain.starts_with(|c: char| c.is_uppercase());
    let first = if is_capital { first.to_ascii_uppercase() } else { first };
    format!("{first}{}{mark}", letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "Hello, this is a scheduled message! Call us. Thanks";

    #[test]
    fn each_modification_can_be_seen_and_is_the_same_each_time() {
        let none = Modifications::default();
        assert_eq!(none.apply("as  it\nis"), "as  it\nis");
        let synonyms = Modifications { synonyms: true, ..none };
        assert_eq!(synonyms.apply(TEXT), "Hi, this is a planned note! Call us. Many thanks");
        assert_eq!(synonyms.apply("Kaffee?"), "In other words: Kaffee?");
        let shuffle = Modifications { shuffle: true, ..none };
        assert_eq!(shuffle.apply(TEXT), "Call us. Thanks Hello, this is a scheduled message!");
        let emojis = Modifications { emojis: true, ..none };
        assert_eq!(emojis.apply("Hi. Bye."), "Hi. \u{1f60a} Bye. \u{1f44d}");
        let all = Modifications { synonyms: true, emojis: true, shuffle: true };
        assert_eq!(all.apply("New. Now"), "Today \u{1f60a} Fresh. \u{1f44d}");
        assert_eq!(all.apply(""), "");
    }
}
