//! One call: a round with the session that there is, and where that is over, a login and a round more.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use replykit_inbound::repair_json;
use replykit_transport::{
    Body, OperationClass, Outcome, Phase, RestFailed, RestFailure, RestRequest, RetryRule,
    TransportError, TransportErrorKind,
};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::{
    Client, Endpoint, Login, SessionUse,
    client::Call,
    cookie::{SessionCookie, Told, told},
    jar::{End, Pass, Renewal},
};
use crate::{ApiError, Error, LoginProblem, ProtocolProblem, error::Course, items::problem};

/// The body of a request, and its type.
type Content = Option<(HeaderValue, Body)>;

/// What an answer says of the session, besides its output.
type Answered<T> = (T, Option<Told>);

/// Why a round failed.
struct Failure {
    error: Error,
    /// The server does not know the session.
    end: Option<End>,
}

impl RestFailure for Failure {
    fn outcome(&self) -> Outcome {
        RestFailure::outcome(&self.error)
    }

    fn retry(&self) -> RetryRule {
        if self.end.is_some() { RetryRule::Never } else { self.error.retry() }
    }

    fn retry_after(&self) -> Option<Duration> {
        RestFailure::retry_after(&self.error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, end: None }
    }
}

impl From<TransportError> for Failure {
    fn from(error: TransportError) -> Self {
        Error::from(error).into()
    }
}

fn error_of(failed: RestFailed<Failure>) -> Error {
    let course = Course::of(&failed);
    failed.error.error.of_call(course)
}

impl<E: Endpoint> Call<'_, E> {
    pub(super) async fn run(self) -> Result<E::Output, Error> {
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        self.endpoint.validate()?;
        let body = self.endpoint.body()?;
        let time = self.time.unwrap_or(usual_time::<E>());
        let start = Instant::now();
        let end = start.checked_add(time).unwrap_or(start + DAY);
        let result = match E::SESSION {
            SessionUse::Needs => self.client.with_session(&self.endpoint, &body, end).await,
            SessionUse::Begins => self.client.begin(&self.endpoint, &body, end).await,
            SessionUse::Ends => self.client.end(&self.endpoint, &body, end).await,
        };
        // Waits for a login included.
        result.map_err(|error| error.after(start.elapsed()))
    }
}

fn usual_time<E: Endpoint>() -> Duration {
    Duration::from_secs(match E::CLASS {
        _ if E::LIST => 60,
        OperationClass::Send => 30,
        _ => 15,
    })
}

impl Client {
    async fn with_session<E: Endpoint>(
        &self,
        endpoint: &E,
        body: &Content,
        end: Instant,
    ) -> Result<E::Output, Error> {
        let pass = self.session.jar().pass();
        let pass = if pass.cookie.is_some() { pass } else { self.renew(end).await? };
        let first = match self.round(endpoint, body, &pass, end).await {
            Ok(answered) => return Ok(self.output(&pass, answered)),
            Err(first) if first.error.end.is_none() => return Err(error_of(first)),
            Err(first) => first,
        };
        self.session.jar().over(pass.generation);
        // By 401 and 403 the server says that it did nothing, unless the body says that it did.
        let refused = [Some(StatusCode::UNAUTHORIZED), Some(StatusCode::FORBIDDEN)];
        if !E::CLASS.may_repeat() && !refused.contains(&first.error.error.status()) {
            return Err(error_of(first));
        }
        let doubtful = first.outcome() == Outcome::Unknown;
        let pass = match self.renew(end).await {
            Ok(pass) => pass,
            Err(error) => {
                let course = Course { doubtful, ..Course::of(&first) };
                return Err(error.of_call(course));
            }
        };
        let again = match self.round(endpoint, body, &pass, end).await {
            Ok(answered) => return Ok(self.output(&pass, answered)),
            Err(again) => again,
        };
        let mut course = Course::of(&again);
        course.attempts += first.attempts;
        course.doubtful |= doubtful;
        let Failure { mut error, end } = again.error;
        if let Some(end) = end {
            self.session.jar().over_again(pass.generation, end, Instant::now());
            // One that says by its body that it was done stays what it is.
            if error.status() == Some(StatusCode::UNAUTHORIZED) {
                error = Error::login(LoginProblem::Refused, Some(error.into()));
            }
        }
        Err(error.of_call(course))
    }

