//! Gaps, and what fills them.

use super::*;

#[tokio::test(start_paused = true)]
async fn w16_a_gap_is_told_and_filled_and_nothing_comes_twice_or_out_of_order() {
    let mut scene = Scene::new().await;
    scene.world.open("long", "a", -20_000);
    let server = scene.connect(0).await;
    scene.world.user("a", 1);
    server.created("a");
    server.beat(30);
    assert_eq!(scene.lines(2).await, ["connected", "onUserCreate a"]);
    scene.lose(server).await;

    // While nobody listens: a user, a short conversation, and the end of one from hours ago.
    scene.world.user("b", 40);
    scene.world.open("short", "b", 45);
    scene.world.close("short");
    scene.world.close("long");
    let server = scene.connect(60).await;
    // Pushed at once, and found as well.
    scene.world.user("c", 60);
    server.created("c");
    server.user("onUserEnable", "b");
    server.closed("short", "b");
    server.user("onUserDelete", "b");
    let lines = scene.lines(8).await;
    assert_eq!(lines[..2], ["connected", "gap 30..60: 4"]);
    let (backfilled, live) = lines[2..].split_at(4);
    assert_eq!(
        backfilled,
        [
            "onUserCreate b (backfill)",
            "onUserCreate c (backfill)",
            "onUserConversation b 2 (backfill)",
            "onUserConversation a 2 (backfill)"
        ]
    );
    assert_eq!(live, ["onUserEnable b", "onUserDelete b"]);
    // One who was deleted can come again.
    server.created("b");
    assert_eq!(scene.line().await, "onUserCreate b");
}

#[tokio::test(start_paused = true)]
async fn w16_a_user_comes_before_the_conversation_even_when_both_happen_during_a_backfill() {
    let mut scene = Scene::new().await;
    let server = scene.connect(0).await;
    scene.line().await;
    scene.lose(server).await;
    scene.world.with(|account| account.meanwhile = Some(("a".to_owned(), 61)));
    let server = scene.connect(60).await;
    assert_eq!(scene.lines(2).await, ["connected", "gap 0..60: 1"]);
    server.created("a");
    server.closed("of a", "a");
    assert_eq!(scene.lines(2).await, ["onUserCreate a (backfill)", "onUserConversation a 2"]);
}

#[tokio::test(start_paused = true)]
async fn what_was_given_long_after_the_last_time_of_the_server_does_not_come_twice() {
    let mut scene = Scene::new().await;
    let server = scene.connect(0).await;
    // No heartbeat is answered for an hour.
    scene.world.user("a", 3590);
    server.created("a");
    scene.world.open("short", "a", 3590);
    scene.world.close("short");
    server.closed("short", "a");
    server.beat(3600);
    let lines = ["connected", "onUserCreate a", "onUserConversation a 2"];
    assert_eq!(scene.lines(3).await, lines);
    scene.lose(server).await;
    // Found long after the time that was told before it was asked.
    scene.world.user("b", 7190);
    scene.world.open("late", "b", 7190);
    scene.world.close("late");
    let server = scene.connect(3610).await;
    assert_eq!(scene.lines(2).await, ["connected", "gap 3600..3610: 1"]);
    assert_eq!(scene.line().await, "onUserCreate b (backfill)");
    server.closed("late", "b");
    server.beat(7200);
    assert_eq!(scene.line().await, "onUserConversation b 2");
    scene.lose(server).await;
    let _server = scene.connect(7210).await;
    assert_eq!(scene.lines(2).await, ["connected", "gap 7200..7210: 0"]);
}

