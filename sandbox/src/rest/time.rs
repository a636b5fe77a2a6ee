use jiff::{Timestamp, civil, tz::Offset};

/// As Python writes a time: microseconds where there are any.
pub(crate) fn write(time: Timestamp) -> String {
    let civil = Offset::UTC.to_datetime(time);
    let micros = if civil.subsec_nanosecond() < 1000 { "" } else { ".%6f" };
    civil.strftime(&format!("%Y-%m-%dT%H:%M:%S{micros}Z")).to_string()
}

/// As JavaScript writes a time: always milliseconds.
pub(crate) fn write_millis(time: Timestamp) -> String {
    Offset::UTC.to_datetime(time).strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// Reads ISO 8601; without an offset it is UTC.
pub(crate) fn read(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    // A date alone is no time for it, and it knows no names of zones.
    if !text.contains([':', 'T', 't']) || text.contains('[') {
        return None;
    }
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time);
    }
    let civil = text.parse::<civil::DateTime>().ok()?;
    Offset::UTC.to_timestamp(civil).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_in_any_zone_and_written_in_utc() {
        for (text, written) in [
            ("2025-02-20T10:00:00Z", "2025-02-20T10:00:00Z"),
            ("2025-02-20T12:00:00.5+02:00", "2025-02-20T10:00:00.500000Z"),
            ("2025-02-20T10:00", "2025-02-20T10:00:00Z"),
            ("2025-02-20 10:00:00", "2025-02-20T10:00:00Z"),
        ] {
            assert_eq!(write(read(text).unwrap()), written, "{text}");
        }
        let time = read("2025-05-16T12:00:00.1234+02:00").unwrap();
        assert_eq!(write_millis(time), "2025-05-16T10:00:00.123Z");
        for text in
            ["", "2025-02-20", "tomorrow", "10:00", "2025-13-01T00:00:00Z", "2025-02-20T10:00[UTC]"]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
