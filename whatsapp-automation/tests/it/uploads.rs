//! Files that are uploaded from the disk: what arrives, and what becomes of those that change on the way.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::StreamExt;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use whatsapp_automation::{
    ErrorKind, Media, Outcome,
    crm::{Endpoint, PostStatus},
    transport::{Body, BodyStream, Phase, TransportErrorKind},
};

use crate::{
    forms::parts,
    wire::{answer, call, status},
};

const MIB: u64 = 1024 * 1024;

/// A folder that is gone with its value.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name =
            format!("replykit-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::SeqCst));
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    /// A file of `len` zeros, which take no room on the disk.
    pub(crate) fn zeros(&self, name: &str, len: u64) -> PathBuf {
        let path = self.0.join(name);
        File::create(&path).unwrap().set_len(len).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn set_len(path: &Path, len: u64) {
    OpenOptions::new().write(true).open(path).unwrap().set_len(len).unwrap();
}

/// Another content of the same length, and a time of change that is not the same however coarse the
/// clock is.
pub(crate) fn rewrite(path: &Path) {
    let mut file = OpenOptions::new().write(true).open(path).unwrap();
    file.write_all(b"1").unwrap();
    file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
}

/// A connection whose head was read.
struct Connection {
    stream: TcpStream,
    /// What the head says of the body's length.
    len: u64,
    /// How much of the body was read.
    read: u64,
}

impl Connection {
    async fn of(mut stream: TcpStream) -> Self {
        let mut bytes = Vec::new();
        let end = loop {
            assert!(stream.read_buf(&mut bytes).await.unwrap() > 0);
            if let Some(at) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
                break at + 4;
            }
        };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let len = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        Self { stream, len: len.parse().unwrap(), read: (bytes.len() - end) as u64 }
    }

    /// Reads the body up to `offset`, or to the end of the connection.
    async fn read_to(&mut self, offset: u64) {
        let mut piece = vec![0; 64 * 1024];
        while self.read < offset {
            let room = usize::try_from(offset - self.read).unwrap().min(piece.len());
            match self.stream.read(&mut piece[..room]).await {
                Ok(0) | Err(_) => break,
                Ok(count) => self.read += count as u64,
            }
        }
    }
}

/// Hands each connection to `script`. Returns the base URL, and what the scripts give.
async fn server<F, Fut, T>(script: F) -> (String, mpsc::UnboundedReceiver<T>)
where
    F: Fn(Connection) -> Fut + Send + 'static,
    Fut: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/", listener.local_addr().unwrap());
    let (seen, given) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let connection = Connection::of(stream).await;
            let _ = seen.send(script(connection).await);
        }
    });
    (base, given)
}

const POSTED: &str =
    "HTTP/1.1 201 Created\r\nConnection: close\r\nContent-Length: 8\r\n\r\n{\"id\":7}";

#[tokio::test]
async fn a_file_goes_out_under_its_own_name_and_type() {
    let folder = Folder::new();
    let path = folder.0.join("pisică \"1\".PDF");
    fs::write(&path, b"%PDF\r\n--replykit").unwrap();
    let media = Media::file(&*path).await.unwrap();
    assert_eq!((media.content.len(), media.content.as_bytes()), (16, None));

    let (_, seen) = call(PostStatus::media(media.clone()), answer(201, status())).await;
    assert_eq!(seen.headers["content-length"], seen.body.len().to_string().as_str());
    let kind = seen.headers["content-type"].to_str().unwrap();
    let part = (
        "media".to_owned(),
        Some("pisică %221%22.PDF".to_owned()),
        Some("application/pdf".to_owned()),
        b"%PDF\r\n--replykit".to_vec(),
    );
    assert_eq!(parts(kind, seen.body.clone().into()).await, [part]);

    let named = media.of_type("image/png");
    let (_, seen) = call(PostStatus::media(named), answer(201, status())).await;
    let kind = seen.headers["content-type"].to_str().unwrap();
    assert_eq!(parts(kind, seen.body.clone().into()).await[0].2.as_deref(), Some("image/png"));
}