#[tokio::test(start_paused = true)]
async fn w16_a_gap_names_every_kind_that_nothing_recovers() {
    let mut scene = Scene::new().await;
    let server = scene.connect(0).await;
    scene.line().await;
    scene.lose(server).await;
    let _server = scene.connect(60).await;
    scene.line().await;
    let SocketEvent::Gap(gap) = scene.next().await else { panic!() };
    assert_eq!(
        gap.unrecoverable,
        ["onUserUpdate", "onUserDelete", "onUserDisable", "onUserEnable"]
    );
    assert!(gap.truncated.is_empty());
    let told = gap.to_string();
    assert!(told.contains("0 events recovered; onUserUpdate, onUserDelete"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn w17_what_the_server_does_not_give_is_told() {
    let mut scene = Scene::new().await;
    let server = scene.connect(0).await;
    scene.line().await;
    scene.lose(server).await;
    for number in 0..5000 {
        scene.world.user(&format!("u{number}"), 10);
    }
    let _server = scene.connect(60).await;
    scene.line().await;
    let SocketEvent::Gap(gap) = scene.next().await else { panic!() };
    assert_eq!(gap.recovered, 5000);
    assert_eq!(gap.truncated, [Truncated::UnnamedBot { bot_id: None }]);
}

#[tokio::test(start_paused = true)]
async fn w17_a_backfill_that_fails_is_told_and_repeated_and_what_is_live_waits_for_it() {
    let store = MemoryCursor::default();
    let mut scene = Scene::with(World::default(), store.clone()).await;
    let server = scene.connect(0).await;
    server.beat(30);
    assert_eq!(scene.line().await, "connected");
    server.user("onUserEnable", "a");
    scene.line().await;
    scene.lose(server).await;
    scene.world.user("b", 40);
    scene.world.with(|account| account.failures = 10);
    let server = scene.connect(60).await;
    server.user("onUserDisable", "b");
    server.beat(90);
    assert_eq!(scene.line().await, "connected");
    let mut waits = Vec::new();
    for _ in 0..10 {
        let event = loop {
            tokio::select! {
                event = scene.next() => break event,
                () = tokio::time::sleep(DRAIN) => server.beat(90),
            }
        };
        let SocketEvent::BackfillFailed { error, retry_in } = event else { panic!() };
        assert_eq!(error.code().map(crate::ErrorCode::number), Some(2004));
        waits.push(retry_in.as_secs());
        let saved = store.load().await.unwrap().unwrap();
        assert_eq!(saved.position, time(30), "the position stays");
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300]);
    let beating = async {
        loop {
            tokio::time::sleep(DRAIN).await;
            server.beat(90);
        }
    };
    let lines = tokio::select! {
        lines = scene.lines(3) => lines,
        () = beating => Vec::new(),
    };
    assert_eq!(lines, ["gap 30..90: 1", "onUserCreate b (backfill)", "onUserDisable b"]);
}

#[tokio::test(start_paused = true)]
async fn without_a_connection_the_server_is_asked_every_minute() {
    let mut scene = Scene::new().await;
    let server = scene.connect(0).await;
    scene.line().await;
    drop(server);
    for _ in 0..100 {
        scene.mock.keep_silent();
    }
    scene.world.user("a", 20);
    let mut found = Vec::new();
    while found.len() < 2 {
        let line = scene.line().await;
        if line.starts_with("onUser") {
            found.push(line);
            scene.world.user("b", 30);
        }
    }
    assert_eq!(found, ["onUserCreate a (backfill)", "onUserCreate b (backfill)"]);
}

#[tokio::test(start_paused = true)]
async fn how_far_back_to_ask_is_looked_up_as_time_goes_by() {
    let store = MemoryCursor::default();
    let mut scene = Scene::with(World::default(), store.clone()).await;
    scene.world.open("old", "a", -10_000);
    let server = scene.connect(0).await;
    scene.line().await;
    let reach = async || {
        let kept = store.load().await.unwrap().unwrap();
        kept.conversations_from.as_second() - START
    };
    let mut hour = 0;
    let mut beat = async |scene: &mut Scene| {
        hour += 3600;
        server.beat(hour);
        server.user("onUserEnable", "a");
        scene.line().await;
    };
    beat(&mut scene).await;
    assert_eq!(reach().await, -10_300, "the beginning of the oldest, and five minutes");
    scene.world.close("old");
    server.closed("old", "a");
    scene.line().await;
    for _ in 0..4 {
        beat(&mut scene).await;
    }
    assert!(reach().await >= 3300, "{}", reach().await);
}

#[tokio::test(start_paused = true)]
async fn a_backfill_over_the_same_socket_does_not_wait_for_the_events_behind_it() {
    let (socket, mock) = socket();
    let world = World::default();
    let client = Client::over_socket(&socket).retry_policy(RetryPolicy::never());
    let mut events = client.events(&socket).open().await.unwrap();
    let answering = async {
        let mut server = mock.accept().await;
        server.received().await.unwrap();
        server.send(r#"{"cmd":"connected","ok":1}"#);
        let mut server = Server(server);
        let mut flooded = false;
        while let Some(request) = server.0.received().await {
            let request: Value = serde_json::from_slice(&request).unwrap();
            if request["cmd"] == "heartbeat" {
                server.beat(0);
                continue;
            }
            if !std::mem::replace(&mut flooded, true) {
                for number in 0..20_000 {
                    let uid = format!("u{number}");
                    world.user(&uid, 1);
                    server.created(&uid);
                }
            }
            let answer = world.answer(&request);
            server.0.send(answer.to_string());
        }
    };
    let reading = async {
        let mut uids = std::collections::BTreeSet::new();
        while uids.len() < 20_000 {
            if let SocketEvent::Event { event: Event::UserCreated(user), .. } =
                events.next().await.unwrap()
            {
                assert!(uids.insert(user.uid), "twice");
            }
        }
    };
    tokio::select! {
        () = answering => panic!("the connection was lost"),
        () = reading => {}
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_let_go_of_during_a_backfill_is_within_the_gap() {
    let mut scene = Scene::new().await;
    let server = scene.connect(0).await;
    server.user("onUserEnable", "a");
    scene.lines(2).await;
    scene.lose(server).await;
    scene.world.with(|account| account.failures = 3);
    let server = scene.connect(60).await;
    scene.line().await;
    for _ in 0..3 {
        assert!(matches!(scene.next().await, SocketEvent::BackfillFailed { .. }));
    }
    // Three seconds have passed of which no heartbeat told.
    for _ in 0..2 * work::MOST_HELD {
        server.user("onUserEnable", "a");
    }
    assert_eq!(scene.line().await, "gap 0..63: 0");
}

#[tokio::test(start_paused = true)]
async fn a_conversation_that_ends_while_it_is_looked_how_far_back_to_ask_is_not_lost() {
    let mut scene = Scene::new().await;
    scene.world.open("old", "a", -20_000);
    scene.world.open("less old", "b", -10_000);
    let server = scene.connect(0).await;
    server.beat(30);
    server.user("onUserEnable", "a");
    assert_eq!(scene.lines(2).await, ["connected", "onUserEnable a"]);
    // This heartbeat was answered before, and is looked at after.
    server.beat(60);
    scene.world.close("old");
    scene.world.close("less old");
    tokio::time::sleep(Duration::from_secs(1)).await;
    scene.lose(server).await;
    let _server = scene.connect(90).await;
    assert_eq!(scene.lines(2).await, ["connected", "gap 60..90: 2"]);
}

#[tokio::test(start_paused = true)]
async fn what_was_found_without_a_time_of_the_server_is_known_when_it_is_pushed() {
    let mut scene = Scene::new().await;
    let server = scene.connect(0).await;
    server.user("onUserEnable", "b");
    assert_eq!(scene.lines(2).await, ["connected", "onUserEnable b"]);
    scene.lose(server).await;
    let mut short = scene.mock.accept().await;
    short.received().await.unwrap();
    short.send(r#"{"cmd":"connected","ok":1}"#);
    short.received().await.unwrap();
    drop(short);
    scene.world.user("a", 60);
    assert_eq!(scene.lines(2).await, ["connected", "onUserCreate a (backfill)"]);
    assert!(matches!(scene.next().await, SocketEvent::Disconnected(_)));
    assert!(matches!(scene.next().await, SocketEvent::Reconnecting { .. }));
    let server = scene.connect(60).await;
    server.created("a");
    server.beat(3600);
    // All of it is there before it is looked at.
    tokio::time::sleep(Duration::from_secs(1)).await;
    server.user("onUserEnable", "a");
    let lines = scene.lines(3).await;
    assert_eq!(lines, ["connected", "gap 0..3600: 1", "onUserEnable a"]);
}
