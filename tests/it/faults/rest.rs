//! The rows of both clients of whatsapp-automation, where they are about a connection. What an answer
//! says is tested beside each client.

mod connecting;
mod exchange;
mod sends;

use std::time::Duration;

use convrs_client::transport::{Phase, RestFailure, TransportErrorKind};
use replykit_tests::fault_server::{FaultServer, Script, Setup};
use whatsapp_automation::{
    Error, ErrorKind, Media, OperationClass, Outcome, RetryPolicy, RetryRule, crm, session,
};

use super::harness::{AT_ONCE, HASTY, PATIENT, UNLESS_SEND};
use crate::Builder;

/// An answer that every endpoint below understands.
const YES: &str = r#"{"id":7,"success":true,"messageId":"7","qrCodeUrl":"https://x/?data=x"}"#;

/// A client of each service.
#[derive(Clone)]
struct Clients {
    crm: crm::Client,
    session: session::Client,
}

/// An endpoint of each class that each service has; some send a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Op {
    Read,
    Write,
    Create,
    Send,
    Upload,
    SessionRead,
    SessionWrite,
    SessionCreate,
    SessionSend,
    SessionUpload,
    SessionSchedule,
}

impl Op {
    const ALL: [Self; 11] = [
        Self::Read,
        Self::Write,
        Self::Create,
        Self::Send,
        Self::Upload,
        Self::SessionRead,
        Self::SessionCreate,
        Self::SessionSend,
        Self::SessionUpload,
        Self::SessionSchedule,
        // A logout, so it comes last.
        Self::SessionWrite,
    ];

    fn class(self) -> OperationClass {
        match self {
            Self::Read | Self::SessionRead => OperationClass::Read,
            Self::Write | Self::SessionWrite => OperationClass::Write,
            Self::Create | Self::SessionCreate => OperationClass::Create,
            Self::Send | Self::Upload => OperationClass::Send,
            Self::SessionSend | Self::SessionUpload | Self::SessionSchedule => OperationClass::Send,
        }
    }

    /// Whether its request can be as long as one likes.
    fn has_text(self) -> bool {
        let has_none = [Self::Read, Self::SessionRead, Self::SessionWrite, Self::SessionCreate];
        !has_none.contains(&self)
    }

    /// Calls the endpoint within `time`, with so many bytes more in its request.
    async fn execute(self, clients: &Clients, time: Duration, padding: usize) -> Result<(), Error> {
        let Clients { crm, session } = clients;
        let long = |text: &str| text.to_owned() + &"x".repeat(padding);
        let cat = || Media::new("cat.png", "image/png", long("cat"));
        macro_rules! execute {
            ($client:ident, $endpoint:expr) => {
                $client.execute($endpoint).deadline(time).await.map(drop)
            };
        }
        match self {
            Self::Read => execute!(crm, crm::GetContact::new(7)),
            Self::Write => execute!(crm, crm::UpdateContact::new(7, long("Billy"), "+1", "shoes")),
            Self::Create => execute!(crm, crm::CreateContact::new(long("Billy"), "+1", "shoes")),
            Self::Send => execute!(crm, crm::SendMessage::new("+1", long("Hi"))),
            Self::Upload => execute!(crm, crm::PostStatus::media(cat())),
            Self::SessionRead => execute!(session, session::GetProfile::new()),
            Self::SessionWrite => execute!(session, session::Logout::new()),
            Self::SessionCreate => execute!(session, session::CreateQr::new()),
            Self::SessionSend => execute!(session, session::SendMessage::new("+1", long("Hi"))),
            Self::SessionUpload => {
                execute!(session, session::SendMessage::new("+1", "Hi").media(cat()))
            }
            Self::SessionSchedule => {
                let time = "2036-01-01T00:00:00Z";
                execute!(session, session::ScheduleMessage::new("+1", long("Hi"), time))
            }
        }
    }
}

impl Clients {
    fn retry_policy(self, policy: RetryPolicy) -> Self {
        let (crm, session) = (self.crm.retry_policy(policy), self.session.retry_policy(policy));
        Self { crm, session }
    }
}

