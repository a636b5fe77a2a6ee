use serde_json::Value;

use super::{
    Category, Finding, FindingKind, Place,
    placeholder::{Piece, pieces, placeholders},
    plain,
};
use crate::Template;

/// How much a body must say for each placeholder: 8 bytes of letters and digits.
///
/// The document asks for few placeholders relative to the length, without a number. Assumed: this
/// one, which passes `Hi {{1}}, your order {{2}} has shipped.` and stops `Hello {{1}}`. Bytes in
/// UTF-8, because a character of three bytes says about as much as a short word.
pub const LETTERS_PER_PLACEHOLDER: usize = 8;

/// By which words a way out is known, per language: beginnings of words, whole words where a blank
/// follows. Everything but letters and digits counts as one blank, and case does not count. A whole
/// word has other meanings too: in a text it counts in capitals, alone, or where an answer is asked
/// for.
///
/// Assumed: these words. A template in another language is not checked, for nothing could be found
/// in it; in a language of the list, the words of all languages count.
pub const OPT_OUT_WORDS: [(&str, &[&str]); 7] = [
    ("de", &["stopp ", "abmeld", "abzumeld", "abbestell", "abzubestell"]),
    ("en", &["stop ", "opt out", "opting out", "optout", "unsubscrib"]),
    ("es", &["baja ", "cancelar la suscripción", "cancelar suscripción", "desuscri"]),
    ("fr", &["désabonn", "désinscri"]),
    ("it", &["disiscri", "annulla iscrizione", "annullare l iscrizione"]),
    ("nl", &["afmeld", "af te melden", "uitschrijv", "uit te schrijven"]),
    ("pt", &["sair ", "descadastr", "cancelar a inscrição", "cancelar inscrição"]),
];

/// What should be changed in a template, by the document's advice on form; empty for a good one.
///
/// Without `category` it is the one that the template brought along; only marketing is searched for
/// a way out. Components without text, and templates without body, have nothing to find. These are
/// rules of thumb: WhatsApp decides what it approves.
///
/// ```
/// # use convrs_client::{ComponentKind, Template, TemplateComponent, TemplateStatus};
/// # use convrs_client::template::{Category, lint};
/// let mut template = Template::new("spring_sale", "en", TemplateStatus::Pending);
/// template.components = vec![
///     TemplateComponent::new(ComponentKind::Header, "Spring sale 🌷"),
///     TemplateComponent::new(ComponentKind::Body, "Hello {{1}}, all tulips cost half this week."),
/// ];
/// let findings = lint(&template, Some(&Category::Marketing));
/// let findings: Vec<_> = findings.iter().map(ToString::to_string).collect();
/// assert_eq!(findings, [
///     "header: remove the emoji",
///     "footer: say how to get no more of these messages, such as by answering STOP",
/// ]);
/// ```
///
/// Source: Convrs API > Understanding WhatsApp Message Templates > Best Practices to Avoid Account
/// Restrictions
#[must_use]
pub fn lint(template: &Template, category: Option<&Category>) -> Vec<Finding> {
    let mut findings: Vec<_> = texts(template)
        .flat_map(|(place, text)| {
            of_text(place, text).into_iter().map(move |kind| Finding::new(place, kind))
        })
        .collect();
    if !texts(template).any(|(place, _)| place == Place::Body) {
        return findings;
    }
    if texts(template).all(|(_, text)| placeholders(text).next().is_none()) {
        findings.push(Finding::new(Place::Body, FindingKind::NoPlaceholder));
    }
    let category = category.cloned().or_else(|| Category::of(template));
    let needs_way_out = category.is_some_and(|category| category.needs_explicit_opt_in());
    if needs_way_out && lacks_opt_out(template) {
        findings.push(Finding::new(Place::Footer, FindingKind::NoOptOut));
    }
    findings
}

/// The texts of header, body and footer.
fn texts(template: &Template) -> impl Iterator<Item = (Place, &str)> {
    template
        .components
        .iter()
        .filter_map(|component| Some((Place::of(&component.kind)?, component.text.as_deref()?)))
}

fn of_text(place: Place, text: &str) -> Vec<FindingKind> {
    let plain = matches!(place, Place::Header | Place::Footer);
    [
        (FindingKind::AdjacentPlaceholders, has_adjacent(text)),
        (FindingKind::TooManyPlaceholders, place == Place::Body && is_crowded(text)),
        (FindingKind::Emoji, plain && plain::has_emoji(text)),
        (FindingKind::Markup, plain && plain::has_markup(text)),
        (FindingKind::Newline, plain && plain::has_newline(text)),
    ]
    .into_iter()
    .filter_map(|(kind, found)| found.then_some(kind))
    .collect()
}

