//! The other side of a source of the sandbox, from outside Rust.

use http::Method;
use replykit_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::{
    lead_wire::{reply, started},
    support::{Receiver, post, repository, send},
};

fn url(sandbox: &Sandbox) -> String {
    format!("http://{}/lead-reply/control", sandbox.address())
}

#[tokio::test]
async fn the_cards_are_set_over_http() {
    let sandbox = Sandbox::start().await.unwrap();
    let url = url(&sandbox);
    let (main, receiver) = (sandbox.lead_reply(), Receiver::start(204).await);
    let north = main.source("main-north").unwrap();
    let expected = json!({"url": main.url(), "secret": main.secret()});
    assert_eq!(post(&url, &json!({"action": "secret"})).await, expected);
    let new = post(&url, &json!({"action": "regenerate", "source": "main"})).await;
    assert_eq!(new, json!({"secret": main.secret()}));
    assert_ne!(new["secret"], expected["secret"]);
    for action in [
        json!({"action": "enable"}),
        json!({"action": "set_inherit", "source": "main-north", "yes": true}),
        json!({"action": "enable", "source": "main-north"}),
        json!({"action": "set_only_with_contact_info", "yes": true}),
        json!({"action": "set_only_new_leads", "yes": true}),
        json!({"action": "set_include_source_name", "yes": true}),
        json!({"action": "set_webhook", "url": receiver.url, "secret": "s"}),
        json!({"action": "enable_webhook"}),
        json!({"action": "set_skip_welcome_and_follow_ups", "yes": true}),
        json!({"action": "webhook_fault", "fault": "wrong_secret", "times": 2}),
    ] {
        assert_eq!(post(&url, &action).await, json!({}), "{action}");
    }
    assert_eq!(north.secret(), main.secret());
    assert_eq!(post(&url, &json!({"action": "send_test_request"})).await, json!({"status": 204}));

    let ana = json!({"action": "lead_writes", "who": "Ana", "text": "Hello"});
    assert_eq!(post(&url, &ana).await, json!({"lead": "lead_1"}));
    assert_eq!(reply(&main, "lead_1", "Hi").await.1, "lead_not_ready");
    let contact = json!({"action": "leaves_contact_info", "lead": "lead_1", "phone": "+1"});
    post(&url, &contact).await;
    sandbox.advance(std::time::Duration::ZERO).await;
    let told = main.deliveries();
    assert_eq!((told.len(), told[1].event.as_str()), (2, "new_lead"));

    post(&url, &json!({"action": "set_rate_limit", "replies_a_minute": 0})).await;
    assert_eq!(reply(&main, "lead_1", "Hi").await.0, 429);
    post(&url, &json!({"action": "set_rate_limit", "replies_a_minute": null})).await;
    post(&url, &json!({"action": "fail_next", "fault": {"status": 503}, "carried_out": true}))
        .await;
    assert_eq!(send(Method::POST, &main.url(), &[], "").await.status(), 503);
    post(&url, &json!({"action": "disable"})).await;
    assert_eq!(reply(&main, "lead_1", "Hi").await.0, 403);
    for action in ["disable_webhook", "disconnect"] {
        assert_eq!(post(&url, &json!({"action": action})).await, json!({}));
    }
    let none = json!({"url": main.url(), "secret": null});
    assert_eq!(post(&url, &json!({"action": "secret"})).await, none);
}

