use std::{collections::VecDeque, fmt, sync::Arc};

use super::{
    BoxError, CursorStore, Events, FIRST_RETRY, MemoryCursor, Subscription, backfill::Backfill,
    known::Known,
};
use crate::{BotId, Client, Socket};

impl Client {
    /// The events of the socket's account. This client asks for what was missed while there was no
    /// connection; it may use the same socket, or POST.
    ///
    /// ```no_run
    /// use convrs_client::{Client, FileCursor, Socket, SocketEvent};
    ///
    /// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// let client = Client::new("https://data.conv.rs/api".parse()?, "the dashboard's token")?;
    /// let socket = Socket::new("wss://data.conv.rs/api".parse()?, "the dashboard's token")?;
    ///
    /// let mut events = client.events(&socket).cursor(FileCursor::new("convrs.cursor")).open().await?;
    /// while let Some(event) = events.next().await {
    ///     match event {
    ///         SocketEvent::Event { event, .. } => println!("{}", event.cmd()),
    ///         SocketEvent::Gap(gap) => println!("{gap}"),
    ///         other => println!("{other:?}"),
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    pub fn events(&self, socket: &Socket) -> EventsBuilder {
        EventsBuilder {
            client: self.clone(),
            socket: socket.clone(),
            store: Arc::new(MemoryCursor::default()),
            bots: Vec::new(),
            range_fields: None,
        }
    }
}

/// Settings of [`Events`].
#[must_use = "call open()"]
pub struct EventsBuilder {
    client: Client,
    socket: Socket,
    store: Arc<dyn CursorStore>,
    bots: Vec<BotId>,
    range_fields: Option<(String, String)>,
}

impl EventsBuilder {
    /// Where the position in the events is kept. Default: in memory, so that a new process begins with
    /// what happens from then on.
    pub fn cursor(mut self, store: impl CursorStore) -> Self {
        self.store = Arc::new(store);
        self
    }

    /// The bots of the organisation, as for [`Client::users`]: needed to find all new users when more
    /// than 5000 came while there was no connection.
    pub fn bots<B: Into<BotId>>(mut self, bots: impl IntoIterator<Item = B>) -> Self {
        self.bots = bots.into_iter().map(Into::into).collect();
        self
    }

    /// As [`ClosedConversations::range_fields`](crate::ClosedConversations::range_fields).
    pub fn range_fields(mut self, start: impl Into<String>, end: impl Into<String>) -> Self {
        self.range_fields = Some((start.into(), end.into()));
        self
    }

    /// Loads the cursor and connects.
    ///
    /// # Errors
    /// [`EventsError`].
    pub async fn open(self) -> Result<Events, EventsError> {
        let cursor = self.store.load().await.map_err(EventsError::Cursor)?;
        if !self.socket.inbox().subscribe() {
            return Err(EventsError::AlreadyRead);
        }
        self.socket.start();
        let known = cursor.map_or_else(Known::default, Known::from);
        Ok(Events {
            inbox: Subscription(self.socket.inbox().clone()),
            socket: self.socket,
            store: self.store,
            backfill: Backfill {
                client: self.client,
                bots: self.bots,
                range_fields: self.range_fields,
            },
            gap_from: known.beginning(),
            known,
            items: VecDeque::new(),
            ready: VecDeque::new(),
            work: None,
            checkpoint: None,
            reach: None,
            connected: false,
            behind: true,
            left: false,
            overflowed: false,
            let_go: None,
            save_soon: false,
            unsaved: false,
            recovered: 0,
            truncated: Vec::new(),
            retry: FIRST_RETRY,
            poll: None,
            drain: None,
        })
    }
}

impl fmt::Debug for EventsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventsBuilder").field("socket", &self.socket).finish_non_exhaustive()
    }
}

/// Why the events of a socket cannot be read.
#[derive(Debug)]
#[non_exhaustive]
pub enum EventsError {
    /// There are events of this socket already.
    AlreadyRead,
    /// The cursor cannot be loaded. Beginning without it would lose what happened since.
    Cursor(BoxError),
}

impl fmt::Display for EventsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AlreadyRead => "the events of this socket are read already, and each comes once",
            Self::Cursor(_) => {
                "the cursor cannot be loaded: mend it, or remove it and lose what happened since"
            }
        })
    }
}

impl std::error::Error for EventsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::AlreadyRead => None,
            Self::Cursor(error) => Some(error.as_ref()),
        }
    }
}
