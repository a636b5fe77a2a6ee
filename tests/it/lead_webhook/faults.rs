//! What is not taken, and what comes twice, late or with the wrong secret.

use super::*;

#[tokio::test]
async fn what_is_not_taken_is_repeated_after_1_10_and_60_seconds() {
    let (sandbox, mut receiver) = wired().await;
    let main = sandbox.lead_reply();
    receiver.answer_first([500, 302, 404, 200]);
    main.lead_writes("Ana", "Hello").unwrap();
    let mut posts = Vec::new();
    for (seconds, attempts) in [(0, 1), (0, 1), (1, 2), (9, 2), (1, 3), (59, 3), (1, 4), (600, 4)] {
        sandbox.advance(seconds * SECOND).await;
        posts.extend(receiver.posts());
        assert_eq!(posts.len(), attempts, "{seconds}");
    }
    assert!(posts.iter().all(|(_, body)| *body == posts[0].1), "the same each time");
    let answered = [500, 302, 404, 200].map(PushResult::Answered);
    assert_eq!(attempts(&main, 0), answered);

    receiver.answer_first([503; 4]);
    main.lead_writes("Ana", "Anybody?").unwrap();
    main.lead_writes("Ana", "Then not").unwrap();
    sandbox.advance(70 * SECOND).await;
    assert_eq!((attempts(&main, 1).len(), attempts(&main, 2).len()), (3, 0), "it waits");
    sandbox.advance(SECOND).await;
    assert_eq!(attempts(&main, 1), [503; 4].map(PushResult::Answered), "given up");
    assert_eq!(attempts(&main, 2), [PushResult::Answered(204)]);
    let delivery = &main.deliveries()[1];
    assert_eq!(
        (delivery.event_id.as_str(), delivery.event.as_str(), delivery.lead.as_deref()),
        ("evt_2", "new_message", Some("lead_1"))
    );
}

#[tokio::test]
async fn the_events_of_a_lead_wait_for_each_other_and_for_no_other_lead() {
    let (sandbox, mut receiver) = wired().await;
    let main = sandbox.lead_reply();
    receiver.answer_first([500]);
    main.lead_writes("Ana", "1").unwrap();
    main.lead_writes("Ana", "2").unwrap();
    main.lead_writes("Bo", "3").unwrap();
    assert_eq!(ids(&posted(&sandbox, &mut receiver).await), ["evt_1", "evt_3"]);
    main.lead_writes("Ana", "4").unwrap();
    assert_eq!(posted(&sandbox, &mut receiver).await, [] as [Value; 0]);
    sandbox.advance(SECOND).await;
    assert_eq!(ids(&posted(&sandbox, &mut receiver).await), ["evt_1", "evt_2", "evt_4"]);
}

#[tokio::test]
async fn a_receiver_that_is_not_there_is_tried_again() {
    let (sandbox, mut receiver) = wired().await;
    let main = sandbox.lead_reply();
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", gone.local_addr().unwrap());
    drop(gone);
    main.set_webhook(&url, SECRET).unwrap();
    main.webhook_fault(WebhookFault::HangUp);
    main.lead_writes("Ana", "Hello").unwrap();
    sandbox.advance(11 * SECOND).await;
    let failed = attempts(&main, 0);
    assert_eq!(failed.len(), 3);
    assert!(failed.iter().all(|result| matches!(result, PushResult::Failed(_))), "{failed:?}");
    main.set_webhook(&receiver.url, "another secret").unwrap();
    sandbox.advance(60 * SECOND).await;
    assert_eq!(receiver.posts()[0].0["x-secret-key"], "another secret", "the one that counts now");
}

#[tokio::test]
async fn a_duplicate_has_the_same_id() {
    let (sandbox, mut receiver) = wired().await;
    let main = sandbox.lead_reply();
    main.webhook_fault(WebhookFault::Duplicate);
    receiver.answer_first([500]);
    main.lead_writes("Ana", "1").unwrap();
    main.lead_writes("Ana", "2").unwrap();
    sandbox.advance(SECOND).await;
    let events = posted(&sandbox, &mut receiver).await;
    assert_eq!(ids(&events), ["evt_1", "evt_1", "evt_1", "evt_2"]);
    assert_eq!(events[1], events[2]);
    let expected = [500, 204, 204].map(PushResult::Answered);
    assert_eq!(attempts(&main, 0), expected);
}

#[tokio::test]
async fn an_event_may_come_behind_the_next_one_of_its_lead() {
    let (sandbox, mut receiver) = wired().await;
    let main = sandbox.lead_reply();
    main.webhook_fault(WebhookFault::Reorder);
    for text in ["1", "2", "3"] {
        main.lead_writes("Ana", text).unwrap();
    }
    assert_eq!(ids(&posted(&sandbox, &mut receiver).await), ["evt_2", "evt_1", "evt_3"]);

    main.webhook_fault(WebhookFault::Reorder);
    main.lead_writes("Ana", "4").unwrap();
    assert_eq!(posted(&sandbox, &mut receiver).await, [] as [Value; 0], "it waits for the next");
    main.lead_writes("Bo", "5").unwrap();
    assert_eq!(ids(&posted(&sandbox, &mut receiver).await), ["evt_5"]);
    main.lead_writes("Ana", "6").unwrap();
    assert_eq!(ids(&posted(&sandbox, &mut receiver).await), ["evt_6", "evt_4"]);

    // Two of them come to nothing.
    main.webhook_fault(WebhookFault::Reorder);
    main.webhook_fault(WebhookFault::Reorder);
    for text in ["7", "8", "9"] {
        main.lead_writes("Ana", text).unwrap();
    }
    assert_eq!(ids(&posted(&sandbox, &mut receiver).await), ["evt_7", "evt_8", "evt_9"]);
}

#[tokio::test]
async fn what_was_received_is_repeated_when_its_answer_is_lost() {
    let (sandbox, mut receiver) = wired().await;
    let main = sandbox.lead_reply();
    for fault in [WebhookFault::AnswerLost, WebhookFault::HangUp] {
        main.webhook_fault(fault);
        main.lead_writes("Ana", "Hello").unwrap();
        sandbox.advance(NOW).await;
        let first = receiver.next_post().await;
        assert_eq!(first.0["x-secret-key"], SECRET);
        assert_eq!(first.0["content-type"], "application/json");
        sandbox.advance(SECOND).await;
        let again = receiver.next_post().await;
        assert_eq!(first.1, again.1, "{fault:?}");
        let attempts = main.deliveries().pop().unwrap().attempts;
        assert!(matches!(&attempts[..], [PushResult::Failed(_), PushResult::Answered(204)]));
    }
}

#[tokio::test]
async fn a_wrong_secret_is_followed_by_the_right_one_unless_it_is_taken() {
    let (sandbox, mut receiver) = wired().await;
    let main = sandbox.lead_reply();
    main.webhook_fault(WebhookFault::WrongSecret);
    receiver.answer_first([401]);
    main.lead_writes("Ana", "Hello").unwrap();
    sandbox.advance(SECOND).await;
    let posts = receiver.posts();
    assert_eq!(posts.len(), 2);
    assert_ne!(posts[0].0["x-secret-key"], SECRET);
    assert_eq!(posts[1].0["x-secret-key"], SECRET);
    assert_eq!(posts[0].1, posts[1].1);
}
