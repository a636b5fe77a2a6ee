//! What the sink has, and what the senders were told.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU32, AtomicUsize, Ordering::SeqCst},
};

use convrs_client::Ack;

/// What is known of one fact.
#[derive(Debug, Default)]
pub(crate) struct Account {
    /// How often the sink was called with it, and how often it stored it.
    pub(crate) called: AtomicU32,
    pub(crate) stored: AtomicU32,
    /// How often it was handed to the hook for dead letters.
    pub(crate) dead: AtomicU32,
    /// How often a sender was told 200, and how often so before it was stored.
    pub(crate) yes: AtomicU32,
    pub(crate) early: AtomicU32,
    /// How often a sender was told to come back.
    pub(crate) no: AtomicU32,
    pub(crate) posts: AtomicU32,
    pub(crate) hang_ups: AtomicU32,
}

#[derive(Debug)]
pub(crate) struct Ledger {
    pub(crate) accounts: Vec<Account>,
    states: Vec<Mutex<Option<Ack>>>,
    /// What came to the sink or a sender and was of no fact, or in a form that it must not have.
    pub(crate) strange: AtomicUsize,
}

impl Ledger {
    pub(crate) fn new(facts: usize, messages: usize) -> Self {
        Self {
            accounts: std::iter::repeat_with(Account::default).take(facts).collect(),
            states: std::iter::repeat_with(Mutex::default).take(messages).collect(),
            strange: AtomicUsize::default(),
        }
    }

    pub(crate) fn account(&self, fact: usize) -> Option<&Account> {
        self.accounts.get(fact)
    }

    pub(crate) fn strange(&self) {
        self.strange.fetch_add(1, SeqCst);
    }

    /// Merges an ack into the state of its message.
    pub(crate) fn merge(&self, message: usize, ack: Ack) {
        match self.states.get(message) {
            Some(state) => {
                let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
                *state = Some(state.map_or(ack, |state| state.merge(ack)));
            }
            None => self.strange(),
        }
    }

    pub(crate) fn state(&self, message: usize) -> Option<Ack> {
        *self.states.get(message)?.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Account {
    pub(crate) fn answered(&self, status: u16) {
        match status {
            200 => {
                self.yes.fetch_add(1, SeqCst);
                self.early.fetch_add((self.stored.load(SeqCst) == 0).into(), SeqCst);
            }
            _ => {
                self.no.fetch_add(1, SeqCst);
            }
        }
    }
}
