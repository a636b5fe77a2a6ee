//! A sender that hangs up now and then, and repeats what was not answered with 200.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    time::{sleep, timeout},
};

use super::{
    ledger::Ledger,
    plan::{Delivery, Plan, request},
};

/// How often a post is made at most. A receiver that needs more has lost it.
const ATTEMPTS: usize = 60;
/// Far above what an answer takes, however busy the machine.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Sender {
    pub(crate) plan: Arc<Plan>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) next: Arc<AtomicUsize>,
    pub(crate) address: SocketAddr,
    pub(crate) path: Arc<str>,
}

impl Sender {
    /// Makes posts as long as there are any.
    pub(crate) async fn work(self) {
        let mut connection = None;
        loop {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            if !self.post(index, &mut connection).await {
                return;
            }
        }
    }

    /// Makes one post until it is answered with 200. False when there is none.
    async fn post(&self, index: usize, connection: &mut Option<Connection>) -> bool {
        let Some(post) = self.plan.posts.get(index) else { return false };
        let Some(account) = self.ledger.account(post.fact) else { return false };
        let request = request(&self.path, &self.plan.body(*post));
        for attempt in 0..ATTEMPTS {
            account.posts.fetch_add(1, Ordering::SeqCst);
            let delivery = self.plan.delivery(index, attempt);
            match timeout(PATIENCE, self.deliver(&request, delivery, connection)).await {
                Ok(Ok(Some(200))) => {
                    account.answered(200);
                    return true;
                }
                Ok(Ok(Some(status @ (500 | 503)))) => account.answered(status),
                Ok(Ok(None)) => {
                    account.hang_ups.fetch_add(1, Ordering::SeqCst);
                }
                // No other status, no cut answer and no silence is to be expected of it.
                _ => {
                    *connection = None;
                    self.ledger.strange();
                    sleep(Duration::from_millis(10)).await;
                }
            }
        }
        true
    }

    /// The status, or nothing where the sender hung up.
    async fn deliver(
        &self,
        request: &str,
        delivery: Delivery,
        kept: &mut Option<Connection>,
    ) -> io::Result<Option<u16>> {
        let request = request.as_bytes();
        let mut connection = match kept.take() {
            Some(connection) => connection,
            None => Connection(BufReader::new(TcpStream::connect(self.address).await?)),
        };
        match delivery {
            Delivery::Whole => {
                connection.0.write_all(request).await?;
                let status = connection.answer().await?;
                *kept = Some(connection);
                Ok(Some(status))
            }
            Delivery::HangUpInRequest { at } => {
                let end = request.len() * usize::from(at) / (usize::from(u16::MAX) + 1);
                connection.0.write_all(request.get(..end).unwrap_or_default()).await?;
                connection.hang_up(at % 2 == 0)
            }
            Delivery::HangUpInAnswer { after } => {
                connection.0.write_all(request).await?;
                let mut read = vec![0; after];
                connection.0.read_exact(&mut read).await?;
                connection.hang_up(after == 0)
            }
        }
    }
}

struct Connection(BufReader<TcpStream>);

impl Connection {
    fn hang_up(self, reset: bool) -> io::Result<Option<u16>> {
        if reset {
            self.0.get_ref().set_zero_linger()?;
        }
        Ok(None)
    }

    /// Reads a whole answer: its status.
    async fn answer(&mut self) -> io::Result<u16> {
        let mut line = String::new();
        self.0.read_line(&mut line).await?;
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
        let mut length = 0;
        loop {
            line.clear();
            self.0.read_line(&mut line).await?;
            match line.trim().split_once(':') {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.trim().parse().map_err(io::Error::other)?;
                }
                Some(_) => {}
                None => break,
            }
        }
        self.0.read_exact(&mut vec![0; length]).await?;
        status.ok_or_else(|| io::Error::other("no status"))
    }
}
