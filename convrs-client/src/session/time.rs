//! What the session does as time passes.

use std::time::Instant;

use super::{Action, Disconnect, NOTICE, Notice, Phase, STALLED, Session};

impl Session {
    /// When [`tick`](Self::tick) has something to do.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let own = match &self.phase {
            Phase::Waiting { .. } if self.stalled.is_some() => None,
            Phase::Waiting { until } | Phase::Connecting { until } | Phase::Closing { until } => {
                Some(*until)
            }
            Phase::Live(live) => {
                let silent = (live.unheard > 1 && self.stalled.is_none())
                    .then(|| live.last_heartbeat + self.settings.grace());
                let noticed = self.noticed.map(|since| since + NOTICE);
                let stalled = self.stalled.map(|since| since + STALLED);
                [Some(live.next_heartbeat), silent, noticed, stalled].into_iter().flatten().min()
            }
            Phase::Idle | Phase::Opening | Phase::Ended(_) => None,
        };
        [own, self.commands.deadline()].into_iter().flatten().min()
    }

    /// Time has passed. `random` is from 0 to 1.
    pub(crate) fn tick(&mut self, now: Instant, random: f64) {
        let due = |until: &Instant| *until <= now;
        let (given, poisoned) = self.commands.expire(now);
        self.give(given);
        if poisoned {
            return self.lose(Disconnect::Poisoned, now, random);
        }
        match &self.phase {
            Phase::Waiting { until } if due(until) && self.stalled.is_none() => {
                self.phase = Phase::Opening;
                self.act(Action::Open);
            }
            Phase::Connecting { until } if due(until) => {
                self.act(Action::Drop);
                self.try_again(now, random);
            }
            Phase::Closing { until } if due(until) => self.closed(),
            Phase::Live(_) => self.tick_live(now, random),
            _ => {}
        }
    }

    fn tick_live(&mut self, now: Instant, random: f64) {
        let stalled = self.stalled.is_some_and(|since| since + STALLED <= now);
        let noticed = self.noticed.is_some_and(|since| since + NOTICE <= now);
        let grace = self.settings.grace();
        let Phase::Live(live) = &mut self.phase else { return };
        let silent = live.unheard > 1 && live.last_heartbeat + grace <= now;
        if stalled {
            return self.lose(Disconnect::Stalled, now, random);
        }
        if silent && self.stalled.is_none() {
            return self.lose(Disconnect::Silent, now, random);
        }
        if live.next_heartbeat <= now {
            live.beat(now, self.settings.heartbeat);
            self.act(Action::Send(self.heartbeat.clone()));
        }
        if noticed {
            self.noticed = None;
            self.act(Action::Tell(Notice::TookOver));
        }
    }
}
