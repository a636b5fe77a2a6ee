use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use replykit_transport::{Body, OperationClass, RestRequest, encode_segment};
use serde_json::{Map, Value};

use super::{SecretPlace, WireFormat};
use crate::{Invalid, LeadId, Secret};

/// What a call does.
pub(crate) enum Operation {
    Reply { lead: LeadId, text: String },
    Validate,
}

impl Operation {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Reply { .. } => "lead_reply.reply",
            Self::Validate => "lead_reply.validate_connection",
        }
    }

    pub(crate) fn class(&self) -> OperationClass {
        match self {
            Self::Reply { .. } => OperationClass::Send,
            Self::Validate => OperationClass::Read,
        }
    }

    pub(crate) fn usual_time(&self) -> Duration {
        Duration::from_secs(match self {
            Self::Reply { .. } => 30,
            Self::Validate => 15,
        })
    }

    /// What cannot succeed. Undocumented: how long a text may be, so that is left to the service.
    pub(crate) fn check(&self) -> Result<(), Invalid> {
        let Self::Reply { lead, text } = self else { return Ok(()) };
        if lead.as_str().trim().is_empty() {
            return Err(Invalid::new("lead", "must not be blank"));
        }
        if text.trim().is_empty() {
            return Err(Invalid::new("text", "must not be blank"));
        }
        Ok(())
    }
}

/// The URL of a source, behind its host.
pub(crate) struct Target {
    path: String,
    query: Option<String>,
}

impl Target {
    pub(crate) fn of(url: &Uri) -> Self {
        let path = url.path();
        let path = path.strip_prefix('/').unwrap_or(path).to_owned();
        Self { path, query: url.query().map(str::to_owned) }
    }

    fn with(&self, suffix: &str) -> String {
        let slash = !suffix.is_empty() && !self.path.is_empty() && !self.path.ends_with('/');
        let query = self.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
        format!("{}{}{suffix}{query}", self.path, if slash { "/" } else { "" })
    }
}

impl WireFormat {
    pub(crate) fn request(
        &self,
        operation: &Operation,
        target: &Target,
        secret: &Secret,
    ) -> Result<RestRequest, Invalid> {
        const MOST: usize = 64 * 1024 * 1024;
        let (method, path) = match operation {
            Operation::Reply { lead, .. } => {
                let lead = encode_segment(lead.as_str());
                (&self.method, self.reply_path.replace("{lead}", &lead))
            }
            Operation::Validate => {
                let path = self.validate_path.clone().ok_or_else(|| {
                    Invalid::new("validate_path", "this wire format has no such call")
                })?;
                (&self.validate_method, path)
            }
        };
        let method: Method =
            method.parse().map_err(|_| Invalid::new("method", "must be a method of HTTP"))?;
        let has_body = method != Method::GET;
        let path = target.with(path.trim_start_matches('/'));
        let mut request = RestRequest::new(operation.name(), operation.class(), method, path);
        request.headers = self.headers(secret)?;
        if has_body {
            let body = self.body(operation, secret)?;
            // An answer may show what was sent with each character escaped. One that could not be read
            // would leave a success in doubt.
            let longest = body.len().saturating_mul(6).saturating_add(64 * 1024).min(MOST);
            request.max_body = request.max_body.max(longest);
            let json = HeaderValue::from_static("application/json");
            request.body = Some((json, Body::from(body)));
        }
        Ok(request)
    }

    pub(super) fn headers(&self, secret: &Secret) -> Result<HeaderMap, Invalid> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        for (name, value) in &self.headers {
            let value = HeaderValue::from_str(value)
                .map_err(|_| Invalid::new("headers", "a value is not fit for a header"))?;
            headers.insert(header_name(name, "headers")?, value);
        }
        let (name, value) = match &self.secret {
            SecretPlace::Header(name) => (header_name(name, "secret")?, header_value("", secret)?),
            SecretPlace::Bearer => (header::AUTHORIZATION, header_value("Bearer ", secret)?),
            SecretPlace::Field(_) => return Ok(headers),
        };
        headers.insert(name, value);
        Ok(headers)
    }

    pub(super) fn body(&self, operation: &Operation, secret: &Secret) -> Result<Vec<u8>, Invalid> {
        let mut body = Map::new();
        if let Operation::Reply { lead, text } = operation {
            if let Some(field) = &self.lead_field {
                put(&mut body, field, lead.as_str().into(), "lead_field")?;
            }
            put(&mut body, &self.text_field, text.as_str().into(), "text_field")?;
        }
        if let SecretPlace::Field(field) = &self.secret {
            put(&mut body, field, secret.expose().into(), "secret")?;
        }
        for (field, value) in &self.fields {
            put(&mut body, field, value.clone(), "fields")?;
        }
        serde_json::to_vec(&body)
            .map_err(|_| Invalid::new("fields", "a value cannot be written as JSON"))
    }
}

fn header_name(name: &str, piece: &'static str) -> Result<HeaderName, Invalid> {
    name.parse().map_err(|_| Invalid::new(piece, "is not the name of a header"))
}

fn header_value(scheme: &str, secret: &Secret) -> Result<HeaderValue, Invalid> {
    let text = secret.expose();
    let unfit = || Invalid::new("secret", "a header cannot carry it: it has to be visible ASCII");
    if !text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Err(unfit());
    }
    let mut value = HeaderValue::from_str(&format!("{scheme}{text}")).map_err(|_| unfit())?;
    value.set_sensitive(true);
    Ok(value)
}

/// Puts a value at a path with dots.
fn put(
    body: &mut Map<String, Value>,
    path: &str,
    value: Value,
    piece: &'static str,
) -> Result<(), Invalid> {
    let taken = || Invalid::new(piece, "another field stands in its place");
    let Some((name, rest)) = path.split_once('.') else {
        return match body.insert(path.to_owned(), value) {
            None => Ok(()),
            Some(_) => Err(taken()),
        };
    };
    match body.entry(name).or_insert_with(|| Map::new().into()) {
        Value::Object(inner) => put(inner, rest, value, piece),
        _ => Err(taken()),
    }
}
