//! Plays the people of the account and the server: lets things happen, and connections break.

use std::{collections::VecDeque, error::Error, sync::Arc, time::Duration};

use convrs_client::{
    Channel, ErrorCode, GetConversationsFlat, GetOpenConversations, GetUsers, User,
};
use replykit_sandbox::{Fault, Sandbox, SocketFault};
use tokio::{
    sync::{mpsc, watch},
    time::timeout,
};

use super::{
    BOTS,
    ledger::{Loss, What},
    plan::{Kind, plan, step},
    reader::{Order, Seen, Shared, lock},
};

/// More than anything takes that is waited for.
const PATIENCE: Duration = Duration::from_secs(60);
/// So many people are busy at a time.
const BUSY: usize = 200;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// A user who takes part.
#[derive(Clone, Copy)]
struct Person {
    user: usize,
    conversation: Option<usize>,
    disabled: bool,
}

pub(crate) struct Load {
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) ledger: Shared,
    pub(crate) orders: mpsc::UnboundedSender<Order>,
    pub(crate) seen: watch::Receiver<Seen>,
    pub(crate) rng: fastrand::Rng,
    /// Recoverable events so far.
    happened: usize,
    busy: VecDeque<Person>,
    /// Those with a conversation that goes on until behind a loss.
    patient: Vec<(usize, Person)>,
}

impl Load {
    pub(crate) fn new(
        sandbox: Arc<Sandbox>,
        ledger: Shared,
        orders: mpsc::UnboundedSender<Order>,
        seen: watch::Receiver<Seen>,
        rng: fastrand::Rng,
    ) -> Self {
        let (busy, patient) = (VecDeque::new(), Vec::new());
        Self { sandbox, ledger, orders, seen, rng, happened: 0, busy, patient }
    }

    /// Loses so many connections, and lets so many recoverable events happen.
    pub(crate) async fn work(mut self, losses: usize, events: usize) -> Result<()> {
        self.wait(|seen| seen.saves > 2, "a first position").await?;
        for (loss, kind) in plan(losses, self.rng.fork()).into_iter().enumerate() {
            self.lose(loss, kind).await.map_err(|error| format!("{kind:?}: {error}"))?;
            while self.happened < events * (loss + 1) / losses {
                self.batch(10).await?;
            }
        }
        self.finish().await
    }

