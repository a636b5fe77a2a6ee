//! What is given, and to whom.

use super::*;

#[tokio::test(start_paused = true)]
async fn without_a_cursor_the_stream_begins_with_what_happens_now() {
    let mut scene = Scene::new().await;
    scene.world.user("old", -10);
    let server = scene.connect(0).await;
    server.created("new");
    server.user("onUserDisable", "new");
    assert_eq!(scene.lines(3).await, ["connected", "onUserCreate new", "onUserDisable new"]);
    assert_eq!(scene.world.with(|account| account.asked.clone()), ["GetOpenConversations"]);
}

#[tokio::test(start_paused = true)]
async fn w18_a_handler_that_panics_loses_its_own_event_to_the_dead_letters_and_no_other() {
    let mut scene = Scene::new().await;
    let server = scene.connect(0).await;
    for uid in ["a", "b", "c"] {
        server.created(uid);
    }
    server.beat(30);
    let socket = scene.socket.clone();
    let handled = Mutex::new(Vec::new());
    let mut dead = Vec::new();
    let handler = |event: Arc<SocketEvent>| {
        let line = line(&event);
        handled.lock().unwrap().push(line.clone());
        if line.ends_with('c') {
            socket.close();
        }
        async move { assert!(!line.ends_with('b'), "a bug") }
    };
    scene.events.for_each(handler, |event| dead.push(line(&event))).await;
    let handled = handled.into_inner().unwrap();
    assert_eq!(handled[..4], ["connected", "onUserCreate a", "onUserCreate b", "onUserCreate c"]);
    assert_eq!(dead, ["onUserCreate b"]);
}

#[tokio::test(start_paused = true)]
async fn what_the_server_pushes_twice_is_given_once() {
    let mut scene = Scene::new().await;
    let server = scene.connect(0).await;
    for _ in 0..2 {
        server.created("a");
        server.closed("one", "a");
        server.user("onUserDisable", "a");
    }
    server.closed("two", "a");
    assert_eq!(
        scene.lines(6).await,
        [
            "connected",
            "onUserCreate a",
            "onUserConversation a 2",
            "onUserDisable a",
            "onUserDisable a",
            "onUserConversation a 2"
        ],
        "an event without an id may well happen twice"
    );
}

#[tokio::test(start_paused = true)]
async fn a_user_created_anew_is_new_although_the_deletion_was_missed() {
    let mut scene = Scene::new().await;
    let server = scene.connect(0).await;
    let created = |seconds: i64| {
        let user = json!({"uid": "a", "created": time(seconds).to_string()});
        json!({"cmd": "onUserCreate", "ok": 1, "data": user}).to_string()
    };
    for seconds in [1, 1, 2] {
        server.0.send(created(seconds));
    }
    server.user("onUserEnable", "b");
    assert_eq!(
        scene.lines(4).await,
        ["connected", "onUserCreate a", "onUserCreate a", "onUserEnable b"]
    );
}

#[tokio::test(start_paused = true)]
async fn dropping_next_at_any_time_loses_nothing() {
    let mut scene = Scene::new().await;
    let mut server = scene.connect(0).await;
    let mut lines = Vec::new();
    let mut random = fastrand::Rng::with_seed(7);
    for round in 0..400 {
        let uid = format!("u{round}");
        scene.world.user(&uid, round);
        if random.u8(..4) > 0 {
            server.created(&uid);
        }
        if random.u8(..8) == 0 {
            server.beat(round);
        }
        if round == 399 || random.u8(..40) == 0 {
            drop(server);
            loop {
                tokio::select! {
                    biased;
                    reconnected = scene.mock.accept() => {
                        let mut reconnected = reconnected;
                        reconnected.received().await.unwrap();
                        reconnected.send(r#"{"cmd":"connected","ok":1}"#);
                        reconnected.received().await.unwrap();
                        server = Server(reconnected);
                        server.beat(round);
                        break;
                    }
                    event = scene.events.next() => lines.push(line(&event.unwrap())),
                }
            }
        }
        // Polled so many times, and dropped.
        for _ in 0..random.u8(..4) {
            tokio::select! {
                event = scene.events.next() => lines.push(line(&event.unwrap())),
                () = async { for _ in 0..random.u8(..6) { tokio::task::yield_now().await } } => {}
            }
        }
    }
    server.user("onUserDelete", "end");
    while lines.last().is_none_or(|last| last != "onUserDelete end") {
        lines.push(scene.line().await);
    }
    let created = |line: &&String| line.starts_with("onUserCreate");
    let mut uids: Vec<&str> =
        lines.iter().filter(created).map(|line| line.split(' ').nth(1).unwrap()).collect();
    let count = uids.len();
    uids.sort_unstable();
    uids.dedup();
    assert_eq!((count, uids.len()), (400, 400));
}
