//! The documented limits, each in one place. Client and sandbox check by the same rules.

use std::{net::IpAddr, ops::RangeInclusive};

use http::{HeaderName, HeaderValue, Uri, header};

use crate::{BotId, DateTime, ErrorCode, Invalid, Mid, PhoneNumber, Uid, lossless::Lossless};

pub(crate) fn uid(uid: &Uid) -> Result<(), Invalid> {
    needed("uid", uid.as_str(), ErrorCode::MissingUid)
}

pub(crate) fn bot_id(bot_id: BotId) -> Result<(), Invalid> {
    if bot_id == BotId::default() {
        return Err(Invalid::new("botID", Some(ErrorCode::MissingBotId), NEEDED));
    }
    Ok(())
}

/// Only that there is one: its form is checked after all that can be missing.
pub(crate) fn phone(phone: &PhoneNumber) -> Result<(), Invalid> {
    needed("phone", phone.as_str(), ErrorCode::MissingPhone)
}

/// The document has no code for a missing mid: an empty one is an unknown one.
pub(crate) fn mid(mid: &Mid) -> Result<(), Invalid> {
    needed("mid", mid.as_str(), ErrorCode::UnknownMessage)
}

pub(crate) fn template_name(name: &str) -> Result<(), Invalid> {
    needed("templateName", name, ErrorCode::MissingTemplateName)
}

pub(crate) fn language(language: &str) -> Result<(), Invalid> {
    needed("language", language, ErrorCode::MissingTemplateLanguage)
}

pub(crate) fn name(name: &str) -> Result<(), Invalid> {
    length("name", name, 3..=50, ErrorCode::InvalidName)
}

pub(crate) fn notes(notes: &str) -> Result<(), Invalid> {
    length("notes", notes, 0..=1024, ErrorCode::InvalidNote)
}

pub(crate) fn tag(tag: &str) -> Result<(), Invalid> {
    length("tag", tag, 3..=50, ErrorCode::InvalidTag)
}

pub(crate) fn tag_given(tag: &str) -> Result<(), Invalid> {
    needed("tag", tag, ErrorCode::InvalidTag)
}

pub(crate) fn tag_color(color: &str) -> Result<(), Invalid> {
    let hex = color.strip_prefix('#').unwrap_or_default();
    if hex.len() == 6 && hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(());
    }
    Err(Invalid::new("color", Some(ErrorCode::InvalidTagColor), "write it as #FF5733"))
}

pub(crate) fn tag_description(description: &str) -> Result<(), Invalid> {
    length("description", description, 0..=100, ErrorCode::InvalidTagDescription)
}

pub(crate) fn message_given(message: &str) -> Result<(), Invalid> {
    needed("message", message, ErrorCode::MissingMessage)
}

pub(crate) fn message_length(message: &str) -> Result<(), Invalid> {
    length("message", message, 0..=2000, ErrorCode::MessageTooLong)
}

pub(crate) fn message(message: &str) -> Result<(), Invalid> {
    message_given(message)?;
    message_length(message)
}

pub(crate) fn route_given(route: &str) -> Result<(), Invalid> {
    needed("route", route, ErrorCode::MissingRoute)
}

pub(crate) fn route(route: &str) -> Result<(), Invalid> {
    length("route", route, 0..=256, ErrorCode::RouteTooLong)
}

/// The document gives GetUsers no code of its own: a bad date is a bad start date.
pub(crate) fn created_after(time: Option<&DateTime>) -> Result<(), Invalid> {
    date("CreatedDate", time, ErrorCode::InvalidStartDate)
}

pub(crate) fn date_range(start: Option<&DateTime>, end: Option<&DateTime>) -> Result<(), Invalid> {
    date("StartDate", start, ErrorCode::InvalidStartDate)?;
    date("EndDate", end, ErrorCode::InvalidEndDate)?;
    if let (Some(start), Some(end)) = (start, end)
        && start.timestamp() > end.timestamp()
    {
        let rule = "the start is after the end: swap them";
        return Err(Invalid::new("StartDate", Some(ErrorCode::StartAfterEnd), rule));
    }
    Ok(())
}

