use bytes::Bytes;
use serde_json::Value;

/// A request that was read to its end.
#[derive(Debug, Clone)]
pub struct Received {
    /// The request line and the header lines, without the empty line.
    pub head: String,
    /// The body.
    pub body: Bytes,
    /// The number of its connection, from 0.
    pub connection: usize,
}

impl Received {
    /// The first value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }

    /// The body as JSON, `Null` when it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The `cmd` of a Convrs request, empty where there is none.
    #[must_use]
    pub fn command(&self) -> String {
        self.json().get("cmd").and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// Takes the first request out of `bytes` if it is there to its end.
    pub(super) fn take_from(bytes: &mut Vec<u8>, connection: usize) -> Option<Self> {
        const END: &[u8] = b"\r\n\r\n";
        let head = bytes.windows(END.len()).position(|window| window == END)?;
        let text = String::from_utf8_lossy(bytes.get(..head)?).into_owned();
        let length = header(&text, "content-length").and_then(|length| length.parse().ok());
        let start = head.checked_add(END.len())?;
        let end = start.checked_add(length.unwrap_or(0))?;
        let body = Bytes::copy_from_slice(bytes.get(start..end)?);
        bytes.drain(..end);
        Some(Self { head: text, body, connection })
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .skip(1)
        .filter_map(|line| line.split_once(':'))
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
}
