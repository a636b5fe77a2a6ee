//! A file as the body of a request: opened for each attempt, read piece by piece, and never sent when it
//! is not the file that was looked at.

use std::{
    fs::Metadata,
    io,
    path::Path,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::SystemTime,
};

use bytes::{BufMut, Bytes, BytesMut};
use futures_core::Stream;
use replykit_transport::{Body, BodyStream};
use tokio::{
    fs::{self, File},
    io::AsyncReadExt,
};

/// How much is read at once.
const PIECE: usize = 64 * 1024;

/// The file at `path` as it is now, and its first bytes, `most` of them.
pub(super) async fn look(path: Arc<Path>, most: u64) -> io::Result<(Body, Vec<u8>)> {
    let stamp = Stamp::of(&fs::metadata(&path).await?)?;
    let mut first = Vec::new();
    File::open(&path).await?.take(most).read_to_end(&mut first).await?;
    let body = Body::stream(stamp.len, move || open(Arc::clone(&path), stamp));
    Ok((body, first))
}

async fn open(path: Arc<Path>, stamp: Stamp) -> io::Result<BodyStream> {
    // Before it is opened: to open a pipe would be to wait for somebody who writes to it.
    stamp.check(&fs::metadata(&path).await?)?;
    let file = File::open(&path).await?;
    stamp.check(&file.metadata().await?)?;
    let reading = Reading { file, left: stamp.len, stamp };
    Ok(Box::pin(Pieces(Some(Box::pin(reading.next())))))
}

/// What tells whether a file is still the same.
#[derive(Clone, Copy)]
struct Stamp {
    len: u64,
    /// `None` where the system keeps no such time.
    modified: Option<SystemTime>,
}

impl Stamp {
    fn of(metadata: &Metadata) -> io::Result<Self> {
        if metadata.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "this is a directory"));
        }
        if !metadata.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "this is no regular file"));
        }
        Ok(Self { len: metadata.len(), modified: metadata.modified().ok() })
    }

    fn check(self, metadata: &Metadata) -> io::Result<()> {
        let now = Self::of(metadata)?;
        let (kind, text) = if now.len < self.len {
            (io::ErrorKind::UnexpectedEof, "the file became shorter")
        } else if now.len > self.len {
            (io::ErrorKind::FileTooLarge, "the file became longer")
        } else if now.modified != self.modified {
            (io::ErrorKind::InvalidData, "the file was changed")
        } else {
            return Ok(());
        };
        Err(io::Error::new(kind, text))
    }
}

struct Reading {
    file: File,
    left: u64,
    stamp: Stamp,
}

impl Reading {
    /// The next piece. Behind the last one the file has to be what it was.
    async fn next(mut self) -> io::Result<Option<(Bytes, Self)>> {
        if self.left == 0 {
            self.stamp.check(&self.file.metadata().await?)?;
            return Ok(None);
        }
        let most = usize::try_from(self.left).unwrap_or(PIECE).min(PIECE);
        let mut piece = BytesMut::with_capacity(most);
        let read = self.file.read_buf(&mut (&mut piece).limit(most)).await?;
        if read == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file became shorter"));
        }
        self.left = self.left.saturating_sub(read as u64);
        Ok(Some((piece.freeze(), self)))
    }
}

type Step = Pin<Box<dyn Future<Output = io::Result<Option<(Bytes, Reading)>>> + Send>>;

/// `None` when it is over.
struct Pieces(Option<Step>);

impl Stream for Pieces {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(step) = &mut self.0 else { return Poll::Ready(None) };
        let read = ready!(step.as_mut().poll(cx));
        self.0 = None;
        Poll::Ready(match read {
            Ok(Some((piece, reading))) => {
                self.0 = Some(Box::pin(reading.next()));
                Some(Ok(piece))
            }
            Ok(None) => None,
            Err(error) => Some(Err(error)),
        })
    }
}
