//! H15: what each documented code, and each code of WhatsApp behind 3002, means for a repeat.
//!
//! The table is the written policy, copied by hand: an error in the client's own table shows.

use std::time::Duration;

use convrs_client::{ErrorCode, Outcome, RetryPolicy, RetryRule, transport::FailedAttempt};
use replykit_tests::fault_server::{FaultServer, Script};
use serde_json::json;

use super::harness::{Op, PATIENT, client, loopback};

/// Whether the client may repeat a command by itself, and the least wait in milliseconds.
#[derive(Debug, Clone, Copy)]
enum Repeat {
    No,
    /// Up to three attempts in all.
    After(u64),
    /// Two attempts in all.
    Once(u64),
    /// The code does not come of such a command.
    Moot,
}

use Outcome::{Rejected, Unknown};
use Repeat::{After, Moot, No, Once};

/// Code; what it proves about a send; whether reads and writes, and whether sends are repeated.
const CODES: [(i64, Outcome, Repeat, Repeat); 44] = [
    (1000, Rejected, No, No),
    (1001, Rejected, No, No),
    (1002, Rejected, No, Moot),
    (1003, Rejected, No, Moot),
    (1004, Rejected, No, No),
    (1005, Rejected, No, No),
    (1006, Rejected, No, No),
    (1007, Rejected, No, No),
    (1008, Rejected, No, No),
    (1009, Rejected, No, No),
    (1010, Rejected, No, No),
    (1011, Rejected, No, No),
    (1012, Rejected, No, No),
    (1013, Rejected, No, No),
    (1014, Rejected, No, No),
    (1015, Rejected, No, No),
    (1016, Rejected, No, No),
    (1017, Rejected, No, No),
    (1018, Unknown, Moot, No),
    (1019, Rejected, Moot, No),
    (1020, Rejected, After(2000), Moot),
    (1021, Rejected, No, Moot),
    (1022, Rejected, No, Moot),
    (1023, Rejected, No, Moot),
    (1024, Rejected, No, Moot),
    (1025, Rejected, No, No),
    (2000, Unknown, After(2000), No),
    (2001, Rejected, No, No),
    (2002, Unknown, No, No),
    (2003, Unknown, After(1000), No),
    (2004, Unknown, After(1000), No),
    (2005, Unknown, Moot, No),
    (2006, Rejected, No, No),
    (2007, Rejected, Moot, After(1100)),
    (2008, Rejected, After(250), After(250)),
    (2009, Rejected, Moot, After(5000)),
    (3000, Rejected, No, No),
    (3001, Rejected, No, No),
    (3003, Rejected, No, No),
    (3004, Rejected, No, No),
    (3050, Rejected, No, Moot),
    (3051, Rejected, No, Moot),
    (3052, Rejected, No, Moot),
    (3053, Rejected, No, Moot),
];

/// The same for a template that is refused with 3002 and this code of WhatsApp.
const WHATSAPP: [(Option<i64>, Outcome, Repeat); 39] = [
    (Some(130_429), Rejected, After(1000)),
    (Some(4), Rejected, After(1000)),
    (Some(80_007), Rejected, After(1000)),
    (Some(131_056), Rejected, Once(6000)),
    (Some(131_048), Rejected, No),
    (Some(131_049), Rejected, No),
    (Some(368), Rejected, No),
    (Some(131_031), Rejected, No),
    (Some(131_042), Rejected, No),
    (Some(131_026), Rejected, No),
    (Some(131_047), Rejected, No),
    (Some(131_050), Rejected, No),
    (Some(131_051), Rejected, No),
    (Some(131_021), Rejected, No),
    (Some(130_472), Rejected, No),
    (Some(100), Rejected, No),
    (Some(131_008), Rejected, No),
    (Some(131_009), Rejected, No),
    (Some(132_000), Rejected, No),
    (Some(132_001), Rejected, No),
    (Some(132_005), Rejected, No),
    (Some(132_007), Rejected, No),
    (Some(132_012), Rejected, No),
    (Some(132_015), Rejected, No),
    (Some(132_016), Rejected, No),
    (Some(132_068), Rejected, No),
    (Some(132_069), Rejected, No),
    (Some(132_999), Rejected, No),
    (Some(133_010), Rejected, No),
    (Some(131_000), Unknown, No),
    (Some(131_016), Unknown, No),
    (Some(131_057), Unknown, No),
    (Some(1), Unknown, No),
    (Some(2), Unknown, No),
    (Some(0), Unknown, No),
    (Some(131_999), Unknown, No),
    (Some(133_000), Unknown, No),
    (Some(-1), Unknown, No),
    (None, Unknown, No),
];

