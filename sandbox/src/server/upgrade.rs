use std::{sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::{rt::TokioIo, server::conn::auto::upgrade::downcast};
use serde_json::json;
use sha1_smol::Sha1;
use tokio::net::TcpStream;

use super::answer;
use crate::{Shared, SocketFault, websocket};

/// Answers a GET: upgrades it to a WebSocket, if it asks for one.
pub(super) async fn upgrade(State(shared): State<Arc<Shared>>, mut request: Request) -> Response {
    let accept = match accept(request.headers()) {
        Ok(accept) => accept,
        Err((status, why)) => return error(status, why),
    };
    let fault = shared.convrs().upgrade_fault();
    match fault {
        Some(SocketFault::SilentUpgrade) => return silence(&shared).await,
        Some(SocketFault::RefuseUpgrade(status)) => return refuse(status),
        _ => (),
    }
    let upgraded = hyper::upgrade::on(&mut request);
    tokio::spawn(serve(upgraded, shared));
    let headers = [
        (header::CONNECTION, HeaderValue::from_static("Upgrade")),
        (header::UPGRADE, HeaderValue::from_static("websocket")),
        (header::SEC_WEBSOCKET_ACCEPT, accept),
    ];
    (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
}

async fn serve(upgraded: OnUpgrade, shared: Arc<Shared>) {
    // One whose other side is gone already is no session.
    if let Ok(upgraded) = upgraded.await {
        websocket::serve(TokioIo::new(upgraded), reset, shared).await;
    }
}

/// Drops a stream with RST, which needs the socket itself.
fn reset(stream: TokioIo<Upgraded>) {
    if let Ok(parts) = downcast::<TokioIo<TcpStream>>(stream.into_inner()) {
        // Zero alone does not block, and `set_zero_linger` needs a newer tokio than this crate.
        #[allow(deprecated)]
        let _ = parts.io.inner().set_linger(Some(Duration::ZERO));
    }
}

/// Until the other side hangs up, with which this ends as well, or the sandbox is dropped.
async fn silence(shared: &Shared) -> Response {
    shared.stopped().await;
    refuse(StatusCode::SERVICE_UNAVAILABLE)
}

/// The header that answers to the key of an upgrade.
fn accept(headers: &HeaderMap) -> Result<HeaderValue, (StatusCode, &'static str)> {
    const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    let has = |name, wanted: &str| {
        let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|v| v.trim().eq_ignore_ascii_case(wanted))
    };
    if !has(header::UPGRADE, "websocket") || !has(header::CONNECTION, "upgrade") {
        let why = "a GET opens a WebSocket: commands go by POST";
        return Err((StatusCode::UPGRADE_REQUIRED, why));
    }
    if !has(header::SEC_WEBSOCKET_VERSION, "13") {
        let why = "the version of the WebSocket protocol is 13";
        return Err((StatusCode::UPGRADE_REQUIRED, why));
    }
    let Some(key) = headers.get(header::SEC_WEBSOCKET_KEY) else {
        return Err((StatusCode::BAD_REQUEST, "Sec-WebSocket-Key is missing"));
    };
    let mut hash = Sha1::new();
    hash.update(key.as_bytes());
    hash.update(GUID.as_bytes());
    let accept = HeaderValue::try_from(STANDARD.encode(hash.digest().bytes()));
    accept.map_err(|_| (StatusCode::BAD_REQUEST, "Sec-WebSocket-Key is no key"))
}

fn refuse(status: StatusCode) -> Response {
    let status = if status.is_informational() { StatusCode::INTERNAL_SERVER_ERROR } else { status };
    let refusal = error(status, "a fault that the sandbox was told to make");
    if status.is_redirection() {
        // Whoever follows it shows the token to where the answer says.
        return ([(header::LOCATION, "/convrs/api")], refusal).into_response();
    }
    refusal
}

fn error(status: StatusCode, why: &str) -> Response {
    let refusal = answer(status, json!({ "error": why }).to_string());
    if status == StatusCode::UPGRADE_REQUIRED {
        let wanted = [(header::UPGRADE, "websocket"), (header::SEC_WEBSOCKET_VERSION, "13")];
        return (wanted, refusal).into_response();
    }
    refusal.into_response()
}
