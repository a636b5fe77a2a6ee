//! One call over a socket, with and without somebody who looks on.

use std::{
    env, fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    thread,
};

use crate::{
    Case, Figure,
    measure::{build, count, has_valgrind},
    report::Report,
};

pub(crate) const FIGURE: Figure = Figure {
    name: "call-observed",
    about: "a typed GetUser over a kept-alive connection, beside the same without the feature tracing",
    cases: Vec::new,
    judge,
};

const PROGRAM: &str = "replykit-benches-call";
const FEW: u32 = 50;
const MORE: u32 = 550;

fn judge(_: &[Case], report: &mut Report) -> Result<(), String> {
    if !has_valgrind() {
        return Err("install valgrind: the differences are too small for a clock".to_owned());
    }
    let url = serve().map_err(|e| format!("the server: {e}"))?;
    let without = program("without", &["--no-default-features"])?;
    let with = program("with", &[])?;
    let mut counts = [
        ("without the feature", &without, "plain", 0.0),
        ("with it, nobody looks on", &with, "plain", 0.0),
        ("with it, formatted at DEBUG", &with, "formatted", 0.0),
    ];
    for (name, program, mode, calls) in &mut counts {
        *calls = instructions(program, &url, mode)?;
        report.info(&format!("{name}, instructions"), *calls);
    }
    let [(.., without), (.., disabled), (.., formatted)] = counts;
    report.at_most("nobody looks on: to without", disabled / without, 1.02);
    report.at_most("formatted: to without", formatted / without, 1.15);
    Ok(())
}

/// Instructions of one call: what more calls cost over fewer.
fn instructions(program: &Kept, url: &str, mode: &str) -> Result<f64, String> {
    let few = count(&program.0, &[url, mode, &FEW.to_string()])?;
    let more = count(&program.0, &[url, mode, &MORE.to_string()])?;
    Ok((more - few) / f64::from(MORE - FEW))
}

/// The program that makes the calls, kept under a name of its own: cargo has one for both builds.
fn program(name: &str, features: &[&str]) -> Result<Kept, String> {
    let kept = Kept(env::temp_dir().join(format!("{PROGRAM}-{name}.{}", std::process::id())));
    fs::copy(build(PROGRAM, features)?, &kept.0).map_err(|e| format!("{PROGRAM}: {e}"))?;
    Ok(kept)
}

/// A copy of a program, for as long as it is needed.
struct Kept(PathBuf);

impl Drop for Kept {
    fn drop(&mut self) {
        // Where that fails, the system cleans up.
        let _ = fs::remove_file(&self.0);
    }
}

/// A server that knows one user. It ends with the program.
fn serve() -> std::io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/api", listener.local_addr()?);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that goes away ends its own connection only.
            thread::spawn(move || answer(stream));
        }
    });
    Ok(url)
}

fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    const USER: &str = r#"{"ok":1,"cmd":"GetUser","data":{"uid":"73-tel-615940546","name":"Billy Bob","first_name":"Billy","last_name":"Bob","bot":"Telegram","botID":73,"lang":"en","created":"2020-04-28T17:48:15.000Z","notes":"","email":"","phone":"","url":"https://app.conv.rs/u/abc123"}}"#;
    let reply = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{USER}",
        USER.len()
    );
    let mut requests = BufReader::new(stream.try_clone()?);
    loop {
        let mut length = 0;
        let mut line = String::new();
        while requests.read_line(&mut line)? > 2 {
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
            line.clear();
        }
        if length == 0 {
            return Ok(());
        }
        std::io::copy(&mut requests.by_ref().take(length), &mut std::io::sink())?;
        stream.write_all(reply.as_bytes())?;
    }
}
