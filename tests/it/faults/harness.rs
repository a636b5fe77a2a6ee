//! A fault, what has to come of it, and the look whether that came of it.

use std::time::{Duration, Instant};

use convrs_client::{
    Client, CreateUserTag, Error, ErrorCode, ErrorKind, GetUser, Mid, OperationClass, Outcome,
    ProtocolProblem, RateLimits, RetryPolicy, RetryRule, SendSmsMessage, SendWhatsAppTemplate,
    SetUserName,
    transport::{Phase, TransportErrorKind},
};
use replykit_tests::fault_server::{FaultServer, Script, Setup};

use crate::{Builder, Transport, support::TOKEN};

/// A yes that every command understands, and the message that it names.
pub(crate) const YES: &str = r#"{"ok":1,"mid":"6462","data":{"uid":"73-tel-1"}}"#;
pub(crate) const MID: &str = "6462";

/// A command of each class. The template has callbacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    Read,
    Write,
    Create,
    Sms,
    Template,
}

impl Op {
    pub(crate) const ALL: [Self; 5] =
        [Self::Read, Self::Write, Self::Create, Self::Sms, Self::Template];

    pub(crate) fn class(self) -> OperationClass {
        match self {
            Self::Read => OperationClass::Read,
            Self::Write => OperationClass::Write,
            Self::Create => OperationClass::Create,
            Self::Sms | Self::Template => OperationClass::Send,
        }
    }

    /// Executes the command within `time`, with so many bytes that mean nothing in its request.
    pub(crate) async fn execute(
        self,
        client: &Client,
        time: Duration,
        padding: usize,
    ) -> Result<(), Error> {
        macro_rules! execute {
            ($command:expr) => {{
                let mut command = $command;
                if padding > 0 {
                    command.extra.insert("padding", "x".repeat(padding));
                }
                client.execute(command).deadline(time).await.map(drop)
            }};
        }
        match self {
            Self::Read => execute!(GetUser::new("73-tel-1")),
            Self::Write => execute!(SetUserName::new("73-tel-1", "Billy Bob")),
            Self::Create => execute!(CreateUserTag::new("returns")),
            Self::Sms => execute!(SendSmsMessage::new(3941, "+447922021419", "Hello")),
            Self::Template => execute!({
                let mut send = SendWhatsAppTemplate::new(3941, "+447922021419", "order", "en");
                send.webhook_url = Some("https://example.com/acks".to_owned());
                send
            }),
        }
    }
}

/// A client that repeats as by default but hardly waits: where a rule asks for a real wait, it gives up
/// at once, and the rule is compared instead. Its rate limits are out of the way.
pub(crate) fn client(transport: Builder, endpoint: &str) -> Client {
    let mut policy = RetryPolicy::default();
    policy.base = Duration::from_millis(1);
    policy.longest_wait = Duration::from_millis(50);
    let mut limits = RateLimits::default();
    (limits.per_number, limits.per_token) = (1000, 1000);
    Client::over_http(transport.build().unwrap(), endpoint.parse().unwrap(), TOKEN)
        .unwrap()
        .retry_policy(policy)
        .rate_limits(limits)
}

pub(crate) fn loopback() -> Builder {
    Transport::builder().loopback_only()
}

/// How a call has to end.
#[derive(Debug, Clone)]
pub(crate) enum Expected {
    Done,
    Fails { kind: Kind, outcome: Outcome, rule: RetryRule, mid: Option<&'static str> },
}

/// The part of an error that says what happened.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Transport(Phase, TransportErrorKind),
    Http(u16),
    Protocol(ProtocolProblem),
    Api(Option<ErrorCode>),
}

impl Kind {
    fn of(error: &Error) -> Self {
        match error.kind() {
            ErrorKind::Transport(error) => Self::Transport(error.phase(), error.kind()),
            ErrorKind::Http { status } => Self::Http(status.as_u16()),
            ErrorKind::Protocol(error) => Self::Protocol(error.problem().clone()),
            ErrorKind::Api(error) => Self::Api(error.code),
            other => panic!("{other:?}"),
        }
    }
}

pub(crate) const AT_ONCE: RetryRule = RetryRule::After(Duration::ZERO);
pub(crate) const UNLESS_SEND: RetryRule = RetryRule::UnlessSend(Duration::ZERO);
pub(crate) const LATER: RetryRule = RetryRule::After(Duration::from_secs(1));
pub(crate) const ONCE_LATER: RetryRule = RetryRule::OnceUnlessSend(Duration::from_secs(1));

pub(crate) const fn fails(kind: Kind, outcome: Outcome, rule: RetryRule) -> Expected {
    Expected::Fails { kind, outcome, rule, mid: None }
}

/// Nobody knows what became of the command, and its answer is why.
pub(crate) const fn unclear(problem: ProtocolProblem) -> Expected {
    let rule =
        if matches!(problem, ProtocolProblem::NotJson) { ONCE_LATER } else { RetryRule::Never };
    fails(Kind::Protocol(problem), Outcome::Unknown, rule)
}

