//! W16, W17 and W18: what happened without a connection, and what a reader makes of it.

use std::sync::{Arc, Mutex};

use convrs_client::{ErrorCode, GetOpenConversations, User};
use replykit_sandbox::{ConvrsControl, Fault, SocketFault};

use super::*;

impl Scene {
    /// Ends the connection, and lets this happen before the next one.
    async fn miss(&mut self, happens: impl FnOnce(ConvrsControl<'_>)) {
        self.shut();
        self.sandbox.convrs().socket_fault(SocketFault::Drop);
        assert_eq!(self.line().await, "lost: Closed(None)");
        assert!(self.line().await.starts_with("attempt "));
        self.sandbox.advance(Duration::from_secs(30)).await;
        happens(self.sandbox.convrs());
        self.sandbox.advance(Duration::from_secs(30)).await;
    }
}

fn talk(convrs: ConvrsControl<'_>, uid: &str) {
    convrs.user_writes(uid, "Hello").unwrap();
    convrs.close_conversation(uid).unwrap();
}

#[tokio::test]
async fn w16_what_was_missed_comes_behind_the_gap_and_once() {
    let mut scene = Scene::live().await;
    let before = scene.sandbox.now();
    scene.sandbox.convrs().create_user(User::new("73-tel-1")).unwrap();
    scene.sandbox.advance(Duration::ZERO).await;
    assert_eq!(scene.line().await, "live onUserCreate");
    scene
        .miss(|convrs| {
            convrs.create_user(User::new("73-tel-2")).unwrap();
            convrs.disable_user("73-tel-2").unwrap();
            talk(convrs, BILLY);
        })
        .await;
    scene.open();
    assert_eq!(scene.line().await, "connected");
    let Some(SocketEvent::Gap(gap)) = scene.next().await else { panic!("no gap") };
    assert_eq!((gap.from, gap.to), (before, scene.sandbox.now()));
    assert_eq!((gap.recovered, gap.truncated.len()), (2, 0));
    assert!(gap.unrecoverable.contains(&"onUserDisable"));
    let lines = scene.lines(2).await;
    assert_eq!(lines, ["backfilled onUserCreate", "backfilled onUserConversation"]);
    scene.is_live().await;

    scene.miss(|_| ()).await;
    scene.open();
    assert_eq!(scene.lines(2).await, ["connected", "gap with 0, 0 cut"]);
    scene.is_live().await;
}

#[tokio::test]
async fn w16_what_is_pushed_twice_or_between_users_in_another_order_comes_once() {
    let mut scene = Scene::live().await;
    scene.sandbox.convrs().socket_fault(SocketFault::Duplicate);
    scene.sandbox.convrs().create_user(User::new("73-tel-2")).unwrap();
    scene.sandbox.advance(Duration::ZERO).await;
    assert_eq!(scene.line().await, "live onUserCreate");
    scene.is_live().await;
    scene.sandbox.convrs().socket_fault(SocketFault::Reorder);
    scene.sandbox.convrs().rename_user("73-tel-2", "Jane Doe").unwrap();
    scene.sandbox.convrs().disable_user(BILLY).unwrap();
    scene.sandbox.advance(Duration::ZERO).await;
    assert_eq!(scene.lines(2).await, ["live onUserDisable", "live onUserUpdate"]);
}

#[tokio::test]
async fn w16_half_an_event_is_no_event_and_is_recovered() {
    let mut scene = Scene::live().await;
    scene.sandbox.convrs().socket_fault(SocketFault::CutFrame);
    scene.sandbox.convrs().create_user(User::new("73-tel-2")).unwrap();
    scene.sandbox.advance(Duration::ZERO).await;
    scene.comes_back("Broken").await;
    assert_eq!(scene.lines(2).await, ["gap with 1, 0 cut", "backfilled onUserCreate"]);
}

#[tokio::test]
async fn w17_more_conversations_than_one_answer_holds_are_all_found() {
    let mut scene = Scene::live().await;
    scene.miss(|_| ()).await;
    for minute in 0..3 {
        for number in 0..500 {
            let uid = format!("73-tel-{}", 1000 * (minute + 1) + number);
            scene.sandbox.convrs().create_user(User::new(uid.as_str())).unwrap();
            talk(scene.sandbox.convrs(), &uid);
        }
        scene.sandbox.advance(Duration::from_secs(60)).await;
    }
    scene.open();
    assert_eq!(scene.lines(2).await, ["connected", "gap with 3000, 0 cut"]);
    for _ in 0..3000 {
        assert!(scene.line().await.starts_with("backfilled onUser"));
    }
    scene.is_live().await;
}

#[tokio::test]
async fn w17_what_one_second_holds_beyond_the_cap_is_told() {
    let mut scene = Scene::live().await;
    scene
        .miss(|convrs| {
            for number in 0..1001 {
                let uid = format!("73-tel-{}", 1000 + number);
                convrs.create_user(User::new(uid.as_str())).unwrap();
                talk(convrs, &uid);
            }
        })
        .await;
    scene.open();
    assert_eq!(scene.line().await, "connected");
    let Some(SocketEvent::Gap(gap)) = scene.next().await else { panic!("no gap") };
    assert_eq!(gap.recovered, 2001, "{gap}");
    assert!(!gap.truncated.is_empty());
}

#[tokio::test]
async fn w17_a_backfill_that_fails_is_repeated_and_what_is_live_waits_behind_it() {
    let mut scene = Scene::live().await;
    scene.miss(|convrs| convrs.create_user(User::new("73-tel-2")).unwrap()).await;
    for _ in 0..2 {
        let fault = Fault::new(ErrorCode::Internal).of::<GetOpenConversations>();
        scene.sandbox.convrs().fail_next(fault);
    }
    scene.open();
    assert_eq!(scene.line().await, "connected");
    assert_eq!(scene.line().await, "not filled: Some(Internal), 1s");
    scene.sandbox.convrs().disable_user(BILLY).unwrap();
    scene.sandbox.advance(Duration::ZERO).await;
    leap(Duration::from_secs(1)).await;
    assert_eq!(scene.line().await, "not filled: Some(Internal), 2s");
    leap(Duration::from_secs(2)).await;
    assert_eq!(scene.line().await, "gap with 1, 0 cut");
    assert_eq!(scene.lines(2).await, ["backfilled onUserCreate", "live onUserDisable"]);
}

#[tokio::test]
async fn w18_a_handler_that_panics_loses_its_own_event_to_the_dead_letters() {
    let mut scene = Scene::live().await;
    let convrs = scene.sandbox.convrs();
    convrs.disable_user(BILLY).unwrap();
    convrs.rename_user(BILLY, "Jane Doe").unwrap();
    convrs.enable_user(BILLY).unwrap();
    scene.sandbox.advance(Duration::ZERO).await;
    scene.client().execute(convrs_client::GetUser::new(BILLY)).await.unwrap();
    scene.events.shut_down();

    let (seen, dead) = (Arc::new(Mutex::new(Vec::new())), Mutex::new(Vec::new()));
    let handler = |event: Arc<SocketEvent>| {
        let seen = seen.clone();
        async move {
            let line = line(&event);
            assert_ne!(line, "live onUserUpdate", "what the handler does not know");
            seen.lock().unwrap().push(line);
        }
    };
    scene.events.for_each(handler, |event| dead.lock().unwrap().push(line(&event))).await;
    let lines = ["live onUserDisable", "live onUserEnable", "ended: Closed"];
    assert_eq!(*seen.lock().unwrap(), lines);
    assert_eq!(*dead.lock().unwrap(), ["live onUserUpdate"]);
}
