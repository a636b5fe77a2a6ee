use std::collections::BTreeMap;

use http::{HeaderValue, Method};
use replykit_transport::Body;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Endpoint, SessionUse, password::Password, rules};
use crate::{
    Invalid, OperationClass, ProtocolProblem,
    json::{json, read_object},
    redact, scalar,
};

/// Makes an account, and begins a session with it.
///
/// The password goes out once, in the body. It is kept only by [`keep_password`](Self::keep_password).
///
/// # Errors
/// [`Invalid`] for a blank field. Undocumented: what else is refused. Where the outcome is `Unknown`,
/// [`Login`] tells whether there is an account by now.
///
/// Source: WhatsApp automation, cookie session > Register a New User
#[derive(Clone)]
#[non_exhaustive]
pub struct Register {
    /// The name of its owner. Required.
    pub name: String,
    /// The owner's phone number with country code. Required.
    pub phone: String,
    /// The owner's e-mail address. Required.
    pub email: String,
    /// The name to log in with. Required.
    pub username: String,
    /// A tax number, empty for none.
    pub gst: String,
    password: Password,
    keep: bool,
}

impl Register {
    /// An account for `username`. Set the other fields.
    pub fn new(username: impl Into<String>, password: impl Into<String>) -> Self {
        Self {
            name: String::new(),
            phone: String::new(),
            email: String::new(),
            username: username.into(),
            gst: String::new(),
            password: Password::new(password),
            keep: false,
        }
    }

    /// Keeps the password in memory, as [`Login::keep_password`] does.
    #[must_use]
    pub fn keep_password(mut self) -> Self {
        self.keep = true;
        self
    }
}

redact::debug!(Register { keep } hides { name, phone, email, username, gst });

/// An answer to [`Register`].
#[derive(Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Registered {
    /// What the server says, such as `User registered successfully`.
    #[serde(default, deserialize_with = "scalar::string")]
    pub message: String,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: BTreeMap<String, Value>,
}

redact::debug!(Registered {} hides { message, extra });

impl Endpoint for Register {
    const NAME: &'static str = "session.register";
    const METHOD: Method = Method::POST;
    const CLASS: OperationClass = OperationClass::Create;
    const SESSION: SessionUse = SessionUse::Begins;
    type Output = Registered;

    fn path(&self) -> String {
        "api/auth/register".to_owned()
    }

    fn validate(&self) -> Result<(), Invalid> {
        rules::present("name", &self.name)?;
        rules::present("phone", &self.phone)?;
        rules::present("email", &self.email)?;
        rules::present("username", &self.username)?;
        rules::present("password", self.password.expose())
    }

    fn body(&self) -> Result<Option<(HeaderValue, Body)>, Invalid> {
        json(&RegisterBody {
            name: &self.name,
            phone: &self.phone,
            email: &self.email,
            username: &self.username,
            password: self.password.expose(),
            gst: &self.gst,
        })
    }

    fn read(&self, body: &[u8]) -> Result<Registered, ProtocolProblem> {
        read_object(body)
    }

    fn keeps(&self) -> Option<Login> {
        let (username, password) = (self.username.clone(), self.password.clone());
        self.keep.then_some(Login { username, password, keep: true })
    }
}

/// In the order of the document.
#[derive(Serialize)]
struct RegisterBody<'a> {
    name: &'a str,
    phone: &'a str,
    email: &'a str,
    username: &'a str,
    password: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    gst: &'a str,
}

/// Begins a session. It takes the place of the one before; a login that is refused changes nothing.
///
/// # Errors
/// A wrong password is `Rejected`; assumed: with 401.
///
/// Source: WhatsApp automation, cookie session > Login
#[derive(Clone)]
#[non_exhaustive]
pub struct Login {
    /// The name of the account. Required.
    pub username: String,
    password: Password,
    keep: bool,
}

impl Login {
    /// Logs in as `username`.
    pub fn new(username: impl Into<String>, password: impl Into<String>) -> Self {
        let password = Password::new(password);
        Self { username: username.into(), password, keep: false }
    }

    /// Keeps the password in the memory of the client, until [`Logout`], so that it can begin another
    /// session when this one is over. It is never written anywhere.
    #[must_use]
    pub fn keep_password(mut self) -> Self {
        self.keep = true;
        self
    }
}

redact::debug!(Login { keep } hides { username });

