//! What is posted, in which order, and what happens to it, as the seed has it.

use std::{fmt::Write, time::Duration};

use crate::job::random;

/// Something that happened once, however often it is posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fact {
    /// A message has come to an ack.
    Callback { message: usize, ack: i64 },
    /// A documented event.
    Event,
    /// JSON that is unknown or malformed, or no JSON.
    Odd,
}

/// What the table calls the kinds of facts.
pub(crate) const KINDS: [&str; 3] = ["callbacks", "events", "unknown or malformed"];

impl Fact {
    /// The place of its kind in [`KINDS`].
    pub(crate) fn kind(self) -> usize {
        match self {
            Self::Callback { .. } => 0,
            Self::Event => 1,
            Self::Odd => 2,
        }
    }
}

/// The acks that there are, the documented ones in the order in which they count.
pub(crate) const ACKS: [i64; 8] = [4, 0, 1, -1, -2, 2, 3, 10];

/// The name of the field that says which fact a body is about.
const FIELD: &str = "chaosId";

/// One post: a fact, and which of its copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Post {
    pub(crate) fact: usize,
    pub(crate) copy: usize,
}

#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) facts: Vec<Fact>,
    pub(crate) posts: Vec<Post>,
    pub(crate) messages: usize,
}

impl Plan {
    /// `count` posts, three of ten of them repeats.
    pub(crate) fn new(seed: u64, count: usize) -> Self {
        let repeats = count * 3 / 10;
        let mut rng = random(seed, usize::MAX);
        let (facts, messages) = facts(count - repeats, &mut rng);
        let mut posts: Vec<(u64, Post)> =
            (0..facts.len()).map(|fact| (rng.u64(..), Post { fact, copy: 0 })).collect();
        // Half of the repeats come right behind, so that two are under way at a time; half at any time.
        let near = (u64::MAX / (count as u64 + 1)).saturating_mul(8);
        for copy in 1..=repeats {
            let Some(&(time, Post { fact, .. })) = posts.get(rng.usize(..facts.len())) else {
                break;
            };
            let time = if rng.bool() { time.saturating_add(rng.u64(..near)) } else { rng.u64(..) };
            posts.push((time, Post { fact, copy }));
        }
        posts.sort_by_key(|(time, _)| *time);
        Self { seed, facts, posts: posts.into_iter().map(|(_, post)| post).collect(), messages }
    }

    /// What is posted. A copy of a callback has a time of its own.
    pub(crate) fn body(&self, Post { fact, copy }: Post) -> String {
        let id = format!(r#""{FIELD}":{fact}"#);
        match self.facts.get(fact) {
            Some(Fact::Callback { message, ack }) => format!(
                r#"{{"ok":1,"mid":"{message}","uid":"3941-wa3-44{message}","botID":3941,"ack":{ack},"timestamp":"{copy}","webhookPayload":{{"orderId":"ORD-{message}"}},{id}}}"#
            ),
            Some(Fact::Event) => {
                format!(r#"{{"cmd":"onUserEnable","ok":1,"uid":"73-tel-{fact}",{id}}}"#)
            }
            _ => match fact % 3 {
                0 => format!(r#"{{"cmd":"onUserBirthday","ok":1,{id}}}"#),
                1 => format!(r#"{{"cmd":"onUserDelete","ok":1,{id}}}"#),
                _ => format!("<html>{id}</html>"),
            },
        }
    }

    /// Which fact a body is about.
    pub(crate) fn fact_in(body: &[u8]) -> Option<usize> {
        let text = std::str::from_utf8(body).ok()?;
        let (_, behind) = text.split_once(&format!("\"{FIELD}\":"))?;
        behind.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    }

    /// What happens when a post is made for the `attempt`-th time.
    pub(crate) fn delivery(&self, index: usize, attempt: usize) -> Delivery {
        let mut rng = random(self.seed.wrapping_add(1), index.wrapping_mul(64) + attempt);
        match rng.u8(..40) {
            0 => Delivery::HangUpInRequest { at: rng.u16(..) },
            1 => Delivery::HangUpInAnswer { after: rng.usize(..3) * 10 },
            _ => Delivery::Whole,
        }
    }

    /// What the sink does when it is called with a fact for the `call`-th time.
    pub(crate) fn storing(&self, fact: usize, call: usize) -> Storing {
        let mut rng = random(self.seed.wrapping_add(2), fact.wrapping_mul(64) + call);
        match rng.u16(..1000) {
            0..12 => Storing::Fail,
            12..18 => Storing::Panic,
            18..20 => Storing::Stall,
            20..120 => Storing::After(Duration::from_millis(rng.u64(..4))),
            _ => Storing::AtOnce,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    Whole,
    /// Hangs up before the request is whole; `at` is a share of its length.
    HangUpInRequest {
        at: u16,
    },
    /// Hangs up after so many bytes of the answer.
    HangUpInAnswer {
        after: usize,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Storing {
    AtOnce,
    After(Duration),
    Fail,
    Panic,
    Stall,
}

/// So many facts, and how many messages they are about.
fn facts(count: usize, rng: &mut fastrand::Rng) -> (Vec<Fact>, usize) {
    let (mut facts, mut messages) = (Vec::with_capacity(count), 0);
    while facts.len() < count {
        match rng.u8(..10) {
            0 => facts.push(Fact::Odd),
            1..4 => facts.push(Fact::Event),
            _ => {
                let mut acks = ACKS;
                rng.shuffle(&mut acks);
                let acks = acks.into_iter().take(rng.usize(1..=5).min(count - facts.len()));
                facts.extend(acks.map(|ack| Fact::Callback { message: messages, ack }));
                messages += 1;
            }
        }
    }
    (facts, messages)
}

/// The request that carries a body.
pub(crate) fn request(path: &str, body: &str) -> String {
    let mut request = format!("POST {path} HTTP/1.1\r\nHost: chaos\r\n");
    let length = body.len();
    // Writing into a `String` does not fail.
    let _ =
        write!(request, "Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}");
    request
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn three_of_ten_posts_are_repeats_and_every_fact_is_posted() {
        for count in [1, 10, 1000] {
            let plan = Plan::new(1, count);
            assert_eq!(plan.posts.len(), count);
            assert_eq!(plan.facts.len(), count - count * 3 / 10);
            let posted: BTreeSet<usize> = plan.posts.iter().map(|post| post.fact).collect();
            assert_eq!(posted.len(), plan.facts.len());
        }
    }

    #[test]
    fn a_seed_has_its_own_posts() {
        let posts = |seed| Plan::new(seed, 100).posts;
        assert_eq!(posts(1), posts(1));
        assert_ne!(posts(1), posts(2));
    }

    #[test]
    fn a_body_says_which_fact_it_is_about() {
        let plan = Plan::new(1, 1000);
        for post in &plan.posts {
            assert_eq!(Plan::fact_in(plan.body(*post).as_bytes()), Some(post.fact));
        }
        assert_eq!(Plan::fact_in(b"{}"), None);
    }
}
