use http::StatusCode;

/// What is known about a request whose call failed: can it have taken effect?
///
/// Every error of every replykit crate answers this with an `outcome()`. A call that returned `Ok`
/// has no outcome: it was done.
///
/// | outcome | what happened | what the caller may do |
/// |---|---|---|
/// | `NotSent` | no byte of the request reached the server | correct what was refused here, or repeat it freely |
/// | `Rejected` | the server read it and refused it | mend the cause, then repeat it |
/// | `Unknown` | it may have taken effect, or may not | look before repeating: a repeat can be a second message |
///
/// The enum is exhaustive on purpose: a fourth answer would leave callers without a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Nothing left this machine, or nothing that a server could act on. Repeating is safe.
    NotSent,
    /// The server answered that it did not do it. The same request again fails the same way.
    Rejected,
    /// The request may have been carried out. Repeating it may do it twice.
    Unknown,
}

impl Outcome {
    /// The outcome that a bare HTTP status proves: an answer that carries nothing of the API's own.
    ///
    /// `Rejected` for the statuses with which a server refuses before it acts: 307, 308, 400, 401,
    /// 403, 404, 405, 406, 410, 411, 413, 414, 415, 417, 421, 422, 425, 429, 431, 501 and 505.
    /// `Unknown` for every other one. A success without the API's answer proves nothing, 301, 302
    /// and 303 may follow a request that was carried out, and 5xx may hide one.
    #[must_use]
    pub fn of_status(status: StatusCode) -> Self {
        let refused_before_acting = matches!(
            status.as_u16(),
            307 | 308 | 400 | 401 | 403..=406 | 410 | 411 | 413..=415 | 417 | 421 | 422 | 425
                | 429 | 431 | 501 | 505
        );
        if refused_before_acting { Self::Rejected } else { Self::Unknown }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16) -> Outcome {
        Outcome::of_status(StatusCode::from_u16(status).unwrap())
    }

    #[test]
    fn h17_refusals_before_any_work_are_rejected() {
        for status in
            [400, 401, 403, 404, 405, 406, 410, 411, 413, 414, 415, 417, 421, 422, 431, 501, 505]
        {
            assert_eq!(of(status), Outcome::Rejected, "{status}");
        }
    }

    #[test]
    fn h18_too_many_requests_and_too_early_are_rejected() {
        assert_eq!(of(429), Outcome::Rejected);
        assert_eq!(of(425), Outcome::Rejected);
    }

    #[test]
    fn h19_server_faults_and_conflicts_are_unknown() {
        for status in [408, 409, 499, 500, 502, 503, 504, 520, 555, 599] {
            assert_eq!(of(status), Outcome::Unknown, "{status}");
        }
    }

    #[test]
    fn h20_only_redirects_that_keep_the_method_prove_a_refusal() {
        assert_eq!(of(307), Outcome::Rejected);
        assert_eq!(of(308), Outcome::Rejected);
        for status in [301, 302, 303] {
            assert_eq!(of(status), Outcome::Unknown, "{status}");
        }
    }

    #[test]
    fn a_success_status_alone_proves_nothing() {
        for status in [200, 201, 202, 204, 299] {
            assert_eq!(of(status), Outcome::Unknown, "{status}");
        }
    }
}
