//! The rules of the service, each once. It documents none: these are what cannot succeed.

use crate::{DateTime, Invalid};

pub(super) fn present(field: &'static str, text: &str) -> Result<(), Invalid> {
    if text.trim().is_empty() { Err(Invalid::new(field, "must not be blank")) } else { Ok(()) }
}

/// A past time is left to the server, whose clock counts.
pub(super) fn scheduled_time(time: &DateTime) -> Result<(), Invalid> {
    if time.timestamp().is_some() {
        return Ok(());
    }
    Err(Invalid::new("scheduledTime", "must be a date and time of ISO 8601"))
}

pub(super) fn at_least_one(field: &'static str, number: u32) -> Result<(), Invalid> {
    if number == 0 { Err(Invalid::new(field, "must be at least 1")) } else { Ok(()) }
}
