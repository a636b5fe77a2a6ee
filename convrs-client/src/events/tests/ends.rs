//! How a stream ends, and how the next one begins.

use super::*;

#[tokio::test(start_paused = true)]
async fn w01_w17_a_token_that_is_replaced_during_a_backfill_ends_the_stream() {
    let store = MemoryCursor::default();
    let world = World::default();
    let mut scene = Scene::with(world.clone(), store.clone()).await;
    let server = scene.connect(0).await;
    server.beat(30);
    server.user("onUserEnable", "a");
    scene.lines(2).await;
    scene.lose(server).await;
    world.user("a", 40);
    // Nothing that is asked with the old token is answered any more.
    world.with(|account| account.failures = usize::MAX);
    let server = scene.connect(60).await;
    server.created("a");
    server.user("onUserDisable", "a");
    assert_eq!(scene.line().await, "connected");
    assert!(matches!(scene.next().await, SocketEvent::BackfillFailed { .. }));
    server.0.send(r#"{"cmd":"connect","ok":0,"error":"no","errorCode":1001}"#);
    let start = tokio::time::Instant::now();
    assert_eq!(scene.line().await, "onUserDisable a", "what cannot be asked for is given");
    let refused = SocketEnd::Refused(crate::ErrorCode::InvalidToken);
    assert!(matches!(scene.next().await, SocketEvent::Ended(end) if end == refused));
    assert!(scene.events.next().await.is_none());
    assert_eq!(start.elapsed(), Duration::ZERO);

    world_without_failures(&world);
    let mut scene = Scene::with(world, store).await;
    let _server = scene.connect(120).await;
    assert_eq!(scene.lines(3).await, ["connected", "gap 30..120: 1", "onUserCreate a (backfill)"]);
}

#[tokio::test(start_paused = true)]
async fn w16_w19_a_restart_begins_behind_the_last_event_that_was_confirmed() {
    let path = file();
    let world = World::default();
    let mut scene = Scene::with(world.clone(), FileCursor::new(&path)).await;
    let server = scene.connect(0).await;
    server.beat(30);
    for uid in ["a", "b", "c"] {
        world.user(uid, 31);
        server.created(uid);
    }
    assert_eq!(scene.lines(3).await, ["connected", "onUserCreate a", "onUserCreate b"]);
    scene.events.shut_down();
    // What came before is given all the same, and the next call confirms it.
    assert_eq!(scene.line().await, "onUserCreate c");
    assert!(matches!(scene.next().await, SocketEvent::Ended(SocketEnd::Closed)));
    assert!(scene.events.next().await.is_none());
    assert!(scene.events.next().await.is_none());

    world.user("d", 50);
    let mut scene = Scene::with(world.clone(), FileCursor::new(&path)).await;
    let server = scene.connect(60).await;
    let lines = scene.lines(3).await;
    assert_eq!(lines, ["connected", "gap 30..60: 1", "onUserCreate d (backfill)"]);
    server.beat(90);
    server.user("onUserEnable", "d");
    assert_eq!(scene.line().await, "onUserEnable d");
    let saved = FileCursor::new(&path).load().await.unwrap().unwrap();
    assert_eq!(saved.position, time(90));
    assert!(!format!("{saved:?}").contains('d'.to_string().repeat(2).as_str()));
    std::fs::write(&path, "{").unwrap();
    let (socket, _) = socket();
    let client = Client::over(Post(world), "t");
    let damaged = client.events(&socket).cursor(FileCursor::new(&path)).open().await;
    assert!(matches!(damaged, Err(EventsError::Cursor(_))), "never taken for none");
    std::fs::remove_file(path).unwrap();
}

#[tokio::test(start_paused = true)]
async fn w19_shutting_down_during_a_backfill_leaves_the_gap_to_the_next_start() {
    let store = MemoryCursor::default();
    let world = World::default();
    let mut scene = Scene::with(world.clone(), store.clone()).await;
    let server = scene.connect(0).await;
    server.beat(30);
    scene.line().await;
    server.user("onUserEnable", "a");
    scene.line().await;
    scene.lose(server).await;
    world.user("b", 40);
    world.with(|account| account.failures = 3);
    let server = scene.connect(60).await;
    world.open("one", "b", 40);
    world.close("one");
    world.open("two", "b", 61);
    world.close("two");
    server.closed("two", "b");
    server.user("onUserDisable", "b");
    server.beat(90);
    assert_eq!(scene.line().await, "connected");
    assert!(matches!(scene.next().await, SocketEvent::BackfillFailed { .. }));
    scene.events.shut_down();
    assert_eq!(scene.line().await, "onUserDisable b", "what cannot be asked for is given");
    assert!(matches!(scene.next().await, SocketEvent::Ended(_)));
    assert!(scene.events.next().await.is_none());
    assert_eq!(store.load().await.unwrap().unwrap().position, time(30));
    let mut scene = Scene::with(world, store).await;
    world_without_failures(&scene.world);
    let _server = scene.connect(120).await;
    assert_eq!(scene.lines(3).await, ["connected", "gap 30..120: 3", "onUserCreate b (backfill)"]);
    let both = ["onUserConversation b 2 (backfill)"; 2];
    assert_eq!(scene.lines(2).await, both, "in order, so neither was given before");
}

#[tokio::test(start_paused = true)]
async fn w19_a_stream_that_is_not_read_to_the_end_ends_after_ten_seconds() {
    let mut scene = Scene::new().await;
    let server = scene.connect(0).await;
    for number in 0..10 {
        server.created(&format!("u{number}"));
    }
    scene.lines(2).await;
    scene.events.shut_down();
    tokio::time::sleep(DRAIN).await;
    assert!(scene.events.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_a_socket_that_has_ended_says_so() {
    let mut scene = Scene::new().await;
    scene.socket.close();
    assert!(matches!(scene.next().await, SocketEvent::Ended(SocketEnd::Closed)));
    assert!(scene.events.next().await.is_none());
    let client = Client::over(Post(scene.world.clone()), "t");
    let Scene { socket, events, .. } = scene;
    assert!(matches!(client.events(&socket).open().await, Err(EventsError::AlreadyRead)));
    drop(events);
    let mut again = client.events(&socket).open().await.unwrap();
    assert!(matches!(again.next().await, Some(SocketEvent::Ended(SocketEnd::Closed))));
    assert!(again.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn w01_a_socket_that_has_ended_waits_for_no_backfill_that_fails() {
    let store = MemoryCursor::default();
    let mut scene = Scene::with(World::default(), store.clone()).await;
    let server = scene.connect(0).await;
    server.beat(30);
    assert_eq!(scene.line().await, "connected");
    server.user("onUserEnable", "a");
    scene.line().await;
    scene.lose(server).await;
    scene.world.with(|account| account.failures = 10);
    let server = scene.connect(60).await;
    server.user("onUserDisable", "b");
    assert_eq!(scene.line().await, "connected");
    assert!(matches!(scene.next().await, SocketEvent::BackfillFailed { .. }));

    let now = tokio::time::Instant::now();
    server.0.send(r#"{"cmd":"connect","ok":0,"error":"reset","errorCode":1001}"#);
    assert_eq!(scene.line().await, "onUserDisable b");
    assert!(matches!(scene.next().await, SocketEvent::Ended(SocketEnd::Refused(_))));
    assert!(scene.events.next().await.is_none());
    assert_eq!(now.elapsed(), Duration::ZERO);
    let saved = store.load().await.unwrap().unwrap();
    assert_eq!(saved.position, time(30), "the next start asks for the gap");
}

#[tokio::test(start_paused = true)]
async fn w06_a_taken_place_ends_the_stream() {
    let mut scene = Scene::new().await;
    let server = scene.connect(0).await;
    scene.line().await;
    server.0.send(r#"{"ok":0,"error":"reused","errorCode":1018}"#);
    drop(server);
    assert!(matches!(scene.next().await, SocketEvent::Disconnected(_)));
    assert!(matches!(scene.next().await, SocketEvent::Ended(SocketEnd::TakenOver)));
    assert!(scene.events.next().await.is_none());
}
