use std::collections::BTreeMap;

use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{pages, refusal};
use crate::rest::{Answer, Part, Request, time};

/// The fields of a body, and what is wrong with them: all of it is told at once.
///
/// Source: the words of Django REST framework. Assumed: that the backend left them as they are.
pub(super) struct Fields {
    values: Map<String, Value>,
    files: BTreeMap<String, Part>,
    /// Whether fields that are required have to be there: not for a PATCH.
    whole: bool,
    errors: BTreeMap<&'static str, Vec<String>>,
}

/// What a text may be.
#[derive(Clone, Copy)]
pub(super) struct Text {
    pub(super) required: bool,
    pub(super) nullable: bool,
    pub(super) max: usize,
}

impl Text {
    /// One that has to be there and to say something.
    pub(super) const REQUIRED: Self = Self { required: true, nullable: false, max: usize::MAX };
    /// One that may be left out, null or empty.
    pub(super) const OPTIONAL: Self = Self { required: false, nullable: true, max: usize::MAX };

    pub(super) const fn up_to(mut self, characters: usize) -> Self {
        self.max = characters;
        self
    }
}

/// A field that was given, or was not; `Some(None)` is a null.
pub(super) type Given<T> = Option<Option<T>>;

impl Fields {
    pub(super) fn read(request: &Request, whole: bool) -> Result<Self, Answer> {
        let mut fields =
            Self { values: Map::new(), files: BTreeMap::new(), whole, errors: BTreeMap::new() };
        match &request.form {
            Some(Ok(parts)) => parts.iter().for_each(|part| fields.add(part)),
            Some(Err(_)) => {
                let why = "Multipart form parse error - Invalid boundary in multipart";
                return Err(refusal(StatusCode::BAD_REQUEST, "detail", why));
            }
            None => fields.values = json_object(request)?,
        }
        Ok(fields)
    }

    fn add(&mut self, part: &Part) {
        if part.file_name.is_some() {
            self.files.insert(part.name.clone(), part.clone());
        } else {
            self.values.insert(part.name.clone(), Value::String(part.text()));
        }
    }

    /// Takes a field by another name, where it has none by its own.
    pub(super) fn alias(&mut self, name: &str, other: &str) {
        if !self.values.contains_key(name)
            && let Some(value) = self.values.remove(other)
        {
            self.values.insert(name.to_owned(), value);
        }
    }

    pub(super) fn wrong(&mut self, name: &'static str, why: impl Into<String>) {
        self.errors.entry(name).or_default().push(why.into());
    }

    fn take(&mut self, name: &'static str, required: bool, nullable: bool) -> Given<Value> {
        match self.values.remove(name) {
            None if required && self.whole => {
                self.wrong(name, "This field is required.");
                None
            }
            None => None,
            Some(Value::Null) if nullable => Some(None),
            Some(Value::Null) => {
                self.wrong(name, "This field may not be null.");
                None
            }
            Some(value) => Some(Some(value)),
        }
    }

    pub(super) fn text(&mut self, name: &'static str, rule: Text) -> Given<String> {
        let text = match self.take(name, rule.required, rule.nullable)? {
            None => return Some(None),
            Some(Value::String(text)) => strip(&text).to_owned(),
            Some(Value::Number(number)) => number.to_string(),
            Some(_) => {
                self.wrong(name, "Not a valid string.");
                return None;
            }
        };
        if text.is_empty() && !rule.nullable {
            self.wrong(name, "This field may not be blank.");
        } else if text.chars().count() > rule.max {
            let why = format!("Ensure this field has no more than {} characters.", rule.max);
            self.wrong(name, why);
        } else if text.contains('\0') {
            self.wrong(name, "Null characters are not allowed.");
        } else {
            return Some(Some(text));
        }
        None
    }

    /// A text that a POST or PUT cannot do without.
    pub(super) fn required(&mut self, name: &'static str, max: usize) -> Option<String> {
        self.text(name, Text::REQUIRED.up_to(max)).flatten()
    }

    pub(super) fn time(&mut self, name: &'static str) -> Given<Timestamp> {
        const WRONG: &str = "Datetime has wrong format. Use one of these formats instead: \
                             YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].";
        let Some(value) = self.take(name, false, true)? else { return Some(None) };
        let time = value.as_str().and_then(time::read);
        if time.is_none() {
            self.wrong(name, WRONG);
        }
        time.map(Some)
    }

    pub(super) fn count(&mut self, name: &'static str) -> Option<u64> {
        let number = match self.take(name, false, false)?? {
            Value::String(text) => text.trim().parse().ok(),
            value => value.as_i64(),
        };
        match number.map(u64::try_from) {
            Some(Ok(count)) => return Some(count),
            Some(Err(_)) => self.wrong(name, "Ensure this value is greater than or equal to 0."),
            None => self.wrong(name, "A valid integer is required."),
        }
        None
    }

    pub(super) fn file(&mut self, name: &'static str) -> Given<Part> {
        if let Some(part) = self.files.remove(name) {
            if part.content.is_empty() {
                self.wrong(name, "The submitted file is empty.");
                return None;
            }
            return Some(Some(part));
        }
        if self.take(name, false, true)?.is_none() {
            return Some(None);
        }
        let why = "The submitted data was not a file. Check the encoding type on the form.";
        self.wrong(name, why);
        None
    }

    /// # Errors
    /// Status 400 with all that is wrong.
    pub(super) fn check(&self) -> Result<(), Answer> {
        if self.errors.is_empty() {
            return Ok(());
        }
        Err(Answer::json(StatusCode::BAD_REQUEST, &self.errors))
    }
}

/// As Python's `strip`, for which four more characters are white space.
fn strip(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\x1c'..='\x1f'))
}

fn json_object(request: &Request) -> Result<Map<String, Value>, Answer> {
    let content_type = request.content_type();
    if request.body.is_empty() && content_type.is_empty() {
        return Ok(Map::new());
    }
    if content_type != "application/json" {
        return Err(pages::unsupported(&content_type));
    }
    match serde_json::from_slice(&request.body) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(other) => {
            let why = format!("Invalid data. Expected a dictionary, but got {}.", python(&other));
            let errors = json!({"non_field_errors": [why]});
            Err(Answer::json(StatusCode::BAD_REQUEST, &errors))
        }
        Err(error) => {
            let why = format!("JSON parse error - {error}");
            Err(refusal(StatusCode::BAD_REQUEST, "detail", &why))
        }
    }
}

/// The name that Python has for the type of a value.
fn python(value: &Value) -> &'static str {
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}
