//! What is set on the Integrations tab of a source.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use super::{state::State, webhook::Webhook};
use crate::{ControlError, rest::Faults};

/// Replies are counted over so long a time.
const WINDOW: SignedDuration = SignedDuration::from_mins(1);

/// One of the two sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SourceId {
    Main,
    /// A location, whose parent is `Main`.
    MainNorth,
}

impl SourceId {
    pub(super) fn named(name: &str) -> Option<Self> {
        [Self::Main, Self::MainNorth].into_iter().find(|source| source.id() == name)
    }

    pub(super) fn id(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::MainNorth => "main-north",
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Main => "Main Street Motors",
            Self::MainNorth => "Main Street Motors North",
        }
    }

    fn parent(self) -> Option<Self> {
        match self {
            Self::Main => None,
            Self::MainNorth => Some(Self::Main),
        }
    }
}

/// The cards of a source. No `Debug`: they hold the secrets.
///
/// Undocumented: whether a location starts with its parent's secret. Assumed: with its own.
/// Undocumented: whether the three options count for the webhook. Assumed: they do.
pub(super) struct Source {
    id: SourceId,
    secret: Option<String>,
    /// How many secrets there were, so that none comes back.
    secrets: u32,
    inherits: bool,
    pub(super) enabled: bool,
    pub(super) only_with_contact_info: bool,
    pub(super) only_new_leads: bool,
    pub(super) includes_source_name: bool,
    pub(super) webhook: Webhook,
    /// Undocumented: any limit. Assumed: none, unless one is set.
    pub(super) replies_a_minute: Option<usize>,
    replied: VecDeque<Timestamp>,
    /// Of the requests to come.
    pub(super) faults: Faults,
}

impl Source {
    pub(super) fn new(id: SourceId) -> Self {
        let mut source = Self {
            id,
            secret: None,
            secrets: 0,
            inherits: false,
            enabled: false,
            only_with_contact_info: false,
            only_new_leads: false,
            includes_source_name: false,
            webhook: Webhook::default(),
            replies_a_minute: None,
            replied: VecDeque::new(),
            faults: Faults::default(),
        };
        source.generate();
        source
    }

    fn generate(&mut self) -> String {
        self.secrets += 1;
        let secret = format!("sandbox-{}-secret-{}", self.id.id(), self.secrets);
        self.secret.insert(secret).clone()
    }

    /// For how many seconds no reply is taken.
    pub(super) fn must_wait(&mut self, now: Timestamp) -> Option<u64> {
        let most = self.replies_a_minute?;
        self.replied.retain(|at| now.duration_since(*at) < WINDOW);
        if self.replied.len() < most {
            return None;
        }
        // The first one that has to be over a minute ago.
        let last = self.replied.iter().rev().nth(most.saturating_sub(1));
        let ago = last.map_or(SignedDuration::ZERO, |at| now.duration_since(*at));
        let left = (WINDOW - ago).as_millis_f64() / 1000.0;
        Some(left.ceil() as u64)
    }

    pub(super) fn count_reply(&mut self, now: Timestamp) {
        if self.replies_a_minute.is_some() {
            self.replied.push_back(now);
        }
    }
}

impl State {
    /// The secret that counts for a source.
    pub(super) fn secret(&self, id: SourceId) -> Option<&str> {
        let source = self.source(id);
        match id.parent().filter(|_| source.inherits) {
            Some(parent) => self.secret(parent),
            None => source.secret.as_deref(),
        }
    }

    pub(super) fn regenerate(&mut self, id: SourceId) -> Result<String, ControlError> {
        let source = self.source_mut(id);
        if source.inherits { Err(ControlError::Inherited) } else { Ok(source.generate()) }
    }

    pub(super) fn enable(&mut self, id: SourceId) -> Result<(), ControlError> {
        self.secret(id).ok_or(ControlError::NoSecret)?;
        self.source_mut(id).enabled = true;
        Ok(())
    }

    pub(super) fn set_inherit(&mut self, id: SourceId, yes: bool) -> Result<(), ControlError> {
        id.parent().ok_or(ControlError::NoParent)?;
        self.source_mut(id).inherits = yes;
        Ok(())
    }

    /// Undocumented: what becomes of Inherit. Assumed: it is off, for else a secret would still count.
    pub(super) fn disconnect(&mut self, id: SourceId) {
        let source = self.source_mut(id);
        (source.secret, source.inherits, source.enabled) = (None, false, false);
    }
}
