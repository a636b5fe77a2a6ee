use convrs_client::{
    GetUser, GetUsers, Items, SetUserData, SetUserEmail, SetUserName, SetUserNotes, SetUserPhone,
    Uid, User,
};
use jiff::Timestamp;

use super::{Refusal, Serve, State, sending::number_of};

const MOST_USERS: usize = 5000;

impl Serve for GetUser {
    fn serve(self, state: &mut State, _now: Timestamp) -> Result<User, Refusal> {
        Ok(state.user(&self.uid)?.clone())
    }
}

impl Serve for GetUsers {
    fn serve(self, state: &mut State, _now: Timestamp) -> Result<Items<User>, Refusal> {
        let of_bot = |user: &&User| self.bot_id.is_none_or(|bot| user.bot_id == Some(bot));
        let users: Vec<_> = match self.created_after.and_then(|time| time.timestamp()) {
            None => state.users.values().filter(of_bot).take(MOST_USERS).cloned().collect(),
            Some(after) => state
                .by_creation
                .range((after, Uid::default())..)
                .skip_while(|(created, _)| *created == after)
                .filter_map(|(_, uid)| state.users.get(uid))
                .filter(of_bot)
                .take(MOST_USERS)
                .cloned()
                .collect(),
        };
        Ok(users.into())
    }
}

impl Serve for SetUserData {
    fn serve(self, state: &mut State, now: Timestamp) -> Result<(), Refusal> {
        let phone = number_of(state.user(&self.uid)?);
        if let Some(route) = &self.route {
            state.check_route(route)?;
            state.rates.check(phone, now)?;
            state.check_subscribed(&self.uid)?;
            state.rates.charge(phone, now);
        }
        let data = state.data_of.entry(self.uid).or_default();
        if self.overwrite == Some(true) {
            data.clear();
        }
        data.extend(self.data);
        Ok(())
    }
}

impl Serve for SetUserName {
    fn serve(self, state: &mut State, now: Timestamp) -> Result<(), Refusal> {
        Ok(state.update_user(&self.uid, now, |user| rename(user, self.name))?)
    }
}

/// The server splits a name at its first blank.
pub(in crate::convrs) fn rename(user: &mut User, name: String) {
    let (first, last) = name.split_once(' ').unwrap_or((&name, ""));
    user.first_name = Some(first.to_owned());
    user.last_name = Some(last.to_owned());
    user.name = Some(name);
}

impl Serve for SetUserEmail {
    fn serve(self, state: &mut State, now: Timestamp) -> Result<(), Refusal> {
        Ok(state.update_user(&self.uid, now, |user| user.email = Some(self.email))?)
    }
}

impl Serve for SetUserNotes {
    fn serve(self, state: &mut State, now: Timestamp) -> Result<(), Refusal> {
        Ok(state.update_user(&self.uid, now, |user| user.notes = Some(self.notes))?)
    }
}

impl Serve for SetUserPhone {
    fn serve(self, state: &mut State, now: Timestamp) -> Result<(), Refusal> {
        Ok(state.update_user(&self.uid, now, |user| user.phone = Some(self.phone))?)
    }
}
