use std::convert::Infallible;

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, header};
use multer::Multipart;

/// The parts of a form in their order, or that it cannot be read.
pub(crate) type Form = Result<Vec<Part>, Unreadable>;

/// A body that is no form, or ends in the middle of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unreadable;

/// One part of a form.
#[derive(Clone)]
pub(crate) struct Part {
    pub(crate) name: String,
    /// A part with one is a file.
    pub(crate) file_name: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) content: Bytes,
}

impl Part {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.content).into_owned()
    }
}

/// Reads a body that says it is `multipart/form-data`; `None` for any other.
pub(super) async fn read(headers: &HeaderMap, body: &Bytes) -> Option<Form> {
    let content_type = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    if !content_type.to_ascii_lowercase().starts_with("multipart/form-data") {
        return None;
    }
    Some(parts(content_type, body.clone()).await.map_err(|_| Unreadable))
}

async fn parts(content_type: &str, body: Bytes) -> Result<Vec<Part>, multer::Error> {
    let boundary = multer::parse_boundary(content_type)?;
    let body = stream::iter([Ok::<_, Infallible>(body)]);
    let mut form = Multipart::new(body, boundary);
    let mut parts = Vec::new();
    while let Some(field) = form.next_field().await? {
        parts.push(Part {
            name: field.name().unwrap_or_default().to_owned(),
            file_name: field.file_name().map(str::to_owned),
            content_type: field.content_type().map(ToString::to_string),
            content: field.bytes().await?,
        });
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    async fn form(body: &'static str) -> Option<Form> {
        let mut headers = HeaderMap::new();
        let value = HeaderValue::from_static("multipart/form-data; boundary=x");
        headers.insert(header::CONTENT_TYPE, value);
        read(&headers, &Bytes::from_static(body.as_bytes())).await
    }

    #[tokio::test]
    async fn a_form_is_read_part_by_part() {
        let body = "--x\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nHi\r\n\
                    --x\r\nContent-Disposition: form-data; name=\"media\"; filename=\"a.png\"\r\n\
                    Content-Type: image/png\r\n\r\n123\r\n--x--\r\n";
        let parts = form(body).await.unwrap().unwrap();
        assert_eq!((parts[0].name.as_str(), parts[0].text().as_str()), ("text", "Hi"));
        assert_eq!(parts[1].file_name.as_deref(), Some("a.png"));
        assert_eq!(parts[1].content_type.as_deref(), Some("image/png"));
        assert_eq!(parts[1].content, "123");
    }

    #[tokio::test]
    async fn half_a_form_is_none_at_all() {
        let body = "--x\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nHi";
        assert_eq!(form(body).await.unwrap().err(), Some(Unreadable));
        assert!(form("").await.unwrap().is_err());
        assert!(read(&HeaderMap::new(), &Bytes::new()).await.is_none());
    }
}
