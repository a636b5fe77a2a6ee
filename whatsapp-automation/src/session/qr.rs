use std::fmt;

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Deserializer, de::Error};

use crate::redact::Hidden;

/// A QR code that pairs a phone. Whoever scans it has the account's WhatsApp, so show it to its owner
/// alone, and never log it.
#[derive(Clone, PartialEq, Eq)]
pub struct QrCode {
    payload: String,
}

impl QrCode {
    /// What the code says, for a renderer of your own.
    #[must_use]
    pub fn payload(&self) -> &str {
        &self.payload
    }

    /// As an SVG picture, black on white. Nothing, where the payload is longer than a QR code can be (2,953
    /// bytes).
    #[cfg(feature = "qr")]
    #[must_use]
    pub fn to_svg(&self) -> Option<String> {
        use qrcode::render::svg::Color;
        let picture = self.code()?;
        Some(picture.render::<Color<'_>>().min_dimensions(256, 256).build())
    }

    /// As lines of half blocks, for a terminal that writes light on dark. Nothing, where the payload is
    /// longer than a QR code can be (2,953 bytes).
    #[cfg(feature = "qr")]
    #[must_use]
    pub fn to_terminal(&self) -> Option<String> {
        use qrcode::render::unicode::Dense1x2::{Dark, Light};
        Some(self.code()?.render().dark_color(Light).light_color(Dark).build())
    }

    #[cfg(feature = "qr")]
    fn code(&self) -> Option<qrcode::QrCode> {
        // A terminal has few lines, so the lowest level of correction.
        qrcode::QrCode::with_error_correction_level(&self.payload, qrcode::EcLevel::L).ok()
    }
}

impl fmt::Debug for QrCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QrCode").field("payload", &Hidden(&self.payload)).finish()
    }
}

impl<'de> Deserialize<'de> for QrCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(rename = "qrCodeUrl")]
            url: String,
        }
        let answer = Answer::deserialize(deserializer)?;
        let payload = payload(&answer.url);
        // Without the URL: errors are shown.
        payload
            .map(|payload| Self { payload })
            .ok_or_else(|| D::Error::custom("no data in the URL"))
    }
}

/// The parameter `data` of a URL. A plus stays one: the payload is base64, which has it, and no blank.
fn payload(url: &str) -> Option<String> {
    let (_, query) = url.split_once('?')?;
    let query = query.split('#').next()?;
    let data = query.split('&').find_map(|pair| pair.strip_prefix("data="))?;
    let payload = percent_decode_str(data).decode_utf8().ok()?;
    (!payload.is_empty()).then(|| payload.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k07_the_payload_is_read_from_the_url() {
        for (url, read) in [
            ("https://api.qrserver.com/v1/create-qr-code/?data=...", Some("...")),
            ("https://x/?size=1x1&data=2%40a%2Fb%3D%2C%2B&x=1#f", Some("2@a/b=,+")),
            ("https://x/?data=2@a+b==", Some("2@a+b==")),
            ("https://x/?data=a&size=1x1&data=b", Some("a")),
            ("https://x/?data=%F0%9F%98%80é", Some("\u{1f600}é")),
            ("https://x/?data=", None),
            ("https://x/?metadata=a", None),
            ("https://x/", None),
            ("https://x/?data=%FF", None),
            ("data:image/png;base64,AAAA", None),
            ("", None),
        ] {
            assert_eq!(payload(url).as_deref(), read, "{url}");
        }
    }

    #[test]
    fn k07_neither_debug_nor_an_error_shows_it() {
        let code: QrCode =
            serde_json::from_str(r#"{"qrCodeUrl":"https://x/?data=canary"}"#).unwrap();
        assert_eq!(code.payload(), "canary");
        assert!(!format!("{code:?}").contains("canary"));
        let error = serde_json::from_str::<QrCode>(r#"{"qrCodeUrl":"canary"}"#).unwrap_err();
        assert!(!error.to_string().contains("canary"));
    }

    #[cfg(feature = "qr")]
    mod drawn {
        use super::*;

        const PAYLOAD: &str = "2@Zm9v+YmFy/Lz8=,a2V5,aWRlbnRpdHk=";

        /// What a camera reads, by a decoder that is not ours.
        fn scan(rows: &[Vec<bool>]) -> String {
            let at = |x: usize, y: usize| rows[y][x];
            let grid = rqrr::SimpleGrid::from_func(rows.len(), at);
            rqrr::Grid::new(grid).decode().unwrap().1
        }

        /// Without the white rim.
        fn cut(rows: &[Vec<bool>]) -> Vec<Vec<bool>> {
            let dark = |row: &Vec<bool>| row.iter().any(|dark| *dark);
            let top = rows.iter().position(dark).unwrap();
            let left = rows[top].iter().position(|dark| *dark).unwrap();
            let size = rows.len() - 2 * top;
            // A terminal has two rows a line, so there may be one row too many below.
            let size = size - (1 - size % 2);
            rows[top..top + size].iter().map(|row| row[left..left + size].to_vec()).collect()
        }

        #[test]
        fn a_terminal_shows_what_a_phone_can_scan() {
            let shown = QrCode { payload: PAYLOAD.to_owned() }.to_terminal().unwrap();
            let mut rows = Vec::new();
            for line in shown.lines() {
                // What is drawn is light.
                let dark = |full: [char; 2]| line.chars().map(|c| !full.contains(&c)).collect();
                rows.push(dark(['█', '▀']));
                rows.push(dark(['█', '▄']));
            }
            assert_eq!(scan(&cut(&rows)), PAYLOAD);
        }

        #[test]
        fn a_picture_is_svg_and_a_payload_that_is_too_long_is_none() {
            let picture = QrCode { payload: PAYLOAD.to_owned() }.to_svg().unwrap();
            assert!(picture.starts_with("<?xml") && picture.ends_with("</svg>"), "{picture}");
            assert!(!picture.contains("href") && !picture.contains(PAYLOAD));
            let code = QrCode { payload: "é".repeat(1476) + "x" };
            assert!(code.to_svg().is_some() && code.to_terminal().is_some());
            let code = QrCode { payload: "x".repeat(2954) };
            assert_eq!((code.to_svg(), code.to_terminal()), (None, None));
        }
    }
}
