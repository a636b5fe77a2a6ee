use std::fmt;

use crate::{BoxError, Incoming, Reply, ReplyHandler};

/// A handler that answers by keywords; the first rule with a keyword in the message wins.
///
/// Whole words count, in any case: `open` is found in "Are you OPEN?" and not in "opener". A
/// keyword of several words is found where they follow each other. Words are what is left between
/// all characters that are neither letter nor digit, so a keyword of signs or emoji alone never
/// matches, and neither does a part of a sentence in a script that puts no spaces between words.
/// ```
/// use autoreply_server::Keywords;
///
/// let bot = Keywords::new()
///     .on("help", "Ask me for our opening hours.")
///     .on_any(["hours", "open"], "We are open from 9 to 17.")
///     .otherwise("Somebody will write back soon.");
/// assert_eq!(bot.answer("Are you OPEN?"), Some("We are open from 9 to 17."));
/// ```
#[derive(Clone, Default)]
pub struct Keywords {
    rules: Vec<Rule>,
    otherwise: Option<String>,
}

#[derive(Clone)]
struct Rule {
    keywords: Vec<Vec<String>>,
    answer: String,
}

impl Keywords {
    /// No rules yet: nothing is answered.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a rule: this answer for a message with this keyword.
    #[must_use]
    pub fn on(self, keyword: impl AsRef<str>, answer: impl Into<String>) -> Self {
        self.on_any([keyword], answer)
    }

    /// Adds a rule: this answer for a message with any of these keywords.
    #[must_use]
    pub fn on_any(
        mut self,
        keywords: impl IntoIterator<Item = impl AsRef<str>>,
        answer: impl Into<String>,
    ) -> Self {
        let keywords = keywords.into_iter().map(|keyword| words(keyword.as_ref())).collect();
        self.rules.push(Rule { keywords, answer: answer.into() });
        self
    }

    /// The answer when no rule matches. Without it such a message gets no reply.
    #[must_use]
    pub fn otherwise(mut self, answer: impl Into<String>) -> Self {
        self.otherwise = Some(answer.into());
        self
    }

    /// The answer to a text, or `None` for silence.
    pub fn answer(&self, text: &str) -> Option<&str> {
        let words = words(text);
        let rule = self.rules.iter().find(|rule| rule.matches(&words));
        rule.map(|rule| rule.answer.as_str()).or(self.otherwise.as_deref())
    }
}

impl ReplyHandler for Keywords {
    async fn reply(&self, message: Incoming) -> Result<Reply, BoxError> {
        Ok(self.answer(&message.message).map_or_else(Reply::no_reply, Reply::text))
    }
}

impl fmt::Debug for Keywords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keywords")
            .field("rules", &self.rules.len())
            .field("otherwise", &self.otherwise.is_some())
            .finish()
    }
}

impl Rule {
    fn matches(&self, words: &[String]) -> bool {
        self.keywords.iter().any(|keyword| {
            !keyword.is_empty() && words.windows(keyword.len()).any(|window| window == keyword)
        })
    }
}

fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        // By way of upper case, so that ß equals SS and both small sigmas are one.
        .map(|word| word.to_uppercase().to_lowercase())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_match_in_any_case() {
        let bot = Keywords::new().on("Open", "yes");
        for text in ["open", "OPEN?", "are you (open)", "x\nopen\ty"] {
            assert_eq!(bot.answer(text), Some("yes"), "{text}");
        }
        for text in ["", "opener", "reopen", "op en", "open1"] {
            assert_eq!(bot.answer(text), None, "{text}");
        }
    }

    #[test]
    fn letters_of_any_script_are_compared_without_case() {
        let bot = Keywords::new()
            .on("straße", "de")
            .on("ΟΔΟΣ", "el")
            .on("помощь", "ru")
            .on("İstanbul", "tr");
        for (text, answer) in [("STRASSE!", "de"), ("οδος", "el"), ("ПОМОЩЬ", "ru")] {
            assert_eq!(bot.answer(text), Some(answer));
        }
        assert_eq!(bot.answer("in İSTANBUL"), Some("tr"));
    }

    #[test]
    fn several_words_match_where_they_follow_each_other() {
        let bot = Keywords::new().on("opening hours", "9-17").on("don't", "ok");
        assert_eq!(bot.answer("Your Opening-Hours, please"), Some("9-17"));
        assert_eq!(bot.answer("hours of opening"), None);
        assert_eq!(bot.answer("opening"), None);
        assert_eq!(bot.answer("DON'T!"), Some("ok"));
    }

    #[test]
    fn the_first_rule_wins_and_otherwise_comes_last() {
        let bot = Keywords::new().otherwise("later").on_any(["a", "b"], "first").on("b", "second");
        assert_eq!(bot.answer("b"), Some("first"));
        assert_eq!(bot.answer("c"), Some("later"));
    }

    #[test]
    fn a_keyword_without_letters_or_digits_never_matches() {
        let bot = Keywords::new().on("", "x").on("?!", "x").on("\u{1f44d}", "x");
        for text in ["", "?!", "\u{1f44d}", "hello"] {
            assert_eq!(bot.answer(text), None);
        }
    }

    #[tokio::test]
    async fn a_message_without_an_answer_gets_no_reply() {
        let bot = Keywords::new().on("help", "How?");
        let ask = |text: &str| bot.reply(Incoming::new("SMS", "x", text, "now"));
        assert_eq!(ask("help").await.unwrap(), Reply::text("How?"));
        assert_eq!(ask("hello").await.unwrap(), Reply::no_reply());
    }

    #[test]
    fn debug_shows_only_how_many_rules_there_are() {
        let bot = Keywords::new().on("canary", "canary").otherwise("canary");
        assert_eq!(format!("{bot:?}"), "Keywords { rules: 1, otherwise: true }");
    }
}
