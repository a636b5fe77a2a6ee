use http::Method;
use replykit_transport::{MockTransport, Phase, TransportError, TransportErrorKind};

use super::*;
use crate::{
    OperationClass, Outcome, ProtocolProblem,
    crm::{
        CreateContact, CreateGroup, DeleteContact, GetContact, ListContacts, PatchMessage,
        PostStatus, SendMessage, UpdateContact, UpdateMessage,
    },
};

fn client() -> (Client, MockTransport) {
    let mock = MockTransport::new();
    let base = "http://127.0.0.1:8000/".parse().unwrap();
    (Client::over(mock.clone(), base).unwrap().seed(1), mock)
}

fn cut() -> TransportError {
    TransportError::new(Phase::Exchange, TransportErrorKind::Interrupted, "cut")
}

fn refused() -> TransportError {
    TransportError::new(Phase::Connect, TransportErrorKind::Connect, "refused")
}

fn problem(error: &Error) -> Option<ProtocolProblem> {
    match error.kind() {
        ErrorKind::Protocol(error) => Some(error.problem()),
        _ => None,
    }
}

const CONTACT: &str = r#"{"id":7,"name":"Billy","phone_number":"+1","landing_page":"shoes"}"#;

/// The failure of an endpoint when the server answers `body`, and how many requests it made.
async fn failure<E: Endpoint>(endpoint: E, status: u16, body: &str) -> (Error, usize) {
    let (client, mock) = client();
    for _ in 0..3 {
        mock.answer(status, body.to_owned());
    }
    let Err(error) = client.execute(endpoint).await else { panic!("{status} {body}") };
    (error, mock.requests().len())
}

/// The same for each endpoint that sends or creates.
async fn each_unrepeatable(status: u16, body: &str) -> [(Error, usize); 6] {
    [
        failure(SendMessage::new("+1", "Hi"), status, body).await,
        failure(PostStatus::text("Hi"), status, body).await,
        failure(CreateGroup::new("shoes"), status, body).await,
        failure(CreateContact::new("Billy", "+1", "shoes"), status, body).await,
        failure(UpdateMessage::new(7, "+1", "Hi"), status, body).await,
        failure(PatchMessage::new(7), status, body).await,
    ]
}

#[tokio::test(start_paused = true)]
async fn an_existing_contact_is_told_from_a_new_one() {
    let (client, mock) = client();
    let create = CreateContact::new("Billy", "+1", "shoes");
    mock.answer(201, CONTACT);
    assert!(!client.execute(create.clone()).await.unwrap().existed);
    mock.answer(200, CONTACT);
    let created = client.execute(create.clone()).await.unwrap();
    assert!(created.existed);
    assert_eq!(created.contact.id.get(), 7);
    mock.answer(202, CONTACT);
    let error = client.execute(create).await.unwrap_err();
    assert_eq!(problem(&error), Some(ProtocolProblem::Status));
}

#[tokio::test(start_paused = true)]
async fn d01_a_list_or_an_object_without_an_id_is_never_a_send() {
    for body in ["[]", r#"[{"id":7}]"#, r#"{"name":"Billy"}"#, "{}", "null", r#""7""#, "7"] {
        for (error, requests) in each_unrepeatable(200, body).await {
            assert_eq!(problem(&error), Some(ProtocolProblem::Shape), "{body}");
            assert_eq!((error.outcome(), requests), (Outcome::Unknown, 1), "{body}");
        }
    }
}