fn has_adjacent(text: &str) -> bool {
    let mut behind_placeholder = false;
    pieces(text).any(|piece| match piece {
        Piece::Placeholder(_) => std::mem::replace(&mut behind_placeholder, true),
        Piece::Text(between) => {
            behind_placeholder &= between.trim().is_empty();
            false
        }
    })
}

fn is_crowded(text: &str) -> bool {
    let (mut placeholders, mut letters) = (0_usize, 0_usize);
    for piece in pieces(text) {
        match piece {
            Piece::Placeholder(_) => placeholders += 1,
            Piece::Text(text) => {
                letters +=
                    text.chars().filter(|c| c.is_alphanumeric()).map(char::len_utf8).sum::<usize>();
            }
        }
    }
    letters < placeholders.saturating_mul(LETTERS_PER_PLACEHOLDER)
}

fn lacks_opt_out(template: &Template) -> bool {
    let language = template.language.split(['_', '-']).next().unwrap_or_default();
    if !OPT_OUT_WORDS.iter().any(|(known, _)| language.eq_ignore_ascii_case(known)) {
        return false;
    }
    let buttons =
        template.components.iter().flat_map(|component| component.buttons.iter().flatten());
    let labels = buttons.flat_map(|button| [button.get("text"), button.get("url")]);
    let labels = labels.flatten().filter_map(Value::as_str);
    let texts = texts(template).map(|(_, text)| (text, false));
    !texts.chain(labels.map(|label| (label, true))).any(|(text, is_label)| offers(text, is_label))
}

/// Whether a text, or the label of a button, is a way out.
fn offers(text: &str, is_label: bool) -> bool {
    let mut words = String::from(" ");
    for c in text.chars().flat_map(char::to_lowercase) {
        if c.is_alphanumeric() {
            words.push(c);
        } else if !words.ends_with(' ') {
            words.push(' ');
        }
    }
    words.push(' ');
    let begins_a_word = |word: &str| {
        words.match_indices(word).any(|(at, _)| words.get(..at).is_some_and(|s| s.ends_with(' ')))
    };
    // A whole word such as "stop" has other meanings: it counts as a keyword to answer with.
    let is_keyword = |word: &str| {
        let word = word.trim_end();
        is_label
            || words.trim() == word
            || text.split(|c: char| !c.is_alphanumeric()).any(|w| w == word.to_uppercase())
            || ANSWER_WORDS.iter().any(|answer| begins_a_word(answer))
    };
    OPT_OUT_WORDS
        .iter()
        .flat_map(|(_, known)| known.iter())
        .any(|word| begins_a_word(word) && (!word.ends_with(' ') || is_keyword(word)))
}