fn date(field: &'static str, time: Option<&DateTime>, code: ErrorCode) -> Result<(), Invalid> {
    match time {
        Some(time) if time.timestamp().is_none() => {
            Err(Invalid::new(field, Some(code), "write it as 2020-03-01T00:00:00"))
        }
        _ => Ok(()),
    }
}

/// Characters are Unicode scalar values; the document does not say which it counts.
fn length(
    field: &'static str,
    text: &str,
    allowed: RangeInclusive<usize>,
    code: ErrorCode,
) -> Result<(), Invalid> {
    if allowed.contains(&text.chars().count()) {
        return Ok(());
    }
    let (least, most) = allowed.into_inner();
    Err(Invalid::new(field, Some(code), format!("it must have {least} to {most} characters")))
}

/// One `@`, something on both sides of it, no blanks or control characters: the server decides the
/// rest.
pub(crate) fn email(field: &'static str, email: &str, code: ErrorCode) -> Result<(), Invalid> {
    let fits = email.split_once('@').is_some_and(|(name, domain)| {
        !name.is_empty() && !domain.is_empty() && !domain.contains('@')
    }) && !email.chars().any(|c| c.is_whitespace() || c.is_control());
    if fits {
        Ok(())
    } else {
        Err(Invalid::new(field, Some(code), "write an address such as john@example.com"))
    }
}

/// Callbacks carry phone numbers, so they must not cross a network in the clear.
pub(crate) fn webhook_url(url: &str) -> Result<(), Invalid> {
    let fits = url.parse::<Uri>().is_ok_and(|uri| {
        let named = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let local = host.eq_ignore_ascii_case("localhost")
            || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        named
            && !host.is_empty()
            && matches!((uri.scheme_str(), local), (Some("https"), _) | (Some("http"), true))
    });
    if fits {
        Ok(())
    } else {
        let rule = "it must be https, or http to this machine, without a user name or password";
        Err(Invalid::new("webhookURL", Some(ErrorCode::InvalidJson), rule))
    }
}

pub(crate) fn webhook_header(name: &str, value: &str) -> Result<(), Invalid> {
    let name_fits =
        HeaderName::from_bytes(name.as_bytes()).is_ok_and(|name| !FRAMING.contains(&name));
    if name_fits && value.is_ascii() && HeaderValue::from_str(value).is_ok() {
        return Ok(());
    }
    let rule = "a name must be a header name other than those that frame a request, such as Host, \
                and a value printable ASCII without line breaks";
    Err(Invalid::new("webhookHeaders", Some(ErrorCode::InvalidJson), rule))
}

/// `extra` adds fields, it does not replace any.
pub(crate) fn extra<T: Lossless>(command: &T) -> Result<(), Invalid> {
    let taken = |name: &str| name == "token" || name == "cmd" || T::known_fields().contains(&name);
    if command.extra().names().any(taken) {
        let rule = "it names a field that the command has already: set that field itself";
        return Err(Invalid::new("extra", Some(ErrorCode::InvalidJson), rule));
    }
    Ok(())
}

/// With these a callback would become another request.
const FRAMING: [HeaderName; 7] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::HOST,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

const NEEDED: &str = "it is needed, and it is missing";

