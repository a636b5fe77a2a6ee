use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    Done, State, json_object, ok,
    pairing::{Pairing, SessionGroup},
    password::Password,
    refusal, required,
};
use crate::rest::{Answer, Request};

#[derive(Serialize, Deserialize)]
pub(super) struct Account {
    id: u64,
    name: String,
    phone: String,
    email: String,
    gst: Value,
    password: Password,
    pub(super) pairing: Pairing,
    pub(super) groups: Vec<SessionGroup>,
}

impl State {
    /// Undocumented: what is required, and whether the cookie is logged in. Assumed: all but `gst`, and
    /// that it is.
    pub(super) fn register(&mut self, request: &Request, now: Timestamp) -> Done {
        let fields = json_object(request)?;
        let [name, phone, email, username] =
            ["name", "phone", "email", "username"].map(|field| required(&fields, field));
        let username = username?;
        let account = Account {
            id: self.accounts.len() as u64 + 1,
            name: name?,
            phone: phone?,
            email: email?,
            gst: fields.get("gst").cloned().unwrap_or_default(),
            password: Password::new(&password(&fields)?),
            pairing: Pairing::Disconnected,
            groups: SessionGroup::documented(),
        };
        if self.accounts.contains_key(&username) {
            return Err(refusal(StatusCode::CONFLICT, "Username already exists"));
        }
        self.accounts.insert(username.clone(), account);
        let done = ok(&json!({"message": "User registered successfully"}));
        Ok(self.begin(&username, done, now))
    }

    /// A login begins a session of its own. Undocumented: what becomes of another one. Assumed: it goes
    /// on.
    pub(super) fn login(&mut self, request: &Request, now: Timestamp) -> Done {
        self.settings.logins += 1;
        let fields = json_object(request)?;
        let (username, password) = (required(&fields, "username")?, password(&fields)?);
        let account = self.accounts.get(&username).filter(|account| account.password.is(&password));
        let Some(account) = account else {
            return Err(refusal(StatusCode::UNAUTHORIZED, "Invalid username or password"));
        };
        let user = json!({"name": account.name, "username": username, "email": account.email});
        let done = ok(&json!({"message": "Login successful", "user": user}));
        Ok(self.begin(&username, done, now))
    }

    /// Undocumented: a logout without a session. Assumed: it succeeds.
    pub(super) fn logout(&mut self, request: &Request) -> Answer {
        self.end(request)
    }

    pub(super) fn profile(&self, request: &Request, now: Timestamp) -> Done {
        let (username, account) = self.account(request, now)?;
        Ok(ok(&json!({
            "id": format!("user_{}", account.id),
            "name": account.name,
            "email": account.email,
            "username": username,
            "phone": account.phone,
            "gst": account.gst,
        })))
    }

    /// The account of a request's session.
    ///
    /// # Errors
    /// Status 401, when there is no session, or not any more.
    pub(super) fn account(
        &self,
        request: &Request,
        now: Timestamp,
    ) -> Result<(String, &Account), Answer> {
        let username = self.username(request, now);
        let account = username.and_then(|username| {
            let account = self.accounts.get(&username)?;
            Some((username, account))
        });
        account.ok_or_else(|| refusal(StatusCode::UNAUTHORIZED, "Not authenticated"))
    }
}

/// A password may begin and end with blanks.
fn password(fields: &Map<String, Value>) -> Result<String, Answer> {
    required(fields, "password")?;
    Ok(fields.get("password").and_then(Value::as_str).unwrap_or_default().to_owned())
}
