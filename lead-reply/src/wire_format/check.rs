use super::{Operation, SecretPlace, WireFormat};
use crate::{Invalid, Secret};

/// What the transport writes itself, or what says how long a body is.
const RESERVED: [&str; 9] = [
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "host",
    "te",
    "transfer-encoding",
    "upgrade",
];

impl WireFormat {
    /// Whether it can be used: [`Client::wire_format`](crate::Client::wire_format) asks.
    ///
    /// # Errors
    /// The first piece that cannot be used, and what to change.
    pub fn check(&self) -> Result<(), Invalid> {
        method(&self.method, &["POST", "PUT", "PATCH"], "method")?;
        method(&self.validate_method, &["POST", "PUT", "PATCH", "GET"], "validate_method")?;
        path(&self.reply_path.replace("{lead}", ""), "reply_path")?;
        path(self.validate_path.as_deref().unwrap_or_default(), "validate_path")?;
        self.check_fields()?;
        self.check_headers()?;
        pointer(&self.message_id_at, "message_id_at")?;
        for at in &self.code_at {
            pointer(at, "code_at")?;
        }
        for rule in &self.refusals {
            let has_words = rule.code.is_some() || rule.contains.is_some();
            let rule = match rule.status {
                None if !has_words => "a rule needs a status, a code or a text",
                Some(200..300) if !has_words => "a rule for 2xx needs a code or a text",
                Some(number) if !(200..600).contains(&number) => "a status is from 200 to 599",
                _ => continue,
            };
            return Err(Invalid::new("refusals", rule));
        }
        Ok(())
    }

    fn check_fields(&self) -> Result<(), Invalid> {
        if let Some(field) = &self.lead_field {
            field_path(field, "lead_field")?;
        } else if !self.reply_path.contains("{lead}") {
            return Err(Invalid::new(
                "lead_field",
                "the lead has to stand in a field or in the path",
            ));
        }
        field_path(&self.text_field, "text_field")?;
        for field in self.fields.keys() {
            field_path(field, "fields")?;
        }
        if let SecretPlace::Field(field) = &self.secret {
            field_path(field, "secret")?;
            if self.validate_path.is_some() && self.validate_method == "GET" {
                return Err(Invalid::new("validate_method", "GET has no body for the secret"));
            }
        }
        // Whether they stand in each other's way shows when they are written.
        let reply = Operation::Reply { lead: "x".into(), text: "x".to_owned() };
        self.body(&reply, &any_secret()?).map(drop)
    }

    fn check_headers(&self) -> Result<(), Invalid> {
        let names = self.headers.keys().map(|name| (name, "headers"));
        let secret = match &self.secret {
            SecretPlace::Header(name) => Some((name, "secret")),
            SecretPlace::Bearer | SecretPlace::Field(_) => None,
        };
        for (name, piece) in names.chain(secret) {
            if RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(name)) {
                return Err(Invalid::new(piece, "this header is written by the transport"));
            }
        }
        let secret = match &self.secret {
            SecretPlace::Header(name) => name,
            SecretPlace::Bearer => "authorization",
            SecretPlace::Field(_) => "",
        };
        if self.headers.keys().any(|name| name.eq_ignore_ascii_case(secret)) {
            return Err(Invalid::new("headers", "the secret stands in this header"));
        }
        self.headers(&any_secret()?).map(drop)
    }
}

fn any_secret() -> Result<Secret, Invalid> {
    Secret::new("x").map_err(|_| Invalid::new("secret", "is blank"))
}

fn method(method: &str, known: &[&str], piece: &'static str) -> Result<(), Invalid> {
    if known.contains(&method) {
        return Ok(());
    }
    Err(Invalid::new(piece, "must be POST, PUT or PATCH, in capitals; to validate, GET as well"))
}

fn path(path: &str, piece: &'static str) -> Result<(), Invalid> {
    let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/%".contains(&byte);
    if !path.bytes().all(is_fit) {
        return Err(Invalid::new(piece, "may hold A-Z, a-z, 0-9 and - . _ ~ / %, and no query"));
    }
    if path.split('/').any(|segment| matches!(segment, "." | "..")) {
        return Err(Invalid::new(piece, "must not climb out of the URL of the source"));
    }
    Ok(())
}

fn field_path(path: &str, piece: &'static str) -> Result<(), Invalid> {
    if path.split('.').any(|name| name.trim().is_empty()) {
        return Err(Invalid::new(piece, "must be a name, or names with one dot between them"));
    }
    Ok(())
}

fn pointer(pointer: &str, piece: &'static str) -> Result<(), Invalid> {
    if pointer.starts_with('/') {
        return Ok(());
    }
    Err(Invalid::new(piece, "must be a JSON pointer, such as /data/id"))
}
