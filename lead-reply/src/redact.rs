//! How personal data is shown: by its size.

use std::{collections::BTreeMap, fmt};

use replykit_transport::Body;
use serde_json::Value;

/// Writes a value's size in place of the value.
pub(crate) struct Hidden<'a, T: ?Sized>(pub(crate) &'a T);

pub(crate) trait Size {
    fn write_size(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

impl Size for str {
    fn write_size(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} chars>", self.chars().count())
    }
}

impl Size for String {
    fn write_size(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().write_size(f)
    }
}

impl Size for Body {
    fn write_size(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl<T> Size for BTreeMap<String, T> {
    fn write_size(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} fields>", self.len())
    }
}

impl Size for Value {
    fn write_size(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<json>")
    }
}

impl<T: Size> Size for Option<T> {
    fn write_size(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Some(value) => value.write_size(f),
            None => f.write_str("None"),
        }
    }
}

impl<T: Size + ?Sized> fmt::Debug for Hidden<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.write_size(f)
    }
}

/// `Debug` for a struct with personal data: `debug!(Contact { id } hides { name, phone_number });`
macro_rules! debug {
    ($type:ident { $($shown:ident),* $(,)? } hides { $($hidden:ident),* $(,)? }) => {
        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($type))
                    $(.field(stringify!($shown), &self.$shown))*
                    $(.field(stringify!($hidden), &$crate::redact::Hidden(&self.$hidden)))*
                    .finish()
            }
        }
    };
}
pub(crate) use debug;
