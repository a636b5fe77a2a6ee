//! Requests, controls and steps at random, and the process killed between them.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use http::{HeaderMap, Method};
use proptest::{prelude::*, sample::select};

use super::{Change, Stored};
use crate::{
    Provider, Sandbox,
    rest::{Answer, Request},
};

/// A folder of its own for one file, which is gone with it.
pub(super) struct Place(PathBuf);

impl Place {
    pub(super) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir();
        let folder = folder.join(format!("replykit-data-{}-{next}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    pub(super) fn file(&self) -> PathBuf {
        self.0.join("sandbox.db")
    }

    /// What would be there if the process were killed now.
    fn killed(&self) -> Self {
        let place = Self::new();
        for file in fs::read_dir(&self.0).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), place.0.join(file.file_name())).unwrap();
        }
        place
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(super) async fn start(file: &Path) -> Sandbox {
    Sandbox::builder().data(file).start().await.unwrap()
}

/// All that is kept of a state, in lines.
pub(super) fn dump(state: &mut dyn Stored) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, table) in state.tables() {
        table.begin();
        for change in table.changes().unwrap() {
            let Change::Put(row) = change else { panic!("everything is new") };
            lines.push(format!("{name} {} {} {:?}", row.id, row.json, row.content));
        }
    }
    lines
}

fn dump_all(sandbox: &Sandbox) -> Vec<String> {
    let mut lines = dump(&mut *sandbox.shared.crm());
    lines.extend(dump(&mut *sandbox.shared.session()));
    lines.push(sandbox.now().to_string());
    lines
}

/// Requests to both servers, without a network in between.
struct World {
    sandbox: Sandbox,
    place: Place,
    cookies: Vec<String>,
    texts: u32,
}

/// Lets the other tasks do a part of their work.
async fn rounds(count: u8) {
    for _ in 0..count {
        tokio::task::yield_now().await;
    }
}

/// The actions, those that matter most several times.
const KINDS: [u8; 28] = [
    0, 1, 2, 2, 2, 3, 3, 4, 5, 6, 7, 7, 8, 9, 10, 11, 12, 12, 12, 13, 14, 14, 14, 14, 15, 15, 15,
    15,
];

/// A few minutes before the start to a few after it, in JSON.
fn time(minutes: u8) -> String {
    format!("\"2026-02-28T14:{:02}:00Z\"", 25 + minutes % 10)
}

const JSON: &str = "application/json";
const FORM: &str = "multipart/form-data; boundary=x";

impl World {
    async fn request(&self, method: Method, path: &str, kind: &str, body: String) -> Request {
        let mut headers = HeaderMap::new();
        headers.insert("Content-Type", kind.parse().unwrap());
        if let Some(cookie) = self.cookies.last() {
            headers.insert("Cookie", cookie.parse().unwrap());
        }
        Request::new(method, path.to_owned(), String::new(), headers, body.into()).await
    }

    async fn crm(&self, method: Method, path: &str, kind: &str, body: String) -> Answer {
        let request = self.request(method, path, kind, body).await;
        self.sandbox.shared.crm().answer(&request, self.sandbox.now())
    }

    async fn session(&mut self, method: Method, path: &str, kind: &str, body: String) -> Answer {
        let request = self.request(method, path, kind, body).await;
        let answer = self.sandbox.shared.session().answer(&request, self.sandbox.now());
        let set = answer.headers.iter().find(|(name, _)| name == "set-cookie");
        if let Some((_, cookie)) = set.filter(|_| !path.ends_with("logout")) {
            self.cookies.push(cookie.to_str().unwrap().split(';').next().unwrap().to_owned());
        }
        answer
    }

    fn text(&mut self) -> String {
        self.texts += 1;
        format!("text {}", self.texts)
    }

    async fn act(&mut self, kind: u8, a: u8, b: u8) {
        match kind {
            0..=6 => self.use_crm(kind, a, b).await,
            7..=9 => self.control(kind, a, b),
            10..=13 => self.use_session(kind, a, b).await,
            14 => self.sandbox.advance(Duration::from_secs(u64::from(a))).await,
            _ => {
                // The process ends in the middle of what is under way: sooner or later.
                tokio::select! {
                    biased;
                    () = self.sandbox.advance(Duration::ZERO) => {}
                    () = rounds(a % 24) => {}
                }
                self.restart().await;
            }
        }
    }

