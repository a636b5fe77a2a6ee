use bytes::Bytes;

use crate::{Invalid, redact};

/// A file to upload: its bytes, the name that the server learns, and its MIME type.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Media {
    /// The name of the file. Only what is behind the last `/` or `\` goes out. Control characters are
    /// refused, quotes go out as `%22`.
    pub file_name: String,
    /// The MIME type, such as `image/png`, without parameters.
    pub mime: String,
    /// The content. Not empty.
    pub bytes: Bytes,
}

impl Media {
    /// A file of the type `mime`.
    pub fn new(
        file_name: impl Into<String>,
        mime: impl Into<String>,
        bytes: impl Into<Bytes>,
    ) -> Self {
        Self { file_name: file_name.into(), mime: mime.into(), bytes: bytes.into() }
    }

    /// Checks what cannot be part of an upload.
    ///
    /// # Errors
    /// An [`Invalid`] for the field `media`.
    pub fn validate(&self) -> Result<(), Invalid> {
        let name = self.base_name();
        if matches!(name.trim(), "" | "." | "..") {
            return Err(Invalid::new("media", "give the file a name"));
        }
        if name.chars().any(char::is_control) {
            return Err(Invalid::new("media", "the file name has a control character"));
        }
        if !is_mime(&self.mime) {
            return Err(Invalid::new("media", "the MIME type has the form image/png"));
        }
        if self.bytes.is_empty() {
            return Err(Invalid::new("media", "the file is empty"));
        }
        Ok(())
    }

    /// The name without the folders in front of it.
    pub(crate) fn base_name(&self) -> &str {
        self.file_name.rsplit(['/', '\\']).next().unwrap_or_default()
    }
}

redact::debug!(Media { mime } hides { file_name, bytes });

/// `type/subtype`, both of them a token of RFC 9110.
fn is_mime(mime: &str) -> bool {
    let is_token = |text: &str| {
        let in_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        !text.is_empty() && text.bytes().all(in_token)
    };
    mime.split_once('/').is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, mime: &str) -> Result<(), Invalid> {
        Media::new(name, mime, "bytes").validate()
    }

    #[test]
    fn only_the_base_name_counts() {
        for name in ["../../etc/cat.png", r"C:\cats\cat.png", "cat.png"] {
            assert_eq!(Media::new(name, "image/png", "").base_name(), "cat.png", "{name}");
        }
        for nameless in ["", " ", "cats/", "..", r"cats\.."] {
            assert!(check(nameless, "image/png").is_err(), "{nameless}");
        }
    }

    #[test]
    fn a_name_cannot_begin_a_header() {
        for name in ["cat\r\nX-Header: 1", "cat\n.png", "cat\0.png", "cat\u{85}.png"] {
            assert!(check(name, "image/png").is_err(), "{name:?}");
        }
        assert_eq!(check("кот \"1\".png", "image/svg+xml"), Ok(()));
    }

    #[test]
    fn a_type_is_a_type_and_no_header() {
        for mime in ["", "png", "image/", "/png", "image/png\r\nX: 1", "a b/c", "a/b/c", "a/b; c=d"]
        {
            assert!(check("cat.png", mime).is_err(), "{mime:?}");
        }
    }

    #[test]
    fn an_empty_file_is_refused() {
        assert!(Media::new("cat.png", "image/png", "").validate().is_err());
    }
}
