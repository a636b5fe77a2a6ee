//! The queue as a stream that ends.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt,
    future::poll_fn,
    ops::ControlFlow,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_core::Stream;
use tokio::time::Instant;

use super::{GetQueue, Pagination, QueuePage, QueuedMessage};
use crate::{
    Error, Malformed, ProtocolProblem,
    session::{Client, MessageId},
};

impl Client {
    /// All messages of the account, page by page. Changes nothing.
    ///
    /// Each comes once, also when the pages move while they are read: one that is new pushes others to
    /// the next page. One that is removed in the meantime may take another from sight.
    ///
    /// ```no_run
    /// # use whatsapp_automation::{Error, session::Client};
    ///
    /// # async fn run(client: Client) -> Result<(), Error> {
    /// let mut queue = client.queue();
    /// while let Some(message) = queue.next().await {
    ///     println!("{:?}", message?.status);
    /// }
    /// # Ok(()) }
    /// ```
    #[must_use = "a stream does nothing until it is polled"]
    pub fn queue(&self) -> Queue {
        Queue {
            client: self.clone(),
            pages: Pages::new(),
            asked: None,
            entries: VecDeque::new(),
            given: BTreeSet::new(),
        }
    }

    /// Shows `look` each message once, until it has seen enough, until `end` at the latest.
    pub(in crate::session) async fn each_queued(
        &self,
        end: Option<Instant>,
        mut look: impl FnMut(QueuedMessage) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let (mut pages, mut given) = (Pages::new(), BTreeSet::new());
        while let Some(ask) = pages.next() {
            let mut call = self.execute(ask);
            if let Some(end) = end {
                call = call.deadline(end.saturating_duration_since(Instant::now()));
            }
            let page = call.await?;
            pages.took(&page);
            for message in page.messages.into_vec() {
                if given.insert(message.id.clone()) && look(message).is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

/// Which page to ask for.
struct Pages {
    ask: GetQueue,
    at_most: Option<u64>,
    is_done: bool,
}

impl Pages {
    fn new() -> Self {
        Self { ask: GetQueue { page: 1, limit: 100 }, at_most: None, is_done: false }
    }

    fn next(&self) -> Option<GetQueue> {
        (!self.is_done).then_some(self.ask)
    }

    /// The page came. New messages may push others to a page more, but not for ever.
    fn took(&mut self, page: &QueuePage) {
        let Pagination { pages, total, .. } = page.pagination;
        let at_most = *self.at_most.get_or_insert(total.saturating_add(1));
        let is_empty = page.messages.is_empty() && page.messages.malformed().is_empty();
        let asked = u64::from(self.ask.page);
        self.is_done = is_empty || asked >= pages || asked >= at_most;
        self.ask.page = self.ask.page.saturating_add(1);
    }
}

/// A stream of messages, from [`Client::queue`].
///
/// A message that cannot be read is an error in its place, and the next ones follow. A request that fails
/// is an error too, and the end. There are no more pages than there were messages at first, and one.
pub struct Queue {
    client: Client,
    pages: Pages,
    asked: Option<Asked>,
    entries: VecDeque<Result<QueuedMessage, Error>>,
    given: BTreeSet<MessageId>,
}

type Asked = Pin<Box<dyn Future<Output = Result<QueuePage, Error>> + Send>>;

impl Queue {
    /// The next message, `None` at the end. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Result<QueuedMessage, Error>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    fn take(&mut self, page: QueuePage) {
        self.pages.took(&page);
        let unreadable = |malformed: &Malformed| {
            let json = malformed.json().to_string();
            (malformed.index(), Error::protocol(ProtocolProblem::Shape, json.as_bytes()))
        };
        let mut bad: BTreeMap<_, _> = page.messages.malformed().iter().map(unreadable).collect();
        let mut good = page.messages.into_vec().into_iter();
        for place in 0..good.len() + bad.len() {
            if let Some(error) = bad.remove(&place) {
                self.entries.push_back(Err(error));
            } else if let Some(message) = good.next()
                && self.given.insert(message.id.clone())
            {
                self.entries.push_back(Ok(message));
            }
        }
    }
}

impl Stream for Queue {
    type Item = Result<QueuedMessage, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(entry) = this.entries.pop_front() {
                return Poll::Ready(Some(entry));
            }
            let Some(ask) = this.pages.next() else { return Poll::Ready(None) };
            let client = &this.client;
            let asked = this.asked.get_or_insert_with(|| {
                let client = client.clone();
                Box::pin(async move { client.execute(ask).await })
            });
            let page = ready!(asked.as_mut().poll(cx));
            this.asked = None;
            match page {
                Ok(page) => this.take(page),
                Err(error) => {
                    this.pages.is_done = true;
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").field("page", &self.pages.ask.page).finish_non_exhaustive()
    }
}
