//! H11 to H16, and H22: what an answer says.

use convrs_client::{ErrorCode, GetUser, Outcome, ProtocolProblem, RetryRule};
use http::StatusCode;
use replykit_tests::fault_server::{FaultServer, Script};

use super::harness::{
    Expected, Fault, Kind, MID, YES, client, fails, fault, loopback, row, unclear,
};

fn answered(body: &str, expected: Expected) -> Fault {
    fault(body, Script::reply(200, body), expected)
}

fn refused(code: ErrorCode, outcome: Outcome, rule: RetryRule) -> Expected {
    fails(Kind::Api(Some(code)), outcome, rule)
}

#[tokio::test]
async fn h11_an_envelope_counts_whatever_its_content_type_and_whatever_is_before_it() {
    let typed = |header: &str| {
        fault(header, Script::reply_with(200, &format!("{header}\r\n"), YES), Expected::Done)
    };
    row(
        "H11",
        [
            typed("Content-Type: text/html; charset=iso-8859-1"),
            typed("Content-Type: application/octet-stream"),
            typed("Content-Type: ?"),
            typed("X-No-Content: Type"),
            answered(&format!("\u{feff}{YES}"), Expected::Done),
            answered(&format!(" \r\n\t{YES}\n"), Expected::Done),
            answered(&format!("\u{feff}\n{YES}"), Expected::Done),
        ],
    )
    .await;
    let no = format!("\u{feff}{}", r#"{"ok":0,"errorCode":1005}"#);
    let unknown = refused(ErrorCode::UnknownUser, Outcome::Rejected, RetryRule::Never);
    row("H11", [answered(&no, unknown)]).await;
}

#[tokio::test]
async fn h12_half_an_emoji_and_broken_utf_8_cost_no_answer() {
    let surrogate = r#"{"ok":1,"mid":"6462","error":"\ud83d","data":{"uid":"73-tel-1"}}"#;
    let latin: &[u8] =
        b"{\"ok\":1,\"mid\":\"6462\",\"data\":{\"uid\":\"73-tel-1\",\"name\":\"Andr\xe9\"}}";
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", latin.len());
    let broken = Script::answer([head.as_bytes(), latin].concat());
    let server = FaultServer::start(broken.clone()).await;
    row(
        "H12",
        [answered(surrogate, Expected::Done), fault("broken UTF-8", broken, Expected::Done)],
    )
    .await;

    let user = client(loopback(), &server.url()).execute(GetUser::new("73-tel-1")).await.unwrap();
    assert_eq!(user.name.as_deref(), Some("Andr\u{fffd}"), "H12");
}

#[tokio::test]
async fn h13_ok_is_read_in_every_spelling() {
    let yes = ["1", "\"1\"", "true", "\"true\"", "1.0"].map(|ok| {
        let body = format!(r#"{{"ok":{ok},"mid":"6462","data":{{"uid":"73-tel-1"}}}}"#);
        answered(&body, Expected::Done)
    });
    let no = ["0", "\"0\"", "false", "\"false\"", "0.0"].map(|ok| {
        let unsubscribed = refused(ErrorCode::Unsubscribed, Outcome::Rejected, RetryRule::Never);
        answered(&format!(r#"{{"ok":{ok},"errorCode":2006}}"#), unsubscribed)
    });
    row("H13", yes.into_iter().chain(no)).await;
}

#[tokio::test]
async fn h14_an_ok_that_is_neither_yes_nor_no_leaves_the_call_unknown() {
    let bad = |body: &str| answered(body, unclear(ProtocolProblem::BadOk).naming(MID));
    let values = ["null", "2", "-1", "[]", "{}", "\"yes\"", "\"\"", "0.5"]
        .map(|ok| bad(&format!(r#"{{"ok":{ok},"mid":"6462","data":{{"uid":"73-tel-1"}}}}"#)));
    let wholes = [
        r#"{"mid":"6462","data":{"uid":"73-tel-1"}}"#,
        r#"{"ok":1,"mid":"6462","ok":0}"#,
        r#"{"ok":0,"errorCode":1005,"mid":"6462","ok":true}"#,
        r#"{"OK":1,"mid":"6462"}"#,
    ]
    .map(bad);
    row("H14", values.into_iter().chain(wholes)).await;
}

#[tokio::test]
async fn h15_an_error_code_is_read_in_every_spelling_and_without_one_the_call_is_unknown() {
    let with = |code: &str| format!(r#"{{"ok":0,"error":"why","errorCode":{code}}}"#);
    let known = ["2006", "\"2006\"", "2006.0"].map(|code| {
        let unsubscribed = refused(ErrorCode::Unsubscribed, Outcome::Rejected, RetryRule::Never);
        answered(&with(code), unsubscribed)
    });
    let other = ["4711", "\"4711\"", "-1"].map(|code| {
        let number = code.trim_matches('"').parse().unwrap();
        let unknown = refused(ErrorCode::Other(number), Outcome::Unknown, RetryRule::Never);
        answered(&with(code), unknown)
    });
    let none = ["null", "\"\"", "\"E2006\"", "2006.5", "{}", "1e300"]
        .map(with)
        .into_iter()
        .chain([r#"{"ok":0}"#.to_owned(), r#"{"ok":0,"error":"no such user"}"#.to_owned()])
        .map(|body| answered(&body, fails(Kind::Api(None), Outcome::Unknown, RetryRule::Never)));
    row("H15", known.into_iter().chain(other).chain(none)).await;
}

const STATUSES: [u16; 10] = [302, 307, 400, 401, 404, 409, 422, 429, 500, 503];

#[tokio::test]
async fn h16_an_envelope_that_says_no_counts_under_any_status() {
    let no = r#"{"ok":0,"error":"unsubscribed","errorCode":2006}"#;
    row(
        "H16",
        STATUSES.map(|status| {
            let expected = refused(ErrorCode::Unsubscribed, Outcome::Rejected, RetryRule::Never);
            fault(format!("no under {status}"), Script::reply(status, no), expected)
        }),
    )
    .await;
    let doubtful = r#"{"ok":0,"errorCode":2005,"mid":"6462"}"#;
    row(
        "H16",
        STATUSES.map(|status| {
            let expected = refused(ErrorCode::SmsFailed, Outcome::Unknown, RetryRule::Never);
            let script = Script::reply(status, doubtful);
            fault(format!("a doubtful no under {status}"), script, expected.naming(MID))
        }),
    )
    .await;
}

#[tokio::test]
async fn h16_an_envelope_that_says_yes_under_another_status_is_unknown_and_names_its_message() {
    for (name, body) in [("yes", YES), ("neither", r#"{"ok":2,"mid":"6462"}"#)] {
        row(
            "H16",
            STATUSES.map(|status| {
                let code = StatusCode::from_u16(status).unwrap();
                let expected = unclear(ProtocolProblem::Conflict { status: code }).naming(MID);
                fault(format!("{name} under {status}"), Script::reply(status, body), expected)
            }),
        )
        .await;
    }
}

#[tokio::test]
async fn h22_the_answer_to_another_command_or_an_event_leaves_the_call_unknown() {
    let mismatch = |body: &str| answered(body, unclear(ProtocolProblem::Mismatch));
    row(
        "H22",
        [
            mismatch(r#"{"ok":1,"cmd":"GetUsers","mid":"6462","data":[]}"#),
            mismatch(r#"{"ok":1,"cmd":"SendMessage","mid":"6462"}"#),
            mismatch(r#"{"ok":0,"cmd":"GetUsers","errorCode":1005}"#),
            mismatch(r#"{"ok":1,"cmd":"onUserDelete","uid":"73-tel-1"}"#),
            mismatch(r#"{"ok":1,"cmd":"getuser","data":{"uid":"73-tel-1"},"mid":"6462"}"#),
        ],
    )
    .await;
}