/// In the order of the document.
#[derive(Serialize)]
struct LoginBody<'a> {
    username: &'a str,
    password: &'a str,
}

/// An answer to [`Login`].
#[derive(Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct LoggedIn {
    /// What the server says, such as `Login successful`.
    #[serde(default, deserialize_with = "scalar::string")]
    pub message: String,
    /// Who logged in.
    #[serde(default)]
    pub user: Option<User>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: BTreeMap<String, Value>,
}

redact::debug!(LoggedIn { user } hides { message, extra });

/// Who logged in.
#[derive(Clone, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct User {
    /// The owner's name.
    #[serde(default, deserialize_with = "scalar::string")]
    pub name: String,
    /// The name to log in with.
    #[serde(default, deserialize_with = "scalar::string")]
    pub username: String,
    /// The owner's e-mail address.
    #[serde(default, deserialize_with = "scalar::string")]
    pub email: String,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: BTreeMap<String, Value>,
}

redact::debug!(User {} hides { name, username, email, extra });

impl Endpoint for Login {
    const NAME: &'static str = "session.login";
    const METHOD: Method = Method::POST;
    const CLASS: OperationClass = OperationClass::Write;
    const SESSION: SessionUse = SessionUse::Begins;
    type Output = LoggedIn;

    fn path(&self) -> String {
        "api/auth/login".to_owned()
    }

    fn validate(&self) -> Result<(), Invalid> {
        rules::present("username", &self.username)?;
        rules::present("password", self.password.expose())
    }

    fn body(&self) -> Result<Option<(HeaderValue, Body)>, Invalid> {
        json(&LoginBody { username: &self.username, password: self.password.expose() })
    }

    fn read(&self, body: &[u8]) -> Result<LoggedIn, ProtocolProblem> {
        read_object(body)
    }

    fn keeps(&self) -> Option<Login> {
        self.keep.then(|| self.clone())
    }
}

/// Ends the session, and forgets the password that was kept.
///
/// The password is forgotten at once, and the session when the server has ended it: a logout that failed
/// can be executed again. 401 says that the session was over before, and counts as success.
///
/// Source: WhatsApp automation, cookie session > Logout
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Logout {}

impl Logout {
    /// Ends the session.
    #[must_use]
    pub fn new() -> Self {
        Self {}
    }
}

impl Endpoint for Logout {
    const NAME: &'static str = "session.logout";
    const METHOD: Method = Method::POST;
    const CLASS: OperationClass = OperationClass::Write;
    const SESSION: SessionUse = SessionUse::Ends;
    type Output = ();

    fn path(&self) -> String {
        "api/auth/logout".to_owned()
    }

    fn read(&self, body: &[u8]) -> Result<(), ProtocolProblem> {
        read_object::<BTreeMap<String, Value>>(body).map(drop)
    }
}

/// Gives the account of the session. Changes nothing.
///
/// Source: WhatsApp automation, cookie session > Get User Profile
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct GetProfile {}

impl GetProfile {
    /// Asks for it.
    #[must_use]
    pub fn new() -> Self {
        Self {}
    }
}

/// An account.
///
/// Source: WhatsApp automation, cookie session > Get User Profile
#[derive(Clone, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Profile {
    /// Its id.
    #[serde(deserialize_with = "scalar::text")]
    pub id: String,
    /// The owner's name.
    #[serde(default, deserialize_with = "scalar::string")]
    pub name: String,
    /// The owner's e-mail address.
    #[serde(default, deserialize_with = "scalar::string")]
    pub email: String,
    /// The name to log in with.
    #[serde(default, deserialize_with = "scalar::string")]
    pub username: String,
    /// The owner's phone number.
    #[serde(default, deserialize_with = "scalar::string")]
    pub phone: String,
    /// A tax number, empty for none.
    #[serde(default, deserialize_with = "scalar::string")]
    pub gst: String,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: BTreeMap<String, Value>,
}

redact::debug!(Profile {} hides { id, name, email, username, phone, gst, extra });

impl Endpoint for GetProfile {
    const NAME: &'static str = "session.get_profile";
    const METHOD: Method = Method::GET;
    const CLASS: OperationClass = OperationClass::Read;
    type Output = Profile;

    fn path(&self) -> String {
        "api/users/me".to_owned()
    }

    fn read(&self, body: &[u8]) -> Result<Profile, ProtocolProblem> {
        read_object(body)
    }
}
