use std::{
    io,
    pin::Pin,
    sync::Mutex,
    task::{Context, Poll},
};

use http_body::Frame;
use proptest::prelude::*;

use super::*;
use crate::testing::{DOCUMENTED, NO_REPLY, echo, parts, request, saying};

const UNAUTHORIZED: &str = r#"{"error":"Missing X-API-Key header","status":"unauthorized"}"#;
const FORBIDDEN: &str = r#"{"error":"Invalid API key","status":"forbidden"}"#;
const INVALID_JSON: &str = r#"{"error":"Invalid JSON format","status":"bad_request"}"#;

async fn ask(request: Request<String>) -> (u16, String) {
    parts(echo().respond(request).await)
}

/// The documented request with these `X-API-Key` headers.
fn with_keys(keys: &[&str]) -> Request<String> {
    let mut request = request(DOCUMENTED);
    request.headers_mut().remove(KEY_HEADER);
    for key in keys {
        request.headers_mut().append(KEY_HEADER, key.parse().unwrap());
    }
    request
}

fn status_and_code((status, body): (u16, String)) -> (u16, String) {
    let body: crate::ErrorBody = serde_json::from_str(&body).unwrap();
    (status, body.status)
}

#[tokio::test]
async fn the_documented_request_is_answered_in_the_documented_form() {
    let bot = AutoReply::allow_unauthenticated(|_: Incoming| async {
        Ok(Reply::text("Your reply message here").at("2026-02-28 14:30:05"))
    });
    let (status, body) = parts(bot.respond(request(DOCUMENTED)).await);
    assert_eq!(status, 200);
    assert_eq!(
        body,
        r#"{"text":"Your reply message here","status":"success","timestamp":"2026-02-28 14:30:05"}"#
    );
}

#[tokio::test]
async fn the_handler_gets_every_field() {
    let seen = Arc::new(Mutex::new(None));
    let bot = AutoReply::allow_unauthenticated({
        let seen = seen.clone();
        move |message: Incoming| {
            *seen.lock().unwrap() = Some(message);
            async { Ok(Reply::no_reply()) }
        }
    });
    bot.respond(request(DOCUMENTED)).await;
    let expected = Incoming::from_json(DOCUMENTED.as_bytes()).unwrap();
    assert_eq!(*seen.lock().unwrap(), Some(expected));
}

#[tokio::test]
async fn a01_a_missing_key_is_401_with_the_documented_body() {
    assert_eq!(ask(with_keys(&[])).await, (401, UNAUTHORIZED.into()));
    assert_eq!(ask(with_keys(&[""])).await, (401, UNAUTHORIZED.into()));
}

#[tokio::test]
async fn a01_a_wrong_or_doubled_key_is_403_with_the_documented_body() {
    let right = crate::testing::KEY;
    for keys in [&["wrong"][..], &["your-secret-key"], &[right, "wrong"], &[right, right]] {
        assert_eq!(ask(with_keys(keys)).await, (403, FORBIDDEN.into()), "{keys:?}");
    }
}

#[tokio::test]
async fn a01_bad_json_is_400_with_the_documented_body() {
    for body in ["", "{", "[]", "null", "type=SMS&sender=x", "[\"SMS\"]"] {
        assert_eq!(ask(request(body)).await, (400, INVALID_JSON.into()), "{body}");
    }
}

#[tokio::test]
async fn a01_the_key_is_checked_before_anything_else() {
    let nothing_right = || Request::get("/nowhere").body("{".to_owned()).unwrap();
    let bot = echo().path("/api/autoreply").max_body(0);
    assert_eq!(parts(bot.respond(nothing_right()).await).0, 401);
    let mut wrong_key = nothing_right();
    wrong_key.headers_mut().insert(KEY_HEADER, "wrong".parse().unwrap());
    assert_eq!(parts(bot.respond(wrong_key).await).0, 403);
}

#[tokio::test]
async fn a01_without_keys_everybody_is_answered_only_by_an_explicit_choice() {
    let open = AutoReply::allow_unauthenticated(crate::Keywords::new());
    for keys in [&[][..], &["anything"], &["a", "b"]] {
        assert_eq!(parts(open.respond(with_keys(keys)).await), (200, NO_REPLY.into()));
    }
}

#[tokio::test]
async fn each_of_several_keys_is_accepted() {
    let keys = Keys::new(["old", "new"]).unwrap();
    let bot = AutoReply::new(keys, crate::Keywords::new());
    for (key, status) in [("old", 200), ("new", 200), ("older", 403)] {
        assert_eq!(parts(bot.respond(with_keys(&[key])).await).0, status);
    }
}

