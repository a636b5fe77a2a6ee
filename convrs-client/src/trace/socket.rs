//! What happens to a socket, for whoever reads the log at night: once for each turn it takes, never
//! for each event.

use std::time::Duration;

use replykit_transport::TransportError;

use crate::{Error, Gap, session::Notice};
#[cfg(feature = "tracing")]
use crate::{SocketEnd, trace::milliseconds};

/// What the socket to this host tells its reader.
#[cfg(feature = "tracing")]
pub(crate) fn notice(host: Option<&str>, notice: &Notice) {
    match notice {
        Notice::Connected => tracing::info!(server.address = host, "the socket is connected"),
        Notice::Disconnected(why) => {
            tracing::warn!(server.address = host, %why, "the socket lost its connection");
        }
        Notice::Reconnecting(attempt, wait) => tracing::info!(
            server.address = host,
            attempt,
            wait_ms = milliseconds(*wait),
            "the socket connects again after a wait",
        ),
        Notice::TookOver => {
            tracing::info!(
                server.address = host,
                "the socket took the place of another with its token"
            );
        }
        Notice::Ended(why @ SocketEnd::Closed) => {
            tracing::info!(server.address = host, %why, "the socket opens no other connection");
        }
        Notice::Ended(why) => {
            tracing::error!(server.address = host, %why, "the socket opens no other connection");
        }
        Notice::Mark(_) => {}
    }
}

/// No connection came about.
#[cfg(feature = "tracing")]
pub(crate) fn not_opened(host: Option<&str>, error: &TransportError) {
    tracing::warn!(server.address = host, why = %error, "the socket could not connect");
}

#[cfg(feature = "tracing")]
pub(crate) fn gap(gap: &Gap) {
    tracing::warn!(
        from = %gap.from,
        to = %gap.to,
        recovered = gap.recovered,
        truncated = gap.truncated.len(),
        "the events have a gap",
    );
}

#[cfg(feature = "tracing")]
pub(crate) fn backfill_failed(error: &Error, retry_in: Duration) {
    tracing::warn!(
        error.type = %error.kind().name(),
        code = error.code().map(crate::ErrorCode::number),
        retry_in_ms = milliseconds(retry_in),
        "what happened in the gap cannot be asked for now: all events wait",
    );
}

#[cfg(feature = "tracing")]
pub(crate) fn cursor_not_saved() {
    tracing::warn!("the cursor was not kept: a restart now gives some events again");
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn notice(_: Option<&str>, _: &Notice) {}
#[cfg(not(feature = "tracing"))]
pub(crate) fn not_opened(_: Option<&str>, _: &TransportError) {}
#[cfg(not(feature = "tracing"))]
pub(crate) fn gap(_: &Gap) {}
#[cfg(not(feature = "tracing"))]
pub(crate) fn backfill_failed(_: &Error, _: Duration) {}
#[cfg(not(feature = "tracing"))]
pub(crate) fn cursor_not_saved() {}
