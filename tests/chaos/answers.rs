//! What the server does about a request that it has read, or about a connection before.

use std::{net::SocketAddr, time::Duration};

use fastrand::Rng;
use replykit_tests::fault_server::Script;

use crate::fault::Fault;

/// What happens on a connection on which no request is awaited, `None` where one is.
pub(crate) fn unread(fault: Fault, elsewhere: SocketAddr, rng: &mut Rng) -> Option<Script> {
    // The first message of a TLS handshake is longer, and so is the shortest request.
    let part = Script::part(rng.usize(1..=if fault.is_tls() { 180 } else { 240 }));
    Some(match fault {
        Fault::ClosedUnread => Script::close(),
        Fault::ResetUnread => Script::close().reset(),
        Fault::ClosedAt | Fault::TlsClosed if rng.bool() => part.fin(),
        Fault::ClosedAt | Fault::TlsClosed => part,
        Fault::ResetAt | Fault::TlsReset => part.reset(),
        Fault::StalledAt | Fault::TlsSilent => part.hold(),
        Fault::EarlyStatus => {
            let refused = part.write(refused(fault, "", elsewhere, rng));
            if rng.bool() { refused.fin() } else { refused }
        }
        Fault::TlsGarbage => part.write("HTTP/1.1 400 Bad Request\r\n\r\n").fin(),
        _ => return None,
    })
}

/// Whether the server does what a request asks for, and how it answers. A redirect leads `elsewhere`.
pub(crate) fn answer(
    fault: Fault,
    cmd: &str,
    elsewhere: SocketAddr,
    rng: &mut Rng,
) -> (bool, Script) {
    let none = Script::close();
    let done = match fault {
        Fault::Limited
        | Fault::Unavailable
        | Fault::BareStatus
        | Fault::Redirect
        | Fault::Refusal => false,
        Fault::Doubtful => rng.bool(),
        _ => true,
    };
    let script = match fault {
        Fault::Plain => kept(none.write(http(200, "X: x", yes(cmd))), rng),
        Fault::Chunked => kept(none.write(chunked(yes(cmd), rng)), rng),
        Fault::Unframed => none.write(unframed(yes(cmd))).fin(),
        Fault::Dripped => {
            let pause = Duration::from_micros(rng.u64(..3000));
            none.drip(http(200, "Connection: close", yes(cmd)), pause).fin()
        }
        Fault::ClosedAfter => none.fin(),
        Fault::ResetAfter => none.reset(),
        Fault::Silent => none.hold(),
        Fault::Cut if rng.bool() => none.write(cut(cmd, rng)).reset(),
        Fault::Cut => none.write(cut(cmd, rng)).fin(),
        Fault::Stalled => none.write(cut(cmd, rng)).hold(),
        Fault::Garbage => none.write(garbage(rng)).fin(),
        _ if done => none.write(spoilt(fault, cmd, elsewhere, rng)).fin(),
        _ => none.write(refused(fault, cmd, elsewhere, rng)).fin(),
    };
    (done, script)
}

/// At times the connection is closed although nothing was said of it, and the next request may be on
/// its way.
fn kept(script: Script, rng: &mut Rng) -> Script {
    if rng.u8(..4) == 0 { script.fin() } else { script.next() }
}

/// Answers of a server that has not done it.
fn refused(fault: Fault, cmd: &str, elsewhere: SocketAddr, rng: &mut Rng) -> Vec<u8> {
    match fault {
        Fault::Limited => {
            let wait = any(
                rng,
                &["X-Wait: none", "Retry-After: 0", "Retry-After: 1", "Retry-After: soon"],
            );
            http(any(rng, &[429, 425]), wait, page(rng))
        }
        Fault::Unavailable => {
            let status = any(rng, &[408, 409, 500, 502, 503, 504, 520]);
            http(status, "Retry-After: 0", page(rng))
        }
        Fault::Redirect => {
            let location = format!("Location: http://{elsewhere}/elsewhere");
            http(any(rng, &[307, 308]), &location, page(rng))
        }
        Fault::Refusal if rng.bool() => refusal(cmd, any(rng, &WAIT), rng),
        Fault::Refusal => refusal(cmd, any(rng, &NOT_DONE), rng),
        Fault::Doubtful => refusal(cmd, any(rng, &DOUBTFUL), rng),
        _ => http(any(rng, &REFUSED_BY_STATUS), "X-Refused: yes", page(rng)),
    }
}

