use std::time::{Duration, SystemTime};

use http::{HeaderMap, header};

/// The time that an answer asks to wait, from its `Retry-After`: seconds, or a date, which is read
/// against the answer's own `Date` and never against the clock of this machine. `None` for anything
/// else.
#[must_use]
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More than the clock holds is longer than anybody waits.
        return (!value.is_empty()).then(|| Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let date = |text: &str| httpdate::parse_http_date(text).ok();
    let now: SystemTime = date(headers.get(header::DATE)?.to_str().ok()?)?;
    // A time that has passed is none to wait for.
    Some(date(value)?.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(asked: &str, date: Option<&str>) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(header::RETRY_AFTER, asked.parse().unwrap());
        if let Some(date) = date {
            headers.insert(header::DATE, date.parse().unwrap());
        }
        retry_after(&headers)
    }

    #[test]
    fn h21_seconds_and_dates_are_read_and_garbage_is_not() {
        assert_eq!(of("120", None), Some(Duration::from_secs(120)));
        assert_eq!(of(" 0 ", None), Some(Duration::ZERO));
        assert_eq!(of("1000000000000", None), Some(Duration::from_secs(1_000_000_000_000)));
        assert_eq!(of("99999999999999999999999999", None), Some(Duration::from_secs(u64::MAX)));
        let date = Some("Wed, 21 Oct 2015 07:28:00 GMT");
        assert_eq!(of("Wed, 21 Oct 2015 07:28:30 GMT", date), Some(Duration::from_secs(30)));
        assert_eq!(of("Wed, 21 Oct 2015 07:27:00 GMT", date), Some(Duration::ZERO));
        assert_eq!(of("Wed, 21 Oct 2015 07:28:30 GMT", None), None, "not by our clock");
        for garbage in ["", "-5", "1.5", "soon", "1e12"] {
            assert_eq!(of(garbage, date), None, "{garbage}");
        }
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
