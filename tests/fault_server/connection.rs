use std::{
    io::{Error, ErrorKind, Result},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, Interest},
    net::TcpStream,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::{Log, Plan, Received, Script, Step, script::Choice, upgrade};

/// One connection, and what was read from it without being a whole request yet.
pub(super) struct Connection {
    io: Io,
    unread: Vec<u8>,
    log: Arc<Log>,
    number: usize,
}

enum Io {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// The same call on either kind of stream.
macro_rules! on {
    ($io:expr, $stream:ident => $call:expr) => {
        match $io {
            Io::Plain($stream) => $call,
            Io::Tls($stream) => $call,
        }
    };
}

impl Connection {
    pub(super) async fn open(
        stream: TcpStream,
        tls: Option<TlsAcceptor>,
        log: Arc<Log>,
        number: usize,
    ) -> Result<Self> {
        // What a step writes goes out with that step.
        stream.set_nodelay(true)?;
        let io = match tls {
            None => Io::Plain(stream),
            Some(acceptor) => Io::Tls(Box::new(acceptor.accept(stream).await?)),
        };
        Ok(Self { io, unread: Vec::new(), log, number })
    }

    pub(super) async fn play(mut self, plan: &Plan) -> Result<()> {
        loop {
            let script = match &plan.0 {
                Choice::Turn(choose) => choose(self.log.next_turn()),
                Choice::Request(choose) => choose(&self.read_request().await?),
            };
            if !self.perform(script).await? {
                return Ok(());
            }
            if matches!(plan.0, Choice::Turn(_)) && self.unread.is_empty() {
                // A client that closes instead takes no turn, and a script may want few bytes.
                self.read(1).await?;
            }
        }
    }

    /// Returns whether another script follows.
    async fn perform(&mut self, script: Script) -> Result<bool> {
        for step in script.0 {
            match step {
                Step::Read => {
                    self.read_request().await?;
                }
                Step::Upgrade => {
                    let answer = upgrade::answer(&self.read_request().await?);
                    self.write(&answer).await?;
                }
                Step::ReadBytes(count) => self.read_bytes(count).await?,
                Step::Write(bytes) => self.write(&bytes).await?,
                Step::Drip(bytes, pause) => self.drip(&bytes, pause).await?,
                Step::Endless(bytes) => loop {
                    self.write(&bytes).await?;
                },
                Step::Hold => return self.until_gone().await,
                Step::Fin => {
                    on!(&mut self.io, stream => stream.shutdown().await)?;
                    while self.read(usize::MAX).await.is_ok() {
                        self.unread.clear();
                    }
                    return Ok(false);
                }
                Step::Reset => {
                    self.tcp().set_zero_linger()?;
                    return Ok(false);
                }
                Step::Next => return Ok(true),
            }
        }
        Ok(false)
    }

    async fn read_request(&mut self) -> Result<Received> {
        loop {
            if let Some(request) = Received::take_from(&mut self.unread, self.number) {
                self.log.note(request.clone());
                return Ok(request);
            }
            self.read(usize::MAX).await?;
        }
    }

    async fn read_bytes(&mut self, count: usize) -> Result<()> {
        while self.unread.len() < count {
            self.read(count.saturating_sub(self.unread.len())).await?;
        }
        if let Some(request) = Received::take_from(&mut self.unread, self.number) {
            self.log.note(request);
        }
        Ok(())
    }

    /// Reads what is there, at least one byte and no more than `most`.
    async fn read(&mut self, most: usize) -> Result<()> {
        const PIECE: u64 = 64 * 1024;
        let most = u64::try_from(most).map_or(PIECE, |most| most.min(PIECE));
        let count =
            on!(&mut self.io, stream => stream.take(most).read_buf(&mut self.unread).await)?;
        if count == 0 { Err(ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        on!(&mut self.io, stream => {
            stream.write_all(bytes).await?;
            stream.flush().await?;
        });
        let count = u64::try_from(bytes.len()).map_err(Error::other)?;
        self.log.written.fetch_add(count, Ordering::SeqCst);
        Ok(())
    }

    async fn drip(&mut self, bytes: &Bytes, pause: Duration) -> Result<()> {
        for byte in bytes {
            self.write(&[*byte]).await?;
            if pause.is_zero() {
                tokio::task::yield_now().await;
            } else {
                tokio::time::sleep(pause).await;
            }
        }
        Ok(())
    }

    /// Waits for the client's FIN or RST without reading a byte.
    async fn until_gone(&self) -> Result<bool> {
        let tcp = self.tcp();
        loop {
            let ready = tcp.ready(Interest::READABLE).await?;
            if ready.is_read_closed() || ready.is_error() {
                return Ok(false);
            }
            // Unread bytes would make it ready for ever: only news counts.
            let _ = tcp
                .try_io(Interest::READABLE, || -> Result<()> { Err(ErrorKind::WouldBlock.into()) });
        }
    }

    fn tcp(&self) -> &TcpStream {
        match &self.io {
            Io::Plain(stream) => stream,
            Io::Tls(stream) => stream.get_ref().0,
        }
    }
}
