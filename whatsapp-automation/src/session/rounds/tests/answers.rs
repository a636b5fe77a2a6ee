//! What an answer says, and what it cannot say.

use super::*;

#[tokio::test(start_paused = true)]
async fn h10_a_page_in_place_of_an_answer_is_no_logout() {
    let (client, mock) = logged_in();
    (0..2).for_each(|_| mock.answer(200, "<html>back soon</html>"));
    let error = client.execute(Logout::new()).await.unwrap_err();
    assert_eq!((error.outcome(), client.is_logged_in()), (Outcome::Unknown, true));
}

#[tokio::test]
async fn k06_success_false_is_a_refusal() {
    for body in [
        r#"{"success":false,"message":"canary"}"#,
        r#"{"success":false}"#,
        "\u{feff} {\"success\":false,\"messageId\":\"msg_1\"}",
    ] {
        let (client, mock) = logged_in();
        mock.answer(200, body);
        let error = client.execute(SendMessage::new("+1", "Hi")).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Api(_)), "{error:?}");
        assert_eq!(error.outcome(), Outcome::Rejected);
        assert!(!format!("{error} {error:?}").contains("canary"));
    }
}

#[tokio::test]
async fn k06_an_answer_that_does_not_say_success_is_unknown() {
    for body in [
        r#"{"messageId":"msg_1"}"#,
        r#"{"success":true}"#,
        r#"{"success":true,"messageId":""}"#,
        r#"{"success":true,"messageId":null}"#,
        r#"{"success":"true","messageId":"msg_1"}"#,
        r#"{"success":"false","messageId":"msg_1"}"#,
        r#"{"success":null,"messageId":"msg_1"}"#,
        r#"{"success":true,"success":false,"messageId":"msg_1"}"#,
        "[]",
        "",
        "null",
        "<html>",
    ] {
        let (client, mock) = logged_in();
        mock.answer(200, body);
        let error = client.execute(SendMessage::new("+1", "Hi")).await.unwrap_err();
        assert_eq!((error.outcome(), error.attempts()), (Outcome::Unknown, 1), "{body}");
        let (client, mock) = logged_in();
        mock.answer(200, body);
        let schedule = ScheduleMessage::new("+1", "Hi", "2030-01-01T00:00:00Z");
        assert_eq!(client.execute(schedule).await.unwrap_err().outcome(), Outcome::Unknown);
    }
    let (client, mock) = logged_in();
    mock.answer(200, r#"{"success":true,"messageId":12345,"scheduledFor":null}"#);
    let accepted = client.execute(SendMessage::new("+1", "Hi")).await.unwrap();
    assert_eq!(accepted.message_id.as_str(), "12345");
}

#[tokio::test]
async fn k06_a_list_with_one_entry_is_no_refusal() {
    let (client, mock) = logged_in();
    mock.answer(200, "\u{feff}[{\"id\":\"group_id_1\"}]");
    assert_eq!(client.execute(ListGroups::new()).await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn h17_h18_h19_h20_a_bare_status_says_whether_it_can_have_gone_out() {
    let refused = [400, 404, 405, 413, 415, 422, 501];
    let open = [301, 302, 303, 408, 409, 500, 502, 503, 504];
    for (statuses, outcome) in [(&refused[..], Outcome::Rejected), (&open, Outcome::Unknown)] {
        for status in statuses {
            let (client, mock) = logged_in();
            mock.answer(*status, "<html>canary</html>");
            let error = client.execute(SendMessage::new("+1", "Hi")).await.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Http { .. }), "{error:?}");
            assert_eq!((error.outcome(), error.attempts()), (outcome, 1), "{status}");
        }
    }
    for status in [307, 308, 425, 429] {
        let (client, mock) = logged_in();
        (0..3).for_each(|_| mock.answer(status, ""));
        let error = client.execute(SendMessage::new("+1", "Hi")).await.unwrap_err();
        let attempts = if status > 400 { 3 } else { 1 };
        assert_eq!((error.outcome(), error.attempts()), (Outcome::Rejected, attempts), "{status}");
    }
}

#[tokio::test]
async fn h16_a_refusal_that_says_success_is_unknown() {
    for status in [400, 413, 429] {
        let (client, mock) = logged_in();
        mock.answer(status, ACCEPTED);
        let error = client.execute(SendMessage::new("+1", "Hi")).await.unwrap_err();
        let ErrorKind::Protocol(protocol) = error.kind() else { panic!("{error:?}") };
        assert_eq!(protocol.problem(), ProtocolProblem::Conflict);
        assert_eq!((error.outcome(), error.attempts()), (Outcome::Unknown, 1));
    }
}

#[tokio::test]
async fn h12_half_an_emoji_costs_no_message() {
    let (client, mock) = logged_in();
    let page = r#"{"messages":[{"id":"msg_1","message":"Hi \ud83d"}],"pagination":{"page":1,"limit":10,"total":1,"pages":1}}"#;
    mock.answer(200, page);
    let page = client.execute(GetQueue::new()).await.unwrap();
    assert_eq!(page.messages[0].message, "Hi \u{fffd}");
}

#[tokio::test]
async fn h16_a_401_that_says_success_is_unknown_and_not_made_again() {
    for status in [401, 403] {
        let (client, mock) = with_password().await;
        mock.answer(status, ACCEPTED);
        let error = client.execute(SendMessage::new("+1", "Hi")).await.unwrap_err();
        let ErrorKind::Protocol(protocol) = error.kind() else { panic!("{error:?}") };
        assert_eq!(protocol.problem(), ProtocolProblem::Conflict);
        assert_eq!((error.outcome(), error.attempts()), (Outcome::Unknown, 1), "{status}");
        // The session is over all the same.
        log_in(&mock, "second");
        mock.answer(200, PROFILE);
        client.execute(GetProfile::new()).await.unwrap();
        assert_eq!(seen(&mock)[1..], ["messages/send first", "auth/login -", "users/me second"]);
    }
}