/// What asks for an answer, by the beginnings of words.
const ANSWER_WORDS: [&str; 10] = [
    "reply", "send", "text ", "answer", "antwort", "schreib", "respond", "envi", "escrib", "type ",
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::{ComponentKind, TemplateComponent, TemplateStatus};

    const BODY: &str = "Hello {{1}}, your order {{2}} has shipped.";

    fn template(language: &str, parts: [&str; 3]) -> Template {
        let kinds = [ComponentKind::Header, ComponentKind::Body, ComponentKind::Footer];
        let mut template = Template::new("order_update", language, TemplateStatus::Approved);
        template.components = kinds
            .into_iter()
            .zip(parts)
            .filter(|(_, text)| !text.is_empty())
            .map(|(kind, text)| TemplateComponent::new(kind, text))
            .collect();
        template
    }

    fn found(parts: [&str; 3]) -> Vec<(Place, FindingKind)> {
        let findings = lint(&template("en", parts), None);
        findings.into_iter().map(|finding| (finding.place, finding.kind)).collect()
    }

    fn in_body(body: &str) -> Vec<(Place, FindingKind)> {
        found(["", body, ""])
    }

    fn lacks_way_out(template: &Template) -> bool {
        let findings = lint(template, Some(&Category::Marketing));
        findings.contains(&Finding::new(Place::Footer, FindingKind::NoOptOut))
    }

    #[test]
    fn a_good_template_has_no_findings() {
        assert_eq!(found(["Your order", BODY, "The Shop™"]), []);
        let unknown = Template::new("order_update", "en", TemplateStatus::Approved);
        assert_eq!(lint(&unknown, Some(&Category::Marketing)), []);
    }

    #[test]
    fn adjacent_placeholders_are_found_and_separated_ones_are_not() {
        let adjacent = (Place::Body, FindingKind::AdjacentPlaceholders);
        for joint in ["", " ", "\n\n"] {
            let body =
                format!("Hello {{{{1}}}}{joint}{{{{ last_name }}}}, your order has shipped.");
            assert_eq!(in_body(&body), [adjacent], "{body}");
        }
        assert_eq!(in_body("Hello {{1}}, {{2}} and {{3}} have been sent to you today."), []);
        assert_eq!(
            found(["{{1}} {{2}}", BODY, ""]),
            [(Place::Header, FindingKind::AdjacentPlaceholders)]
        );
    }

    #[test]
    fn more_placeholders_than_the_text_carries_are_found() {
        let crowded = [(Place::Body, FindingKind::TooManyPlaceholders)];
        assert_eq!(in_body("Hello {{1}}"), crowded);
        assert_eq!(in_body("Order: {{1}}\nDate: {{2}}\nTotal: {{3}}"), crowded);
        for body in [
            BODY,
            "{{1}} is your code",
            "Hi {{1}}, your order {{2}} has shipped.",
            "Dear {{1}}, your appointment is on {{2}} at {{3}}.",
            "{{1}}様、ご注文{{2}}を発送しました。",
        ] {
            assert_eq!(in_body(body), [], "{body}");
        }
    }

    #[test]
    fn a_template_without_placeholder_is_found_and_one_in_the_header_is_enough() {
        let generic = "Your order has shipped. Thank you!";
        assert_eq!(in_body(generic), [(Place::Body, FindingKind::NoPlaceholder)]);
        assert_eq!(found(["Hello {{1}}", generic, ""]), []);
    }

    #[test]
    fn emoji_markup_and_newlines_are_found_in_header_and_footer_only() {
        for (text, near_miss, kind) in [
            ("Shipped 🚚", "Shipped™ → home", FindingKind::Emoji),
            ("*Shipped*", "*Shipped", FindingKind::Markup),
            ("Your\norder", r"Your\norder", FindingKind::Newline),
        ] {
            assert_eq!(found([text, BODY, ""]), [(Place::Header, kind)]);
            assert_eq!(found(["", BODY, text]), [(Place::Footer, kind)]);
            assert_eq!(found([near_miss, BODY, near_miss]), []);
            assert_eq!(in_body(&format!("{text} {BODY}")), []);
        }
    }

    #[test]
    fn marketing_without_a_way_out_is_found() {
        for footer in [
            "",
            "The Shop",
            "Nonstop shopping",
            "Prices stopped rising",
            "Rebaja",
            "Our bus stop is near you",
            "Non-stop sale",
            "Stop by our shop",
        ] {
            assert!(lacks_way_out(&template("en_GB", ["", BODY, footer])), "{footer}");
        }
        for footer in [
            "Reply STOP to end",
            "To opt-out, answer NO",
            "Unsubscribe: example.com/u",
            "(stop)",
            "Zum Abmelden: STOPP",
            "Responde BAJA",
            "Se désabonner",
        ] {
            assert!(!lacks_way_out(&template("en", ["", BODY, footer])), "{footer}");
        }
    }

    #[test]
    fn a_way_out_may_be_a_button() {
        let mut template = template("en", ["", BODY, ""]);
        let mut buttons = TemplateComponent::new(ComponentKind::Buttons, "");
        buttons.buttons = Some(vec![json!({"type": "QUICK_REPLY", "text": "Stop promotions"})]);
        template.components.push(buttons);
        assert!(!lacks_way_out(&template));
    }

    #[test]
    fn only_marketing_in_a_known_language_is_searched_for_a_way_out() {
        assert!(!lacks_way_out(&template("th", ["", BODY, ""])));
        assert!(!lacks_way_out(&template("", ["", BODY, ""])));
        let mut sale = template("de", ["", BODY, ""]);
        assert_eq!(lint(&sale, None), []);
        assert_eq!(lint(&sale, Some(&Category::Utility)), []);
        sale.extra.insert("category", "MARKETING");
        assert_eq!(lint(&sale, None), [Finding::new(Place::Footer, FindingKind::NoOptOut)]);
        assert_eq!(lint(&sale, Some(&Category::Utility)), []);
    }

    proptest! {
        #[test]
        fn no_text_is_a_panic(
            header in ".*",
            body in "(.|[{}*_~`\\n😀]|\\{\\{[0-9a-z ]{0,3}\\}\\}){0,40}",
            footer in "[*_~` a{}1İß]{0,20}",
            language in ".{0,4}",
        ) {
            let template = template(&language, [&header, &body, &footer]);
            for finding in lint(&template, Some(&Category::Marketing)) {
                prop_assert!(!finding.to_string().is_empty());
            }
        }
    }
}