impl Expected {
    /// And the error names the message that the answer named.
    pub(crate) fn naming(mut self, named: &'static str) -> Self {
        if let Self::Fails { mid, .. } = &mut self {
            *mid = Some(named);
        }
        self
    }

    /// How many attempts a client of this module makes.
    fn attempts(&self, op: Op) -> u32 {
        match self {
            Self::Fails { rule, .. } if *rule == AT_ONCE => 3,
            Self::Fails { rule, .. } if *rule == UNLESS_SEND && op.class().may_repeat() => 3,
            _ => 1,
        }
    }

    fn judge(&self, case: &str, op: Op, result: Result<(), Error>, attempts: u32) {
        let (error, (expected_kind, expected_outcome, expected_rule, expected_mid)) =
            match (self, result) {
                (Self::Done, result) => {
                    return result.unwrap_or_else(|error| panic!("{case}: {error:?}"));
                }
                (Self::Fails { .. }, Ok(())) => panic!("{case}: was taken for done"),
                (Self::Fails { kind, outcome, rule, mid }, Err(error)) => {
                    (error, (kind, outcome, rule, mid))
                }
            };
        assert_eq!(Kind::of(&error), *expected_kind, "{case}");
        assert_eq!(error.outcome(), *expected_outcome, "{case}");
        assert_eq!(error.retry(), *expected_rule, "{case}");
        assert_eq!(error.evidence_mid().map(Mid::as_str), *expected_mid, "{case}: the mid");
        assert_eq!(error.attempts(), attempts, "{case}: attempts");
        assert_eq!(error.send_id().is_some(), op == Op::Template, "{case}: the id of the send");
    }
}

/// One line of a row.
pub(crate) struct Fault {
    name: String,
    script: Script,
    expected: Expected,
    /// Whether the call ends by its deadline, which leaves no time to repeat it.
    late: bool,
    padding: usize,
}

pub(crate) fn fault(name: impl Into<String>, script: Script, expected: Expected) -> Fault {
    Fault { name: name.into(), script, expected, late: false, padding: 0 }
}

/// A fault that only the deadline ends.
pub(crate) fn late(name: impl Into<String>, script: Script, phase: Phase) -> Fault {
    let kind = Kind::Transport(phase, TransportErrorKind::Timeout);
    let expected = fails(kind, Outcome::Unknown, UNLESS_SEND);
    Fault { late: true, ..fault(name, script, expected) }
}

impl Fault {
    /// With a request that is longer than what the kernels buffer.
    pub(crate) fn with_long_request(mut self) -> Self {
        self.padding = 8 << 20;
        self
    }

    /// And the error names the message that the answer named.
    pub(crate) fn naming(mut self, mid: &'static str) -> Self {
        self.expected = self.expected.naming(mid);
        self
    }

    async fn check(&self, row: &str, op: Op) {
        let case = format!("{row}, {}, {op:?}", self.name);
        let setup = Setup { receive_buffer: Some(64 << 10), ..Setup::default() };
        let server = FaultServer::with(setup, self.script.clone()).await;
        let client = client(loopback(), &server.url());
        let attempts = if self.late { 1 } else { self.expected.attempts(op) };
        let time = if self.late { HASTY } else { PATIENT };
        call(&case, op, &client, (time, self.padding), &self.expected, attempts).await;

        let processed = if self.script.reads() { attempts as usize } else { 0 };
        assert_eq!(server.settled(processed, PATIENT).await, processed, "{case}: processed");
    }
}

/// A deadline that is meant to pass.
pub(crate) const HASTY: Duration = Duration::from_millis(200);
/// More time than any call here needs.
pub(crate) const PATIENT: Duration = Duration::from_secs(20);

/// Each of these faults happens to each class of command, and each time what has to come of it does.
pub(crate) async fn row(id: &str, faults: impl IntoIterator<Item = Fault>) {
    for fault in faults {
        for op in Op::ALL {
            fault.check(id, op).await;
        }
    }
}

/// The same for servers that a script cannot be, such as none at all.
pub(crate) async fn row_with(id: &str, name: &str, client: &Client, expected: &Expected) {
    for op in Op::ALL {
        let case = format!("{id}, {name}, {op:?}");
        call(&case, op, client, (PATIENT, 0), expected, expected.attempts(op)).await;
    }
}

async fn call(
    case: &str,
    op: Op,
    client: &Client,
    (time, padding): (Duration, usize),
    expected: &Expected,
    attempts: u32,
) {
    let start = Instant::now();
    let ended = tokio::time::timeout(time + PATIENT, op.execute(client, time, padding)).await;
    let Ok(result) = ended else { panic!("{case}: goes on behind its deadline") };
    expected.judge(case, op, result, attempts);
    // What a busy machine adds to it.
    assert!(start.elapsed() < time + PATIENT, "{case}: {:?}", start.elapsed());
}