    /// Everything ends, and is waited for.
    async fn finish(mut self) -> Result<()> {
        for (_, person) in std::mem::take(&mut self.patient) {
            self.close(person)?;
        }
        self.sandbox.advance(Duration::from_secs(1)).await;
        self.wait(|seen| seen.connected && seen.open == 0, "the last gap").await?;
        for _ in 0..500 {
            if lock(&self.ledger).missing() == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.orders.send(Order::Finish)?;
        Ok(())
    }

    async fn wait(&mut self, wanted: impl FnMut(&Seen) -> bool, what: &str) -> Result<()> {
        let reached = timeout(PATIENCE, self.seen.wait_for(wanted)).await;
        match reached {
            Ok(Ok(_)) => Ok(()),
            _ => Err(format!("{what} did not come").into()),
        }
    }

    /// A connection breaks, and things happen before, meanwhile and behind.
    async fn lose(&mut self, loss: usize, kind: Kind) -> Result<()> {
        if self.rng.u8(..10) < 7 {
            self.wait(|seen| seen.connected && seen.open == 0, "a gap").await?;
            self.noise().await?;
        }
        let convrs = self.sandbox.convrs();
        let connected = convrs.sockets_when(|sockets| sockets.connected == 1);
        let accepted =
            timeout(PATIENCE, connected).await.map_err(|_| "no connection before")?.accepted;
        self.fail_a_backfill();
        lock(&self.ledger).losses.push(Loss { kind, at: self.sandbox.now() });
        self.act(5)?;
        if self.rng.bool() {
            self.sandbox.advance(Duration::ZERO).await;
        }
        self.inject(kind)?;
        self.create()?;
        self.sandbox.advance(Duration::ZERO).await;
        self.in_the_gap(loss).await?;
        let wanted = accepted + kind.connections();
        let again = timeout(PATIENCE, self.sandbox.convrs().socket_connected(wanted)).await;
        Ok(again.map_err(|_| "no connection behind")?)
    }

    async fn in_the_gap(&mut self, loss: usize) -> Result<()> {
        let (due, patient) = self.patient.drain(..).partition(|(until, _)| *until <= loss);
        self.patient = patient;
        for (_, person) in due {
            self.close(person)?;
        }
        let lasts = if loss % 150 == 100 { 30 } else { self.rng.usize(1..7) };
        if let Some(mut person) = self.take_idle() {
            self.open(&mut person)?;
            self.patient.push((loss + lasts, person));
        }
        for _ in 0..self.rng.usize(..5) {
            let count = self.rng.usize(1..10);
            self.batch(count).await?;
        }
        Ok(())
    }

    fn inject(&mut self, kind: Kind) -> Result<()> {
        let convrs = self.sandbox.convrs();
        for fault in kind.faults() {
            convrs.socket_fault(fault);
        }
        match kind {
            Kind::Restart => self.orders.send(Order::Restart)?,
            Kind::Crash => self.orders.send(Order::Crash)?,
            Kind::TokenReset => _ = convrs.reset_token(),
            _ => {}
        }
        Ok(())
    }

    /// An event comes twice, another late. One that is late comes before the clock moves on.
    async fn noise(&mut self) -> Result<()> {
        for fault in [SocketFault::Duplicate, SocketFault::Reorder] {
            if self.rng.u8(..4) == 0 {
                self.sandbox.convrs().socket_fault(fault);
                self.create()?;
                self.create()?;
                self.sandbox.advance(Duration::ZERO).await;
            }
        }
        Ok(())
    }

    /// A backfill that fails is repeated after a second, so few do.
    fn fail_a_backfill(&mut self) {
        let fault = Fault::new(ErrorCode::Internal);
        let fault = match self.rng.u16(..300) {
            0 => fault.of::<GetUsers>(),
            1 => fault.of::<GetOpenConversations>(),
            2 => fault.of::<GetConversationsFlat>(),
            _ => return,
        };
        self.sandbox.convrs().fail_next(fault);
    }

    /// Things happen in one moment, and time passes.
    async fn batch(&mut self, count: usize) -> Result<()> {
        self.act(count)?;
        let step = step(&mut self.rng);
        self.sandbox.advance(step).await;
        Ok(())
    }

    fn act(&mut self, count: usize) -> Result<()> {
        for _ in 0..count {
            let place = self.rng.usize(..self.busy.len().max(1));
            let chance = self.rng.u8(..100);
            match self.busy.get(place).copied() {
                Some(person) if chance >= 42 => self.act_on(place, person, chance)?,
                _ => self.create()?,
            }
        }
        Ok(())
    }

    fn act_on(&mut self, place: usize, mut person: Person, chance: u8) -> Result<()> {
        match chance {
            ..95 if person.conversation.is_some() => {
                self.close(person)?;
                person.conversation = None;
            }
            ..75 if !person.disabled => {
                self.open(&mut person)?;
                self.close(person)?;
                person.conversation = None;
            }
            75..88 if !person.disabled => self.open(&mut person)?,
            88..92 => self.rename(person)?,
            92..97 if person.disabled && person.conversation.is_none() => {
                return self.enable(place, person);
            }
            92..97 if !person.disabled => self.disable(&mut person)?,
            97.. => return self.delete(place, person),
            _ => {}
        }
        if let Some(kept) = self.busy.get_mut(place) {
            *kept = person;
        }
        Ok(())
    }

    fn create(&mut self) -> Result<()> {
        let mut ledger = lock(&self.ledger);
        let number = ledger.person();
        let mut user = User::new(uid(number));
        user.bot_id = Some(bot_of(number).into());
        user.channel = Some(Channel::Telegram);
        ledger.happens(What::Created, number, self.sandbox.now());
        self.sandbox.convrs().create_user(user)?;
        drop(ledger);
        self.happened += 1;
        self.busy.push_back(Person { user: number, conversation: None, disabled: false });
        if self.busy.len() > BUSY
            && let Some(person) = self.busy.pop_front()
            && person.conversation.is_some()
        {
            self.close(person)?;
        }
        Ok(())
    }

    fn open(&mut self, person: &mut Person) -> Result<()> {
        let conversation = lock(&self.ledger).conversation();
        self.sandbox.convrs().user_writes(uid(person.user), &format!("Hello {conversation}"))?;
        person.conversation = Some(conversation);
        Ok(())
    }

    fn close(&mut self, person: Person) -> Result<()> {
        let Some(conversation) = person.conversation else { return Ok(()) };
        lock(&self.ledger).closes(conversation, person.user, self.sandbox.now());
        self.sandbox.convrs().close_conversation(uid(person.user))?;
        self.happened += 1;
        Ok(())
    }

    fn rename(&mut self, person: Person) -> Result<()> {
        let fact = lock(&self.ledger).happens(What::Updated, person.user, self.sandbox.now());
        Ok(self.sandbox.convrs().rename_user(uid(person.user), &format!("Name {fact}"))?)
    }

    fn disable(&mut self, person: &mut Person) -> Result<()> {
        lock(&self.ledger).happens(What::Disabled, person.user, self.sandbox.now());
        person.disabled = true;
        Ok(self.sandbox.convrs().disable_user(uid(person.user))?)
    }

    /// The user then takes no part any more, so that either happens once.
    fn enable(&mut self, place: usize, person: Person) -> Result<()> {
        lock(&self.ledger).happens(What::Enabled, person.user, self.sandbox.now());
        self.busy.remove(place);
        Ok(self.sandbox.convrs().enable_user(uid(person.user))?)
    }

    /// Who is deleted can no longer be asked for, nor their conversations.
    fn delete(&mut self, place: usize, person: Person) -> Result<()> {
        let mut ledger = lock(&self.ledger);
        if person.conversation.is_some() || !ledger.is_complete(person.user) {
            return Ok(());
        }
        ledger.happens(What::Deleted, person.user, self.sandbox.now());
        self.sandbox.convrs().delete_user(uid(person.user))?;
        self.busy.remove(place);
        Ok(())
    }

    /// Takes out somebody who does nothing right now.
    fn take_idle(&mut self) -> Option<Person> {
        let place = self.busy.iter().position(|p| p.conversation.is_none() && !p.disabled)?;
        self.busy.remove(place)
    }
}

fn bot_of(user: usize) -> i64 {
    BOTS.get(user % BOTS.len()).copied().unwrap_or_default()
}

fn uid(user: usize) -> String {
    format!("{}-tel-{user}", bot_of(user))
}