    async fn begin<E: Endpoint>(
        &self,
        endpoint: &E,
        body: &Content,
        end: Instant,
    ) -> Result<E::Output, Error> {
        let _turn = timeout_at(end, self.session.turn.lock()).await.map_err(|_| no_turn())?;
        let (output, cookie) = self.log_in(endpoint, body, end).await?;
        let login = endpoint.keeps();
        self.session.jar().begin(cookie, login);
        Ok(output)
    }

    async fn end<E: Endpoint>(
        &self,
        endpoint: &E,
        body: &Content,
        end: Instant,
    ) -> Result<E::Output, Error> {
        // Whatever comes of it, nobody shall be logged in again behind it.
        self.session.jar().forget_password();
        let _turn = timeout_at(end, self.session.turn.lock()).await.map_err(|_| no_turn())?;
        let pass = {
            let mut jar = self.session.jar();
            // A login that was ahead may have brought another one.
            jar.forget_password();
            jar.pass()
        };
        let (output, _) = self.round(endpoint, body, &pass, end).await.map_err(error_of)?;
        self.session.jar().end(pass.generation);
        Ok(output)
    }

    /// A session in the place of the one that is over. One login serves all who wait for it.
    async fn renew(&self, end: Instant) -> Result<Pass, Error> {
        let renewals = self.session.jar().renewals();
        let renewed = timeout_at(end, async {
            let _turn = self.session.turn.lock().await;
            let (login, over) = match self.session.jar().renewal(renewals, Instant::now()) {
                Renewal::Done(pass) => return Ok(pass),
                Renewal::No(error) => return Err(error),
                Renewal::By(login, over) => (login, over),
            };
            // Not the time of the call: others wait for it as well.
            let end = Instant::now() + usual_time::<Login>();
            let result = self.log_in(&login, &login.body()?, end).await.map(|(_, cookie)| cookie);
            self.session.jar().renewed(over, result, Instant::now())
        });
        renewed.await.unwrap_or_else(|_| Err(Error::login(LoginProblem::Failed, None)))
    }

    async fn log_in<E: Endpoint>(
        &self,
        endpoint: &E,
        body: &Content,
        end: Instant,
    ) -> Result<(E::Output, SessionCookie), Error> {
        let nobody = Pass { generation: 0, cookie: None, suspects: Vec::new() };
        let read = |answer: &_| match self.read(endpoint, &nobody, answer)? {
            (output, Some(Told::Set(cookie))) => Ok((output, cookie)),
            _ => Err(Error::protocol(ProtocolProblem::NoCookie, b"").into()),
        };
        self.attempts(endpoint, body, &nobody, end, read).await.map_err(error_of)
    }

    fn output<T>(&self, pass: &Pass, (output, told): Answered<T>) -> T {
        if let Some(told) = told {
            self.session.jar().answered(pass.generation, told);
        }
        output
    }

    /// The attempts that are made with one session.
    async fn round<E: Endpoint>(
        &self,
        endpoint: &E,
        body: &Content,
        pass: &Pass,
        end: Instant,
    ) -> Result<Answered<E::Output>, RestFailed<Failure>> {
        let read = |answer: &_| self.read(endpoint, pass, answer);
        self.attempts(endpoint, body, pass, end, read).await
    }

