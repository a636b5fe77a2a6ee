//! The session cookie: the one that is kept, of all that a server may set.

use cookie::Cookie;
use http::{HeaderMap, HeaderValue, Uri, header};
use jiff::{Timestamp, fmt::rfc2822};

const NAME: &str = "connect.sid";
/// What browsers take, name and value together.
const LONGEST: usize = 4096;

/// The value of `connect.sid`, as it came: a server compares it byte by byte.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct SessionCookie(String);

/// What an answer says of the session cookie.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Told {
    Set(SessionCookie),
    Ended,
}

impl SessionCookie {
    /// `None` for what a header cannot carry, or what would end the cookie and begin another one.
    pub(super) fn new(value: &str) -> Option<Self> {
        let is_value = |b: u8| b.is_ascii_graphic() && !matches!(b, b'"' | b',' | b';' | b'\\');
        let fits = !value.is_empty() && value.len() + NAME.len() <= LONGEST;
        (fits && value.bytes().all(is_value)).then(|| Self(value.to_owned()))
    }

    pub(super) fn value(&self) -> &str {
        &self.0
    }

    /// The value of the header `Cookie`.
    pub(super) fn header(&self) -> Option<HeaderValue> {
        let mut header = HeaderValue::try_from(format!("{NAME}={}", self.0)).ok()?;
        header.set_sensitive(true);
        Some(header)
    }
}

/// Reads what an answer from below `base` says. Of several cookies the last one counts, as in a browser.
/// One for other hosts or another path is none of ours; one for a whole domain too, for it may come from
/// a neighbour.
pub(super) fn told(headers: &HeaderMap, base: &Uri) -> Option<Told> {
    let now = date(headers);
    let cookies = headers.get_all(header::SET_COOKIE).iter();
    let cookies = cookies.filter_map(|line| Cookie::parse(line.to_str().ok()?).ok());
    let ours = cookies.filter(|cookie| {
        let domain = cookie.domain();
        cookie.name() == NAME
            && domain
                .is_none_or(|domain| base.host().is_some_and(|h| h.eq_ignore_ascii_case(domain)))
            && cookie.path().is_none_or(|path| covers(path, base.path()))
    });
    let told = ours.filter_map(|cookie| {
        if is_over(&cookie, now) {
            return Some(Told::Ended);
        }
        SessionCookie::new(cookie.value()).map(Told::Set)
    });
    told.last()
}

/// Whether a cookie with this path goes to every endpoint, all of which are below `api/`.
fn covers(path: &str, base: &str) -> bool {
    let api = format!("{}/api/", base.trim_end_matches('/'));
    match api.strip_prefix(path) {
        Some(rest) => path.ends_with('/') || rest.starts_with('/'),
        // A path that is no path counts as the folder of the request.
        None => !path.starts_with('/'),
    }
}

/// The server's time: its dates are by its own clock, whatever that of this machine says.
fn date(headers: &HeaderMap) -> Option<Timestamp> {
    let date = rfc2822::parse(headers.get(header::DATE)?.to_str().ok()?).ok()?;
    Some(date.timestamp())
}

