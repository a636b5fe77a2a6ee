use std::time::Duration;

use convrs_client::{Client, Error, ErrorCode, Event, RateLimits, RetryPolicy, SocketEvent};
use replykit_sandbox::Sandbox;
use serde_json::{Value, json};

use super::Carrier;
use crate::support::socket::{RawSocket, ws_post};

/// Commands and events over one WebSocket.
pub(super) struct Socket;

impl Carrier for Socket {
    const NAME: &'static str = "the socket";

    fn carries(_: ErrorCode) -> bool {
        true
    }

    fn client(sandbox: &Sandbox) -> Client {
        let mut limits = RateLimits::default();
        (limits.per_number, limits.per_token) = (u32::MAX, u32::MAX);
        Client::over_socket(&sandbox.convrs_socket().unwrap())
            .rate_limits(limits)
            .retry_policy(RetryPolicy::never())
    }

    async fn raw(sandbox: &Sandbox, request: &Value) -> Value {
        ws_post(sandbox, request).await
    }

    /// The token is shown once, with `connect`.
    async fn access(sandbox: &Sandbox) -> Vec<(i64, Value)> {
        let mut replies = Vec::new();
        for (code, first) in [
            (1000, json!({"cmd": "connect"})),
            (1001, json!({"cmd": "connect", "token": "an old one"})),
            (1019, json!({"cmd": "heartbeat"})),
        ] {
            replies.push((code, RawSocket::open(sandbox).await.ask_for(&first).await));
        }
        let mut first = RawSocket::connected(sandbox).await;
        let _second = RawSocket::connected(sandbox).await;
        replies.push((1018, first.json().await));
        replies
    }

    /// The answer to `connect` says so, and the socket is given up.
    fn is_reset(error: &Error) -> bool {
        error.to_string().contains("1001")
    }

    async fn events(sandbox: &Sandbox, count: usize, happens: fn(&Sandbox)) -> Vec<Event> {
        let socket = sandbox.convrs_socket().unwrap();
        let mut stream = sandbox.convrs_client().unwrap().events(&socket).open().await.unwrap();
        assert!(matches!(stream.next().await, Some(SocketEvent::Connected)));
        happens(sandbox);
        sandbox.advance(Duration::ZERO).await;
        let mut events = Vec::new();
        while events.len() < count {
            match stream.next().await {
                Some(SocketEvent::Event { event, .. }) => events.push(event),
                other => panic!("{other:?}"),
            }
        }
        events
    }
}