/// Clients that repeat as by default and hardly wait: where a rule asks for a real wait they give up, and
/// the rule is compared instead. There is a session, and no password.
fn client(transport: Builder, base: &str) -> Clients {
    let mut policy = RetryPolicy::default();
    policy.base = Duration::from_millis(1);
    policy.longest_wait = Duration::from_millis(50);
    let transport = transport.build().unwrap();
    let crm = crm::Client::over(transport.clone(), base.parse().unwrap()).unwrap();
    let session = session::Client::over(transport, base.parse().unwrap()).unwrap();
    let origin: Vec<_> = base.splitn(4, '/').take(3).collect();
    let saved = serde_json::json!({"origin": origin.join("/"), "cookie": "s%3Acookie"});
    session.restore(&serde_json::from_value(saved).unwrap()).unwrap();
    Clients { crm, session }.retry_policy(policy)
}

/// How a call has to end.
#[derive(Debug, Clone, Copy)]
struct Ends {
    phase: Phase,
    kind: TransportErrorKind,
    outcome: Outcome,
    rule: RetryRule,
}

impl Ends {
    fn attempts(&self, op: Op) -> u32 {
        let repeated = self.rule == AT_ONCE || self.rule == UNLESS_SEND && op.class().may_repeat();
        if repeated { 3 } else { 1 }
    }

    fn judge(&self, case: &str, result: Result<(), Error>, attempts: u32) {
        let error = result.expect_err(case);
        let ErrorKind::Transport(transport) = error.kind() else { panic!("{case}: {error:?}") };
        assert_eq!((transport.phase(), transport.kind()), (self.phase, self.kind), "{case}");
        assert_eq!(error.outcome(), self.outcome, "{case}");
        assert_eq!(RestFailure::retry(&error), self.rule, "{case}");
        assert_eq!(error.attempts(), attempts, "{case}");
    }
}

/// Nothing came about that could carry the request.
const fn not_sent(kind: TransportErrorKind, rule: RetryRule) -> Ends {
    Ends { phase: Phase::Connect, kind, outcome: Outcome::NotSent, rule }
}

/// The request may have arrived.
const fn unknown(phase: Phase, kind: TransportErrorKind, rule: RetryRule) -> Ends {
    Ends { phase, kind, outcome: Outcome::Unknown, rule }
}

/// Each endpoint ends so. The server, where there is one, reads nothing that counts.
async fn row(id: &str, name: &str, client: &Clients, ends: &Ends) {
    for op in Op::ALL {
        let case = format!("{id}, {name}, {op:?}");
        ends.judge(&case, op.execute(client, PATIENT, 0).await, ends.attempts(op));
    }
}

/// What a server does with each request, and how the calls have to end.
struct Fault {
    name: &'static str,
    script: Script,
    ends: Ends,
    padding: usize,
}

fn fault(name: &'static str, script: Script, ends: Ends) -> Fault {
    Fault { name, script, ends, padding: 0 }
}

/// Each of these faults happens to each endpoint, which the server is to see as often as it has to.
async fn rows(id: &str, faults: impl IntoIterator<Item = Fault>) {
    for Fault { name, script, ends, padding } in faults {
        // What only the deadline ends leaves no time for a repeat.
        let late = ends.kind == TransportErrorKind::Timeout;
        for op in Op::ALL.into_iter().filter(|op| padding == 0 || op.has_text()) {
            let case = format!("{id}, {name}, {op:?}");
            let setup = Setup { receive_buffer: Some(64 << 10), ..Setup::default() };
            let server = FaultServer::with(setup, script.clone()).await;
            let client = client(super::harness::loopback(), &server.url());
            let time = if late { HASTY } else { PATIENT };
            let attempts = if late { 1 } else { ends.attempts(op) };
            ends.judge(&case, op.execute(&client, time, padding).await, attempts);
            let processed = if script.reads() { attempts as usize } else { 0 };
            assert_eq!(server.settled(processed, PATIENT).await, processed, "{case}: processed");
        }
    }
}
