//! When things happen: each step at its time, each callback on its own, those of one message in
//! order; and the events for a socket in its line.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;
use tokio::{
    sync::{Notify, watch},
    task::{JoinHandle, spawn},
};

use crate::{
    Shared,
    convrs::{PATIENCE, PendingPush, Unwritten},
    crm, lead_reply,
};

/// So many events are given to a socket before one waits for it.
const AT_ONCE: usize = 256;

/// What is under way.
pub(crate) struct Pacing {
    /// Rung when a step was scheduled.
    pub(crate) scheduled: Notify,
    /// Held while somebody waits for each step, so that two who move the clock do it in turn.
    stepping: tokio::sync::Mutex<()>,
    /// The last post of each queue.
    posting: Mutex<BTreeMap<String, JoinHandle<()>>>,
    /// How many callbacks have no answer yet.
    unanswered: watch::Sender<usize>,
}

/// A server whose steps are taken.
#[derive(Clone, Copy)]
enum Server {
    Convrs,
    Crm,
    Session,
    LeadReply,
}

/// What a step leaves to be sent.
enum Sending {
    Push(PendingPush),
    Crm(crm::Outgoing),
    Lead(lead_reply::Outgoing),
}

impl Sending {
    /// What is in one queue goes out in order.
    fn queue(&self) -> String {
        match self {
            Self::Push(push) => push.queue().to_owned(),
            Self::Crm(_) => "the requests of crm".to_owned(),
            Self::Lead(post) => post.queue(),
        }
    }

    async fn send(self, shared: &Shared) {
        match self {
            Self::Push(push) => {
                let posted = push.post(&shared.transport).await;
                shared.convrs().record(posted);
            }
            Self::Crm(outgoing) => {
                let outcome = outgoing.send(&shared.transport).await;
                shared.crm().record(outcome, shared.clock.now());
                // What was found may make more to do.
                shared.pacing.scheduled.notify_one();
            }
            Self::Lead(post) => {
                let posted = post.send(&shared.transport).await;
                shared.lead_reply().record(posted, shared.clock.now());
                // It may be repeated.
                shared.pacing.scheduled.notify_one();
            }
        }
    }
}

/// What a step that was taken leaves to wait for.
struct Taken {
    posted: bool,
    unwritten: usize,
}

impl Pacing {
    pub(crate) fn new() -> Self {
        Self {
            scheduled: Notify::new(),
            stepping: tokio::sync::Mutex::new(()),
            posting: Mutex::default(),
            unanswered: watch::Sender::new(0),
        }
    }

    /// Sends nothing any more: at its address another sandbox may listen next.
    pub(crate) fn stop(&self) {
        let mut posting = self.posting.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((_, task)) = posting.pop_first() {
            task.abort();
        }
    }

    async fn all_answered(&self) {
        // The sender lives as long as `self`, so there is an end to wait for.
        let _ = self.unanswered.subscribe().wait_for(|count| *count == 0).await;
    }
}

impl Shared {
    /// Takes every step that falls due by `end`. Each waits for the callbacks of the one before.
    pub(crate) async fn step_and_wait(self: &Arc<Self>, end: Timestamp) {
        let _alone = self.pacing.stepping.lock().await;
        while let Some(step) = self.step(end) {
            // A socket has one line, so its events need not be waited for one by one.
            if step.posted || step.unwritten >= AT_ONCE {
                self.all_done().await;
            }
        }
        self.clock.advance_to(end);
        if let Some(file) = &self.file {
            file.keep_time(self.clock.now());
        }
        self.all_done().await;
    }

    async fn all_done(&self) {
        tokio::join!(self.pacing.all_answered(), self.all_written());
    }

    async fn all_written(&self) {
        let mut unwritten = self.convrs().unwritten();
        // The state has the sender, and lives as long as `self`.
        let written = unwritten.wait_for(|unwritten: &Unwritten| unwritten.waiting() == 0);
        let patient = tokio::time::timeout(PATIENCE, written).await.is_ok();
        if !patient {
            self.convrs().stop_waiting();
        }
    }