/// Answers of a server that has done it.
fn spoilt(fault: Fault, cmd: &str, elsewhere: SocketAddr, rng: &mut Rng) -> Vec<u8> {
    let yes = yes(cmd);
    match fault {
        Fault::Doubtful => refusal(cmd, any(rng, &DOUBTFUL), rng),
        Fault::Html => http(200, "Content-Type: text/html", page(rng)),
        Fault::BadGateway => http(any(rng, &[500, 502, 503, 504, 520]), "Server: proxy", page(rng)),
        Fault::SeeOther => {
            let location = format!("Location: http://{elsewhere}/elsewhere");
            http(any(rng, &[301, 302, 303]), &location, page(rng))
        }
        Fault::WrongLength => {
            let length = yes.len().saturating_add(20).saturating_sub(rng.usize(..40));
            format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{yes}").into()
        }
        Fault::Trailing => {
            let behind = any(rng, &["0", "}", "<!-- cached -->", "{\"ok\":0}", "\u{0}"]);
            http(200, "Content-Type: application/json", &format!("{yes}{behind}"))
        }
        Fault::Compressed => http(200, "Content-Encoding: gzip", yes),
        Fault::TooLarge => "HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n{".into(),
        Fault::OtherCommand => {
            let other = format!(r#"{{"ok":1,"cmd":"Other{cmd}","mid":"1"}}"#);
            http(200, "Content-Type: application/json", &other)
        }
        Fault::BadFlag => {
            let flag = any(rng, &["2", "null", "[]", "\"yes\"", "1,\"ok\":0", "0,\"ok\":1"]);
            let bad = yes.replacen("\"ok\": 1", &format!("\"ok\":{flag}"), 1);
            http(200, "Content-Type: application/json", &bad)
        }
        Fault::YesUnder500 => {
            http(any(rng, &[400, 401, 403, 404, 429, 500, 503]), "X-Done: yes", yes)
        }
        _ => http(200, "Connection: close", yes),
    }
}

/// By RFC 9110 a server that answers with one of these has not acted.
const REFUSED_BY_STATUS: [u16; 17] =
    [400, 401, 403, 404, 405, 406, 410, 411, 413, 414, 415, 417, 421, 422, 431, 501, 505];

/// By the document, the message was not sent. A number above 9999 is WhatsApp's, behind 3002.
const NOT_DONE: [u32; 40] = [
    1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 1015,
    1016, 1017, 1019, 1020, 1021, 1022, 1023, 1024, 1025, 2001, 2006, 3000, 3001, 3003, 3004, 3050,
    3051, 3052, 3053, 131_026, 131_047, 131_049, 131_050, 132_001,
];

/// As above, and the same again makes sense after a wait.
const WAIT: [u32; 6] = [2007, 2008, 2009, 80_007, 130_429, 131_056];

/// The message may have gone out: the document has it so, or is silent. 0 is no code at all.
const DOUBTFUL: [u32; 11] = [0, 1018, 2000, 2002, 2003, 2004, 2005, 3002, 4711, 131_000, 131_016];

fn refusal(cmd: &str, code: u32, rng: &mut Rng) -> Vec<u8> {
    let code = match code {
        0 => String::new(),
        1..=9999 => format!(r#","errorCode":{code}"#),
        _ => format!(r#","errorCode":3002,"whatsappErrorCode":{code}"#),
    };
    let status = any(rng, &[200, 200, 200, 400, 403, 429, 500, 503]);
    let body = format!(r#"{{"ok":0,"cmd":"{cmd}","error":"no"{code}}}"#);
    http(status, "Content-Type: application/json", &body)
}

/// The documented answers.
fn yes(cmd: &str) -> &'static str {
    match cmd {
        "SendWhatsAppTemplate" => {
            include_str!("../fixtures/convrs/42-SendWhatsAppTemplate-response.json")
        }
        "SendSMSMessage" => include_str!("../fixtures/convrs/46-SendSMSMessage-response.json"),
        "SendTextMessage" => include_str!("../fixtures/convrs/48-SendTextMessage-response.json"),
        "SendMessage" => include_str!("../fixtures/convrs/50-SendMessage-response.json"),
        "SetUserData" => include_str!("../fixtures/convrs/20-SetUserData-response.json"),
        "CreateUserTag" => include_str!("../fixtures/convrs/36-CreateUserTag-response.json"),
        "GetUser" => include_str!("../fixtures/convrs/15-GetUser-response.json"),
        "SetUserName" => include_str!("../fixtures/convrs/22-SetUserName-response.json"),
        _ => "",
    }
}

/// What a proxy or a framework says, with nothing of the API's own.
fn page(rng: &mut Rng) -> &'static str {
    any(rng, &["", "<html><h1>Sorry</h1></html>", "no", r#"{"message":"no"}"#, "null", "[1]"])
}

fn http(status: u16, header: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status} Chaos\r\n{header}\r\nContent-Length: {length}\r\n\r\n{body}").into()
}

fn chunked(body: &str, rng: &mut Rng) -> Vec<u8> {
    let mut answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for chunk in body.as_bytes().chunks(rng.usize(1..80)) {
        answer.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
        answer.extend(chunk);
        answer.extend(b"\r\n");
    }
    answer.extend(b"0\r\n\r\n");
    answer
}

fn unframed(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\n\r\n{body}").into()
}

/// A good answer, up to any byte.
fn cut(cmd: &str, rng: &mut Rng) -> Vec<u8> {
    let mut answer = match rng.u8(..3) {
        0 => chunked(yes(cmd), rng),
        1 => unframed(yes(cmd)),
        _ => http(200, "Content-Type: application/json", yes(cmd)),
    };
    answer.truncate(rng.usize(..answer.len()));
    answer
}

fn garbage(rng: &mut Rng) -> Vec<u8> {
    match rng.u8(..8) {
        0 => std::iter::repeat_with(|| rng.u8(..)).take(300).collect(),
        1 => "SSH-2.0-OpenSSH_9.6\r\n".into(),
        2 => "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}".into(),
        3 => format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(600_000)).into(),
        4 => format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: x\r\n".repeat(500)).into(),
        5 => "HTTP/1.1 100 Continue\r\n\r\n".into(),
        6 => "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n".into(),
        _ => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n".into(),
    }
}

fn any<T: Copy + Default>(rng: &mut Rng, choices: &[T]) -> T {
    rng.choice(choices).copied().unwrap_or_default()
}
