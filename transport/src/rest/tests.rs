use proptest::prelude::*;

use super::*;
use crate::{MockTransport, Phase, TransportErrorKind};

#[derive(Debug)]
enum Failure {
    Transport(TransportError),
    Status(u16),
}

impl From<TransportError> for Failure {
    fn from(error: TransportError) -> Self {
        Self::Transport(error)
    }
}

impl RestFailure for Failure {
    fn outcome(&self) -> Outcome {
        match self {
            Self::Transport(error) => error.outcome(),
            Self::Status(429) => Outcome::Rejected,
            Self::Status(_) => Outcome::Unknown,
        }
    }

    fn retry(&self) -> RetryRule {
        match self {
            Self::Transport(error) if error.outcome() == Outcome::NotSent => {
                RetryRule::After(Duration::ZERO)
            }
            Self::Status(429) => RetryRule::After(Duration::from_secs(1)),
            _ => RetryRule::UnlessSend(Duration::ZERO),
        }
    }
}

fn read(answer: Response<Bytes>) -> Result<Bytes, Failure> {
    if answer.status().is_success() {
        Ok(answer.into_body())
    } else {
        Err(Failure::Status(answer.status().as_u16()))
    }
}

fn refused() -> TransportError {
    TransportError::new(Phase::Connect, TransportErrorKind::Connect, "refused")
}

fn cut() -> TransportError {
    TransportError::new(Phase::Exchange, TransportErrorKind::Interrupted, "cut")
}

fn client() -> (RestClient, MockTransport) {
    let mock = MockTransport::new();
    let base = "https://example.com/base".parse().unwrap();
    (RestClient::new(mock.clone(), base).unwrap().seed(1), mock)
}

fn request(class: OperationClass) -> RestRequest {
    RestRequest::new("test", class, Method::POST, "contacts/7/?x=1").json("{}")
}

#[tokio::test(start_paused = true)]
async fn a_request_goes_below_the_base_with_its_body() {
    let (client, mock) = client();
    mock.answer(200, "done");
    let done = client.call(&request(OperationClass::Create), read).await.unwrap();
    assert_eq!(done, "done");
    let sent = &mock.requests()[0];
    assert_eq!(sent.uri(), "https://example.com/base/contacts/7/?x=1");
    assert_eq!(sent.headers()[header::CONTENT_TYPE], "application/json");
    assert_eq!(sent.body(), "{}");
}

#[tokio::test(start_paused = true)]
async fn what_may_have_been_carried_out_is_repeated_only_where_that_does_no_harm() {
    for class in
        [OperationClass::Read, OperationClass::Write, OperationClass::Create, OperationClass::Send]
    {
        let (client, mock) = client();
        mock.fail(cut());
        mock.answer(429, "");
        mock.answer(404, "");
        let failed = client.call(&request(class), read).await.unwrap_err();
        let attempts = if class.may_repeat() { 3 } else { 1 };
        assert_eq!((failed.attempts, mock.requests().len()), (attempts, attempts as usize));
        assert_eq!(failed.outcome(), Outcome::Unknown, "{class:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_send_that_did_not_go_out_is_repeated_and_an_earlier_doubt_stays() {
    let (client, mock) = client();
    mock.fail(refused());
    mock.answer(429, "");
    mock.answer(200, "sent");
    assert!(client.call(&request(OperationClass::Send), read).await.is_ok());

    mock.fail(cut());
    mock.answer(429, "");
    mock.answer(429, "");
    let failed = client.call(&request(OperationClass::Write), read).await.unwrap_err();
    assert!(matches!(failed.error, Failure::Status(429)));
    assert_eq!((failed.doubtful, failed.outcome()), (true, Outcome::Unknown));
}

#[tokio::test(start_paused = true)]
async fn h27_a_call_ends_by_its_time_and_when_the_budget_is_spent() {
    let (client, mock) = client();
    let mut hasty = request(OperationClass::Read);
    hasty.time = Duration::from_millis(500);
    mock.answer(429, "");
    let failed = client.call(&hasty, read).await.unwrap_err();
    assert_eq!(failed.attempts, 1, "a second would come too late");
    assert!(!failed.budget_spent);

    for _ in 0..20 {
        mock.fail(refused());
        mock.answer(200, "");
        client.call(&request(OperationClass::Read), read).await.unwrap();
    }
    let mut attempts = Vec::new();
    for _ in 0..10 {
        for _ in 0..3 {
            mock.fail(refused());
        }
        let failed = client.call(&request(OperationClass::Read), read).await.unwrap_err();
        assert_eq!(failed.budget_spent, failed.attempts < 3);
        attempts.push(failed.attempts);
    }
    assert!(attempts.contains(&1), "{attempts:?}");
}

#[test]
fn a_base_has_to_be_a_place_for_secrets() {
    for base in ["http://example.com/", "/relative", "https://example.com/?x=1"] {
        let refused = RestClient::new(MockTransport::new(), base.parse().unwrap());
        assert_eq!(refused.unwrap_err().outcome(), Outcome::NotSent, "{base}");
    }
    let (client, _) = client();
    assert!(!format!("{client:?}").contains("base\""));
}

proptest! {
    #[test]
    fn no_text_leaves_its_segment(text in any::<String>()) {
        let encoded = encode_segment(&text);
        prop_assert!(!encoded.contains(['/', '?', '#', '.', ' ', '\\', '\r', '\n']));
        let url = format!("https://example.com/{encoded}/");
        prop_assert!(url.parse::<Uri>().is_ok());
    }
}
