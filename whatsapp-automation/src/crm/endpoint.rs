use http::{HeaderValue, Method, StatusCode};
use replykit_transport::Body;

use crate::{Invalid, OperationClass, ProtocolProblem};

/// An endpoint of the service: a type whose fields are the request.
///
/// To call one that this crate does not know, implement the trait for a type of your own.
pub trait Endpoint: Send + Sync {
    /// For logs, such as `crm.create_contact`.
    const NAME: &'static str;
    /// The method.
    const METHOD: Method;
    /// What a repeat would do.
    const CLASS: OperationClass;
    /// Whether the answer is a list that may be long: it may then have 64 MiB in place of 1 MiB, and
    /// take 60 s.
    const LIST: bool = false;

    /// What the answer holds.
    type Output: Send;

    /// The path below the base URL, without a slash in front and with one at its end, such as
    /// `contacts/7/`. Seen on a running backend: without the slash it answers 301, or 500, so the client
    /// adds one that is missing where no query follows.
    fn path(&self) -> String;

    /// Checks the rules before anything is sent.
    ///
    /// # Errors
    /// The first breach.
    fn validate(&self) -> Result<(), Invalid> {
        Ok(())
    }

    /// The body and its type, `None` for no body.
    ///
    /// # Errors
    /// A value that cannot be written.
    fn body(&self) -> Result<Option<(HeaderValue, Body)>, Invalid> {
        Ok(None)
    }

    /// Reads an answer whose status is 2xx.
    ///
    /// # Errors
    /// What is wrong with the answer. The outcome of the call is then `Unknown`.
    fn read(&self, status: StatusCode, body: &[u8]) -> Result<Self::Output, ProtocolProblem>;

    /// What the answer would have held, where a repeat finds nothing there (404) because an earlier
    /// attempt, of which nobody knew, was carried out.
    fn gone(&self) -> Option<Self::Output> {
        None
    }
}

/// Seen on a running backend: 204 and an empty body.
pub(crate) fn deleted(status: StatusCode) -> Result<(), ProtocolProblem> {
    if status == StatusCode::NO_CONTENT { Ok(()) } else { Err(ProtocolProblem::Status) }
}

/// An endpoint that gives all objects: `list! { /// doc  ListContacts, "crm.list_contacts", "contacts/", Contact }`
macro_rules! list {
    ($(#[$doc:meta])* $name:ident, $log:literal, $path:literal, $model:ty) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        #[non_exhaustive]
        pub struct $name {}

        impl $name {
            /// Asks for all of them.
            #[must_use]
            pub fn new() -> Self {
                Self {}
            }
        }

        impl $crate::crm::Endpoint for $name {
            const NAME: &'static str = $log;
            const METHOD: http::Method = http::Method::GET;
            const CLASS: $crate::OperationClass = $crate::OperationClass::Read;
            const LIST: bool = true;
            type Output = $crate::Items<$model>;

            fn path(&self) -> String {
                $path.to_owned()
            }

            fn read(
                &self,
                _: http::StatusCode,
                body: &[u8],
            ) -> Result<Self::Output, $crate::ProtocolProblem> {
                $crate::json::read_list(body)
            }
        }
    };
}
pub(crate) use list;

/// An endpoint that gives one object by its id.
macro_rules! get {
    ($(#[$doc:meta])* $name:ident, $log:literal, $folder:literal, $id:ty, $model:ty) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct $name {
            /// Which one.
            pub id: $id,
        }

        impl $name {
            /// Asks for the one with this id.
            pub fn new(id: impl Into<$id>) -> Self {
                Self { id: id.into() }
            }
        }

        $crate::crm::endpoint::one!($name, $log, GET, Read, $folder, $model);
    };
}
pub(crate) use get;

/// An endpoint that removes one object by its id.
macro_rules! delete {
    ($(#[$doc:meta])* $name:ident, $log:literal, $folder:literal, $id:ty) => {
        $(#[$doc])*
        ///
        /// Where an attempt ended in doubt, the call is repeated, and a 404 to the repeat counts as
        /// done. A 404 to the first attempt is an error.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct $name {
            /// Which one.
            pub id: $id,
        }

        impl $name {
            /// Removes the one with this id.
            pub fn new(id: impl Into<$id>) -> Self {
                Self { id: id.into() }
            }
        }

        impl $crate::crm::Endpoint for $name {
            const NAME: &'static str = $log;
            const METHOD: http::Method = http::Method::DELETE;
            const CLASS: $crate::OperationClass = $crate::OperationClass::Write;
            type Output = ();

            fn path(&self) -> String {
                format!(concat!($folder, "/{}/"), self.id)
            }

            fn read(
                &self,
                status: http::StatusCode,
                _: &[u8],
            ) -> Result<(), $crate::ProtocolProblem> {
                $crate::crm::endpoint::deleted(status)
            }

            fn gone(&self) -> Option<()> {
                Some(())
            }
        }
    };
}
pub(crate) use delete;

/// Implements [`Endpoint`] for what gives one object by its `id`: GET, and with a body PUT and PATCH.
macro_rules! one {
    ($name:ident, $log:literal, $method:ident, $class:ident, $folder:literal, $model:ty) => {
        $crate::crm::endpoint::one!($name, $log, $method, $class, $folder, $model, {});
    };
    (
        $name:ident, $log:literal, $method:ident, $class:ident, $folder:literal, $model:ty,
        { $($rules:item)* }
    ) => {
        impl $crate::crm::Endpoint for $name {
            const NAME: &'static str = $log;
            const METHOD: http::Method = http::Method::$method;
            const CLASS: $crate::OperationClass = $crate::OperationClass::$class;
            type Output = $model;

            fn path(&self) -> String {
                format!(concat!($folder, "/{}/"), self.id)
            }

            $($rules)*

            fn read(
                &self,
                _: http::StatusCode,
                body: &[u8],
            ) -> Result<Self::Output, $crate::ProtocolProblem> {
                let model: $model = $crate::json::read_object(body)?;
                if model.id == self.id {
                    Ok(model)
                } else {
                    Err($crate::ProtocolProblem::Mismatch)
                }
            }
        }
    };
}
pub(crate) use one;

/// Implements [`Endpoint`] for what makes an object by POST to `path`.
macro_rules! make {
    (
        $name:ident, $log:literal, $class:ident, $path:literal, $model:ty,
        { $($rules:item)* }
    ) => {
        impl $crate::crm::Endpoint for $name {
            const NAME: &'static str = $log;
            const METHOD: http::Method = http::Method::POST;
            const CLASS: $crate::OperationClass = $crate::OperationClass::$class;
            type Output = $model;

            fn path(&self) -> String {
                $path.to_owned()
            }

            $($rules)*

            fn read(
                &self,
                _: http::StatusCode,
                body: &[u8],
            ) -> Result<Self::Output, $crate::ProtocolProblem> {
                $crate::json::read_object(body)
            }
        }
    };
}
pub(crate) use make;
