//! Whatever happens in whatever order.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{BEAT, CONNECTED, EVENT, REUSED, seconds};
use crate::session::*;

/// Something that may happen to a session.
#[derive(Debug, Clone)]
enum Happening {
    Submit {
        named: bool,
        time: u16,
    },
    Cancel(usize),
    Opened,
    NotOpened(u16),
    Connected,
    /// The server's answer to the command that it received last on this connection, perhaps again.
    Reply {
        named: bool,
        refuses: bool,
    },
    /// An answer to a command that nobody sent.
    Stray(bool),
    Text(&'static str),
    Event,
    Alive,
    Lost(u8),
    Stall(bool),
    Pass(u32),
}

fn happening() -> impl Strategy<Value = Happening> {
    use Happening::*;
    let text = prop_oneof![
        Just(BEAT),
        Just(REUSED),
        Just(r#"{"ok":0,"cmd":"heartbeat"}"#),
        Just(r#"{"ok":0,"errorCode":1019}"#),
        Just(r#"{"ok":0,"errorCode":2004}"#),
        Just("garbage"),
    ];
    prop_oneof![
        4 => (any::<bool>(), 1..60_u16).prop_map(|(named, time)| Submit { named, time }),
        1 => (0..4_usize).prop_map(Cancel),
        3 => Just(Opened),
        1 => prop_oneof![Just(0), Just(503)].prop_map(NotOpened),
        3 => Just(Connected),
        6 => (any::<bool>(), any::<bool>()).prop_map(|(named, refuses)| Reply { named, refuses }),
        1 => any::<bool>().prop_map(Stray),
        2 => text.prop_map(Text),
        3 => Just(Event),
        1 => Just(Alive),
        1 => (0..3_u8).prop_map(Lost),
        1 => any::<bool>().prop_map(Stall),
        4 => (0..40_000_u32).prop_map(Pass),
    ]
}

/// What the server knows of one connection, and the promises that hold whatever happens.
#[derive(Default)]
struct World {
    submitted: BTreeMap<u64, &'static str>,
    answered: BTreeMap<u64, bool>,
    cancelled: Vec<u64>,
    /// What came over this connection.
    received: Vec<String>,
    /// The command that was sent last and has no answer.
    in_flight: Option<u64>,
    connection: bool,
    opening: bool,
    events: usize,
    pushed: usize,
}

impl World {
    fn act(&mut self, session: &mut Session) {
        while let Some(action) = session.next_action() {
            match action {
                Action::Open => {
                    assert!(!self.connection && !self.opening, "two connections");
                    self.opening = true;
                }
                Action::Drop => {
                    (self.connection, self.in_flight) = (false, None);
                    self.received.clear();
                }
                Action::Send(text) => {
                    assert!(self.connection, "sent without a connection");
                    let text = String::from_utf8(text.to_vec()).unwrap();
                    if self.received.is_empty() {
                        assert_eq!(text, "CONNECT");
                    }
                    if let Some((_, id)) = text.split_once(' ') {
                        assert_eq!(self.in_flight, None, "two commands in flight");
                        let id = id.parse().unwrap();
                        assert!(!self.answered.contains_key(&id), "sent behind its answer");
                        self.in_flight = Some(id);
                    }
                    self.received.push(text);
                }
                Action::Answer(id, answer) => self.answer(id, answer),
                Action::Push(_) => self.pushed += 1,
                Action::Tell(_) | Action::ServerTime(_) | Action::Limit(_) | Action::Close => {}
            }
        }
    }

    fn answer(&mut self, id: u64, answer: Result<Bytes, Failure>) {
        assert!(self.answered.insert(id, answer.is_ok()).is_none(), "answered twice");
        let sent = self.in_flight == Some(id);
        if sent {
            self.in_flight = None;
        }
        match answer {
            Ok(text) => {
                assert!(sent, "an answer without a question");
                let text = String::from_utf8(text.to_vec()).unwrap();
                let foreign = text.contains("GetOpenConversations");
                assert!(foreign || text.contains(&format!("<{id}>")), "{id} got {text}");
            }
            Err(Failure::NotSent | Failure::Ended(_)) => assert!(!sent, "it was sent"),
            Err(Failure::Late | Failure::Lost | Failure::Ambiguous) => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Whatever happens in whatever order: one connection and one command in flight, each command
    /// answered once and by its own answer, each event handed on.
    #[test]
    fn no_interleaving_breaks_a_promise(happenings in prop::collection::vec(happening(), 1..80)) {
        let mut session =
            Session::new("CONNECT".to_owned(), "BEAT".to_owned(), Settings::default());
        let mut world = World::default();
        let mut now = Instant::now();
        session.start();
        for happening in happenings {
            world.act(&mut session);
            play(happening, &mut session, &mut world, &mut now);
            world.act(&mut session);
            let end = now;
            while let Some(deadline) = session.deadline().filter(|deadline| *deadline <= end) {
                session.tick(end, 0.3);
                world.act(&mut session);
                prop_assert!(session.deadline() != Some(deadline), "it makes no progress");
            }
        }
        session.shut_down(now);
        world.act(&mut session);
        session.closed();
        world.act(&mut session);
        prop_assert_eq!(world.pushed, world.events);
        for id in world.submitted.keys() {
            prop_assert!(world.answered.contains_key(id) || world.cancelled.contains(id), "{} waits", id);
        }
    }
}

fn play(happening: Happening, session: &mut Session, world: &mut World, now: &mut Instant) {
    let live = |world: &World| world.received.iter().any(|text| text == "BEAT");
    let receive = |text: String, session: &mut Session| {
        session.received(Bytes::from(text), *now, 0.3);
    };
    match happening {
        Happening::Submit { named, time } => {
            let id = world.submitted.len() as u64;
            let name = if named { "GetUser" } else { "SendSMSMessage" };
            world.submitted.insert(id, name);
            let json = Bytes::from(format!("{name} {id}"));
            let deadline = *now + seconds(time.into());
            session.submit(Submission { id, name, json, deadline, max_reply: 1 });
        }
        Happening::Cancel(back) => {
            if let Some(id) = (world.submitted.len() as u64).checked_sub(1 + back as u64) {
                world.cancelled.push(id);
                session.cancel(id, *now, 0.3);
            }
        }
        Happening::Opened if world.opening => {
            (world.opening, world.connection) = (false, true);
            session.opened(*now);
        }
        Happening::NotOpened(status) if world.opening => {
            world.opening = false;
            let why = if status == 0 { OpenFailure::Other } else { OpenFailure::Status(status) };
            session.not_opened(why, *now, 0.3);
        }
        Happening::Connected if world.connection => receive(CONNECTED.to_owned(), session),
        Happening::Reply { named, refuses } if world.connection => {
            let Some(sent) = world.received.iter().rfind(|text| text.contains(' ')) else { return };
            let (name, id) = sent.split_once(' ').unwrap();
            // A second answer to a command that has one would be the server's lie; with a name that
            // no other command has it does no harm.
            if world.answered.contains_key(&id.parse().unwrap()) {
                return;
            }
            let cmd = if named { format!(r#""cmd":"{name}","#) } else { String::new() };
            let ok = u8::from(!refuses);
            receive(format!(r#"{{{cmd}"ok":{ok},"data":"<{id}>"}}"#), session);
        }
        Happening::Stray(refuses) if world.connection => {
            let ok = u8::from(!refuses);
            receive(format!(r#"{{"cmd":"GetOpenConversations","ok":{ok}}}"#), session);
        }
        Happening::Text(text) if live(world) => {
            // An unnamed refusal while a command is in flight is that command's, unless a heartbeat
            // waits as well: to this server it never is.
            let unnamed = text.contains("2004") || text == REUSED;
            if unnamed && world.in_flight.is_some() {
                return;
            }
            if text == "garbage" {
                world.events += 1;
            }
            receive(text.to_owned(), session);
        }
        Happening::Event if world.connection => {
            world.events += 1;
            receive(EVENT.to_owned(), session);
        }
        Happening::Alive if world.connection => session.alive(),
        Happening::Lost(why) if world.connection => {
            let whys = [Disconnect::Broken, Disconnect::Closed(None), Disconnect::TooLarge];
            session.lost(whys[usize::from(why)], *now, 0.3);
        }
        Happening::Stall(stalled) => session.stall(stalled, *now),
        Happening::Pass(time) => *now += Duration::from_millis(time.into()),
        _ => {}
    }
}
