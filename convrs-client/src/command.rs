use serde::{Serialize, de::DeserializeOwned};

use crate::{DeliveryState, E164, ErrorCode, Invalid, Mid, OperationClass, SendMark, Uid};

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

    /// The phone number that the command sends to, where it has one: the limit of one message a
    /// second counts by it. A command that sends and names none counts against the token alone.
    #[must_use]
    fn recipient(&self) -> Option<E164> {
        None
    }

    /// Writes the client's mark of this send into the command, where the server will give it back in
    /// callbacks. `false` where there is no such place. Asked of commands of the class
    /// [`Send`](OperationClass::Send) only.
    fn mark(&mut self, mark: &SendMark<'_>) -> bool {
        let _ = mark;
        false
    }

    /// The output, where a callback proves that the message went out before any reply says so.
    #[must_use]
    fn proven(&self, state: &DeliveryState) -> Option<Self::Output> {
        let _ = state;
        None
    }

    /// The message that an output names, for a command with a [`mark`](Self::mark).
    #[must_use]
    fn message_of(output: &Self::Output) -> Option<&Mid> {
        let _ = output;
        None
    }

    /// Where the message can be seen once it went out: the user in whose conversation it stands, and
    /// its text.
    #[must_use]
    fn footprint(&self) -> Option<(Uid, &str)> {
        None
    }

    /// The output, where a refusal of a repeat says that an earlier attempt, of which nobody knew,
    /// was carried out.
    #[must_use]
    fn done_before(&self, code: ErrorCode) -> Option<Self::Output> {
        let _ = code;
        None
    }

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