/// How many attempts a client makes by default that fails by this rule each time, and the least wait
/// before the second one.
fn by_default(op: Op, rule: RetryRule) -> (u32, Option<Duration>) {
    let decide = |attempts| {
        let (class, time_left) = (op.class(), Duration::from_secs(600));
        let failed = FailedAttempt { class, rule, retry_after: None, attempts, time_left };
        RetryPolicy::default().decide(&failed, 0.0)
    };
    (1 + (1..).take_while(|attempts| decide(*attempts).is_some()).count() as u32, decide(1))
}

/// What the client makes of a refusal, for one command of each class.
async fn check(case: &str, refusal: String, code: i64, expected: (Outcome, Repeat, Repeat)) {
    let (outcome, repeatable, other) = expected;
    for op in Op::ALL {
        let case = format!("{case}, {op:?}");
        let server = FaultServer::start(Script::reply(200, &refusal)).await;
        let client = client(loopback(), &server.url());
        let error = op.execute(&client, PATIENT, 0).await.unwrap_err();
        assert_eq!(error.code(), Some(ErrorCode::from(code)), "{case}");
        assert_eq!(error.outcome(), outcome, "{case}");
        // No rule here asks for a wait that this client's policy allows.
        assert_eq!((error.attempts(), server.received().len()), (1, 1), "{case}");

        let allowed = match if op.class().may_repeat() { repeatable } else { other } {
            No => Some((1, None)),
            After(least) => Some((3, Some(Duration::from_millis(least)))),
            Once(least) => Some((2, Some(Duration::from_millis(least)))),
            // Whatever the tables say: what may have gone out is never sent again.
            Moot if outcome == Unknown && !op.class().may_repeat() => Some((1, None)),
            Moot => None,
        };
        if let Some(allowed) = allowed {
            assert_eq!(by_default(op, error.retry()), allowed, "{case}");
        }
        let new_token = error.retry() == RetryRule::WithNewToken;
        assert_eq!(new_token, matches!(code, 1000 | 1001), "{case}");
    }
}

#[tokio::test]
async fn h15_each_documented_code_has_the_outcome_and_the_repeats_of_the_written_policy() {
    for (code, outcome, repeatable, other) in CODES {
        let refusal = json!({"ok": 0, "error": "no", "errorCode": code}).to_string();
        check(&format!("code {code}"), refusal, code, (outcome, repeatable, other)).await;
    }
}

#[tokio::test]
async fn h15_each_code_of_whatsapp_has_the_outcome_and_the_repeats_of_the_written_policy() {
    for (code, outcome, repeat) in WHATSAPP {
        let spellings = match code {
            Some(code) => vec![json!(code), json!(code.to_string())],
            None => vec![json!(null), json!("")],
        };
        for spelling in spellings {
            let refusal =
                json!({"ok": 0, "errorCode": 3002, "whatsappErrorCode": spelling}).to_string();
            let case = format!("3002 with {spelling}");
            check(&case, refusal, 3002, (outcome, Moot, repeat)).await;
        }
    }
}

#[test]
fn h15_every_documented_code_is_in_the_written_policy() {
    let mut written: Vec<i64> = CODES.iter().map(|row| row.0).chain([3002]).collect();
    written.sort_unstable();
    let documented: Vec<i64> =
        (1000..=1025).chain(2000..=2009).chain(3000..=3004).chain(3050..=3053).collect();
    assert_eq!(written, documented);
}
