use std::time::Duration;

use http::{Method, StatusCode};
use serde::Deserialize;

use crate::HttpFault;

/// A fault of the next requests to one of the REST servers.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fail {
    fault: Misfortune,
    method: Option<String>,
    #[serde(default)]
    carried_out: bool,
    #[serde(default = "once")]
    times: u32,
    retry_after: Option<u64>,
}

fn once() -> u32 {
    1
}

/// `"dropped"`, `{"status": 503}` and so on.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Misfortune {
    Status(u16),
    Dropped,
    Cut,
    Silent,
}

impl Fail {
    /// The fault, with `retry_after` in seconds.
    pub(super) fn fault(self) -> Result<HttpFault, String> {
        let mut fault = match self.fault {
            Misfortune::Status(status) => {
                let status = StatusCode::from_u16(status).ok().filter(|s| !s.is_informational());
                HttpFault::status(status.ok_or("an answer has a status from 200 on")?)
            }
            Misfortune::Dropped => HttpFault::dropped(),
            Misfortune::Cut => HttpFault::cut(),
            Misfortune::Silent => HttpFault::silent(),
        };
        if let Some(method) = self.method {
            let method = Method::from_bytes(method.to_ascii_uppercase().as_bytes());
            fault = fault.method(method.map_err(|_| "method is one such as POST")?);
        }
        if let Some(seconds) = self.retry_after {
            fault = fault.retry_after(Duration::from_secs(seconds));
        }
        Ok(if self.carried_out { fault.carried_out() } else { fault }.times(self.times))
    }
}