fn needed(field: &'static str, value: &str, code: ErrorCode) -> Result<(), Invalid> {
    if value.trim().is_empty() { Err(Invalid::new(field, Some(code), NEEDED)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Rule = fn(&str) -> Result<(), Invalid>;

    #[test]
    fn each_limit_holds_just_inside_and_breaks_just_outside() {
        let limits: [(Rule, usize, usize, ErrorCode); 6] = [
            (name, 3, 50, ErrorCode::InvalidName),
            (notes, 0, 1024, ErrorCode::InvalidNote),
            (tag, 3, 50, ErrorCode::InvalidTag),
            (tag_description, 0, 100, ErrorCode::InvalidTagDescription),
            (message_length, 0, 2000, ErrorCode::MessageTooLong),
            (route, 0, 256, ErrorCode::RouteTooLong),
        ];
        for (rule, least, most, code) in limits {
            // Characters count, not bytes: each of these has four.
            let text = |length: usize| "😀".repeat(length);
            assert_eq!(rule(&text(least)), Ok(()), "{code}");
            assert_eq!(rule(&text(most)), Ok(()), "{code}");
            assert_eq!(rule(&text(most + 1)).unwrap_err().code(), Some(code));
            if least > 0 {
                assert_eq!(rule(&text(least - 1)).unwrap_err().code(), Some(code));
            }
        }
    }

    #[test]
    fn what_is_needed_must_not_be_blank() {
        let needs: [(Rule, ErrorCode); 5] = [
            (message_given, ErrorCode::MissingMessage),
            (message, ErrorCode::MissingMessage),
            (route_given, ErrorCode::MissingRoute),
            (tag_given, ErrorCode::InvalidTag),
            (template_name, ErrorCode::MissingTemplateName),
        ];
        for (rule, code) in needs {
            for blank in ["", " ", "\n"] {
                assert_eq!(rule(blank).unwrap_err().code(), Some(code));
            }
        }
    }

    #[test]
    fn a_color_is_a_hash_and_six_hex_digits() {
        assert_eq!(tag_color("#FF5733"), Ok(()));
        assert_eq!(tag_color("#ff5733"), Ok(()));
        for color in ["", "FF5733", "#FF573", "#FF57333", "#GG5733", "red", "#ＦＦ5733"] {
            let invalid = tag_color(color).unwrap_err();
            assert_eq!(invalid.code(), Some(ErrorCode::InvalidTagColor), "{color}");
        }
    }

    #[test]
    fn a_range_of_dates_has_a_start_before_its_end() {
        let time = |text: &str| Some(DateTime::from(text));
        let check = |start: Option<DateTime>, end: Option<DateTime>| {
            date_range(start.as_ref(), end.as_ref()).map_err(|e| e.code().unwrap())
        };
        assert_eq!(check(None, None), Ok(()));
        assert_eq!(check(time("2020-03-01T00:00:00"), time("2020-03-01T00:00:00Z")), Ok(()));
        assert_eq!(check(time("soon"), None), Err(ErrorCode::InvalidStartDate));
        assert_eq!(check(None, time("soon")), Err(ErrorCode::InvalidEndDate));
        assert_eq!(
            check(time("2020-03-01T00:00:01"), time("2020-03-01T00:00:00")),
            Err(ErrorCode::StartAfterEnd)
        );
    }

    #[test]
    fn an_address_has_one_at_and_no_blanks() {
        let fits = |text| email("agentEmail", text, ErrorCode::InvalidAgent).is_ok();
        assert!(fits("john@example.com"));
        for text in ["", "john", "@example.com", "john@", "a@b@c", "Jo <j@x.com>", "j@x.com\n"] {
            assert!(!fits(text), "{text}");
        }
    }

    #[test]
    fn a_webhook_url_is_https_or_on_this_machine() {
        for url in [
            "https://yourserver.com/whatsapp-callback",
            "http://127.0.0.1:8080/acks",
            "http://LOCALHOST/acks",
            "http://[::1]:8080/acks",
        ] {
            assert_eq!(webhook_url(url), Ok(()), "{url}");
        }
        for url in [
            "",
            "acks",
            "/acks",
            "example.com:443",
            "https://:443/",
            "http://example.com/",
            "http://127.0.0.1.example.com/",
            "http://10.0.0.1/",
            "https://u:p@example.com/",
            "ftp://127.0.0.1/",
        ] {
            assert!(webhook_url(url).is_err(), "{url}");
        }
    }

    #[test]
    fn a_webhook_header_cannot_smuggle_another() {
        assert_eq!(webhook_header("X-Secret", "s3cret value"), Ok(()));
        assert!(webhook_header("X-Secret", "a\r\nHost: evil").is_err());
        assert!(webhook_header("X Secret", "a").is_err());
        assert!(webhook_header("", "a").is_err());
        assert!(webhook_header("Content-Length", "5").is_err());
        assert!(webhook_header("host", "evil").is_err());
        assert!(webhook_header("X-Secret", "caf\u{e9}").is_err());
        assert!(webhook_header("X-Secret", "a\0").is_err());
    }
}
