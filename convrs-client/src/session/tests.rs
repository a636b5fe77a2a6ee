mod interleavings;

use super::*;
use crate::ErrorCode;

const CONNECTED: &str = r#"{"cmd":"connected","ok":1}"#;
const BEAT: &str = r#"{"ok":1,"cmd":"heartbeat","data":{"datetime":"2026-02-28T14:30:00.000Z"}}"#;
const EVENT: &str = r#"{"cmd":"onUserDelete","ok":1,"uid":"73-tel-1"}"#;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A session with a clock of its own, and what it asked for.
struct Scene {
    session: Session,
    now: Instant,
    sent: Vec<String>,
    told: Vec<Notice>,
    answers: Vec<(u64, Result<Bytes, Failure>)>,
    pushed: usize,
    opens: usize,
    open: bool,
}

impl Scene {
    fn new(settings: Settings) -> Self {
        let session = Session::new("CONNECT".to_owned(), "BEAT".to_owned(), settings);
        let (sent, told, answers) = (Vec::new(), Vec::new(), Vec::new());
        let now = Instant::now();
        Self { session, now, sent, told, answers, pushed: 0, opens: 0, open: false }
    }

    fn live() -> Self {
        let mut scene = Self::new(Settings::default());
        scene.session.start();
        scene.come_live();
        scene
    }

    fn come_live(&mut self) {
        self.act();
        self.session.opened(self.now);
        self.receive(CONNECTED);
        self.receive(BEAT);
    }

    fn act(&mut self) {
        while let Some(action) = self.session.next_action() {
            match action {
                Action::Open => self.opens += 1,
                Action::Send(text) => self.sent.push(String::from_utf8(text.to_vec()).unwrap()),
                Action::Answer(id, answer) => self.answers.push((id, answer)),
                Action::Push(_) => self.pushed += 1,
                Action::Tell(notice) => self.told.push(notice),
                Action::Drop => self.open = false,
                Action::Limit(_) | Action::ServerTime(_) | Action::Close => {}
            }
        }
    }

    fn receive(&mut self, text: &str) {
        self.session.received(Bytes::copy_from_slice(text.as_bytes()), self.now, 0.5);
        self.act();
    }

    fn lose(&mut self, why: Disconnect) {
        self.session.lost(why, self.now, 0.5);
        self.act();
    }

    fn submit(&mut self, id: u64, name: &'static str, time: Duration) {
        let json = Bytes::from(format!("{name} {id}"));
        let deadline = self.now + time;
        self.session.submit(Submission { id, name, json, deadline, max_reply: 1 });
        self.act();
    }

    /// Lets time pass, from one deadline of the session to the next.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(deadline) = self.session.deadline().filter(|deadline| *deadline <= end) {
            self.now = self.now.max(deadline);
            self.session.tick(self.now, 0.5);
            self.act();
        }
        self.now = end;
    }

    fn fail_to_open(&mut self, why: OpenFailure) {
        self.act();
        self.session.not_opened(why, self.now, 0.5);
        self.act();
    }

    fn told(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.told)
    }
}

fn waits(notices: &[Notice]) -> Vec<Duration> {
    notices
        .iter()
        .filter_map(|notice| match notice {
            Notice::Reconnecting(_, wait) => Some(*wait),
            _ => None,
        })
        .collect()
}

