//! What the tests need: a sink that does as it is told, and bodies.

use std::{
    collections::VecDeque,
    convert::Infallible,
    panic::panic_any,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderName, Request};
use http_body::{Body, Frame};
use tokio::{
    sync::Notify,
    task::{JoinHandle, yield_now},
};

use crate::{Accepted, Access, BoxError, Decoded, Identity, Keys, Receiver, Refusal, Sink};

pub(super) const NAME: HeaderName = HeaderName::from_static("x-webhook-secret");
pub(super) const SECRET: &str = "0123456789abcdef";

/// What a sink is to do next; when nothing is planned, it stores.
pub(super) enum Step {
    Fail,
    Panic,
    PanicWhenDropped,
    Hang,
    Wait(Arc<Notify>),
}

/// A sink that does as it is told, and everything that a test looks at.
#[derive(Clone, Default)]
pub(super) struct Desk {
    pub(super) plan: Arc<Mutex<VecDeque<Step>>>,
    pub(super) calls: Arc<Mutex<Vec<String>>>,
    pub(super) stored: Arc<Mutex<Vec<String>>>,
    pub(super) dead: Arc<Mutex<Vec<(Bytes, String)>>>,
}

/// Panics when it is dropped, as an error or while it is awaited.
#[derive(Debug, thiserror::Error)]
#[error("canary")]
pub(super) struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("canary");
    }
}

pub(super) fn all<T: Clone>(list: &Mutex<Vec<T>>) -> Vec<T> {
    list.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

impl Sink<String> for Desk {
    async fn accept(&self, item: String) -> Result<(), BoxError> {
        self.calls.lock().unwrap().push(item.clone());
        let step = self.plan.lock().unwrap().pop_front();
        match step {
            Some(Step::Fail) => return Err("canary".into()),
            Some(Step::Panic) => panic_any(Bomb),
            Some(Step::PanicWhenDropped) => {
                let _bomb = Bomb;
                std::future::pending::<()>().await;
            }
            Some(Step::Hang) => std::future::pending().await,
            Some(Step::Wait(go)) => go.notified().await,
            None => {}
        }
        self.stored.lock().unwrap().push(item);
        Ok(())
    }
}

impl Desk {
    pub(super) fn planned(steps: impl IntoIterator<Item = Step>) -> Self {
        Self { plan: Arc::new(Mutex::new(steps.into_iter().collect())), ..Self::default() }
    }

    /// The first word of a body is its identity; `refused` and `broken` do not come as far.
    pub(super) fn receiver(&self) -> Receiver<String> {
        let decode = |body: &Bytes| {
            let item = String::from_utf8_lossy(body).into_owned();
            match item.as_str() {
                "refused" => Err(Refusal::Unauthorized),
                "broken" => panic_any(Bomb),
                _ => {
                    let word = item.split(' ').next().unwrap_or_default().to_owned();
                    Ok(Decoded { identity: Identity::of("word", word), item })
                }
            }
        };
        let access = Access::by_header(NAME, Keys::new([SECRET]).unwrap()).unwrap();
        let dead = self.dead.clone();
        Receiver::new(access, decode, self.clone()).on_failure(move |letter| {
            dead.lock().unwrap().push((letter.body.clone(), letter.reason.to_string()));
        })
    }

    pub(super) fn calls(&self) -> Vec<String> {
        all(&self.calls)
    }

    pub(super) fn stored(&self) -> Vec<String> {
        all(&self.stored)
    }

    /// Until the sink was called so often.
    pub(super) async fn called(&self, times: usize) {
        while self.calls().len() < times {
            yield_now().await;
        }
    }
}

pub(super) fn request<B>(body: B) -> Request<B> {
    Request::post("/hook").header(NAME, SECRET).body(body).unwrap()
}

pub(super) fn post(to: &Receiver<String>, body: &str) -> JoinHandle<Result<Accepted, Refusal>> {
    let (to, body) = (to.clone(), body.to_owned());
    tokio::spawn(async move { to.receive(request(body)).await })
}

/// A body that never comes, and counts how often it was asked for.
#[derive(Clone, Default)]
pub(super) struct Never(pub(super) Arc<Mutex<usize>>);

impl Body for Never {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        *self.0.lock().unwrap() += 1;
        Poll::Pending
    }
}
