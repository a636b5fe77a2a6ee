use std::{io, path::PathBuf, sync::Arc};

use replykit_transport::Body;

use crate::{Invalid, redact};

mod file;
mod kind;

/// A file to upload: its content, the name that the server learns, and its MIME type.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Media {
    /// The name of the file. Only what is behind the last `/` or `\` goes out. Control characters are
    /// refused, quotes go out as `%22`.
    pub file_name: String,
    /// The MIME type, such as `image/png`, without parameters.
    pub mime: String,
    /// The content. Not empty.
    pub content: Body,
    max_len: u64,
}

impl Media {
    /// The largest file unless [`max_len`](Self::max_len) sets another: 128 MiB. WhatsApp takes
    /// documents of up to 100 MB, and backends refuse (413) what is too much for them.
    pub const MAX_LEN: u64 = 128 * 1024 * 1024;

    /// A file of the type `mime`, from bytes, or from any other source by [`Body::stream`].
    pub fn new(
        file_name: impl Into<String>,
        mime: impl Into<String>,
        content: impl Into<Body>,
    ) -> Self {
        let (file_name, mime) = (file_name.into(), mime.into());
        Self { file_name, mime, content: content.into(), max_len: Self::MAX_LEN }
    }

    /// The file at `path`, under its own name. It is looked at now, and opened and read when a call
    /// sends it, piece by piece. Needs a tokio runtime.
    ///
    /// Its type is told by the end of its name, then by its first bytes (feature `sniff`), and is
    /// otherwise `application/octet-stream`; [`of_type`](Self::of_type) sets another.
    ///
    /// A call sends the file that was looked at, or fails: with `NotSent` where the file is gone or has
    /// changed before there is a connection, and `Unknown` where it changes on the way. The connection
    /// is then broken before the end of the form, so the server never has a complete request. A change
    /// is told by the length and by the time of the last change. Both failures are
    /// [`TransportErrorKind::Upload`](crate::transport::TransportErrorKind::Upload), and are not
    /// repeated.
    ///
    /// The deadline of a call is that of the whole upload: give a large file more time.
    ///
    /// # Errors
    /// An [`Invalid`] for the field `media`: there is no such file, it may not be read, or it is a
    /// directory, a pipe or the like. It does not show the path.
    pub async fn file(path: impl Into<PathBuf> + Send) -> Result<Self, Invalid> {
        let path: PathBuf = path.into();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (content, first) =
            file::look(Arc::from(path), kind::FIRST).await.map_err(|error| unusable(&error))?;
        let mime = kind::kind(&name, &first);
        Ok(Self::new(name, mime, content))
    }

    /// Sets [`mime`](Self::mime).
    #[must_use]
    pub fn of_type(mut self, mime: impl Into<String>) -> Self {
        self.mime = mime.into();
        self
    }

    /// Lets the file have up to `bytes`, in place of [`MAX_LEN`](Self::MAX_LEN).
    #[must_use]
    pub fn max_len(mut self, bytes: u64) -> Self {
        self.max_len = bytes;
        self
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
        if self.content.is_empty() {
            return Err(Invalid::new("media", "the file is empty"));
        }
        if self.content.len() > self.max_len {
            return Err(Invalid::new("media", "the file is larger than 128 MiB, or its max_len"));
        }
        Ok(())
    }

    /// The name without the folders in front of it.
    pub(crate) fn base_name(&self) -> &str {
        self.file_name.rsplit(['/', '\\']).next().unwrap_or_default()
    }
}

redact::debug!(Media { mime } hides { file_name, content });

/// Why a file cannot be used, without its path.
fn unusable(error: &io::Error) -> Invalid {
    Invalid::new(
        "media",
        match error.kind() {
            io::ErrorKind::NotFound => "there is no such file",
            io::ErrorKind::PermissionDenied => "the file may not be read",
            io::ErrorKind::IsADirectory => "this is a directory: give a file",
            io::ErrorKind::InvalidInput => "this is no regular file",
            _ => "the file cannot be read",
        },
    )
}

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

    #[test]
    fn a_file_has_a_largest_length_which_can_be_set() {
        let of = |len| {
            let nothing = || async { Err(io::ErrorKind::NotFound.into()) };
            Media::new("cat.png", "image/png", Body::stream(len, nothing))
        };
        assert_eq!(of(Media::MAX_LEN).validate(), Ok(()));
        assert!(of(Media::MAX_LEN + 1).validate().is_err());
        assert_eq!(of(u64::MAX).max_len(u64::MAX).validate(), Ok(()));
        assert!(of(3).max_len(2).validate().is_err());
    }
}
