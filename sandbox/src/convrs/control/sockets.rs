use super::ConvrsControl;
use crate::convrs::{SocketCounts, SocketFault};

impl ConvrsControl<'_> {
    /// Lets something go wrong on a WebSocket, once: now, or when what the fault waits for is there.
    /// Faults queue up: of those that wait for the same, each has its own turn.
    pub fn socket_fault(&self, fault: SocketFault) {
        self.act(|state, _| state.socket_fault(fault));
    }

    /// The WebSockets so far.
    #[must_use]
    pub fn sockets(&self) -> SocketCounts {
        *self.shared.convrs().socket_counts().borrow()
    }

    /// Waits until so many WebSockets were connected in all, the one that is there among them.
    pub async fn socket_connected(&self, accepted: u64) {
        self.sockets_when(|sockets| sockets.accepted >= accepted).await;
    }

    /// Waits until the WebSockets so far are as wanted.
    pub async fn sockets_when(
        &self,
        wanted: impl FnMut(&SocketCounts) -> bool + Send,
    ) -> SocketCounts {
        let mut counts = self.shared.convrs().socket_counts();
        // The state has the sender, and lives as long as `self`.
        let reached = counts.wait_for(wanted).await.map(|counts| *counts);
        reached.unwrap_or_else(|_| self.sockets())
    }
}