#[test]
fn connect_goes_first_and_a_command_behind_connected() {
    let mut scene = Scene::new(Settings::default());
    scene.submit(1, "GetUser", seconds(15));
    scene.session.opened(scene.now);
    scene.act();
    assert_eq!(scene.sent, ["CONNECT"]);
    scene.receive(CONNECTED);
    assert_eq!(scene.sent, ["CONNECT", "BEAT"], "a heartbeat at once, for the server's time");
    scene.receive(BEAT);
    assert_eq!(scene.sent.last().unwrap(), "GetUser 1");
    scene.receive(r#"{"cmd":"GetUser","ok":1,"data":{}}"#);
    assert!(matches!(scene.answers.as_slice(), [(1, Ok(_))]));
}

#[test]
fn w01_a_refused_token_or_upgrade_ends_the_session() {
    for refusal in [
        r#"{"cmd":"connect","ok":0,"errorCode":1001}"#,
        r#"{"ok":0,"errorCode":"1000"}"#,
        r#"{"cmd":"connected","ok":0,"errorCode":1001}"#,
    ] {
        let mut scene = Scene::new(Settings::default());
        scene.session.start();
        scene.session.opened(scene.now);
        scene.receive(refusal);
        assert!(
            matches!(scene.told(), told if matches!(told[..], [Notice::Ended(SocketEnd::Refused(_))]))
        );
        scene.pass(seconds(3600));
        assert_eq!(scene.opens, 1);
        scene.submit(1, "GetUser", seconds(15));
        assert!(matches!(scene.answers[..], [(1, Err(Failure::Ended(_)))]));
    }
    for status in [401, 403, 404] {
        let mut scene = Scene::new(Settings::default());
        scene.submit(1, "GetUser", seconds(15));
        scene.fail_to_open(OpenFailure::Status(status));
        assert_eq!(scene.told(), [Notice::Ended(SocketEnd::Status(status))]);
        assert!(matches!(scene.answers[..], [(1, Err(Failure::Ended(_)))]));
    }
    // While connected.
    let mut scene = Scene::live();
    scene.told();
    scene.receive(r#"{"cmd":"connect","ok":0,"errorCode":1001}"#);
    assert_eq!(scene.told(), [Notice::Ended(SocketEnd::Refused(ErrorCode::InvalidToken))]);
}

#[test]
fn w02_failures_to_connect_wait_longer_each_time_and_health_forgives_them() {
    let mut scene = Scene::new(Settings::default());
    scene.session.start();
    for _ in 0..8 {
        scene.fail_to_open(OpenFailure::Status(503));
        scene.pass(seconds(61));
    }
    let half = |told: &[Notice]| {
        waits(told).iter().map(|wait| wait.as_secs_f64() * 2.0).collect::<Vec<_>>()
    };
    assert_eq!(half(&scene.told()), [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]);
    // Nothing but silence behind the upgrade.
    scene.session.opened(scene.now);
    scene.act();
    scene.pass(seconds(9));
    assert_eq!(scene.told(), []);
    scene.pass(seconds(1));
    assert_eq!(half(&scene.told()), [60.0]);
    // A connection that does not last changes nothing; one that does begins anew.
    scene.pass(seconds(61));
    scene.come_live();
    scene.pass(seconds(20));
    scene.lose(Disconnect::Broken);
    assert_eq!(half(&scene.told()), [60.0]);
    scene.pass(seconds(61));
    scene.come_live();
    for _ in 0..3 {
        scene.pass(seconds(30));
        scene.receive(BEAT);
    }
    scene.lose(Disconnect::Broken);
    assert_eq!(half(&scene.told()), [5.0]);
}

#[test]
fn w03_connect_expected_is_fatal_the_third_time_and_early_events_are_kept() {
    let mut scene = Scene::new(Settings::default());
    scene.session.start();
    for _ in 0..2 {
        scene.act();
        scene.session.opened(scene.now);
        scene.receive(r#"{"ok":0,"errorCode":1019}"#);
        scene.pass(seconds(60));
    }
    assert_eq!(scene.opens, 3);
    scene.session.opened(scene.now);
    scene.receive(r#"{"ok":0,"errorCode":1019}"#);
    assert_eq!(scene.told().last(), Some(&Notice::Ended(SocketEnd::OutOfOrder)));

    let mut scene = Scene::new(Settings::default());
    scene.session.start();
    scene.session.opened(scene.now);
    scene.receive(EVENT);
    assert_eq!(scene.pushed, 1);
}

#[test]
fn w04_half_open_is_found_by_two_heartbeats_and_any_frame_is_a_sign_of_life() {
    let mut scene = Scene::live();
    scene.told();
    scene.pass(Duration::from_millis(74_999));
    assert_eq!(scene.told(), []);
    assert_eq!(scene.sent, ["CONNECT", "BEAT", "BEAT", "BEAT"]);
    scene.pass(Duration::from_millis(1));
    assert!(matches!(scene.told()[..], [Notice::Disconnected(Disconnect::Silent), _]));

    for sign in [EVENT, BEAT, "no JSON", r#"{"cmd":"GetUser","ok":1}"#] {
        let mut scene = Scene::live();
        for _ in 0..10 {
            scene.pass(seconds(60));
            scene.receive(sign);
        }
        scene.pass(seconds(60));
        assert!(!scene.told().contains(&Notice::Disconnected(Disconnect::Silent)), "{sign}");
    }
    let mut scene = Scene::live();
    for _ in 0..10 {
        scene.pass(seconds(60));
        scene.session.alive();
    }
    assert_eq!(scene.told().len(), 2, "connected, and the first mark");
}

#[test]
fn w05_the_first_wait_after_a_loss_is_random() {
    for random in [0.0, 0.25, 1.0] {
        let mut scene = Scene::live();
        scene.told();
        scene.pass(seconds(20));
        scene.session.lost(Disconnect::Closed(Some(1012)), scene.now, random);
        scene.act();
        assert_eq!(waits(&scene.told()), [seconds(5).mul_f64(random)]);
    }
}

const REUSED: &str = r#"{"ok":0,"error":"reused","errorCode":1018}"#;

#[test]
fn w06_a_taken_place_is_left_to_the_other() {
    let mut scene = Scene::live();
    scene.told();
    scene.submit(1, "SendSMSMessage", seconds(30));
    scene.receive(r#"{"cmd":"connect","ok":0,"errorCode":1018}"#);
    scene.lose(Disconnect::Closed(None));
    assert_eq!(
        scene.told(),
        [Notice::Disconnected(Disconnect::Closed(None)), Notice::Ended(SocketEnd::TakenOver)]
    );
    assert!(matches!(scene.answers[..], [(1, Err(Failure::Lost))]), "unknown");
    scene.pass(seconds(3600));
    assert_eq!(scene.opens, 1);
}

#[test]
fn w06_a_contender_comes_back_five_times_an_hour_at_most() {
    let mut scene = Scene::new(Settings { takeover: Takeover::Contend, ..Settings::default() });
    scene.session.start();
    let mut all = Vec::new();
    for _ in 0..6 {
        scene.come_live();
        scene.receive(REUSED);
        scene.lose(Disconnect::Closed(None));
        let told = scene.told();
        all.extend(waits(&told));
        if told.contains(&Notice::Ended(SocketEnd::Contended)) {
            break;
        }
        scene.pass(*all.last().unwrap());
    }
    assert_eq!(all, [30, 60, 120, 240, 480].map(seconds));
    assert_eq!(scene.opens, 6);
}

#[test]
fn w07_a_notice_on_a_connection_that_stays_open_is_about_another() {
    let mut scene = Scene::live();
    scene.told();
    scene.receive(REUSED);
    scene.pass(seconds(5));
    assert_eq!(scene.told(), [Notice::TookOver]);
    scene.pass(seconds(1));
    scene.receive(BEAT);
    scene.lose(Disconnect::Broken);
    assert!(!scene.told().contains(&Notice::Ended(SocketEnd::TakenOver)));
    // Told before connected, it can only be about the connection before.
    scene.pass(seconds(60));
    scene.session.opened(scene.now);
    scene.receive(REUSED);
    scene.receive(CONNECTED);
    scene.told();
    scene.lose(Disconnect::Broken);
    assert!(!scene.told().contains(&Notice::Ended(SocketEnd::TakenOver)));
}

#[test]
fn w09_a_full_queue_suspends_liveness_and_ends_the_connection_after_a_minute() {
    let mut scene = Scene::live();
    scene.told();
    scene.session.stall(true, scene.now);
    scene.submit(1, "GetUser", seconds(15));
    scene.pass(Duration::from_millis(59_999));
    assert_eq!(scene.told(), [], "the answers to heartbeats are behind the unread frames");
    assert_eq!(scene.sent.iter().filter(|sent| *sent == "BEAT").count(), 2);
    assert!(matches!(scene.answers[..], [(1, Err(Failure::NotSent))]), "never sent into it");
    scene.pass(Duration::from_millis(1));
    assert!(matches!(scene.told()[..], [Notice::Disconnected(Disconnect::Stalled), _]));
    scene.pass(seconds(600));
    assert_eq!(scene.opens, 1, "no connection that nobody would read");
    scene.session.stall(false, scene.now);
    scene.pass(seconds(1));
    assert_eq!(scene.opens, 2);
}

#[test]
fn w10_messages_too_large_three_times_in_a_row_make_a_long_pause() {
    let mut scene = Scene::live();
    scene.told();
    for _ in 0..3 {
        scene.lose(Disconnect::TooLarge);
        scene.pass(seconds(60));
        scene.come_live();
    }
    let waits = waits(&scene.told());
    assert!(waits[..2].iter().all(|wait| *wait < seconds(60)), "{waits:?}");
    assert_eq!(waits[2], seconds(15 * 60));
}

#[test]
fn w13_what_is_not_known_is_an_event() {
    let mut scene = Scene::live();
    scene.submit(1, "GetUser", seconds(15));
    for text in [r#"{"cmd":"userTypes","ok":1}"#, "[]", "garbage", r#"{"ok":1,"cmd":"onNew"}"#] {
        scene.receive(text);
    }
    assert_eq!(scene.pushed, 4);
    assert!(scene.answers.is_empty());
}

#[test]
fn w14_a_command_out_of_time_closes_the_connection_so_that_its_answer_meets_nobody() {
    let mut scene = Scene::live();
    scene.told();
    scene.submit(1, "GetUser", seconds(15));
    scene.submit(2, "GetUser", seconds(60));
    scene.pass(seconds(15));
    assert!(matches!(scene.answers[..], [(1, Err(Failure::Late))]));
    assert!(matches!(scene.told()[..], [Notice::Disconnected(Disconnect::Poisoned), _]));
    scene.receive(r#"{"cmd":"GetUser","ok":1,"data":"late"}"#);
    assert_eq!(scene.answers.len(), 1);
    // The other is sent on the next connection.
    scene.pass(seconds(5));
    scene.come_live();
    assert_eq!(scene.sent.last().unwrap(), "GetUser 2");

    scene.session.cancel(2, scene.now, 0.5);
    scene.act();
    assert!(scene.told().contains(&Notice::Disconnected(Disconnect::Poisoned)), "given up");
}

#[test]
fn w14_a_command_given_up_before_it_was_sent_harms_nothing() {
    let mut scene = Scene::live();
    scene.submit(1, "GetUser", seconds(15));
    scene.submit(2, "GetUser", seconds(15));
    scene.session.cancel(2, scene.now, 0.5);
    scene.receive(r#"{"cmd":"GetUser","ok":1}"#);
    assert!(matches!(scene.answers[..], [(1, Ok(_))]));
    assert!(!scene.sent.contains(&"GetUser 2".to_owned()));
}

#[test]
fn w15_an_answer_that_may_be_the_heartbeats_is_nobodys() {
    let mut scene = Scene::live();
    scene.submit(1, "GetUser", seconds(60));
    scene.pass(seconds(30));
    scene.receive(r#"{"ok":0,"error":"no","errorCode":2004}"#);
    assert!(matches!(scene.answers[..], [(1, Err(Failure::Ambiguous))]));
    assert!(scene.told().contains(&Notice::Disconnected(Disconnect::Poisoned)));
}

#[test]
fn h22_an_answer_to_another_command_reaches_the_caller_as_such_and_ends_the_connection() {
    let mut scene = Scene::live();
    scene.submit(1, "GetUser", seconds(60));
    scene.receive(r#"{"cmd":"GetUserTags","ok":1,"data":[]}"#);
    let (1, Ok(text)) = &scene.answers[0] else { panic!() };
    assert!(text.starts_with(br#"{"cmd":"GetUserTags""#));
    assert!(scene.told().contains(&Notice::Disconnected(Disconnect::Poisoned)));
}

#[test]
fn a_command_waits_while_a_connection_may_be_dead() {
    let mut scene = Scene::live();
    scene.pass(seconds(30));
    scene.submit(1, "SendSMSMessage", seconds(30));
    assert_eq!(scene.sent.last().unwrap(), "BEAT", "unanswered");
    scene.pass(seconds(30));
    assert!(matches!(scene.answers[..], [(1, Err(Failure::NotSent))]), "not unknown");
}

#[test]
fn w19_shutting_down_says_goodbye_and_fails_what_waits() {
    let mut scene = Scene::live();
    scene.told();
    scene.submit(1, "GetUser", seconds(60));
    scene.submit(2, "GetUser", seconds(60));
    scene.session.shut_down(scene.now);
    scene.act();
    assert!(matches!(
        scene.answers[..],
        [(1, Err(Failure::Lost)), (2, Err(Failure::Ended(SocketEnd::Closed)))]
    ));
    scene.session.closed();
    scene.act();
    assert_eq!(scene.told(), [Notice::Ended(SocketEnd::Closed)]);
    // A server that does not answer the goodbye is not waited for.
    let mut scene = Scene::live();
    scene.session.shut_down(scene.now);
    scene.pass(seconds(5));
    assert_eq!(scene.told().last(), Some(&Notice::Ended(SocketEnd::Closed)));
}