#[tokio::test]
async fn a_large_file_is_read_no_further_ahead_than_a_few_pieces() {
    const LEN: u64 = 200 * MIB;
    let folder = Folder::new();
    let mut film = Media::file(folder.zeros("film.mp4", LEN)).await.unwrap();
    let given = Arc::new(AtomicU64::new(0));
    let (file, count) = (film.content, Arc::clone(&given));
    film.content = Body::stream(LEN, move || {
        let (file, count) = (file.clone(), Arc::clone(&count));
        async move {
            let pieces = file.open().await.map_err(io::Error::other)?;
            Ok(Box::pin(pieces.inspect(move |piece| {
                count.fetch_add(piece.as_ref().unwrap().len() as u64, Ordering::SeqCst);
            })) as BodyStream)
        }
    });
    let count = Arc::clone(&given);
    let (base, mut seen) = server(move |mut connection| {
        let count = Arc::clone(&count);
        async move {
            let mut most = 0;
            while connection.read < connection.len {
                connection.read_to(connection.len.min(connection.read + MIB)).await;
                most = most.max(count.load(Ordering::SeqCst).saturating_sub(connection.read));
            }
            connection.stream.write_all(POSTED.as_bytes()).await.unwrap();
            (connection.read, most)
        }
    })
    .await;

    assert!(PostStatus::media(film.clone()).validate().is_err(), "it is above the usual limit");
    let post = PostStatus::media(film.max_len(LEN));
    crate::client(&base).execute(post).deadline(Duration::from_secs(120)).await.unwrap();
    let (read, ahead) = seen.recv().await.unwrap();
    assert!(read > LEN && given.load(Ordering::SeqCst) == LEN);
    // What the library holds, and what the kernel does on both sides of loopback.
    assert!(ahead < 16 * MIB, "{ahead} bytes ahead");
}

/// What happens to a file.
type Change = fn(&Path);

/// Makes a call that fails for the file before anybody was called.
async fn unsent(media: Media) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let client = crate::client(&format!("http://{}/", listener.local_addr().unwrap()));
    let error = client.execute(PostStatus::media(media)).await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent);
    assert_eq!(listener.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock);
    let ErrorKind::Transport(failure) = error.kind() else { panic!("{error:?}") };
    assert_eq!((failure.phase(), failure.kind()), (Phase::Prepare, TransportErrorKind::Upload));
    assert_eq!(error.attempts(), 1);
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("film") && !shown.contains("replykit-"), "{shown}");
    error.to_string().rsplit(": ").next().unwrap().to_owned()
}

#[tokio::test]
async fn k05_a_file_that_is_gone_or_changed_before_the_call_is_not_sent() {
    let folder = Folder::new();
    let cases: [(Change, &str); 6] = [
        (|path| fs::remove_file(path).unwrap(), "entity not found"),
        (|path| set_len(path, 9), "unexpected end of file"),
        (|path| set_len(path, 11), "file too large"),
        (rewrite, "invalid data"),
        (
            |path| {
                fs::remove_file(path).unwrap();
                fs::create_dir(path).unwrap();
            },
            "is a directory",
        ),
        #[cfg(unix)]
        (
            |path| {
                fs::remove_file(path).unwrap();
                pipe(path);
            },
            "invalid input parameter",
        ),
    ];
    for (at, (change, reason)) in cases.into_iter().enumerate() {
        let path = folder.zeros(&format!("film-{at}.mp4"), 10);
        let media = Media::file(path.clone()).await.unwrap();
        change(&path);
        assert_eq!(unsent(media).await, reason);
    }
}

/// A named pipe, which nobody writes to.
#[cfg(unix)]
fn pipe(path: &Path) {
    assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[tokio::test]
async fn k05_what_is_no_readable_file_is_refused_without_its_path() {
    let folder = Folder::new();
    let refused = async |path: PathBuf| {
        let invalid = Media::file(path).await.unwrap_err();
        let shown = format!("{invalid} {invalid:?}");
        assert!(!shown.contains("film") && !shown.contains("replykit-"), "{shown}");
        (invalid.field(), invalid.rule())
    };
    assert_eq!(refused(folder.0.join("film.mp4")).await, ("media", "there is no such file"));
    assert_eq!(refused(folder.0.clone()).await.1, "this is a directory: give a file");
    assert_eq!(refused(PathBuf::new()).await.1, "there is no such file");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let path = folder.0.join("film-pipe.mp4");
        pipe(&path);
        assert_eq!(refused(path).await.1, "this is no regular file");
        let path = folder.zeros("film-secret.mp4", 1);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
        // Nothing is forbidden to root.
        if File::open(&path).is_err() {
            assert_eq!(refused(path).await.1, "the file may not be read");
        }
    }
    let empty = Media::file(folder.zeros("film-empty.mp4", 0)).await.unwrap();
    assert!(empty.validate().is_err());
}