    async fn use_crm(&mut self, kind: u8, a: u8, b: u8) {
        let (id, time) = (a % 4 + 1, time(b));
        let table = ["contacts", "groups", "whatsapp", "status"][usize::from(b % 4)];
        let one = format!("{table}/{id}/");
        let (method, path, kind, body) = match kind {
            0 => {
                let body = format!(r#"{{"name":"N{a}","phone_number":"+{a}","landing_page":"P"}}"#);
                (Method::POST, "contacts/", JSON, body)
            }
            1 => {
                let body = format!(r#"{{"name":"G{a}","max_capacity":{b}}}"#);
                (Method::POST, "groups/", JSON, body)
            }
            2 | 3 => {
                let (text, time) = (self.text(), if kind == 2 { "null" } else { &time });
                let body =
                    format!(r#"{{"phone_number":"+1","message":{text:?},"scheduled_at":{time}}}"#);
                (Method::POST, "whatsapp/", JSON, body)
            }
            4 => {
                let text = self.text();
                let body = format!(
                    "--x\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\n{text}\r\n\
                     --x\r\nContent-Disposition: form-data; name=\"media\"; filename=\"{id}.png\"\
                     \r\nContent-Type: image/png\r\n\r\n{a}{b}\r\n--x--\r\n"
                );
                (Method::POST, "status/", FORM, body)
            }
            5 => (Method::DELETE, &*one, JSON, String::new()),
            _ => {
                let body =
                    format!(r#"{{"name":"M{a}","phone_number":"+{a}","scheduled_at":{time}}}"#);
                (Method::PATCH, &*one, JSON, body)
            }
        };
        self.crm(method, path, kind, body).await;
    }

    fn control(&self, kind: u8, a: u8, b: u8) {
        let (crm, session) = (self.sandbox.crm(), self.sandbox.session());
        match kind {
            7 => crm.add_wordpress_row(&format!("W{a}"), &format!("+{b}"), "Q"),
            8 => crm.set_provider(match a % 8 {
                0 => Provider::Unreachable,
                1 => Provider::AnswerLost,
                2 => Provider::Refuses("no".to_owned()),
                _ => Provider::Accepts,
            }),
            _ => {
                crm.add_reply_rule(&format!("w{a}"), "reply");
                crm.set_running_backend(b % 2 == 1);
                crm.set_wordpress(None, Duration::from_secs(u64::from(b) + 1)).unwrap();
                session.set_unreachable(&format!("+123456{a:03}"), b % 2 == 1);
                session.set_session_lifetime(Duration::from_secs(u64::from(a) * 60));
            }
        }
    }

    async fn use_session(&mut self, kind: u8, a: u8, b: u8) {
        let (method, path, body) = match kind {
            10 => {
                let body = format!(
                    r#"{{"name":"A","phone":"+1","email":"a@b","username":"u{}","password":"p"}}"#,
                    a % 3
                );
                (Method::POST, ["api/auth/register", "api/auth/login"][usize::from(b % 2)], body)
            }
            11 => (Method::GET, "api/whatsapp/createqr", String::new()),
            12 => {
                let (text, time) = (self.text(), time(b));
                let body = format!(
                    r#"{{"phoneId":"+123456{a:03}","message":{text:?},"scheduledTime":{time}}}"#
                );
                (Method::POST, "api/messages/schedule", body)
            }
            _ => (Method::POST, "api/auth/logout", String::new()),
        };
        self.session(method, path, JSON, body).await;
        let session = self.sandbox.session();
        match kind {
            11 => ["u0", "u1", "u2"].into_iter().for_each(|user| {
                let _ = session.confirm_pairing(user, "+1", "phone");
            }),
            13 if a < 32 => session.expire_sessions(),
            _ => {}
        }
    }

    /// Kills the process and starts the next one.
    async fn restart(&mut self) {
        let place = self.place.killed();
        let before = dump_all(&self.sandbox);
        self.sandbox = start(&place.file()).await;
        self.place = place;
        assert_eq!(dump_all(&self.sandbox), before);
    }

    /// What every cookie ever given shows.
    async fn seen(&mut self) -> Vec<Answer> {
        let mut seen = Vec::new();
        for cookie in self.cookies.clone() {
            self.cookies.push(cookie);
            for path in ["api/users/me", "api/whatsapp/status", "api/messages/queue"] {
                seen.push(self.session(Method::GET, path, FORM, String::new()).await);
            }
            self.cookies.pop();
        }
        for path in ["contacts/", "groups/", "whatsapp/", "status/", "wordpress"] {
            let mut answer = self.crm(Method::GET, path, FORM, String::new()).await;
            let text = String::from_utf8(answer.body.to_vec()).unwrap();
            answer.body = text.replace(&self.sandbox.address().to_string(), "HOST").into();
            seen.push(answer);
        }
        seen
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_happened_is_there_after_a_kill_and_nothing_goes_out_twice(
        actions in prop::collection::vec((select(&KINDS), any::<u8>(), any::<u8>()), 1..60),
        always_accepts: bool,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let place = Place::new();
            let sandbox = start(&place.file()).await;
            let mut world = World { sandbox, place, cookies: Vec::new(), texts: 0 };
            for kind in [10, 11] {
                world.act(kind, 0, 0).await;
            }
            for (kind, a, b) in actions {
                if kind != 8 || !always_accepts {
                    world.act(kind, a, b).await;
                }
            }
            let before = world.seen().await;
            world.restart().await;
            let after = world.seen().await;
            let shown = |answers: Vec<Answer>| -> Vec<_> {
                answers.into_iter().map(|answer| (answer.status, answer.body)).collect()
            };
            assert_eq!(shown(before), shown(after));

            world.sandbox.advance(Duration::from_secs(60 * 60)).await;
            let mut sent = BTreeMap::<_, u32>::new();
            for text in world.sandbox.crm().sent().into_iter().map(|sent| sent.text) {
                *sent.entry(text).or_default() += 1;
            }
            for text in world.sandbox.session().sent().into_iter().map(|sent| sent.text) {
                *sent.entry(text).or_default() += 1;
            }
            sent.remove("reply");
            assert!(sent.values().all(|times| *times == 1), "{sent:?}");
            let messages = world.crm(Method::GET, "whatsapp/", FORM, String::new()).await;
            let messages: Vec<serde_json::Value> = serde_json::from_slice(&messages.body).unwrap();
            for message in messages {
                let went_out = sent.contains_key(message["message"].as_str().unwrap());
                match message["status"].as_str().unwrap() {
                    "Sent" => assert!(went_out),
                    // After an answer that was lost, by the provider or by a kill.
                    "Pending" => assert!(went_out || !always_accepts),
                    _ => assert!(!went_out),
                }
            }
        });
    }
}
