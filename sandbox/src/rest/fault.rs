use std::time::Duration;

use http::{Method, StatusCode, header};

use super::{Answer, Ending};

/// What goes wrong with the next requests to a REST server: `crm`, `session`, or a source of leads.
///
/// ```
/// use http::{Method, StatusCode};
/// use replykit_sandbox::HttpFault;
///
/// // The next two POSTs are carried out, and a proxy in between says 502.
/// HttpFault::status(StatusCode::BAD_GATEWAY).carried_out().method(Method::POST).times(2);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "give it to fail_next"]
pub struct HttpFault {
    misfortune: Misfortune,
    carried_out: bool,
    method: Option<Method>,
    times: u32,
    retry_after: Option<Duration>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Misfortune {
    Status(StatusCode),
    Ending(Ending),
}

impl HttpFault {
    fn new(misfortune: Misfortune) -> Self {
        Self { misfortune, carried_out: false, method: None, times: 1, retry_after: None }
    }

    /// An answer with this status and a page of HTML, and a `Location` if it is a redirect. One below
    /// 200 is no answer, so it becomes 500.
    pub fn status(status: StatusCode) -> Self {
        let bad = status.is_informational();
        let status = if bad { StatusCode::INTERNAL_SERVER_ERROR } else { status };
        Self::new(Misfortune::Status(status))
    }

    /// The connection ends before an answer begins.
    pub fn dropped() -> Self {
        Self::new(Misfortune::Ending(Ending::Dropped))
    }

    /// The connection ends in the middle of the answer's body, or before an answer without one. The
    /// request is carried out, for without that there would be no answer to cut.
    pub fn cut() -> Self {
        Self::new(Misfortune::Ending(Ending::Cut)).carried_out()
    }

    /// No answer comes, and the connection stays open.
    pub fn silent() -> Self {
        Self::new(Misfortune::Ending(Ending::Silent))
    }

    /// The request is carried out all the same.
    pub fn carried_out(mut self) -> Self {
        self.carried_out = true;
        self
    }

    /// The answer asks to wait for so many whole seconds. For a fault with a status only.
    pub fn retry_after(mut self, time: Duration) -> Self {
        self.retry_after = Some(time);
        self
    }

    /// Waits for requests of this method. Without it, any request has the fault.
    pub fn method(mut self, method: Method) -> Self {
        self.method = Some(method);
        self
    }

    /// Happens to so many requests. Default: 1.
    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    fn hits(&self, method: &Method) -> bool {
        self.times > 0 && self.method.as_ref().is_none_or(|wanted| wanted == method)
    }

    pub(crate) fn is_carried_out(&self) -> bool {
        self.carried_out
    }

    /// The answer with the fault, in place of the one that was due.
    pub(crate) fn answer(&self, due: Option<Answer>) -> Answer {
        const TEXT: &str = "A fault that the sandbox was told to make.";
        match self.misfortune {
            Misfortune::Status(status) => {
                let title = status.canonical_reason().unwrap_or("Fault");
                let mut answer = Answer::html(status, title, TEXT);
                if status.is_redirection() {
                    answer.set(header::LOCATION, "/login");
                }
                if let Some(time) = self.retry_after {
                    answer.set(header::RETRY_AFTER, &time.as_secs().to_string());
                }
                answer
            }
            Misfortune::Ending(ending) => {
                let mut answer =
                    due.unwrap_or_else(|| Answer::empty(StatusCode::SERVICE_UNAVAILABLE));
                answer.ending = ending;
                answer
            }
        }
    }
}

/// The faults that wait, first come first served.
#[derive(Default)]
pub(crate) struct Faults(Vec<HttpFault>);

impl Faults {
    pub(crate) fn push(&mut self, fault: HttpFault) {
        self.0.push(fault);
    }

    /// The fault of a request, which is used up by it.
    pub(crate) fn take(&mut self, method: &Method) -> Option<HttpFault> {
        let fault = self.0.iter_mut().find(|fault| fault.hits(method))?;
        fault.times -= 1;
        let taken = fault.clone();
        self.0.retain(|fault| fault.times > 0);
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_hits_as_often_as_it_says_and_only_its_method() {
        let mut faults = Faults::default();
        faults.push(HttpFault::dropped().method(Method::POST).times(2));
        faults.push(HttpFault::silent());
        assert_eq!(
            faults.take(&Method::POST).map(|f| f.misfortune),
            Some(Misfortune::Ending(Ending::Dropped))
        );
        assert_eq!(
            faults.take(&Method::GET).map(|f| f.misfortune),
            Some(Misfortune::Ending(Ending::Silent))
        );
        assert!(faults.take(&Method::GET).is_none());
        assert!(faults.take(&Method::POST).is_some());
        assert!(faults.take(&Method::POST).is_none());
    }
}
