//! Many at once, and callers who give up.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use replykit_transport::{CallOptions, HttpTransport};

use super::*;
use crate::session::{GetWhatsAppStatus, SavedSession};

/// A service whose sessions end, and whose answers take their time. It checks that there is never more
/// than one login under way.
#[derive(Debug, Clone, Default)]
pub(super) struct Service(Arc<Mutex<Facts>>);

#[derive(Debug, Default)]
pub(super) struct Facts {
    /// The one that counts.
    pub(super) session: u32,
    pub(super) logins: u32,
    pub(super) logging_in: u32,
    pub(super) refuses_logins: bool,
    pub(super) calls: usize,
    /// What becomes of each request, over and over. None: it is answered.
    pub(super) faults: Vec<Fault>,
    /// The messages that went out.
    pub(super) sent: Vec<Bytes>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Fault {
    None,
    NoConnection,
    NoAnswer,
    /// The session ends right before the request.
    Expired,
    /// In place of the answer to what was done.
    LoginPage,
}

/// A login under way, until it is answered or given up.
struct LoggingIn(Service);

impl LoggingIn {
    fn new(service: &Service) -> Self {
        let mut facts = service.facts();
        facts.logging_in += 1;
        assert_eq!(facts.logging_in, 1, "one login at a time");
        Self(service.clone())
    }
}

impl Drop for LoggingIn {
    fn drop(&mut self) {
        self.0.facts().logging_in -= 1;
    }
}

impl Service {
    pub(super) fn facts(&self) -> std::sync::MutexGuard<'_, Facts> {
        self.0.lock().unwrap()
    }

    pub(super) fn client(&self) -> Client {
        Client::over(self.clone(), "http://127.0.0.1:8000/".parse().unwrap()).unwrap().seed(1)
    }

    /// A client that may log in again, and whose session is over.
    async fn expired(&self) -> Client {
        let client = self.client();
        client.execute(Login::new("johndoe", "canary").keep_password()).await.unwrap();
        self.facts().session += 1000;
        client
    }

    async fn until_somebody_logs_in(&self) {
        while self.facts().logging_in == 0 {
            sleep(Duration::from_millis(1)).await;
        }
    }

    async fn answer(&self, request: Request<Body>) -> Result<Response<Bytes>, TransportError> {
        let is_login = request.uri().path().ends_with("login");
        let _login = is_login.then(|| LoggingIn::new(self));
        let (way, fault) = {
            let mut facts = self.facts();
            facts.calls += 1;
            let fault = facts.faults.get(facts.calls % facts.faults.len().max(1)).copied();
            // Long and short ways, the same in each run.
            let way = Duration::from_millis(facts.calls as u64 * 7919 % 100);
            (way, fault.unwrap_or(Fault::None))
        };
        sleep(way).await;
        match fault {
            Fault::NoConnection => {
                return Err(TransportError::new(Phase::Connect, TransportErrorKind::Tls, "no"));
            }
            Fault::Expired => self.facts().session += 1000,
            Fault::None | Fault::NoAnswer | Fault::LoginPage => {}
        }
        let done = self.carry_out(&request);
        sleep(way).await;
        match fault {
            Fault::NoAnswer => {
                Err(TransportError::new(Phase::Exchange, TransportErrorKind::Interrupted, "cut"))
            }
            Fault::LoginPage => Ok(answer(200, "<html>", Some("anonymous"))),
            _ => Ok(done),
        }
    }

