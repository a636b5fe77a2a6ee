//! What of the state outlasts the process: all but faults, which tests make.

use super::{
    State,
    accounts::Account,
    messages::{Message, SessionSent},
    state::Login,
};
use crate::data::{Record, Stored, Table};

impl Stored for State {
    fn tables(&mut self) -> Vec<(&'static str, &mut dyn Table)> {
        vec![
            ("session_settings", &mut self.settings),
            ("session_accounts", &mut self.accounts),
            ("session_logins", &mut self.sessions),
            ("session_messages", &mut self.messages),
            ("session_sent", &mut self.sent),
        ]
    }

    fn restore(&mut self) {
        let due = self.messages.iter().filter_map(|(id, message)| Some((message.due?, *id)));
        self.due = due.collect();
    }
}

impl Record for Account {}
impl Record for Login {}
impl Record for Message {}
impl Record for SessionSent {}
