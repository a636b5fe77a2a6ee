use std::panic::panic_any;

use http::HeaderName;
use tokio::{
    sync::Notify,
    time::{Instant, advance, sleep},
};

use self::desk::{Bomb, Desk, Never, SECRET, Step, all, post, request};
use super::*;

mod desk;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn e03_a_yes_comes_after_the_sinks_yes() {
    let go = Arc::new(Notify::new());
    let desk = Desk::planned([Step::Wait(go.clone())]);
    let receiver = desk.receiver();
    let answer = post(&receiver, "a");
    desk.called(1).await;
    assert!(!answer.is_finished());
    go.notify_one();
    assert_eq!(answer.await.unwrap(), Ok(Accepted::Stored));
    assert_eq!(desk.stored(), ["a"]);
    let again = receiver.respond(request("b".to_owned())).await;
    assert_eq!((again.status().as_u16(), again.body().as_str()), (200, r#"{"status":"ok"}"#));
}

#[tokio::test(start_paused = true)]
async fn e03_what_the_sink_does_not_store_is_a_503_or_a_500_and_a_dead_letter() {
    let failed = (Refusal::NotStored, "the sink returned an error");
    let late = (Refusal::NotStored, "the sink took too long");
    let panicked = (Refusal::Internal, "the sink panicked");
    for (step, (refusal, reason)) in [
        (Step::Fail, failed),
        (Step::Hang, late),
        (Step::PanicWhenDropped, late),
        (Step::Panic, panicked),
    ] {
        let desk = Desk::planned([step]);
        let receiver = desk.receiver();
        let start = Instant::now();
        assert_eq!(post(&receiver, "a whole body").await.unwrap(), Err(refusal));
        let waited = if reason == late.1 { 10 * SECOND } else { Duration::ZERO };
        assert!(start.elapsed() - waited < SECOND, "{reason}");
        assert_eq!(all(&desk.dead), [(Bytes::from("a whole body"), reason.to_owned())]);
        // Nothing is held against a repeat.
        assert_eq!(post(&receiver, "a whole body").await.unwrap(), Ok(Accepted::Stored));
    }
}

#[tokio::test]
async fn e03_what_panics_beside_the_sink_changes_no_answer() {
    let bombs = |_: String| async { Err(BoxError::from(Bomb)) };
    let decode = |_: &Bytes| Ok(Decoded { item: String::new(), identity: Identity::of("", "") });
    let receiver = Receiver::new(Access::allow_unauthenticated(), decode, bombs);
    for receiver in [receiver.clone(), receiver.on_failure(|_| panic!("hook"))] {
        assert_eq!(receiver.receive(request(String::new())).await, Err(Refusal::NotStored));
    }
    let desk = Desk::default();
    assert_eq!(post(&desk.receiver(), "broken").await.unwrap(), Err(Refusal::Internal));
}

#[tokio::test]
async fn e04_the_sink_goes_on_when_the_sender_hangs_up() {
    let go = Arc::new(Notify::new());
    let desk = Desk::planned([Step::Wait(go.clone())]);
    let receiver = desk.receiver();
    let answer = post(&receiver, "a");
    desk.called(1).await;
    answer.abort();
    assert!(answer.await.unwrap_err().is_cancelled());
    go.notify_one();
    receiver.idle().await;
    assert_eq!(desk.stored(), ["a"]);
    assert_eq!(post(&receiver, "a").await.unwrap(), Ok(Accepted::Repeated));
}

#[tokio::test(start_paused = true)]
async fn e05_a_repeat_within_a_day_does_not_reach_the_sink() {
    let desk = Desk::default();
    let receiver = desk.receiver();
    assert_eq!(post(&receiver, "a first").await.unwrap(), Ok(Accepted::Stored));
    advance(24 * 60 * 60 * SECOND - SECOND).await;
    assert_eq!(post(&receiver, "a second").await.unwrap(), Ok(Accepted::Repeated));
    assert_eq!(post(&receiver, "b").await.unwrap(), Ok(Accepted::Stored));
    advance(2 * SECOND).await;
    assert_eq!(post(&receiver, "a third").await.unwrap(), Ok(Accepted::Stored));
    assert_eq!(desk.stored(), ["a first", "b", "a third"]);
}

#[tokio::test]
async fn e05_the_second_of_two_in_flight_waits_for_the_first() {
    let go = Arc::new(Notify::new());
    let desk = Desk::planned([Step::Wait(go.clone())]);
    let receiver = desk.receiver();
    let first = post(&receiver, "a first");
    desk.called(1).await;
    let others: Vec<_> = (0..10).map(|_| post(&receiver, "a second")).collect();
    // Another identity is not held up.
    assert_eq!(post(&receiver, "b").await.unwrap(), Ok(Accepted::Stored));
    assert!(others.iter().all(|other| !other.is_finished()));
    go.notify_one();
    assert_eq!(first.await.unwrap(), Ok(Accepted::Stored));
    for other in others {
        assert_eq!(other.await.unwrap(), Ok(Accepted::Repeated));
    }
    assert_eq!(desk.stored(), ["b", "a first"]);
    assert_eq!(receiver.state.flights(), 0);
}

#[tokio::test(start_paused = true)]
async fn e05_after_a_first_that_failed_the_second_tries_itself() {
    for (step, refusal) in [
        (Step::Fail, Refusal::NotStored),
        (Step::Hang, Refusal::NotStored),
        (Step::Panic, Refusal::Internal),
    ] {
        let desk = Desk::planned([step]);
        let receiver = desk.receiver();
        let first = post(&receiver, "a first");
        desk.called(1).await;
        advance(SECOND).await;
        let second = post(&receiver, "a second");
        assert_eq!(first.await.unwrap(), Err(refusal));
        assert_eq!(second.await.unwrap(), Ok(Accepted::Stored));
        assert_eq!(desk.stored(), ["a second"]);
        assert_eq!(receiver.state.flights(), 0);
    }
}

#[tokio::test]
async fn e10_what_is_too_large_coded_or_of_another_kind_is_refused() {
    let desk = Desk::default();
    let limits = ReceiverLimits { body: 10, ..ReceiverLimits::default() };
    let receiver = desk.receiver().limits(limits);
    let with = |name: &str, value: &str| {
        let mut request = request("a".to_owned());
        let name: HeaderName = name.parse().unwrap();
        request.headers_mut().append(name, value.parse().unwrap());
        request
    };
    let mut get = request("a".to_owned());
    *get.method_mut() = Method::GET;
    for (request, refusal) in [
        (request("x".repeat(11)), Refusal::PayloadTooLarge),
        (with("content-encoding", "gzip"), Refusal::UnsupportedMediaType),
        (with("content-type", "text/plain"), Refusal::UnsupportedMediaType),
        (get, Refusal::MethodNotAllowed),
        (request("refused".to_owned()), Refusal::Unauthorized),
    ] {
        assert_eq!(receiver.receive(request).await, Err(refusal));
    }
    assert!(desk.calls().is_empty());
    for (name, value) in [
        ("content-type", "application/json; charset=utf-8"),
        ("content-encoding", "identity"),
        ("x-other", "1"),
    ] {
        assert!(receiver.receive(with(name, value)).await.is_ok(), "{name}");
    }
    assert_eq!(ReceiverLimits::default().body, 1024 * 1024);
}

#[tokio::test(start_paused = true)]
async fn e10_a_body_that_does_not_come_is_408_after_ten_seconds() {
    let receiver = Desk::default().receiver();
    let start = Instant::now();
    assert_eq!(receiver.receive(request(Never::default())).await, Err(Refusal::BodyTimeout));
    assert_eq!(start.elapsed().as_secs(), 10);
}

#[tokio::test]
async fn e01_without_a_secret_no_byte_of_the_body_is_read() {
    let receiver = Desk::default().receiver();
    let body = Never::default();
    let unknown = Request::post("/hook").body(body.clone()).unwrap();
    assert_eq!(receiver.receive(unknown).await, Err(Refusal::Unauthorized));
    assert_eq!(*body.0.lock().unwrap(), 0);
}

#[tokio::test]
async fn e12_a_replay_is_a_repeat_unless_a_check_refuses_it() {
    let desk = Desk::default();
    let receiver = desk.receiver();
    let no = |word: &'static str| {
        move |item: &String| if item == word { Err(Refusal::Unauthorized) } else { Ok(()) }
    };
    assert_eq!(post(&receiver, "a").await.unwrap(), Ok(Accepted::Stored));
    assert_eq!(post(&receiver, "a").await.unwrap(), Ok(Accepted::Repeated));
    let strict = receiver.verify(no("a")).verify(no("b"));
    for refused in ["a", "b"] {
        assert_eq!(post(&strict, refused).await.unwrap(), Err(Refusal::Unauthorized));
    }
    assert_eq!(post(&strict, "c").await.unwrap(), Ok(Accepted::Stored));
    assert_eq!(desk.stored(), ["a", "c"]);
    let panics = strict.verify(|_| panic_any(Bomb));
    assert_eq!(post(&panics, "d").await.unwrap(), Err(Refusal::Internal));
}

#[tokio::test(start_paused = true)]
async fn e11_beyond_the_places_a_request_waits_and_is_then_told_to_come_back() {
    let desk = Desk::planned([Step::Hang, Step::Hang]);
    let limits = ReceiverLimits { in_work: 2, sink_time: 60 * SECOND, ..ReceiverLimits::default() };
    let receiver = desk.receiver().limits(limits);
    let held = [post(&receiver, "a"), post(&receiver, "b")];
    desk.called(2).await;
    let start = Instant::now();
    let body = Never::default();
    assert_eq!(receiver.receive(request(body.clone())).await, Err(Refusal::Busy));
    assert_eq!((start.elapsed().as_secs(), receiver.shed()), (10, 1));
    assert_eq!(*body.0.lock().unwrap(), 0, "what waits holds no memory");
    // A place that becomes free in time goes to the one that waits.
    sleep(45 * SECOND).await;
    assert_eq!(post(&receiver, "c").await.unwrap(), Ok(Accepted::Stored));
    for held in held {
        assert_eq!(held.await.unwrap(), Err(Refusal::NotStored));
    }
    assert_eq!(receiver.clone().shed(), 1);
}

#[tokio::test(start_paused = true)]
async fn e11_a_repeat_does_not_wait_for_its_first_for_ever() {
    let desk = Desk::planned([Step::Hang]);
    let limits = ReceiverLimits { sink_time: 60 * SECOND, ..ReceiverLimits::default() };
    let receiver = desk.receiver().limits(limits);
    let first = post(&receiver, "a");
    desk.called(1).await;
    assert_eq!(post(&receiver, "a").await.unwrap(), Err(Refusal::Busy));
    assert_eq!((receiver.shed(), desk.calls().len()), (1, 1));
    assert_eq!(first.await.unwrap(), Err(Refusal::NotStored));
    assert_eq!(receiver.state.flights(), 0);
}

#[tokio::test]
async fn after_many_panics_everything_is_stored_as_before() {
    let desk = Desk::planned((0..20).map(|_| Step::Panic));
    let receiver = desk.receiver();
    for _ in 0..20 {
        assert_eq!(post(&receiver, "bad").await.unwrap(), Err(Refusal::Internal));
    }
    for number in 0..1000 {
        let answer = post(&receiver, &number.to_string()).await.unwrap();
        assert_eq!(answer, Ok(Accepted::Stored));
    }
}

#[test]
fn nothing_shown_holds_a_body_an_error_or_a_secret() {
    let letter = DeadLetter::new("canary", SinkFailure::Error("canary".into()));
    let identity = Identity::of("word", "canary");
    let shown =
        format!("{letter:?} {} {identity:?} {:?}", letter.reason, Desk::default().receiver());
    assert!(!shown.contains("canary") && !shown.contains(SECRET), "{shown}");
}