    /// Takes each step when the real time reaches it. A receiver that does not answer holds up the
    /// callbacks of its own message only.
    pub(crate) async fn keep_pace(self: Arc<Self>) {
        loop {
            match self.next_due() {
                Some((due, _)) => {
                    tokio::select! {
                        () = tokio::time::sleep(self.clock.until(due)) => {}
                        () = self.pacing.scheduled.notified() => {}
                    }
                }
                None => self.pacing.scheduled.notified().await,
            }
            let now = self.clock.now();
            while self.step(now).is_some() {}
        }
    }

    /// The server whose next step comes first, and when.
    fn next_due(&self) -> Option<(Timestamp, Server)> {
        let convrs = self.convrs().next_due().map(|due| (due, Server::Convrs));
        let crm = self.crm().next_due().map(|due| (due, Server::Crm));
        let session = self.session().next_due().map(|due| (due, Server::Session));
        let lead_reply = self.lead_reply().next_due().map(|due| (due, Server::LeadReply));
        let all = convrs.into_iter().chain(crm).chain(session).chain(lead_reply);
        all.min_by_key(|(due, _)| *due)
    }

    /// Takes one step that falls due by `end`, if there is one.
    fn step(self: &Arc<Self>, end: Timestamp) -> Option<Taken> {
        loop {
            let (_, server) = self.next_due().filter(|(due, _)| *due <= end)?;
            let taken = match server {
                Server::Convrs => self.step_convrs(end),
                Server::Crm => self.step_crm(end),
                Server::Session => self.step_session(end),
                Server::LeadReply => self.step_lead_reply(end),
            };
            // Without one, somebody else who moves the clock was faster, and there may be more to do.
            if taken.is_some() {
                return taken;
            }
        }
    }

    /// The state stays locked until the callback is queued, so that no later step overtakes it; and
    /// nothing is awaited, so that none is lost when a caller stops waiting.
    fn step_convrs(self: &Arc<Self>, end: Timestamp) -> Option<Taken> {
        let mut state = self.convrs();
        let (due, step) = state.next_step(end)?;
        self.clock.advance_to(due);
        let push = state.take_step(step, due);
        let taken =
            Taken { posted: push.is_some(), unwritten: state.unwritten().borrow().waiting() };
        if let Some(push) = push {
            self.post(Sending::Push(push));
        }
        Some(taken)
    }

    /// As for Convrs.
    fn step_crm(self: &Arc<Self>, end: Timestamp) -> Option<Taken> {
        let mut state = self.crm();
        let (due, job) = state.next_step(end)?;
        self.clock.advance_to(due);
        let outgoing = state.take_step(job);
        let taken = Taken { posted: outgoing.is_some(), unwritten: 0 };
        if let Some(outgoing) = outgoing {
            self.post(Sending::Crm(outgoing));
        }
        Some(taken)
    }

    /// Nothing has to be sent for it: the phones are in here.
    fn step_session(&self, end: Timestamp) -> Option<Taken> {
        let mut state = self.session();
        let (due, message) = state.next_step(end)?;
        self.clock.advance_to(due);
        // Not `due`: that may have passed while there was no sandbox.
        state.take_step(message, self.clock.now());
        Some(Taken { posted: false, unwritten: 0 })
    }

    /// As for Convrs.
    fn step_lead_reply(self: &Arc<Self>, end: Timestamp) -> Option<Taken> {
        let mut state = self.lead_reply();
        let (due, job) = state.next_step(end)?;
        self.clock.advance_to(due);
        let outgoing = state.take_step(job, due);
        let taken = Taken { posted: outgoing.is_some(), unwritten: 0 };
        if let Some(outgoing) = outgoing {
            self.post(Sending::Lead(outgoing));
        }
        Some(taken)
    }

    fn post(self: &Arc<Self>, sending: Sending) {
        let mut posting = self.pacing.posting.lock().unwrap_or_else(PoisonError::into_inner);
        posting.retain(|_, task| !task.is_finished());
        let queue = sending.queue();
        let before = posting.remove(&queue);
        self.pacing.unanswered.send_modify(|count| *count += 1);
        let shared = self.clone();
        let task = spawn(async move {
            if let Some(before) = before {
                // It can only have ended; its result is recorded.
                let _ = before.await;
            }
            sending.send(&shared).await;
            shared.pacing.unanswered.send_modify(|count| *count -= 1);
        });
        posting.insert(queue, task);
    }
}
