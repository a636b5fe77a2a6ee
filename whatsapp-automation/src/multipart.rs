//! `multipart/form-data` as RFC 7578 and the HTML standard write it.

use http::HeaderValue;
use replykit_transport::Body;

use crate::{Invalid, Media};

/// A form, written part by part. Its names are our own, so they need no escape.
#[derive(Default)]
pub(crate) struct Form {
    parts: Vec<(String, Body)>,
}

impl Form {
    pub(crate) fn text(mut self, name: &'static str, value: impl Into<Body>) -> Self {
        let head = format!("Content-Disposition: form-data; name=\"{name}\"\r\n");
        self.parts.push((head, value.into()));
        self
    }

    pub(crate) fn file(mut self, name: &'static str, file: &Media) -> Result<Self, Invalid> {
        file.validate()?;
        let file_name = file.base_name().replace('"', "%22");
        let head = format!(
            "Content-Disposition: form-data; name=\"{name}\"; filename=\"{file_name}\"\r\n\
             Content-Type: {}\r\n",
            file.mime
        );
        self.parts.push((head, file.content.clone()));
        Ok(self)
    }

    /// The type of the body, and the body.
    pub(crate) fn encode(&self) -> Result<(HeaderValue, Body), Invalid> {
        let boundary = self.boundary();
        let mut body = Vec::with_capacity(3 * self.parts.len() + 1);
        for (head, content) in &self.parts {
            body.push(Body::from(format!("--{boundary}\r\n{head}\r\n")));
            body.push(content.clone());
            body.push(Body::from("\r\n"));
        }
        body.push(Body::from(format!("--{boundary}--\r\n")));
        let kind = HeaderValue::try_from(format!("multipart/form-data; boundary={boundary}"))
            .map_err(|_| Invalid::new("media", "the form cannot be written"))?;
        Ok((kind, body.into_iter().collect()))
    }

    /// One that occurs in no part that is in memory. A stream cannot be looked through: for it the 128
    /// random bits have to do, and do.
    fn boundary(&self) -> String {
        loop {
            let boundary = format!("replykit-{:032x}", fastrand::u128(..));
            let occurs = |(head, content): &(String, Body)| {
                let mut parts =
                    content.as_bytes().into_iter().flat_map(|b| b.windows(boundary.len()));
                head.contains(&boundary) || parts.any(|part| part == boundary.as_bytes())
            };
            if !self.parts.iter().any(occurs) {
                return boundary;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_written_as_the_standard_says() {
        let cat = Media::new("cats/c\"at\".png", "image/png", "\r\n--bytes");
        let form = Form::default().text("text", "Hi").file("media", &cat).unwrap();
        let (kind, body) = form.encode().unwrap();
        let boundary =
            kind.to_str().unwrap().strip_prefix("multipart/form-data; boundary=").unwrap();
        assert_eq!(boundary.len(), 41);
        let expected = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nHi\r\n\
             --{boundary}\r\nContent-Disposition: form-data; name=\"media\"; \
             filename=\"c%22at%22.png\"\r\nContent-Type: image/png\r\n\r\n\r\n--bytes\r\n\
             --{boundary}--\r\n"
        );
        assert_eq!(body.as_bytes().unwrap(), &expected);
    }

    #[test]
    fn each_form_has_a_boundary_of_its_own_which_no_part_holds() {
        let form = Form::default().text("text", "replykit-");
        assert_ne!(form.encode().unwrap().0, form.encode().unwrap().0);
        // The generator of a thread can be set, so the first boundary is known here.
        fastrand::seed(7);
        let first = form.boundary();
        let form = form.text("trap", first.clone());
        fastrand::seed(7);
        assert_ne!(form.boundary(), first);
    }

    #[test]
    fn a_file_name_that_would_break_out_is_refused() {
        let file = Media::new("a\r\n\r\n--x", "image/png", "bytes");
        assert!(Form::default().file("media", &file).is_err());
    }
}
