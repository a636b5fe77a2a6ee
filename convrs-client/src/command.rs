use serde::{Serialize, de::DeserializeOwned};

use crate::Invalid;

/// A documented command: one type per command, whose fields are the request.
///
/// The token is no field of any command; the client adds it. To send a command that this crate does
/// not know, implement the trait for a type of your own.
pub trait Command: Serialize + DeserializeOwned + Send + Sync {
    /// The name on the wire, `cmd`. Names are case sensitive.
    const NAME: &'static str;

    /// Where the reply holds its data.
    const REPLY: ReplyShape = ReplyShape::Field("data");

    /// Whether the reply is a list that may be long: it may then have 64 MiB in place of 1 MiB, and
    /// take 60 s.
    const LIST: bool = false;

    /// What the reply holds.
    type Output: Serialize + DeserializeOwned + Send;

    /// What a repeat of the command would do.
    fn class(&self) -> OperationClass;

    /// Checks the documented rules, as the server does.
    ///
    /// # Errors
    /// The first breach, with the code that the server has for it.
    fn validate(&self) -> Result<(), Invalid>;

    /// Makes the best of data that could not be read as a whole. `data` is the JSON of the field
    /// that [`REPLY`](Self::REPLY) names. Lists give their good items; others give up.
    #[must_use]
    fn salvage(data: &str) -> Option<Self::Output> {
        let _ = data;
        None
    }
}

/// Where a reply holds its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReplyShape {
    /// In the field of this name, beside `ok` and `cmd`.
    Field(&'static str),
    /// In the reply itself.
    TopLevel,
    /// Nowhere: the reply says yes and nothing more.
    Empty,
}

/// What a repeat of a command would do, and so whether it may be repeated when nobody knows if the
/// first one was carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OperationClass {
    /// Changes nothing.
    Read,
    /// Changes something to the same state again.
    Write,
    /// Would make a second one.
    Create,
    /// Would reach a person a second time.
    Send,
}

impl OperationClass {
    /// Whether a repeat does no harm.
    #[must_use]
    pub fn may_repeat(self) -> bool {
        matches!(self, Self::Read | Self::Write)
    }
}