/// An endpoint that this crate does not know.
struct Custom(&'static str);

impl Endpoint for Custom {
    const NAME: &'static str = "custom";
    const METHOD: Method = Method::POST;
    const CLASS: OperationClass = OperationClass::Create;
    type Output = usize;

    fn path(&self) -> String {
        self.0.to_owned()
    }

    fn read(&self, _: StatusCode, body: &[u8]) -> Result<usize, ProtocolProblem> {
        Ok(body.len())
    }
}

#[tokio::test]
async fn d01_no_path_lacks_its_slash() {
    let (client, mock) = client();
    for (path, sent) in [("tags", "/tags/"), ("tags/", "/tags/"), ("tags/?x=1", "/tags/?x=1")] {
        mock.answer(200, "four");
        assert_eq!(client.execute(Custom(path)).await.unwrap(), 4);
        let requests = mock.requests();
        assert_eq!(requests.last().unwrap().uri().path_and_query().unwrap(), sent);
    }
}

#[tokio::test(start_paused = true)]
async fn d01_h20_a_redirect_is_not_followed_and_proves_nothing() {
    for status in [301, 302, 303] {
        for (error, requests) in each_unrepeatable(status, "").await {
            assert!(matches!(error.kind(), ErrorKind::Http { .. }), "{error:?}");
            assert_eq!((error.outcome(), requests), (Outcome::Unknown, 1), "{status}");
        }
    }
    for (error, requests) in each_unrepeatable(307, "").await {
        assert_eq!((error.outcome(), requests), (Outcome::Rejected, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn h10_a_page_in_place_of_json_is_unknown_to_a_send_and_read_again_once() {
    for body in ["<html>", "", "\u{feff}", r#"{"id":7} and more"#, "OK"] {
        for (error, requests) in each_unrepeatable(200, body).await {
            assert_eq!(problem(&error), Some(ProtocolProblem::NotJson), "{body}");
            assert_eq!((error.outcome(), requests), (Outcome::Unknown, 1), "{body}");
        }
        let (_, requests) = failure(GetContact::new(7), 200, body).await;
        assert_eq!(requests, 2, "{body}");
    }
    let deep = "[".repeat(200);
    assert_eq!(
        problem(&failure(SendMessage::new("+1", "Hi"), 200, &deep).await.0),
        Some(ProtocolProblem::NotJson)
    );
}

#[tokio::test(start_paused = true)]
async fn h05_h08_what_may_have_arrived_is_not_sent_again() {
    for phase in [Phase::Exchange, Phase::Body] {
        let (client, mock) = client();
        mock.fail(TransportError::new(phase, TransportErrorKind::Interrupted, "cut"));
        let error = client.execute(SendMessage::new("+1", "Hi")).await.unwrap_err();
        assert_eq!((error.outcome(), mock.requests().len()), (Outcome::Unknown, 1));

        mock.fail(TransportError::new(phase, TransportErrorKind::Interrupted, "cut"));
        mock.answer(200, CONTACT);
        let update = UpdateContact::new(7, "Billy", "+1", "shoes");
        assert_eq!(client.execute(update).await.unwrap().name, "Billy");
    }
}

#[tokio::test(start_paused = true)]
async fn h01_what_did_not_go_out_is_sent_again() {
    let (client, mock) = client();
    mock.fail(refused());
    mock.answer(201, r#"{"id":7,"status":"Pending"}"#);
    client.execute(SendMessage::new("+1", "Hi")).await.unwrap();
    assert_eq!(mock.requests().len(), 2);

    for _ in 0..3 {
        mock.fail(refused());
    }
    let error = client.execute(SendMessage::new("+1", "Hi")).await.unwrap_err();
    assert_eq!((error.outcome(), error.attempts()), (Outcome::NotSent, 3));
}

#[tokio::test(start_paused = true)]
async fn h12_half_an_emoji_costs_no_message() {
    let (client, mock) = client();
    mock.answer(201, r#"{"id":7,"message":"Hi \ud83d","status":"Pending"}"#);
    let message = client.execute(SendMessage::new("+1", "Hi")).await.unwrap();
    assert_eq!(message.message, "Hi \u{fffd}");
    mock.answer(200, "\u{feff}[{\"id\":7,\"name\":\"\\ud83d\"},{\"id\":[]}]");
    let contacts = client.execute(ListContacts::new()).await.unwrap();
    assert_eq!((contacts.len(), contacts.malformed().len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn h16_h17_a_refusal_is_told_in_the_words_of_the_server() {
    for (status, body) in [
        (400, r#"{"phone_number":["contact with this phone number already exists."]}"#),
        (400, r#"{"error":"the group is not empty"}"#),
        (400, r#"{"detail":"JSON parse error - Expecting value"}"#),
        (404, r#"{"detail":"Not found."}"#),
        (405, r#"{"detail":"Method \"PUT\" not allowed."}"#),
        (415, r#"{"detail":"Unsupported media type."}"#),
    ] {
        for (error, requests) in each_unrepeatable(status, body).await {
            let ErrorKind::Api(refusal) = error.kind() else { panic!("{error:?}") };
            assert_eq!(refusal.status.as_u16(), status);
            assert!(refusal.message.is_some() || !refusal.fields.is_empty(), "{body}");
            assert_eq!((error.outcome(), requests), (Outcome::Rejected, 1), "{body}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn h18_too_many_requests_are_sent_again() {
    let (error, requests) = failure(SendMessage::new("+1", "Hi"), 429, "").await;
    assert_eq!((error.outcome(), requests), (Outcome::Rejected, 3));
}

#[tokio::test(start_paused = true)]
async fn h16_h19_a_server_fault_is_unknown_whatever_it_says() {
    for body in ["<html>Server Error (500)</html>", r#"{"error":"oops"}"#, r#"{"id":7}"#] {
        for (error, requests) in each_unrepeatable(500, body).await {
            assert_eq!(error.status().unwrap().as_u16(), 500);
            assert_eq!((error.outcome(), requests), (Outcome::Unknown, 1), "{body}");
        }
        let (_, requests) = failure(UpdateContact::new(7, "Billy", "+1", "shoes"), 500, body).await;
        assert_eq!(requests, 3);
    }
    let (_, requests) = failure(GetContact::new(7), 409, "").await;
    assert_eq!(requests, 1);
}

#[tokio::test(start_paused = true)]
async fn h22_an_answer_about_another_object_is_no_success() {
    for error in [
        failure(GetContact::new(8), 200, CONTACT).await.0,
        failure(UpdateContact::new(8, "Billy", "+1", "shoes"), 200, CONTACT).await.0,
        failure(PatchMessage::new(8), 200, r#"{"id":7}"#).await.0,
    ] {
        assert_eq!(problem(&error), Some(ProtocolProblem::Mismatch));
    }
}

#[tokio::test(start_paused = true)]
async fn d03_a_404_to_the_repeat_of_a_deletion_is_success() {
    let gone = r#"{"detail":"Not found."}"#;
    for doubt in [500, 502] {
        let (client, mock) = client();
        mock.answer(doubt, "");
        mock.answer(404, gone);
        assert!(client.execute(DeleteContact::new(7)).await.is_ok());
    }
    let (client, mock) = client();
    mock.fail(cut());
    mock.answer(404, gone);
    assert!(client.execute(DeleteContact::new(7)).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn d03_a_404_to_a_first_deletion_is_an_error() {
    let gone = r#"{"detail":"Not found."}"#;
    let (error, requests) = failure(DeleteContact::new(7), 404, gone).await;
    assert_eq!((error.outcome(), requests), (Outcome::Rejected, 1));

    // Nothing went out before the repeat, so it is the first.
    let (client, mock) = client();
    mock.fail(refused());
    mock.answer(404, gone);
    let error = client.execute(DeleteContact::new(7)).await.unwrap_err();
    assert_eq!((error.outcome(), error.attempts()), (Outcome::Rejected, 2));

    // A page says that nobody is there who could have done it.
    mock.fail(cut());
    mock.answer(404, "<html>");
    let error = client.execute(DeleteContact::new(7)).await.unwrap_err();
    assert_eq!((error.outcome(), error.attempts()), (Outcome::Unknown, 2));

    // A 404 says nothing good of what was asked for otherwise.
    mock.fail(cut());
    mock.answer(404, gone);
    let error = client.execute(UpdateContact::new(7, "Billy", "+1", "shoes")).await.unwrap_err();
    assert_eq!((error.outcome(), error.attempts()), (Outcome::Unknown, 2));
}

#[tokio::test(start_paused = true)]
async fn a_deletion_is_done_by_204_and_by_nothing_else() {
    let (client, mock) = client();
    mock.answer(204, "");
    client.execute(DeleteContact::new(7)).await.unwrap();
    for status in [200, 202] {
        let (error, requests) = failure(DeleteContact::new(7), status, "<html>").await;
        assert_eq!((error.outcome(), requests), (Outcome::Unknown, 1));
    }
}

#[test]
fn d02_a_base_is_https_or_on_this_machine() {
    let base = |base: &str| Client::over(MockTransport::new(), base.parse().unwrap());
    for good in [
        "https://example.com/crm",
        "http://127.0.0.1:8000/",
        "http://127.1.2.3/",
        "http://[::1]:8000",
        "http://localhost:8000/",
    ] {
        assert!(base(good).is_ok(), "{good}");
    }
    for bad in ["http://example.com/", "http://10.0.0.1/", "https://me:pw@example.com/", "/crm"] {
        let error = base(bad).unwrap_err();
        assert_eq!(error.outcome(), Outcome::NotSent, "{bad}");
        assert!(!format!("{error} {error:?}").contains("pw"));
    }
}

#[tokio::test(start_paused = true)]
async fn what_breaks_a_rule_does_not_leave_this_machine() {
    let (client, mock) = client();
    let error = client.execute(SendMessage::new("+1", " ")).await.unwrap_err();
    let ErrorKind::Invalid(invalid) = error.kind() else { panic!("{error:?}") };
    assert_eq!(invalid.field(), "message");
    assert_eq!((error.outcome(), error.attempts()), (Outcome::NotSent, 0));
    assert!(mock.requests().is_empty());
}

#[tokio::test]
async fn a_call_can_be_moved_to_another_task() {
    let (client, mock) = client();
    mock.answer(200, CONTACT);
    let task = tokio::spawn(async move {
        client.execute(GetContact::new(7)).deadline(Duration::from_secs(1)).await
    });
    assert_eq!(task.await.unwrap().unwrap().id.get(), 7);
}