#[tokio::test]
async fn the_first_fault_in_the_written_order_is_the_answer() {
    let bot = echo().path("api/autoreply").max_body(10);
    let mut request = request(DOCUMENTED);
    *request.uri_mut() = "/elsewhere".parse().unwrap();
    *request.method_mut() = Method::GET;
    request.headers_mut().remove("content-type");

    let refused = async |request: &Request<String>| {
        status_and_code(parts(bot.respond(request.clone()).await))
    };
    assert_eq!(refused(&request).await, (404, "not_found".into()));
    *request.uri_mut() = "/api/autoreply?page=1".parse().unwrap();
    assert_eq!(refused(&request).await, (405, "method_not_allowed".into()));
    *request.method_mut() = Method::POST;
    assert_eq!(refused(&request).await, (415, "unsupported_media_type".into()));
    let form = "application/x-www-form-urlencoded".parse().unwrap();
    request.headers_mut().insert("content-type", form);
    assert_eq!(refused(&request).await, (415, "unsupported_media_type".into()));
    let json = "application/json; charset=utf-8".parse().unwrap();
    request.headers_mut().insert("content-type", json);
    assert_eq!(refused(&request).await, (413, "payload_too_large".into()));
    *request.body_mut() = "{}".into();
    assert_eq!(refused(&request).await, (400, "bad_request".into()));
}

#[tokio::test]
async fn the_body_limit_is_64_kib_unless_set() {
    assert_eq!(ask(saying(&"x".repeat(70 * 1024))).await.0, 413);
    assert_eq!(ask(saying(&"x".repeat(60 * 1024))).await.0, 200);
    let more = echo().max_body(80 * 1024);
    assert_eq!(parts(more.respond(saying(&"x".repeat(70 * 1024))).await).0, 200);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_400() {
    struct Broken;
    impl Body for Broken {
        type Data = &'static [u8];
        type Error = io::Error;
        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<io::Result<Frame<Self::Data>>>> {
            Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into())))
        }
    }
    let response = echo().respond(request("").map(|_| Broken)).await;
    assert_eq!(parts(response), (400, INVALID_JSON.into()));
}

#[tokio::test]
async fn a06_strange_texts_are_answered_like_any_other() {
    for (from, to) in [
        ("+40712345678", "John Doe"),
        ("+40712345678", "\u{1f600}"),
        ("+40712345678", r"\u001b[31m\r\n\u0000"),
        ("+40712345678", &"x".repeat(60_000)),
        ("\"name\": \"John Doe\",", ""),
        ("SMS", "SIGNAL"),
        ("2026-02-28 14:30:00", "yesterday"),
    ] {
        let (status, body) = ask(request(DOCUMENTED.replace(from, to))).await;
        assert_eq!((status, body.as_str()), (200, r#"{"text":"help","status":"success"}"#));
    }
}

#[tokio::test]
async fn a_cut_emoji_is_served_with_a_replacement_character() {
    let (status, body) = ask(saying(r"hi \ud83d")).await;
    assert_eq!((status, body.as_str()), (200, "{\"text\":\"hi \u{fffd}\",\"status\":\"success\"}"));
}

#[tokio::test]
async fn a02_silence_and_a_blank_text_are_200_no_reply() {
    for message in ["silence", "", "  "] {
        assert_eq!(ask(saying(message)).await, (200, NO_REPLY.into()));
    }
}

#[test]
fn debug_shows_neither_keys_nor_handler() {
    let bot = AutoReply::new(Keys::new(["canary"]).unwrap(), crate::Keywords::new());
    assert_eq!(
        format!("{:?}", bot.path("/x")),
        "AutoReply { keys: Some(Keys { count: 1 }), path: Some(\"/x\"), max_body: 65536, .. }"
    );
}

proptest! {
    #[test]
    fn any_body_gets_an_answer_of_the_table(
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            r#"[\[\]{}":,\\ud8e \x00-\x{10ffff}]{0,80}"#.prop_map(String::into_bytes),
            any::<prop::sample::Index>()
                .prop_map(|cut| DOCUMENTED.as_bytes()[..cut.index(DOCUMENTED.len())].to_vec()),
        ]
    ) {
        let request = request("").map(|_| http_body_util::Full::new(bytes::Bytes::from(bytes)));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (status, body) = parts(runtime.block_on(echo().respond(request)));
        prop_assert_eq!(status_and_code((status, body)), (400, "bad_request".to_owned()));
    }
}
