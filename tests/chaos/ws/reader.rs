//! Reads the stream of events into the ledger, and begins it anew when it has to.

use std::{
    error::Error,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use convrs_client::{
    BoxError, Cursor, CursorStore, Events, MemoryCursor, Origin, Reconnect, Socket, SocketEvent,
};
use replykit_sandbox::Sandbox;
use tokio::sync::{mpsc, watch};

use super::{BOTS, ledger::Ledger};

pub(crate) type Shared = Arc<Mutex<Ledger>>;

pub(crate) fn lock(ledger: &Shared) -> MutexGuard<'_, Ledger> {
    ledger.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Short, for each half-open connection costs three of them.
const HEARTBEAT: Duration = Duration::from_millis(60);

/// What the reader is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// Shut down, read to the end, and begin anew.
    Restart,
    /// Drop everything at once, and begin anew.
    Crash,
    /// Shut down, read to the end, and be done.
    Finish,
}

/// Where the reader stands.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Seen {
    pub(crate) connected: bool,
    /// Losses without a gap so far.
    pub(crate) open: usize,
    /// How often the position was kept.
    pub(crate) saves: u64,
}

pub(crate) struct Reader {
    sandbox: Arc<Sandbox>,
    ledger: Shared,
    orders: mpsc::UnboundedReceiver<Order>,
    seen: Arc<watch::Sender<Seen>>,
    store: Store,
    /// Leaves out some of what is recovered, and begins anew with an old cursor.
    reckless: bool,
    recovered: usize,
    seed: u64,
}

impl Reader {
    pub(crate) fn new(
        sandbox: Arc<Sandbox>,
        ledger: Shared,
        orders: mpsc::UnboundedReceiver<Order>,
        seen: Arc<watch::Sender<Seen>>,
        seed: u64,
        reckless: bool,
    ) -> Self {
        let store = Store {
            kept: MemoryCursor::default(),
            old: reckless.then(MemoryCursor::default),
            ledger: ledger.clone(),
            seen: seen.clone(),
        };
        Self { sandbox, ledger, orders, seen, store, reckless, recovered: 0, seed }
    }

    pub(crate) async fn run(mut self) -> Result<(), Box<dyn Error + Send + Sync>> {
        loop {
            let mut events = self.open().await?;
            let order = self.read(&mut events).await;
            drop(events);
            if order == Order::Finish {
                return Ok(());
            }
            let mut ledger = lock(&self.ledger);
            if order == Order::Crash {
                ledger.crashes();
            }
            ledger.loses(true);
            self.see(false, &ledger);
        }
    }

    async fn open(&mut self) -> Result<Events, Box<dyn Error + Send + Sync>> {
        let mut reconnect = Reconnect::default();
        (reconnect.first, reconnect.base) = (Duration::from_millis(4), Duration::from_millis(4));
        (reconnect.most, reconnect.healthy) = (Duration::from_millis(40), HEARTBEAT / 2);
        self.seed = self.seed.wrapping_add(1);
        let socket = Socket::builder(self.sandbox.convrs_ws_url().parse()?, self.sandbox.token())
            .heartbeat(HEARTBEAT)
            .reconnect(reconnect)
            .seed(self.seed)
            .open()?;
        let client = self.sandbox.convrs_client()?;
        Ok(client.events(&socket).cursor(self.store.clone()).bots(BOTS).open().await?)
    }

    /// Reads until the stream ends, or has to be dropped.
    async fn read(&mut self, events: &mut Events) -> Order {
        let mut ending = Order::Restart;
        loop {
            tokio::select! {
                Some(order) = self.orders.recv() => {
                    if order == Order::Crash {
                        return order;
                    }
                    ending = order;
                    events.shut_down();
                }
                event = events.next() => match event {
                    Some(event) => self.take(event),
                    None => return ending,
                },
            }
        }
    }

    fn take(&mut self, event: SocketEvent) {
        let mut ledger = lock(&self.ledger);
        match event {
            SocketEvent::Event { event, origin } => {
                self.recovered += usize::from(origin == Origin::Backfill);
                let swallowed = self.reckless
                    && origin == Origin::Backfill
                    && self.recovered.is_multiple_of(100);
                if !swallowed {
                    ledger.gives(&event, origin);
                }
            }
            SocketEvent::Connected => self.see(true, &ledger),
            SocketEvent::Disconnected(_) => {
                ledger.loses(false);
                self.see(false, &ledger);
            }
            SocketEvent::Gap(gap) => {
                if let Some(truncated) = gap.truncated.first() {
                    ledger.strange.push(truncated.to_string());
                }
                ledger.gap(gap);
                self.see(true, &ledger);
            }
            SocketEvent::BackfillFailed { .. } => ledger.failed_backfills += 1,
            SocketEvent::CursorNotSaved(error) => ledger.strange.push(error.to_string()),
            _ => {}
        }
    }

    fn see(&self, connected: bool, ledger: &Ledger) {
        self.seen.send_modify(|seen| (seen.connected, seen.open) = (connected, ledger.open));
    }
}

/// A cursor in memory, of which the ledger knows how far it goes.
#[derive(Clone)]
struct Store {
    kept: MemoryCursor,
    /// Has the cursor from before the last one, and is what is loaded.
    old: Option<MemoryCursor>,
    ledger: Shared,
    seen: Arc<watch::Sender<Seen>>,
}

#[async_trait]
impl CursorStore for Store {
    async fn load(&self) -> Result<Option<Cursor>, BoxError> {
        self.old.as_ref().unwrap_or(&self.kept).load().await
    }

    async fn save(&self, cursor: &Cursor) -> Result<(), BoxError> {
        if let Some(old) = &self.old
            && let Some(before) = self.kept.load().await?
        {
            old.save(&before).await?;
        }
        self.kept.save(cursor).await?;
        lock(&self.ledger).saves();
        self.seen.send_modify(|seen| seen.saves += 1);
        Ok(())
    }
}
