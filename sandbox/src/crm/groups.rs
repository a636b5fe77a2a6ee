use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Done, State,
    fields::{Fields, Text},
    refusal,
    routes::Table,
    state::next,
};
use crate::rest::{Answer, time};

/// Source: WhatsApp Automation API > 5. Auto-Fetch Contacts from WordPress.
const CAPACITY: u64 = 250;

const TAKEN: &str = "group with this name already exists.";

#[derive(Serialize, Deserialize)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) landing_page: Option<String>,
    pub(super) max_capacity: u64,
    /// Counted here, for a list of groups would count all contacts for each.
    pub(super) current_size: u64,
    pub(super) created_at: Timestamp,
}

impl Group {
    pub(super) fn show(&self, id: u64) -> Value {
        json!({
            "id": id,
            "name": self.name,
            "landing_page": self.landing_page,
            "max_capacity": self.max_capacity,
            "current_size": self.current_size,
            "created_at": time::write(self.created_at),
        })
    }
}

impl State {
    /// Takes a place in the newest group of a landing page, or in the next one if that is full.
    pub(super) fn group_for(&mut self, landing_page: &str, now: Timestamp) -> u64 {
        let of_page = |group: &Group| group.landing_page.as_deref() == Some(landing_page);
        let newest = self.groups.iter().rev().find(|(_, group)| of_page(group));
        let free = newest.filter(|(_, group)| group.current_size < group.max_capacity);
        if let Some(id) = free.map(|(id, _)| *id)
            && let Some(group) = self.groups.get_mut(&id)
        {
            group.current_size += 1;
            return id;
        }
        let name = self.next_name(landing_page);
        let landing_page = Some(landing_page.to_owned());
        let (max_capacity, current_size) = (CAPACITY, 1);
        self.add_group(Group { name, landing_page, max_capacity, current_size, created_at: now })
    }

    /// Undocumented: the number. Assumed: one more than the landing page has groups, or the next one
    /// that is free.
    fn next_name(&self, landing_page: &str) -> String {
        let of_page = |group: &&Group| group.landing_page.as_deref() == Some(landing_page);
        let mut number = self.groups.values().filter(of_page).count();
        loop {
            number += 1;
            let name = format!("{landing_page} Group {number}");
            if !self.groups.values().any(|group| group.name == name) {
                return name;
            }
        }
    }

    fn add_group(&mut self, group: Group) -> u64 {
        let id = next(&mut self.settings.last_ids.group);
        self.groups.insert(id, group);
        id
    }

    fn name_is_taken(&self, name: &str, by_other_than: Option<u64>) -> bool {
        self.groups.iter().any(|(id, group)| group.name == name && Some(*id) != by_other_than)
    }

    pub(super) fn create_group(&mut self, mut fields: Fields, now: Timestamp) -> Done {
        let name = fields.required("name", usize::MAX);
        let landing_page = fields.text("landing_page", Text::OPTIONAL).flatten();
        let max_capacity = fields.count("max_capacity").unwrap_or(CAPACITY);
        if name.as_ref().is_some_and(|name| self.name_is_taken(name, None)) {
            fields.wrong("name", TAKEN);
        }
        fields.check()?;
        let name = name.unwrap_or_default();
        let group = Group { name, landing_page, max_capacity, current_size: 0, created_at: now };
        let id = self.add_group(group);
        Ok(self.created(Table::Groups, id))
    }

    pub(super) fn update_group(&mut self, id: u64, mut fields: Fields) -> Result<(), Answer> {
        let name = fields.required("name", usize::MAX);
        let landing_page = fields.text("landing_page", Text::OPTIONAL);
        let max_capacity = fields.count("max_capacity");
        if name.as_ref().is_some_and(|name| self.name_is_taken(name, Some(id))) {
            fields.wrong("name", TAKEN);
        }
        fields.check()?;
        let Some(group) = self.groups.get_mut(&id) else { return Ok(()) };
        group.name = name.unwrap_or_else(|| std::mem::take(&mut group.name));
        group.landing_page = landing_page.unwrap_or_else(|| group.landing_page.take());
        group.max_capacity = max_capacity.unwrap_or(group.max_capacity);
        Ok(())
    }

    /// Undocumented: how a group with contacts is refused. Assumed: 400 with `error`. The running
    /// backend deletes it, and its contacts have no group then (seen).
    ///
    /// # Errors
    /// The refusal.
    pub(super) fn delete_group(&mut self, id: u64) -> Result<(), Answer> {
        let empty = self.groups.get(&id).is_none_or(|group| group.current_size == 0);
        if !empty && !self.settings.as_running {
            let why = "Only an empty group can be deleted.";
            return Err(refusal(StatusCode::BAD_REQUEST, "error", why));
        }
        self.groups.remove(&id);
        let members = self.contacts.iter().filter(|(_, contact)| contact.group == Some(id));
        for member in members.map(|(member, _)| *member).collect::<Vec<_>>() {
            if let Some(contact) = self.contacts.get_mut(&member) {
                contact.group = None;
            }
        }
        Ok(())
    }
}
