//! The MIME type of a file.

/// What is said of a file whose type nobody knows.
const UNKNOWN: &str = "application/octet-stream";

/// What WhatsApp takes, by the end of the name. Names come before bytes: a `.docx` is a zip by its bytes,
/// a `.csv` or `.vcf` nothing at all.
const BY_NAME: [(&str, &str); 25] = [
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("png", "image/png"),
    ("webp", "image/webp"),
    ("gif", "image/gif"),
    ("mp4", "video/mp4"),
    ("3gp", "video/3gpp"),
    ("mp3", "audio/mpeg"),
    ("m4a", "audio/mp4"),
    ("aac", "audio/aac"),
    ("amr", "audio/amr"),
    ("ogg", "audio/ogg"),
    ("opus", "audio/ogg"),
    ("wav", "audio/wav"),
    ("pdf", "application/pdf"),
    ("doc", "application/msword"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xls", "application/vnd.ms-excel"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("ppt", "application/vnd.ms-powerpoint"),
    ("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    ("txt", "text/plain"),
    ("csv", "text/csv"),
    ("vcf", "text/vcard"),
    ("zip", "application/zip"),
];

/// The type of a file called `name` that begins with `first`.
pub(super) fn kind(name: &str, first: &[u8]) -> &'static str {
    let end = name.rsplit_once('.').map_or("", |(_, end)| end);
    let by_name = BY_NAME.iter().find(|(known, _)| end.eq_ignore_ascii_case(known));
    by_name.map(|(_, kind)| *kind).or_else(|| sniff(first)).unwrap_or(UNKNOWN)
}

/// How many bytes [`kind`] wants to see.
#[cfg(feature = "sniff")]
pub(super) const FIRST: u64 = 8 * 1024;
#[cfg(not(feature = "sniff"))]
pub(super) const FIRST: u64 = 0;

#[cfg(feature = "sniff")]
fn sniff(first: &[u8]) -> Option<&'static str> {
    infer::get(first).map(|found| found.mime_type())
}

#[cfg(not(feature = "sniff"))]
fn sniff(_: &[u8]) -> Option<&'static str> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

    #[test]
    fn the_name_comes_before_the_bytes() {
        assert_eq!(kind("cat.JPG", PNG), "image/jpeg");
        assert_eq!(kind("a.tar.pdf", PNG), "application/pdf");
        assert_eq!(kind("people.csv", b"a,b"), "text/csv");
    }

    #[test]
    fn bytes_tell_what_a_name_does_not() {
        let sniffed = if cfg!(feature = "sniff") { "image/png" } else { UNKNOWN };
        for name in ["cat", "cat.", "png", "cat.unheard-of"] {
            assert_eq!(kind(name, PNG), sniffed, "{name}");
            assert_eq!(kind(name, b"?"), UNKNOWN);
        }
    }

    #[test]
    fn each_end_of_a_name_is_listed_once_and_in_small_letters() {
        let mut ends: Vec<_> = BY_NAME.iter().map(|(end, _)| end.to_lowercase()).collect();
        ends.sort();
        ends.dedup();
        assert_eq!(ends.len(), BY_NAME.len());
    }
}