    fn carry_out(&self, request: &Request<Body>) -> Response<Bytes> {
        let mut facts = self.facts();
        if request.uri().path().ends_with("login") {
            facts.logins += 1;
            if facts.refuses_logins {
                return answer(401, r#"{"message":"no"}"#, None);
            }
            facts.session += 1;
            return answer(200, "{}", Some(&format!("s{}", facts.session)));
        }
        let sent = request.headers().get("cookie");
        let cookie = format!("connect.sid=s{}", facts.session);
        if !sent.is_some_and(|sent| *sent == *cookie || sent == "connect.sid=restored") {
            return answer(401, "{}", None);
        }
        if request.uri().path().ends_with("send") {
            facts.sent.extend(request.body().as_bytes().cloned());
            return answer(200, ACCEPTED, None);
        }
        answer(200, PROFILE, None)
    }
}

pub(super) fn saved() -> SavedSession {
    let json = r#"{"origin":"http://127.0.0.1:8000","cookie":"restored"}"#;
    serde_json::from_str(json).unwrap()
}

#[async_trait]
impl HttpTransport for Service {
    async fn send(
        &self,
        request: Request<Body>,
        options: &CallOptions,
    ) -> Result<Response<Bytes>, TransportError> {
        let end = Instant::from_std(options.deadline);
        let late = |_| TransportError::new(Phase::Exchange, TransportErrorKind::Timeout, "late");
        timeout_at(end, self.answer(request)).await.map_err(late)?
    }
}

async fn at_once(client: &Client, calls: usize) -> Vec<Result<(), Error>> {
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..calls {
        let client = client.clone();
        running.spawn(async move { client.execute(GetProfile::new()).await.map(drop) });
    }
    running.join_all().await
}

#[tokio::test(start_paused = true)]
async fn k02_ten_that_find_the_session_over_share_one_login() {
    let service = Service::default();
    let client = service.client();
    client.execute(Login::new("johndoe", "canary").keep_password()).await.unwrap();
    for round in 2..20 {
        service.facts().session += 1000;
        let results = at_once(&client, 10).await;
        assert!(results.iter().all(Result::is_ok), "{results:?}");
        assert_eq!(service.facts().logins, round);
    }
}

#[tokio::test(start_paused = true)]
async fn k02_ten_that_find_the_login_refused_share_one_refusal() {
    let service = Service::default();
    let client = service.client();
    client.execute(Login::new("johndoe", "canary").keep_password()).await.unwrap();
    (service.facts().session, service.facts().refuses_logins) = (1000, true);
    for error in at_once(&client, 10).await.into_iter().map(Result::unwrap_err) {
        // Whoever asks later is not among those who waited.
        let problem = error.login_problem();
        assert!(matches!(problem, Some(LoginProblem::Refused | LoginProblem::Locked)), "{error:?}");
        let ErrorKind::Login(login) = error.kind() else { panic!() };
        assert_eq!(login.cause().unwrap().status().unwrap().as_u16(), 401);
        assert_eq!(error.outcome(), Outcome::NotSent);
    }
    assert_eq!(service.facts().logins, 2);
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_gives_up_leaves_the_login_to_the_next() {
    let service = Service::default();
    let client = service.client();
    client.execute(Login::new("johndoe", "canary").keep_password()).await.unwrap();
    service.facts().session += 1000;
    // The first one is the first to log in, and gives up while it does.
    service.facts().calls = 99;
    let hasty = client.execute(GetWhatsAppStatus::new()).deadline(Duration::from_millis(20));
    let give_up = async {
        service.until_somebody_logs_in().await;
        assert_eq!(service.facts().logins, 1);
    };
    let (hasty, (), others) = tokio::join!(hasty, give_up, at_once(&client, 5));
    let error = hasty.unwrap_err();
    assert_eq!((error.outcome(), error.elapsed()), (Outcome::NotSent, Duration::from_millis(20)));
    assert!(others.iter().all(Result::is_ok), "{others:?}");
}

#[tokio::test(start_paused = true)]
async fn k03_a_login_on_its_way_does_not_replace_a_session_that_was_restored() {
    for refuses_logins in [false, true] {
        let service = Service::default();
        let client = service.expired().await;
        service.facts().refuses_logins = refuses_logins;
        let restore = async {
            service.until_somebody_logs_in().await;
            client.restore(&saved()).unwrap();
        };
        let call = client.execute(GetProfile::new()).into_future();
        let (result, ()) = tokio::join!(call, restore);
        // It goes on with the session that there is.
        result.unwrap();
        assert_eq!(client.save(), Some(saved()));
    }
}

#[tokio::test(start_paused = true)]
async fn k03_a_logout_on_its_way_does_not_end_a_session_that_was_restored() {
    let service = Service::default();
    let client = service.client();
    client.execute(Login::new("johndoe", "canary")).await.unwrap();
    let calls = service.facts().calls;
    let restore = async {
        while service.facts().calls == calls {
            sleep(Duration::from_millis(1)).await;
        }
        client.restore(&saved()).unwrap();
    };
    let (ended, ()) = tokio::join!(client.execute(Logout::new()).into_future(), restore);
    ended.unwrap();
    assert_eq!(client.save(), Some(saved()));
}

#[tokio::test(start_paused = true)]
async fn a_logout_forgets_the_password_also_where_it_waits_for_a_login_in_vain() {
    let service = Service::default();
    let client = service.expired().await;
    let log_out = async {
        service.until_somebody_logs_in().await;
        client.execute(Logout::new()).deadline(Duration::from_millis(1)).await
    };
    let call = client.execute(GetProfile::new()).into_future();
    let (result, ended) = tokio::join!(call, log_out);
    result.unwrap();
    let error = ended.unwrap_err();
    assert_eq!((error.outcome(), error.login_problem()), (Outcome::NotSent, None));
    service.facts().session += 1000;
    let error = client.execute(GetProfile::new()).await.unwrap_err();
    assert_eq!(error.login_problem(), Some(LoginProblem::Expired));
}

/// An endpoint of a user, who may ask the client anything while it runs.
struct Custom(Client);

impl Endpoint for Custom {
    const NAME: &'static str = "custom";
    const METHOD: http::Method = http::Method::POST;
    const CLASS: OperationClass = OperationClass::Write;
    const SESSION: SessionUse = SessionUse::Begins;
    type Output = bool;

    fn path(&self) -> String {
        "api/auth/sso/login".to_owned()
    }

    fn read(&self, _: &[u8]) -> Result<bool, ProtocolProblem> {
        Ok(self.0.is_logged_in())
    }

    fn keeps(&self) -> Option<Login> {
        assert!(!self.0.is_logged_in());
        None
    }
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_of_a_user_may_ask_the_client() {
    let client = Service::default().client();
    assert!(!client.execute(Custom(client.clone())).await.unwrap());
    assert!(client.is_logged_in());
}