#[tokio::test]
async fn leads_write_and_leave_over_http() {
    let sandbox = started().await;
    let url = url(&sandbox);
    let main = sandbox.lead_reply();
    let receiver = Receiver::start(500).await;
    main.set_webhook(&receiver.url, "s").unwrap();
    main.enable_webhook().unwrap();
    let appears = json!({"action": "lead_appears", "who": "Ana"});
    assert_eq!(post(&url, &appears).await, json!({"lead": "lead_1"}));
    post(&url, &json!({"action": "add_tag", "lead": "lead_1", "tag": "vip"})).await;
    let team = json!({"action": "team_replies", "lead": "lead_1", "text": "Hello?"});
    assert_eq!(post(&url, &team).await, json!({"message_id": "msg_1"}));
    let expected = json!({"conversation": [
        {"id": "msg_1", "sender": "team", "text": "Hello?", "sent_at": "2026-02-28T14:30:00Z"}
    ]});
    let ask = json!({"action": "conversation", "lead": "lead_1"});
    assert_eq!(post(&url, &ask).await, expected);

    post(&url, &json!({"action": "close_conversation", "lead": "lead_1"})).await;
    assert_eq!(reply(&main, "lead_1", "Hi").await.1, "conversation_closed");
    post(&url, &json!({"action": "reopen", "lead": "lead_1"})).await;
    assert_eq!(reply(&main, "lead_1", "Hi").await.0, 200);

    sandbox.advance(std::time::Duration::ZERO).await;
    let deliveries = post(&url, &json!({"action": "deliveries"})).await;
    let first = json!({
        "event_id": "evt_1", "event": "new_lead", "lead": "lead_1", "attempts": [{"status": 500}]
    });
    assert_eq!(deliveries["deliveries"][0], first);
    assert_eq!(deliveries["deliveries"][1]["attempts"], json!([]));
    let north = json!({"action": "deliveries", "source": "main-north"});
    assert_eq!(post(&url, &north).await, json!({"deliveries": []}));
}

#[tokio::test]
async fn a_bad_control_request_is_told_what_to_do() {
    let sandbox = Sandbox::start().await.unwrap();
    for (wrong, why) in [
        (json!({}), "missing field `action`"),
        (json!([]), "expected a map"),
        (json!({"action": "unheard_of"}), "unknown variant"),
        (json!({"action": "enable", "yes": true}), "unknown field"),
        (json!({"action": "enable", "source": "south"}), "main and main-north"),
        (json!({"action": "enable", "source": 1}), "expected a string"),
        (json!({"action": "set_inherit", "yes": true}), "no parent"),
        (json!({"action": "send_test_request"}), "set its URL"),
        (json!({"action": "webhook_fault", "fault": "none"}), "unknown variant"),
        (json!({"action": "set_webhook", "url": "http://a.com", "secret": "s"}), "use a URL"),
        (json!({"action": "lead_writes", "who": " ", "text": "Hi"}), "not blank"),
        (json!({"action": "reopen", "lead": "lead_1"}), "no such lead"),
        (json!({"action": "fail_next", "fault": {"status": 99}}), "a status from 200 on"),
    ] {
        let answer = send(Method::POST, &url(&sandbox), &[], wrong.to_string()).await;
        assert_eq!(answer.status(), 400, "{wrong}");
        let error: Value = serde_json::from_slice(answer.body()).unwrap();
        assert!(error["error"].as_str().unwrap().contains(why), "{error}");
    }
}

/// In their order, as one who follows them types them.
#[tokio::test]
async fn the_command_lines_for_leads_in_the_sandboxs_readme_work() {
    let sandbox = Sandbox::start().await.unwrap();
    let mut receiver = Receiver::start(204).await;
    let readme = std::fs::read_to_string(repository().join("sandbox/README.md")).unwrap();
    let mut answers = Vec::new();
    for line in readme.lines() {
        let Some(rest) = line.strip_prefix("curl http://127.0.0.1:4010/lead-reply/") else {
            continue;
        };
        let (head, body) = rest.split_once(" -d ").unwrap();
        let mut words = head.split(" -H ");
        let url = format!("http://{}/lead-reply/{}", sandbox.address(), words.next().unwrap());
        let headers: Vec<_> =
            words.map(|header| header.trim_matches('\'').split_once(": ").unwrap()).collect();
        let body = body.trim_matches('\'').replace("http://127.0.0.1:8080/leads", &receiver.url);
        let answer = send(Method::POST, &url, &headers, body).await;
        assert_eq!(answer.status(), 200, "{line}: {:?}", answer.body());
        sandbox.advance(std::time::Duration::ZERO).await;
        answers.push(serde_json::from_slice::<Value>(answer.body()).unwrap());
    }
    let said = &answers.last().unwrap()["conversation"];
    assert_eq!([&said[0]["sender"], &said[1]["sender"]], ["lead", "api"]);
    assert_eq!(receiver.posts().len(), 2, "the new lead, and our reply");
}