    async fn attempts<E: Endpoint, T: Send>(
        &self,
        endpoint: &E,
        body: &Content,
        pass: &Pass,
        end: Instant,
        read: impl Fn(&Response<Bytes>) -> Result<T, Failure> + Send + Sync,
    ) -> Result<T, RestFailed<Failure>> {
        const MAX_LIST: usize = 64 * 1024 * 1024;
        let mut request = RestRequest::new(E::NAME, E::CLASS, E::METHOD, endpoint.path());
        request.headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(cookie) = &pass.cookie {
            request.headers.insert(header::COOKIE, cookie.clone());
        }
        request.time = end.saturating_duration_since(Instant::now());
        if E::LIST {
            request.max_body = MAX_LIST;
        }
        request.body = body.clone();
        self.rest.call(&request, |answer| read(&answer)).await
    }

    fn read<E: Endpoint>(
        &self,
        endpoint: &E,
        pass: &Pass,
        answer: &Response<Bytes>,
    ) -> Result<Answered<E::Output>, Failure> {
        let (status, body) = (answer.status(), answer.body());
        // Nobody can be more logged out than this.
        if status == StatusCode::UNAUTHORIZED && E::SESSION == SessionUse::Ends {
            return Ok((endpoint.read(b"{}").map_err(|problem| unreadable(problem, body))?, None));
        }
        let end = end_of_session(answer).filter(|end| {
            let counts = *end == End::Unauthorized || pass.suspects.contains(end);
            counts && E::SESSION == SessionUse::Needs
        });
        if !status.is_success() {
            return Err(Failure { error: Error::of_answer(answer), end });
        }
        if end.is_some() {
            return Err(Failure { error: Error::protocol(ProtocolProblem::NotJson, body), end });
        }
        check_success(status, body)?;
        let output = endpoint.read(body).map_err(|problem| unreadable(problem, body))?;
        Ok((output, told(answer.headers(), self.rest.base())))
    }
}

fn no_turn() -> Error {
    let message = "another login or logout of this client was under way until the deadline";
    TransportError::new(Phase::Prepare, TransportErrorKind::Timeout, message).into()
}

fn unreadable(problem: ProtocolProblem, body: &[u8]) -> Failure {
    Error::protocol(problem, body).into()
}

fn end_of_session(answer: &Response<Bytes>) -> Option<End> {
    match answer.status() {
        StatusCode::UNAUTHORIZED => Some(End::Unauthorized),
        StatusCode::FORBIDDEN => Some(End::Forbidden),
        _ => is_login_page(answer).then_some(End::LoginPage),
    }
}

/// A redirect to a login, or a page where JSON was due.
fn is_login_page(answer: &Response<Bytes>) -> bool {
    if answer.status().is_redirection() {
        let target = answer.headers().get(header::LOCATION).and_then(|target| target.to_str().ok());
        let target = target.unwrap_or_default().to_ascii_lowercase();
        return ["login", "signin", "sign-in"].iter().any(|word| target.contains(word));
    }
    answer.status().is_success() && begins_with(answer.body(), b'<')
}

/// Behind a byte order mark and white space.
fn begins_with(body: &[u8], first: u8) -> bool {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start().first() == Some(&first)
}

/// Refuses `{"success": false}` with a status that says otherwise, and a `success` that is neither.
fn check_success(status: StatusCode, body: &[u8]) -> Result<(), Error> {
    #[derive(Deserialize)]
    struct Answer {
        success: Option<Value>,
    }
    // To serde a list with one entry would do.
    if !begins_with(body, b'{') {
        return Ok(());
    }
    let json = repair_json(body);
    match serde_json::from_str(&json).map(|Answer { success }| success) {
        Ok(None | Some(Value::Bool(true))) => Ok(()),
        Ok(Some(Value::Bool(false))) => {
            let words = ApiError::read(status, body);
            Err(Error::refused(words.unwrap_or_else(|| ApiError::without_words(status))))
        }
        // No JSON: the endpoint says what that means.
        Err(_) if problem(&json) == ProtocolProblem::NotJson => Ok(()),
        // Neither yes nor no, or both.
        Ok(Some(_)) | Err(_) => Err(Error::protocol(ProtocolProblem::Shape, body)),
    }
}

#[cfg(test)]
mod tests;
