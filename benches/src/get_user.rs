//! GetUser over a socket: a server that answers it, and the program that calls it.

use std::{env, fs, path::PathBuf, process::Command, thread};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    runtime,
};

use crate::measure::{build, count};

const PROGRAM: &str = "replykit-benches-call";
const FEW: u32 = 50;
const MORE: u32 = 550;

/// The program that makes the calls, kept under a name of its own: cargo has one for all builds.
pub(crate) struct Caller(PathBuf);

impl Caller {
    /// Builds it with these flags of cargo.
    pub(crate) fn build(name: &str, flags: &[&str]) -> Result<Self, String> {
        let kept = Self(env::temp_dir().join(format!("{PROGRAM}-{name}.{}", std::process::id())));
        let built = build("replykit-benches", PROGRAM, flags)?;
        fs::copy(built, &kept.0).map_err(|e| format!("{PROGRAM}: {e}"))?;
        Ok(kept)
    }

    /// Instructions of one call: what more calls cost over fewer.
    pub(crate) fn instructions(&self, url: &str, mode: &str) -> Result<f64, String> {
        let few = count(&self.0, &[url, mode, &FEW.to_string(), "1"])?;
        let more = count(&self.0, &[url, mode, &MORE.to_string(), "1"])?;
        Ok((more - few) / f64::from(MORE - FEW))
    }

    /// Seconds that so many calls take, so many at once.
    pub(crate) fn seconds(
        &self,
        url: &str,
        mode: &str,
        calls: u32,
        at_once: u32,
    ) -> Result<f64, String> {
        let out = Command::new(&self.0)
            .args([url, mode, &calls.to_string(), &at_once.to_string()])
            .output()
            .map_err(|e| format!("{PROGRAM}: {e}"))?;
        let printed = String::from_utf8_lossy(&out.stdout);
        printed.trim().parse().map_err(|_| {
            format!("{PROGRAM} {mode}: {printed}{}", String::from_utf8_lossy(&out.stderr))
        })
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        // Where that fails, the system cleans up.
        let _ = fs::remove_file(&self.0);
    }
}

/// A server that knows one user, on a thread of its own. It ends with the program.
pub(crate) fn serve() -> std::io::Result<String> {
    let runtime = runtime::Builder::new_current_thread().enable_io().build()?;
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let url = format!("http://{}/api", listener.local_addr()?);
    thread::spawn(move || {
        runtime.block_on(async {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that goes away ends its own connection only.
                tokio::spawn(answer(stream));
            }
        });
    });
    Ok(url)
}

async fn answer(stream: TcpStream) -> std::io::Result<()> {
    const USER: &str = r#"{"ok":1,"cmd":"GetUser","data":{"uid":"73-tel-615940546","name":"Billy Bob","first_name":"Billy","last_name":"Bob","bot":"Telegram","botID":73,"lang":"en","created":"2020-04-28T17:48:15.000Z","notes":"","email":"","phone":"","url":"https://app.conv.rs/u/abc123"}}"#;
    let reply = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{USER}",
        USER.len()
    );
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    let (mut line, mut body) = (String::new(), Vec::new());
    loop {
        let mut length = 0;
        while stream.read_line(&mut line).await? > 2 {
            line.make_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
            line.clear();
        }
        line.clear();
        if length == 0 {
            return Ok(());
        }
        body.resize(length, 0);
        stream.read_exact(&mut body).await?;
        stream.write_all(reply.as_bytes()).await?;
    }
}