#[tokio::test]
async fn k05_a_file_that_changes_on_the_way_never_makes_a_whole_form() {
    const LEN: u64 = 64 * MIB;
    let folder = Folder::new();
    let cases: [(Change, u64); 4] = [
        (|path| set_len(path, LEN / 2), LEN / 2),
        (|path| set_len(path, 0), LEN),
        (|path| set_len(path, LEN + 1), LEN),
        (rewrite, LEN),
    ];
    for (at, (change, most)) in cases.into_iter().enumerate() {
        let path = folder.zeros(&format!("film-{at}.mp4"), LEN);
        let media = Media::file(path.clone()).await.unwrap();
        let (base, mut seen) = server(move |mut connection| {
            let path = path.clone();
            async move {
                connection.read_to(MIB).await;
                change(&path);
                connection.read_to(u64::MAX).await;
                (connection.read, connection.len)
            }
        })
        .await;
        let error = crate::client(&base).execute(PostStatus::media(media)).await.unwrap_err();
        assert_eq!((error.outcome(), error.attempts()), (Outcome::Unknown, 1), "{error:?}");
        let ErrorKind::Transport(failure) = error.kind() else { panic!("{error:?}") };
        assert_eq!(
            (failure.phase(), failure.kind()),
            (Phase::Exchange, TransportErrorKind::Upload)
        );
        let (read, len) = seen.recv().await.unwrap();
        // The head of the part is about 200 bytes; the end of the form was not among what came.
        assert!(len > LEN && read < most + 256 && read < len - 45, "{read} of {len}");
        assert!(seen.try_recv().is_err(), "one request");
    }
}

#[tokio::test]
async fn k05_a_connection_that_breaks_on_the_way_is_unknown_and_one_request() {
    const LEN: u64 = 20 * MIB;
    let folder = Folder::new();
    let media = Media::file(folder.zeros("film.mp4", LEN)).await.unwrap();
    for offset in [0, 1, 300, 64 * 1024, MIB, LEN, LEN + 100] {
        let (base, mut seen) =
            server(move |mut connection| async move { connection.read_to(offset).await }).await;
        let post = PostStatus::media(media.clone());
        let error = crate::client(&base).execute(post).await.unwrap_err();
        assert_eq!((error.outcome(), error.attempts()), (Outcome::Unknown, 1), "{error:?}");
        let ErrorKind::Transport(failure) = error.kind() else { panic!("{error:?}") };
        assert_eq!(failure.kind(), TransportErrorKind::Interrupted);
        seen.recv().await.unwrap();
        assert!(seen.try_recv().is_err(), "one request");
    }
}

#[tokio::test]
async fn k05_a_refusal_before_the_end_of_the_upload_is_heard_and_ends_it() {
    const REFUSED: &str = "HTTP/1.1 413 Content Too Large\r\nContent-Type: application/json\r\n\
                           Content-Length: 26\r\n\r\n{\"media\":[\"It is too big\"]}";
    let folder = Folder::new();
    let media = Media::file(folder.zeros("film.mp4", 64 * MIB)).await.unwrap();
    let (base, mut seen) = server(|mut connection| async move {
        connection.stream.write_all(REFUSED.as_bytes()).await.unwrap();
        connection.read_to(u64::MAX).await;
        connection.read
    })
    .await;
    let error = crate::client(&base).execute(PostStatus::media(media)).await.unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(413), "{error:?}");
    assert_eq!((error.outcome(), error.attempts()), (Outcome::Rejected, 1));
    assert!(seen.recv().await.unwrap() < 64 * MIB, "the upload went on");
}

/// How many of this process's files are open below a folder.
#[cfg(target_os = "linux")]
fn open_below(folder: &Path) -> usize {
    let open = fs::read_dir("/proc/self/fd").unwrap();
    open.filter_map(|entry| fs::read_link(entry.unwrap().path()).ok())
        .filter(|path| path.starts_with(folder))
        .count()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn k05_a_call_that_is_given_up_closes_its_file() {
    let folder = Folder::new();
    let media = Media::file(folder.zeros("film.mp4", 64 * MIB)).await.unwrap();
    let (begun, mut begins) = mpsc::unbounded_channel();
    let (base, _seen) = server(move |connection| {
        begun.send(()).unwrap();
        async move {
            let _open = connection;
            std::future::pending::<()>().await;
        }
    })
    .await;
    let client = crate::client(&base);
    let mut call = client.execute(PostStatus::media(media)).into_future();
    tokio::select! {
        _ = begins.recv() => {}
        answer = &mut call => panic!("{answer:?}"),
    }
    assert_eq!(open_below(&folder.0), 1);
    drop(call);
    // A read may be on its way in another thread, and ends by itself.
    let closed = async {
        while open_below(&folder.0) > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), closed).await.unwrap();
}