fn is_over(cookie: &Cookie<'_>, now: Option<Timestamp>) -> bool {
    match (cookie.max_age(), cookie.expires_datetime()) {
        (Some(age), _) => !age.is_positive(),
        (None, Some(end)) => {
            // Without a date, the day that servers take to end a cookie: 1 January 1970.
            end.unix_timestamp() <= now.map_or(0, Timestamp::as_second)
        }
        (None, None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Option<String> {
        read_at("https://example.com:8443/wa/", lines)
    }

    /// The value that is set, `ended`, or nothing.
    fn read_at(base: &str, lines: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::SET_COOKIE, line.parse().unwrap());
        }
        told(&headers, &base.parse().unwrap()).map(|told| match told {
            Told::Set(cookie) => cookie.0,
            Told::Ended => "ended".to_owned(),
        })
    }

    fn is(value: &str) -> Option<String> {
        Some(value.to_owned())
    }

    #[test]
    fn the_documented_cookies_are_read() {
        assert_eq!(read(&["connect.sid=s%3A...; Path=/; HttpOnly"]), is("s%3A..."));
        let logout = "connect.sid=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
        assert_eq!(read(&[logout]), is("ended"));
    }

    #[test]
    fn the_value_stays_as_it_came() {
        assert_eq!(read(&["connect.sid=s%3Aa%2Fb.c%2B%3D=="]), is("s%3Aa%2Fb.c%2B%3D=="));
        let header = SessionCookie::new("s%3Ax").unwrap().header().unwrap();
        assert_eq!(header, "connect.sid=s%3Ax");
        assert!(header.is_sensitive());
    }

    #[test]
    fn k04_only_the_session_cookie_of_this_server_counts() {
        for other in [
            "sid=x",
            "CONNECT.SID=x",
            "connect.sid.sig=x",
            "connect.sid=x; Domain=example.org",
            "connect.sid=x; Domain=sub.example.com",
            "connect.sid=x; Domain=com",
            "connect.sid=x; Path=/other",
            "connect.sid=x; Path=/w",
            "connect.sid=x; Path=/wa/api/auth",
            "connect.sid",
            "connect.sid=",
            "",
            "=x",
        ] {
            assert_eq!(read(&[other]), None, "{other}");
        }
        for ours in [
            "connect.sid=x",
            "connect.sid=x; Domain=example.com",
            "connect.sid=x; domain=.EXAMPLE.com",
            "connect.sid=x; Path=/wa",
            "connect.sid=x; Path=/wa/",
            "connect.sid=x; Path=/wa/api",
            "connect.sid=x; Path=nonsense",
            "connect.sid=x; Secure; SameSite=Strict; Partitioned; Unknown=1",
        ] {
            assert_eq!(read(&[ours]), is("x"), "{ours}");
        }
        assert_eq!(read_at("http://127.0.0.1:1/", &["connect.sid=x; Path=/"]), is("x"));
    }

    #[test]
    fn k04_a_cookie_of_64_kib_is_none_and_a_thousand_others_change_nothing() {
        let huge = format!("connect.sid={}", "x".repeat(64 * 1024));
        assert_eq!(read(&[&huge]), None);
        assert_eq!(read(&[&format!("connect.sid={}", "x".repeat(4085))]).unwrap().len(), 4085);
        let others: Vec<_> = (0..1000).map(|n| format!("cookie{n}=x")).collect();
        let mut lines: Vec<_> = others.iter().map(String::as_str).collect();
        lines.insert(500, "connect.sid=x");
        assert_eq!(read(&lines), is("x"));
    }

    #[test]
    fn k04_what_cannot_stand_in_a_header_is_no_value() {
        for value in ["a b", "a,b", "a\"b", "a;b", "a\\b", "a\tb", "ä", "a\r\nX: 1", ""] {
            assert!(SessionCookie::new(value).is_none(), "{value:?}");
        }
    }

    #[test]
    fn of_several_cookies_the_last_one_counts() {
        assert_eq!(
            read(&["connect.sid=a", "connect.sid=b; Path=/other", "connect.sid=c"]),
            is("c")
        );
        assert_eq!(read(&["connect.sid=a", "connect.sid=; Max-Age=0"]), is("ended"));
    }

    #[test]
    fn a_date_is_judged_by_the_clock_of_the_server() {
        let mut headers = HeaderMap::new();
        let cookie = "connect.sid=x; Expires=Thu, 01 Jan 2026 00:00:00 GMT";
        headers.insert(header::SET_COOKIE, cookie.parse().unwrap());
        let told = |date: &str| {
            let mut headers = headers.clone();
            headers.insert(header::DATE, date.parse().unwrap());
            told(&headers, &"http://127.0.0.1/".parse().unwrap()).unwrap() == Told::Ended
        };
        assert!(told("Thu, 01 Jan 2026 00:00:01 GMT"));
        assert!(!told("Wed, 31 Dec 2025 23:59:59 GMT"));
        assert!(!told("now"));
    }

    #[test]
    fn a_cookie_is_over_by_its_age_or_else_by_its_date() {
        for (attribute, told) in [
            ("Max-Age=0", "ended"),
            ("Max-Age=-1", "ended"),
            ("Max-Age=60", "x"),
            ("Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "x"),
            ("Expires=Thu, 01-Jan-1970 00:00:00 GMT", "ended"),
            ("Expires=Fri, 01 Jan 2100 00:00:00 GMT", "x"),
            ("Expires=whenever", "x"),
        ] {
            assert_eq!(read(&[&format!("connect.sid=x; {attribute}")]), is(told), "{attribute}");
        }
    }
}
